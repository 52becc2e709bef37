"""How far a shift moves what a model computes before it answers: distances between embeddings.

Conventions
-----------
Embeddings are ordered ``(n_clips, n_shifts, n_dimensions)``; `zero` is the index of the unshifted column. No one
distance suffices: the cosine forgets lengths, the relative distance forgets what the space is used for, and the
Fréchet distance forgets which clip is which. Report more than one.

What is here: `cosine_drift`, `relative_drift`, `frechet_distance`, `frechet_curve`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .outcome import mean_over_shifts

__all__ = ["cosine_drift", "frechet_curve", "frechet_distance", "relative_drift"]

FloatArray = npt.NDArray[np.floating]


def cosine_drift(embeddings: FloatArray, zero: int) -> FloatArray:
    """Mean cosine distance of the shifted embeddings from the clean one: #18.

    Parameters
    ----------
    embeddings : ndarray of shape (n_clips, n_shifts, n_dimensions)
    zero : int

    Returns
    -------
    ndarray of shape (n_clips,)
        1 - cos of the angle, in [0, 2]; ``nan`` where an embedding is 0.

    Examples
    --------
    >>> cosine_drift(np.array([[[1.0, 0.0], [0.0, 3.0], [2.0, 0.0]]]), 0)
    array([0.5])
    """
    lengths = np.linalg.norm(embeddings, axis=2, keepdims=True)
    directions = np.divide(embeddings, lengths, out=np.full(embeddings.shape, np.nan), where=lengths > 0)
    distances = 1 - (directions * directions[:, zero, None]).sum(axis=2)
    return mean_over_shifts(np.delete(distances, zero, axis=1))


def relative_drift(embeddings: FloatArray, zero: int) -> FloatArray:
    """Mean distance of the shifted embeddings from the clean one, relative to the clean one's length: #18.

    Parameters
    ----------
    embeddings : ndarray of shape (n_clips, n_shifts, n_dimensions)
    zero : int

    Returns
    -------
    ndarray of shape (n_clips,)
        ``nan`` where the clean embedding is 0.

    Examples
    --------
    >>> relative_drift(np.array([[[1.0, 0.0], [1.0, 3.0], [2.0, 0.0]]]), 0)
    array([2.])
    """
    clean = embeddings[:, zero, None]
    moved = np.linalg.norm(embeddings - clean, axis=2)
    length = np.broadcast_to(np.linalg.norm(clean, axis=2), moved.shape)
    relative = np.divide(moved, length, out=np.full(moved.shape, np.nan), where=length > 0)
    return mean_over_shifts(np.delete(relative, zero, axis=1))


def frechet_distance(a: FloatArray, b: FloatArray) -> float:
    """Fréchet distance between the normal laws fitted to two sets of embeddings.

    Parameters
    ----------
    a, b : ndarray of shape (n_clips, n_dimensions)

    Returns
    -------
    float
        |m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^½), in squared units of the embedding; ``nan`` with fewer than two
        clips. With fewer clips than dimensions the covariances are singular and the distance depends on their
        number: compare equal numbers only.

    Raises
    ------
    InputError
        If the embeddings differ in dimension.

    References
    ----------
    .. [1] Dowson & Landau, The Fréchet Distance between Multivariate Normal Distributions, J. Multivariate
       Analysis 12, 1982.
    .. [2] Kilgour et al., Fréchet Audio Distance, Interspeech 2019.

    Examples
    --------
    >>> a = np.array([[0.0], [2.0]])
    >>> frechet_distance(a, a + 3), frechet_distance(a, 2 * a)
    (9.0, 3.0)
    """
    if a.shape[1:] != b.shape[1:]:
        raise InputError(f"embeddings of {a.shape[1:]} and {b.shape[1:]} dimensions; both must have the same")
    if min(len(a), len(b)) < 2:
        return np.nan
    (mean_a, cov_a), (mean_b, cov_b) = _moments(a), _moments(b)
    # The eigenvalues of C_a C_b are those of the symmetric √C_a C_b √C_a, which rounding leaves real.
    root = _root(cov_a)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    distance = np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross
    return max(0.0, float(distance))


def _moments(embeddings: FloatArray) -> tuple[FloatArray, FloatArray]:
    return embeddings.mean(axis=0, dtype=float), np.atleast_2d(np.cov(embeddings, rowvar=False))


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root


def frechet_curve(embeddings: FloatArray, zero: int) -> FloatArray:
    """Fréchet distance at every shift between the shifted clips and the clean ones: #18.

    Parameters
    ----------
    embeddings : ndarray of shape (n_clips, n_shifts, n_dimensions)
    zero : int

    Returns
    -------
    ndarray of shape (n_shifts,)
        0 in the unshifted column.

    Examples
    --------
    >>> frechet_curve(np.array([[[0.0], [1.0]], [[2.0], [3.0]]]), 0)
    array([0., 1.])
    """
    clean = embeddings[:, zero]
    return np.array([frechet_distance(clean, embeddings[:, shift]) for shift in range(embeddings.shape[1])])
