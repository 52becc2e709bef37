"""Two models, or one model twice, on the same clips: every measure's difference, clip by clip.

Conventions
-----------
A difference is the first minus the second, over the clips and shifts that `audioinv.measure.matching` finds in both.
The p values of all measures and axes are adjusted together (Holm); those along one curve by Benjamini and Hochberg,
because there many neighbouring shifts tell of one change, and so are those of all classes along an axis. What is
undefined is ``nan``.

What is here: `Comparison`, `CurveDifference`, `ClassDifference`, `compare_models`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from . import outcome
from .by_class import compare_classes
from .matching import Compared, SweepPair, left_out, match_clips, match_sweeps
from .multiplicity import benjamini_hochberg, holm
from .pairing import LEVEL, MeasureDifference, sign_flip_test

__all__ = ["ClassDifference", "Comparison", "CurveDifference", "compare_models"]

MEASURES = ("consistency", "all_consistency", "mean_accuracy", "worst_accuracy", "mac")


@dataclass(frozen=True)
class CurveDifference:
    """Where along an axis one model keeps more answers than the other.

    Parameters
    ----------
    axis, unit : str
    n_shifts : int
        Tested: all but 0.
    first_steadier, second_steadier : tuple of float
        Shifts at which the difference in consistency is shown, with at most 5 % false ones among them on average.
    """

    axis: str
    unit: str
    n_shifts: int
    first_steadier: tuple[float, ...]
    second_steadier: tuple[float, ...]


@dataclass(frozen=True)
class ClassDifference:
    """In which classes one model keeps more answers than the other along an axis.

    Parameters
    ----------
    axis : str
    n_classes : int
        Tested: those that clips of both models are labelled with.
    first_steadier, second_steadier : tuple of str
        Classes in which the difference in consistency is shown, with at most 5 % false ones among them on average.
    """

    axis: str
    n_classes: int
    first_steadier: tuple[str, ...]
    second_steadier: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What came of comparing two models.

    Parameters
    ----------
    first, second : str
    n_clips, n_groups : int
        That both answered.
    differences : tuple of MeasureDifference
    curves : tuple of CurveDifference
    classes : tuple of ClassDifference
        Empty where no clip is labelled.
    notes : tuple of str
        What was left out, and what else the two sides differ in.
    """

    first: str
    second: str
    n_clips: int
    n_groups: int
    differences: tuple[MeasureDifference, ...]
    curves: tuple[CurveDifference, ...]
    classes: tuple[ClassDifference, ...]
    notes: tuple[str, ...]


def compare_models(first: Compared, second: Compared, *, seed: int = 0) -> Comparison:
    """Compare two models on the clips and shifts that both were tried on.

    Parameters
    ----------
    first, second : Compared
    seed : int, default 0
        Of intervals and tests.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If they share no clip, or no axis with a shift.
    """
    rows, n_unlike = match_clips(first.responses, second.responses)
    axes = [axis for axis in first.responses.axes if axis in second.responses.axes]
    pairs = {axis: pair for axis in axes if (pair := match_sweeps(first, second, axis, rows, seed))}
    if not pairs:
        raise InputError(
            f"{first.name} and {second.name} share no axis with shifts in the same unit (samples, frames and bins: at "
            "the same sample rate); sweep both along the same grid"
        )
    some = next(iter(pairs.values()))
    labels = some.first.clips.labels
    differences = [
        replace(some.difference("accuracy_at_zero"), axis=""),
        *(pair.difference(measure) for pair in pairs.values() for measure in MEASURES),
    ]
    adjusted = holm([found.p_value for found in differences])
    return Comparison(
        first=first.name,
        second=second.name,
        n_clips=len(rows),
        n_groups=len(rows) if some.groups is None else len(np.unique(some.groups)),
        differences=tuple(replace(d, p_adjusted=float(p)) for d, p in zip(differences, adjusted, strict=True)),
        curves=tuple(_curve_difference(axis, pair) for axis, pair in pairs.items()),
        classes=tuple(_class_difference(axis, pair) for axis, pair in pairs.items() if labels is not None),
        notes=tuple(left_out(first, second, pairs, len(rows), n_unlike)),
    )


def _curve_difference(axis: str, pair: SweepPair) -> CurveDifference:
    zero, shifts = pair.first.zero, pair.first.responses.shifts
    a, b = (outcome.agreement(sweep.answers, sweep.zero) for sweep in (pair.first, pair.second))
    differences = np.delete(a - b, zero, axis=1)
    p_values = sign_flip_test(differences, pair.groups, rng=pair.rng("curve"))
    shown = benjamini_hochberg(p_values) < LEVEL
    kept = differences[~np.isnan(differences).any(axis=1)]
    mean = kept.mean(axis=0) if len(kept) else np.zeros(differences.shape[1])
    moved = np.delete(shifts, zero)
    return CurveDifference(
        axis=axis,
        unit=pair.first.responses.unit,
        n_shifts=len(moved),
        first_steadier=tuple(moved[shown & (mean > 0)].tolist()),
        second_steadier=tuple(moved[shown & (mean < 0)].tolist()),
    )


def _class_difference(axis: str, pair: SweepPair) -> ClassDifference:
    labels = np.array([label or "" for label in pair.first.clips.labels or ()])
    names, codes = np.unique(labels, return_inverse=True)
    differences, groups = pair.per_clip("consistency"), pair.groups
    codes = np.where((labels == "") | np.isnan(differences), -1, codes)
    p_values = compare_classes(differences, codes, len(names), groups, rng=pair.rng("by_class"))
    shown = np.flatnonzero(p_values < LEVEL)
    means = {index: differences[codes == index].mean() for index in shown}
    return ClassDifference(
        axis=axis,
        n_classes=int((~np.isnan(p_values)).sum()),
        first_steadier=tuple(str(names[index]) for index in shown if means[index] > 0),
        second_steadier=tuple(str(names[index]) for index in shown if means[index] < 0),
    )
