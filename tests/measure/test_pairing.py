"""Paired tests: every pattern of signs tried by hand, SciPy, the level under the null, and the power they promise."""

import itertools

import numpy as np
import pytest
from scipy import stats

from audioinv.measure.pairing import minimum_detectable_change, sign_flip_test


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


def test_no_difference_and_too_few_units(rng):
    assert sign_flip_test(np.zeros(20), None, rng=rng) == 1
    assert sign_flip_test([0.7], None, rng=rng) == 1
    for nothing in ([np.nan], []):
        assert np.isnan(sign_flip_test(nothing, None, rng=rng))
    assert sign_flip_test(np.array([1.0, 1, 1, 1, 1, 1, np.nan]), None, rng=rng) == 2 / 64
    for differences in (np.zeros(20), [0.7], [np.nan]):
        assert np.isnan(minimum_detectable_change(differences, None))
