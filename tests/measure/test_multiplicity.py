"""Adjusted p values against SciPy and loops, and how often they cry wolf; Wilson's interval by solving for it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audioinv.measure.multiplicity import benjamini_hochberg, holm, wilson_interval

P_VALUES = st.lists(st.integers(0, 20).map(lambda k: k / 20), min_size=1, max_size=9)


@settings(deadline=None)
@given(P_VALUES)
def test_adjusted_p_values_follow_their_definitions(p):
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    order = sorted(range(len(p)), key=lambda i: p[i])
    highest, expected = 0.0, np.zeros(len(p))
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - place)))
        expected[i] = highest
    np.testing.assert_allclose(holm(p), expected)


def test_what_was_not_tested_does_not_count():
    p = np.array([[0.01, np.nan], [0.04, 0.03]])
    np.testing.assert_allclose(holm(p), [[0.03, np.nan], [0.06, 0.06]])
    np.testing.assert_allclose(benjamini_hochberg(p), [[0.03, np.nan], [0.04, 0.04]])
    assert np.isnan(holm([np.nan])).all()


def test_holm_keeps_its_level_where_plain_tests_do_not(rng):
    p = rng.random((4000, 10))
    plain, adjusted = (p < 0.05).any(axis=1).mean(), np.mean([(holm(row) < 0.05).any() for row in p])
    assert plain == pytest.approx(1 - 0.95**10, abs=0.03)
    assert adjusted < 0.06


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
