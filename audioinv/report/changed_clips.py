"""Which clips two models answer differently: unshifted, and along each axis, with the answers themselves.

Conventions
-----------
A and B are the sides of a comparison, clips and shifts those that both have. An arrow between two models' answers goes
from A to B; between answers of one model it goes from the unshifted one to that at a shift.

What is here: `ChangedPart`, `changed_clips`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..measure.axis_sweep import AxisSweep, per_clip
from ..measure.matching import Compared, SweepPair, pair_sweeps
from ..measure.outcome import agreement
from .text import amount, decimals, fixed
from .wording import axis_title, share_text

__all__ = ["ChangedPart", "changed_clips"]

_MOST_CLIPS = 20
_LEAST = 1e-9  # of a share: below, a clip has not changed
_UNSHIFTED = ("clip", "label", "A → B")
_SHIFTED = ("clip", "A keeps", "B keeps", "A − B", "nearest shift that changes one alone")


@dataclass(frozen=True)
class ChangedPart:
    """The clips that changed, written out, in one respect: a title, what was found, and a table."""

    title: str
    finding: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def changed_clips(first: Compared, second: Compared, *, seed: int = 0) -> Iterator[ChangedPart]:
    """List the clips that the two answer differently, unshifted and along each axis, those that differ most first.

    Parameters
    ----------
    first, second : Compared
    seed : int, default 0

    Yields
    ------
    ChangedPart
        Where the two share any shift.
    """
    axes = [axis for axis in first.responses.axes if axis in second.responses.axes]
    pairs = [pair for axis in axes if (pair := pair_sweeps(first, second, axis, seed=seed)) is not None]
    if pairs:
        yield _unshifted_part(pairs[0])
    for pair in pairs:
        yield _axis_part(pair)


def _unshifted_part(pair: SweepPair) -> ChangedPart:
    """List the clips to which the two give different answers before anything is shifted."""
    sides = (pair.first, pair.second)
    clips, n_clips = pair.first.clips, len(pair.first.clips.names)
    answers = [[_answer(sweep, place, sweep.zero) for place in range(n_clips)] for sweep in sides]
    changed = [place for place in range(n_clips) if answers[0][place] != answers[1][place]]
    labels = clips.labels or (None,) * n_clips
    rows = tuple(
        (clips.names[place], labels[place] or "–", f"{answers[0][place]} → {answers[1][place]}")
        for place in changed[:_MOST_CLIPS]
    )
    finding = f"{len(changed)} of {count_text(n_clips, 'clip')} get another answer from B than from A"
    if changed and any(labels[place] for place in changed):
        right = [int(np.nansum(sweep.correct[changed, sweep.zero])) for sweep in sides]
        finding += f"; of these A is right in {right[0]}, B in {right[1]}"
    shown = f"; the first {len(rows)} are here" if len(rows) < len(changed) else ""
    return ChangedPart("unshifted", f"{finding}{shown}.", _UNSHIFTED, rows)


def _axis_part(pair: SweepPair) -> ChangedPart:
    """List the clips of which the two keep different shares of their answers."""
    kept = [per_clip(sweep, "consistency") for sweep in (pair.first, pair.second)]
    difference = kept[0] - kept[1]
    order = np.argsort(-np.abs(np.nan_to_num(difference)), kind="stable")
    changed = [place for place in order.tolist() if abs(difference[place]) > _LEAST]
    rows = tuple(
        (
            pair.first.clips.names[place],
            *(share_text(float(shares[place])) for shares in kept),
            _percent(float(difference[place])),
            _parting(pair, place),
        )
        for place in changed[:_MOST_CLIPS]
    )
    shown = f"; the {len(rows)} that differ most are here" if len(rows) < len(changed) else ""
    counted = f"{len(changed)} of {count_text(len(difference), 'clip')}"
    steadier = int((difference > _LEAST).sum())
    finding = f"{counted} keep another share of their answers, {steadier} of them more with A{shown}."
    return ChangedPart(axis_title(pair.first.name), finding, _SHIFTED, rows)


def _percent(difference: float) -> str:
    """Write a difference of shares, which is never 0 here, with as many digits as it needs."""
    return f"{fixed(100 * difference, decimals(difference) - 2, signed=True)} %"


def _parting(pair: SweepPair, place: int) -> str:
    """Say at the nearest shift which of the two changes its answer alone, and what it becomes."""
    sides = {"A": pair.first, "B": pair.second}
    held = [agreement(sweep.answers[[place]], sweep.zero)[0] for sweep in sides.values()]
    shift = _nearest(pair.first.responses.shifts, np.abs(held[0] - held[1]) > _LEAST)
    if shift is None:
        return "–"
    side = "A" if held[0][shift] < held[1][shift] else "B"
    sweep = sides[side]
    where = amount(float(sweep.responses.shifts[shift]), sweep.responses.unit)
    return f"{where}, {side}: {_answer(sweep, place, sweep.zero)} → {_answer(sweep, place, shift)}"


def _nearest(shifts: npt.NDArray[np.floating], there: npt.NDArray[np.bool_]) -> int | None:
    """Return the place of the smallest of some shifts, None where there is none."""
    places = np.flatnonzero(there)
    return int(places[np.abs(shifts[places]).argmin()]) if len(places) else None


def _answer(sweep: AxisSweep, place: int, shift: int) -> str:
    """Name the answer to a clip at a shift; one that is undefined is a dash."""
    answer = int(sweep.answers[place, shift])
    return sweep.clips.classes[answer] if answer >= 0 else "–"
