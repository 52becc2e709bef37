"""Averages over clips with intervals, and paired differences.

Conventions
-----------
One value a clip, in an array of shape ``(n_clips,)``; ``nan`` where the clip has none, and such clips are left
out and counted. What is resampled is the *group* (the recording, the speaker, the drum kit), because clips of
one group resemble each other; with fewer than `MIN_GROUPS` groups it is the clip, since an interval from three
kits would be noise. `Estimate.unit` tells which. An interval that cannot be had is ``nan``.

What a value can lie between decides the interval. Values between 0 and 1 have Wilson's, with as many coins as the
groups vary like; values that can be negative, as differences can, Student's (both in `audioinv.measure.intervals`);
others, sums and distances, bias-corrected and accelerated bootstrap percentiles (`audioinv.measure.accelerated`) with
Hesterberg's expansion: the percentiles are moved outwards by the ratio of Student's t to the normal law. Each is the
one that held the truth most nearly as often as it says, in ``benchmarks/coverage.py``; the tables stand in
``docs/benchmarks.md``.

Where all units agree, their variance says nothing; the interval then says how far the mean could lie if other
units exist that the sample happened to miss, the exact form of the rule of three: 12 clips of 12 give [0.735, 1],
not [1, 1]. It is wider than that of a sample with one slight deviation, which has shown its deviations.

What is here: `Estimate`, `CurveEstimate`, `estimate_mean`, `estimate_curve`, `paired_difference`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .accelerated import accelerated_interval
from .intervals import allow_for_unseen, share_interval, student_interval
from .resampling import MIN_GROUPS, Unit, resampled_sums, same_clips, tail_probability, take_sample

__all__ = [
    "MIN_GROUPS",
    "CurveEstimate",
    "Estimate",
    "estimate_curve",
    "estimate_mean",
    "paired_difference",
]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-12
_AT_ONCE = 1 << 20  # sums of units


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value, low, high : float
        The estimate and its interval; ``nan`` where undefined.
    n : int
        Clips that had a value.
    n_groups : int
        Groups that these clips come from.
    unit : {"group", "clip"}
        What was resampled.
    n_undefined : int, default 0
        Clips left out because they had no value.
    """

    value: float
    low: float
    high: float
    n: int
    n_groups: int
    unit: Unit
    n_undefined: int = 0


@dataclass(frozen=True, eq=False)
class CurveEstimate:
    """A curve with a pointwise band: each point covers at the nominal rate, the curve as a whole less often.

    Parameters
    ----------
    value, low, high : ndarray of shape (n_points,)
        ``nan`` where undefined.
    n, n_groups, unit, n_undefined
        As in `Estimate`.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    n_groups: int
    unit: Unit
    n_undefined: int = 0

    def at(self, point: int) -> Estimate:
        """Return the estimate at one point.

        Parameters
        ----------
        point : int

        Returns
        -------
        Estimate
        """
        value, low, high = (float(part[point]) for part in (self.value, self.low, self.high))
        return Estimate(value, low, high, self.n, self.n_groups, self.unit, self.n_undefined)


def estimate_curve(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> CurveEstimate:
    """Average a curve over clips, with a pointwise band.

    Parameters
    ----------
    values : array of shape (n_clips, n_points)
        A clip with ``nan`` at any point is left out.
    groups : array of shape (n_clips,), optional
        Which clips belong together; each clip is a group of its own if not given.
    rng : numpy.random.Generator
    n_resamples : int, default 2000
    confidence : float, default 0.95
    bounds : (float, float) or None, default (0, 1)
        Between what a value can lie, which decides the interval: (0, 1) for shares, below 0 for differences. None, for
        values without bounds, leaves the interval undefined where all units agree, as infinite ones do.

    Returns
    -------
    CurveEstimate

    Raises
    ------
    InputError
        If lengths disagree.

    References
    ----------
    .. [1] Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8 (whole groups).
    .. [2] Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015
       (expanded percentiles).
    .. [3] Efron, Better Bootstrap Confidence Intervals, JASA 82, 1987 (bias correction and acceleration).

    Examples
    --------
    >>> curve = estimate_curve([[1, 0], [1, 1]] * 10, None, rng=np.random.default_rng(0))
    >>> curve.value, curve.n
    (array([1. , 0.5]), 20)
    """
    sample = take_sample(values, groups)
    n_points = sample.values.shape[1]
    value = sample.values.mean(axis=0) if sample.n else np.full(n_points, np.nan)
    low = high = np.full(n_points, np.nan)
    if sample.n_units > 1:
        sums, sizes = sample.per_unit(sample.values), sample.per_unit(np.ones((sample.n, 1))).ravel()
        if bounds == (0.0, 1.0):
            found = _some_points(sums, lambda some: share_interval(some, sizes, confidence))
        elif bounds is not None and bounds[0] < 0:
            found = _some_points(sums, lambda some: student_interval(some, sizes, confidence, bounds))
        else:
            drawn = resampled_sums(np.column_stack([sums, sizes]), rng, n_resamples)
            tail = tail_probability(sample.n_units, confidence)
            influence = sums - np.outer(sizes, value)
            found = np.stack(accelerated_interval(drawn[:, :-1] / drawn[:, -1:], value, influence, tail))
        agreed = _some_points(sums, lambda some: np.ptp(some / sizes[:, None], axis=0) <= _ROUNDING)
        low, high = allow_for_unseen(found, value, agreed, n_units=sample.n_units, confidence=confidence, bounds=bounds)
    return CurveEstimate(value, low, high, sample.n, sample.n_groups, sample.unit, sample.n_undefined)


def _some_points(sums: FloatArray, find: Callable[[FloatArray], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Find something of each point of a curve, of some points after the others: on the way it takes much room."""
    n_points = max(1, _AT_ONCE // len(sums))
    return np.concatenate([find(sums[:, at : at + n_points]) for at in range(0, sums.shape[1], n_points)], axis=-1)


def estimate_mean(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Estimate:
    """Average one value a clip, with an interval over groups.

    Parameters
    ----------
    values : array of shape (n_clips,)
        Clips with ``nan`` are left out.
    groups, rng, n_resamples, confidence, bounds
        As in `estimate_curve`.

    Returns
    -------
    Estimate
        The mean over clips; all ``nan`` without a clip, no interval with a single unit.

    Raises
    ------
    InputError
        If lengths disagree.

    Examples
    --------
    >>> perfect = estimate_mean(np.ones(12), None, rng=np.random.default_rng(0))
    >>> perfect.value, round(perfect.low, 3), perfect.high
    (1.0, 0.735, 1.0)
    """
    column = np.asarray(values, dtype=float)[:, None]
    curve = estimate_curve(column, groups, rng=rng, n_resamples=n_resamples, confidence=confidence, bounds=bounds)
    return curve.at(0)


def paired_difference(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Difference of two averages over the same clips, with an interval over groups.

    Parameters
    ----------
    a, b : array of shape (n_clips,)
        Two values a clip, each between 0 and 1. A clip that lacks either is left out of both averages.
    groups, rng, n_resamples, confidence
        As in `estimate_curve`.

    Returns
    -------
    Estimate
        Of the mean of `a` minus the mean of `b`.

    Raises
    ------
    InputError
        If lengths disagree.

    Examples
    --------
    >>> a, b = np.tile([1.0, 1.0], 10), np.tile([0.5, 0.0], 10)
    >>> paired_difference(a, b, None, rng=np.random.default_rng(0)).value
    0.75
    """
    first, second = same_clips(a, b)
    return estimate_mean(
        first - second, groups, rng=rng, n_resamples=n_resamples, confidence=confidence, bounds=(-1.0, 1.0)
    )
