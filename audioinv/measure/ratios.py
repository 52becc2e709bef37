"""Ratios of two averages over the same clips, with intervals.

Conventions
-----------
As in `audioinv.measure.statistics`: one value a clip, ``nan`` where it has none, and groups are what is resampled. The
ratio is that of the averages, not the average of the clips' ratios, which clips with a denominator near 0 would rule.

What is here: `bootstrap_ratio`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .accelerated import accelerated_interval
from .resampling import resampled_sums, tail_probability, take_sample, unseen_share
from .statistics import Estimate

__all__ = ["bootstrap_ratio"]

_ROUNDING = 1e-12


def bootstrap_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Mean of numerators over mean of denominators; every resample takes the same groups of both.

    Parameters
    ----------
    numerators, denominators : array of shape (n_clips,)
        Both in [0, 1]. A clip that lacks either is left out.
    groups, rng, n_resamples, confidence
        As in `audioinv.measure.statistics.estimate_curve`.

    Returns
    -------
    Estimate
        ``nan`` where the denominators are all 0. Where every unit has the same ratio, the interval says how far units
        that the sample happened to miss could move it: from 0 of their denominator, to 1 whatever it is.

    Raises
    ------
    InputError
        If lengths disagree.

    References
    ----------
    .. [1] Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 2.2 (ratio of means).

    Examples
    --------
    >>> bootstrap_ratio([0.5, 1.0, 0.0] * 4, [1.0, 1.0, 0.0] * 4, None, rng=np.random.default_rng(0)).value
    0.75
    """
    sample = take_sample(np.column_stack([numerators, denominators]), groups)
    counts = (sample.n, sample.n_groups, sample.unit, sample.n_undefined)
    above, below = sample.values.sum(axis=0)
    if not below:
        return Estimate(np.nan, np.nan, np.nan, *counts)
    value = float(above / below)
    if sample.n_units < 2:
        return Estimate(value, np.nan, np.nan, *counts)
    rows = sample.per_unit(sample.values)
    if (np.abs(rows[:, 0] - value * rows[:, 1]) <= _ROUNDING * max(1.0, above)).all():
        unseen = unseen_share(sample.n_units, confidence)
        return Estimate(value, value * (1 - unseen), value + unseen * (sample.n / float(below) - value), *counts)
    tail = tail_probability(sample.n_units, confidence)
    sums = resampled_sums(rows, rng, n_resamples)
    drawn = sums[sums[:, 1] > 0]  # a resample without any denominator has no ratio
    influence = rows[:, :1] - value * rows[:, 1:]
    low, high = accelerated_interval(drawn[:, :1] / drawn[:, 1:], np.array([value]), influence, tail)
    return Estimate(value, low.item(), high.item(), *counts)
