"""The minimal flip shift: sweeps by hand, and what must hold on either side of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.measure.flips import flip_shifts
from tests.measure.drawn import ANSWERS


@pytest.mark.parametrize(
    ("shifts", "row", "amount", "censored", "limit"),
    [
        ([-2, -1, 0, 1, 2], [0, 1, 1, 1, 1], 2, False, 2),
        ([-2, -1, 0, 1, 2], [0, 1, 1, 0, 1], 1, False, 2),
        ([-2, -1, 0, 1, 2], [1, 1, 1, 1, 1], 2, True, 2),
        ([0, 1, 2, 3], [1, 1, 1, 0], 3, False, 3),  # one-sided: its only side
        ([-3, -2, -1, 0], [1, 1, 1, 1], 3, True, 3),
        ([-1, 0, 1, 2, 3], [1, 1, 1, 1, 0], 1, True, 1),  # a change at 3, but -2 and -3 were never tried
        ([-0.3, 0, 0.1 + 0.2], [1, 1, 0], 0.3, False, 0.3),  # ends that rounding has made unequal
    ],
)
def test_minimal_flip_shift(shifts, row, amount, censored, limit):
    flips = flip_shifts(np.array([row]), np.array(shifts, dtype=float))
    assert flips.amounts[0] == pytest.approx(amount)
    assert flips.censored[0] == censored
    assert flips.limit == pytest.approx(limit)


@settings(deadline=None)
@given(ANSWERS, st.data())
def test_the_answer_holds_below_the_minimal_flip_shift(answers, data):
    n_shifts = answers.shape[1]
    zero = data.draw(st.integers(0, n_shifts - 1))
    shifts = np.arange(n_shifts) - float(zero)
    flips = flip_shifts(answers, shifts)
    for row, amount, censored in zip(answers, flips.amounts, flips.censored, strict=True):
        near = np.abs(shifts) <= amount if censored else np.abs(shifts) < amount
        assert (row[near] == row[zero]).all()
        assert censored or (row[np.abs(shifts) == amount] != row[zero]).any()


def test_a_clip_with_a_missing_answer_has_none():
    amounts = flip_shifts(np.array([[1, -1], [1, 0]]), np.array([0.0, 1.0])).amounts
    np.testing.assert_array_equal(amounts, [np.nan, 1])


@settings(deadline=None)
@given(ANSWERS, st.permutations(range(4)), st.data())
def test_renaming_classes_changes_nothing(answers, renamed, data):
    zero = data.draw(st.integers(0, answers.shape[1] - 1))
    shifts = np.arange(answers.shape[1]) - float(zero)
    amounts = [flip_shifts(found, shifts).amounts for found in (answers, np.asarray(renamed)[answers])]
    np.testing.assert_array_equal(*amounts)


def test_without_another_shift_there_is_none():
    alone = flip_shifts(np.array([[1], [0]]), np.array([0.0]))
    assert np.isnan(alone.amounts).all()
    assert not alone.censored.any()
