"""How much of a change answers stand: the largest amount up to which enough clips keep theirs, and whether they should.

Conventions
-----------
A clip stands an amount if its answer changed neither at it nor at any smaller one, in either direction: the same first
flip as in `audioinv.measure.survival`. Amounts are sizes, without direction, of those that were tried. An amount that
equals the *limit*, the largest one tried, is censored: the true one lies there or beyond. Groups are what is resampled.
Where no clip flips at all the interval of an amount has no width; that of the share that stands the limit still has.

What is here: `Endurance`, `Stood`, `endure`, `Verdict`, `judge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .flips import flip_shifts
from .resampling import resampled_sums, tail_probability, take_sample
from .statistics import CurveEstimate, Estimate, estimate_curve

__all__ = ["SHARES", "Endurance", "Stood", "Verdict", "endure", "judge"]

FloatArray = npt.NDArray[np.float64]

SHARES = (0.95, 0.5)
"""Of answers: at least the first should stand what ought to change nothing, fewer than the second what ought to."""
_ROUNDING = 1e-9
_N_RESAMPLES = 2000

Kind = Literal["invariant as wished", "too sensitive", "changes as wished", "too invariant", "not judged", "undefined"]


@dataclass(frozen=True)
class Stood:
    """The largest amount that a share of clips stand.

    Parameters
    ----------
    share : float
    amount, low, high : float
        With its interval (95 %), in the axis' unit; ``nan`` where undefined. 0: not even the smallest amount.
    """

    share: float
    amount: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Endurance:
    """What clips stand along one axis.

    Parameters
    ----------
    tried : ndarray of shape (n_amounts,)
        Sizes that were tried, ascending, from 0 to the limit.
    holds : ndarray of shape (n_clips, n_amounts)
        1 where a clip stands an amount, 0 where not, ``nan`` for a clip without answers.
    standing : CurveEstimate
        Share of clips that stand each of them.
    stood : tuple of Stood
        For each of `SHARES`.
    """

    tried: FloatArray
    holds: FloatArray
    standing: CurveEstimate
    stood: tuple[Stood, ...]

    @property
    def limit(self) -> float:
        """The largest amount tried; an amount that equals it is censored."""
        return float(self.tried[-1])

    @property
    def at_limit(self) -> Estimate:
        """Share of clips that stand everything that was tried."""
        curve = self.standing
        ends = (float(part[-1]) for part in (curve.value, curve.low, curve.high))
        value, low, high = ends
        return Estimate(value, low, high, curve.n, curve.n_groups, curve.unit, curve.n_undefined)


@dataclass(frozen=True)
class Verdict:
    """Whether answers change as a listener would want.

    Parameters
    ----------
    kind : str
        ``"invariant as wished"``, ``"too sensitive"``, ``"changes as wished"``, ``"too invariant"``, ``"not judged"``
        where the listener has no wish, or ``"undefined"`` without answers.
    clear : bool
        Whether the interval of the share lies on one side of what decides.
    """

    kind: Kind
    clear: bool

    def __str__(self) -> str:
        return self.kind if self.clear or self.kind in ("not judged", "undefined") else f"{self.kind}?"


def endure(
    answers: npt.NDArray[np.intp], shifts: FloatArray, groups: npt.ArrayLike | None, *, rng: np.random.Generator
) -> Endurance:
    """Find what clips stand along one axis.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
        Class indices; negative where a clip has no answer.
    shifts : ndarray of shape (n_shifts,)
        Ascending, with 0 among them and something else.
    groups : array of shape (n_clips,), optional
        Which clips belong together.
    rng : numpy.random.Generator

    Returns
    -------
    Endurance

    Examples
    --------
    >>> answers = np.array([[0, 0, 0, 0]] * 19 + [[0, 0, 0, 1]])
    >>> found = endure(answers, np.array([0.0, 1.0, 2.0, 3.0]), None, rng=np.random.default_rng(0))
    >>> found.stood[0].amount, found.at_limit.value
    (3.0, 0.95)
    """
    flips = flip_shifts(answers, shifts)
    tried = np.unique(np.abs(shifts))
    tried = tried[tried <= flips.limit * (1 + _ROUNDING)]
    holds = (flips.censored[:, None] | (flips.amounts[:, None] > tried * (1 + _ROUNDING))).astype(np.float64)
    holds[np.isnan(flips.amounts)] = np.nan
    standing = estimate_curve(holds, groups, rng=rng)
    return Endurance(tried, holds, standing, tuple(_stood(holds, groups, tried, share, rng) for share in SHARES))


def _stood(
    holds: FloatArray, groups: npt.ArrayLike | None, tried: FloatArray, share: float, rng: np.random.Generator
) -> Stood:
    sample = take_sample(holds, groups)
    if not sample.n:
        return Stood(share, np.nan, np.nan, np.nan)
    amount = _largest(sample.values.mean(axis=0)[None], tried, share).item()
    if sample.n_units < 2:
        return Stood(share, amount, np.nan, np.nan)
    rows = sample.per_unit(np.column_stack([sample.values, np.ones(sample.n)]))
    sums = resampled_sums(rows, rng, _N_RESAMPLES)
    drawn = _largest(sums[:, :-1] / sums[:, -1:], tried, share)
    tail = tail_probability(sample.n_units, 0.95)
    low, high = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    return Stood(share, amount, float(low), float(high))


def _largest(curves: FloatArray, tried: FloatArray, share: float) -> FloatArray:
    """Return the last amount before each falling curve drops below the share; all begin at 1."""
    n_held = (curves >= share - _ROUNDING).sum(axis=1)
    return np.asarray(tried[n_held - 1])


def judge(wish: str, at_limit: Estimate) -> Verdict:
    """Set what clips stand against what a listener would want.

    Parameters
    ----------
    wish : {"invariant", "change", "unknown"}
    at_limit : Estimate
        Share of clips that stand everything that was tried.

    Returns
    -------
    Verdict
        *Invariant as wished* if 95 % stand it; *changes as wished* if fewer than 50 % do.

    Examples
    --------
    >>> str(judge("invariant", Estimate(0.9, 0.85, 0.97, 40, 40, "clip")))
    'too sensitive?'
    """
    value, low, high = at_limit.value, at_limit.low, at_limit.high
    if wish == "unknown" or np.isnan(value):
        return Verdict("not judged" if wish == "unknown" else "undefined", False)
    share = SHARES[0] if wish == "invariant" else SHARES[1]
    kinds: tuple[Kind, Kind] = (
        ("invariant as wished", "too sensitive") if wish == "invariant" else ("too invariant", "changes as wished")
    )
    stands = value >= share - _ROUNDING
    clear = low >= share - _ROUNDING if stands else high < share - _ROUNDING
    return Verdict(kinds[0] if stands else kinds[1], bool(clear))
