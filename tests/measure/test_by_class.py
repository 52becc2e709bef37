"""Classes that a shift moves more than others: planted ones are flagged, and chance alone flags none."""

import numpy as np
import pytest
from scipy import stats

from audioinv.measure.by_class import compare_classes, estimate_classes
from audioinv.measure.pairing import sign_flip_test
from audioinv.measure.statistics import estimate_mean

NAMES = ("hat", "kick", "snare", "tom")


def test_each_class_is_averaged_by_itself_and_the_unsteady_one_stands_out(rng):
    classes = np.repeat([0, 1, 3, -1], 24)
    groups = np.tile(np.repeat(np.arange(12), 2), 4)
    values = np.where(classes == 1, 0.3, 0.9) + rng.uniform(-0.1, 0.1, 96)
    found = estimate_classes(values, classes, NAMES, groups, rng=rng)
    assert [one.name for one in found] == ["hat", "kick", "tom"]
    assert [one.stands_out for one in found] == ["above", "below", "above"]
    for one, index in zip(found, (0, 1, 3), strict=True):
        assert one.estimate == estimate_mean(values[classes == index], groups[classes == index], rng=rng)
        assert (one.estimate.n, one.estimate.n_groups) == (24, 12)


def test_the_difference_to_the_rest_is_newcombes(rng):
    """Ten answers of one class, twenty of another: flagged just where the hybrid score interval leaves 0 out."""
    for n_right in range(11):
        values = np.concatenate([np.arange(10) < n_right, np.arange(20) < 17]).astype(float)
        z = stats.t.ppf(1 - 0.05 / 4, [9, 19])
        (low, high), (rest_low, rest_high) = (
            _wilson(share, n, quantile) for share, n, quantile in ((n_right / 10, 10, z[0]), (0.85, 20, z[1]))
        )
        difference = n_right / 10 - 0.85
        upper = difference + np.sqrt((high - n_right / 10) ** 2 + (0.85 - rest_low) ** 2)
        lower = difference - np.sqrt((n_right / 10 - low) ** 2 + (rest_high - 0.85) ** 2)
        (one, _) = estimate_classes(values, np.repeat([0, 1], [10, 20]), NAMES, None, rng=rng)
        if 0 < n_right < 10:  # perfect classes have another interval
            assert one.stands_out == ("below" if upper < 0 else "above" if lower > 0 else "no")


def _wilson(share, n, z):
    centre, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)


@pytest.mark.parametrize("whole", [False, True])
def test_where_classes_do_not_differ_one_is_rarely_flagged(rng, whole):
    """Six classes, which share the groups or have groups of their own; plain intervals would flag far more."""
    classes = np.repeat(np.arange(6), 30)
    groups = np.repeat(np.arange(60), 3) if whole else np.tile(np.repeat(np.arange(10), 3), 6)
    simultaneous = apart = 0
    for _ in range(300):
        own = rng.beta(2.4, 0.6, groups.max() + 1)[groups]
        values = rng.binomial(20, own) / 20
        found = estimate_classes(values, classes, tuple("abcdef"), groups, rng=rng)
        simultaneous += any(one.stands_out != "no" for one in found)
        apart += any(not one.estimate.low <= values.mean() <= one.estimate.high for one in found)
    assert simultaneous / 300 < 0.09  # three standard errors above 0.05
    if whole:
        assert apart / 300 > 0.12


def test_a_class_of_few_groups_does_not_stand_out(rng):
    """Three kits hold every tom: as many clips tell no more. Without groups, or in twelve kits, the toms are below."""
    classes = np.repeat([0, 3], 60)
    values = np.where(classes == 3, 0.3, 0.9) + rng.uniform(-0.1, 0.1, 120)

    def flag(n_kits):
        groups = None if n_kits is None else np.append(np.arange(60), 100 + np.arange(60) % n_kits)
        return estimate_classes(values, classes, NAMES, groups, rng=rng)[1].stands_out

    assert [flag(None), flag(12), flag(3)] == ["below", "below", "no"]


def test_two_models_are_compared_class_by_class(rng):
    classes = np.repeat([0, 1, 2], 10)  # so few that every pattern of signs is tried
    differences = np.where(classes == 1, 0.3, 0.0) + rng.uniform(-0.1, 0.1, 30)
    p = compare_classes(differences, classes, 4, None, rng=rng)
    plain = [sign_flip_test(differences[classes == index], None, rng=rng) for index in range(3)]
    assert plain[1] == 2 / 2**10
    assert p[:3] == pytest.approx(stats.false_discovery_control(plain))
    assert np.isnan(p[3])
    assert p[1] < 0.01 < 0.05 < min(p[0], p[2])


def test_two_models_are_compared_by_groups(rng):
    """Six kits of five clips each, all to one side: two of 2^6 patterns of signs, not of 2^30."""
    kits = np.arange(60) // 5
    classes = np.repeat([0, 1], 30)
    differences = np.where(classes == 1, 0.3, 0.0) + rng.uniform(-0.1, 0.1, 60)
    p = compare_classes(differences, classes, 2, kits, rng=rng)
    plain = [sign_flip_test(differences[classes == index], kits[classes == index], rng=rng) for index in range(2)]
    assert plain[1] == 2 / 2**6
    assert p == pytest.approx(stats.false_discovery_control(plain))


def test_a_single_class_has_no_others_to_stand_out_from(rng):
    (one,) = estimate_classes(rng.random(20), np.full(20, 2), NAMES, None, rng=rng)
    assert (one.name, one.stands_out, one.estimate.n) == ("snare", "no", 20)


def test_a_class_of_one_clip_is_told_and_not_judged(rng):
    found = estimate_classes(np.array([0.0, *np.ones(20)]), np.array([0] + [1] * 20), NAMES, None, rng=rng)
    assert np.isnan(found[0].estimate.low)
    assert {one.stands_out for one in found} == {"no"}
    assert estimate_classes(np.full(3, np.nan), np.zeros(3, int), NAMES, None, rng=rng) == ()
