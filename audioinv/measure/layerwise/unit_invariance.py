"""Two tests of whether a unit heeds a shift: analysis of variance, and Goodfellow's firing rates.

Conventions
-----------
`activations` are ``(n_clips, n_shifts, n_units)``; measures have one value a unit, ``nan`` where undefined. Numbers
after # count the catalogue of definitions.

What is here: `anova_f`, `variant_units`, `FiringRates`, `firing_rates`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

from ...errors import InputError

__all__ = ["CORRECTIONS", "FiringRates", "anova_f", "firing_rates", "variant_units"]

FloatArray = npt.NDArray[np.floating]

CORRECTIONS = ("bonferroni", "holm")


def anova_f(activations: FloatArray) -> FloatArray:
    """Variance between shifts by variance within shifts: the F of a one-way analysis of variance, #28.

    Groups are shifts, observations in a group are clips. The clips are the same in every group, which this test does
    not use: it errs on the side of calling a unit invariant.

    Parameters
    ----------
    activations : ndarray of shape (n_clips, n_shifts, n_units)
        Of two clips and two shifts at least.

    Returns
    -------
    ndarray of shape (n_units,)
        ``nan`` for a unit that does not vary from clip to clip.

    Examples
    --------
    >>> anova_f(np.array([[[0.0], [4.0]], [[2.0], [6.0]]]))
    array([8.])
    """
    values = activations.astype(np.float64)
    n_clips, n_shifts = values.shape[:2]
    means = values.mean(0)
    between = n_clips * ((means - means.mean(0)) ** 2).sum(0) / (n_shifts - 1)
    within = ((values - means) ** 2).sum((0, 1)) / (n_shifts * (n_clips - 1))
    steady = (np.ptp(values, axis=0) == 0).all(0)  # where rounding may leave `within` above 0
    return np.asarray(between / np.where(steady, np.nan, within))


def variant_units(
    f: FloatArray, n_clips: int, n_shifts: int, *, alpha: float = 0.01, correction: str = "holm"
) -> npt.NDArray[np.bool_]:
    """Tell which units heed the shift, with few false alarms in the whole layer.

    Parameters
    ----------
    f : ndarray of shape (n_units,)
        From `anova_f`.
    n_clips, n_shifts : int
        That it came from.
    alpha : float, default 0.01
        Chance of calling any invariant unit of the layer variant.
    correction : {"holm", "bonferroni"}, default "holm"
        Bonferroni tests every unit at alpha / #units; Holm's steps find no fewer units at the same alpha.

    Returns
    -------
    ndarray of shape (n_units,), bool
        False where `f` is ``nan``; such units do not count among #units.

    Raises
    ------
    InputError
        If `alpha` is not between 0 and 1, or the correction is unknown.

    References
    ----------
    .. [1] Holm, A simple sequentially rejective multiple test procedure, 1979.

    Examples
    --------
    >>> variant_units(np.array([30.0, 1.0, np.nan]), 10, 5)
    array([ True, False, False])
    """
    if not 0 < alpha < 1 or correction not in CORRECTIONS:
        raise InputError(f"alpha={alpha} must lie between 0 and 1, correction={correction!r} in {CORRECTIONS}")
    tested = np.flatnonzero(np.isfinite(f))
    variant = np.zeros(len(f), dtype=bool)
    if not len(tested):
        return variant
    p = scipy.stats.f.sf(f[tested], n_shifts - 1, n_shifts * (n_clips - 1))
    if correction == "bonferroni":
        variant[tested] = p <= alpha / len(tested)
        return variant
    order = np.argsort(p, kind="stable")
    passed = p[order] <= alpha / (len(tested) - np.arange(len(tested)))
    variant[tested[order[np.logical_and.accumulate(passed)]]] = True
    return variant


@dataclass(frozen=True, eq=False)
class FiringRates:
    """How often units fire: at shifted versions of what makes them fire, and at large.

    Parameters
    ----------
    local : ndarray of shape (n_units,)
        L: share of the other shifts at which a unit still fires, over the clips that make it fire unshifted.
    at_large : ndarray of shape (n_units,)
        G: share of the unshifted clips that make it fire.
    """

    local: FloatArray
    at_large: FloatArray

    @property
    def score(self) -> FloatArray:
        """L / G, of shape (n_units,): 1 by chance, 1 / G at best; ``nan`` where a unit never fires."""
        return np.asarray(self.local / self.at_large)


def firing_rates(activations: FloatArray, zero: int, *, percentile: float = 99.0) -> FiringRates:
    """Measure Goodfellow's firing rates: #29.

    A unit fires where it exceeds its own percentile over the unshifted clips. With fewer than a hundred clips that is
    the one clip it likes best.

    Parameters
    ----------
    activations : ndarray of shape (n_clips, n_shifts, n_units)
    zero : int
        Index of the unshifted column.
    percentile : float, default 99
        Of the threshold.

    Returns
    -------
    FiringRates

    References
    ----------
    .. [1] Goodfellow et al., Measuring Invariances in Deep Networks, 2009.

    Examples
    --------
    >>> steady, fickle = [[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]]
    >>> firing_rates(np.stack([steady, fickle], axis=-1), 0).score
    array([2., 0.])
    """
    threshold = np.percentile(activations[:, zero], percentile, axis=0)
    fires = activations > threshold
    clean = fires[:, zero]
    n_firing = clean.sum(0)
    still = (np.delete(fires, zero, axis=1).mean(1) * clean).sum(0)
    return FiringRates(still / np.where(n_firing > 0, n_firing, np.nan), clean.mean(0))
