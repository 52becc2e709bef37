"""One axis' responses with the answers in them, and every measure that gives each clip one value.

Conventions
-----------
As in `audioinv.measure.outcome`: a measure's values are of shape ``(n_clips,)``, ``nan`` where a clip has none. Every
measure draws from a generator of its own, keyed by the seed, the axis and the measure's name. Changes of answer within
the noise floor are no changes.

What is here: `AxisSweep`, `PER_CLIP`, `per_clip`, `range_of`, `in_blocks`.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..sweep.responses import SOUND_COLUMNS
from ..sweep.room import blocks_of
from . import calibration, drift, outcome
from .cliptable import ClipTable
from .delay_structure import ModelFacts
from .divergence import js_drift
from .ranks import max_top5_distance, rank_distance
from .statistics import CurveEstimate, Estimate, estimate_curve, estimate_mean

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["PER_CLIP", "AxisSweep", "Bounds", "in_blocks", "per_clip", "range_of"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]
Bounds = tuple[float, float] | None

K_WAY = 5
_ROUNDING = 1e-3  # of half-precision probabilities


@dataclasses.dataclass(frozen=True, eq=False)
class AxisSweep:
    """One axis' responses, the answers in them, and how to average them.

    Parameters
    ----------
    name : str
        Of the axis.
    responses : AxisResponses
    clips : ClipTable
    seed : int
        Of the intervals.
    facts : ModelFacts, optional
        None where nothing is known of how the model is built.
    noise_floor : float, default 0
        The largest change of a score between two calls with the same input.
    """

    name: str
    responses: AxisResponses
    clips: ClipTable
    seed: int
    facts: ModelFacts | None = None
    noise_floor: float = 0.0

    @cached_property
    def answers(self) -> IntArray:
        """Class indices, (n_clips, n_shifts)."""
        scores = self.responses.scores
        blocks = [outcome.top1(scores[some], self.zero, self.noise_floor) for some in blocks_of(scores)]
        return np.concatenate(blocks)

    @property
    def correct(self) -> FloatArray:
        """Whether each answer is right, (n_clips, n_shifts)."""
        return outcome.correctness(self.answers, self.clips.targets)

    @property
    def zero(self) -> int:
        """Index of the unshifted column."""
        return self.responses.zero

    @cached_property
    def bounds(self) -> Bounds:
        """What a difference of scores can lie between: 0 and 1 where the scores can be probabilities."""
        scores = self.responses.scores
        ends = [[find.reduce(scores[some], axis=None) for find in (np.fmin, np.fmax)] for some in blocks_of(scores)]
        lowest, highest = np.fmin.reduce(ends)[0], np.fmax.reduce(ends)[1]
        return (0.0, 1.0) if lowest >= 0 and highest <= 1 + _ROUNDING else None

    @cached_property
    def variation_bounds(self) -> Bounds:
        """What a total variation can lie between."""
        return self.bounds and (0.0, len(self.responses.shifts) - 1.0)

    def some(self, part: slice) -> AxisSweep:
        """Return the sweep of some of the clips.

        Parameters
        ----------
        part : slice

        Returns
        -------
        AxisSweep
        """
        arrays: dict[str, Any] = {name: getattr(self.responses, name)[part] for name in ("scores", *SOUND_COLUMNS)}
        responses = dataclasses.replace(self.responses, **arrays)
        return dataclasses.replace(self, responses=responses, clips=self.clips.some(part))

    def rng(self, measure: str) -> np.random.Generator:
        """Return the measure's own generator.

        Parameters
        ----------
        measure : str

        Returns
        -------
        numpy.random.Generator
        """
        key = zlib.crc32(f"{self.name}.{measure}".encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(key,)))

    def mean(self, measure: str, values: FloatArray, bounds: Bounds = (0.0, 1.0)) -> Estimate:
        """Average a measure of clips.

        Parameters
        ----------
        measure : str
        values : ndarray of shape (n_clips,)
        bounds : (float, float) or None, default (0, 1)

        Returns
        -------
        Estimate
        """
        return estimate_mean(values, self.clips.group_codes, rng=self.rng(measure), bounds=bounds)

    def curve(self, measure: str, values: FloatArray) -> CurveEstimate:
        """Average a curve of clips.

        Parameters
        ----------
        measure : str
        values : ndarray of shape (n_clips, n_shifts)

        Returns
        -------
        CurveEstimate
        """
        return estimate_curve(values, self.clips.group_codes, rng=self.rng(measure))


_SHARES: dict[str, Callable[[AxisSweep], FloatArray]] = {
    "consistency": lambda sweep: outcome.consistency(sweep.answers, sweep.zero),
    "pair_consistency": lambda sweep: outcome.pair_consistency(sweep.answers),
    "k_consistency": lambda sweep: outcome.k_consistency(sweep.answers, K_WAY),
    "all_consistency": lambda sweep: outcome.all_consistency(sweep.answers),
    "top1_change": lambda sweep: outcome.top1_change(sweep.answers),
    "unchanged": lambda sweep: in_blocks(sweep, lambda some: drift.unchanged(some.responses.scores, some.zero)),
    "accuracy_at_zero": lambda sweep: sweep.correct[:, sweep.zero],
    "mean_accuracy": lambda sweep: outcome.mean_over_shifts(sweep.correct),
    "worst_accuracy": lambda sweep: outcome.worst_accuracy(sweep.answers, sweep.clips.targets),
}
_OF_SCORES: dict[str, tuple[Callable[[AxisSweep], FloatArray], Callable[[AxisSweep], Bounds]]] = {
    "mac": (lambda sweep: drift.mean_absolute_change(sweep.responses.scores, sweep.zero), lambda sweep: sweep.bounds),
    "mac_neighbours": (
        lambda sweep: drift.neighbour_change(sweep.responses.scores, sweep.zero),
        lambda sweep: sweep.bounds,
    ),
    "js_drift": (lambda sweep: js_drift(sweep.responses.scores, sweep.zero), lambda sweep: sweep.bounds),
    "total_variation": (
        lambda sweep: drift.total_variation(sweep.responses.scores, sweep.zero, sweep.clips.targets),
        lambda sweep: sweep.variation_bounds,
    ),
    "excess_variation": (
        lambda sweep: drift.excess_variation(sweep.responses.scores, sweep.zero, sweep.clips.targets),
        lambda sweep: sweep.variation_bounds,
    ),
    "rank_distance": (
        lambda sweep: rank_distance(sweep.responses.scores, sweep.zero),
        lambda sweep: (0.0, max_top5_distance(len(sweep.clips.classes))),
    ),
    "brier_drift": (
        lambda sweep: calibration.drift(
            calibration.brier_score(sweep.responses.scores, sweep.clips.targets), sweep.zero
        ),
        lambda _: (-2.0, 2.0),
    ),
    "log_loss_drift": (
        lambda sweep: calibration.drift(calibration.log_loss(sweep.responses.scores, sweep.clips.targets), sweep.zero),
        lambda _: (-calibration.MAX_LOG_LOSS, calibration.MAX_LOG_LOSS),
    ),
}
PER_CLIP = (*_SHARES, *_OF_SCORES)  # measures that are averages of one value a clip


def per_clip(sweep: AxisSweep, measure: str) -> FloatArray:
    """Return a measure's value for every clip.

    Parameters
    ----------
    sweep : AxisSweep
    measure : str
        One of `PER_CLIP`: ``"consistency"``, ``"mac"`` and so on.

    Returns
    -------
    ndarray of shape (n_clips,)
    """
    return _SHARES[measure](sweep) if measure in _SHARES else in_blocks(sweep, _OF_SCORES[measure][0])


def range_of(sweep: AxisSweep, measure: str) -> Bounds:
    """Return between what a clip's value of a measure can lie.

    Parameters
    ----------
    sweep : AxisSweep
    measure : str
        One of `PER_CLIP`.

    Returns
    -------
    (float, float) or None
        None where it has no bounds.
    """
    return (0.0, 1.0) if measure in _SHARES else _OF_SCORES[measure][1](sweep)


def in_blocks(sweep: AxisSweep, values: Callable[[AxisSweep], FloatArray]) -> FloatArray:
    """Measure some clips after the others: what is made of scores on the way is larger than the scores are.

    Parameters
    ----------
    sweep : AxisSweep
    values : callable
        Given the sweep of some clips, returns an array with one row for each of them.

    Returns
    -------
    ndarray of shape (n_clips, ...)
    """
    return np.concatenate([values(sweep.some(part)) for part in blocks_of(sweep.responses.scores)])
