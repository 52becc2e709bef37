"""Percentiles of a bootstrap, moved to where they cover: bias-corrected and accelerated.

Near 0 and 1 a share is skewed: few clips carry the news, and the samples that happen to lack them look surest. Plain
percentiles then lean the wrong way, towards the bound. The acceleration, which tells how fast the spread changes with
the value, leans them back.

What is here: `accelerated_interval`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["accelerated_interval"]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-12


def accelerated_interval(
    resampled: FloatArray, value: FloatArray, influence: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray]:
    """Interval of statistics that are means, or ratios of means, from their resamples.

    Parameters
    ----------
    resampled : ndarray of shape (n_resamples, n_points)
    value : ndarray of shape (n_points,)
        Of the sample itself.
    influence : ndarray of shape (n_units, n_points)
        How far each unit pulls the value, in any unit; they sum to 0.
    tail : float
        Probability below the lower percentile, from `audioinv.measure.resampling.tail_probability`.

    Returns
    -------
    low : ndarray of shape (n_points,)
        The value itself where no unit pulls.
    high : ndarray of shape (n_points,)
        The same.

    References
    ----------
    .. [1] Efron, Better Bootstrap Confidence Intervals, JASA 82, 1987.
    .. [2] Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 5.3 (the acceleration from
       influences).

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(0.0, 1.0, (100_000, 1))
    >>> low, high = accelerated_interval(draws, np.zeros(1), np.array([[-1.0], [1.0]]), 0.025)
    >>> low.round(1), high.round(1)
    (array([-2.]), array([2.]))
    """
    n_resamples = len(resampled)
    below = (resampled < value - _ROUNDING).mean(axis=0)
    equal = (np.abs(resampled - value) <= _ROUNDING).mean(axis=0)
    bias = special.ndtri(np.clip(below + equal / 2, 0.5 / n_resamples, 1 - 0.5 / n_resamples))
    spread = 6 * np.square(influence).sum(axis=0) ** 1.5
    acceleration = np.divide((influence**3).sum(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    outwards = bias + special.ndtri(tail) * np.array([[1.0], [-1.0]])
    levels = special.ndtr(bias + outwards / (1 - acceleration * outwards))
    ordered = np.sort(resampled, axis=0)
    places = levels * (n_resamples - 1)
    under = np.floor(places).astype(np.intp)
    over = np.minimum(under + 1, n_resamples - 1)
    at_under, at_over = (np.take_along_axis(ordered, at, axis=0) for at in (under, over))
    low, high = at_under + (places - under) * (at_over - at_under)
    return low, high
