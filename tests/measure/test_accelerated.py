"""Accelerated percentiles: SciPy's, a skew that they lean against, and where they are the plain ones."""

import numpy as np
import pytest
from scipy import stats

from audioinv.measure.accelerated import accelerated_interval
from audioinv.measure.intervals import wilson_interval
from tests.measure.percentiles import moved_percentiles


def interval_of_mean(values, rng, tail=0.025, n_resamples=100_000):
    draws = values[rng.integers(0, len(values), (n_resamples, len(values)))].mean(axis=1)[:, None]
    low, high = accelerated_interval(draws, np.array([values.mean()]), (values - values.mean())[:, None], tail)
    return float(low[0]), float(high[0])


@pytest.mark.parametrize("name", ["skewed", "even", "share"])
def test_scipy_finds_the_same(rng, name):
    values = {
        "skewed": rng.exponential(1, 20),
        "even": rng.standard_normal(20),
        "share": np.repeat([1.0, 0.0], [27, 3]),
    }
    sample = values[name]
    found = stats.bootstrap((sample,), np.mean, n_resamples=100_000, method="BCa", rng=rng).confidence_interval
    error = sample.std() / np.sqrt(len(sample))
    assert interval_of_mean(sample, rng) == pytest.approx(
        (found.low, found.high), abs=0.06 * error + 0.5 / len(sample) ** 2
    )


def test_a_share_near_one_leans_away_from_the_bound(rng):
    """As Wilson's interval does, and as plain percentiles do not."""
    values = np.repeat([1.0, 0.0], [36, 4])
    low, high = interval_of_mean(values, rng)
    wilson_low, wilson_high = wilson_interval(0.9, 40)
    assert 0.9 - low > high - 0.9
    assert (low, high) == pytest.approx((wilson_low, wilson_high), abs=0.03)


def test_without_skew_they_are_the_plain_percentiles(rng):
    half = rng.standard_normal(10)
    values = np.concatenate([half, -half])
    draws = values[rng.integers(0, 20, (100_000, 20))].mean(axis=1)
    assert interval_of_mean(values, rng) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.02)


def test_points_are_treated_apart_and_a_point_without_pull_is_its_value(rng):
    columns = np.column_stack([rng.exponential(1, 15), np.full(15, 0.7), rng.standard_normal(15)])
    draws = columns[rng.integers(0, 15, (5000, 15))].mean(axis=1)
    value = columns.mean(axis=0)
    low, high = accelerated_interval(draws, value, columns - value, 0.025)
    assert low[1] == high[1] == pytest.approx(0.7)
    for point in (0, 2):
        alone = accelerated_interval(draws[:, [point]], value[[point]], (columns - value)[:, [point]], 0.025)
        assert (low[point], high[point]) == (alone[0][0], alone[1][0])


@pytest.mark.parametrize("tail", [0.025, 0.01, 1e-30])
@pytest.mark.parametrize("n_resamples", [20, 201])
def test_percentiles_follow_their_definition(rng, n_resamples, tail):
    """Of a skewed value, one with many ties, and two of which all draws lie above, or below, the value."""
    skewed, ties = rng.exponential(1, n_resamples), rng.integers(0, 4, n_resamples) / 4
    draws = np.column_stack([skewed, ties, 2 + skewed, skewed - 99])
    values = np.array([1.0, 0.5, 1.0, 1.0])
    influence = rng.exponential(1, (7, 4)) - 0.9
    low, high = accelerated_interval(draws, values, influence, tail)
    for point in range(4):
        expected = moved_percentiles(draws[:, point], values[point], influence[:, point], tail)
        assert (low[point], high[point]) == pytest.approx(expected)
    if tail < 1e-9:
        assert high[0] == skewed.max()  # there is nothing beyond it to read
