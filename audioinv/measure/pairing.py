"""Two models on the same clips: is the difference more than chance, and how small a one could have been seen.

Conventions
-----------
Differences are ordered ``(n_clips,)`` or ``(n_clips, n_points)``, one model's value minus the other's; a clip with
``nan`` is left out. What is exchanged is the group, however few there are, because clips of one group resemble each
other: unlike an interval, a test of few units is still exact. A single unit can show nothing.

What is here: `sign_flip_test`, `minimum_detectable_change`; and both with an interval, `MeasureDifference`, `differ`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .intervals import degrees_of_freedom, standard_error
from .resampling import take_sample
from .statistics import Estimate, estimate_mean

__all__ = ["LEVEL", "MeasureDifference", "differ", "minimum_detectable_change", "sign_flip_test"]

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.05
_EXACT_UNITS = 12  # 4096 ways to flip their signs
_N_FLIPS = 9999
_AT_ONCE = 1 << 22  # values held at once: 32 MiB
_ROUNDING = 1e-12


@dataclass(frozen=True)
class MeasureDifference:
    """One measure of both models and what they differ by.

    Parameters
    ----------
    axis : str
        ``""`` for accuracy without a shift.
    measure : str
    first, second : float
        Averages over the clips that have a value for both.
    difference : Estimate
    p_value, p_adjusted : float
        Of a paired sign-flip test; adjusted by Holm over all measures and axes.
    detectable : float
        The smallest true difference that these clips would show four times in five, before adjustment.
    """

    axis: str
    measure: str
    first: float
    second: float
    difference: Estimate
    p_value: float
    p_adjusted: float
    detectable: float


def sign_flip_test(
    differences: npt.ArrayLike, groups: npt.ArrayLike | None, *, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Probability of a mean difference at least as large, either way, if neither model were the better one.

    If the models were exchangeable on each group, every pattern of signs of the groups' differences would be as likely
    as the one seen. All patterns are tried with up to 12 units, 9999 random ones beyond.

    Parameters
    ----------
    differences : array of shape (n_clips,) or (n_clips, n_points)
        A clip with ``nan`` at any point is left out.
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape () or (n_points,)
        Two-sided p values, never 0; ``nan`` without a clip, or where several clips are all of one group.

    Raises
    ------
    InputError
        If lengths disagree.

    References
    ----------
    .. [1] Fisher, The Design of Experiments, 1935, section 21 (Darwin's plants).
    .. [2] Phipson & Smyth, Permutation P-values Should Never Be Zero, Stat. Appl. Genetics Mol. Biol. 9, 2010.

    Examples
    --------
    >>> float(sign_flip_test([1.0, 1.0, 1.0, 1.0], None, rng=np.random.default_rng(0)))  # two of sixteen patterns
    0.125
    """
    given = np.asarray(differences, dtype=float)
    sample = take_sample(given[:, None] if given.ndim == 1 else given, groups, min_groups=1)
    if sample.n_units == 0 or sample.n_units == 1 < sample.n:
        return np.full(given.shape[1:], np.nan)
    sums = sample.per_unit(sample.values)
    seen = np.abs(sums.sum(axis=0)) - _ROUNDING * np.abs(sums).sum(axis=0)
    if sample.n_units <= _EXACT_UNITS:
        patterns = np.array(list(itertools.product([-1.0, 1.0], repeat=sample.n_units)))
        p_values = (np.abs(patterns @ sums) >= seen).mean(axis=0)
    else:
        p_values = (1 + _count_as_large(sums, seen, rng)) / (1 + _N_FLIPS)
    return np.asarray(p_values.reshape(given.shape[1:]))


def _count_as_large(sums: FloatArray, seen: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Count, for each point, the random patterns whose sum is as large as the one that was seen."""
    at_once = max(1, _AT_ONCE // len(sums))
    parts = [min(at_once, _N_FLIPS - start) for start in range(0, _N_FLIPS, at_once)]
    counts = np.zeros(sums.shape[1])
    for part in parts:
        patterns = 1.0 - 2.0 * rng.integers(0, 2, (part, len(sums)))
        counts += (np.abs(patterns @ sums) >= seen).sum(axis=0)
    return counts


def minimum_detectable_change(
    differences: npt.ArrayLike, groups: npt.ArrayLike | None, *, level: float = LEVEL, power: float = 0.8
) -> float:
    """Smallest true average, unlike 0, that clips as many and as varied would show, most of the time.

    Parameters
    ----------
    differences : array of shape (n_clips,)
    groups : array of shape (n_clips,), optional
    level : float, default 0.05
        Of the two-sided test.
    power : float, default 0.8
        How often such a difference is to be shown.

    Returns
    -------
    float
        (t at 1 - `level` / 2, plus t at `power`) standard errors of the mean over groups; ``nan`` with a single unit,
        or where the models never differ, so that the clips cannot tell how much they would vary.

    References
    ----------
    .. [1] Bloom, Minimum Detectable Effects, Evaluation Review 19, 1995.

    Examples
    --------
    >>> round(minimum_detectable_change([0.1, -0.1] * 50, None), 4)
    0.0284
    """
    sample = take_sample(np.asarray(differences, dtype=float)[:, None], groups, min_groups=1)
    if sample.n_units < 2:
        return np.nan
    rows = sample.per_unit(np.column_stack([sample.values, np.ones(sample.n)]))
    (error,) = standard_error(rows[:, :1], rows[:, 1])
    if error <= _ROUNDING:
        return np.nan
    freedom = degrees_of_freedom(rows[:, 1])
    return float((stats.t.ppf(1 - level / 2, freedom) + stats.t.ppf(power, freedom)) * error)


def differ(
    first: npt.NDArray[np.floating],
    second: npt.NDArray[np.floating],
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    bounds: tuple[float, float] | None = (-1.0, 1.0),
) -> MeasureDifference:
    """Compare one value a clip of two models; axis and measure stand empty, the p value unadjusted.

    Parameters
    ----------
    first, second : ndarray of shape (n_clips,)
        ``nan`` where a clip has no value.
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator
    bounds : (float, float) or None, default (-1, 1)
        Between what a difference can lie.

    Returns
    -------
    MeasureDifference
    """
    values = first - second
    both = ~np.isnan(values)
    ours, theirs = (float(side[both].mean()) if both.any() else np.nan for side in (first, second))
    estimate = estimate_mean(values, groups, rng=rng, bounds=bounds)
    p_value = float(sign_flip_test(values, groups, rng=rng))
    detectable = minimum_detectable_change(values, groups)
    return MeasureDifference("", "", ours, theirs, estimate, p_value, p_value, detectable)
