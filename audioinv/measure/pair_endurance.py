"""How much of two changes at once answers stand: the share of clips at every pair of sizes.

Conventions
-----------
A clip stands a pair of sizes if its answer changed at no pair of amounts up to both, in either direction of either.
With one size 0 that is what it stands of the other change alone, as `audioinv.measure.endurance` has it. Groups are
what is resampled; the band is pointwise.

What is here: `PairEndurance`, `endure_pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .flips import swept_either_way
from .statistics import CurveEstimate, Estimate, estimate_curve

__all__ = ["PairEndurance", "endure_pairs"]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PairEndurance:
    """What clips stand of two changes at once.

    Parameters
    ----------
    first, second : ndarray of shape (n_first,), (n_second,)
        Sizes that were tried of either, ascending from 0.
    standing : CurveEstimate
        Share of clips that stand each pair; its arrays have shape (n_first, n_second).
    """

    first: FloatArray
    second: FloatArray
    standing: CurveEstimate

    def at(self, i: int, j: int) -> Estimate:
        """Return the share at one pair.

        Parameters
        ----------
        i, j : int
            Places of the two sizes.

        Returns
        -------
        Estimate
        """
        curve = self.standing
        value, low, high = (float(part[i, j]) for part in (curve.value, curve.low, curve.high))
        return Estimate(value, low, high, curve.n, curve.n_groups, curve.unit, curve.n_undefined)

    def reach(self, share: float) -> FloatArray:
        """Return how much of the second change a share of clips stands, beside each size of the first.

        Parameters
        ----------
        share : float

        Returns
        -------
        ndarray of shape (n_first,)
            The last size before fewer stand it; ``nan`` where fewer stand the size of the first change alone, or
            nothing is defined.
        """
        n_held = (self.standing.value >= share - _ROUNDING).sum(axis=1)
        return np.where(n_held > 0, self.second[n_held - 1], np.nan)


def endure_pairs(
    answers: npt.NDArray[np.intp],
    first: FloatArray,
    second: FloatArray,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
) -> PairEndurance:
    """Find what clips stand of two changes at once.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_first, n_second), int
        Class indices; negative where a clip has no answer.
    first, second : ndarray of shape (n_first,), (n_second,)
        Amounts of either, ascending, with 0 among them and something else.
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator

    Returns
    -------
    PairEndurance

    Examples
    --------
    >>> answers = np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]]])  # a clip that stands each, not both; one that does
    >>> found = endure_pairs(answers, np.array([0.0, 1.0]), np.array([0.0, 2.0]), None, rng=np.random.default_rng(0))
    >>> found.standing.value
    array([[1. , 1. ],
           [1. , 0.5]])
    """
    clean = answers[:, first == 0][:, :, second == 0]
    changed = (answers != clean).astype(np.float64)
    for axis, amounts in ((1, first), (2, second)):
        changed = np.maximum.accumulate(_by_size(changed, amounts, axis), axis=axis)
    changed[(answers < 0).any(axis=(1, 2))] = np.nan
    curve = estimate_curve(1 - changed.reshape(len(changed), -1), groups, rng=rng)
    value, low, high = (part.reshape(changed.shape[1:]) for part in (curve.value, curve.low, curve.high))
    shaped = CurveEstimate(value, low, high, curve.n, curve.n_groups, curve.unit, curve.n_undefined)
    return PairEndurance(_sizes(first), _sizes(second), shaped)


def _sizes(amounts: FloatArray) -> FloatArray:
    """Return the sizes up to which everything was tried."""
    sizes = np.unique(np.abs(amounts))
    return sizes[sizes <= swept_either_way(amounts) * (1 + _ROUNDING)]


def _by_size(changed: FloatArray, amounts: FloatArray, axis: int) -> FloatArray:
    """Join the two directions of each size."""
    joined = [changed.compress(np.isclose(np.abs(amounts), size, rtol=_ROUNDING), axis) for size in _sizes(amounts)]
    return np.stack([part.max(axis=axis) for part in joined], axis=axis)
