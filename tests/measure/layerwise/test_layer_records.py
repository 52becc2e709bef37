"""What one clip shows of layers: the units that are followed, the derivatives, and the same clip twice."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.measure.layerwise.layer_records import LayerSweep, choose_units
from audioinv.measure.layerwise.layer_survey import MapAxis
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from audioinv.sweep.activations import LayerFeed, named_layers

SHIFTS = np.array([0.0, 2.0, 3.0, 4.0])
RATE, N_SAMPLES = 4000, 48


def lies(inner=None, place=-1):
    return MapAxis("planted", "Planted", (3, 24), place, 2, True, inner)


def test_followed_units_are_drawn_once_and_can_be_compared_at_every_shift(rng):
    layer = lies((3, 20))
    sample = choose_units(layer, np.array([-4.0, 0.0, 6.0]), 10_000, rng)
    assert sample.anywhere.tolist() == list(range(72))
    assert sorted(set(sample.movable % 24)) == list(range(5, 17))
    reference = rng.standard_normal((3, 24))
    shifted = np.roll(reference, 3, axis=-1)
    np.testing.assert_array_equal(sample.undone(shifted, 3.0), reference.ravel()[sample.movable])
    assert len(choose_units(layer, SHIFTS, 7, rng).anywhere) == 7
    assert not len(choose_units(layer, np.array([0.0, 60.0]), 7, rng).movable)
    assert not len(choose_units(lies(place=None), SHIFTS, 7, rng).movable)


class Squared(nn.Module):
    """A map of one channel, squared; with NumPy, through which no derivative goes."""

    def __init__(self, through_numpy):
        super().__init__()
        self.through_numpy = through_numpy

    def forward(self, waveforms):
        given = waveforms[:, None]
        return torch.from_numpy(given.numpy() ** 2) if self.through_numpy else given**2


class Counting(nn.Module):
    """Adds what counts the places in a batch, so that the same input twice differs by a quarter."""

    def forward(self, waveforms):
        return waveforms[:, None] + 0.25 * torch.arange(len(waveforms))[:, None, None]


class Halved(nn.Module):
    def forward(self, waveforms):
        return waveforms[:, None, ::2]


def swept(module, axis="time", shifts=SHIFTS, stride=1, inner=None):
    """Return what one clip shows of a network of a single layer, with the clip and the feed."""
    model = as_model(module, sample_rate=RATE, labels=["a"], n_samples=N_SAMPLES)
    feed = LayerFeed(model, axis)
    shape = (1, N_SAMPLES // stride)
    layer = MapAxis("model", type(module).__name__, shape, None if axis == "freq" else -1, stride, True, inner)
    sample = choose_units(layer, shifts, 1000, np.random.default_rng(0))
    samples = np.random.default_rng(1).standard_normal(N_SAMPLES).astype(np.float32)
    window = Clip(samples, RATE, name="noise")
    sweep = LayerSweep(feed, named_layers(model), (layer,), shifts, {"model": sample})
    return sweep.records(window)["model"], window, feed


@pytest.mark.parametrize("axis", ["time", "freq"])
@pytest.mark.parametrize("through_numpy", [False, True])
def test_a_derivative_is_exact_where_there_is_one_and_by_differences_where_there_is_none(axis, through_numpy):
    """Of a square it is twice the sound times its own; of noise the differences at whole steps are far from that."""
    shifts = {"time": SHIFTS, "freq": np.array([0.0, 25.0])}[axis]
    found, window, feed = swept(Squared(through_numpy), axis, shifts)
    step = {"time": 1000 / RATE, "freq": 1.0}[axis]  # of one sample in ms, and of a hertz
    sounds = feed.shifted(window, np.array([-2.0, -1.0, 1.0, 2.0])).double().numpy()

    def slopes(values):
        return (values[2] - values[1]) / (2 * step), (values[3] - values[0]) / (4 * step)

    fine, coarse = slopes(sounds)
    exact = 2 * window.waveform * (4 * fine - coarse) / 3
    fine, coarse = slopes(sounds**2)
    differences = (4 * fine - coarse) / 3
    expected, other = (differences, exact) if through_numpy else (exact, differences)
    assert found.local_invariance_error == pytest.approx(np.mean(expected**2), rel=1e-4)
    if axis == "time":
        assert found.local_invariance_error != pytest.approx(np.mean(other**2), rel=0.01)
    disagreement = np.linalg.norm(coarse - fine) / np.linalg.norm(fine)
    assert found.local_disagreement == pytest.approx(disagreement, rel=1e-4)


def test_the_same_clip_twice_differs_by_what_the_layer_does_by_itself():
    found, window, _ = swept(Counting())
    assert found.repeat_difference == pytest.approx(0.25, rel=1e-5)
    assert found.level == pytest.approx(np.sqrt(np.mean(window.waveform**2)), rel=1e-5)
    assert found.errors[0].invariance_error == 0, "the clip is held against itself"
    # A shift's map comes after the clip's two: a roll by two samples, and a half more.
    shifted = np.roll(window.waveform, 2) + 0.25 * 3
    expected = np.linalg.norm(shifted - window.waveform) / np.linalg.norm(window.waveform)
    assert found.errors[1].invariance_error == pytest.approx(expected, rel=1e-4)


def test_a_map_of_stride_2_is_followed_where_it_stands_and_with_its_shift_undone():
    found, window, _ = swept(Halved(), stride=2)
    samples = window.waveform.astype(np.float64)
    assert [errors.expected_lag for errors in found.errors] == [0, 1, 1.5, 2]
    for shift, stands, undone in zip(SHIFTS, found.units, found.undone, strict=True):
        np.testing.assert_allclose(stands, np.roll(samples, int(shift))[::2], atol=1e-6)
        if shift % 2 == 0:
            np.testing.assert_allclose(undone, samples[::2], atol=1e-6)


def test_more_shifts_than_fit_into_one_batch_are_the_same_as_few():
    many, _, _ = swept(Squared(through_numpy=False), shifts=np.arange(20.0))
    few, _, _ = swept(Squared(through_numpy=False), shifts=np.array([0.0, 17.0, 18.0]))
    assert len(many.errors) == 20
    assert str(many.errors[17:19]) == str(few.errors[1:])
    np.testing.assert_array_equal(many.units[17:19], few.units[1:])


@pytest.mark.parametrize(("module", "stride"), [(nn.Unflatten(-1, (1, N_SAMPLES)), 1), (Halved(), 2)])
def test_the_rate_beside_moving_along_is_taken_in_steps_of_the_map_and_away_from_the_border(module, stride):
    inner = (3, 20)
    found, window, _ = swept(module, stride=stride, inner=inner)
    samples, step = window.waveform.astype(np.float64), 1000 / RATE
    fine, coarse = ((np.roll(samples, k) - np.roll(samples, -k)) / (2 * k * step) for k in (1, 2))
    rate, clean = ((4 * fine - coarse) / 3)[::stride], samples[::stride]
    cycles = np.fft.rfftfreq(len(clean))
    slope = np.fft.irfft(2j * np.pi * cycles * np.fft.rfft(clean), len(clean))
    expected = np.mean((rate + slope / (stride * step))[slice(*inner)] ** 2)
    assert found.local_equivariance_error == pytest.approx(expected, rel=1e-3)
    assert found.local_invariance_error == pytest.approx(np.mean(rate**2), rel=1e-3)


def test_what_has_no_axis_has_no_rate_beside_moving_along():
    found, _, _ = swept(Squared(through_numpy=False), "freq", np.array([0.0, 25.0]))
    assert np.isnan([found.local_equivariance_error, found.errors[1].expected_lag]).all()
    assert found.undone.shape == (2, 0)


class Plane(nn.Module):
    """The sound as 2 channels of 4 rows, pooled over rows and steps."""

    def __init__(self, pool):
        super().__init__()
        self.cut, self.pool = nn.Unflatten(-1, (2, 4, 6)), pool

    def forward(self, waveforms):
        return self.pool(self.cut(waveforms))


@pytest.mark.parametrize(("pool", "bias"), [(nn.MaxPool2d(2), 1.0), (nn.AvgPool2d(2), 0.0), (nn.Identity(), np.nan)])
def test_the_bias_of_a_pool_over_two_axes(pool, bias):
    model = as_model(Plane(pool), sample_rate=RATE, labels=["a"], n_samples=N_SAMPLES)
    shape = (2, 4, 6) if np.isnan(bias) else (2, 2, 3)
    layer = MapAxis("pool", type(pool).__name__, shape, None, 1, True, None)
    sample = choose_units(layer, SHIFTS, 1000, np.random.default_rng(0))
    sweep = LayerSweep(LayerFeed(model, "time"), named_layers(model), (layer,), SHIFTS, {"pool": sample})
    samples = np.random.default_rng(1).random(N_SAMPLES).astype(np.float32)
    found = sweep.records(Clip(samples, RATE, name="positive noise"))["pool"]
    assert found.sampling_bias == pytest.approx(bias, nan_ok=True)
