"""Numbers of a whole curve over shifts: the area under it, and how wide it is.

Conventions
-----------
A curve, such as accuracy, is an average over clips at each of the ascending `shifts`, which hold 0 at index `zero`.

What is here: `area`, `half_width`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .flips import swept_either_way

__all__ = ["area", "half_width"]

FloatArray = npt.NDArray[np.floating]

LEVEL = 0.9
_ROUNDING = 1e-9  # relative


def area(curves: FloatArray, shifts: FloatArray) -> FloatArray:
    """Mean height of curves over the range of shifts, by the trapezoidal rule; in units of that at 0 it is #12.

    Parameters
    ----------
    curves : ndarray of shape (..., n_shifts)
    shifts : ndarray of shape (n_shifts,)
        Ascending; steps may differ.

    Returns
    -------
    ndarray of shape (...)
        ``nan`` with a single shift.

    Examples
    --------
    >>> area(np.array([[1.0, 1.0, 0.0]]), np.array([0.0, 1.0, 3.0])).round(3)
    array([0.667])
    """
    if len(shifts) < 2:
        return np.full(curves.shape[:-1], np.nan)
    mean: FloatArray = np.asarray(np.trapezoid(curves, shifts, axis=-1) / (shifts[-1] - shifts[0]))
    return mean


def half_width(curve: FloatArray, shifts: FloatArray, zero: int, level: float = LEVEL) -> float:
    """Smallest |shift| at which a curve falls below a share of its value at 0: #12.

    Between grid points the curve is a straight line.

    Parameters
    ----------
    curve : ndarray of shape (n_shifts,)
        Not negative.
    shifts : ndarray of shape (n_shifts,)
    zero : int
    level : float, default 0.9

    Returns
    -------
    float
        In the unit of `shifts`. ``nan`` where the curve stays above, as far as both sides were swept, or is 0 at 0.

    Examples
    --------
    >>> round(half_width(np.array([0.8, 1.0, 0.9, 0.5]), np.array([-2.0, 0.0, 1.0, 2.0]), 1), 3)
    1.0
    """
    threshold = level * curve[zero] * (1 - _ROUNDING)
    outwards = [
        (np.abs(shifts[: zero + 1])[::-1], curve[: zero + 1][::-1]),
        (shifts[zero:], curve[zero:]),
    ]
    nearest = min(_crossing(distance, side, threshold) for distance, side in outwards)
    if not nearest <= swept_either_way(shifts) * (1 + _ROUNDING):
        return np.nan
    return nearest


def _crossing(distance: FloatArray, side: FloatArray, threshold: float) -> float:
    """Return where a curve, from 0 outwards, first meets a threshold that it then falls below; inf if nowhere."""
    below = side < threshold
    if not below.any():
        return np.inf
    at = int(below.argmax())
    over, under = side[at - 1] - threshold, threshold - side[at]
    return float(distance[at - 1] + (distance[at] - distance[at - 1]) * over / (over + under))
