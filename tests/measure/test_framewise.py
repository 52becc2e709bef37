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
    assert np.isnan(framewise.best_lag(recurring, recurring, 6))  # none is called for, and 4 fits as well
    swapped = np.tile(rng.random((2, 2)), (9, 1))
    assert framewise.best_lag(swapped, swapped[::-1], 6) == 1  # of equals near 0 the positive
    assert framewise.best_lag(recurring, moved, 0) == 0


def test_labels_agree_where_any_is_on():
    clean = np.array([[0.5, 0.1], [0.9, 0.8], [0.1, 0.1], [0.1, 0.2], [0.3, 0.7]])
    shifted = np.array([[0.6, 0.0], [0.7, 0.2], [0.2, 0.2], [0.4, 0.5], [0.0, 0.6]])
    assert framewise.framewise_labels(clean, shifted, 0) == 2 / 4
    assert framewise.framewise_labels(clean, shifted, 0, threshold=0.55) == 1 / 3
    assert framewise.framewise_labels(clean, shifted, -3) == 0
    assert np.isnan(framewise.framewise_labels(clean, shifted, 0, threshold=0.95))


def test_following_frames_measures_each_delay_at_its_lag(rng):
    """Nine frames follow delays of up to four; from a delay of 4.4 frames on more than half are gone."""
    clean, shifted = rng.random((9, 3)), rng.random((6, 9, 3))
    delays = np.array([0, 16, -31, 44, 45, -50.0])
    for multi_label, agree in ((False, framewise.framewise_agreement), (True, framewise.framewise_labels)):
        found = framewise.follow_frames(clean, shifted, delays, 10, multi_label=multi_label)
        assert found.expected.tolist() == [0, 2, -3, 4, 5, -5]
        for row, lag in enumerate([0, 2, -3, 4]):
            assert found.same[row] == agree(clean, shifted[row], lag)
            assert found.in_place[row] == agree(clean, shifted[row], 0)
            assert found.change[row] == framewise.framewise_change(clean, shifted[row], lag)
            assert found.best[row] == framewise.best_lag(clean, shifted[row], 4, lag)
        for column in (found.same, found.in_place, found.change, found.best):
            assert np.isnan(column).tolist() == [False] * 4 + [True] * 2


def test_the_best_lag_is_searched_up_to_three_frames_beyond_all_that_are_called_for(rng):
    clean = rng.random((40, 3))
    delays = np.array([10.0, -20.0])
    for moved, best in ((5, 5), (-5, -5), (6, None), (-6, None)):
        shifted = np.roll(clean, moved, axis=0)[None].repeat(2, axis=0)
        found = framewise.follow_frames(clean, shifted, delays, 10, multi_label=False).best
        assert (found == moved).all() if best else (np.abs(found) <= 5).all()


def test_without_a_delay_that_can_be_followed_nothing_is(rng):
    found = framewise.follow_frames(rng.random((4, 2)), rng.random((1, 4, 2)), np.array([99.0]), 1, multi_label=False)
    assert (np.isnan(found.best).all(), found.expected.tolist()) == (True, [99])


def test_the_expected_lag_is_the_nearest_frame():
    assert [framewise.expected_lag(d, 10) for d in (0, 4, 5, 14, 15, -4, -5, -15)] == [0, 0, 1, 1, 2, 0, -1, -2]


def test_what_cannot_be_compared_is_refused():
    frames = np.zeros((4, 2))
    with pytest.raises(InputError, match="leaves none of 4"):
        framewise.framewise_change(frames, frames, -4)
    with pytest.raises(InputError, match="same frames and classes"):
        framewise.framewise_agreement(frames, frames[:3], 0)
