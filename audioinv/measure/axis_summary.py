"""From the responses along one axis to its part of the summary: every measure with its interval.

Conventions
-----------
As in `audioinv.measure.summary`. Every measure draws from a generator of its own, keyed by the seed, the axis and the
measure's name. Changes of answer within the noise floor are no changes.

What is here: `AxisSweep`, `PER_CLIP`, `per_clip`, `range_of`, `summarize_axis`.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..sweep.responses import SOUND_COLUMNS
from ..sweep.room import BLOCK_VALUES, blocks_of, let_go
from . import calibration, drift, multilabel, outcome
from .by_class import estimate_classes
from .cliptable import ClipTable
from .delay_structure import ModelFacts, frame_phase, periods
from .pairing import minimum_detectable_change
from .ranks import max_top5_distance, rank_distance
from .ratios import bootstrap_ratio
from .shiftcurve import area, half_width
from .statistics import (
    CurveEstimate,
    Estimate,
    bootstrap_curve,
    bootstrap_mean,
)
from .survival import bootstrap_median, censored_quantiles, survival_curve

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["PER_CLIP", "AxisSweep", "per_clip", "range_of", "summarize_axis"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]
Bounds = tuple[float, float] | None

FLIP_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MAX_WORST_CLIPS = 5
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
        return self.bounds and (0.0, max(1.0, len(self.responses.shifts) - 1.0))

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
        return bootstrap_mean(values, self.clips.group_codes, rng=self.rng(measure), bounds=bounds)

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
        return bootstrap_curve(values, self.clips.group_codes, rng=self.rng(measure))


_SHARES: dict[str, Callable[[AxisSweep], FloatArray]] = {
    "consistency": lambda sweep: outcome.consistency(sweep.answers, sweep.zero),
    "pair_consistency": lambda sweep: outcome.pair_consistency(sweep.answers),
    "k_consistency": lambda sweep: outcome.k_consistency(sweep.answers, K_WAY),
    "all_consistency": lambda sweep: outcome.all_consistency(sweep.answers),
    "top1_change": lambda sweep: outcome.top1_change(sweep.answers),
    "unchanged": lambda sweep: _in_blocks(sweep, lambda some: drift.unchanged(some.responses.scores, some.zero)),
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
    "js_drift": (lambda sweep: drift.js_drift(sweep.responses.scores, sweep.zero), lambda sweep: sweep.bounds),
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
    return _SHARES[measure](sweep) if measure in _SHARES else _in_blocks(sweep, _OF_SCORES[measure][0])


def _in_blocks(sweep: AxisSweep, values: Callable[[AxisSweep], FloatArray]) -> FloatArray:
    """Measure some clips after the others: what is made of scores on the way is larger than the scores are."""
    return np.concatenate([values(sweep.some(part)) for part in blocks_of(sweep.responses.scores)])


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


def summarize_axis(sweep: AxisSweep) -> dict[str, Any]:
    """Summarize how a model responds along one axis.

    Parameters
    ----------
    sweep : AxisSweep

    Returns
    -------
    dict
        Estimates, arrays and numbers by name, ``nan`` where undefined.
    """
    responses = sweep.responses
    agreement = outcome.agreement(sweep.answers, sweep.zero)
    accuracy = sweep.curve("accuracy_curve", sweep.correct)
    return {
        "unit": responses.unit,
        "edges": responses.edges,
        "engine": responses.engine,
        "shifts": responses.shifts,
        **{measure: sweep.mean(measure, values(sweep)) for measure, values in _SHARES.items()},
        **{
            measure: sweep.mean(measure, per_clip(sweep, measure), bounds(sweep))
            for measure, (_, bounds) in _OF_SCORES.items()
        },
        "wobble": _wobble(sweep),
        "calibration_drift": _calibration_drift(sweep),
        "accuracy_area": _accuracy_area(sweep, accuracy),
        **_curve("accuracy_curve", accuracy),
        **_consistency_curve(sweep, agreement),
        "minimal_flip_shift": _minimal_flip_shift(sweep),
        "worst_shift": _worst_shift(sweep, agreement),
        "detectable_change": minimum_detectable_change(per_clip(sweep, "consistency"), sweep.clips.group_codes),
        "by_class": _by_class(sweep),
        "worst_clips": _worst_clips(sweep.clips.names, per_clip(sweep, "consistency")),
        **_of_delays(sweep),
        **_of_labels(sweep),
        **_extremes(responses),
    }


def _wobble(sweep: AxisSweep) -> dict[str, Any]:
    """Average the wobble, and give its median: a few clips often hold most of it."""
    values = _in_blocks(sweep, lambda some: drift.wobble(some.responses.scores, some.zero, some.clips.targets))
    defined = values[~np.isnan(values)]
    mean = dataclasses.asdict(sweep.mean("wobble", values, sweep.bounds))
    return {**mean, "median": np.median(defined) if len(defined) else math.nan}


def _calibration_drift(sweep: AxisSweep) -> Estimate:
    """Return the drift of the calibration error, of scores that are probabilities."""
    confidence = _in_blocks(sweep, lambda some: _confidence(some.responses.scores))
    codes, rng = sweep.clips.group_codes, sweep.rng("calibration_drift")
    return calibration.bootstrap_calibration_drift(confidence, sweep.correct, sweep.zero, codes, rng=rng)


def _confidence(scores: FloatArray) -> FloatArray:
    return np.where(drift.is_distribution(scores), scores.max(axis=2, initial=0.0), np.nan)


def _accuracy_area(sweep: AxisSweep, accuracy: CurveEstimate) -> dict[str, Any]:
    """Return the area under the accuracy curve, in units of accuracy at 0, and the half width of the curve."""
    shifts, codes = sweep.responses.shifts, sweep.clips.group_codes
    areas = area(sweep.correct, shifts)
    ratio = bootstrap_ratio(areas, sweep.correct[:, sweep.zero], codes, rng=sweep.rng("accuracy_area"))
    return {**dataclasses.asdict(ratio), "half_width": half_width(accuracy.value, shifts, sweep.zero)}


def _curve(name: str, curve: CurveEstimate) -> dict[str, FloatArray]:
    return {name: curve.value, f"{name}_low": curve.low, f"{name}_high": curve.high}


def _consistency_curve(sweep: AxisSweep, agreement: FloatArray) -> dict[str, FloatArray]:
    """Average the agreement; without a shift it is 1 by definition, and certain."""
    certain = (sweep.responses.shifts == 0) & bool((sweep.answers >= 0).all(axis=1).any())
    curves = _curve("consistency_curve", sweep.curve("consistency_curve", agreement))
    return {name: np.where(certain, 1.0, values) for name, values in curves.items()}


def _minimal_flip_shift(sweep: AxisSweep) -> dict[str, Any]:
    flips = outcome.flip_shifts(sweep.answers, sweep.responses.shifts)
    median = bootstrap_median(
        flips.amounts, flips.censored, sweep.clips.group_codes, rng=sweep.rng("minimal_flip_shift")
    )
    quantiles = censored_quantiles(flips.amounts, flips.censored, FLIP_QUANTILES)
    survival = survival_curve(
        flips.amounts, flips.censored, sweep.clips.group_codes, rng=sweep.rng("minimal_flip_shift.survival")
    )
    return {
        "median": median.value,
        **{key: entry for key, entry in dataclasses.asdict(median).items() if key != "value"},
        "quantiles": dict(zip(map(str, FLIP_QUANTILES), quantiles, strict=True)),
        "survival": dataclasses.asdict(survival),
        "censored": int(flips.censored.sum()),
        "limit": flips.limit,
    }


def _worst_shift(sweep: AxisSweep, agreement: FloatArray) -> dict[str, float]:
    """Find the shift at which most answers differ from the clean ones; of equals, the smallest."""
    answered = agreement[~np.isnan(agreement).any(axis=1)]
    shifts = sweep.responses.shifts
    if not len(answered) or len(shifts) < 2:
        return {"shift": math.nan, "consistency": math.nan}
    shares = answered.mean(axis=0)
    order = np.lexsort((np.abs(shifts), shares))
    worst = next(index for index in order if index != sweep.zero)
    return {"shift": shifts[worst], "consistency": shares[worst]}


def _by_class(sweep: AxisSweep) -> list[dict[str, Any]]:
    """Average the consistency of each class: of the clips' labels, or of the clean answers without them."""
    followed = np.where(sweep.clips.targets >= 0, sweep.clips.targets, sweep.answers[:, sweep.zero])
    values, groups = per_clip(sweep, "consistency"), sweep.clips.group_codes
    found = estimate_classes(values, followed, sweep.clips.classes, groups, rng=sweep.rng("by_class"))
    return [{"name": one.name, **dataclasses.asdict(one.estimate), "stands_out": one.stands_out} for one in found]


def _worst_clips(names: tuple[str, ...], values: FloatArray) -> list[dict[str, Any]]:
    """Name the clips that changed their answer most often, if any did."""
    flipped = sorted((float(share), name) for name, share in zip(names, values, strict=True) if share < 1)
    return [{"name": name, "consistency": share} for share, name in flipped[:MAX_WORST_CLIPS]]


def _of_delays(sweep: AxisSweep) -> dict[str, Any]:
    """Return what only delays have, and only of a model whose build is known."""
    facts = sweep.facts
    if sweep.name != "time" or facts is None:
        return {}
    codes = sweep.clips.group_codes
    n_units = len(sweep.clips.names) if codes is None else len(np.unique(codes))
    found: dict[str, Any] = {"periods": periods(sweep.responses, facts, n_units=n_units)}
    if facts.hop_samples:
        values = _in_blocks(sweep, lambda some: frame_phase(some.responses, facts))
        found["frame_phase"] = sweep.mean("frame_phase", values, sweep.bounds)
    return found


def _of_labels(sweep: AxisSweep) -> dict[str, Any]:
    """Return what only models have that can answer with several labels at once."""
    if sweep.facts is None or sweep.facts.activation != "sigmoid":
        return {}
    precision = _average_precision(sweep.responses.scores, sweep.clips.targets)
    defined = precision[:, ~np.isnan(precision).any(axis=0)]
    same = _in_blocks(
        sweep, lambda some: multilabel.same_labels(some.responses.scores, some.zero, noise_floor=sweep.noise_floor)
    )
    change = _in_blocks(sweep, lambda some: multilabel.label_change(some.responses.scores, some.zero))
    return {
        "same_labels": sweep.mean("same_labels", same),
        "label_change": sweep.mean("label_change", change, sweep.bounds),
        "average_precision_curve": defined.mean(axis=1) if defined.size else np.full(len(precision), np.nan),
    }


def _average_precision(scores: FloatArray, targets: IntArray) -> FloatArray:
    """Return the average precision at every shift of every label, some labels at a time."""
    known = targets >= 0
    n_labels = max(1, BLOCK_VALUES // scores[..., 0].size)
    parts = []
    for first in range(0, scores.shape[2], n_labels):
        labels = np.arange(first, min(first + n_labels, scores.shape[2]))
        of_labels = np.concatenate([scores[some][known[some]][..., labels] for some in blocks_of(scores)])
        parts.append(multilabel.average_precision(of_labels, labels == targets[known, None]))
    return np.concatenate(parts, axis=1)


def _extremes(responses: AxisResponses) -> dict[str, dict[str, float]]:
    """Give the range of what the shifts did to the sound, for the columns that apply to the axis."""
    found = {}
    for name in SOUND_COLUMNS:
        column: FloatArray = getattr(responses, name)
        if not np.isnan(column).all():
            found[name] = {"min": float(np.nanmin(column)), "max": float(np.nanmax(column))}
        let_go(column)
    return found
