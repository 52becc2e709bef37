"""From the responses along one axis to its part of the summary: every measure with its interval.

Conventions
-----------
As in `audioinv.measure.summary`; the axis, and how its measures are averaged, is an `audioinv.measure.axis_sweep`.

What is here: `summarize_axis`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..sweep.responses import SOUND_COLUMNS
from ..sweep.room import BLOCK_VALUES, blocks_of, let_go
from . import calibration, drift, multilabel, outcome
from .axis_sweep import PER_CLIP, AxisSweep, in_blocks, per_clip, range_of
from .by_class import estimate_classes
from .delay_structure import frame_phase, periods
from .divergence import is_distribution
from .flips import flip_shifts
from .pairing import minimum_detectable_change
from .ratios import bootstrap_ratio
from .shiftcurve import area, half_width
from .statistics import CurveEstimate, Estimate
from .survival import bootstrap_median, censored_quantiles, survival_curve

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["summarize_axis"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

FLIP_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MAX_WORST_CLIPS = 5


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
        **{measure: sweep.mean(measure, per_clip(sweep, measure), range_of(sweep, measure)) for measure in PER_CLIP},
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
    values = in_blocks(sweep, lambda some: drift.wobble(some.responses.scores, some.zero, some.clips.targets))
    defined = values[~np.isnan(values)]
    mean = dataclasses.asdict(sweep.mean("wobble", values, sweep.bounds))
    return {**mean, "median": np.median(defined) if len(defined) else math.nan}


def _calibration_drift(sweep: AxisSweep) -> Estimate:
    """Return the drift of the calibration error, of scores that are probabilities."""
    confidence = in_blocks(sweep, lambda some: _confidence(some.responses.scores))
    codes, rng = sweep.clips.group_codes, sweep.rng("calibration_drift")
    return calibration.bootstrap_calibration_drift(confidence, sweep.correct, sweep.zero, codes, rng=rng)


def _confidence(scores: FloatArray) -> FloatArray:
    return np.where(is_distribution(scores), scores.max(axis=2), np.nan)


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
    flips = flip_shifts(sweep.answers, sweep.responses.shifts)
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
        values = in_blocks(sweep, lambda some: frame_phase(some.responses, facts))
        found["frame_phase"] = sweep.mean("frame_phase", values, sweep.bounds)
    return found


def _of_labels(sweep: AxisSweep) -> dict[str, Any]:
    """Return what only models have that can answer with several labels at once."""
    if sweep.facts is None or sweep.facts.activation != "sigmoid":
        return {}
    precision = _average_precision(sweep.responses.scores, sweep.clips.targets)
    defined = precision[:, ~np.isnan(precision).any(axis=0)]
    same = in_blocks(
        sweep, lambda some: multilabel.same_labels(some.responses.scores, some.zero, noise_floor=sweep.noise_floor)
    )
    change = in_blocks(sweep, lambda some: multilabel.label_change(some.responses.scores, some.zero))
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
