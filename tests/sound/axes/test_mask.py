"""Masks: what is hidden lies about the middle of the energy, larger ones hold smaller ones, the rest stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.axes.mask import Mask, mask_band, mask_time
from audioinv.sound.clip import Clip


@given(st.integers(0, 300), st.integers(0, 199))
def test_a_stretch_is_silent_and_the_rest_is_not_touched(length, at):
    sound = np.ones(200)
    sound[at] = 100.0  # holds more than half of the energy
    masked = mask_time(sound, length)
    first = at - length // 2
    expected = sound.copy()
    expected[max(first, 0) : max(first + length, 0)] = 0
    np.testing.assert_array_equal(masked, expected)


def test_larger_masks_hold_smaller_ones(rng):
    masked = mask_time(rng.standard_normal(500) + 5, np.arange(0, 500, 7)) == 0
    assert (masked[1:] | ~masked[:-1]).all()


def test_a_band_about_the_strongest_tone(rng):
    seconds = np.arange(1000) / 1000
    tones = {hertz: np.cos(2 * np.pi * hertz * seconds) for hertz in (25, 60, 100, 160, 400)}
    sound = tones[25] + tones[60] + 3 * tones[100] + tones[160] + tones[400]
    np.testing.assert_allclose(mask_band(sound, 1.0), sum(tones[hertz] for hertz in (25, 60, 160, 400)), atol=1e-9)
    np.testing.assert_allclose(mask_band(sound, 2.0), tones[25] + tones[400], atol=1e-9)
    again = mask_band(5 * tones[400] + sound, 1.0)
    np.testing.assert_allclose(again, sound - tones[400], atol=1e-9)  # the middle moves with the energy


def test_fidelity_is_what_is_left():
    clip = Clip(np.float32([1, 1, 3, 1, 1, 1, 1, 1]), 8000)
    fidelity = Mask().fidelity(clip, [0, 1, 100])
    np.testing.assert_allclose(fidelity.energy_kept, [1, 7 / 16, 0])
    np.testing.assert_allclose(fidelity.window_filled, [0, 1 / 8, 1])
    np.testing.assert_array_equal(Mask("band").window_filled(clip, np.ones(3)), 0)


def test_negative_sizes_are_refused():
    for mask in (mask_time, mask_band):
        with pytest.raises(InputError, match="0 or more; 0 hides nothing"):
            mask(np.ones(4), -1.0)


def test_sounds_of_a_batch_have_middles_of_their_own():
    sounds = np.ones((3, 7))
    sounds[0, 1] = sounds[1, 5] = 10
    masked = mask_time(sounds, 3)
    np.testing.assert_array_equal(masked == 0, [[1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0]])
    seconds = np.arange(240) / 240
    low, high = np.cos(2 * np.pi * 8 * seconds), np.cos(2 * np.pi * 64 * seconds)
    found = mask_band(np.stack([2 * low + high, low + 2 * high]), [[1.0], [0.0]])
    np.testing.assert_allclose(found[0], [high, low], atol=1e-12)
    np.testing.assert_allclose(found[1], [2 * low + high, low + 2 * high], atol=1e-12)


def test_the_middle_is_where_half_of_the_energy_has_passed():
    assert mask_time(np.array([1.0, 1.0, 1.0, 1.0]), 1).tolist() == [1, 0, 1, 1]  # half of four is two
    assert mask_time(np.array([1.0, 1.0, 1.0, 1.2]), 1).tolist() == [1, 1, 0, 1.2]
    assert mask_time(np.array([3.0, 1.0, 1.0, 1.0]), 2.4).tolist() == [0, 1, 1, 1]


def test_a_band_reaches_its_edges_and_not_zero_hertz():
    seconds = np.arange(480) / 480
    tones = {hertz: np.cos(2 * np.pi * hertz * seconds) for hertz in (1, 4, 39, 40, 160, 161)}
    strong = 3 * np.cos(2 * np.pi * 80 * seconds)
    np.testing.assert_allclose(
        mask_band(strong + sum(tones.values()), 2.0), tones[1] + tones[4] + tones[39] + tones[161], atol=1e-9
    )
    np.testing.assert_allclose(mask_band(5 + tones[1] + tones[4], 2.0), 5 + tones[4], atol=1e-9)


@pytest.mark.parametrize("place", [0, 3, 9])
def test_what_is_said_to_be_silenced_is(place):
    sound = np.ones(10)
    sound[place] = 9
    clip, lengths = Clip(sound, 8000), np.arange(25.0)
    silent = (Mask().shift(clip, lengths).numpy() == 0).mean(axis=1)
    np.testing.assert_allclose(Mask().window_filled(clip, lengths), silent)
    np.testing.assert_allclose(Mask().window_filled(clip, lengths + 0.3), silent)
