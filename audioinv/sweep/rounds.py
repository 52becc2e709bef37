"""Sweeps of many grids, several along one axis among them, over the same clips.

Conventions
-----------
One sweep holds each axis once. Grids are dealt to rounds in which every axis stands once, as few as there can be, and
the clips go through round after round. A clip that fails in one of them is left out of all.

What is here: `RoundSweep`, `sweep_rounds`, `deal_rounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..corpus.entries import CorpusEntry
from ..nets.model import Model
from ..sound.audio import Clip
from ..sound.grid import ShiftGrid
from .plan import plan_sweep
from .responses import AxisResponses, Failure, ModelResponses
from .run import sweep_clips

__all__ = ["RoundSweep", "deal_rounds", "sweep_rounds"]


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
    left, failures = list(clips), dict[str, Failure]()
    swept: dict[int, tuple[ModelResponses, ...]] = {}
    for places in deal_rounds(grids):
        dealt = {grids[place].axis: grids[place] for place in places}
        planned = [(model, plan_sweep(model, dealt, edges=edges, seed=seed)) for model in models]
        found = sweep_clips(planned, left, on_clip=on_clip)
        failures |= {failure.path: failure for failure in found.failures}
        left = [source for source in left if _name(source) not in failures]
        swept |= dict.fromkeys(places, found.responses)
    kept = {_name(source) for source in left}
    of_grids = (swept[place] for place in range(len(grids)) if left)
    return RoundSweep(tuple(tuple(_only(one, kept) for one in of_grid) for of_grid in of_grids), (*failures.values(),))


def _name(source: Clip | CorpusEntry) -> str:
    return source.name if isinstance(source, Clip) else str(source.path)


def _only(responses: ModelResponses, names: set[str]) -> ModelResponses:
    """Return the responses to some clips."""
    chosen = np.array([clip.name in names for clip in responses.clips])
    if chosen.all():
        return responses
    axes = {name: _rows(axis, chosen) for name, axis in responses.axes.items()}
    return replace(responses, clips=tuple(np.array(responses.clips, object)[chosen]), axes=axes, controls=())


def _rows(axis: AxisResponses, chosen: npt.NDArray[np.bool_]) -> AxisResponses:
    arrays = {field.name: getattr(axis, field.name) for field in fields(axis)}
    kept: dict[str, Any] = {name: array[chosen] for name, array in arrays.items() if np.ndim(array) >= 2}
    return replace(axis, **kept)
