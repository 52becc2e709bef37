"""Two profiles of the same clips: what either model stands that the other does not, clip by clip, and at what cost.

Conventions
-----------
A difference is the first minus the second. Compared is whether a clip keeps its answer over the whole range of a
change, and whether it is answered rightly unchanged. Only clips and changes that both profiles hold count: of a change,
axis, variant and amounts must be the same. All p values are adjusted together (Holm).

What is here: `Profiled`, `ProfileComparison`, `ChangeDifference`, `compare_profiles`, `profile_comparison_lines`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..errors import InputError
from ..measure.cliptable import ClipTable
from ..measure.multiplicity import holm
from ..measure.pairing import LEVEL, MeasureDifference, differ
from ..sound.grid import ShiftGrid
from .comparison_text import difference_cells, difference_text
from .profile_results import Change, ProfileResults
from .profile_text import change_name, range_text
from .text import aligned, wrapped

__all__ = ["ChangeDifference", "ProfileComparison", "Profiled", "compare_profiles", "profile_comparison_lines"]


@dataclass(frozen=True, eq=False)
class Profiled:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        What to call it.
    results : ProfileResults
    model : str
        Of the profile.
    """

    name: str
    results: ProfileResults
    model: str


@dataclass(frozen=True)
class ChangeDifference:
    """One change: which share of clips stands all of it, and what that comes to.

    Parameters
    ----------
    grid : ShiftGrid
    limit : float
        The largest size of it that counts.
    standing : MeasureDifference
    verdicts : tuple of str
        Of both, by the listener of each profile.
    """

    grid: ShiftGrid
    limit: float
    standing: MeasureDifference
    verdicts: tuple[str, str]


@dataclass(frozen=True)
class ProfileComparison:
    """What came of comparing two profiles.

    Parameters
    ----------
    first, second : str
    n_clips, n_groups : int
        That both hold.
    accuracy : MeasureDifference
        On the unchanged clips; ``nan`` without labels.
    changes : tuple of ChangeDifference
        In the order of the first profile.
    notes : tuple of str
        What was left out, and what else the two sides differ in.
    """

    first: str
    second: str
    n_clips: int
    n_groups: int
    accuracy: MeasureDifference
    changes: tuple[ChangeDifference, ...]
    notes: tuple[str, ...]


def compare_profiles(first: Profiled, second: Profiled, *, seed: int = 0) -> ProfileComparison:
    """Compare two models' profiles on the clips and changes that both hold.

    Parameters
    ----------
    first, second : Profiled
    seed : int, default 0
        Of the tests.

    Returns
    -------
    ProfileComparison

    Raises
    ------
    InputError
        If they share no clip, or no change.
    """
    clips, rows = _shared_clips(first, second)
    theirs = {_key(change): change for change in second.results.changes}
    shared = [(change, theirs[_key(change)]) for change in first.results.changes if _key(change) in theirs]
    if not shared:
        raise InputError(
            f"{first.name} and {second.name} share no change; profile both with the same listener file (--listener)"
        )
    accuracy = _differ([side.results.right[side.model] for side in (first, second)], rows, clips, "accuracy", seed)
    found = [_change(pair, (first, second), rows, clips, seed) for pair in shared]
    p_values = holm([accuracy.p_value, *(one.standing.p_value for one in found)])
    adjusted = [float(value) for value in p_values]
    return ProfileComparison(
        first=first.name,
        second=second.name,
        n_clips=len(clips.names),
        n_groups=len(clips.names) if clips.group_codes is None else len(np.unique(clips.group_codes)),
        accuracy=replace(accuracy, measure="accuracy_at_zero", p_adjusted=adjusted[0]),
        changes=tuple(
            replace(one, standing=replace(one.standing, p_adjusted=value))
            for one, value in zip(found, adjusted[1:], strict=True)
        ),
        notes=(*_notes(first, second, len(clips.names), len(shared)), *_made_otherwise(first, second, found)),
    )


def _key(change: Change) -> tuple[str, str, str, tuple[float, ...]]:
    grid = change.expectation.grid
    return grid.axis, grid.variant, grid.unit, tuple(float(f"{amount:.6g}") for amount in grid.amounts)


def _clips(side: Profiled) -> ClipTable:
    if side.results.clips is None:
        raise InputError(f"{side.name} holds no profiled clip; nothing to compare")
    return side.results.clips


def _shared_clips(first: Profiled, second: Profiled) -> tuple[ClipTable, npt.NDArray[np.intp]]:
    """Return the clips that both hold, and their places in either, of shape (2, n_clips)."""
    ours, theirs = _clips(first), _clips(second)
    places = {name: place for place, name in enumerate(theirs.names)}
    rows = [(place, places[name]) for place, name in enumerate(ours.names) if name in places]
    if not rows:
        raise InputError(
            f"{first.name} and {second.name} have no clip in common ({ours.names[0]} … against {theirs.names[0]} …); "
            "profile the same clips, given by the same paths"
        )
    kept = [place for place, _ in rows]
    columns = {name: getattr(ours, name) for name in ("names", "labels", "groups")}
    some: dict[str, Any] = {name: column and tuple(column[place] for place in kept) for name, column in columns.items()}
    return replace(ours, **some), np.array(rows).T


def _differ(
    values: Sequence[npt.NDArray[np.floating]],
    rows: npt.NDArray[np.intp],
    clips: ClipTable,
    what: str,
    seed: int,
) -> MeasureDifference:
    rng = np.random.default_rng([seed, zlib.crc32(what.encode())])
    ours, theirs = (side[places] for side, places in zip(values, rows, strict=True))
    return differ(ours, theirs, clips.group_codes, rng=rng)


def _change(
    pair: tuple[Change, Change],
    sides: tuple[Profiled, Profiled],
    rows: npt.NDArray[np.intp],
    clips: ClipTable,
    seed: int,
) -> ChangeDifference:
    grid = pair[0].expectation.grid
    models = [change.models[side.model] for change, side in zip(pair, sides, strict=True)]
    standing = _differ([model.endurance.holds[:, -1] for model in models], rows, clips, change_name(grid), seed)
    return ChangeDifference(
        grid=grid,
        limit=models[0].endurance.limit,
        standing=replace(standing, axis=grid.axis, measure="standing"),
        verdicts=(str(models[0].verdict), str(models[1].verdict)),
    )


def _notes(first: Profiled, second: Profiled, n_clips: int, n_changes: int) -> Iterator[str]:
    for side in (first, second):
        n_alone = side.results.n_clips - n_clips
        if n_alone:
            yield f"{count_text(n_alone, 'clip')} of {side.name} have no partner and are left out"
        n_left = len(side.results.changes) - n_changes
        if n_left:
            yield f"{count_text(n_left, 'change')} of {side.name}, or their amounts, are not in the other and left out"


def _made_otherwise(first: Profiled, second: Profiled, found: Sequence[ChangeDifference]) -> Iterator[str]:
    """Say where the sounds of the two were not made alike."""
    ours, theirs = (side.results.run.get("options", {}) for side in (first, second))
    unlike = {name for name in ("edges", "seed") if name in ours and name in theirs and ours[name] != theirs[name]}
    if "edges" in unlike and any(one.grid.axis == "time" for one in found):
        yield (
            f"time: edges differ, {ours['edges']} against {theirs['edges']}: part of the difference may be what "
            "enters at the border"
        )
    if "seed" in unlike:
        yield (
            f"seeds differ, {ours['seed']} against {theirs['seed']}: noise, echoes and orders were drawn anew, and "
            "part of the difference may be theirs"
        )


def profile_comparison_lines(found: ProfileComparison) -> Iterator[str]:
    """Lay out a comparison for a terminal.

    Parameters
    ----------
    found : ProfileComparison

    Yields
    ------
    str
    """
    groups = f" in {count_text(found.n_groups, 'group')}" if found.n_groups < found.n_clips else ""
    yield from (f"A {found.first}", f"B {found.second}")
    yield f"{count_text(found.n_clips, 'clip')}{groups}, paired; the share that keeps its answer over the whole range"
    yield ""
    header = [
        ("change", "range", "A", "B", "A − B", "p", "could have", "verdict of A", "verdict of B"),
        ("", "", "", "", "[95 % interval]", "(Holm)", "seen", "", ""),
    ]
    right = ("right, unchanged", "", *difference_cells(found.accuracy)[1:], "", "")
    yield from aligned([*header, right, *map(_row, found.changes)])
    yield ""
    yield from wrapped(_finding(found))
    for note in found.notes:
        yield from wrapped(f"! {note}")


def _row(one: ChangeDifference) -> tuple[str, ...]:
    return (
        change_name(one.grid),
        range_text(one.limit, one.grid),
        *difference_cells(one.standing)[1:],
        *one.verdicts,
    )


def _finding(found: ProfileComparison) -> str:
    """Say which differences are shown, and what A has over B in accuracy."""
    shown = [one for one in found.changes if one.standing.p_adjusted < LEVEL]
    sides = (
        (side, [change_name(one.grid) for one in shown if sign * one.standing.difference.value > 0])
        for side, sign in (("A", 1), ("B", -1))
    )
    told = "; ".join(f"{side} stands more of {' · '.join(names)}" for side, names in sides if names)
    accuracy = found.accuracy.difference
    n_tests = 1 + len(found.changes)
    cost = "" if accuracy.value != accuracy.value else f" Accuracy of A − B: {difference_text(accuracy)}."
    return f"shown at 5 % after Holm's correction over {n_tests} measures: {told or 'nothing'}.{cost}"
