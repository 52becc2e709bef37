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
