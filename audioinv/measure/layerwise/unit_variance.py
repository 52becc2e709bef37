"""How much single units of a layer vary with a shift, against how much they vary from clip to clip.

A unit that answers every clip alike is not invariant, it is dead. So the variation over shifts is set against the
variation over clips, and a unit without the latter is excluded and counted.

Conventions
-----------
`activations` are ``(n_clips, n_shifts, n_units)``. Standard deviations are those of a sample, with n − 1, as in [1]_.
Measures have one value a unit, in the unit of the activations; a ratio is ``nan`` for a dead unit. Given activations
whose shift has been undone (`equivariance.moved_along`), the same functions measure same-equivariance:
TVSE, SVSE, NVSE (#27). Numbers after # count the catalogue of definitions.

What is here: `UnitVariation`, `unit_variances`, `unit_distances`, `distance_to_unshifted`.

References
----------
.. [1] Quiroga, tmeasures 1.2.11, 2023, whose definitions these are, except that there 0/0 is 1, x/0 is infinite, and
       distances are taken within batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError

__all__ = ["UnitVariation", "distance_to_unshifted", "unit_distances", "unit_variances"]

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class UnitVariation:
    """Variation of units over shifts and over clips.

    Parameters
    ----------
    over_shifts : ndarray of shape (n_units,)
        TV or TD: within a clip, from shift to shift; averaged over clips.
    over_clips : ndarray of shape (n_units,)
        SV or SD: at one shift, from clip to clip; averaged over shifts.
    """

    over_shifts: FloatArray
    over_clips: FloatArray

    @property
    def dead(self) -> npt.NDArray[np.bool_]:
        """Which units answer every clip alike, of shape (n_units,)."""
        return np.asarray(self.over_clips == 0)

    @property
    def normalized(self) -> FloatArray:
        """NV or ND: variation over shifts by that over clips, of shape (n_units,); ``nan`` for dead units."""
        return np.asarray(self.over_shifts / np.where(self.dead, np.nan, self.over_clips))

    @property
    def layer_ratio(self) -> float:
        """Mean variation of the live units over shifts by that over clips; ``nan`` if all are dead.

        The means are divided, not the ratios averaged: a unit that hardly ever speaks does not drown the others.
        """
        live = ~self.dead
        return float(self.over_shifts[live].mean() / self.over_clips[live].mean()) if live.any() else float("nan")


def unit_variances(activations: FloatArray) -> UnitVariation:
    """Measure variation as standard deviations: TV, SV and NV, #25.

    Parameters
    ----------
    activations : ndarray of shape (n_clips, n_shifts, n_units)

    Returns
    -------
    UnitVariation
        ``TV = mean over clips of the deviation over shifts``, ``SV = mean over shifts of the deviation over clips``.

    Raises
    ------
    InputError
        If there are fewer than two clips or two shifts.

    Examples
    --------
    >>> moving, constant = [[0.0, 2.0], [4.0, 6.0]], [[1.0, 1.0], [1.0, 1.0]]
    >>> found = unit_variances(np.stack([moving, constant], axis=-1))
    >>> found.normalized
    array([0.5, nan])
    """
    return _variation(activations, _deviation)


def unit_distances(activations: FloatArray) -> UnitVariation:
    """Measure variation as mean distances over all pairs: TD, SD and ND, #26.

    Parameters
    ----------
    activations : ndarray of shape (n_clips, n_shifts, n_units)

    Returns
    -------
    UnitVariation

    Raises
    ------
    InputError
        If there are fewer than two clips or two shifts.

    Examples
    --------
    >>> unit_distances(np.array([[[0.0], [1.0], [3.0]], [[4.0], [5.0], [7.0]]])).over_shifts
    array([2.])
    """
    return _variation(activations, _pair_distance)


def _variation(activations: FloatArray, spread: Callable[[FloatArray, int], FloatArray]) -> UnitVariation:
    if activations.ndim != 3 or min(activations.shape[:2]) < 2:
        raise InputError(
            f"activations of shape {activations.shape} must be (n_clips, n_shifts, n_units) with two clips and two "
            "shifts or more: one alone does not vary"
        )
    values = activations.astype(np.float64)
    return UnitVariation(spread(values, 1).mean(0), spread(values, 0).mean(0))


def _deviation(values: FloatArray, axis: int) -> FloatArray:
    # The mean of equal numbers is not always that number; equal numbers must deviate by exactly 0.
    return np.where(np.ptp(values, axis=axis) > 0, values.std(axis=axis, ddof=1), 0.0)


def _pair_distance(values: FloatArray, axis: int) -> FloatArray:
    """Mean absolute difference over all pairs, by sorting: the k-th smallest of m is subtracted m − 1 − k times."""
    m = values.shape[axis]
    ordered = np.moveaxis(np.sort(values - values.min(axis=axis, keepdims=True), axis=axis), axis, -1)
    weights = 2.0 * np.arange(m) - (m - 1)
    return np.asarray(ordered @ weights / (m * (m - 1) / 2))


def distance_to_unshifted(activations: FloatArray, zero: int) -> FloatArray:
    """Root mean square difference to the unshifted clip: DSES, #27, for activations whose shift has been undone.

    Parameters
    ----------
    activations : ndarray of shape (n_clips, n_shifts, n_units)
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_units,)

    Examples
    --------
    >>> distance_to_unshifted(np.array([[[1.0], [4.0], [5.0]]]), 0).round(3)
    array([3.536])
    """
    difference = np.delete(activations - activations[:, [zero]], zero, axis=1)
    return np.asarray(np.sqrt(np.mean(difference.astype(np.float64) ** 2, axis=(0, 1))))
