"""A ratio of two averages: its value, a bootstrap spelled out, and what it says where nothing varies."""

import numpy as np
import pytest

from audioinv.measure.ratios import bootstrap_ratio
from audioinv.measure.resampling import resampled_sums, tail_probability
from tests.measure.percentiles import moved_percentiles


def test_it_is_the_ratio_of_the_averages(rng):
    a, b = rng.random(30) / 2, rng.random(30)
    found = bootstrap_ratio(a, b, None, rng=rng)
    assert found.value == pytest.approx(sum(a) / sum(b))
    draws = rng.integers(0, 30, (4000, 30))
    spread = np.std(a[draws].sum(axis=1) / b[draws].sum(axis=1))
    assert (found.high - found.low) / 4 == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("largest", [1.0, 0.05])
def test_its_interval_is_that_of_the_draws_that_have_a_ratio(largest):
    """One clip of three has a denominator at all, so that every fourth resample has none."""
    rng = np.random.default_rng(2)
    b = largest * np.where(np.arange(12) % 6 == 1, rng.uniform(0.5, 1, 12), 0)
    a = rng.uniform(0, largest, 12)
    sums = resampled_sums(np.column_stack([a, b]), np.random.default_rng(5), 300)
    draws = [above / below for above, below in sums if below > 0]
    assert 200 < len(draws) < 290
    value = a.sum() / b.sum()
    expected = moved_percentiles(draws, value, a - value * b, tail_probability(12, 0.9))
    found = bootstrap_ratio(a, b, None, rng=np.random.default_rng(5), n_resamples=300, confidence=0.9)
    assert [found.low, found.high] == pytest.approx(expected)


def test_2000_resamples_and_95_percent_if_not_said_otherwise(rng):
    a, b = rng.random(11) / 2, rng.random(11)
    plain, full = (
        bootstrap_ratio(a, b, None, rng=np.random.default_rng(0), **options)
        for options in ({}, {"n_resamples": 2000, "confidence": 0.95})
    )
    assert plain == full
    agreed = [bootstrap_ratio(b / 2, b, None, rng=rng, confidence=confidence) for confidence in (0.95, 0.5)]
    assert bootstrap_ratio(b / 2, b, None, rng=rng) == agreed[0]
    assert agreed[0].low < agreed[1].low


def test_groups_are_drawn_as_one(rng):
    a, b = rng.random(20) / 2, np.ones(20)
    single = bootstrap_ratio(a, b, None, rng=np.random.default_rng(0))
    grouped = bootstrap_ratio(
        np.repeat(a, 4), np.repeat(b, 4), np.repeat(np.arange(20), 4), rng=np.random.default_rng(0)
    )
    apart = bootstrap_ratio(np.repeat(a, 4), np.repeat(b, 4), None, rng=np.random.default_rng(0))
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high))
    assert apart.high - apart.low < 0.7 * (grouped.high - grouped.low)
    assert (grouped.n, grouped.n_groups, grouped.unit) == (80, 20, "group")


def test_where_nothing_varies_it_allows_for_what_was_missed(rng):
    unseen = 1 - 0.025 ** (1 / 12)
    perfect = bootstrap_ratio(np.ones(12), np.ones(12), None, rng=rng)
    assert (perfect.value, perfect.low, perfect.high) == pytest.approx((1, 1 - unseen, 1))
    half = bootstrap_ratio(np.full(12, 0.25), np.full(12, 0.5), None, rng=rng)
    assert (half.value, half.low) == pytest.approx((0.5, 0.5 * (1 - unseen)))
    assert half.high == pytest.approx(0.5 + unseen * (1 / 0.5 - 0.5))


def test_undefined(rng):
    assert np.isnan(bootstrap_ratio(np.zeros(3), np.zeros(3), None, rng=rng).value)
    one = bootstrap_ratio([0.5], [1.0], None, rng=rng)
    assert one.value == 0.5
    assert np.isnan([one.low, one.high]).all()
    two = bootstrap_ratio([0.5, 0.25], [1.0, 1.0], None, rng=rng)
    assert (two.low, two.high) == (0.25, 0.5)
    left_out = bootstrap_ratio([0.5, np.nan, 0.5, 1.0], [1.0, 1.0, np.nan, 1.0], None, rng=rng)
    assert (left_out.value, left_out.n, left_out.n_undefined) == (0.75, 2, 2)
    lacking = bootstrap_ratio([0.0, 0.5, 0.75], [0.0, 1.0, 1.0], None, rng=rng)  # so do some resamples
    assert (lacking.low, lacking.high) == (0.5, 0.75)
