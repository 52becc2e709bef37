"""Many tests at once: p values and intervals that stay honest when several are read together.

Conventions
-----------
p values come in an array of any shape and go back in it. A ``nan`` was not tested: it stays ``nan`` and does not count.

What is here: `holm` (no false finding at all), `benjamini_hochberg` (few among the findings), `wilson_interval`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["benjamini_hochberg", "holm", "wilson_interval"]

FloatArray = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Adjust p values so that one below α is a false finding, of any of them, with probability at most α.

    Parameters
    ----------
    p_values : array
        Of tests that may depend on each other in any way.

    Returns
    -------
    ndarray
        The i-th smallest of m, times m - i + 1, made ascending and cut at 1.

    References
    ----------
    .. [1] Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian J. Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    return _adjusted(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjust p values so that, of those below α, on average at most the share α are false findings.

    Parameters
    ----------
    p_values : array
        Of tests that are independent, or depend on each other positively, as neighbouring shifts do.

    Returns
    -------
    ndarray

    References
    ----------
    .. [1] Benjamini & Hochberg, Controlling the False Discovery Rate, J. Royal Statistical Society B 57, 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3)
    array([0.03, 0.04, 0.04])
    """
    return _adjusted(p_values, lambda p: np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1])


def _adjusted(p_values: npt.ArrayLike, step: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Apply a rule for ascending p values to those that are numbers."""
    given = np.asarray(p_values, dtype=float)
    adjusted = np.full(given.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(given.flat[tested], kind="stable")]
    adjusted.flat[order] = np.minimum(step(given.flat[order]), 1.0)
    return adjusted


def wilson_interval(share: npt.ArrayLike, n: npt.ArrayLike, *, z: float | None = None) -> FloatArray:
    """Wilson's interval for a share: the shares from which the one seen is no more than `z` standard errors away.

    Parameters
    ----------
    share : array
        In [0, 1].
    n : array
        How many independent clips it is a share of; need not be whole, so that clips that resemble each other can
        count for fewer.
    z : float, optional
        1.96, for 95 %, if not given.

    Returns
    -------
    ndarray of shape (2, ...)
        Low and high, in [0, 1]; ``nan`` where `n` is 0.

    References
    ----------
    .. [1] Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927.

    Examples
    --------
    >>> wilson_interval(1.0, 10).round(3)
    array([0.722, 1.   ])
    """
    seen, size = np.broadcast_arrays(np.asarray(share, dtype=float), np.asarray(n, dtype=float))
    size = np.where(size > 0, size, np.nan)
    squared = float(stats.norm.ppf(0.975) if z is None else z) ** 2
    centre = (seen + squared / (2 * size)) / (1 + squared / size)
    half = np.sqrt(squared * (seen * (1 - seen) / size + squared / (4 * size**2))) / (1 + squared / size)
    bounds: FloatArray = np.clip(np.stack([centre - half, centre + half]), 0.0, 1.0)
    return bounds
