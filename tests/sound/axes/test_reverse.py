"""Reversal: by hand, against a loop, and its own inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.axes.reverse import reverse_stretches


def by_loop(sound, length):
    parts = [sound[first : first + length][::-1] for first in range(0, len(sound), length)]
    return np.concatenate(parts)


@given(st.integers(1, 40), st.integers(1, 50))
def test_it_is_the_loop_and_undoes_itself(n_samples, length):
    sound = np.arange(n_samples, dtype=float)
    backwards = reverse_stretches(sound, length)
    np.testing.assert_array_equal(backwards, by_loop(sound, length))
    np.testing.assert_array_equal(reverse_stretches(backwards, length), sound)


def test_none_and_one_sample_change_nothing_and_all_is_all(rng):
    sound = rng.standard_normal(9)
    found = reverse_stretches(sound, [0, 1, 9, 1000])
    np.testing.assert_array_equal(found[:2], [sound, sound])
    np.testing.assert_array_equal(found[2:], [sound[::-1], sound[::-1]])


def test_sounds_of_a_batch_have_amounts_of_their_own(rng):
    sounds = rng.standard_normal((2, 6))
    np.testing.assert_array_equal(reverse_stretches(sounds, [0, 6]), [sounds[0], sounds[1, ::-1]])


def test_a_negative_length_is_refused():
    with pytest.raises(InputError, match="0 or more"):
        reverse_stretches(np.ones(3), -1)


def test_lengths_are_rounded():
    np.testing.assert_array_equal(
        reverse_stretches(np.arange(5.0), [1.6, 2.4, -0.4]), [[1, 0, 3, 2, 4]] * 2 + [[0, 1, 2, 3, 4]]
    )
