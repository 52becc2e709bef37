"""Measures of scores: hand-made cases, loops that spell the definitions out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.measure import drift
from audioinv.measure.outcome import top1
from tests.measure.drawn import probabilities

HAND = np.array([[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]])


def test_hand_made_scores():
    assert drift.mean_absolute_change(HAND, 0) == pytest.approx([(0.3 + 0.7) / 2])
    assert drift.mean_absolute_change(HAND, 1) == pytest.approx([(0.3 + 0.4) / 2])
    assert drift.neighbour_change(HAND, 0) == pytest.approx([(0.3 + 0.4) / 2])
    assert drift.wobble(HAND, 0, np.array([-1])) == pytest.approx([0.7])
    assert drift.margin(HAND) == pytest.approx(np.array([[0.6, 0, 0.8]]))
    assert drift.class_scores(HAND, np.array([0])).tolist() == [[0.2, 0.5, 0.9]]
    np.testing.assert_array_equal(drift.class_scores(HAND, np.array([[1, -1, 0]])), [[0.8, np.nan, 0.9]])


@settings(deadline=None)
@given(probabilities())
def test_changes_follow_their_definitions(drawn):
    scores, zero, targets = drawn
    answers = top1(scores, zero)
    n_shifts = scores.shape[1]
    for i, clip in enumerate(scores):
        clean = answers[i, zero]
        from_clean = [abs(clip[s, clean] - clip[zero, clean]) for s in range(n_shifts) if s != zero]
        to_next = [abs(clip[s + 1, answers[i, s]] - clip[s, answers[i, s]]) for s in range(n_shifts - 1)]
        followed = [clip[s, targets[i]] for s in range(n_shifts)]
        assert drift.mean_absolute_change(scores, zero)[i] == pytest.approx(np.mean(from_clean))
        assert drift.neighbour_change(scores, zero)[i] == pytest.approx(np.mean(to_next))
        assert drift.wobble(scores, zero, targets)[i] == pytest.approx(max(followed) - min(followed))
        for s in range(n_shifts):
            second, first = sorted(clip[s])[-2:]
            assert drift.margin(scores)[i, s] == pytest.approx(first - second)


@settings(deadline=None)
@given(probabilities())
def test_wobble_of_a_clip_without_a_label_follows_the_clean_answer(drawn):
    scores, zero, targets = drawn
    clean = top1(scores, zero)[:, zero]
    np.testing.assert_array_equal(
        drift.wobble(scores, zero, np.full_like(targets, -1)), drift.wobble(scores, zero, clean)
    )


@settings(deadline=None)
@given(probabilities(), st.randoms(use_true_random=False))
def test_renaming_classes_changes_nothing(drawn, random):
    scores, zero, targets = drawn
    order = list(range(scores.shape[2]))
    random.shuffle(order)
    renamed, new_targets = scores[..., order], np.argsort(order)[targets]

    def measures(scores, targets):
        yield drift.mean_absolute_change(scores, zero)
        yield drift.neighbour_change(scores, zero)
        yield drift.wobble(scores, zero, targets)
        yield drift.margin(scores)
        yield drift.class_scores(scores, targets)

    for before, after in zip(measures(scores, targets), measures(renamed, new_targets), strict=True):
        np.testing.assert_allclose(before, after, atol=1e-14)


def test_a_constant_predictor_does_not_drift():
    scores = np.broadcast_to(np.float32([0.1, 0.7, 0.2]), (3, 5, 3))
    targets = np.array([0, 1, -1])
    for values in (
        drift.mean_absolute_change(scores, 2),
        drift.neighbour_change(scores, 2),
        drift.wobble(scores, 2, targets),
    ):
        assert values.tolist() == [0, 0, 0]


def test_undefined_without_another_shift_or_another_class():
    alone = np.array([[[0.2, 0.8]]])
    for values in (
        drift.mean_absolute_change(alone, 0),
        drift.neighbour_change(alone, 0),
        drift.wobble(alone, 0, np.array([1])),
        drift.margin(np.array([[[0.4]]])),
    ):
        assert np.isnan(values).all()


def test_scores_that_are_no_numbers_leave_only_their_clip_undefined():
    scores = np.array([[[0.2, 0.8], [np.nan, 0.5]], [[0.2, 0.8], [0.5, 0.5]]])
    for values in (
        drift.mean_absolute_change(scores, 0),
        drift.neighbour_change(scores, 0),
        drift.wobble(scores, 0, np.array([1, 1])),
    ):
        assert np.isnan(values[0])
        assert values[1] == pytest.approx(0.3)
    np.testing.assert_array_equal(np.isnan(drift.margin(scores)), [[False, True], [False, False]])


def test_infinite_scores_do_not_warn():
    scores = np.array([[[np.inf, 0.0], [np.inf, 1.0]]])
    assert np.isnan(drift.mean_absolute_change(scores, 0)[0])
    assert np.isnan(drift.neighbour_change(scores, 0)[0])
    assert np.isnan(drift.wobble(scores, 0, np.array([0]))[0])


@settings(deadline=None)
@given(probabilities())
def test_unchanged_scores_are_counted(drawn):
    scores, zero, _ = drawn
    clean = top1(scores, zero)[:, zero]
    for i, clip in enumerate(scores):
        near = [abs(row[clean[i]] - clip[zero, clean[i]]) < 0.2 for s, row in enumerate(clip) if s != zero]
        assert drift.unchanged(scores, zero, 0.2)[i] == pytest.approx(np.mean(near))


def test_a_change_of_just_the_tolerance_is_a_change():
    scores = np.array([[[0.25, 0.75], [0.5, 0.5], [0.375, 0.625]]])
    assert drift.unchanged(scores, 0, 0.25) == [0.5]
    assert drift.unchanged(scores, 0, 0.125) == [0]
    assert drift.unchanged(scores, 0, 0.3) == [1]


def loop_excess(curve, zero):
    """Add up the variation of the curve, less that of an envelope built step by step away from zero."""
    total = sum(abs(b - a) for a, b in pairwise(curve))
    for side in (curve[zero:], curve[: zero + 1][::-1]):
        envelope = [side[0]]
        for value in side[1:]:
            envelope.append(min(value, envelope[-1]))
        total -= sum(abs(b - a) for a, b in pairwise(envelope))
    return total


@settings(deadline=None)
@given(probabilities())
def test_variation_follows_its_definition(drawn):
    scores, zero, targets = drawn
    for i, clip in enumerate(scores):
        curve = clip[:, targets[i]]
        total = drift.total_variation(scores, zero, targets)[i]
        assert total == pytest.approx(sum(abs(b - a) for a, b in pairwise(curve)))
        assert total >= drift.wobble(scores, zero, targets)[i] - 1e-12
        assert drift.excess_variation(scores, zero, targets)[i] == pytest.approx(loop_excess(curve, zero), abs=1e-12)


def test_only_a_curve_that_falls_away_from_zero_has_no_excess():
    def excess(curve, zero):
        scores = np.stack([curve, 1 - np.array(curve)], axis=1)[None]
        return drift.excess_variation(scores, zero, np.array([0]))[0]

    assert excess([0.25, 0.5, 1.0, 0.75, 0.5], 2) == 0
    assert excess([0.25, 0.5, 0.75, 1.0, 0.5], 2) == 0.5  # up by a quarter and back, though it has one peak
    assert excess([0.25, 0.5, 1.0, 0.5, 0.75], 2) == 0.25
    falling = np.sort(np.random.default_rng(0).random((300, 4, 1)), axis=1)[:, ::-1] / 3
    assert drift.excess_variation(falling, 0, np.zeros(300, dtype=int)).min() == 0  # whatever rounding does


def test_without_another_shift_nothing_varies():
    for measure in (drift.wobble, drift.total_variation, drift.excess_variation):
        assert np.isnan(measure(HAND[:, :1], 0, np.array([0]))).all()
    assert np.isnan(drift.unchanged(HAND[:, :1], 0)).all()
