"""Gain: decibels against a loudness meter, and clipping by hand."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.sound.axes.gain import Gain, change_gain
from audioinv.sound.clip import Clip

decibels = st.floats(-60, 60)


def test_a_loudness_meter_hears_the_gain(rng):
    sound = 0.05 * rng.standard_normal(16000)
    meter = pyloudnorm.Meter(16000)
    before = meter.integrated_loudness(sound)
    for gain_db in (-12.0, 3.0, 20.0):
        assert meter.integrated_loudness(change_gain(sound, gain_db)) - before == pytest.approx(gain_db, abs=1e-6)


@given(decibels, decibels)
def test_gains_add_and_undo_each_other(first, second):
    sound = np.array([0.5, -0.25, 0.0])
    np.testing.assert_allclose(
        change_gain(change_gain(sound, first), second), change_gain(sound, first + second), rtol=1e-12
    )
    np.testing.assert_allclose(change_gain(change_gain(sound, first), -first), sound, rtol=1e-12)


def test_clipping_cuts_off_at_full_scale_and_only_there():
    sound = np.array([0.01, 0.5, -0.9])
    np.testing.assert_allclose(change_gain(sound, 20 * np.log10(2), clipped=True), [0.02, 1.0, -1.0])
    np.testing.assert_array_equal(change_gain(sound, -6.0, clipped=True), change_gain(sound, -6.0))


def test_what_was_clipped_has_no_way_back():
    assert Gain().has_inverse
    assert not Gain("clip").has_inverse
    clip = Clip(np.float32([0.5, -0.5]), 8000)
    assert Gain("clip").fidelity(clip, [20.0]).energy_kept[0] == pytest.approx(4.0)  # (1 / 0.5)²
    assert Gain().fidelity(clip, [20.0]).energy_kept[0] == pytest.approx(100.0)


def test_sounds_of_a_batch_have_gains_of_their_own_and_the_way_back_is_the_opposite():
    sounds = np.array([[0.1, -0.2, 0.3], [1.0, 2.0, -3.0]])
    np.testing.assert_allclose(change_gain(sounds, [20.0, -20.0]), [[1, -2, 3], [0.1, 0.2, -0.3]])
    clip = Clip(np.float32([0.25, -0.5]), 8000)
    shifted = Gain().shift(clip, [6.0, -20.0])
    np.testing.assert_allclose(Gain().shift_back(shifted, clip, [6.0, -20.0]), [clip.waveform] * 2, rtol=1e-6)
    np.testing.assert_allclose(Gain().fidelity(clip, [6.0, -20.0]).round_trip_error, 0, atol=1e-6)
