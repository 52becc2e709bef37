"""Intervals in closed form: their definitions spelled out, known limits, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import optimize, stats

from audioinv.measure.intervals import allow_for_unseen, share_interval, student_interval, wilson_interval

T_NINE = stats.t.ppf(0.975, 9)


@pytest.mark.parametrize(("share", "n"), [(0.0, 5), (0.3, 10), (0.9, 200), (0.5, 7.5), (1.0, 3)])
def test_wilsons_bounds_are_two_standard_errors_from_what_was_seen(share, n):
    z = stats.norm.ppf(0.975)
    for bound in wilson_interval(share, n):
        if 0 < bound < 1:
            assert abs(share - bound) / np.sqrt(bound * (1 - bound) / n) == pytest.approx(z)
    low, high = wilson_interval(share, n)
    assert low <= share <= high


@pytest.mark.parametrize(("seen", "n"), [(0, 5), (3, 10), (180, 200)])
def test_wilsons_interval_is_scipys(seen, n):
    expected = stats.binomtest(seen, n).proportion_ci(method="wilson")
    assert wilson_interval(seen / n, n) == pytest.approx([expected.low, expected.high])
    assert np.isnan(wilson_interval(0.5, 0)).all()


def test_wilsons_bounds_are_shares_whatever_rounding_does():
    """At 1 and at 0 the bound is the share itself, but for the last digits of a sum."""
    n = np.arange(1, 500)
    for share in (0.0, 1.0):
        low, high = wilson_interval(share, n)
        assert low.min() >= 0
        assert high.max() <= 1
        assert (low if share == 0 else high) == pytest.approx(share, abs=1e-12)


def by_hand(values, codes):
    """Solve for the shares that lie t standard errors from the mean, as the definition reads."""
    groups = [values[codes == code] for code in np.unique(codes)]
    n_groups, n, mean = len(groups), len(values), values.mean()
    silent = max(sum(set(group) == {bound} for group in groups) for bound in (0.0, 1.0)) / n_groups
    unheard = 0.5 * silent / (1 - silent + 1 / n_groups)
    sizes = [len(group) for group in groups]
    largest = mean * (1 - mean) * sum(size**2 for size in sizes) / n_groups
    left_out = [
        size * (group.mean() - mean) * (1 - 1 / n_groups) / (1 - size / n)
        for size, group in zip(sizes, groups, strict=True)
    ]
    alike = min(1.0, (sum(r**2 for r in left_out) + unheard * largest) / ((n_groups - 1 + unheard) * largest))
    effective = n**2 / sum(size**2 for size in sizes)
    z = stats.t.ppf(0.975, effective - 1)

    def away(share):
        return (mean - share) ** 2 - z**2 * share * (1 - share) * alike / effective

    return [optimize.brentq(away, *bracket, xtol=1e-14) for bracket in ((0.0, mean), (mean, 1.0))]


def interval_of(values, codes, **options):
    sums = np.bincount(codes, values)[:, None]
    return share_interval(sums, np.bincount(codes).astype(float), 0.95, **options).ravel()


@pytest.mark.parametrize("sizes", [[5] * 12, [1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 9]])
def test_the_interval_of_a_share_is_its_definition(rng, sizes):
    codes = np.repeat(np.arange(12), sizes)
    for values in (
        (rng.random(len(codes)) < np.where(codes < 5, 1.0, 0.7)).astype(float),
        rng.random(len(codes)),
        np.where(codes % 4 == 1, rng.random(len(codes)), 0.0),
    ):
        assert interval_of(values, codes) == pytest.approx(by_hand(values, codes), abs=1e-9)


@pytest.mark.parametrize("n_wrong", [1, 4, 15])
def test_of_single_answers_it_is_wilsons_with_students_t(n_wrong):
    values = (np.arange(30) >= n_wrong).astype(float)
    expected = wilson_interval(values.mean(), 30, z=stats.t.ppf(0.975, 29))
    assert interval_of(values, np.arange(30)) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_of_units_that_do_not_vary_it_is_wilsons_of_as_many_coins(value):
    expected = wilson_interval(value, 8, z=stats.t.ppf(0.975, 7))
    assert interval_of(np.full(24, value), np.repeat(np.arange(8), 3)) == pytest.approx(expected)


def test_a_higher_confidence_is_a_wider_interval(rng):
    values = rng.random((9, 2))
    for confidence in (0.5, 0.8, 0.99):
        found = student_interval(values, np.ones(9), confidence, (-np.inf, np.inf))
        expected = [stats.ttest_1samp(column, 0).confidence_interval(confidence) for column in values.T]
        assert found.T.ravel() == pytest.approx(np.ravel(expected))
    reach = [np.ptp(share_interval(values, np.ones(9), confidence), axis=0) for confidence in (0.5, 0.8, 0.99)]
    assert (np.diff(reach, axis=0) > 0).all()


def test_copies_of_a_clip_tell_nothing_and_other_clips_do(rng):
    single = (rng.random(10) < 0.5).astype(float)
    single[:2] = 0, 1
    copied = interval_of(np.repeat(single, 8), np.repeat(np.arange(10), 8))
    assert copied == pytest.approx(interval_of(single, np.arange(10)))
    apart = np.tile([0.0, 1, 1, 0, 1, 0, 0, 1], 10)  # each group is half right
    apart[0] = 1.0
    low, high = interval_of(apart, np.repeat(np.arange(10), 8))
    assert high - low < 0.2 * (copied[1] - copied[0])


def test_silent_groups_widen_it_towards_what_they_did_not_say():
    """Nine perfect groups and one that is hardly less: Student's interval would reach one slight deviation."""
    codes = np.repeat(np.arange(10), 5)
    values = np.ones(50)
    values[0] = 0.9
    low, high = interval_of(values, codes)
    assert values.mean() - T_NINE * 0.002 > 0.99
    assert low < 0.98
    assert high == pytest.approx(1, abs=0.01)
    spread = np.ones(50) - 0.002  # nobody is silent, and so the spread is believed
    spread[0] -= 0.02
    assert interval_of(spread, codes)[0] > 0.98


def test_zeros_and_ones_are_mirror_images(rng):
    codes = np.repeat(np.arange(12), 4)
    values = np.where(codes < 8, 1.0, rng.random(48))
    low, high = interval_of(values, codes)
    assert interval_of(1 - values, codes) == pytest.approx([1 - high, 1 - low])


def test_one_large_group_among_small_ones_is_hardly_a_sample(rng):
    sizes = np.array([40] + [1] * 11)
    codes = np.repeat(np.arange(12), sizes)
    values = rng.random(51)
    lopsided, even = interval_of(values, codes), interval_of(values[:48], np.repeat(np.arange(12), 4))
    assert lopsided[1] - lopsided[0] > 2 * (even[1] - even[0])


def test_students_interval_is_scipys(rng):
    values = rng.standard_normal(10)
    found = stats.ttest_1samp(values, 0).confidence_interval()
    ours = student_interval(values[:, None], np.ones(10), 0.95, (-np.inf, np.inf)).ravel()
    assert ours == pytest.approx([found.low, found.high])
    groups = np.repeat(values, 3).reshape(10, 3).sum(axis=1)[:, None]
    assert student_interval(groups, np.full(10, 3.0), 0.95, (-np.inf, np.inf)).ravel() == pytest.approx(ours)
    bounded = student_interval(values[:, None], np.ones(10), 0.95, (ours[0] + 0.1, ours[1] - 0.1)).ravel()
    assert bounded == pytest.approx([ours[0] + 0.1, ours[1] - 0.1])


def test_students_variance_is_the_jackknifes(rng):
    sizes = np.array([1.0, 2, 3, 10, 5, 4, 1, 2, 8, 3])
    sums = rng.standard_normal(10) * sizes
    left_out = np.array([np.delete(sums, i).sum() / np.delete(sizes, i).sum() for i in range(10)])
    variance = 0.9 * np.square(left_out - sums.sum() / sizes.sum()).sum()
    effective = sizes.sum() ** 2 / np.square(sizes).sum()
    low, high = student_interval(sums[:, None], sizes, 0.95, (-np.inf, np.inf)).ravel()
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, effective - 1) * np.sqrt(variance))


def test_where_all_agree_the_interval_is_of_what_was_missed():
    found, value = np.zeros((2, 3)), np.array([1.0, 0.4, 0.4])
    agreed = np.array([True, True, False])
    unseen = 1 - 0.025 ** (1 / 12)
    options = {"n_units": 12, "confidence": 0.95}
    low, high = allow_for_unseen(found, value, agreed, bounds=(0.0, 1.0), **options)
    assert low == pytest.approx([1 - unseen, 0.4 * (1 - unseen), 0])
    assert high == pytest.approx([1, 0.4 + 0.6 * unseen, 0])
    for bounds in (None, (-np.inf, np.inf)):
        assert np.isnan(allow_for_unseen(found, value, agreed, bounds=bounds, **options)[:, :2]).all()
    low, high = allow_for_unseen(found, value, agreed, bounds=(-1.0, np.inf), **options)
    assert low == pytest.approx([1 - 2 * unseen, 0.4 - 1.4 * unseen, 0])
    assert np.isnan(high).tolist() == [True, True, False]


def held(n_groups, share, resemblance, rng, shares=False, by_group=True):
    """Share of 2000 data sets whose interval holds the truth; five clips a group."""
    concentration = 1 / resemblance - 1
    own = rng.beta(concentration * share, concentration * (1 - share), (n_groups, 2000))
    trials = 20 if shares else 1
    values = rng.binomial(trials, np.repeat(own, 5, axis=0)) / trials
    sums = values.reshape(n_groups, 5, 2000).sum(axis=1) if by_group else values
    low, high = share_interval(sums, np.full(len(sums), 5.0 if by_group else 1.0), 0.95)
    return ((low <= share) & (share <= high)).mean()


# Three standard errors of 2000 data sets: 0.015.
@pytest.mark.parametrize("n_groups", [10, 20, 40])
@pytest.mark.parametrize(("share", "shares"), [(0.5, False), (0.8, False), (0.5, True), (0.8, True)])
def test_intervals_hold_the_truth_as_often_as_they_say(n_groups, share, shares, rng):
    assert held(n_groups, share, 0.25, rng, shares) == pytest.approx(0.955, abs=0.03)


@pytest.mark.parametrize("n_groups", [10, 20, 40])
@pytest.mark.parametrize("shares", [False, True])
def test_near_one_they_err_to_the_wide_side(n_groups, shares, rng):
    assert held(n_groups, 0.98, 0.25, rng, shares) > 0.91


def test_intervals_that_ignore_groups_or_silence_do_not_hold_it(rng, monkeypatch):
    assert held(20, 0.8, 0.4, rng, by_group=False) < 0.85
    monkeypatch.setattr("audioinv.measure.intervals._ROUNDING", -1.0)  # no group is silent
    assert held(10, 0.98, 0.25, rng, shares=True) < 0.88
