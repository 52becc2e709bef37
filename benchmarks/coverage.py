"""How often a 95 % interval holds the truth: simulated averages over clips that come in groups.

Run with ``python -m benchmarks.coverage [N]``. Each data set has groups of five clips; a group's own probability comes
from a beta distribution of concentration 3 around p, so that clips of a group resemble each other. A clip's value is an
answer, right or wrong, or the share of 20 shifts that keep it. Printed is the share of N data sets (default 2000) whose
interval holds p, for `bootstrap_mean` and for what it could be replaced by: plain expanded percentiles, and Wilson's
interval with as many clips as the variance between groups leaves (Student's t for the normal quantile).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from audioinv.measure.multiplicity import wilson_interval
from audioinv.measure.resampling import resampled_sums, tail_probability, unseen_share
from audioinv.measure.statistics import bootstrap_mean

FloatArray = npt.NDArray[np.float64]
Interval = Callable[[FloatArray, npt.NDArray[np.intp], np.random.Generator], tuple[float, float]]

CLIPS_PER_GROUP, CONCENTRATION, N_SHIFTS = 5, 3.0, 20
SHARES, GROUPS = (0.6, 0.9, 0.95), (10, 20, 40)


def shipped(values: FloatArray, codes: npt.NDArray[np.intp], rng: np.random.Generator) -> tuple[float, float]:
    """Return what a summary gives."""
    found = bootstrap_mean(values, codes, rng=rng)
    return found.low, found.high


def percentiles(values: FloatArray, codes: npt.NDArray[np.intp], rng: np.random.Generator) -> tuple[float, float]:
    """Return expanded percentiles, neither corrected nor accelerated."""
    sums = np.bincount(codes, values)[:, None]
    tail = tail_probability(len(sums), 0.95)
    low, high = np.quantile(resampled_sums(sums, rng, 2000)[:, 0] / len(values), [tail, 1 - tail])
    return _unless_agreed(values, sums, (low, high))


def wilson(values: FloatArray, codes: npt.NDArray[np.intp], _: np.random.Generator) -> tuple[float, float]:
    """Return Wilson's interval for an effective number of clips."""
    sums, mean = np.bincount(codes, values)[:, None], values.mean()
    n_groups = len(sums)
    variance = n_groups / (n_groups - 1) * np.square(sums - CLIPS_PER_GROUP * mean).sum() / len(values) ** 2
    effective = min(mean * (1 - mean) / variance, len(values)) if variance else len(values)
    low, high = wilson_interval(mean, effective, z=stats.t.ppf(0.975, n_groups - 1))
    return _unless_agreed(values, sums, (low, high))


def _unless_agreed(values: FloatArray, sums: FloatArray, found: tuple[float, float]) -> tuple[float, float]:
    if np.ptp(sums) > 1e-9:
        return found
    mean, unseen = values.mean(), unseen_share(len(sums), 0.95)
    return mean - unseen * mean, mean + unseen * (1 - mean)


def coverage(interval: Interval, kind: str, share: float, n_groups: int, n_sets: int) -> float:
    """Return how often the interval holds the true average."""
    rng = np.random.default_rng([n_groups, round(100 * share)])
    codes = np.repeat(np.arange(n_groups), CLIPS_PER_GROUP)
    n_trials = 1 if kind == "answers" else N_SHIFTS
    held = 0
    for _ in range(n_sets):
        own = rng.beta(CONCENTRATION * share, CONCENTRATION * (1 - share), n_groups)
        low, high = interval(rng.binomial(n_trials, own[codes]) / n_trials, codes, rng)
        held += low <= share <= high
    return held / n_sets


def main() -> None:
    """Print the table."""
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{n_sets} data sets each; nominal 0.95\n")
    print("| values | interval | groups | " + " | ".join(f"p = {share}" for share in SHARES) + " |")
    print("|---" * (3 + len(SHARES)) + "|")
    for kind in ("answers", "shares of shifts"):
        for name, interval in (("ours", shipped), ("percentiles", percentiles), ("Wilson, effective n", wilson)):
            for n_groups in GROUPS:
                found = [coverage(interval, kind, share, n_groups, n_sets) for share in SHARES]
                cells = [f"{value:.3f} ± {np.sqrt(value * (1 - value) / n_sets):.3f}" for value in found]
                print(f"| {kind} | {name} | {n_groups} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
