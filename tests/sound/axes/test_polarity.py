"""Phase: a cosine becomes what the formula says, scipy's Hilbert transform agrees, angles add."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audioinv.sound.axes.polarity import rotate_phase

angles = st.floats(-720, 720)


def middle(rng, n_samples=255):
    """Noise without the component at 0 Hz, of odd length and so without one at Nyquist."""
    sound = rng.standard_normal(n_samples)
    return sound - sound.mean()


@given(angles)
def test_a_cosine_turns_by_the_angle(degrees):
    turns = 2 * np.pi * 5 * np.arange(100) / 100
    np.testing.assert_allclose(rotate_phase(np.cos(turns), degrees), np.cos(turns + np.deg2rad(degrees)), atol=1e-9)


def test_a_quarter_turn_back_is_the_hilbert_transform(rng):
    sound = middle(rng)
    np.testing.assert_allclose(rotate_phase(sound, -90.0), signal.hilbert(sound).imag, atol=1e-12)


def test_half_and_whole_turns_copy(rng):
    sound = rng.standard_normal(64).astype(np.float32)
    for degrees, sign in ((180, -1), (-180, -1), (540, -1), (360, 1), (-720, 1)):
        np.testing.assert_array_equal(rotate_phase(sound, degrees), sign * sound)


@given(angles, angles)
def test_angles_add_and_magnitudes_stay(first, second):
    sound = middle(np.random.default_rng(1))
    twice = rotate_phase(rotate_phase(sound, first), second)
    np.testing.assert_allclose(twice, rotate_phase(sound, first + second), atol=1e-9)
    np.testing.assert_allclose(np.abs(np.fft.rfft(twice)), np.abs(np.fft.rfft(sound)), atol=1e-8)


def test_sounds_of_a_batch_turn_by_angles_of_their_own(rng):
    sounds = rng.standard_normal((2, 9))
    found = rotate_phase(sounds, [[0.0], [180.0], [90.0]])
    assert found.shape == (3, 2, 9)
    np.testing.assert_array_equal(found[:2], [sounds, -sounds])
    np.testing.assert_allclose(found[2, 1], rotate_phase(sounds[1], 90.0))


def test_a_constant_is_scaled_by_the_cosine():
    np.testing.assert_allclose(
        rotate_phase(np.ones(8), [60.0, 120.0, 181.0]), np.cos(np.deg2rad([[60], [120], [181]])) * np.ones(8)
    )
