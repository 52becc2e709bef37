"""Many tests at once: p values that stay honest when several are read together.

Conventions
-----------
p values come in an array of any shape and go back in it. A ``nan`` was not tested: it stays ``nan`` and does not count.

What is here: `holm` (no false finding at all), `benjamini_hochberg` (few among the findings).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "holm"]

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
