"""What clips stand: a direct loop, planted thresholds, bounds, and verdicts on either side of what decides."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.measure.endurance import endure, judge
from audioinv.measure.resampling import resampled_sums, tail_probability
from audioinv.measure.statistics import Estimate

SHIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 4.0])


def found(answers, shifts=SHIFTS, groups=None):
    return endure(np.asarray(answers), shifts, groups, rng=np.random.default_rng(0))


def by_loop(answers, shifts, share):
    """Return the largest |shift|, tried both ways, up to which a share of clips never changed their answer."""
    zero, limit = list(shifts).index(0), min(-shifts[0], shifts[-1])
    best = 0.0
    for amount in sorted({abs(s) for s in shifts if abs(s) <= limit}):
        stand = [all(row[j] == row[zero] for j, s in enumerate(shifts) if abs(s) <= amount) for row in answers]
        if np.mean(stand) < share:
            break
        best = amount
    return best


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1), min_size=6, max_size=6), min_size=2, max_size=12))
def test_it_is_the_loop(answers):
    endurance = found(answers)
    assert [stood.amount for stood in endurance.stood] == [by_loop(answers, SHIFTS, share) for share in (0.95, 0.5)]
    assert endurance.limit == 2
    for stood in endurance.stood:
        assert 0 <= stood.low <= stood.high <= endurance.limit


@pytest.mark.parametrize("sizes", [[1] * 11, [1, 2, 1, 3, 1, 1, 4, 1, 2, 1, 2]])
def test_its_interval_is_that_of_resampled_groups(sizes):
    """Every resample stands what a share of its clips stand; of 2000, the tails' own members are low and high."""
    groups = np.repeat(np.arange(11), sizes)
    shifts = np.arange(6.0)
    rng = np.random.default_rng(1)
    answers = (shifts >= np.minimum(rng.integers(1, 9, 11)[groups] + rng.integers(0, 2, len(groups)), 9)[:, None]) + 0
    endurance = found(answers, shifts, groups)
    stands = answers == answers[:, :1]
    rows = np.array([[*stands[groups == g].sum(axis=0), (groups == g).sum()] for g in range(11)], dtype=float)
    draws = np.random.default_rng(0)
    tail = tail_probability(11, 0.95)
    for stood, share in zip(endurance.stood, (0.95, 0.5), strict=True):
        largest = []
        for sums in resampled_sums(rows, draws, 2000):
            held = [amount for amount, n in zip(shifts, sums[:-1], strict=True) if n / sums[-1] >= share - 1e-9]
            largest.append(max(held))
        largest.sort()
        assert stood.share == share
        assert (stood.low, stood.high) == (largest[ceil(2000 * tail) - 1], largest[ceil(2000 * (1 - tail)) - 1])
    np.testing.assert_array_equal(endurance.holds, stands)
    at_limit, curve = endurance.at_limit, endurance.standing
    assert (at_limit.value, at_limit.low, at_limit.high) == (curve.value[5], curve.low[5], curve.high[5])
    assert (at_limit.n, at_limit.n_groups, at_limit.n_undefined) == (len(groups), 11, 0)


def test_two_clips_have_an_interval_and_one_without_answers_is_left_out():
    endurance = found([[0] * 6, [0, 0, 0, 0, 1, 0], [-1] * 6])
    assert (endurance.stood[1].low, endurance.stood[1].high) == (1, 2)
    assert np.isnan(endurance.holds[2]).all()
    assert endurance.at_limit.n_undefined == 1


def test_planted_thresholds_come_back():
    shifts = np.arange(11.0)
    limits = np.repeat(np.arange(1, 11), 10)  # a clip of limit t changes from t on
    answers = (shifts >= limits[:, None]).astype(int)
    endurance = found(answers, shifts)
    np.testing.assert_allclose(endurance.standing.value, 1 - np.arange(11) / 10)
    assert [stood.amount for stood in endurance.stood] == [0, 5]
    assert endurance.stood[1].low < 5 < endurance.stood[1].high
    assert endurance.at_limit.value == 0


def test_a_clip_that_comes_back_has_still_not_stood_it():
    endurance = found([[0, 0, 0, 1, 0, 0]] * 10)
    assert [stood.amount for stood in endurance.stood] == [0, 0]
    assert endurance.at_limit.value == 0


def test_whoever_stands_it_all_is_censored_and_one_group_is_not_sure():
    endurance = found([[0] * 6] * 40)
    assert [(stood.amount, stood.low, stood.high) for stood in endurance.stood] == [(2, 2, 2)] * 2
    assert endurance.at_limit.value == 1
    assert 0.85 < endurance.at_limit.low < 0.95  # 40 clips of 40 do not show 95 %
    one = found([[0] * 6])
    assert np.isnan(one.stood[0].low)


def test_groups_are_what_is_resampled():
    answers = [[0] * 6] * 20 + [[0, 1, 0, 1, 1, 1]] * 20
    clips = found(answers).at_limit
    groups = found(answers, groups=np.repeat(np.arange(10), 4)).at_limit
    assert (clips.unit, groups.unit) == ("clip", "group")
    assert groups.high - groups.low > 1.5 * (clips.high - clips.low)
    mostly = [[0] * 6] * 28 + [[0, 1, 0, 1, 1, 1]] * 12  # 28 of 40 clips are surely half, 7 of 10 groups are not
    assert found(mostly).stood[1].low == 2
    assert found(mostly, groups=np.repeat(np.arange(10), 4)).stood[1].low == 0


def test_without_answers_nothing_is_defined():
    endurance = found(np.full((3, 6), -1))
    assert np.isnan([endurance.stood[0].amount, endurance.at_limit.value]).all()
    for wish, verdict in (("invariant", "undefined"), ("change", "undefined"), ("unknown", "not judged")):
        judged = judge(wish, endurance.at_limit)
        assert (str(judged), judged.clear) == (verdict, False)


@pytest.mark.parametrize(
    ("wish", "value", "low", "high", "verdict"),
    [
        ("invariant", 0.95, 0.95, 1.0, "invariant as wished"),
        ("invariant", 0.97, 0.90, 1.0, "invariant as wished?"),
        ("invariant", 0.94, 0.90, 0.96, "too sensitive?"),
        ("invariant", 0.94, 0.90, 0.95, "too sensitive?"),  # at the bound is not yet beyond it
        ("invariant", 0.80, 0.70, 0.90, "too sensitive"),
        ("change", 0.10, 0.05, 0.20, "changes as wished"),
        ("change", 0.40, 0.30, 0.55, "changes as wished?"),
        ("change", 0.40, 0.30, 0.50, "changes as wished?"),
        ("change", 0.50, 0.50, 0.60, "too invariant"),
        ("change", 0.50, 0.40, 0.60, "too invariant?"),
        ("change", 0.90, 0.80, 0.95, "too invariant"),
        ("unknown", 0.10, 0.05, 0.20, "not judged"),
        ("invariant", 1.0, np.nan, np.nan, "invariant as wished?"),
    ],
)
def test_verdicts(wish, value, low, high, verdict):
    assert str(judge(wish, Estimate(value, low, high, 40, 40, "clip"))) == verdict
