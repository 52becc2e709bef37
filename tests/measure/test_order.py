"""Measures of order: against loops that spell the definitions out, by hand, and where they are undefined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.measure.order import (
    dominated,
    order_distance,
    order_horizon,
    order_sensitivity,
    permutation_confusion,
)

ANSWERS = np.array([[1, 1, 0, 0], [2, 2, 2, 2], [0, 1, -1, 0]])


def test_order_sensitivity_counts_the_other_orders():
    np.testing.assert_allclose(order_sensitivity(ANSWERS, 0), [2 / 3, 0, np.nan])
    np.testing.assert_allclose(order_sensitivity(ANSWERS, 3), [2 / 3, 0, np.nan])  # another column is the original
    np.testing.assert_allclose(order_sensitivity(ANSWERS, 0, [False, True, False, False]), [1, 0, np.nan])
    per_clip = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(order_sensitivity(ANSWERS, 0, per_clip), [0, np.nan, np.nan])
    np.testing.assert_allclose(order_sensitivity(ANSWERS[:1], 0, [[False, True, False, True]]), [1])


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_measures_follow_their_definitions(seed):
    rng = np.random.default_rng(seed)
    n_clips, n_orders, n_classes = rng.integers(2, 6, 3)
    scores = rng.dirichlet(np.ones(n_classes), size=(n_clips, n_orders))
    answers, zero = scores.argmax(-1), int(rng.integers(n_orders))
    others = [j for j in range(n_orders) if j != zero]
    for i in range(n_clips):
        changed = [answers[i, j] != answers[i, zero] for j in others]
        moved = [sum(abs(scores[i, j, c] - scores[i, zero, c]) for c in range(n_classes)) for j in others]
        assert order_sensitivity(answers, zero)[i] == pytest.approx(np.mean(changed))
        assert order_distance(scores, zero)[i] == pytest.approx(np.mean(moved))
        assert 0 <= order_distance(scores, zero)[i] <= 2


def test_order_distance_is_undefined_without_another_order_or_with_a_score_that_is_no_number():
    assert np.isnan(order_distance(np.ones((1, 1, 2)), 0)).all()
    scores = np.array([[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [np.inf, 0.0]], [[np.nan, 0.5], [1.0, 0.0]]])
    np.testing.assert_array_equal(order_distance(scores, 0), [1.0, np.nan, np.nan])


def test_permutation_confusion_has_chance_one_half_and_is_a_balanced_accuracy(rng):
    classes = np.tile([0, 1], (200, 1))
    blind = np.repeat(rng.dirichlet(np.ones(3), size=(200, 1)), 2, axis=1)
    np.testing.assert_array_equal(permutation_confusion(blind, classes), 0.5)  # the same scores for both orders
    scores = rng.dirichlet(np.ones(3), size=(200, 2))
    asked = scores[..., :2].argmax(-1)
    recalls = [(asked[:, column] == column).mean() for column in (0, 1)]
    assert permutation_confusion(scores, classes).mean() == pytest.approx(np.mean(recalls))
    right = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.8, 0.2]], [[0.5, 0.5], [0.2, 0.8]]])
    np.testing.assert_array_equal(permutation_confusion(right, classes[:3]), [1, 0, 0.75])
    np.testing.assert_array_equal(permutation_confusion(right, classes[:3, ::-1]), [0, 1, 0.25])


def test_permutation_confusion_is_undefined_without_two_classes_or_numbers():
    scores = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.9, np.nan], [0.2, 0.8]]])
    assert np.isnan(permutation_confusion(scores, np.array([[1, 1], [0, 1]]))).all()


@pytest.mark.parametrize(
    ("levels", "separated", "value", "censored"),
    [
        ([1, 2, 3], [1, 0, 0], 1, False),
        ([1, 2, 3], [1, 1, 0], 2, False),
        ([3, 1, 2], [1, 1, 1], 3, True),
        ([1, 2, 3], [1, 0, 1], 1, False),  # what is heard beyond a gap does not count
        ([1, 2, 2], [1, 1, 0], 1, False),  # one pair of a level is not the level
        ([1, 2], [0, 1], 0, False),
        ([2, 3], [0, 0], np.nan, False),
    ],
)
def test_the_horizon_is_the_level_up_to_which_all_is_told_apart(levels, separated, value, censored):
    found = order_horizon(levels, separated)
    np.testing.assert_equal(found.value, value)
    assert found.censored is censored
    assert list(found.levels) == sorted(set(levels))
    pairs = list(zip(levels, separated, strict=True))
    assert found.separated == tuple(np.mean([one for level, one in pairs if level == tried]) for tried in found.levels)


def test_a_model_is_dominated_by_one_that_is_as_good_in_both_and_better_in_one(rng):
    points = np.array([[1.0, 0.5], [1.0, 0.9], [0.5, 1.0], [1.0, 0.9], [0.4, 0.9], [np.nan, 1.0]])
    np.testing.assert_array_equal(dominated(*points.T), [1, 0, 0, 0, 1, np.nan])
    drawn = rng.integers(0, 4, (12, 2))
    expected = [any((q >= p).all() and (q > p).any() for q in drawn) for p in drawn]
    np.testing.assert_array_equal(dominated(*drawn.T), expected)


@pytest.mark.parametrize(("levels", "separated"), [([], []), ([1, 2], [True])])
def test_errors_say_what_is_wrong(levels, separated):
    with pytest.raises(InputError, match="one for each pair"):
        order_horizon(levels, separated)
