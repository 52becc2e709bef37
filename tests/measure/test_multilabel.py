"""Several labels at once: loops from the definitions, and scikit-learn's average precision."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from audioinv.errors import InputError
from audioinv.measure import multilabel

SHAPES = st.tuples(st.integers(1, 6), st.integers(2, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))


def draw_scores(shape):
    *shape, seed = shape
    rng = np.random.default_rng(seed)
    return rng.integers(0, 9, shape) / 8, rng  # eighths, so that ties and scores on the threshold are common


@settings(deadline=None)
@given(SHAPES, st.data())
def test_measures_follow_their_definitions(shape, data):
    scores, rng = draw_scores(shape)
    zero = data.draw(st.integers(0, scores.shape[1] - 1))
    watched = rng.integers(0, scores.shape[2], len(scores))
    chosen = np.flatnonzero(rng.integers(0, 2, scores.shape[2]))
    for i, clip in enumerate(scores):
        others = [row for s, row in enumerate(clip) if s != zero]
        same = [
            {c for c in range(len(row)) if row[c] >= 0.5} == set(np.flatnonzero(clip[zero] >= 0.5)) for row in others
        ]
        change = [abs(row[c] - clip[zero, c]) for row in others for c in range(len(row))]
        assert multilabel.same_labels(scores, zero)[i] == pytest.approx(np.mean(same))
        assert multilabel.label_change(scores, zero)[i] == pytest.approx(np.mean(change))
        for s, row in enumerate(clip):
            ahead = sum(row[c] > row[watched[i]] for c in chosen)
            assert multilabel.watched_rank(scores, watched, chosen)[i, s] == 1 + ahead
            assert multilabel.watched_rank(scores, watched)[i, s] == 1 + sum(x > row[watched[i]] for x in row)


@settings(deadline=None)
@given(SHAPES)
def test_average_precision_is_scikit_learns(shape):
    scores, rng = draw_scores(shape)
    truths = rng.integers(0, 2, (len(scores), scores.shape[2])).astype(bool)
    found = multilabel.average_precision(scores, truths)
    for label in range(scores.shape[2]):
        for s in range(scores.shape[1]):
            if not truths[:, label].any():
                assert np.isnan(found[s, label])
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = average_precision_score(truths[:, label], scores[:, s, label])
            assert found[s, label] == pytest.approx(expected)


def test_a_label_within_the_noise_floor_of_the_threshold_has_not_switched():
    scores = np.array([[[0.5, 0.25], [0.375, 0.25], [0.5, 0.625]]])
    assert multilabel.same_labels(scores, 0) == [0]
    assert multilabel.same_labels(scores, 0, noise_floor=0.126) == [1]
    assert multilabel.same_labels(scores, 0, threshold=0.7) == [1]


def test_missing_scores_and_labels():
    scores = np.array([[[0.5, 0.25], [np.nan, 0.25]], [[0.5, 0.25], [0.5, 0.25]]])
    np.testing.assert_array_equal(multilabel.same_labels(scores, 0), [np.nan, 1])
    np.testing.assert_array_equal(multilabel.label_change(scores, 0), [np.nan, 0])
    np.testing.assert_array_equal(multilabel.watched_rank(scores, np.array([0, -1])), [[1, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(
        multilabel.average_precision(scores, np.array([[True, True], [True, False]])), [[1, 0.5], [np.nan, 0.5]]
    )
    with pytest.raises(InputError, match=r"\(2, 2\) is needed"):
        multilabel.average_precision(scores, np.ones((2, 3), bool))
