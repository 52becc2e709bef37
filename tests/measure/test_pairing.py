"""Paired tests: every pattern of signs tried by hand, SciPy, the level under the null, and the power they promise."""

import itertools

import numpy as np
import pytest
from scipy import stats

from audioinv.measure import pairing
from audioinv.measure.pairing import differ, minimum_detectable_change, sign_flip_test
from audioinv.measure.statistics import estimate_mean


def test_few_units_are_tested_exactly(rng):
    differences = rng.standard_normal(8) + 0.5
    larger = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True))) >= abs(differences.sum()) - 1e-9
        for signs in itertools.product((-1, 1), repeat=8)
    ]
    assert sign_flip_test(differences, None, rng=rng) == pytest.approx(np.mean(larger))


def test_many_units_are_tested_as_scipy_does(rng):
    differences = rng.standard_normal(30) + 0.4
    expected = stats.permutation_test(
        (differences, np.zeros(30)),
        lambda a, b, axis: (a - b).mean(axis),
        permutation_type="samples",
        n_resamples=9999,
        vectorized=True,
        rng=rng,
    ).pvalue
    assert sign_flip_test(differences, None, rng=rng) == pytest.approx(expected, abs=0.01)
    assert 0.001 < expected < 0.4


def test_twelve_units_are_tried_in_every_pattern_and_thirteen_in_9999(rng):
    assert sign_flip_test(np.ones(12), None, rng=rng) == 2 / 2**12
    drawn = float(sign_flip_test(np.ones(13), None, rng=rng)) * 10_000
    assert drawn == pytest.approx(round(drawn), abs=1e-9)
    assert drawn != pytest.approx(2 / 2**13 * 10_000, abs=0.1)
    assert sign_flip_test(np.ones(60), None, rng=rng) == 1 / 10_000  # as rare as can be seen, and not 0


@pytest.mark.parametrize("n_units", [8, 20])
def test_each_point_of_a_curve_is_tested_by_itself(n_units):
    differences = np.random.default_rng(5).standard_normal((n_units, 3)) + np.array([0.0, 0.4, 0.8])
    together = sign_flip_test(differences, None, rng=np.random.default_rng(1))
    alone = [float(sign_flip_test(column, None, rng=np.random.default_rng(1))) for column in differences.T]
    assert together.tolist() == alone
    assert len(set(alone)) == 3
    holey = np.concatenate([[[np.nan, 9.0, 9.0]], differences])
    assert sign_flip_test(holey, None, rng=np.random.default_rng(1)).tolist() == alone
    assert np.isnan(sign_flip_test(np.full((4, 3), np.nan), None, rng=np.random.default_rng(1))).tolist() == [True] * 3


def test_patterns_in_parts_are_patterns_at_once(monkeypatch):
    differences = np.random.default_rng(5).standard_normal(14) + 0.3
    at_once = sign_flip_test(differences, None, rng=np.random.default_rng(1))
    monkeypatch.setattr(pairing, "_AT_ONCE", 14 * 2000)  # five parts, the last one shorter
    assert sign_flip_test(differences, None, rng=np.random.default_rng(1)) == at_once


def test_groups_change_sign_as_one(rng):
    differences, groups = rng.standard_normal(12) + 0.6, np.arange(12)
    alone = sign_flip_test(differences, groups, rng=rng)
    copied = sign_flip_test(np.repeat(differences, 5), np.repeat(groups, 5), rng=rng)
    apart = sign_flip_test(np.repeat(differences, 5), None, rng=rng)
    assert copied == alone
    assert apart < copied / 2


def test_few_groups_change_sign_as_one_too(rng):
    """Five kits of forty clips, all to one side: two patterns of 2^5, whereas clips would show more than there is."""
    kits = np.repeat(np.arange(5), 40)
    assert sign_flip_test(np.full(200, 0.3), kits, rng=rng) == 2 / 32
    assert sign_flip_test(np.full(200, 0.3), None, rng=rng) < 0.001
    assert sign_flip_test(np.full(80, 0.3), kits[:80], rng=rng) == 2 / 4
    assert np.isnan(sign_flip_test(np.full(40, 0.3), kits[:40], rng=rng))
    means = rng.standard_normal(5)
    copied = minimum_detectable_change(np.repeat(means, 40), kits)
    assert copied == pytest.approx(minimum_detectable_change(means, None))
    assert np.isnan(minimum_detectable_change(rng.standard_normal(40), kits[:40]))


def clustered(rng, n_groups, effect=0.0, n_points=None):
    """Differences of five clips a group that resemble each other."""
    codes = np.repeat(np.arange(n_groups), 5)
    shape = (n_groups,) if n_points is None else (n_groups, n_points)
    return effect + rng.standard_normal(shape)[codes] + rng.standard_normal((len(codes), *shape[1:])), codes


@pytest.mark.parametrize("n_groups", [6, 10, 15])
def test_the_level_holds_under_the_null_and_breaks_if_groups_are_ignored(rng, n_groups):
    differences, codes = clustered(rng, n_groups, n_points=2000)
    known = (sign_flip_test(differences, codes, rng=rng) < 0.05).mean()
    ignored = (sign_flip_test(differences, None, rng=rng) < 0.05).mean()
    assert known == pytest.approx(0.05, abs=0.016)
    assert ignored > 0.15


def test_a_change_as_large_as_promised_is_seen_as_often_as_promised(rng):
    promised = np.mean([minimum_detectable_change(*clustered(rng, 20)) for _ in range(200)])
    differences, codes = clustered(rng, 20, effect=promised, n_points=1500)
    assert (sign_flip_test(differences, codes, rng=rng) < 0.05).mean() == pytest.approx(0.8, abs=0.06)


def test_the_detectable_change_of_independent_clips_is_that_of_a_t_test(rng):
    d = rng.standard_normal(25)
    error = d.std(ddof=1) / 5
    expected = (stats.t.ppf(0.975, 24) + stats.t.ppf(0.8, 24)) * error
    assert minimum_detectable_change(d, None) == pytest.approx(expected)
    assert minimum_detectable_change(np.repeat(d, 4), np.repeat(np.arange(25), 4)) == pytest.approx(expected)
    stricter = (stats.t.ppf(0.995, 24) + stats.t.ppf(0.9, 24)) * error
    assert minimum_detectable_change(d, None, level=0.01, power=0.9) == pytest.approx(stricter)
    of_two = (stats.t.ppf(0.975, 1) + stats.t.ppf(0.8, 1)) * 0.25
    assert minimum_detectable_change([0.5, 1.0], None) == pytest.approx(of_two)


def test_no_difference_and_too_few_units(rng):
    assert sign_flip_test(np.zeros(20), None, rng=rng) == 1
    assert sign_flip_test([0.7], None, rng=rng) == 1
    for nothing in ([np.nan], []):
        assert np.isnan(sign_flip_test(nothing, None, rng=rng))
    assert sign_flip_test(np.array([1.0, 1, 1, 1, 1, 1, np.nan]), None, rng=rng) == 2 / 64
    for differences in (np.zeros(20), [0.7], [np.nan]):
        assert np.isnan(minimum_detectable_change(differences, None))


def test_two_models_differ_by_what_clips_that_both_answered_say():
    first = np.array([0.9, 0.8, np.nan, 0.7, 0.6, 0.9])
    second = np.array([0.5, 0.7, 0.1, np.nan, 0.4, 0.2])
    groups = np.array([0, 0, 1, 1, 2, 3])
    found = differ(first, second, groups, rng=np.random.default_rng(0))
    assert (found.axis, found.measure) == ("", "")
    assert (found.first, found.second) == (pytest.approx(3.2 / 4), pytest.approx(1.8 / 4))
    assert found.difference == estimate_mean(first - second, groups, rng=np.random.default_rng(0), bounds=(-1.0, 1.0))
    assert (found.difference.value, found.difference.n_undefined) == (pytest.approx(1.4 / 4), 2)
    assert found.p_value == found.p_adjusted == 2 / 2**3
    assert found.detectable == minimum_detectable_change(first - second, groups)


def test_a_difference_is_bounded_by_1_either_way_unless_said_otherwise():
    options = {"rng": np.random.default_rng(0), "groups": None}
    for sign in (1.0, -1.0):
        found = differ(np.full(12, sign), np.zeros(12), **options).difference
        # Of twelve alike, a share of others may have been missed, and these could be at the other bound.
        unseen = 1 - 0.025 ** (1 / 12)
        assert sorted([sign * found.low, sign * found.high]) == pytest.approx([1 - 2 * unseen, 1])
    wide = differ(np.ones(12), np.zeros(12), bounds=(-1.0, 3.0), **options).difference
    assert wide.high == pytest.approx(1 + 2 * unseen)


def test_two_models_that_share_no_answer_do_not_compare():
    found = differ(np.array([np.nan, 1.0]), np.array([1.0, np.nan]), None, rng=np.random.default_rng(0))
    assert np.isnan([found.first, found.second, found.difference.value, found.p_value, found.detectable]).all()
