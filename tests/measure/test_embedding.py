"""Distances between embeddings: loops, SciPy's matrix root, and moves of known length."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import cosine_distances

from audioinv.errors import InputError
from audioinv.measure import embedding


def test_distances_follow_their_definitions(rng):
    embeddings, zero = rng.standard_normal((4, 5, 3)), 2
    for i, clip in enumerate(embeddings):
        clean, others = clip[zero], [row for s, row in enumerate(clip) if s != zero]
        cosine = [1 - row @ clean / np.sqrt((row @ row) * (clean @ clean)) for row in others]
        relative = [np.sqrt(sum((row - clean) ** 2)) / np.sqrt(sum(clean**2)) for row in others]
        assert embedding.cosine_drift(embeddings, zero)[i] == pytest.approx(np.mean(cosine))
        assert np.mean(cosine) == pytest.approx(cosine_distances([clean], others).mean())
        assert embedding.relative_drift(embeddings, zero)[i] == pytest.approx(np.mean(relative))


def test_the_cosine_forgets_length_and_the_relative_distance_does_not(rng):
    clean = rng.standard_normal((3, 1, 4))
    embeddings = np.concatenate([clean, 3 * clean], axis=1)
    assert embedding.cosine_drift(embeddings, 0) == pytest.approx(0, abs=1e-12)
    assert embedding.relative_drift(embeddings, 0) == pytest.approx(2)


def test_frechet_distance_is_that_of_scipys_matrix_root(rng):
    a = rng.standard_normal((50, 4)) @ rng.standard_normal((4, 4))
    b = rng.standard_normal((60, 4)) @ rng.standard_normal((4, 4)) + 1
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert embedding.frechet_distance(a, b) == pytest.approx(expected)
    assert embedding.frechet_distance(b, a) == pytest.approx(expected)


def test_frechet_distance_of_a_move_and_of_a_shuffle(rng):
    a = rng.standard_normal((30, 3))
    assert embedding.frechet_distance(a, a + np.array([1, 2, 2])) == pytest.approx(9)
    assert embedding.frechet_distance(a, rng.permutation(a)) == pytest.approx(0, abs=1e-9)  # it forgets which is which
    wide = rng.standard_normal((5, 20))  # singular covariances
    assert embedding.frechet_distance(wide, wide + 1) == pytest.approx(20)


def test_frechet_curve(rng):
    embeddings = rng.standard_normal((20, 3, 2))
    embeddings[:, 2] = embeddings[:, 1] + 2
    assert embedding.frechet_curve(embeddings, 1)[1:] == pytest.approx([0, 8])
    assert embedding.frechet_curve(embeddings, 1)[0] == pytest.approx(
        embedding.frechet_distance(embeddings[:, 1], embeddings[:, 0])
    )


def test_undefined_and_refused(rng):
    zeros = np.zeros((1, 2, 3))
    assert np.isnan(embedding.cosine_drift(zeros, 0)).all()
    assert np.isnan(embedding.relative_drift(zeros, 0)).all()
    assert np.isnan(embedding.frechet_distance(zeros[0, :1], zeros[0]))
    with pytest.raises(InputError, match="both must have the same"):
        embedding.frechet_distance(np.zeros((3, 2)), np.zeros((3, 4)))
