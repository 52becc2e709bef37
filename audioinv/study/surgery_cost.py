"""What a model's variants cost beside it: multiply-adds, and time measured side by side.

Conventions
-----------
Times are compared within a round, in which every model answers the same windows equally often, one after the other in
this process, each round beginning with another model. A turn is long beside the slices in which a busy machine deals
out its cores, so that what else it does falls on all alike. A ratio is the median over rounds; its interval is that of
order statistics, which asks nothing of how times are distributed.

What is here: `Cost`, `measure_costs`, `median_interval`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats

from ..nets.model import Model
from ..nets.surgery.models import count_multiply_adds

__all__ = ["Cost", "measure_costs", "median_interval"]

_N_ROUNDS, _SECONDS, _TURN_SECONDS = 51, 10.0, 0.1
_FEWEST = 6  # rounds whose range holds the median 95 times in 100
_BATCH, _LEVEL, _SEED = 4, 0.1, 20261123


@dataclass(frozen=True)
class Cost:
    """What a model costs beside another.

    Parameters
    ----------
    multiply_adds : float
        Of one window; ``nan`` where they cannot be counted.
    time_ratio, low, high : float
        Time in units of the other's: median and 95 % interval.
    n_rounds : int
    """

    multiply_adds: float
    time_ratio: float
    low: float
    high: float
    n_rounds: int


def measure_costs(models: Sequence[Model]) -> list[Cost]:
    """Count and time models of the same sound.

    Parameters
    ----------
    models : sequence of Model
        The first is what the others are compared with.

    Returns
    -------
    list of Cost
        One for each model.
    """
    spec = models[0].spec
    generator = torch.Generator().manual_seed(_SEED)
    windows = _LEVEL * torch.randn(_BATCH, spec.n_samples, generator=generator)
    seconds = _time(models, windows)
    ratios = seconds / seconds[:, :1]
    costs = []
    for model, ratio in zip(models, ratios.T, strict=True):
        low, high = median_interval(ratio)
        costs.append(Cost(count_multiply_adds(model), float(np.median(ratio)), low, high, len(ratio)))
    return costs


def _time(models: Sequence[Model], windows: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return seconds of each round and model, (n_rounds, n_models)."""
    rounds = []
    with torch.inference_mode():
        for model in models:
            model.scores(windows)  # the first time is slower than any other
        n_times = math.ceil(_TURN_SECONDS / _seconds_of(models[0], windows, 1))
        started = time.perf_counter()
        for turn in range(_N_ROUNDS):
            if turn >= _FEWEST and time.perf_counter() - started > _SECONDS:
                break
            seconds = np.empty(len(models))
            for place in np.roll(np.arange(len(models)), turn).tolist():
                seconds[place] = _seconds_of(models[place], windows, n_times)
            rounds.append(seconds)
    return np.stack(rounds)


def _seconds_of(model: Model, windows: torch.Tensor, n_times: int) -> float:
    started = time.perf_counter()
    for _ in range(n_times):
        model.scores(windows)
    return time.perf_counter() - started


def median_interval(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the two order statistics between which the median lies in at least 95 of 100 samples.

    Parameters
    ----------
    values : array of shape (n,)

    Returns
    -------
    low : float
        ``nan`` with fewer than six values, which no two of them can promise.
    high : float
        ``nan`` likewise.

    References
    ----------
    .. [1] David & Nagaraja, Order Statistics, 2003, section 7.1.

    Examples
    --------
    >>> median_interval([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    (1.0, 6.0)
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    rank = int(stats.binom.ppf(0.025, len(ordered), 0.5))
    if rank < 1:
        return np.nan, np.nan
    return float(ordered[rank - 1]), float(ordered[-rank])
