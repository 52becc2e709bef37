"""The sweep against the plainest loop that computes the same, and independence of batch, order and company."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError, ModelError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.grid import parse_grid
from audioinv.sound.harmonics import harmonicity_error
from audioinv.sound.pitch import pitch_shift
from audioinv.sound.shifts import bin_shift, frequency_shift, time_shift
from audioinv.sound.synthetic import harmonic_tone
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.plan import SweepPlan, default_grids, plan_sweep
from audioinv.sweep.run import sweep_clips

SAMPLE_RATE = 16000
SPEC = ModelSpec("demo", SAMPLE_RATE, 4000, ("a", "b", "c"), lead_samples=400)
GRIDS = {"time": "-20:20:7.3ms", "freq": "-150:150:75Hz", "pitch": "-2:2:1st", "bins": "-3:3:1bins"}
# Convolutions add up in another order for another batch: rounding of float32 in a softmax.
ROUNDING = 2e-6


def make_model(arch="cnn2d-mel"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(architecture(arch, SPEC))
        # Untrained networks answer alike; large weights at the end make the shifts show.
        classifier.network.head.linear.weight.data *= 10
        classifier.network.head.linear.bias.data *= 0
        return ClassifierModel(classifier)


@pytest.fixture
def clip(rng):
    note = 0.3 * harmonic_tone(330.0, 8, duration_seconds=0.4, sample_rate=SAMPLE_RATE)
    recording = (note + 0.003 * rng.standard_normal(len(note))).astype(np.float32)
    return Clip(recording[1000:5000], SAMPLE_RATE, "note", "a", "g", before=recording[:1000], after=recording[5000:])


def naive(model, clip, axis, amounts, edges, engine):
    """One shift, one forward pass, nothing shared."""
    window = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    scores = []
    for amount in amounts:
        sound = window.waveform
        if axis == "time":
            around = {"before": window.before, "after": window.after}
            sound = time_shift(sound, amount, edges=edges, rng=np.random.default_rng(0), **around)
        elif axis == "freq":
            sound = frequency_shift(sound, amount, SAMPLE_RATE)
        elif axis == "pitch":
            sound = pitch_shift(sound, amount, SAMPLE_RATE, engine=engine, anchor_samples=SPEC.lead_samples)
        with torch.inference_mode():
            if axis == "bins":
                spectrogram = model.front_end(torch.from_numpy(sound))
                moved = bin_shift(spectrogram, amount, fill=model.front_end.floor_db)
                scores.append(model.scores_of_spectrogram(moved[None])[0].numpy())
            else:
                scores.append(model.scores(torch.from_numpy(sound)[None])[0].numpy())
    return np.array(scores)


@pytest.mark.parametrize(
    ("edges", "engine"),
    [("zero", "resample"), ("circular", "signalsmith"), ("context", "resample"), ("noise", "signalsmith")],
)
def test_a_sweep_is_the_naive_loop(clip, edges, engine):
    model = make_model()
    plan = plan_sweep(model, GRIDS, edges=edges, pitch_engine=engine)
    found = respond_to_clip(model, clip, plan)
    for grid in plan.grids:
        expected = naive(model, clip, grid.axis, grid.natural(SAMPLE_RATE, 160), edges, engine)
        np.testing.assert_allclose(found.axes[grid.axis].scores[0], expected, atol=ROUNDING)
        assert np.ptp(expected, axis=0).max() > 100 * ROUNDING  # the shifts do change the scores


@pytest.mark.parametrize("arch", ["cnn1d-wave", "cnn1d-mel", "cnn2d-mel"])
def test_amount_zero_is_a_direct_prediction(clip, arch):
    model = make_model(arch)
    grids = {axis: text for axis, text in GRIDS.items() if axis != "bins" or model.front_end is not None}
    found = respond_to_clip(model, clip, plan_sweep(model, grids))
    window = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    with torch.inference_mode():
        direct = model.scores(torch.from_numpy(window.waveform)[None])[0].numpy()
    for responses in found.axes.values():
        np.testing.assert_allclose(responses.scores[0, responses.zero], direct, atol=ROUNDING)


def test_batch_size_and_company_do_not_matter(clip, rng):
    model = make_model()
    other = Clip(rng.standard_normal(5000).astype(np.float32) * 0.1, SAMPLE_RATE, "noise")
    plans = [plan_sweep(model, GRIDS, batch_size=size) for size in (1, 3, 64)]
    alone = [respond_to_clip(model, clip, plan).axes for plan in plans]
    together = sweep_clips([(model, plans[2])], [other, clip]).responses[0]
    assert [record.name for record in together.clips] == ["noise", "note"]
    for axis in GRIDS:
        for found in alone[1:]:
            np.testing.assert_allclose(found[axis].scores, alone[0][axis].scores, atol=ROUNDING)
        np.testing.assert_allclose(together.axes[axis].scores[1:], alone[2][axis].scores, atol=0)


def test_columns_tell_what_the_shift_did(clip):
    axes = respond_to_clip(make_model(), clip, plan_sweep(make_model(), GRIDS)).axes
    freq, pitch = axes["freq"], axes["pitch"]
    orders = np.arange(1, 9)
    for shift, error in zip(freq.shifts, freq.harmonicity_error[0], strict=True):
        assert error == pytest.approx(float(harmonicity_error(330 * orders + shift, orders)), abs=3e-3)
    assert freq.harmonicity_error[0, 0] > 0.05  # the control: 150 Hz down is far from harmonic
    resampled = respond_to_clip(make_model(), clip, plan_sweep(make_model(), GRIDS, pitch_engine="resample"))
    assert resampled.axes["pitch"].harmonicity_error.max() < 3e-3
    assert pitch.engine == "signalsmith"
    assert axes["time"].edges == "context"
    assert freq.edges == ""
    np.testing.assert_allclose(axes["bins"].window_filled[0, [0, 3]], [3 / 64, 0])


def test_controls_tell_the_tools_own_part(clip):
    controls = respond_to_clip(make_model(), clip, plan_sweep(make_model(), GRIDS)).controls
    found = {(control.axis, control.name): control for control in controls}
    assert {axis for axis, name in found if name == "twice"} == set(GRIDS)
    assert all(control.sound_error[0] == 0 for (_, name), control in found.items() if name == "twice")
    assert found["freq", "there_and_back"].amount == 150
    assert found["freq", "there_and_back"].sound_error[0] < 0.05
    assert found["pitch", "engine_at_zero"].sound_error[0] > 1e-3
    # Every row of the pitch axis tells the engine's own trace, and no other axis has one.
    axes = respond_to_clip(make_model(), clip, plan_sweep(make_model(), GRIDS)).axes
    np.testing.assert_allclose(axes["pitch"].engine_error, found["pitch", "engine_at_zero"].sound_error[0])
    assert all(np.isnan(responses.engine_error).all() for axis, responses in axes.items() if axis != "pitch")


def test_a_clip_at_another_rate_is_resampled(clip):
    model = make_model()
    plan = plan_sweep(model, {"time": "-5:5:5ms"})
    fast = clip.resampled(48000)
    there = respond_to_clip(model, fast, plan).axes["time"].scores
    here = respond_to_clip(model, clip, plan).axes["time"].scores
    np.testing.assert_allclose(there, here, atol=0.02)


@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        (np.zeros(4000), "silent: never above −80 dB"),
        (np.ones(100), "100 samples .* shorter than one frame"),
        (np.concatenate([np.zeros(8000), np.ones(4000)]), r"the window -0\.03–0\.23 s .* is silent"),
    ],
)
def test_what_holds_nothing_to_classify_is_a_failure_and_the_rest_goes_on(clip, waveform, words):
    model = make_model()
    empty = Clip(waveform.astype(np.float32), SAMPLE_RATE, "empty")
    plan = plan_sweep(model, {"time": "-5:5:5ms"})
    with pytest.raises(InputError, match=words):
        respond_to_clip(model, empty, plan)
    sweep = sweep_clips([(model, plan)], [empty, clip])
    assert [failure.path for failure in sweep.failures] == ["empty"]
    assert sweep.failures[0].stage == "check"
    assert [record.name for record in sweep.responses[0].clips] == ["note"]


def test_edges_name_what_entered(clip):
    model = make_model()
    plan = plan_sweep(model, {"time": "-5:5:5ms"})
    whole = Clip(clip.waveform[:3000], SAMPLE_RATE, "whole")  # all there is of its recording

    def edges(*clips, chosen=plan):
        return sweep_clips([(model, chosen)], clips).responses[0].axes["time"].edges

    assert edges(whole) == "zero"
    assert edges(clip) == "context"
    assert edges(whole, clip) == edges(clip, whole) == "context"
    assert edges(whole, chosen=plan_sweep(model, {"time": "5ms"}, edges="circular")) == "circular"


def test_a_model_that_answers_wrongly_stops_the_run(clip):
    wrong = as_model(lambda x: x[:, :2], sample_rate=SAMPLE_RATE, labels=["a", "b", "c"], n_samples=4000, name="wrong")
    with pytest.raises(ModelError, match="answered in shape"):
        sweep_clips([(wrong, plan_sweep(wrong, {"time": "1ms"}))], [clip])


def test_plans_are_complete_and_checked():
    model = make_model()
    default = plan_sweep(model, {})
    assert default.grids == default_grids(SPEC)
    assert [grid.axis for grid in default.grids] == ["time", "freq", "pitch"]
    assert default.edges == "context"
    assert default.n_shifts == sum(len(grid.amounts) for grid in default.grids)
    reach_ms = 1000 * SPEC.lead_samples / SAMPLE_RATE
    assert max(default.grids[0].amounts) <= reach_ms  # so that no delay cuts the start of a clip
    assert plan_sweep(model, {"time": None, "freq": parse_grid("freq", "10Hz")}).n_shifts == 2
    for call, words in [
        (lambda: plan_sweep(model, {"space": "1ms"}), "axis space is not one of time, freq, pitch, bins"),
        (lambda: plan_sweep(make_model("cnn1d-wave"), {"time": "1frame"}), "frames need a model whose hop is known"),
        (lambda: plan_sweep(make_model("cnn1d-wave"), {"bins": "-1:1:1bins"}), "takes the waveform itself"),
        (lambda: SweepPlan(default.grids, edges="wrap"), "edges='wrap'"),
        (lambda: SweepPlan(default.grids + default.grids), "each axis once"),
        (lambda: SweepPlan(default.grids, batch_size=0), "batch_size=0"),
        (lambda: SweepPlan(default.grids, pitch_engine="vocoder"), "'vocoder' is not one of"),
    ]:
        with pytest.raises(InputError, match=words):
            call()
