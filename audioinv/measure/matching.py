"""Which clips and shifts two models, or one model twice, were both tried on, and what had to be left out.

Conventions
-----------
Clips match where stretches of one recording begin together and have one label; shifts, where they are equal in a unit
that is as large for both. Groups are the first side's, or else the second's.

What is here: `Compared`, `SweepPair`, `pair_sweeps`; for all axes at once `match_clips`, `match_sweeps`, `left_out`.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .axis_sweep import AxisSweep, per_clip, range_of
from .cliptable import ClipTable
from .pairing import MeasureDifference, differ

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses, ModelResponses

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
        Clips of the same stretch that have unlike labels.

    Raises
    ------
    InputError
        If they share no clip, or clips repeat more often within one of them.
    """
    rows, n_unlike = [], 0
    tolerance_s = 1 / min(first.spec.sample_rate, second.spec.sample_rate)
    ours, theirs = _stretches(first), _stretches(second)
    for name in sorted(ours.keys() & theirs.keys()):
        for one in ours[name]:
            there, here = (
                [other for other in _near(others, one, tolerance_s) if _alike(one, other)]
                for others in (theirs[name], ours[name])
            )
            if there and len(here) != len(there):
                more = first if len(here) > len(there) else second
                raise InputError(
                    f"clips repeat within {more.spec.name} ({name}), and it is not clear which belong together"
                )
            if there:
                rows.append((one.row, there[here.index(one)].row))
            else:
                n_unlike += any(_near(theirs[name], one, tolerance_s))
    if not rows:
        raise InputError(
            f"{first.spec.name} and {second.spec.name} have no clip in common ({first.clips[0].name} … against "
            f"{second.clips[0].name} …); analyse the same stretches of the same clips, with the same paths and labels"
        )
    return sorted(rows), n_unlike


@dataclass(frozen=True)
class _Stretch:
    """Where a clip begins in its recording, and which row it is."""

    onset_s: float
    label: str | None
    row: int


def _stretches(responses: ModelResponses) -> dict[str, list[_Stretch]]:
    """Return the clips of each recording in the order in which they begin."""
    found: dict[str, list[_Stretch]] = {}
    for row, (clip, onset_s) in enumerate(zip(responses.clips, responses.onsets_seconds, strict=True)):
        found.setdefault(clip.name, []).append(_Stretch(onset_s, clip.label, row))
    return {name: sorted(several, key=lambda one: (one.onset_s, one.row)) for name, several in found.items()}


def _near(others: Sequence[_Stretch], one: _Stretch, tolerance_s: float) -> Iterator[_Stretch]:
    """Find those that begin together with one, up to the sample."""
    first = bisect_left(others, one.onset_s - tolerance_s, key=lambda other: other.onset_s)
    return takewhile(lambda other: other.onset_s <= one.onset_s + tolerance_s, islice(others, first, None))


def _alike(one: _Stretch, other: _Stretch) -> bool:
    """Tell whether two stretches have one label, as far as both have any."""
    return one.label is None or other.label is None or one.label == other.label


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
        clips = tuple(side.responses.clips[row[place]] for row in rows)
        part = _part(responses, [row[place] for row in rows], columns[:, place])
        table = ClipTable.of_responses(replace(side.responses, clips=clips))
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
            one = f"clip of {side.name} has no partner and is"
            yield _left_out(n_alone, one, f"clips of {side.name} have no partner and are")
    if n_unlike:
        one = "pair of the same stretch has other labels, and is"
        yield _left_out(n_unlike, one, "pairs of the same stretch have other labels, and are")
    some = next(iter(pairs.values()))
    if not _same_groups(some.first.clips.group_codes, some.second.clips.group_codes):
        yield f"the two group the clips differently: the groups are those of {first.name}"
    if first.responses.spec.labels != second.responses.spec.labels:
        yield "the two have different classes: accuracies are each model's own, on its own labels"
    for axis, pair in pairs.items():
        yield from _axis_notes(first, second, axis, pair)
    yield from _missing_axes(set(first.responses.axes), set(second.responses.axes), set(pairs))


def _left_out(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several} left out"


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
        told = _left_out(n_left, "shift that only one side has is", "shifts that only one side has are")
        yield f"{axis}: {told}"
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
