"""Two kinds of change at once: models and clips to the share of clips that stand every pair of amounts.

Conventions
-----------
Each pair is swept on the whole grid of its two axes by `audioinv.sweep.pairs`, which says what comes first. Of the
scores is kept how far any class leads the clean answer, which it replaces where that is more than the model's noise
floor. A clip that fails under one pair is left out of all.

What is here: `profile_pairs`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .corpus.entries import CorpusEntry
from .errors import InputError
from .measure.cliptable import ClipTable
from .measure.pair_endurance import PairEndurance, endure_pairs
from .nets.model import Model, given_models
from .report.pair_results import PairOfChanges, PairResults
from .run_record import check_names
from .sound.clip import Clip
from .sound.grid import ShiftGrid
from .sweep.attempt import attempt, source_name
from .sweep.pairs import PairSweep
from .sweep.plan import plan_sweep
from .sweep.responses import ClipRecord, Failure
from .sweep.units import versions

__all__ = ["profile_pairs"]

IntArray = npt.NDArray[np.intp]
_Leads = tuple[npt.NDArray[Any], float]


def profile_pairs(
    model: Model | Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    pairs: Sequence[tuple[ShiftGrid, ShiftGrid]],
    *,
    edges: str = "context",
    seed: int = 0,
    on_clip: Callable[[str], None] | None = None,
) -> PairResults:
    """Find out which pairs of changes a model's answers stand.

    Parameters
    ----------
    model : Model or sequence of Model
    clips : iterable of Clip or CorpusEntry
    pairs : sequence of (ShiftGrid, ShiftGrid)
        Of two axes each, from `parse_grid`.
    edges : {"zero", "circular", "context", "noise"}, default "context"
        What enters the window under a delay.
    seed : int, default 0
        Of noise, echoes, orders and intervals.
    on_clip : callable, optional
        Called after each clip, for progress.

    Returns
    -------
    PairResults
        Without pairs if no clip could be analysed; the failures say why.

    Raises
    ------
    InputError
        If models share a name, or both grids of a pair are along one axis.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> from audioinv.sound.grid import parse_grid
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32), 8000, name=f"{i}") for i in range(20)]
    >>> def is_loud(waveforms):
    ...     power = (waveforms**2).mean(-1)
    ...     return np.stack([power > 2, power <= 2], axis=-1).astype(np.float32)
    >>> model = as_model(is_loud, sample_rate=8000, labels=["loud", "soft"], n_samples=800)
    >>> both = (parse_grid("gain", "0:2:2dB"), parse_grid("noise", "2dB"))  # alone, neither doubles the power
    >>> profile_pairs(model, clips, [both]).pairs[0].models["is_loud"].standing.value.round(1)
    array([[1., 1.],
           [1., 0.]])
    """
    started = clock.perf_counter()
    several = given_models(model)
    check_names(several)
    sources = list(clips)
    sweeps = [[_plan(one, pair, edges, seed, len(sources)) for one in several] for pair in pairs]
    heard, failures = _hear(sources, [sweep for of_pair in sweeps for sweep in of_pair], on_clip)
    table = ClipTable.of([clip for clip, _ in heard], several[0].spec.labels) if heard else None
    answers = _by_sweep([found for _, found in heard], len(several))
    return PairResults(
        models=tuple(one.spec for one in several),
        clips=table,
        pairs=tuple(_endured(of_pair, found, table, seed) for of_pair, found in zip(sweeps, answers, strict=False)),
        failures=tuple(failures),
        run={
            "options": {"edges": edges, "seed": seed},
            "threads": torch.get_num_threads(),
            "versions": versions(),
            "seconds": clock.perf_counter() - started,
        },
    )


def _plan(model: Model, pair: tuple[ShiftGrid, ShiftGrid], edges: str, seed: int, n_clips: int) -> PairSweep:
    grids = {grid.axis: grid for grid in pair}
    if len(grids) != 2:
        raise InputError(f"a pair is of two axes; got {pair[0].axis} twice")
    return PairSweep(model, plan_sweep(model, grids, edges=edges, seed=seed), n_clips)


def _hear(
    sources: Sequence[Clip | CorpusEntry], sweeps: Sequence[PairSweep], on_clip: Callable[[str], None] | None
) -> tuple[list[tuple[ClipRecord, list[_Leads]]], list[Failure]]:
    """Return each clip and what leads in every sweep, and the clips that failed."""

    def leads(clip: Clip) -> tuple[ClipRecord, list[_Leads]]:
        record = ClipRecord(clip.name, clip.start_seconds, clip.end_seconds, clip.label, clip.group)
        return record, [_leads(sweep, clip) for sweep in sweeps]

    heard, failures = [], []
    for source in sources:
        outcome = attempt(source, leads)
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            heard.append(outcome)
        if on_clip is not None:
            on_clip(source_name(source))
    return heard, failures


def _leads(sweep: PairSweep, clip: Clip) -> _Leads:
    """Return how far any class leads the clean answer at every pair, and how far the clean scores stray."""
    scores = sweep.respond(clip)
    first, second = (grid.amounts.index(0.0) for grid in sweep.plan.grids)
    clean = scores[first, second]
    leads = scores.max(axis=-1) - scores[..., clean.argmax()]
    return leads, float(np.abs(sweep.respond_again(clip) - clean).max())


def _by_sweep(heard: Sequence[Sequence[_Leads]], n_models: int) -> Iterator[list[IntArray]]:
    """Yield, for each pair, the answers of every model, of shape (n_clips, n_first, n_second): 0 the clean one, or 1.

    A model's noise floor is the largest that any clip showed, as `audioinv.measure.controls` has it.
    """
    columns = list(zip(*heard, strict=True))
    strays = [max(noise for _, noise in column) for column in columns]
    floors = [max(strays[model::n_models], default=0.0) for model in range(n_models)]
    for at in range(0, len(columns), n_models):
        of_pair = zip(columns[at : at + n_models], floors, strict=True)
        yield [(np.stack([leads for leads, _ in found]) > floor).astype(np.intp) for found, floor in of_pair]


def _endured(
    sweeps: Sequence[PairSweep], answers: Sequence[IntArray], table: ClipTable | None, seed: int
) -> PairOfChanges:
    first, second = sweeps[0].plan.grids
    groups = None if table is None else table.group_codes

    def endured(found: IntArray) -> PairEndurance:
        amounts = np.array(first.amounts), np.array(second.amounts)
        return endure_pairs(found, amounts[0], amounts[1], groups, rng=np.random.default_rng(seed))

    names = [sweep.model.spec.name for sweep in sweeps]
    return PairOfChanges(
        first=first,
        second=second,
        models={name: endured(found) for name, found in zip(names, answers, strict=True)},
        engines={name: sweep.engines[0][1].line for name, sweep in zip(names, sweeps, strict=True)},
    )
