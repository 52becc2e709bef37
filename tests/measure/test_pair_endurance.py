"""What clips stand of two changes at once: a direct loop, margins that are one change alone, bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.measure.endurance import endure
from audioinv.measure.pair_endurance import endure_pairs

FIRST, SECOND = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 4.0]), np.array([0.0, 0.5, 3.0])
ANSWERS = st.lists(st.lists(st.integers(0, 1), min_size=18, max_size=18), min_size=2, max_size=12)


def found(answers, first=FIRST, second=SECOND, groups=None):
    return endure_pairs(answers, first, second, groups, rng=np.random.default_rng(0))


def by_loop(answers, size, other):
    """Return the share of clips that change at no pair of amounts up to both sizes."""
    zero, none = list(FIRST).index(0), list(SECOND).index(0)
    stand = [
        all(
            clip[i][j] == clip[zero][none]
            for i, a in enumerate(FIRST)
            for j, b in enumerate(SECOND)
            if abs(a) <= size and abs(b) <= other
        )
        for clip in answers
    ]
    return np.mean(stand)


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_it_is_the_loop(rows):
    answers = np.array(rows).reshape(-1, 6, 3)
    pairs = found(answers)
    assert pairs.first.tolist() == [0, 1, 2]  # 4 was tried one way only
    assert pairs.second.tolist() == [0, 0.5, 3]
    expected = [[by_loop(answers, size, other) for other in pairs.second] for size in pairs.first]
    np.testing.assert_allclose(pairs.standing.value, expected)
    assert (pairs.standing.low <= pairs.standing.value + 1e-12).all()
    assert (pairs.standing.value <= pairs.standing.high + 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_with_one_size_0_it_is_the_other_change_alone_with_its_interval(rows):
    answers, groups = np.array(rows).reshape(-1, 6, 3), np.arange(len(rows)) // 2
    pairs = found(answers, groups=groups)
    alone = (
        (endure(answers[:, :, 0], FIRST, groups, rng=np.random.default_rng(1)), np.s_[:, 0]),
        (endure(answers[:, 2], SECOND, groups, rng=np.random.default_rng(2)), np.s_[0]),
    )
    for endurance, margin in alone:
        for part in ("value", "low", "high"):
            np.testing.assert_allclose(getattr(pairs.standing, part)[margin], getattr(endurance.standing, part))


def test_the_share_only_falls_and_reach_is_its_border():
    first = second = np.arange(5.0)
    limits = np.arange(20) % 6  # clip of limit t changes where both together reach t
    answers = (first[:, None] + second >= limits[:, None, None] + 1).astype(int)
    pairs = found(answers, first, second)
    assert (np.diff(pairs.standing.value, axis=0) <= 0).all()
    assert (np.diff(pairs.standing.value, axis=1) <= 0).all()
    half = pairs.reach(0.5)
    for size, other in zip(first[~np.isnan(half)], half[~np.isnan(half)], strict=True):
        assert (limits >= size + other).mean() >= 0.5
        assert other == 4 or (limits >= size + other + 1).mean() < 0.5
    assert np.isnan(half).any()  # of the largest sizes not half stand them alone


def test_reach_and_the_share_at_a_pair_are_those_that_were_planted():
    """Of four clips one changes from (1, 0.5) on, one from (0, 3) on, and one with the first change of 2 alone."""
    answers = np.zeros((4, 6, 3), int)
    answers[0, 3:, 1:] = 1
    answers[1, :, 2] = 1
    answers[2, 4:] = 1
    pairs = found(answers)
    np.testing.assert_array_equal(pairs.standing.value, [[1, 1, 0.75], [1, 0.75, 0.5], [0.75, 0.5, 0.25]])
    np.testing.assert_array_equal(pairs.reach(0.75), [3, 0.5, 0])
    np.testing.assert_array_equal(pairs.reach(0.5), [3, 3, 0.5])
    np.testing.assert_array_equal(pairs.reach(1), [0.5, 0, np.nan])
    at = pairs.at(1, 2)
    curve = pairs.standing
    assert (at.value, at.low, at.high) == (0.5, curve.low[1, 2], curve.high[1, 2])
    assert (at.n, at.n_groups, at.unit, at.n_undefined) == (4, 4, "clip", 0)


def test_what_the_first_change_undoes_alone_is_no_matter_of_the_second():
    answers = np.zeros((4, 6, 3), int)
    answers[:3, 4:] = 1
    np.testing.assert_array_equal(found(answers).standing.value, [[1, 1, 1], [1, 1, 1], [0.25, 0.25, 0.25]])
    np.testing.assert_array_equal(found(answers).reach(0.5), [3, 3, np.nan])


def test_a_clip_without_answers_is_left_out_and_counted():
    answers = np.zeros((5, 6, 3), int)
    answers[0, 1, 1] = -1
    pairs = found(answers)
    assert (pairs.standing.n, pairs.standing.n_undefined) == (4, 1)
    assert pairs.at(2, 2).value == pytest.approx(1)
    assert np.isnan(found(answers[:1]).standing.value).all()
    assert np.isnan(found(answers[:1]).reach(0.5)).all()
