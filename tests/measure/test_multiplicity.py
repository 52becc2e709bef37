"""Adjusted p values against SciPy and loops, and how often they cry wolf."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from audioinv.measure.multiplicity import benjamini_hochberg, holm

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


@pytest.mark.parametrize("p", [[0.01], [0.02, 0.5, 0.01, 0.01], [0.3, 0.001, 0.04, 0.04, 0.9, 0.0, 1.0]])
def test_adjusted_p_values_are_those_of_statsmodels(p):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])  # collects garbage at each call: only few
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])


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
