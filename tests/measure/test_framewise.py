"""Outputs along time: loops over pairs of frames, and outputs that were moved by a known lag."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.measure import framewise


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 2**32 - 1), st.data())
def test_measures_follow_their_definitions(n_frames, n_classes, seed, data):
    lag = data.draw(st.integers(1 - n_frames, n_frames - 1))
    clean, shifted = np.random.default_rng(seed).integers(0, 5, (2, n_frames, n_classes)) / 4
    pairs = [(clean[t - lag], shifted[t]) for t in range(n_frames) if 0 <= t - lag < n_frames]
    same = [after[int(np.argmax(before))] == max(after) for before, after in pairs]
    change = [abs(a - b) for before, after in pairs for a, b in zip(before, after, strict=True)]
    assert framewise.framewise_agreement(clean, shifted, lag) == pytest.approx(np.mean(same))
    assert framewise.framewise_change(clean, shifted, lag) == pytest.approx(np.mean(change))


@pytest.mark.parametrize("lag", [-3, -1, 0, 2, 4])
def test_an_equivariant_model_is_exact_at_its_lag_and_no_other(rng, lag):
    long = rng.random((30, 3))
    clean, shifted = long[8:24], long[8 - lag : 24 - lag]
    assert framewise.best_lag(clean, shifted, 6) == lag
    assert framewise.framewise_change(clean, shifted, lag) == 0
    assert framewise.framewise_agreement(clean, shifted, lag) == 1
    assert framewise.framewise_change(clean, shifted, lag + 1) > 0.1
    assert framewise.framewise_agreement(clean, shifted, lag + 1) < 0.8


@pytest.mark.parametrize("called_for", [0, 2, -3])
def test_where_frames_are_alike_no_lag_can_be_told(rng, called_for):
    hum = 0.3 + 1e-9 * rng.random((2, 8, 2))  # but for the rounding of single precision
    assert np.isnan(framewise.best_lag(*hum, 4, called_for))
    assert framewise.best_lag(*rng.random((1, 8, 2)).repeat(2, axis=0), 4, called_for) == 0  # different, and they stay


def test_frames_that_recur_follow_the_lag_that_is_called_for_and_else_stay(rng):
    recurring = np.tile(rng.random((4, 2)), (6, 1))
    moved = np.roll(recurring, 2, axis=0)
    assert [framewise.best_lag(recurring, moved, 6, lag) for lag in (-2, 2, 6)] == [-2, 2, 6]
    assert framewise.best_lag(recurring, moved, 6, 3) == 2
    assert framewise.best_lag(recurring, recurring, 6, 2) == 0
    assert np.isnan(framewise.best_lag(recurring, recurring, 6, 4))


def test_the_expected_lag_is_the_nearest_frame():
    assert [framewise.expected_lag(d, 10) for d in (0, 4, 5, 14, 15, -4, -5, -15)] == [0, 0, 1, 1, 2, 0, -1, -2]


def test_what_cannot_be_compared_is_refused():
    frames = np.zeros((4, 2))
    with pytest.raises(InputError, match="leaves none of 4"):
        framewise.framewise_change(frames, frames, -4)
    with pytest.raises(InputError, match="same frames and classes"):
        framewise.framewise_agreement(frames, frames[:3], 0)
