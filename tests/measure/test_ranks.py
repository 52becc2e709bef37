"""Rank distances: hand-made orders, and loops from ImageNet-P's definition."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.measure import ranks

SHAPES = st.tuples(st.integers(1, 3), st.integers(2, 4), st.integers(1, 9), st.integers(0, 2**32 - 1))


def loop_ranks(row, clean_row):
    order = sorted(range(len(row)), key=lambda c: (-row[c], -clean_row[c], c))
    return [order.index(c) for c in range(len(row))]


def loop_top5(clean, moved):
    """Sum over the first five of the ranks crossed, those beyond the fifth not counted."""
    total = 0
    for place, after in zip(clean, moved, strict=True):
        if place < 5:
            total += sum(j <= 5 for j in range(min(place, after) + 1, max(place, after) + 1))
    return total


def loop_zipf(clean, moved):
    return sum(abs(1 / (a + 1) - 1 / (b + 1)) / (a + 1) for a, b in zip(clean, moved, strict=True))


@settings(deadline=None)
@given(SHAPES, st.data())
def test_distances_follow_their_definitions(shape, data):
    *shape, seed = shape
    scores = np.random.default_rng(seed).integers(0, 5, shape) / 4  # quarters, so that ties are common
    zero = data.draw(st.integers(0, shape[1] - 1))
    for i, clip in enumerate(scores):
        expected = [loop_ranks(row, clip[zero]) for row in clip]
        assert ranks.ranks(scores, zero)[i].tolist() == expected
        for name, loop in (("top5", loop_top5), ("zipf", loop_zipf)):
            mean = np.mean([loop(expected[zero], moved) for s, moved in enumerate(expected) if s != zero])
            assert ranks.rank_distance(scores, zero, weights=name)[i] == pytest.approx(mean)


def test_two_classes_that_change_places():
    scores = np.array([[[0.6, 0.3, 0.1], [0.3, 0.6, 0.1]]])
    assert ranks.rank_distance(scores, 0) == [2]
    assert ranks.rank_distance(scores, 0, weights="zipf") == pytest.approx([0.5 + 0.5 / 2])


def test_what_happens_behind_the_fifth_does_not_count():
    clean = np.arange(10.0)[::-1]
    behind, gone = clean.copy(), np.roll(clean, 5)
    behind[5:] = clean[5:][::-1]
    assert ranks.rank_distance(np.array([[clean, behind]]), 0) == [0]
    assert ranks.rank_distance(np.array([[clean, behind]]), 0, weights="zipf")[0] > 0
    assert ranks.rank_distance(np.array([[clean, gone]]), 0) == [5 + 4 + 3 + 2 + 1]


@pytest.mark.parametrize("n_classes", range(1, 9))
def test_the_largest_distance_is_that_of_the_worst_of_all_orders(n_classes):
    orders = np.array(list(permutations(range(n_classes))))
    places = np.arange(min(n_classes, 5))
    expected = np.abs(np.minimum(orders[:, places], 5) - places).sum(axis=1).max()
    assert ranks.max_top5_distance(n_classes) == expected


def test_of_many_classes_the_largest_distance_pushes_three_away_and_brings_two_to_the_front():
    clean = -np.arange(12.0)
    turned = clean[np.array([3, 4, 6, 7, 8, 0, 1, 2, 5, 9, 10, 11]).argsort()]
    assert ranks.rank_distance(np.array([[clean, turned]]), 0) == [5 + 4 + 3 + 3 + 3]
    assert ranks.max_top5_distance(12) == 18


def test_a_tie_is_no_change_of_order():
    scores = np.array([[[0.6, 0.3, 0.1], [0.4, 0.4, 0.2], [1 / 3, 1 / 3, 1 / 3]]])
    assert ranks.rank_distance(scores, 0) == [0]
    assert ranks.rank_distance(scores[:, ::-1], 2) == [0]


def test_a_score_that_is_no_number_has_no_rank():
    scores = np.array([[[0.6, 0.4], [np.nan, 0.4]], [[0.6, 0.4], [0.4, 0.6]]])
    np.testing.assert_array_equal(ranks.rank_distance(scores, 0), [np.nan, 2])
    assert np.isnan(ranks.rank_distance(scores[:, :1], 0)).all()
