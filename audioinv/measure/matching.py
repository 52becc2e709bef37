"""Which clips and shifts two models, or one model twice, were both tried on, and what had to be left out.

Conventions
-----------
Clips match where stretches of one recording overlap and have one label; shifts, where they are equal in a unit that is
as large for both. Groups are the first side's, or else the second's.

What is here: `Compared`, `SweepPair`, `pair_sweeps`; for all axes at once `match_clips`, `match_sweeps`, `left_out`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .axis_sweep import AxisSweep, per_clip, range_of
from .cliptable import ClipTable
from .pairing import MeasureDifference, differ

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses, ClipRecord, ModelResponses

__all__ = ["Compared", "SweepPair", "left_out", "match_clips", "match_sweeps", "pair_sweeps"]

FloatArray = npt.NDArray[np.floating]

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
            As in `audioinv.measure.axis_sweep.per_clip`.

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
    rows, _ = match_clips(first.responses, second.responses)
    return match_sweeps(first, second, axis, rows, seed)


def match_clips(first: ModelResponses, second: ModelResponses) -> tuple[list[tuple[int, int]], int]:
    """Match the clips of two models.

    Parameters
    ----------
    first, second : ModelResponses

    Returns
    -------
    rows : list of (int, int)
        Where each clip that both have stands, in the order of the first.
    n_unlike : int
        Clips of the same name that are of unlike sounds.

    Raises
    ------
    InputError
        If they share no clip, or clips repeat within one of them.
    """
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


def match_sweeps(
    first: Compared, second: Compared, axis: str, rows: Sequence[tuple[int, int]], seed: int
) -> SweepPair | None:
    """Return both sides' sweeps over the clips and shifts that they share.

    Parameters
    ----------
    first, second : Compared
    axis : str
        That both were swept along.
    rows : sequence of (int, int)
        The clips, from `match_clips`.
    seed : int

    Returns
    -------
    SweepPair or None
        None if no shift but 0 is left.
    """
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


def left_out(
    first: Compared, second: Compared, pairs: dict[str, SweepPair], n_shared: int, n_unlike: int
) -> Iterator[str]:
    """Say what was left out, and what else the two sides differ in.

    Parameters
    ----------
    first, second : Compared
    pairs : dict of str to SweepPair
        By axis; one at least.
    n_shared, n_unlike : int
        From `match_clips`.

    Yields
    ------
    str
        A clause, without a full stop.
    """
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


def _missing_axes(ours: set[str], theirs: set[str], paired: set[str]) -> Iterator[str]:
    if alone := sorted(ours ^ theirs):
        yield f"only one side was swept along {', '.join(alone)}"
    if apart := sorted((ours & theirs) - paired):
        yield f"no shift along {', '.join(apart)} is the same for both: other units, sample rates or grids"
