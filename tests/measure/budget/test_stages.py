"""The path of an answer through the stages: against networks cut open by hand, and what must hold of any."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.measure.budget.stages import ANSWER, StageSweep, exactly_moved, relative_errors
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from audioinv.sweep.activations import LayerFeed
from tests.measure.budget.planted import (
    N_SAMPLES,
    Average,
    bursts,
    clicks,
    convolution,
    deep,
    noises,
    spectral,
    sweep_of,
)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def by_hand(modules, waveform, delay):
    """Cut a chain of stride 1 open before every part, by rolling maps in NumPy."""
    with torch.no_grad():
        clean, delayed = torch.from_numpy(waveform)[None], torch.from_numpy(np.roll(waveform, delay))[None]
        path, errors = [nn.Sequential(*modules)(delayed)], []
        before = delayed
        for place, module in enumerate(modules):
            clean = module(clean)
            moves = clean.ndim == 3 and clean.shape[-1] > 1
            exact = torch.from_numpy(np.roll(clean.numpy(), delay, axis=-1)) if moves else clean
            errors.append(float((module(before) - exact).norm() / exact.norm()))
            path.append(nn.Sequential(*modules[place + 1 :])(exact))
            before = exact
    return torch.cat([*path, clean]).double().numpy(), np.array([*errors, 0.0])


def test_the_path_is_that_of_a_chain_cut_open_by_hand():
    model = deep(first=convolution(1, mode="zeros"), late=convolution(mode="replicate"))
    sweep = sweep_of(model, "time", "-3:5:1smp")
    clip = noises(1)[0]
    found = sweep.path(clip)
    for shift, scores, errors in zip(sweep.shifts, found.scores, found.own_errors, strict=True):
        path, own = by_hand(list(model.module), clip.waveform, int(shift))
        np.testing.assert_allclose(scores, path, atol=2e-6)
        np.testing.assert_allclose(errors, own, atol=2e-6)
    assert found.own_errors.max() > 0.01
    assert [stage.name for stage in sweep.stages] == [*dict(model.module.named_children()), ANSWER]


def test_it_begins_with_the_answer_to_the_shifted_sound_and_ends_with_that_to_the_clip():
    model, clip = spectral(edges="zero", padding="zero", downsampling="max"), bursts(1)[0]
    sweep = sweep_of(model, "time", "-40:40:16smp")
    found = sweep.path(clip)
    for shift, scores in zip(sweep.shifts, found.scores, strict=True):
        delayed = torch.from_numpy(np.stack([np.roll(clip.waveform, int(shift)), clip.waveform]))
        np.testing.assert_allclose(scores[[0, -1]], model.scores(delayed).numpy(), atol=2e-6)
    at_rest = sweep.shifts == 0
    assert (found.own_errors[at_rest] == 0).all()
    assert (found.scores[at_rest] == found.scores[at_rest][:, :1]).all()


def test_more_shifts_than_fit_into_one_batch_are_the_same_as_few():
    model, clip = deep(middle=convolution(stride=2)), noises(1)[0]
    many, few = (sweep_of(model, "time", grid) for grid in ("0:20:1smp", "19:20:1smp"))
    np.testing.assert_allclose(many.path(clip).scores[[0, -2, -1]], few.path(clip).scores, atol=1e-6)


def test_a_fault_on_one_of_two_ways_is_found_on_that_way():
    class Forked(nn.Module):
        def __init__(self, left, right):
            super().__init__()
            self.left, self.right = convolution(1, mode=left), convolution(1, mode=right)
            self.join, self.average, self.linear = nn.ReLU(), Average(), nn.Linear(8, 3)

        def forward(self, waveforms):
            given = waveforms[:, None]
            return self.linear(self.average(self.join(self.left(given) + self.right(given) + given)))

    for modes, at_fault in ((("zeros", "circular"), "left"), (("circular", "zeros"), "right")):
        network = as_model(Forked(*modes), sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES)
        sweep = sweep_of(network, "time", "0:9:3smp")
        own = dict(
            zip([stage.name for stage in sweep.stages], sweep.path(noises(1)[0]).own_errors[1:].max(0), strict=True)
        )
        assert [name for name, error in own.items() if error > 1e-4] == [at_fault]


def test_framing_is_what_is_left_of_a_delay_beside_whole_hops_and_border_what_these_do():
    clip = bursts(1)[0]

    def front_end(edges, grid):
        return sweep_of(spectral(edges=edges), "time", grid).path(clip).own_errors[1:, :2]

    assert (front_end("circular", "16:48:16smp") == 0).all()
    assert (front_end("zero", "160:480:160smp")[:, 1] == 0).all()
    assert (front_end("zero", "160:480:160smp")[:, 0] > 0.01).all()
    assert (front_end("circular", "4:12:4smp")[:, 0] == 0).all()
    assert (front_end("circular", "4:12:4smp")[:, 1] > 0.01).all()


def test_a_layer_of_which_nobody_can_say_where_it_should_lie_counts_to_the_next():
    class Backwards(nn.Module):
        """Every other step, last to first: of another size, and its lag runs against the shift."""

        def forward(self, maps):
            return maps[..., ::2].flip(-1)

    model = deep(middle=Backwards())
    sweep = sweep_of(model, "time", "0:9:3smp")
    stages = {stage.name: stage for stage in sweep.stages}
    assert "middle" not in stages
    assert "middle" in [held for stage in sweep.stages for held in stage.holds]
    assert len(sweep.path(noises(1)[0]).own_errors[0]) == len(sweep.stages)


def test_what_is_held_is_named_by_the_next_stage_alone():
    class Unknown(nn.Module):
        def forward(self, maps):
            return maps[..., ::2].flip(-1)

    stages = sweep_of(deep(middle=Unknown()), "time", "0:9:3smp").stages
    assert {stage.name: stage.holds for stage in stages} == {
        **dict.fromkeys(("channel", "first", "relu1"), ()),
        "average": ("middle", "relu2", "late", "relu3"),  # where all that is lost has no axis any more
        **dict.fromkeys(("linear", ANSWER), ()),
    }


def test_a_front_end_is_two_stages_and_the_answer_has_the_stride_of_the_last_map():
    model = spectral(hop=16, downsampling="max")
    sweep = sweep_of(model, "time", "0:32:16smp")
    border, framing, *_, answer = sweep.stages
    assert (border.name, framing.name) == ("front_end: border", "front_end: framing")
    assert (border.kind, border.stride, framing.stride) == ("Spectrogram", 16, 16)
    assert (answer.name, answer.kind, answer.stride) == (ANSWER, "", sweep.lies[-1].stride)
    assert answer.stride == 64
    along_bins = sweep_of(model, "bins", "0:2:1bins")
    assert "front_end" not in [stage.name.partition(":")[0] for stage in along_bins.stages]


def test_without_a_layer_there_is_the_answer_alone():
    model, clip, shifts = deep(), noises(1)[0], np.array([0.0, 5.0])
    sweep = StageSweep(LayerFeed(model, "time"), {}, (), shifts)
    (answer,) = sweep.stages
    assert (answer.name, answer.stride, answer.holds) == (ANSWER, 1, ())
    found = sweep.path(clip)
    with torch.inference_mode():
        expected = model.scores(torch.from_numpy(np.stack([clip.waveform, np.roll(clip.waveform, 5)]))).numpy()
    np.testing.assert_allclose(found.scores[:, 0], expected, atol=1e-6)
    np.testing.assert_allclose(found.scores[:, 1], expected[[0, 0]], atol=1e-6)
    np.testing.assert_allclose(
        found.own_errors[:, 0], np.linalg.norm(expected - expected[0], axis=1) / np.linalg.norm(expected[0]), atol=1e-6
    )


def test_maps_move_by_fractions_as_the_sound_under_them_does():
    time = np.arange(64) / 64
    wave = np.stack([np.cos(2 * np.pi * 3 * time), np.sin(2 * np.pi * 5 * time)])
    moved = exactly_moved(torch.from_numpy(wave)[None, :, None], [0.0, 2.5, -1.25], -1)
    assert moved.shape == (3, 2, 1, 64)
    for lag, found in zip([0.0, 2.5, -1.25], moved[:, :, 0].numpy(), strict=True):
        later = time - lag / 64
        np.testing.assert_allclose(found, [np.cos(2 * np.pi * 3 * later), np.sin(2 * np.pi * 5 * later)], atol=1e-12)
    along_bins = exactly_moved(torch.from_numpy(wave)[None, None].transpose(-1, -2), [1], -2)[0, 0]
    np.testing.assert_array_equal(along_bins.numpy(), np.roll(wave, 1, axis=-1).T)


def test_errors_are_relative_to_what_should_be():
    found, exact = torch.tensor([[3.0, 4.0], [1.0, 1.0]]), torch.tensor([[0.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(relative_errors(found, exact), [0.75, np.nan])


def test_hertz_move_no_map_exactly():
    with pytest.raises(InputError, match="moves no map exactly"):
        StageSweep(LayerFeed(deep(), "freq"), {}, (), np.array([0.0, 5.0]))


def test_silence_has_no_relative_error():
    silent = Clip(np.zeros(N_SAMPLES, np.float32), 8000, name="silence")
    errors = sweep_of(deep(), "time", "0:4:2smp").path(silent).own_errors
    assert np.isnan(errors[:, 0]).all()
    assert clicks(1)[0].waveform.any()
