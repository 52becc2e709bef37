"""How far each clip can be shifted before the model's answer changes.

Conventions
-----------
As in `audioinv.measure.outcome`. An amount is in the unit of the shifts; where no change is met it is *censored*, a
lower bound, and `audioinv.measure.survival` estimates with such.

What is here: `FlipShifts`, `flip_shifts`, `swept_either_way`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .outcome import FloatArray, IntArray, agreement

__all__ = ["FlipShifts", "flip_shifts", "swept_either_way"]

_ROUNDING = 1e-9  # relative, between shifts that a grid meant to be equal


@dataclass(frozen=True, eq=False)
class FlipShifts:
    """How far each clip can be shifted before its answer changes.

    Parameters
    ----------
    amounts : ndarray of shape (n_clips,)
        The smallest |shift| on the grid at which the answer differs from the clean one; where `censored`, the
        `limit`, which is then only a lower bound; ``nan`` where undefined.
    censored : ndarray of shape (n_clips,), bool
        True for a clip whose answer never changes within `limit`.
    limit : float
        The largest |shift| up to which the sweep would have seen every change: the shorter of its two sides, or
        its only side. Beyond it one direction is untried, and a change there may not be the nearest.
    """

    amounts: npt.NDArray[np.float64]
    censored: npt.NDArray[np.bool_]
    limit: float


def flip_shifts(answers: IntArray, shifts: FloatArray) -> FlipShifts:
    """Find the smallest |shift| at which the answer is no longer the clean one: minimal flip shift, #11.

    A clip is censored where that does not happen within the limit, the largest |shift| up to which the sweep
    tried everything it tries at all: both directions on a grid with two sides (the shorter side), the one
    direction on a grid with one side. A change first met beyond the limit counts as censored too, because a
    nearer one in the other direction may have been missed.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    shifts : ndarray of shape (n_shifts,)
        Ascending, with 0 among them.

    Returns
    -------
    FlipShifts
        In the unit of `shifts`; the true threshold lies up to one grid step below.

    Examples
    --------
    >>> flips = flip_shifts(np.array([[0, 1, 1, 0], [1, 1, 1, 1]]), np.array([-10.0, 0.0, 10.0, 20.0]))
    >>> flips.amounts, flips.censored
    (array([10., 10.]), array([False,  True]))
    """
    zero = np.flatnonzero(shifts == 0).item()
    limit = swept_either_way(shifts)
    changed = agreement(answers, zero) == 0
    nearest = np.where(changed, np.abs(shifts, dtype=float), np.inf).min(axis=1)
    defined = (answers >= 0).all(axis=1) & ~np.isnan(limit)
    censored = defined & (nearest > limit * (1 + _ROUNDING))
    return FlipShifts(np.where(defined, np.minimum(nearest, limit), np.nan), censored, limit)


def swept_either_way(shifts: FloatArray) -> float:
    """Largest |shift| up to which nothing was left untried.

    Parameters
    ----------
    shifts : ndarray of shape (n_shifts,)
        With 0 among them.

    Returns
    -------
    float
        The shorter of the two sides, or the only one; ``nan`` if 0 is the only shift.

    Examples
    --------
    >>> swept_either_way(np.array([-10.0, 0.0, 20.0]))
    10.0
    """
    sides = [side for side in (-float(shifts.min()), float(shifts.max())) if side > 0]
    return min(sides, default=np.nan)
