"""Divergence of whole distributions: SciPy's, and what is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from audioinv.measure import divergence
from audioinv.measure.divergence import is_distribution, js_divergence, js_drift
from tests.measure.drawn import probabilities


@settings(deadline=None)
@given(probabilities())
def test_divergence_is_the_square_of_scipys_distance(drawn):
    scores, zero, _ = drawn
    found = js_divergence(scores, zero)
    expected = jensenshannon(scores, scores[:, zero, None], axis=2, base=2) ** 2
    np.testing.assert_allclose(found, expected, atol=1e-9)  # SciPy's root loses half of the digits
    assert (found[:, zero] == 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(js_drift(scores, zero), np.delete(found, zero, axis=1).mean(axis=1))


def test_divergence_is_never_negative_where_rounding_would_have_it_so():
    clean = np.random.default_rng(0).dirichlet(np.ones(5), 200)
    other = clean * (1 + 1e-9 * np.random.default_rng(1).standard_normal(clean.shape))
    other /= other.sum(axis=1, keepdims=True)
    middle = (clean + other) / 2
    assert (rel_entr(clean, middle) + rel_entr(other, middle)).sum(axis=1).min() < 0
    assert js_divergence(np.stack([clean, other], axis=1), 0).min() == 0


def test_disjoint_probabilities_are_one_bit_apart():
    scores = np.array([[[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]])
    assert js_divergence(scores, 0).tolist() == [[0, 1]]
    halves = np.random.default_rng(0).dirichlet(np.ones(5), (200, 2))
    apart = np.zeros((200, 2, 10))
    apart[:, 0, :5], apart[:, 1, 5:] = halves[:, 0], halves[:, 1]
    assert js_divergence(apart, 0)[:, 1].max() == 1  # whatever rounding does
    assert js_divergence(apart, 0)[:, 1] == pytest.approx(1)


@pytest.mark.parametrize(
    "scores",
    [
        [[[0.9, 0.8], [0.1, 0.3]]],  # sigmoids
        [[[2.0, -1.0], [0.5, 0.5]]],  # logits: the clean side is improper
        [[[0.5, 0.5], [np.nan, 0.5]]],
        [[[0.5, 0.5], [np.inf, -np.inf]]],
    ],
)
def test_divergence_of_what_is_no_distribution_is_undefined(scores):
    scores = np.array(scores)
    assert np.isnan(js_divergence(scores, 0)[0, 1])
    assert np.isnan(js_drift(scores, 0)[0])


def test_divergence_forgives_the_rounding_of_half_precision():
    scores = np.random.default_rng(0).dirichlet(np.ones(50), size=(4, 3))
    rounded = scores.astype(np.float16)
    assert np.abs(rounded.astype(float).sum(axis=2) - 1).max() > 1e-5
    np.testing.assert_allclose(js_divergence(rounded, 0), js_divergence(scores, 0), atol=1e-3)


def test_divergence_in_blocks_is_divergence_at_once(monkeypatch):
    scores = np.random.default_rng(0).dirichlet(np.ones(4), size=(7, 3))
    at_once = js_divergence(scores, 1)
    monkeypatch.setattr(divergence, "_BLOCK_VALUES", 24)
    np.testing.assert_array_equal(js_divergence(scores, 1), at_once)


def test_what_is_a_distribution():
    scores = np.array([[0.5, 0.5], [0.5, 0.5005], [0.5, 0.6], [1.5, -0.5], [np.nan, 1.0]])
    assert is_distribution(scores).tolist() == [True, True, False, False, False]


@settings(deadline=None)
@given(probabilities(), st.randoms(use_true_random=False))
def test_renaming_classes_changes_nothing(drawn, random):
    scores, zero, _ = drawn
    renamed = random.sample(range(scores.shape[2]), scores.shape[2])
    np.testing.assert_allclose(js_divergence(scores[..., renamed], zero), js_divergence(scores, zero), atol=1e-12)


def test_a_constant_predictor_does_not_drift():
    assert js_drift(np.broadcast_to(np.float32([0.1, 0.7, 0.2]), (3, 5, 3)), 2).tolist() == [0, 0, 0]


def test_without_another_shift_it_is_undefined():
    assert np.isnan(js_drift(np.array([[[0.2, 0.8]]]), 0)).all()
