"""Intervals of an average over units that each hold several clips, in closed form.

Conventions
-----------
What comes in are sums over the clips of each unit, ``(n_units, n_points)``, and how many clips each unit holds,
``(n_units,)``. What comes out is low and high, stacked, ``(2, n_points)``. The average is that over clips. Units of
unequal sizes count as *effective units*, (Σ sizes)² / Σ sizes², and their variance is that of the jackknife: one large
recording among small ones is hardly a sample.
Where all units agree their variance says nothing, and `allow_for_unseen` takes over.

Which interval is for what: `share_interval` for values between 0 and 1, `student_interval` for differences. How often
they hold the truth is simulated by ``benchmarks/coverage.py``.

What is here: `share_interval`, `student_interval`, `wilson_interval`, `allow_for_unseen`;
`standard_error`, `degrees_of_freedom`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from .resampling import unseen_share

__all__ = [
    "allow_for_unseen",
    "degrees_of_freedom",
    "share_interval",
    "standard_error",
    "student_interval",
    "wilson_interval",
]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-12


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


def share_interval(sums: FloatArray, sizes: FloatArray, confidence: float) -> FloatArray:
    """Interval of an average of values between 0 and 1: Wilson's, with as many coins as the units vary like.

    Were every unit all 0 or all 1, the effective units would be coins. Units that vary less are worth more coins: as
    many times more as the variance seen is smaller than that largest one [1]_. Student's t stands for the normal
    quantile, because that variance is an estimate [2]_.

    Where most units sit at a bound and hold nothing but 1, say, the variance rests on the few others, and what the next
    one would hold is hardly known. So the silent ones enter as units of the largest variance: half as many as there are
    silent units for each one that is not. Without them, averages near 1 are held in 0.77 of data sets where 0.95 is
    promised; the half is chosen by simulation.

    Parameters
    ----------
    sums : ndarray of shape (n_units, n_points)
        Two units at least.
    sizes : ndarray of shape (n_units,)
    confidence : float

    Returns
    -------
    ndarray of shape (2, n_points)
        In [0, 1].

    References
    ----------
    .. [1] Korn & Graubard, Confidence Intervals for Proportions with Small Expected Number of Positive Counts
       Estimated from Survey Data, Survey Methodology 24, 1998 (effective sample size).
    .. [2] Dean & Pagano, Evaluating Confidence Interval Methods for Binomial Proportions in Clustered Data,
       J. Survey Statistics and Methodology 3, 2015 (Wilson's interval with it, and with Student's t).

    Examples
    --------
    >>> right, clips = np.array([5.0, 5, 5, 5, 5, 5, 5, 5, 4, 1])[:, None], np.full(10, 5.0)
    >>> share_interval(right, clips, 0.95).round(2).ravel()
    array([0.6 , 0.98])
    """
    mean = sums.sum(axis=0) / sizes.sum()
    largest = mean * (1 - mean) * np.square(sizes).mean()
    silent = np.maximum(
        (sums <= _ROUNDING * sizes[:, None]).mean(axis=0), (sums >= (1 - _ROUNDING) * sizes[:, None]).mean(axis=0)
    )
    unheard = silent / (1 - silent + 1 / len(sizes)) / 2
    seen = np.square(_residuals(sums, sizes)).sum(axis=0) + unheard * largest
    most = (len(sizes) - 1 + unheard) * largest
    effective = _effective_units(sizes)
    coins = np.divide(effective * most, seen, out=np.full_like(mean, effective), where=seen > 0)
    z = float(stats.t.ppf((1 + confidence) / 2, degrees_of_freedom(sizes)))
    return wilson_interval(mean, np.maximum(coins, effective), z=z)


def student_interval(sums: FloatArray, sizes: FloatArray, confidence: float, bounds: tuple[float, float]) -> FloatArray:
    """Student's interval of an average, with the variance between units.

    Parameters
    ----------
    sums : ndarray of shape (n_units, n_points)
        Two units at least.
    sizes : ndarray of shape (n_units,)
    confidence : float
    bounds : (float, float)
        Between what a value can lie, or infinite; the interval ends there.

    Returns
    -------
    ndarray of shape (2, n_points)

    References
    ----------
    .. [1] Student, The Probable Error of a Mean, Biometrika 6, 1908.

    Examples
    --------
    >>> sums = np.array([1.0, -1.0, 2.0, 0.0])[:, None]
    >>> student_interval(sums, np.full(4, 2.0), 0.95, (-1.0, 1.0)).round(3).ravel()
    array([-0.777,  1.   ])
    """
    mean = sums.sum(axis=0) / sizes.sum()
    reach = stats.t.ppf((1 + confidence) / 2, degrees_of_freedom(sizes)) * standard_error(sums, sizes)
    found: FloatArray = np.clip([mean - reach, mean + reach], *bounds)
    return found


def standard_error(sums: FloatArray, sizes: FloatArray) -> FloatArray:
    """Jackknife's standard error of an average over clips, from units of any size.

    Parameters
    ----------
    sums : ndarray of shape (n_units, n_points)
        Two units at least.
    sizes : ndarray of shape (n_units,)

    Returns
    -------
    ndarray of shape (n_points,)

    References
    ----------
    .. [1] Bell & McCaffrey, Bias Reduction in Standard Errors for Linear Regression with Multi-Stage Samples, Survey
       Methodology 28, 2002.

    Examples
    --------
    >>> standard_error(np.array([1.0, -1.0, 2.0, 0.0])[:, None], np.full(4, 2.0)).round(3)
    array([0.323])
    """
    variance = np.square(_residuals(sums, sizes)).sum(axis=0) * len(sizes) / (len(sizes) - 1)
    return np.asarray(np.sqrt(variance) / sizes.sum())


def degrees_of_freedom(sizes: FloatArray) -> float:
    """One fewer than the effective units, and one at least.

    Parameters
    ----------
    sizes : ndarray of shape (n_units,)

    Returns
    -------
    float

    Examples
    --------
    >>> degrees_of_freedom(np.full(10, 5.0)), round(degrees_of_freedom(np.array([30.0, 2, 2, 1, 1])), 2)
    (9.0, 1.0)
    """
    return max(_effective_units(sizes) - 1, 1.0)


def allow_for_unseen(
    found: FloatArray,
    value: FloatArray,
    agreed: npt.NDArray[np.bool_],
    *,
    n_units: int,
    confidence: float,
    bounds: tuple[float, float] | None,
) -> FloatArray:
    """Replace an interval where all units agree, so that their variance says nothing.

    Parameters
    ----------
    found : ndarray of shape (2, n_points)
    value : ndarray of shape (n_points,)
    agreed : ndarray of shape (n_points,), bool
    n_units : int
    confidence : float
    bounds : (float, float) or None
        Between what a value can lie.

    Returns
    -------
    ndarray of shape (2, n_points)
        Where `agreed`, how far the average could lie if units exist that were missed, at the bounds; ``nan`` where
        nothing bounds them.

    Examples
    --------
    >>> perfect = np.ones(1)
    >>> allow_for_unseen(
    ...     np.ones((2, 1)), perfect, perfect == 1, n_units=12, confidence=0.95, bounds=(0.0, 1.0)
    ... ).round(3).ravel()
    array([0.735, 1.   ])
    """
    unseen = unseen_share(n_units, confidence)
    limits = np.array([bound if np.isfinite(bound) else np.nan for bound in bounds or (np.nan, np.nan)])
    missed: FloatArray = np.where(agreed, value + unseen * (limits[:, None] - value), found)
    return missed


def _residuals(sums: FloatArray, sizes: FloatArray) -> FloatArray:
    """How far each unit's sum lies from what the others let expect, weighed as by leaving it out.

    A large unit pulls the average towards itself, and so hides how far away it lies.
    """
    n_units, share = len(sizes), sizes / sizes.sum()
    from_all = sums - np.outer(sizes, sums.sum(axis=0) / sizes.sum())
    residuals: FloatArray = from_all * ((1 - 1 / n_units) / (1 - share))[:, None]
    return residuals


def _effective_units(sizes: FloatArray) -> float:
    return float(sizes.sum() ** 2 / np.square(sizes).sum())
