"""How far clips can be shifted before their answer flips, when some never flip within what was tried.

Conventions
-----------
An *amount* is the shift at which a clip's answer first changes or, where `censored`, the shift up to which it never
did. To leave such clips out, or to take their limit for a flip, would make every model look worse than it is. Groups
are what is resampled, as in `audioinv.measure.statistics`; ``nan`` means beyond what was tried.

What is here: `censored_quantiles`, `bootstrap_median`, `SurvivalCurve`, `survival_curve`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from .resampling import Sample, resampled_sums, same_clips, tail_probability, take_sample, unseen_share
from .statistics import Estimate

__all__ = ["SurvivalCurve", "bootstrap_median", "censored_quantiles", "survival_curve"]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """Share of clips whose answer still holds, after each amount at which one flipped.

    Parameters
    ----------
    amounts : ndarray of shape (n_steps,)
        Ascending; before the first the share is 1.
    value, low, high : ndarray of shape (n_steps,)
        The share from this amount on, with a pointwise band.
    """

    amounts: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


def censored_quantiles(times: npt.ArrayLike, censored: npt.ArrayLike, q: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Quantiles of amounts of which some are only known to be larger than what was tried (Kaplan–Meier).

    Parameters
    ----------
    times : array of shape (n_clips,)
        The amount, or where `censored` the amount up to which nothing happened; ``nan`` is left out.
    censored : array of shape (n_clips,), bool
    q : array of shape (n_quantiles,)
        Between 0 and 1.

    Returns
    -------
    ndarray of shape (n_quantiles,)
        The smallest amount by which at least the share `q` has happened; ``nan`` where that share is not reached.

    References
    ----------
    .. [1] Kaplan & Meier, Nonparametric Estimation from Incomplete Observations, JASA 53, 1958.

    Examples
    --------
    >>> censored_quantiles([1, 2, 4, 5, 5], [False, False, False, True, True], [0.2, 0.5, 0.9])
    array([ 1.,  4., nan])
    """
    amounts, flags = same_clips(times, censored)
    levels = np.atleast_1d(np.asarray(q, dtype=float))
    happened, lost = (amounts[~np.isnan(amounts) & (flags == flag)] for flag in (0, 1))
    cdf = stats.ecdf(stats.CensoredData(uncensored=happened, right=lost)).cdf
    first = np.searchsorted(cdf.probabilities, levels - _ROUNDING)
    return np.append(cdf.quantiles, np.nan)[first]


def bootstrap_median(
    times: npt.ArrayLike,
    censored: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Kaplan–Meier median of censored amounts, with an interval from resampled groups.

    Parameters
    ----------
    times, censored
        As in `censored_quantiles`.
    groups, rng, n_resamples, confidence
        As in `audioinv.measure.statistics.estimate_curve`.

    Returns
    -------
    Estimate
        Of the median, in the unit of `times`. A value, low or high of ``nan`` is not reached: it lies beyond
        what was tried.

    Raises
    ------
    InputError
        If lengths disagree.

    Examples
    --------
    >>> times, censored = np.repeat([1.0, 2.0, 5.0], 10), np.repeat([False, False, True], 10)
    >>> bootstrap_median(times, censored, None, rng=np.random.default_rng(0)).value
    2.0
    """
    sample = take_sample(np.column_stack(same_clips(times, censored)), groups)
    (value,) = censored_quantiles(sample.values[:, 0], sample.values[:, 1], [0.5])
    low = high = np.nan
    if sample.n_units > 1:
        grid, rows = _happened_and_lost(sample)
        medians = np.sort(_median_index(resampled_sums(rows, rng, n_resamples)))
        below = int(tail_probability(sample.n_units, confidence) * (n_resamples - 1))
        low, high = np.append(grid, np.nan)[medians[[below, -1 - below]]]
    counts = (sample.n, sample.n_groups, sample.unit, sample.n_undefined)
    return Estimate(float(value), float(low), float(high), *counts)


def survival_curve(
    times: npt.ArrayLike,
    censored: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> SurvivalCurve:
    """Kaplan–Meier curve of censored amounts, with a pointwise band from resampled groups.

    Parameters
    ----------
    times, censored
        As in `censored_quantiles`.
    groups, rng, n_resamples, confidence
        As in `audioinv.measure.statistics.estimate_curve`.

    Returns
    -------
    SurvivalCurve
        Without steps where no clip flips. No band with a single unit.

    Raises
    ------
    InputError
        If lengths disagree.

    References
    ----------
    .. [1] Kaplan & Meier, JASA 53, 1958.

    Examples
    --------
    >>> times, censored = np.repeat([1.0, 2.0, 5.0, 5.0], 5), np.repeat([False, False, False, True], 5)
    >>> curve = survival_curve(times, censored, None, rng=np.random.default_rng(0))
    >>> curve.amounts, curve.value
    (array([1., 2., 5.]), array([0.75, 0.5 , 0.25]))
    """
    sample = take_sample(np.column_stack(same_clips(times, censored)), groups)
    grid, rows = _happened_and_lost(sample)
    total = rows.sum(axis=0)
    steps = total[: len(grid)] > 0
    value = _survival(total[None]).ravel()[steps]
    low = high = np.full(len(value), np.nan)
    if sample.n_units > 1 and steps.any():
        tail = tail_probability(sample.n_units, confidence)
        drawn = _survival(resampled_sums(rows, rng, n_resamples))[:, steps]
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        high = np.where(value == 0, unseen_share(sample.n_units, confidence), high)
    return SurvivalCurve(grid[steps], value, low, high)


def _happened_and_lost(sample: Sample) -> tuple[FloatArray, sparse.csr_array]:
    """Return the distinct amounts, and per unit how many clips happened, then were lost, at each of them."""
    amounts, flags = sample.values.T
    grid, at = np.unique(amounts, return_inverse=True)
    places = at + len(grid) * flags.astype(np.intp)
    counts = sparse.csr_array((np.ones(sample.n), (np.arange(sample.n), places)), (sample.n, 2 * len(grid)))
    return grid, sample.per_unit(counts)


def _median_index(sums: FloatArray) -> npt.NDArray[np.intp]:
    """Index of the Kaplan–Meier median of each resample; one past the end where it is not reached."""
    reached = _survival(sums) <= 0.5 + _ROUNDING
    first: npt.NDArray[np.intp] = np.where(reached.any(axis=1), reached.argmax(axis=1), reached.shape[1])
    return first


def _survival(sums: FloatArray) -> FloatArray:
    """Kaplan–Meier curve of each row of numbers that happened, then were lost, at each amount."""
    happened, lost = np.split(sums, 2, axis=1)
    at_risk = np.cumsum((happened + lost)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.cumprod(1 - happened / np.maximum(at_risk, 1), axis=1), dtype=float)
