"""The verdict's rule: what comes before what, floors and tolerance, and that dead is not invariant."""

import numpy as np
import pytest

from audioinv.measure.layerwise.verdict import Floors, Ratios, Verdict, decide

QUIET = Floors(repeat=0.0, rounding=1e-6)
NONE, MUCH = Ratios(np.nan, np.nan), Ratios(0.5, 0.5)


def judge(invariance, equivariance, floors=QUIET, stride=4, between=True):
    return decide(invariance, equivariance, floors, stride=stride, between=between, tolerance=0.01)


@pytest.mark.parametrize(
    ("invariance", "equivariance", "text"),
    [
        (Ratios(0.0, 0.0), MUCH, "invariant, exactly"),
        (Ratios(0.009, 0.0), MUCH, "invariant"),
        (Ratios(0.02, 0.0), MUCH, "invariant to multiples of 4, exactly"),
        (Ratios(0.02, 0.005), NONE, "invariant to multiples of 4"),
        (Ratios(0.0, 0.0), Ratios(0.0, 0.0), "invariant, exactly"),
        (MUCH, Ratios(0.3, 1e-7), "equivariant, stride 4, exactly"),
        (MUCH, Ratios(0.3, 0.01), "equivariant, stride 4"),
        (MUCH, Ratios(0.001, 0.0), "equivariant, stride 4 (and between)"),
        (MUCH, Ratios(0.3, 0.011), "neither"),
        (MUCH, Ratios(0.3, np.nan), "neither"),
        (MUCH, NONE, "neither"),
        (NONE, NONE, "dead"),
        (NONE, Ratios(0.0, 0.0), "dead"),
    ],
)
def test_the_rule(invariance, equivariance, text):
    assert str(judge(invariance, equivariance)) == text


def test_a_sweep_of_multiples_claims_nothing_about_the_shifts_between():
    steady = Ratios(0.0, 0.0)
    assert str(judge(steady, MUCH, between=False)) == "invariant to multiples of 4, exactly"
    assert str(judge(MUCH, steady, between=False)) == "equivariant, stride 4, exactly"
    assert str(judge(steady, MUCH, stride=1, between=False)) == "invariant, exactly"


@pytest.mark.parametrize("floors", [Floors(0.02, 0.0), Floors(0.0, 0.02), Floors(np.nan, np.nan)])
def test_what_drowns_in_noise_or_rounding_is_left_undecided(floors):
    assert judge(Ratios(0.0, 0.0), MUCH, floors) == Verdict("undecided", 4)


def test_exact_means_at_the_floor():
    assert not judge(Ratios(2e-6, 2e-6), MUCH).exact
    assert judge(Ratios(2e-6, 2e-6), MUCH, Floors(2e-6, 0.0)).exact
    assert judge(Ratios(2e-6, 2e-6), MUCH, Floors(0.0, 2e-6)).exact


def test_floors_up_to_the_tolerance_decide():
    assert judge(Ratios(0.01, 0.01), MUCH, Floors(0.01, 0.01)) == Verdict("invariant", 4, True, True)


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Verdict("invariant", 1), "invariant"),
        (Verdict("invariant", 2), "invariant to multiples of 2"),
        (Verdict("invariant", 2, every_shift=True), "invariant"),
        (Verdict("equivariant", 1, every_shift=True), "equivariant, stride 1"),
        (Verdict("equivariant", 2), "equivariant, stride 2"),
        (Verdict("equivariant", 2, every_shift=True), "equivariant, stride 2 (and between)"),
        (Verdict("equivariant", 2, exact=True), "equivariant, stride 2, exactly"),
        (Verdict("neither", 2), "neither"),
    ],
)
def test_a_verdict_in_words(verdict, text):
    """Of stride 1 every shift is a multiple, so that nothing lies between."""
    assert str(verdict) == text
