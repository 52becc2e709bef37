"""Sweeps of many grids, several along one axis among them, over the same clips.

Conventions
-----------
One sweep holds each axis once. Grids are dealt to rounds in which every axis stands once, as few as there can be, and
the clips go through round after round. A clip that fails in one of them is left out of all. Clips are told apart by
their places: stretches of one recording share its name.

What is here: `RoundSweep`, `sweep_rounds`, `deal_rounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..corpus.entries import CorpusEntry
from ..nets.model import Model
from ..sound.clip import Clip
from ..sound.grid import ShiftGrid
from .plan import plan_sweep
from .responses import AxisResponses, ControlResponses, Failure, ModelResponses
from .run import sweep_clips

__all__ = ["RoundSweep", "deal_rounds", "sweep_rounds"]

IntArray = npt.NDArray[np.intp]

_OfClips = TypeVar("_OfClips", AxisResponses, ControlResponses)


@dataclass(frozen=True, eq=False)
class RoundSweep:
    """What came of all rounds.

    Parameters
    ----------
    responses : tuple of tuple of ModelResponses
        For each grid, as given, those of every model; they may hold other axes of the round, too. Empty if no clip
        is left.
    failures : tuple of Failure
    """

    responses: tuple[tuple[ModelResponses, ...], ...]
    failures: tuple[Failure, ...]


def deal_rounds(grids: Sequence[ShiftGrid]) -> list[list[int]]:
    """Deal grids to rounds in which every axis stands once.

    Parameters
    ----------
    grids : sequence of ShiftGrid

    Returns
    -------
    list of list of int
        The places of each round's grids.

    Examples
    --------
    >>> deal_rounds([ShiftGrid("gain", (6.0,), "dB"), ShiftGrid("gain", (6.0,), "dB"), ShiftGrid("freq", (9.0,), "Hz")])
    [[0, 2], [1]]
    """
    rounds: list[list[int]] = []
    for place, grid in enumerate(grids):
        free = (dealt for dealt in rounds if grid.axis not in {grids[other].axis for other in dealt})
        home = next(free, None)
        if home is None:
            rounds.append([place])
        else:
            home.append(place)
    return rounds


def sweep_rounds(
    models: Sequence[Model],
    clips: Sequence[Clip | CorpusEntry],
    grids: Sequence[ShiftGrid],
    *,
    edges: str,
    seed: int,
    on_clip: Callable[[str], None] | None = None,
) -> RoundSweep:
    """Sweep models over clips along all grids.

    Parameters
    ----------
    models : sequence of Model
    clips : sequence of Clip or CorpusEntry
    grids : sequence of ShiftGrid
    edges : {"zero", "circular", "context", "noise"}
    seed : int
    on_clip : callable, optional
        Called after each clip of each round, for progress.

    Returns
    -------
    RoundSweep
    """
    left, failures = np.arange(len(clips)), list[Failure]()
    swept: dict[int, tuple[tuple[ModelResponses, ...], IntArray]] = {}
    for places in deal_rounds(grids):
        dealt = {grids[place].axis: grids[place] for place in places}
        planned = [(model, plan_sweep(model, dealt, edges=edges, seed=seed)) for model in models]
        found = sweep_clips(planned, [clips[place] for place in left.tolist()], on_clip=on_clip)
        failures += found.failures
        left = np.delete(left, found.failed)
        swept |= dict.fromkeys(places, (found.responses, left))
    of_grids = (swept[place] for place in range(len(grids)) if len(left))
    responses = (tuple(_only(one, np.isin(heard, left)) for one in of_grid) for of_grid, heard in of_grids)
    return RoundSweep(tuple(responses), tuple(failures))


def _only(responses: ModelResponses, chosen: npt.NDArray[np.bool_]) -> ModelResponses:
    """Return the responses to some clips."""
    if chosen.all():
        return responses
    clips = tuple(clip for clip, stays in zip(responses.clips, chosen, strict=True) if stays)
    axes = {name: _rows(axis, chosen) for name, axis in responses.axes.items()}
    return replace(responses, clips=clips, axes=axes, controls=tuple(_rows(one, chosen) for one in responses.controls))


def _rows(found: _OfClips, chosen: npt.NDArray[np.bool_]) -> _OfClips:
    arrays = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "shifts"}
    kept: dict[str, Any] = {name: array[chosen] for name, array in arrays.items() if isinstance(array, np.ndarray)}
    return replace(found, **kept)
