"""What a shift does beside shifting: of spectrograms, by hand and by loops."""

import numpy as np
import pytest
import torch

from audioinv.sound.clip import Clip
from audioinv.sound.fidelity import bin_fidelity, filled_bands


def test_moved_bins_keep_what_is_left_on_the_axis(rng):
    flat = torch.zeros(10, 4)
    fidelity = bin_fidelity(flat, [-10, -3, 0, 4], floor_db=-300.0)
    np.testing.assert_allclose(fidelity.energy_kept, [0, 0.7, 1, 0.6], atol=1e-9)
    np.testing.assert_allclose(fidelity.window_filled, [1, 0.3, 0, 0.4])
    np.testing.assert_allclose(fidelity.round_trip_error, np.sqrt([1, 0.3, 0, 0.4]), atol=1e-9)
    np.testing.assert_allclose(fidelity.level_change_db[1:], 10 * np.log10([0.7, 1, 0.6]), atol=1e-9)
    uneven = torch.from_numpy(rng.uniform(-60, 0, (10, 4)))
    power = 10 ** (uneven.numpy() / 10)
    expected = power[:-2].sum() / power.sum()
    found = bin_fidelity(uneven, 2, floor_db=-300.0)
    assert found.energy_kept[0] == pytest.approx(expected)
    assert found.round_trip_error[0] == pytest.approx(np.sqrt(1 - expected))


def test_the_band_that_bins_lose_is_what_crosses_the_ends():
    flat = bin_fidelity(torch.cat([torch.zeros(6, 4), torch.full((4, 4), -80.0)]), [-3, 2, 7], floor_db=-300.0)
    np.testing.assert_allclose(flat.bandwidth_lost, [3 / 6, 0, 3 / 6])


def test_filled_bands_are_those_of_a_loop(rng):
    tilt = 10 ** (-80 / 20 * np.linspace(0, 1, 2501))  # the band falls by 80 dB
    clip = Clip(np.fft.irfft(np.fft.rfft(rng.standard_normal(5000)) * tilt).astype(np.float32), 8000)
    spectrum = np.abs(np.fft.rfft(clip.waveform * np.hanning(5000))) ** 2
    power = np.zeros(256)
    for k, value in enumerate(spectrum):
        power[int(k / len(spectrum) * 256)] += value
    expected = [(band + 0.5) * 4000 / 256 for band in range(256) if 10 * np.log10(power[band] / power.max()) >= -60]
    assert 150 < len(expected) < 230
    np.testing.assert_allclose(filled_bands(clip), expected)
