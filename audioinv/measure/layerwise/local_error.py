"""How fast a layer's map changes at shift 0: the local errors of invariance and equivariance (LEE), #24.

Conventions
-----------
A *rate* is the derivative of a map by the shift, in activation per unit of shift: per millisecond, per bin, per hertz.
Errors are mean squares of rates, as in the paper [1]_ (its code takes absolute values), so their unit is activation
squared by unit squared. Where a derivative can be had, it is exact; else differences stand for it, and two steps tell
how well.

What is here: `Rate`, `rate_of_differences`, `local_error`, `rate_moving_along`.

References
----------
.. [1] Gruver et al., The Lie Derivative for Measuring Learned Equivariance, 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .equivariance import Inner, kept_steps

__all__ = ["Rate", "local_error", "rate_moving_along", "rate_of_differences"]

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Rate:
    """A derivative by differences, with its check.

    Parameters
    ----------
    values : ndarray or Tensor
        Richardson's combination of the two steps, exact to fourth order in the step.
    disagreement : float
        Norm of the difference between the two steps, relative to the finer: small where the step is small enough for
        the map to be smooth; ``nan`` where nothing changes.
    """

    values: Any
    disagreement: float


def rate_of_differences(shifted: Any, step: float) -> Rate:
    """Differentiate by symmetric differences at one and two steps.

    Parameters
    ----------
    shifted : ndarray or Tensor of shape (4, ...)
        At shifts of −2, −1, 1 and 2 steps.
    step : float
        In the unit that the rate is to be per.

    Returns
    -------
    Rate

    References
    ----------
    .. [1] Richardson, The approximate arithmetical solution by finite differences, 1911.

    Examples
    --------
    >>> cube = lambda t: (1 + t) ** 3
    >>> rate = rate_of_differences(np.array([cube(h) for h in (-0.2, -0.1, 0.1, 0.2)]), 0.1)
    >>> round(float(rate.values), 9), round(rate.disagreement, 3)
    (3.0, 0.01)
    """
    fine = (shifted[2] - shifted[1]) / (2 * step)
    coarse = (shifted[3] - shifted[0]) / (4 * step)
    scale = float((fine**2).sum()) ** 0.5
    difference = float(((coarse - fine) ** 2).sum()) ** 0.5
    return Rate((4 * fine - coarse) / 3, difference / scale if scale else float("nan"))


def rate_moving_along(rate: FloatArray, reference: FloatArray, lag_per_unit: float) -> FloatArray:
    """Return the rate at which a map changes beside moving along: the Lie derivative of an equivariant layer.

    Parameters
    ----------
    rate : ndarray of shape (..., n_steps)
        Of the map at a fixed place.
    reference : ndarray of shape (..., n_steps)
        The map at shift 0.
    lag_per_unit : float
        How many steps the map is expected to move for each unit of shift.

    Returns
    -------
    ndarray of shape (..., n_steps)
        0 where the map does nothing but move. The slope of the map is that of its band-limited interpolation,
        wrapped around.

    Examples
    --------
    >>> phase = 2 * np.pi * np.arange(8) / 8
    >>> moving = -2 * np.pi / 8 * np.cos(phase)  # a sine that moves by one step for each unit
    >>> bool(np.allclose(rate_moving_along(moving, np.sin(phase), 1.0), 0))
    True
    """
    n_steps = reference.shape[-1]
    # Of an alternating component, whose slope is 0 at every step, `irfft` leaves nothing.
    slope = np.fft.irfft(2j * np.pi * np.fft.rfftfreq(n_steps) * np.fft.rfft(reference), n_steps)
    return np.asarray(rate + lag_per_unit * slope)


def local_error(rate: FloatArray, inner: Inner = None) -> float:
    """Mean square of a rate: #24.

    Parameters
    ----------
    rate : ndarray of shape (..., n_steps)
    inner : (int, int), optional
        Steps that the border does not reach; all if not given.

    Returns
    -------
    float

    Examples
    --------
    >>> local_error(np.array([9.0, 3.0, 4.0]), (1, 3))
    12.5
    """
    return float(np.mean(np.asarray(rate, dtype=np.float64)[..., kept_steps(inner, rate.shape[-1], 0)] ** 2))
