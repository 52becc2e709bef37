"""What a shift does beside shifting: of spectrograms, by hand and by loops."""

import numpy as np
import pytest
import torch

from audioinv.sound.clip import Clip
from audioinv.sound.fidelity import bin_fidelity, energy, energy_ratio, filled_bands, level_change_db


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
    faint = bin_fidelity(torch.tensor([[0.0], [-59.5], [-60.5]]), [1, 2], floor_db=-300.0)
    np.testing.assert_allclose(faint.bandwidth_lost, [0, 1 / 2])


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


def test_levels_and_energies_are_those_of_a_loop(rng):
    sounds = rng.standard_normal((2, 3, 40))
    np.testing.assert_allclose(energy(torch.from_numpy(sounds)), [[(row**2).sum() for row in rows] for rows in sounds])
    np.testing.assert_array_equal(energy_ratio(np.array([3.0, 0.0]), np.array([0.5, 0.0])), [6, np.nan])
    clip = Clip(np.float32([1, -1, 2, 0]), 8000)
    shifted = torch.tensor([[2.0, -2, 4, 0], [0, 0, 0, 0], [0, 0, 0.6, 0]])
    np.testing.assert_allclose(
        level_change_db(shifted, clip), [10 * np.log10(4), np.nan, 10 * np.log10(0.06)], rtol=1e-6
    )
    assert np.isnan(level_change_db(shifted, Clip(np.zeros(4), 8000))).all()


def test_bins_are_measured_as_by_a_loop(rng):
    decibels = rng.uniform(-50, 10, (7, 3))
    decibels[5:] -= 65  # not filled: 60 dB and more below the strongest
    amounts = [-8, -7, -2, 0, 1, 3, 7]
    found = bin_fidelity(torch.from_numpy(decibels), amounts, floor_db=-90.0)
    power = 10 ** (decibels / 10)
    filled = np.flatnonzero(power.mean(1) >= 1e-6 * power.mean(1).max())
    for place, amount in enumerate(amounts):
        shifted, back = np.full((7, 3), 1e-9), np.full((7, 3), 1e-9)
        for row in range(7):
            if 0 <= row - amount < 7:
                shifted[row] = power[row - amount]
        for row in range(7):
            if 0 <= row + amount < 7:
                back[row] = shifted[row + amount]
        assert found.energy_kept[place] == pytest.approx(shifted.sum() / power.sum())
        assert found.level_change_db[place] == pytest.approx(10 * np.log10(shifted.sum() / power.sum()), abs=1e-9)
        assert found.window_filled[place] == min(abs(amount), 7) / 7
        assert found.bandwidth_lost[place] == np.mean([not 0 <= bin_ + amount < 7 for bin_ in filled])
        error = ((np.sqrt(back) - np.sqrt(power)) ** 2).sum() / power.sum()
        assert found.round_trip_error[place] == pytest.approx(np.sqrt(error), abs=1e-9)


def test_a_silent_clip_fills_no_band():
    assert len(filled_bands(Clip(np.zeros(600), 8000))) == 0
