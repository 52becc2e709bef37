"""Intervals: coverage, SciPy as an oracle, and what is said where there is nothing to resample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audioinv.errors import InputError
from audioinv.measure import statistics
from audioinv.measure.resampling import resampled_sums, tail_probability
from audioinv.measure.statistics import (
    estimate_curve,
    estimate_mean,
    paired_difference,
)
from tests.measure.percentiles import moved_percentiles

N_DATA_SETS = 600
# Three standard deviations of a share of 600 that is 0.95: 3 · sqrt(0.95 · 0.05 / 600).
TOLERANCE = 3 * np.sqrt(0.95 * 0.05 / N_DATA_SETS)


def rng(seed=0):
    return np.random.default_rng(seed)


def clustered(n_groups, generator):
    """Answers of five clips a group, right with a probability of the group's own, 0.6 on average."""
    groups = np.repeat(np.arange(n_groups), 5)
    return generator.binomial(1, generator.beta(1.8, 1.2, n_groups)[groups]).astype(float), groups


def coverage(n_groups, known_groups):
    generator = rng(n_groups)
    covered = 0
    for _ in range(N_DATA_SETS):
        values, groups = clustered(n_groups, generator)
        found = estimate_mean(values, groups if known_groups else None, rng=generator, n_resamples=500)
        covered += found.low <= 0.6 <= found.high
    return covered / N_DATA_SETS


@pytest.mark.parametrize("n_groups", [10, 20, 40])
def test_intervals_cover_at_their_nominal_rate(n_groups):
    assert coverage(n_groups, known_groups=True) == pytest.approx(0.95, abs=TOLERANCE)


def test_intervals_that_ignore_groups_do_not_cover():
    assert coverage(20, known_groups=False) < 0.95 - 3 * TOLERANCE


def test_paired_intervals_cover_at_their_nominal_rate():
    generator = rng(5)
    covered = 0
    for _ in range(N_DATA_SETS):
        groups = np.repeat(np.arange(20), 4)
        kit = generator.uniform(0.2, 0.8, 20)[groups]
        a, b = generator.binomial(1, kit + 0.15), generator.binomial(1, kit)
        found = paired_difference(a, b, groups, rng=generator, n_resamples=500)
        covered += found.low <= 0.15 <= found.high
    assert covered / N_DATA_SETS == pytest.approx(0.95, abs=TOLERANCE)


def test_intervals_of_perfect_answers_cover():
    """97 % of clips hold: samples of 12 are often perfect, and [1, 1] would miss the truth as often."""
    generator = rng(6)
    found = [
        estimate_mean(generator.binomial(1, 0.97, 12), None, rng=generator, n_resamples=200) for _ in range(N_DATA_SETS)
    ]
    assert np.mean([estimate.value == 1 for estimate in found]) > 0.5
    assert np.mean([estimate.low <= 0.97 <= estimate.high for estimate in found]) >= 0.95 - TOLERANCE


def scipy_interval(data, statistic, n_units, **options):
    found = stats.bootstrap(
        data,
        statistic,
        confidence_level=1 - 2 * tail_probability(n_units, 0.95),
        n_resamples=100_000,
        method="BCa",
        rng=rng(1),
        **options,
    )
    return found.confidence_interval.low, found.confidence_interval.high


def test_scipy_finds_the_same_interval():
    values = rng(2).beta(2, 1, 15)
    found = estimate_mean(values, None, rng=rng(3), n_resamples=100_000, bounds=None)
    # Four standard deviations of the difference of two percentiles of 100 000 draws, in standard errors: 0.06.
    tolerance = 0.06 * values.std() / np.sqrt(15)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(scipy_interval((values,), np.mean, 15), abs=tolerance)


def test_scipy_finds_the_same_paired_interval():
    a = rng(4).beta(2, 1, 15)
    b = a * rng(5).uniform(0, 1, 15)
    found = paired_difference(a, b, None, rng=rng(6))
    expected = stats.ttest_rel(a, b).confidence_interval()
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_what_values_can_lie_between_decides_the_interval():
    """Shares and differences have intervals in closed form, the others a bootstrap that depends on its seed."""
    values = rng(2).beta(2, 1, 15)

    def spread(bounds):
        found = [estimate_mean(values, None, rng=rng(seed), bounds=bounds) for seed in range(2)]
        return abs(found[0].low - found[1].low)

    assert spread((0.0, 1.0)) == spread((-1.0, 1.0)) == spread((-np.inf, np.inf)) == 0
    assert spread(None) > 0
    assert spread((0.0, 40.0)) > 0


def test_without_bounds_percentiles_of_whole_groups_are_moved():
    """Groups of unequal sizes: a draw takes sums and sizes, and a group pulls by what its clips are off the mean."""
    codes = np.repeat(np.arange(11), [1, 2, 5, 1, 3, 1, 2, 1, 4, 1, 2])
    values = rng(3).exponential(1, (len(codes), 2))
    sums = np.array([[*values[codes == code].sum(axis=0), (codes == code).sum()] for code in range(11)])
    drawn = resampled_sums(sums, rng(4), 300)
    found = estimate_curve(values, codes, rng=rng(4), n_resamples=300, confidence=0.9, bounds=None)
    for point, mean in enumerate(values.mean(axis=0)):
        pulls = [group[point] - group[2] * mean for group in sums]
        expected = moved_percentiles(drawn[:, point] / drawn[:, 2], mean, pulls, tail_probability(11, 0.9))
        assert [found.low[point], found.high[point]] == pytest.approx(expected)


@pytest.mark.parametrize("bounds", [None, (0.0, 1.0), (-1.0, 1.0)])
def test_points_in_parts_are_points_at_once(monkeypatch, bounds):
    values = rng(3).random((12, 7))
    values[:, 5] = 0.25
    at_once, in_parts = [], []
    for found, room in ((at_once, 1 << 20), (in_parts, 12 * 3)):  # three points, three, and one
        monkeypatch.setattr(statistics, "_AT_ONCE", room)
        curve = estimate_curve(values, None, rng=rng(4), bounds=bounds)
        found += [curve.low.tolist(), curve.high.tolist()]
    np.testing.assert_array_equal(at_once, in_parts)
    assert len(at_once[0]) == 7


def test_what_is_not_said_is_2000_resamples_95_percent_and_values_between_0_and_1():
    """Of both estimates; a difference lies between -1 and 1."""
    values = rng(3).exponential(1, 15)
    said = {"n_resamples": 2000, "confidence": 0.95}
    for bounds in (None, (0.0, 5.0)):
        plain, full = (estimate_mean(values, None, rng=rng(4), bounds=bounds, **o) for o in ({}, said))
        assert plain == full
        assert estimate_curve(values[:, None], None, rng=rng(4), bounds=bounds).at(0) == full
    for agreed in (np.zeros(12), np.ones(12)):
        bounded = estimate_mean(agreed, None, rng=rng(4), bounds=(0.0, 1.0), **said)
        assert estimate_mean(agreed, None, rng=rng(4)) == bounded
        assert estimate_curve(agreed[:, None], None, rng=rng(4)).at(0) == bounded
    a, b = rng(5).random((2, 15))
    assert paired_difference(a, b, None, rng=rng(4)) == paired_difference(a, b, None, rng=rng(4), confidence=0.95)
    for first, second in ((np.zeros(12), np.ones(12)), (np.ones(12), np.zeros(12))):
        found = paired_difference(first, second, None, rng=rng(4))
        assert found == estimate_mean(first - second, None, rng=rng(4), bounds=(-1.0, 1.0))


def test_resampling_groups_is_resampling_their_copies():
    """Clips that repeat their group's value carry no news: the interval is that of one clip a group."""
    values = rng(7).uniform(size=12)
    one = estimate_mean(values, None, rng=rng(8))
    many = estimate_mean(np.repeat(values, 7), np.repeat(np.arange(12), 7), rng=rng(8))
    assert (many.low, many.high) == pytest.approx((one.low, one.high))
    assert (many.n, many.n_groups, many.unit) == (84, 12, "group")


def test_unequal_groups_weigh_by_their_clips():
    values = np.concatenate([np.ones(30), np.zeros(10)])
    groups = np.concatenate([np.zeros(30), np.arange(1, 11)])
    found = estimate_mean(values, groups, rng=rng())
    assert found.value == 0.75
    assert found.low < 0.1  # without the one large group nothing is right
    assert 0.85 < found.high < 1


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_agreement_is_not_certainty(value):
    found = estimate_mean(np.full(12, value), None, rng=rng())
    unseen = 1 - 0.025 ** (1 / 12)
    assert found.value == pytest.approx(value)
    assert found.low == pytest.approx(value * (1 - unseen))
    assert found.high == pytest.approx(value + unseen * (1 - value))


def test_groups_that_agree_on_average_are_no_certainty_either():
    found = estimate_mean(np.tile([0.0, 1.0], 12), np.repeat(np.arange(12), 2), rng=rng())
    assert found.low < 0.4 < 0.5 < 0.6 < found.high


def test_agreement_on_unbounded_values_has_no_interval():
    found = estimate_mean(np.full(12, 3.5), None, rng=rng(), bounds=None)
    assert found.value == 3.5
    assert np.isnan([found.low, found.high]).all()


def test_more_clips_of_one_kit_do_not_make_a_perfect_answer_surer():
    kits = np.repeat(np.arange(12), 50)
    assert estimate_mean(np.ones(600), kits, rng=rng()).low == estimate_mean(np.ones(12), None, rng=rng()).low


def test_equal_averages_differ_by_nothing_within_what_was_missed():
    found = paired_difference(np.ones(12), np.ones(12), None, rng=rng())
    assert found.value == 0
    assert -found.low == found.high == pytest.approx(1 - 0.025 ** (1 / 12))


def test_clips_without_a_value_are_left_out_and_counted():
    found = estimate_mean([1.0, np.nan, 0.0, np.nan], None, rng=rng())
    assert (found.value, found.n, found.n_undefined) == (0.5, 2, 2)
    both = paired_difference([1.0, np.nan, 1.0], [0.0, 0.0, np.nan], None, rng=rng())
    assert (both.value, both.n, both.n_undefined) == (1.0, 1, 2)


def test_one_clip_has_no_interval_and_none_no_value():
    one = estimate_mean([0.25], None, rng=rng())
    assert one.value == 0.25
    assert np.isnan([one.low, one.high]).all()
    none = estimate_mean([np.nan, np.nan], None, rng=rng())
    assert np.isnan([none.value, none.low, none.high]).all()
    assert (none.n, none.n_undefined) == (0, 2)
    two = estimate_mean([0.25, 0.5], None, rng=rng())
    assert 0 <= two.low < 0.25 < 0.5 < two.high <= 1
    assert estimate_curve(np.full((2, 3), np.nan), None, rng=rng()).low.shape == (3,)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(0, 1000))
def test_intervals_hold_the_value_and_stay_within_bounds(values, seed):
    found = estimate_mean(values, None, rng=rng(seed), n_resamples=400)
    rounding = 1e-9
    assert -rounding <= found.low <= found.value + rounding
    assert found.value - rounding <= found.high <= 1 + rounding


def test_a_curve_is_its_points():
    values = rng(1).integers(0, 2, (40, 3)).astype(float)
    groups = np.repeat(np.arange(20), 2)
    curve = estimate_curve(values, groups, rng=rng(2), n_resamples=20_000)
    for point in range(3):
        found = estimate_mean(values[:, point], groups, rng=rng(3), n_resamples=20_000)
        assert curve.value[point] == pytest.approx(found.value)
        # Two steps of the grid of means that 40 clips can have.
        assert curve.low[point] == pytest.approx(found.low, abs=0.05)
        assert curve.high[point] == pytest.approx(found.high, abs=0.05)


def test_confidence_widens_the_interval():
    values = rng(1).uniform(size=50)
    narrow, wide = (estimate_mean(values, None, rng=rng(2), confidence=c) for c in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_columns_of_other_clips_are_refused():
    with pytest.raises(InputError, match="one value for each clip"):
        paired_difference([1.0, 2.0], [1.0], None, rng=rng())
