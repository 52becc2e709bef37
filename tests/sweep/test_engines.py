"""The shared engine end to end, from a clip to scores, against the batched one; and which of them is chosen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError, ModelError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.nets.network_config import NetworkConfig
from audioinv.nets.networks import ConvNet
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.operators import TimeShift
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.plan import SweepPlan, plan_sweep
from audioinv.sweep.responses import SOUND_COLUMNS
from audioinv.sweep.run import sweep_clips

from .test_shared import both

SAMPLE_RATE = 16000
SPEC = ModelSpec("demo", SAMPLE_RATE, 4000, ("a", "b", "c"), lead_samples=400)
PROMISED = 5e-6  # of a score, in single precision


def make_model(arch="cnn2d-mel", **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(architecture(arch, SPEC, **options)).eval().requires_grad_(False)
        classifier.network.head.linear.weight.data *= 10  # untrained networks answer alike
        return ClassifierModel(classifier)


@pytest.fixture
def clip(rng):
    recording = (0.1 * rng.standard_normal(6400)).astype(np.float32)
    return Clip(recording[1000:5000], SAMPLE_RATE, "noise", before=recording[:1000], after=recording[5000:])


def sweep(model, clip, engine, grids, edges="zero", **choices):
    plan = replace(plan_sweep(model, grids, edges=edges), engine=engine, **choices)
    return respond_to_clip(model, clip, plan), choose_engines(model, plan)


@pytest.mark.parametrize("edges", ["zero", "circular", "context", "noise"])
@pytest.mark.parametrize("arch", ["cnn1d-wave", "cnn1d-mel", "cnn2d-mel"])
@pytest.mark.parametrize("grid", ["-200:200:10ms", "-30:30:2.5ms"])
def test_scores_are_those_of_every_window_by_itself(clip, arch, edges, grid):
    model = make_model(arch)
    batched, _ = sweep(model, clip, "batched", {"time": grid}, edges)
    shared, chosen = sweep(model, clip, "shared", {"time": grid}, edges)
    assert chosen["time"].engine == "shared"
    ours, plain = shared.axes["time"], batched.axes["time"]
    np.testing.assert_allclose(ours.scores, plain.scores, rtol=0, atol=PROMISED)
    top = np.sort(plain.scores)[..., -1] - np.sort(plain.scores)[..., -2] > 1e-5
    assert (ours.scores.argmax(-1) == plain.scores.argmax(-1))[top].all()
    for column in ("shifts", *SOUND_COLUMNS):
        np.testing.assert_allclose(getattr(ours, column), getattr(plain, column), rtol=0, atol=1e-12)
    assert (ours.edges, ours.engine, ours.unit) == (plain.edges, plain.engine, plain.unit)
    assert np.ptp(plain.scores, axis=1).max() > 100 * PROMISED  # the delays do change the scores


@pytest.mark.parametrize("edges", ["zero", "circular", "context", "noise"])
@pytest.mark.parametrize("arch", ["cnn1d-wave", "cnn1d-mel", "cnn2d-mel"])
def test_twelve_digits_in_double_precision(clip, arch, edges):
    model = make_model(arch)
    model.classifier.double()
    delays = np.arange(-3200, 3201, 160)
    plan = SweepPlan(plan_sweep(model, {"time": "-200:200:10ms"}).grids, edges, engine="shared")
    choice = choose_engines(model, plan)["time"]
    laid, shift = open_window(clip, SPEC.n_samples, SPEC.lead_samples), TimeShift(edges)
    found = choice.answers(lambda first, last: shift.tape(laid, first, last)[None].double())
    expected = torch.cat([model.respond(window[None].double()) for window in shift.shift(laid, delays)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


def test_bins_are_shared_with_the_floor_beyond_them(clip):
    model = make_model()
    grids = {"bins": "-20:20:1bins"}
    batched, _ = sweep(model, clip, "batched", grids)
    shared, chosen = sweep(model, clip, "shared", grids)
    assert chosen["bins"].engine == "shared"
    ours, plain = shared.axes["bins"], batched.axes["bins"]
    np.testing.assert_allclose(ours.scores, plain.scores, rtol=0, atol=PROMISED)
    np.testing.assert_array_equal(ours.energy_kept, plain.energy_kept)
    assert np.ptp(plain.scores, axis=1).max() > 100 * PROMISED


def test_fractions_are_batched_beside_whole_delays(clip):
    model = make_model()
    grids = {"time": "-10:10:0.09375ms"}  # 1.5 samples
    plain = sweep(model, clip, "batched", grids)[0].axes["time"]
    ours = sweep(model, clip, "shared", grids)[0].axes["time"]
    np.testing.assert_allclose(ours.scores, plain.scores, rtol=0, atol=PROMISED)
    np.testing.assert_allclose(ours.level_change_db, plain.level_change_db, atol=1e-5)


class Module(nn.Module):
    """Somebody's own network on the waveform, with its spectrogram inside."""

    def __init__(self):
        super().__init__()
        self.network = ConvNet(NetworkConfig((33, 33), 3, channels=(8, 8)))
        self.register_buffer("window", torch.hann_window(64))

    def forward(self, waveforms):
        spectrum = torch.stft(waveforms, 64, 128, window=self.window, return_complex=True)
        return self.network(torch.log(spectrum.abs() + 1e-3))


@pytest.mark.parametrize("edges", ["zero", "circular"])
def test_a_front_end_inside_somebodys_module_is_read(clip, edges):
    torch.manual_seed(0)
    model = as_model(Module(), sample_rate=SAMPLE_RATE, labels="abc", n_samples=4096)
    grids = {"time": "-100:100:8ms"}
    plain = sweep(model, clip, "batched", grids, edges)[0].axes["time"]
    shared, chosen = sweep(model, clip, "shared", grids, edges)
    assert set(chosen["time"].plans[0].reading.obstacles.values()) == {"takes the whole window"}  # the head alone
    assert np.ptp(plain.scores, axis=1).max() > 100 * PROMISED
    np.testing.assert_allclose(shared.axes["time"].scores, plain.scores, rtol=0, atol=PROMISED)


@pytest.mark.parametrize("edges", ["zero", "circular", "context", "noise"])
def test_what_a_delay_does_is_told_without_making_windows(clip, edges):
    laid, shift = open_window(clip, SPEC.n_samples, SPEC.lead_samples), TimeShift(edges)
    delays = np.array([-9000.0, -700.0, 0.0, 1.0, 350.0, 3999.0])
    power = shift.shift(laid, delays).double().square().sum(-1).numpy()
    ratio = power / np.sum(laid.waveform.astype(np.float64) ** 2)
    told = shift.fidelity(laid, delays, round_trip=False)
    np.testing.assert_allclose(10 ** (told.level_change_db / 10), np.where(ratio > 0, ratio, np.nan), rtol=1e-9)
    assert edges == "circular" or not np.allclose(ratio, ratio[::-1])


def reason(model, axis="time", grid="-100:100:5ms", **choices):
    choices = {"engine": "auto", **choices}
    plan = SweepPlan(plan_sweep(model, {axis: grid}).grids, **choices)
    choice = choose_engines(model, plan, n_clips=10_000)[axis]
    return choice.engine, choice.line


def test_the_engine_is_chosen_by_what_it_costs():
    model = make_model()
    assert reason(model) == ("shared", reason(model)[1])
    assert "passes of the network for 41 shifts" in reason(model)[1]
    few = choose_engines(model, plan_sweep(model, {"time": "-5:5:5ms"}))["time"]
    assert (few.engine, few.reason) == ("batched", "too little work to be worth reading the network")
    for engine, words in [
        (reason(model, engine="batched"), "as asked"),
        (reason(model, "freq", "-100:100:5Hz"), "each shift makes another sound"),
        (reason(make_model("cnn1d-mel"), "bins", "-9:9:1bins"), "has one weight for each column"),
        (reason(as_model(lambda x: x[:, :2], sample_rate=8000, labels="ab", n_samples=80)), "not at hand"),
        (reason(make_model(), grid="0:900:300ms"), "too little in common"),
    ]:
        assert engine[0] == "batched"
        assert words in engine[1]


class WholeWindow(nn.Module):
    """Shares one layer, and answers from a map of 16 channels of the whole window."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm, self.head = nn.Conv1d(1, 16, 9), nn.GroupNorm(1, 16), nn.Linear(16, 3)

    def forward(self, waveforms):
        return self.head(self.norm(self.layer(waveforms[:, None])).mean(-1))


def test_what_is_not_shared_runs_in_batches_as_large_as_its_maps_allow():
    whole = as_model(WholeWindow(), sample_rate=SAMPLE_RATE, labels="abc", n_samples=4000)
    sizes = {}
    for name, model, grid in [("head", make_model(), 5), ("few", make_model(), 50), ("whole", whole, 5)]:
        plan = SweepPlan(plan_sweep(model, {"time": f"-500:500:{grid}ms"}).grids, engine="shared")
        sizes[name] = {part.reading.batch_size for part in choose_engines(model, plan)["time"].plans}
    assert sizes == {"head": {128}, "few": {16}, "whole": {16}}  # of 201, of 21, of 201 windows


class Peculiar(nn.Module):
    """Depends on the content of what it hears."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4000, 3)

    def forward(self, waveforms):
        return self.linear(waveforms if waveforms.sum() > 0 else -waveforms)


def test_what_cannot_be_read_is_batched_unless_sharing_was_asked_for(clip):
    model = as_model(Peculiar(), sample_rate=SAMPLE_RATE, labels="abc", n_samples=4000, name="peculiar")
    engine, line = reason(model, grid="-100:100:0.0625ms")
    assert engine == "batched"
    assert "the network cannot be traced" in line
    with pytest.raises(ModelError, match=r"model peculiar: the network cannot be traced: .*; use engine=batched"):
        sweep(model, clip, "shared", {"time": "5ms"})
    opaque = as_model(lambda x: x[:, :2], sample_rate=SAMPLE_RATE, labels="ab", n_samples=4000)
    with pytest.raises(ModelError, match="the network is not at hand; use engine=batched"):
        sweep(opaque, clip, "shared", {"time": "5ms"})


class Company(nn.Module):
    """Answers by what else is in the batch: no engine can share that, and none should trust it."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(1, 3, 9, 4)

    def forward(self, waveforms):
        answers = self.convolution(waveforms[:, None]).square().mean(-1)
        return answers - answers.mean(0)


def test_a_miss_is_never_passed_over(clip):
    model = as_model(Company(), sample_rate=SAMPLE_RATE, labels="abc", n_samples=4000, name="company")
    plan = plan_sweep(model, {"time": "-20:20:1ms"})
    with pytest.raises(ModelError, match=r"noise: the shared engine differs .* use engine=batched"):
        sweep(model, clip, "shared", {"time": "-20:20:1ms"})
    shared = choose_engines(model, SweepPlan(plan.grids, engine="shared"))
    with pytest.warns(UserWarning, match="this clip was batched"):
        fallen = respond_to_clip(model, clip, plan, shared)
    batched = respond_to_clip(model, clip, plan, choose_engines(model, SweepPlan(plan.grids, engine="batched")))
    np.testing.assert_array_equal(fallen.axes["time"].scores, batched.axes["time"].scores)
    checked = SweepPlan(plan.grids, verify=5)
    with pytest.raises(ModelError, match="use engine=batched"):
        respond_to_clip(model, clip, checked, shared)


def test_as_many_windows_as_asked_are_computed_again(clip, monkeypatch):
    model, heard = make_model(), []
    monkeypatch.setattr(model, "respond", lambda x, respond=model.respond: heard.append(len(x)) or respond(x))
    for verify in (0, 7):
        plan = SweepPlan(plan_sweep(model, {"time": "-100:100:10ms"}).grids, engine="shared", verify=verify)
        engines = choose_engines(model, plan)
        heard.clear()
        respond_to_clip(model, clip, plan, engines)
        assert heard == [1] * (1 + verify) + [1]  # and the control


def test_a_sweep_of_clips_tells_its_engines(clip):
    model = make_model()
    plan = SweepPlan(plan_sweep(model, {"time": "-100:100:10ms", "freq": "10Hz"}).grids, engine="shared")
    done = sweep_clips([(model, plan)], [clip, clip])
    assert {axis: choice.engine for axis, choice in done.engines[0].items()} == {"time": "shared", "freq": "batched"}
    np.testing.assert_array_equal(*done.responses[0].axes["time"].scores)


def test_engines_are_checked():
    grids = plan_sweep(make_model(), {"time": "5ms"}).grids
    for wrong, words in [({"engine": "fast"}, "engine='fast' is not one of auto"), ({"verify": -1}, "verify=-1")]:
        with pytest.raises(InputError, match=words):
            SweepPlan(grids, **wrong)


KINDS = ("stride", "max", "average", "blur3", "blur4", "maxblur3", "lowpass3", "polyphase", "blur3-polyphase", "none")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", ["zero", "circular", "none"])
def test_every_kind_of_our_own_networks_is_read(kind, padding):
    options = {"downsampling": kind, "padding": padding, "channels": (4, 6), "n_classes": 3}
    long = 62 if padding == "none" and kind == "polyphase" else 64
    for shape, head in [((3, long), "average+max"), ((1, 12, long), "frequency-average-time-max")]:
        if len(shape) == 3:
            options["frequency_downsampling"] = "max"
        network = ConvNet(NetworkConfig(shape, head=head, **options))
        for period in (None, shape[-1]):
            found, expected, plan = both(network, shape, range(0, 40, 2), period=period, worth=1e9)
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
            assert len(plan.layouts) > 1
            if "polyphase" not in kind:
                assert set(plan.reading.obstacles.values()) == {"takes the whole window"}  # the head alone


@pytest.mark.parametrize(
    "option", [{"head": "flatten"}, {"frequency_awareness": "coordinate"}, {"frequency_awareness": "dynamic"}]
)
def test_heads_and_frequency_awareness_are_read(option):
    network = ConvNet(NetworkConfig((1, 16, 64), n_classes=3, channels=(4, 6), **option))
    found, expected, _ = both(network, (1, 16, 64), range(0, 40, 2), worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
