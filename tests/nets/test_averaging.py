"""Averaging over a fixed scale: how far a delay can move it, and that it moves less the longer the scale is."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.averaging import Averaging, AveragingConfig, averaging_matrix
from audioinv.nets.model import ModelSpec
from audioinv.sound.spectrogram_config import SpectrogramConfig

SPEC = ModelSpec("demo", 8000, 8000, ("a", "b"))
FRONT_END = SpectrogramConfig(sample_rate=8000, n_fft=256, hop_length=80, n_bins=16, edges="circular")
SCALES = (0.04, 0.08, 0.16, 0.32, 0.64)


def averaging(scale_seconds, front_end=FRONT_END):
    return Averaging(AveragingConfig(SPEC, front_end=front_end, scale_seconds=scale_seconds))


def relative_change(reference, sound, delay_frames):
    with torch.inference_mode():
        still, moved = (
            reference.features(reference.inputs(heard)) for heard in (sound, sound.roll(80 * delay_frames, -1))
        )
    return float((moved - still).norm() / still.norm())


@pytest.fixture
def burst(rng):
    noise = rng.standard_normal(8000) * np.exp(-np.arange(8000) / 400)
    return torch.from_numpy(0.3 * noise).float()[None].roll(2000, -1)


def test_invariance_grows_with_the_scale(burst):
    changes = [relative_change(averaging(scale), burst, 2) for scale in SCALES]
    assert (np.diff(changes) < 0).all()
    assert changes[-1] < changes[0] / 3


def test_change_grows_with_the_delay_over_the_scale(burst):
    reference = averaging(0.32)
    changes = [relative_change(reference, burst, delay) for delay in (1, 2, 4, 8, 16)]
    assert (np.diff(changes) > 0).all()
    assert changes[0] > 0


def test_no_value_moves_further_than_theory_allows(burst):
    for scale in SCALES:
        reference = averaging(scale)
        levels = reference.inputs(burst) - FRONT_END.floor_db
        still = reference.features(reference.inputs(burst))
        for delay in (1, 2, 5):
            moved = reference.features(reference.inputs(burst.roll(80 * delay, -1)))
            bound = 2 * delay / reference.config.width_frames * levels.max()
            assert (moved - still).abs().max() <= bound * (1 + 1e-5)


def test_the_bound_is_met_by_a_step():
    width = 40
    step = (torch.arange(200) < 100).double()
    change = ((step.roll(1) - step) @ averaging_matrix(200, width, circular=True)).abs().max()
    assert 0.99 * 2 / width < change <= 2 / width + 1e-15


@pytest.mark.parametrize("width", [2, 3, 8, 25, 70])
@pytest.mark.parametrize("circular", [True, False])
def test_the_matrix_is_a_hann_window_at_every_point(width, circular):
    n_frames = 30
    found = averaging_matrix(n_frames, width, circular=circular)
    expected = np.zeros_like(found.numpy())
    for column, centre in enumerate(range(0, n_frames, width // 2)):
        for offset in range(-width, width + 1):
            if abs(offset) < width / 2 and (circular or 0 <= centre + offset < n_frames):
                weight = np.cos(np.pi * offset / width) ** 2 * 2 / width
                expected[(centre + offset) % n_frames, column] += weight
    np.testing.assert_allclose(found, expected, atol=1e-15)
    if circular:
        np.testing.assert_allclose(found.sum(0), 1.0, rtol=1e-12)


def test_features_are_averages_of_levels_above_the_floor(burst):
    reference = averaging(0.1)
    levels = reference.inputs(burst)[0].numpy() + 80.0
    features = reference.features(reference.inputs(burst)).reshape(16, 20).numpy()
    window = np.cos(np.pi * np.arange(-4, 5) / 10) ** 2 / 5
    for point in (0, 7, 19):
        frames = (5 * point + np.arange(-4, 5)) % 100
        np.testing.assert_allclose(features[:, point], levels[:, frames] @ window, rtol=1e-5)


def test_what_enters_at_a_zero_edge_is_silence(burst):
    front_end = SpectrogramConfig(sample_rate=8000, n_fft=256, hop_length=80, n_bins=16)
    reference = averaging(0.1, front_end)
    assert (reference.features(reference.inputs(torch.zeros(1, 8000))) == 0).all()
    with torch.no_grad():
        features = reference.features(torch.full((1, 16, 101), -70.0)).reshape(16, 21)
    torch.testing.assert_close(features[:, 5], torch.full((16,), 10.0))
    torch.testing.assert_close(features[:, 0], torch.full((16,), 6.0))  # half of the window, and its middle


def test_a_scale_that_is_none_is_refused():
    with pytest.raises(InputError, match="scale_seconds=0"):
        averaging(0)
    with pytest.raises(InputError, match="runs at 16000 Hz, the model at 8000"):
        averaging(0.1, SpectrogramConfig())
