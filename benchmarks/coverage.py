"""How often an interval holds the truth and a test cries wolf: simulated clips that come in groups.

Run with ``python -m benchmarks.coverage [N]``: N data sets a cell (default 2000), some minutes on one core. A group's
own probability comes from a beta distribution around p, so that answers of one group correlate by the *resemblance*;
each group has five clips. A clip's value is

- an *answer*, right or wrong, with its group's probability;
- a *share of shifts*: of 20, each kept with a probability of the clip's own, from a beta distribution of concentration
  1 around its group's (most clips keep all shifts or hardly any);
- a *share of the group*: of 20, each kept with the group's probability.

Printed, as tables for ``docs/benchmarks.md``: coverage of the 95 % intervals of a summary; the exact coverage of an
interval that knows the law and has only p to find; the intervals that were tried instead; coverage for groups of
unequal sizes, for differences, and for values without bounds; and how often paired tests reject.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from audioinv.measure.intervals import allow_for_unseen, wilson_interval
from audioinv.measure.multiplicity import benjamini_hochberg, holm
from audioinv.measure.pairing import minimum_detectable_change, sign_flip_test
from audioinv.measure.statistics import estimate_curve

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Interval = Callable[[FloatArray, Codes, np.random.Generator], FloatArray]

KINDS = ("answers", "shares of shifts", "shares of the group")
SHARES, GROUPS, RESEMBLANCES = (0.5, 0.8, 0.9, 0.95, 0.98), (10, 20, 40), (0.0, 0.1, 0.25, 0.4)
CLIPS_PER_GROUP, N_SHIFTS = 5, 20
LOW, HIGH = 0.93, 0.97
_ROUNDING = 1e-9


def around(share: npt.ArrayLike, resemblance: float, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Return probabilities that vary around `share` such that answers drawn with one of them correlate."""
    centre = np.clip(np.broadcast_to(np.asarray(share, dtype=float), shape), _ROUNDING, 1 - _ROUNDING)
    if resemblance == 0:
        return centre
    concentration = 1 / resemblance - 1
    return rng.beta(concentration * centre, concentration * (1 - centre))


def data_sets(
    kind: str, share: float, resemblance: float, codes: Codes, n_sets: int, rng: np.random.Generator
) -> FloatArray:
    """Return one value a clip, (n_clips, n_sets)."""
    own = around(share, resemblance, (codes.max() + 1, n_sets), rng)[codes]
    if kind == "shares of shifts":
        own = around(own, 0.5, own.shape, rng)
    n_trials = 1 if kind == "answers" else N_SHIFTS
    return rng.binomial(n_trials, own) / n_trials


def shipped(values: FloatArray, codes: Codes, rng: np.random.Generator) -> FloatArray:
    """Return what a summary gives."""
    found = estimate_curve(values, codes, rng=rng)
    return np.stack([found.low, found.high])


def accelerated(values: FloatArray, codes: Codes, rng: np.random.Generator) -> FloatArray:
    """Return bias-corrected and accelerated percentiles."""
    found = estimate_curve(values, codes, rng=rng, bounds=None)
    return _seen(np.stack([found.low, found.high]), values, codes)


def student(values: FloatArray, codes: Codes, _: np.random.Generator) -> FloatArray:
    """Return Student's interval."""
    mean, error = _mean_and_error(values, codes)
    reach = stats.t.ppf(0.975, codes.max()) * error
    return _seen(np.stack([mean - reach, mean + reach]), values, codes)


def student_of_logits(values: FloatArray, codes: Codes, _: np.random.Generator) -> FloatArray:
    """Return Student's interval on the scale of log odds."""
    mean, error = _mean_and_error(values, codes)
    inside = np.clip(mean, _ROUNDING, 1 - _ROUNDING)
    reach = stats.t.ppf(0.975, codes.max()) * error / (inside * (1 - inside))
    odds = np.log(inside / (1 - inside))
    return _seen(1 / (1 + np.exp(-np.stack([odds - reach, odds + reach]))), values, codes)


def plain_wilson(values: FloatArray, codes: Codes, _: np.random.Generator) -> FloatArray:
    """Return Wilson's interval with the effective number of clips, silent groups counted like any other."""
    mean, error = _mean_and_error(values, codes)
    n = np.divide(mean * (1 - mean), error**2, out=np.ones_like(mean), where=error > 0)
    return _seen(wilson_interval(mean, n, z=stats.t.ppf(0.975, codes.max())), values, codes)


def jeffreys(values: FloatArray, codes: Codes, _: np.random.Generator) -> FloatArray:
    """Return the beta interval of Korn and Graubard with Jeffreys' prior in place of Clopper and Pearson's."""
    mean, error = _mean_and_error(values, codes)
    n = np.divide(mean * (1 - mean), error**2, out=np.ones_like(mean), where=error > 0)
    n *= (stats.norm.ppf(0.975) / stats.t.ppf(0.975, codes.max())) ** 2
    found = stats.beta.ppf([[0.025], [0.975]], n * mean + 0.5, n * (1 - mean) + 0.5)
    return _seen(found, values, codes)


METHODS: dict[str, Interval] = {
    "ours": shipped,
    "Wilson, effective n, silent groups like any other": plain_wilson,
    "Student on log odds": student_of_logits,
    "beta, effective n, Jeffreys": jeffreys,
    "bootstrap, accelerated": accelerated,
    "Student": student,
}


def _mean_and_error(values: FloatArray, codes: Codes) -> tuple[FloatArray, FloatArray]:
    means = _of_groups(values, codes)
    return means.mean(axis=0), means.std(axis=0, ddof=1) / np.sqrt(len(means))


def _of_groups(values: FloatArray, codes: Codes) -> FloatArray:
    means: FloatArray = values.reshape(codes.max() + 1, -1, values.shape[1]).mean(axis=1)
    return means


def _seen(found: FloatArray, values: FloatArray, codes: Codes) -> FloatArray:
    """Apply the rule for groups that all agree."""
    means = _of_groups(values, codes)
    agreed = np.ptp(means, axis=0) < _ROUNDING
    return allow_for_unseen(found, means.mean(axis=0), agreed, n_units=len(means), confidence=0.95, bounds=(0.0, 1.0))


def held(found: FloatArray, truth: float) -> float:
    """Return how often an interval holds the truth."""
    return float(((found[0] <= truth + _ROUNDING) & (truth <= found[1] + _ROUNDING)).mean())


def coverage(interval: Interval, kind: str, share: float, resemblance: float, codes: Codes, n_sets: int) -> float:
    """Return how often the interval of an average holds it; all intervals meet the same data sets."""
    rng = np.random.default_rng([KINDS.index(kind), round(100 * share), round(100 * resemblance), len(codes)])
    return held(interval(data_sets(kind, share, resemblance, codes, n_sets, rng), codes, rng), share)


def exact_coverage(share: float, resemblance: float, n_groups: int) -> float:
    """Return how often an equal-tailed test of the true law accepts it: what is left to an interval that knows it."""
    one = np.array([1 - share, share])
    if resemblance:
        concentration = 1 / resemblance - 1
        law = stats.betabinom(CLIPS_PER_GROUP, concentration * share, concentration * (1 - share))
        one = law.pmf(np.arange(CLIPS_PER_GROUP + 1))
    total = np.ones(1)
    for _ in range(n_groups if resemblance else n_groups * CLIPS_PER_GROUP):
        total = np.convolve(total, one)
    below, above = np.cumsum(total), np.cumsum(total[::-1])[::-1]
    return float(total[(below > 0.025) & (above > 0.025)].sum())


def equal_groups(n_groups: int) -> Codes:
    """Return the group of each clip."""
    return np.repeat(np.arange(n_groups), CLIPS_PER_GROUP)


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table, row by row as they come."""
    names = list(headings)
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def span(values: Iterable[float]) -> str:
    """Return the lowest and the highest of some coverages."""
    found = list(values)
    return f"{min(found):.3f} – {max(found):.3f}"


def averages(n_sets: int) -> Iterator[list[str]]:
    """Yield the coverage of what a summary gives."""
    for kind in KINDS:
        for n_groups in GROUPS:
            codes = equal_groups(n_groups)
            cells = (span(coverage(shipped, kind, share, r, codes, n_sets) for r in RESEMBLANCES) for share in SHARES)
            yield [kind, str(n_groups), *cells]


def attainable() -> Iterator[list[str]]:
    """Yield the exact coverage of an interval that knows the law, for answers."""
    for n_groups in GROUPS:
        cells = (span(exact_coverage(share, r, n_groups) for r in RESEMBLANCES) for share in SHARES)
        yield [str(n_groups), *cells]


def tried(n_sets: int) -> Iterator[list[str]]:
    """Yield how the intervals compare over all cells."""
    for name, interval in METHODS.items():
        for kind in KINDS:
            found = np.array(
                [
                    coverage(interval, kind, share, r, equal_groups(n_groups), n_sets)
                    for n_groups in GROUPS
                    for r in RESEMBLANCES
                    for share in SHARES
                ]
            )
            counts = [((found >= LOW) & (found <= HIGH)).sum(), (found < LOW).sum(), (found > HIGH).sum()]
            yield [name, kind, *map(str, counts), span(found)]


def unequal(n_sets: int) -> Iterator[list[str]]:
    """Yield coverage for groups of unequal sizes: mixed ones, and those of the shipped drums."""
    mixed = {f"mixed, {n}": np.resize((1, 2, 3, 5, 10), n) for n in GROUPS}
    for name, sizes in {**mixed, "drums, 18": np.array([1] * 12 + [2, 3, 13, 14, 18, 26])}.items():
        codes = np.repeat(np.arange(len(sizes)), sizes)
        for kind in KINDS:
            cells = (span(coverage(shipped, kind, share, r, codes, n_sets) for r in RESEMBLANCES) for share in SHARES)
            yield [name, kind, *cells]


def paired_sets(
    kind: str, share: float, effect: float, n_groups: int, n_sets: int, seed: int
) -> tuple[FloatArray, Codes, np.random.Generator]:
    """Return differences of two models, (n_clips, n_sets); the second keeps 1 - `effect` of what the first does."""
    rng = np.random.default_rng([seed, n_groups, round(100 * share), round(100 * effect), KINDS.index(kind)])
    codes = equal_groups(n_groups)
    own = around(around(share, 0.25, (n_groups, n_sets), rng)[codes], 0.3, (len(codes), n_sets), rng)
    n_trials = 1 if kind == "answers" else N_SHIFTS
    first, second = rng.binomial(n_trials, own), rng.binomial(n_trials, own * (1 - effect))
    return (first - second) / n_trials, codes, rng


def differences(n_sets: int) -> Iterator[list[str]]:
    """Yield the coverage of a paired difference, by Student's interval and by the bootstrap."""
    for name, interval in (("ours", of_differences), ("bootstrap, accelerated", accelerated)):
        for kind in KINDS[:2]:
            for n_groups in GROUPS:
                cells = []
                for share in (0.6, 0.9, 0.97):
                    for effect in (0.0, 0.03, 0.2):
                        values, codes, rng = paired_sets(kind, share, effect, n_groups, n_sets, 1)
                        cells.append(held(2 * interval((values + 1) / 2, codes, rng) - 1, share * effect))
                yield [name, kind, str(n_groups), *(span(cells[i : i + 3]) for i in (0, 3, 6))]


def of_differences(values: FloatArray, codes: Codes, rng: np.random.Generator) -> FloatArray:
    """Return what a summary gives for differences, brought between 0 and 1 as `values` are."""
    found = estimate_curve(2 * values - 1, codes, rng=rng, bounds=(-1.0, 1.0))
    return (np.stack([found.low, found.high]) + 1) / 2


def unbounded(n_sets: int) -> Iterator[list[str]]:
    """Yield the coverage for values without bounds, skewed to the right, by the bootstrap and by Student's interval."""
    for name, interval in (("ours", accelerated), ("Student", student)):
        for n_groups in GROUPS:
            rng, codes = np.random.default_rng(n_groups), equal_groups(n_groups)
            shape = (n_groups, n_sets)
            draws = {
                0.0: rng.standard_normal(shape),
                1.0: rng.exponential(1.0, shape),
                float(np.exp(0.5)): rng.lognormal(0.0, 1.0, shape),
            }
            cells = (held(interval(of_groups[codes], codes, rng), truth) for truth, of_groups in draws.items())
            yield [name, str(n_groups), *(f"{cell:.3f}" for cell in cells)]


def rejections(n_sets: int) -> Iterator[list[str]]:
    """Yield how often the sign-flip test rejects at 5 %: no difference, and one as large as should show in 80 %."""
    for kind in KINDS[:2]:
        for n_groups in GROUPS:
            cells = []
            for share in (0.6, 0.9, 0.97):
                values, codes, rng = paired_sets(kind, share, 0.0, n_groups, n_sets, 2)
                cells.append((sign_flip_test(values, codes, rng=rng) < 0.05).mean())
            values, codes, rng = paired_sets(kind, 0.6, 0.0, n_groups, n_sets, 3)
            promised = np.mean([minimum_detectable_change(column, codes) for column in values.T[:200]])
            cells.append((sign_flip_test(values + promised, codes, rng=rng) < 0.05).mean())
            yield [kind, str(n_groups), *(f"{cell:.3f}" for cell in cells), f"{promised:.3f}"]


def families(n_sets: int) -> Iterator[list[str]]:
    """Yield how often one of several tests of the same clips rejects, though no difference is there."""
    n_tests, n_groups = 10, 20
    values, codes, rng = paired_sets("shares of shifts", 0.8, 0.0, n_groups, n_sets * n_tests, 4)
    common = values[:, ::n_tests]
    for name, own in (("independent", 1.0), ("correlated", 0.5)):
        mixed = own * values + (1 - own) * np.repeat(common, n_tests, axis=1)
        parts = np.array_split(mixed, max(1, n_sets // 100), axis=1)
        p = np.concatenate([sign_flip_test(part, codes, rng=rng) for part in parts]).reshape(n_sets, n_tests)
        cells = [(p < 0.05).any(axis=1).mean()]
        cells += [np.mean([(adjust(row) < 0.05).any() for row in p]) for adjust in (holm, benjamini_hochberg)]
        yield [name, *(f"{cell:.3f}" for cell in cells)]


def main() -> None:
    """Print the tables."""
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    of_shares = [f"p = {share:g}" for share in SHARES]
    print(f"{n_sets} data sets a cell; lowest – highest over resemblances {RESEMBLANCES}\n")
    table(["values", "groups", *of_shares], averages(n_sets))
    table(["groups", *of_shares], attainable())
    table(["interval", "values", "cells in 93 to 97 %", "below", "above", "lowest – highest"], tried(n_sets))
    table(["groups", "values", *of_shares], unequal(n_sets))
    table(["interval", "differences of", "groups", "p = 0.6", "p = 0.9", "p = 0.97"], differences(n_sets))
    table(["interval", "groups", "normal", "exponential", "log-normal"], unbounded(n_sets))
    table(
        ["differences of", "groups", "null, p = 0.6", "p = 0.9", "p = 0.97", "shown", "of a difference"],
        rejections(n_sets),
    )
    table(["ten tests", "plain", "Holm", "Benjamini–Hochberg"], families(n_sets))


if __name__ == "__main__":
    main()
