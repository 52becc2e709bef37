"""How far all of a model's scores together move along a sweep, where they are a probability distribution.

Conventions
-----------
As in `audioinv.measure.drift`, which follows one score. Divergences are in bits; ``nan`` where either side is no
distribution.

What is here: `js_divergence`, `js_drift`, `is_distribution`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from .outcome import FloatArray, mean_over_shifts

__all__ = ["is_distribution", "js_divergence", "js_drift"]

_SUM_TOLERANCE = 1e-3  # of half-precision probabilities
_BLOCK_VALUES = 1 << 22  # scores compared at once: 32 MiB in double precision


def js_divergence(scores: FloatArray, zero: int) -> FloatArray:
    """Jensen–Shannon divergence of the scores at every shift from the clean ones, in bits.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
        Probabilities: not negative, and summing to 1 within 0.001.
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        In [0, 1], 0 in the unshifted column; ``nan`` where either side is no probability distribution.

    References
    ----------
    .. [1] Lin, Divergence Measures Based on the Shannon Entropy, IEEE Trans. Information Theory 37, 1991.

    Examples
    --------
    >>> js_divergence(np.array([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]), 0)
    array([[0., 1., 0.]])
    """
    n_blocks = max(1, scores.size // _BLOCK_VALUES)
    return np.concatenate([_js_block(block, zero) for block in np.array_split(scores, n_blocks)])


def _js_block(scores: FloatArray, zero: int) -> FloatArray:
    p = np.where(is_distribution(scores)[..., None], scores.astype(float), np.nan)
    p /= p.sum(axis=2, keepdims=True)
    clean = p[:, zero, None]
    middle = (p + clean) / 2
    bits = (rel_entr(p, middle) + rel_entr(clean, middle)).sum(axis=2) / (2 * np.log(2))
    divergence: FloatArray = np.clip(bits, 0.0, 1.0)
    return divergence


def js_drift(scores: FloatArray, zero: int) -> FloatArray:
    """Mean Jensen–Shannon divergence of the non-zero shifts from the clean clip, in bits: #15.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
        Probabilities, as in `js_divergence`.
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    Examples
    --------
    >>> js_drift(np.array([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]), 0)
    array([0.5])
    """
    return mean_over_shifts(np.delete(js_divergence(scores, zero), zero, axis=1))


def is_distribution(scores: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell where scores are probabilities: not negative, and summing to 1 within 0.001.

    Parameters
    ----------
    scores : ndarray of shape (..., n_classes)

    Returns
    -------
    ndarray of shape (...), bool

    Examples
    --------
    >>> is_distribution(np.array([[0.25, 0.75], [0.5, 0.75]]))
    array([ True, False])
    """
    with np.errstate(invalid="ignore"):
        total = scores.sum(axis=-1, dtype=float)
        proper: npt.NDArray[np.bool_] = (scores >= 0).all(axis=-1) & (np.abs(total - 1) <= _SUM_TOLERANCE)
    return proper
