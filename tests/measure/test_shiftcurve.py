"""Area under a curve of shifts and its half width: known shapes, and a search step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc

from audioinv.measure import shiftcurve

SHIFTS = np.linspace(-10, 10, 41)


def test_a_flat_curve_has_area_one_and_no_width():
    for height in (0.3, 1.0):
        flat = np.full(41, height)
        assert shiftcurve.area(flat, SHIFTS) == pytest.approx(height)
        assert np.isnan(shiftcurve.half_width(flat, SHIFTS, 20))


def test_a_triangle():
    triangle = 0.8 * (1 - np.abs(SHIFTS) / 10)
    assert shiftcurve.area(triangle, SHIFTS) == pytest.approx(0.4)
    assert shiftcurve.half_width(triangle, SHIFTS, 20) == pytest.approx(1)
    assert shiftcurve.half_width(triangle, SHIFTS, 20, level=0.5) == pytest.approx(5)


def test_a_box():
    box = (np.abs(SHIFTS) <= 3).astype(float)
    assert shiftcurve.area(box, SHIFTS) == pytest.approx(6.5 / 20)
    assert shiftcurve.half_width(box, SHIFTS, 20) == pytest.approx(3.05)  # the line from 1 at 3 to 0 at 3.5


def test_steps_may_differ():
    shifts = np.array([-4.0, 0.0, 1.0, 2.0])
    assert shiftcurve.area(np.array([0.0, 1.0, 1.0, 0.0]), shifts) == pytest.approx((2 + 1 + 0.5) / 6)


def test_the_area_is_that_of_a_loop_and_of_scikit_learn(rng):
    shifts, curves = np.sort(rng.uniform(-5, 5, 9)), rng.random((3, 9))
    shifts[4] = 0
    shifts.sort()
    for found, curve in zip(shiftcurve.area(curves, shifts), curves, strict=True):
        under = sum((shifts[i + 1] - shifts[i]) * (curve[i] + curve[i + 1]) / 2 for i in range(8))
        assert found == pytest.approx(under / (shifts[-1] - shifts[0]))
        assert found == pytest.approx(auc(shifts, curve) / np.ptp(shifts))


@settings(deadline=None)
@given(st.lists(st.integers(0, 8), min_size=2, max_size=9), st.data())
def test_half_width_is_where_a_fine_walk_first_falls_below(heights, data):
    curve = np.array(heights) / 8
    zero = data.draw(st.integers(0, len(curve) - 1))
    shifts = np.arange(len(curve)) - float(zero)
    limit = min(side for side in (zero, len(curve) - 1 - zero) if side)
    walk = np.linspace(0, limit, 4001)
    below = [
        d
        for d in walk
        for s in (-d, d)
        if shifts[0] <= s <= shifts[-1] and np.interp(s, shifts, curve) < 0.9 * curve[zero] - 1e-9
    ]
    found = shiftcurve.half_width(curve, shifts, zero)
    if np.isnan(found):
        assert not below
    else:
        assert found == pytest.approx(min(below, default=limit), abs=2 * limit / 4000 + 1e-9)


def test_one_side_swept_further_is_no_evidence_for_the_other():
    shifts, curve = np.array([-1.0, 0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    assert np.isnan(shiftcurve.half_width(curve, shifts, 1))
    assert shiftcurve.half_width(curve[1:], shifts[1:], 0) == pytest.approx(2.1)
    assert np.isnan(shiftcurve.half_width(curve[1:], shifts[:-1], 1))  # at 1.1, where the left was swept to 1


def test_undefined():
    assert np.isnan(shiftcurve.area(np.array([1.0]), np.array([0.0])))
    assert np.isnan(shiftcurve.half_width(np.array([1.0]), np.array([0.0]), 0))
    nothing_right = np.array([0.5, 0.0, 0.5])
    assert np.isnan(shiftcurve.half_width(nothing_right, np.array([-1.0, 0.0, 1.0]), 1))
