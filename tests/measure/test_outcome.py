"""Measures of answers: hand-made cases, and loops that spell the definitions out."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audioinv.measure import outcome
from tests.measure.drawn import ANSWERS

# Scores in quarters, so that ties are common.
SCORES = st.tuples(st.integers(1, 5), st.integers(2, 6), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
)
HAND = np.array([[1, 1, 0, 2], [2, 2, 2, 2]])


def loop_top1(scores, zero):
    answers = np.zeros(scores.shape[:2], dtype=int)
    for i, clip in enumerate(scores):
        clean = min(k for k, score in enumerate(clip[zero]) if score == max(clip[zero]))
        for s, row in enumerate(clip):
            tied = [k for k, score in enumerate(row) if score == max(row)]
            answers[i, s] = clean if clean in tied else min(tied)
    return answers


@settings(deadline=None)
@given(SCORES, st.data())
def test_answers_follow_their_definition(scores, data):
    zero = data.draw(st.integers(0, scores.shape[1] - 1))
    assert (outcome.top1(scores, zero) == loop_top1(scores, zero)).all()


def test_a_tie_with_the_clean_answer_is_no_flip():
    scores = np.array([[[0.1, 0.9], [0.5, 0.5], [0.6, 0.4]]])
    assert outcome.top1(scores, 0).tolist() == [[1, 1, 0]]
    assert outcome.top1(scores, 2).tolist() == [[1, 0, 0]]


def test_a_lead_within_the_noise_floor_is_no_flip():
    scores = np.array([[[0.125, 0.875], [0.5, 0.375], [0.75, 0.25]]])
    assert outcome.top1(scores, 0).tolist() == [[1, 0, 0]]
    assert outcome.top1(scores, 0, noise_floor=0.125).tolist() == [[1, 1, 0]]
    assert outcome.top1(scores, 0, noise_floor=0.124).tolist() == [[1, 0, 0]]


@settings(deadline=None)
@given(ANSWERS, st.data())
def test_k_shifts_agree_as_often_as_among_all_choices_of_k(answers, data):
    k = data.draw(st.integers(2, answers.shape[1]))
    for row, found in zip(answers, outcome.k_consistency(answers, k), strict=True):
        assert found == pytest.approx(np.mean([len(set(chosen)) == 1 for chosen in combinations(row, k)]))
    np.testing.assert_allclose(outcome.k_consistency(answers, 2), outcome.pair_consistency(answers))
    np.testing.assert_allclose(outcome.k_consistency(answers, answers.shape[1]), outcome.all_consistency(answers))
    assert np.isnan(outcome.k_consistency(answers, answers.shape[1] + 1)).all()


def test_flips_relative_to_a_reference():
    assert outcome.relative_flip_probability(np.array([0.1, 0.3]), np.array([0.2, 0.1])) == pytest.approx(1.75)
    assert np.isnan(outcome.relative_flip_probability(np.array([0.1, 0.3]), np.array([0.2, 0.0])))


def test_k_consistency_of_a_missing_answer_is_undefined():
    assert np.isnan(outcome.k_consistency(np.array([[1, -1, 1]]), 2)).all()


def test_a_score_that_is_no_number_gives_no_answer():
    scores = np.array([[[0.1, 0.9], [np.nan, 0.5]], [[0.2, 0.8], [0.6, 0.4]]])
    answers = outcome.top1(scores, 0)
    assert answers.tolist() == [[1, -1], [1, 0]]
    undefined = [
        outcome.consistency(answers, 0),
        outcome.pair_consistency(answers),
        outcome.all_consistency(answers),
        outcome.top1_change(answers),
        outcome.worst_accuracy(answers, np.array([1, 1])),
    ]
    assert all(np.isnan(values[0]) and not np.isnan(values[1]) for values in undefined)


def test_hand_made_answers():
    assert outcome.agreement(HAND, 1).tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert outcome.consistency(HAND, 1) == pytest.approx([1 / 3, 1])
    assert outcome.pair_consistency(HAND) == pytest.approx([1 / 6, 1])
    assert outcome.all_consistency(HAND).tolist() == [0, 1]
    assert outcome.top1_change(HAND) == pytest.approx([2 / 3, 0])
    assert outcome.correctness(HAND, np.array([1, 2])).tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert outcome.worst_accuracy(HAND, np.array([1, 2])).tolist() == [0, 1]


@settings(deadline=None)
@given(ANSWERS, st.data())
def test_measures_of_answers_follow_their_definitions(answers, data):
    n_clips, n_shifts = answers.shape
    zero = data.draw(st.integers(0, n_shifts - 1))
    targets = data.draw(arrays(np.intp, n_clips, elements=st.integers(0, 3)))
    for i, row in enumerate(answers):
        others = [row[s] == row[zero] for s in range(n_shifts) if s != zero]
        pairs = [a == b for a, b in combinations(row, 2)]
        changes = [a != b for a, b in pairwise(row)]
        assert outcome.consistency(answers, zero)[i] == pytest.approx(np.mean(others))
        assert outcome.pair_consistency(answers)[i] == pytest.approx(np.mean(pairs))
        assert outcome.all_consistency(answers)[i] == (len(set(row)) == 1)
        assert outcome.top1_change(answers)[i] == pytest.approx(np.mean(changes))
        assert outcome.correctness(answers, targets)[i].tolist() == [answer == targets[i] for answer in row]
        assert outcome.worst_accuracy(answers, targets)[i] == all(answer == targets[i] for answer in row)


@settings(deadline=None)
@given(ANSWERS, st.permutations(range(4)), st.data())
def test_renaming_classes_changes_nothing(answers, renamed, data):
    zero = data.draw(st.integers(0, answers.shape[1] - 1))
    targets = data.draw(arrays(np.intp, len(answers), elements=st.integers(0, 3)))
    new = np.asarray(renamed)

    def measures(answers, targets):
        yield outcome.consistency(answers, zero)
        yield outcome.pair_consistency(answers)
        yield outcome.all_consistency(answers)
        yield outcome.top1_change(answers)
        yield outcome.correctness(answers, targets)
        yield outcome.worst_accuracy(answers, targets)

    for before, after in zip(measures(answers, targets), measures(new[answers], new[targets]), strict=True):
        np.testing.assert_array_equal(before, after)


@settings(deadline=None)
@given(ANSWERS, st.data())
def test_bounds_and_order_of_the_consistencies(answers, data):
    zero = data.draw(st.integers(0, answers.shape[1] - 1))
    clean, pair, all_same = (
        outcome.consistency(answers, zero),
        outcome.pair_consistency(answers),
        outcome.all_consistency(answers),
    )
    for values in (clean, pair, all_same, outcome.top1_change(answers)):
        assert ((values >= 0) & (values <= 1)).all()
    assert (all_same <= clean).all()
    assert (all_same <= pair).all()
    assert ((pair == 1) == (all_same == 1)).all()


def test_nothing_is_consistent_or_not_without_another_shift():
    alone = np.array([[1], [0]])
    for values in (
        outcome.consistency(alone, 0),
        outcome.pair_consistency(alone),
        outcome.all_consistency(alone),
        outcome.top1_change(alone),
    ):
        assert np.isnan(values).all()


def test_accuracy_of_a_clip_without_a_label_is_undefined():
    right = outcome.correctness(HAND, np.array([-1, 2]))
    assert np.isnan(right[0]).all()
    assert (right[1] == 1).all()
    np.testing.assert_array_equal(outcome.worst_accuracy(HAND, np.array([-1, 2])), [np.nan, 1])
