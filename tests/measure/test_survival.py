"""Flips that were not seen: the product limit spelled out, medians, and the curve with its band."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from audioinv.errors import InputError
from audioinv.measure.resampling import resampled_sums, tail_probability, unseen_share
from audioinv.measure.survival import bootstrap_median, censored_quantiles, survival_curve


def rng(seed=0):
    return np.random.default_rng(seed)


def product_limit(times, censored, q):
    survival = 1.0
    for time in sorted(set(times)):
        at_risk = sum(other >= time for other in times)
        died = sum(other == time and not lost for other, lost in zip(times, censored, strict=True))
        survival *= 1 - died / at_risk
        if died and survival <= 1 - q + 1e-12:
            return time
    return np.nan


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=25),
    st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]),
)
def test_censored_quantiles_are_those_of_the_product_limit(observed, q):
    times, censored = (list(column) for column in zip(*observed, strict=True))
    np.testing.assert_array_equal(censored_quantiles(times, censored, [q]), [product_limit(times, censored, q)])


def test_quantiles_beyond_what_was_tried_are_undefined():
    found = censored_quantiles([1.0, 50, 50, np.nan], [False, True, True, False], [0.1, 0.3, 0.5])
    np.testing.assert_array_equal(found, [1, 1, np.nan])
    assert np.isnan(censored_quantiles([50.0, 50.0], [True, True], [0.1, 0.5])).all()
    assert np.isnan(censored_quantiles([], [], 0.5)).all()


def loop_median_interval(times, censored, groups, n_resamples):
    generator = rng(9)
    names = np.unique(groups)
    medians = []
    for _ in range(n_resamples):
        drawn = generator.choice(names, len(names))
        clips = np.concatenate([np.flatnonzero(groups == name) for name in drawn])
        medians.append(np.nan_to_num(censored_quantiles(times[clips], censored[clips], [0.5])[0], nan=np.inf))
    tail = tail_probability(len(names), 0.95)
    return np.quantile(medians, [tail, 1 - tail], method="nearest")


def test_the_interval_of_a_median_is_that_of_resampled_groups():
    generator = rng(3)
    groups = np.repeat(np.arange(15), 4)
    flips = np.ceil(generator.exponential(8, 15)[groups] + generator.exponential(4, 60))
    censored = flips > 20
    times = np.minimum(flips, 20)
    found = bootstrap_median(times, censored, groups, rng=rng(4), n_resamples=4000)
    assert found.value == censored_quantiles(times, censored, [0.5])[0]
    # Amounts lie one step apart; the two sets of draws may differ by one step.
    assert (found.low, found.high) == pytest.approx(loop_median_interval(times, censored, groups, 2000), abs=1)
    assert (found.n, found.n_groups, found.unit) == (60, 15, "group")
    assert found.low < found.value < found.high


def drawn_clips(times, censored, n_resamples):
    """Times and censoring of clips drawn with replacement, as the bootstrap draws them: how often each kind comes."""
    kinds = [(time, lost) for time in sorted(set(times)) for lost in (False, True)]
    clips = [(time, bool(lost)) for time, lost in zip(times, censored, strict=True)]
    # The columns stand as the numbers that are summed do: those that happened, then those that were lost.
    order = [kind for kind in kinds if not kind[1]] + [kind for kind in kinds if kind[1]]
    rows = np.array([[float(clip == kind) for kind in order] for clip in clips])
    for sums in resampled_sums(rows, rng(4), n_resamples):
        drawn = [kind for kind, n in zip(order, sums, strict=True) for _ in range(int(n))]
        yield [time for time, _ in drawn], [lost for _, lost in drawn]


@pytest.mark.parametrize("n_lost", [0, 3, 6])
def test_intervals_of_median_and_curve_are_percentiles_of_the_drawn_ones(n_lost):
    times = np.array([1.0, 2, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9])
    censored = np.arange(12) % 2 * np.arange(12) > 12 - 2 * n_lost
    options = {"n_resamples": 101, "confidence": 0.8}
    tail = tail_probability(12, 0.8)
    medians, curves = [], []
    median = bootstrap_median(times, censored, None, rng=rng(4), **options)
    curve = survival_curve(times, censored, None, rng=rng(4), **options)
    for drawn, lost in drawn_clips(times, censored, 101):
        medians.append(np.nan_to_num(product_limit(drawn, lost, 0.5), nan=np.inf))
        survival, values = 1.0, []
        for time in sorted(set(times)):
            at_risk = sum(other >= time for other in drawn)
            died = sum(other == time and not gone for other, gone in zip(drawn, lost, strict=True))
            survival *= 1 - died / at_risk if at_risk else 1
            values.append(survival)
        curves.append([value for time, value in zip(sorted(set(times)), values, strict=True) if time in curve.amounts])
    medians.sort()
    below = int(tail * 100)
    expected = [medians[below], medians[100 - below]]
    np.testing.assert_array_equal(np.nan_to_num([median.low, median.high], nan=np.inf), expected)
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    assert curve.low == pytest.approx(low)
    ends_at_0 = curve.value == 0
    assert curve.high[~ends_at_0] == pytest.approx(high[~ends_at_0])
    assert ends_at_0.any() == (n_lost == 0)
    assert (curve.high[ends_at_0] == unseen_share(12, 0.8)).all()


@pytest.mark.parametrize("function", [bootstrap_median, survival_curve])
def test_2000_resamples_and_95_percent_if_not_said_otherwise(function):
    times = rng(1).integers(1, 200, 40).astype(float)
    plain, full = (
        repr(function(times, times > 150, None, rng=rng(2), **options))
        for options in ({}, {"n_resamples": 2000, "confidence": 0.95})
    )
    assert plain == full


def test_two_clips_have_an_interval_one_has_none():
    two, one = (bootstrap_median([1.0, 3.0][:n], [False] * n, None, rng=rng()) for n in (2, 1))
    assert (two.value, two.low, two.high) == (1, 1, 3)
    assert one.value == 1
    assert np.isnan([one.low, one.high]).all()
    curve = survival_curve([1.0, 3.0], [False] * 2, None, rng=rng())
    assert (curve.low.tolist(), curve.high[0]) == ([0, 0], 1)


def test_a_median_may_have_only_a_lower_end():
    times, censored = np.repeat([1.0, 50.0], [11, 13]), np.repeat([False, True], [11, 13])
    found = bootstrap_median(times, censored, None, rng=rng())
    assert found.low == 1
    assert np.isnan([found.value, found.high]).all()


def test_a_median_without_clips_or_flips_is_undefined():
    for times, censored in (([np.nan], [False]), ([5.0] * 12, [True] * 12)):
        found = bootstrap_median(times, censored, None, rng=rng())
        assert np.isnan([found.value, found.low, found.high]).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=2, max_size=25))
def test_the_curve_is_the_product_limit(observed):
    times, censored = (np.array(column) for column in zip(*observed, strict=True))
    curve = survival_curve(times, censored, None, rng=rng(), n_resamples=20)
    assert curve.amounts.tolist() == sorted(set(times[~censored]))
    survival = 1.0
    for amount, value in zip(curve.amounts, curve.value, strict=True):
        survival *= 1 - ((times == amount) & ~censored).sum() / (times >= amount).sum()
        assert value == pytest.approx(survival)


def test_the_curve_is_that_of_statsmodels():
    generator = rng(3)
    times, censored = generator.integers(1, 9, 60).astype(float), generator.random(60) < 0.4
    curve = survival_curve(times, censored, None, rng=rng(), n_resamples=20)
    reference = SurvfuncRight(times, ~censored)
    kept = np.isin(reference.surv_times, curve.amounts)
    np.testing.assert_allclose(curve.value, reference.surv_prob[kept])
    for q in (0.1, 0.25, 0.4):
        assert censored_quantiles(times, censored, [q])[0] == reference.quantile(q)


def test_without_censoring_the_curve_is_the_share_that_is_left():
    times = np.repeat([1.0, 2.0, 3.0, 4.0], 10)
    curve = survival_curve(times, np.zeros(40, bool), None, rng=rng())
    assert curve.value == pytest.approx([0.75, 0.5, 0.25, 0])
    spread = np.sqrt(0.5 * 0.5 / 40)
    assert curve.high[1] - curve.low[1] == pytest.approx(4 * spread, rel=0.2)
    assert curve.high[-1] == pytest.approx(unseen_share(40, 0.95))


def test_to_take_limits_for_flips_would_make_the_curve_fall():
    times, censored = np.repeat([2.0, 5.0], 20), np.repeat([False, True], 20)
    curve = survival_curve(times, censored, None, rng=rng())
    assert (curve.amounts.tolist(), curve.value.tolist()) == ([2], [0.5])
    ignorant = survival_curve(times, np.zeros(40, bool), None, rng=rng())
    assert ignorant.value.tolist() == [0.5, 0]


def test_groups_are_drawn_as_one_and_a_single_unit_has_no_band():
    times, censored = np.repeat([1.0, 3.0], 10), np.zeros(20, bool)
    apart = survival_curve(np.repeat(times, 4), np.repeat(censored, 4), None, rng=rng())
    together = survival_curve(np.repeat(times, 4), np.repeat(censored, 4), np.repeat(np.arange(20), 4), rng=rng())
    assert together.high[0] - together.low[0] > 1.5 * (apart.high[0] - apart.low[0])
    assert np.isnan(survival_curve([1.0], [False], None, rng=rng()).low).all()
    nobody = survival_curve([5.0] * 12, [True] * 12, None, rng=rng())
    assert len(nobody.amounts) == len(nobody.value) == len(nobody.low) == 0


def test_columns_of_other_clips_are_refused():
    for function in (bootstrap_median, survival_curve):
        with pytest.raises(InputError, match="one value for each clip"):
            function([1.0, 2.0], [True], None, rng=rng())
