"""Two models, or one model twice, on the same clips: every measure's difference, clip by clip.

Conventions
-----------
A difference is the first minus the second. Only clips and shifts that both have count: stretches that overlap, of one
label, and amounts in a unit that is as large for both. Groups are the first's, or else the second's. The p values of
all measures and axes are adjusted together (Holm); those along one curve by Benjamini and Hochberg, because there many
neighbouring shifts tell of one change, and so are those of all classes along an axis. What is undefined is ``nan``.

What is here: `Compared`, `Comparison`, `MeasureDifference`, `CurveDifference`, `ClassDifference`, `compare_models`; and
for one measure alone `SweepPair`, `pair_sweeps`; `differ`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from . import outcome
from .axis_summary import AxisSweep, per_clip, range_of
from .by_class import compare_classes
from .cliptable import ClipTable
from .multiplicity import benjamini_hochberg, holm
from .pairing import minimum_detectable_change, sign_flip_test
from .statistics import Estimate, bootstrap_mean

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses, ClipRecord, ModelResponses

__all__ = [
    "ClassDifference",
    "Compared",
    "Comparison",
    "CurveDifference",
    "MeasureDifference",
    "SweepPair",
    "compare_models",
    "differ",
    "pair_sweeps",
]

FloatArray = npt.NDArray[np.floating]

LEVEL = 0.05
MEASURES = ("consistency", "all_consistency", "mean_accuracy", "worst_accuracy", "mac")
_ROUNDING = 1e-9  # relative, between shifts that two grids meant to be equal
_OF_FRONT_END = frozenset({"frame", "bins"})
_OF_SAMPLES = frozenset({"smp"}) | _OF_FRONT_END


@dataclass(frozen=True, eq=False)
class Compared:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        What to call it.
    responses : ModelResponses
    noise_floor : float, default 0
        Of this model: a lead of no more than that changes no answer.
    """

    name: str
    responses: ModelResponses
    noise_floor: float = 0.0


@dataclass(frozen=True)
class MeasureDifference:
    """One measure of both models and what they differ by.

    Parameters
    ----------
    axis : str
        ``""`` for accuracy without a shift.
    measure : str
    first, second : float
        Averages over the clips that have a value for both.
    difference : Estimate
    p_value, p_adjusted : float
        Of a paired sign-flip test; adjusted by Holm over all measures and axes.
    detectable : float
        The smallest true difference that these clips would show four times in five, before adjustment.
    """

    axis: str
    measure: str
    first: float
    second: float
    difference: Estimate
    p_value: float
    p_adjusted: float
    detectable: float


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
    rows, n_unlike = _shared_clips(first.responses, second.responses)
    axes = [axis for axis in first.responses.axes if axis in second.responses.axes]
    pairs = {axis: pair for axis in axes if (pair := _shared_sweeps(first, second, axis, rows, seed))}
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
        notes=tuple(_notes(first, second, pairs, len(rows), n_unlike)),
    )


@dataclass(frozen=True, eq=False)
class SweepPair:
    """Two sweeps along one axis over the same clips and shifts."""

    first: AxisSweep
    second: AxisSweep

    @property
    def groups(self) -> npt.NDArray[np.intp] | None:
        """Numbers of the clips' groups, (n_clips,), of the first side that knows any."""
        ours = self.first.clips.group_codes
        return self.second.clips.group_codes if ours is None else ours

    def rng(self, measure: str) -> np.random.Generator:
        """Return the measure's own generator.

        Parameters
        ----------
        measure : str

        Returns
        -------
        numpy.random.Generator
        """
        key = zlib.crc32(f"compare.{self.first.name}.{measure}".encode())
        return np.random.default_rng(np.random.SeedSequence(self.first.seed, spawn_key=(key,)))

    def per_clip(self, measure: str) -> FloatArray:
        """Return what each clip's value of a measure differs by.

        Parameters
        ----------
        measure : str
            As in `audioinv.measure.axis_summary.per_clip`.

        Returns
        -------
        ndarray of shape (n_clips,)
        """
        return per_clip(self.first, measure) - per_clip(self.second, measure)

    def difference(self, measure: str) -> MeasureDifference:
        """Compare one measure, clip by clip; its p value stands unadjusted.

        Parameters
        ----------
        measure : str

        Returns
        -------
        MeasureDifference
        """
        a, b = range_of(self.first, measure), range_of(self.second, measure)
        bounds = (a[0] - b[1], a[1] - b[0]) if a and b else None
        first, second = per_clip(self.first, measure), per_clip(self.second, measure)
        found = differ(first, second, self.groups, rng=self.rng(measure), bounds=bounds)
        return replace(found, axis=self.first.name, measure=measure)


def differ(
    first: FloatArray,
    second: FloatArray,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    bounds: tuple[float, float] | None = (-1.0, 1.0),
) -> MeasureDifference:
    """Compare one value a clip of two models; axis and measure stand empty, the p value unadjusted.

    Parameters
    ----------
    first, second : ndarray of shape (n_clips,)
        ``nan`` where a clip has no value.
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator
    bounds : (float, float) or None, default (-1, 1)
        Between what a difference can lie.

    Returns
    -------
    MeasureDifference
    """
    values = first - second
    both = ~np.isnan(values)
    ours, theirs = (float(side[both].mean()) if both.any() else np.nan for side in (first, second))
    estimate = bootstrap_mean(values, groups, rng=rng, bounds=bounds)
    p_value = float(sign_flip_test(values, groups, rng=rng))
    detectable = minimum_detectable_change(values, groups)
    return MeasureDifference("", "", ours, theirs, estimate, p_value, p_value, detectable)


def pair_sweeps(first: Compared, second: Compared, axis: str, *, seed: int = 0) -> SweepPair | None:
    """Pair two models' sweeps along an axis.

    Parameters
    ----------
    first, second : Compared
    axis : str
        That both were swept along.
    seed : int, default 0

    Returns
    -------
    SweepPair or None
        Over the clips and shifts that they share; None if that leaves no shift.

    Raises
    ------
    InputError
        If they share no clip.
    """
    rows, _ = _shared_clips(first.responses, second.responses)
    return _shared_sweeps(first, second, axis, rows, seed)


def _shared_clips(first: ModelResponses, second: ModelResponses) -> tuple[list[tuple[int, int]], int]:
    """Return the places of each clip that both have, in the order of the first, and how many are of unlike sounds."""
    ours, theirs = _places(first), _places(second)
    known = {name: places for name, places in ours.items() if len(theirs.get(name, ())) == len(places)}
    named = sorted(pair for name, places in known.items() for pair in zip(places, theirs[name], strict=True))
    rows = [(a, b) for a, b in named if _alike(first.clips[a], second.clips[b])]
    if not rows:
        raise InputError(
            f"{first.spec.name} and {second.spec.name} have no clip in common ({first.clips[0].name} … against "
            f"{second.clips[0].name} …); analyse the same stretches of the same clips, with the same paths and labels"
        )
    return rows, len(named) - len(rows)


def _alike(one: ClipRecord, other: ClipRecord) -> bool:
    """Tell whether two stretches of a recording overlap, and have one label as far as both have any."""
    overlap = one.start_seconds < other.end_seconds and other.start_seconds < one.end_seconds
    return overlap and (one.label is None or other.label is None or one.label == other.label)


def _places(responses: ModelResponses) -> dict[str, list[int]]:
    """Return where the clips of each recording stand, in the order in which they sound.

    Models hear windows of their own around the same clip, so that its start does not tell it from another.
    """
    if len({(clip.name, clip.start_seconds) for clip in responses.clips}) < len(responses.clips):
        raise InputError(f"clips repeat within {responses.spec.name}, and it is not clear which belong together")
    places: dict[str, list[int]] = {}
    for at in sorted(range(len(responses.clips)), key=lambda at: responses.clips[at].start_seconds):
        places.setdefault(responses.clips[at].name, []).append(at)
    return places


def _shared_sweeps(
    first: Compared, second: Compared, axis: str, rows: Sequence[tuple[int, int]], seed: int
) -> SweepPair | None:
    """Return both sides' sweeps over the clips and shifts that they share; None if that leaves no shift."""
    a, b = first.responses.axes[axis], second.responses.axes[axis]
    near = np.isclose(a.shifts[:, None], b.shifts, rtol=_ROUNDING, atol=0.0)
    same_size = a.unit not in _OF_SAMPLES or first.responses.spec.sample_rate == second.responses.spec.sample_rate
    if a.unit != b.unit or not same_size or near.sum() < 2:
        return None
    columns = np.argwhere(near)
    sides = []
    for side, responses, place in ((first, a, 0), (second, b, 1)):
        clips = [side.responses.clips[row[place]] for row in rows]
        part = _part(responses, [row[place] for row in rows], columns[:, place])
        table = ClipTable.of(clips, side.responses.spec.labels)
        sides.append(AxisSweep(axis, part, table, seed, noise_floor=side.noise_floor))
    return SweepPair(*sides)


def _part(responses: AxisResponses, rows: Sequence[int], columns: npt.NDArray[np.intp]) -> AxisResponses:
    arrays = {field.name: getattr(responses, field.name) for field in fields(responses)}
    kept: dict[str, Any] = {
        name: values[np.asarray(rows)[:, None], columns]
        for name, values in arrays.items()
        if isinstance(values, np.ndarray) and values.ndim > 1
    }
    return replace(responses, shifts=responses.shifts[columns], **kept)


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


def _notes(
    first: Compared, second: Compared, pairs: dict[str, SweepPair], n_shared: int, n_unlike: int
) -> Iterator[str]:
    """Say what was left out, and what else the two sides differ in."""
    for side in (first, second):
        n_alone = len(side.responses.clips) - n_shared - n_unlike
        if n_alone:
            yield f"{n_alone} clips of {side.name} have no partner and are left out"
    if n_unlike:
        yield f"{n_unlike} pairs of the same name have other labels or do not overlap, and are left out"
    some = next(iter(pairs.values()))
    if not _same_groups(some.first.clips.group_codes, some.second.clips.group_codes):
        yield f"the two group the clips differently: the groups are those of {first.name}"
    if first.responses.spec.labels != second.responses.spec.labels:
        yield "the two have different classes: accuracies are each model's own, on its own labels"
    for axis, pair in pairs.items():
        yield from _axis_notes(first, second, axis, pair)
    yield from _missing_axes(set(first.responses.axes), set(second.responses.axes), set(pairs))


def _missing_axes(ours: set[str], theirs: set[str], paired: set[str]) -> Iterator[str]:
    if alone := sorted(ours ^ theirs):
        yield f"only one side was swept along {', '.join(alone)}"
    if apart := sorted((ours & theirs) - paired):
        yield f"no shift along {', '.join(apart)} is the same for both: other units, sample rates or grids"


def _same_groups(ours: npt.NDArray[np.intp] | None, theirs: npt.NDArray[np.intp] | None) -> bool:
    """Tell whether the same clips are together, whatever the groups are called; also where only one side knows."""
    if ours is None or theirs is None:
        return True
    together = len(np.unique(np.stack([ours, theirs]), axis=1).T)
    return together == len(np.unique(ours)) == len(np.unique(theirs))


def _axis_notes(first: Compared, second: Compared, axis: str, pair: SweepPair) -> Iterator[str]:
    a, b = pair.first.responses, pair.second.responses
    n_left = len(first.responses.axes[axis].shifts) + len(second.responses.axes[axis].shifts) - 2 * len(a.shifts)
    if n_left:
        yield f"{axis}: {n_left} shifts that only one side has are left out"
    specs = (first.responses.spec, second.responses.spec)
    if a.unit in _OF_FRONT_END and specs[0].name != specs[1].name:
        yield f"{axis}: each model counts {a.unit} in its own front end, and they may mean different amounts"
    if a.engine != b.engine:
        yield f"{axis}: engines differ, {a.engine} against {b.engine}"
    if a.edges != b.edges:
        same_model = first.responses.spec.name == second.responses.spec.name
        effect = ": what the consistency differs by is the border effect" if same_model else ""
        yield f"{axis}: edges differ, {a.edges} against {b.edges}{effect}"
