"""An analysis that writes down what it has done while it is at it, alone or with others, and goes on where it stopped.

Conventions
-----------
Every choice is made once for the whole corpus, before it is cut into units: how many there are, who does them and in
which order they are done change nothing. The parts are joined in the order of the corpus.

What is here: `JournalledRun`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from .corpus.entries import CorpusEntry
from .counts import count_text
from .errors import CheckpointError, InputError
from .nets.model import Model
from .report.journal import Journal, recipes_in
from .report.parts import PartFolder, join_parts, what_came_of
from .report.results import Results
from .report.results_folder import check_free, free_folder
from .report.shards import Shard, find_shard, read_shards, write_shard
from .sound.clip import Clip
from .sound.whole_files import find_folder, names_in
from .sweep.crews import Alone, Processes
from .sweep.engines import EngineChoice, choose_engines
from .sweep.plan import SweepPlan
from .sweep.responses import Failure
from .sweep.run import Sweep
from .sweep.units import Unit, cut_units, name_of, recipe_of, share_of, versions
from .sweep.workers import Crew, Done, Worker, hand_out
from .work_order import ModelSource, WorkOrder

__all__ = ["JournalledRun"]

CLUSTERS = ("local", "ray")


def _say_nothing(_: str) -> None:
    """Keep quiet."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What a run is to do, all choices made."""

    models: Sequence[tuple[Model, SweepPlan]]
    engines: Sequence[Mapping[str, EngineChoice]]
    units: list[Unit]
    n_clips: int
    parts: PartFolder
    named: bool


@dataclass(eq=False)
class JournalledRun:
    """A run that keeps a journal in its results folder, and holds the folder until it is finished.

    Parameters
    ----------
    out : Path
        The results folder, on this disk or in a store.
    fixed : bool, default True
        Whether it has to be that one; else the next free name, or that of an unfinished run of the same.
    sources : tuple of ModelSource
        Where workers get the models; needed for more than one job.
    jobs : int, optional
        Workers at once; if not given, this process alone, or as many as a cluster has room for.
    cluster : {"local", "ray"}, default "local"
        Where they are.
    gpus_per_worker : float, default 0
        That a worker on a cluster has for itself.
    resume : bool, default True
        Whether what is done already counts.
    overwrite : bool, default False
        Whether a finished run, or an unfinished one of other parameters, is replaced.
    inputs : tuple of str
        As typed; stand in what a share says of itself, with `options`.
    options : mapping of str to str, number or list
        As typed.
    shards : tuple of Path
        Folders of shares, of which this run is the whole.
    tell : callable, optional
        Called with a line for people.
    """

    out: Path
    fixed: bool = True
    sources: tuple[ModelSource, ...] = ()
    jobs: int | None = None
    cluster: str = "local"
    gpus_per_worker: float = 0.0
    resume: bool = True
    overwrite: bool = False
    inputs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    shards: tuple[Path, ...] = ()
    tell: Callable[[str], None] = _say_nothing
    n_units: int = field(default=0, init=False)
    n_done: int = field(default=0, init=False)
    n_found: int = field(default=0, init=False)
    _journal: Journal | None = field(default=None, init=False)
    _held: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        if self.cluster not in CLUSTERS:
            raise InputError(f"cluster={self.cluster!r} is not one of {', '.join(CLUSTERS)}")
        self.out = find_folder(self.out)
        self.shards = tuple(map(find_folder, self.shards))

    def __enter__(self) -> JournalledRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def sweep(
        self,
        models: Sequence[tuple[Model, SweepPlan]],
        clips: Iterable[CorpusEntry | Clip],
        *,
        on_clip: Callable[[str], None] | None = None,
    ) -> Sweep:
        """Sweep models over clips as `audioinv.sweep.run.sweep_clips` does, by units and with a journal.

        Parameters
        ----------
        models : sequence of (Model, SweepPlan)
        clips : iterable of Clip or CorpusEntry
        on_clip : callable, optional
            Called for each clip that is done or was, with its name.

        Returns
        -------
        Sweep

        Raises
        ------
        InputError
            If the folder is taken, held by another process, or cannot be written.
        """
        work = self._begin(models, list(clips))
        units = work.units
        if self.shards:
            units = self._borrow(work)
        receipts = self._hand_out(units, self._crew(work), on_clip)
        given_up = [Done(unit, "", lost="while its shard was done") for unit in work.units if unit not in units]
        receipts = sorted([*receipts, *given_up], key=lambda done: done.unit.place)
        return replace(join_parts(receipts, work.parts), engines=tuple(work.engines))

    def sweep_share(
        self,
        models: Sequence[tuple[Model, SweepPlan]],
        clips: Iterable[CorpusEntry | Clip],
        share: tuple[int, int],
        *,
        on_clip: Callable[[str], None] | None = None,
    ) -> tuple[Failure, ...]:
        """Do a share of the units, which `sweep` joins with the others.

        Parameters
        ----------
        models : sequence of (Model, SweepPlan)
        clips : iterable of Clip or CorpusEntry
            All of the corpus.
        share : (int, int)
            Which of how many, from 1.
        on_clip : callable, optional
            Called for each clip that is done or was, with its name.

        Returns
        -------
        tuple of Failure

        Raises
        ------
        InputError
            As `sweep`; if a model has no fingerprint, by which shares could know that they belong together; or if
            the folder holds another share.
        """
        work = self._begin(models, list(clips), share)
        if not work.named:
            raise InputError(
                f"shard {share[0]}/{share[1]} needs models with weights that can be compared with those of the other "
                "shards; give each model as a file"
            )
        number, n_shares = share
        receipts = self._hand_out(share_of(work.units, share), self._crew(work), on_clip)
        given_up = tuple(failure.path for done in receipts for failure in done.failures)
        write_shard(self.out, Shard(number, n_shares, work.parts.recipe, self.inputs, self.options, given_up))
        return tuple(failure for done in receipts for failure in what_came_of(done, work.parts).failures)

    def _begin(
        self,
        models: Sequence[tuple[Model, SweepPlan]],
        corpus: Sequence[CorpusEntry | Clip],
        share: tuple[int, int] | None = None,
    ) -> _Work:
        """Make every choice for the whole corpus, and take hold of the folder."""
        engines = tuple(choose_engines(model, plan, len(corpus)) for model, plan in models)
        recipe = recipe_of(models, engines, versions())
        nameless = [model.spec.name for model, _ in models if model.fingerprint is None]
        if nameless:
            recipe += f"x{secrets.token_hex(4)}"
            self.tell(f"! model {', '.join(nameless)} has no fingerprint: if interrupted, this run starts again")
        self._choose_folder(recipe)
        if share and not self.overwrite:
            self._refuse_other_share(share)
        specs = [model.spec for model, _ in models]
        journal = Journal(self.out, recipe, specs, resume=self.resume, overwrite=self.overwrite)
        self._journal = self._held.enter_context(journal)
        return _Work(models, engines, cut_units(corpus), len(corpus), journal.parts, named=not nameless)

    def _crew(self, work: _Work) -> Crew:
        alone = self.cluster == "local" and (self.jobs or 1) == 1
        if alone or not work.units:
            return Alone(Worker(work.models, work.engines, work.parts))
        if len(self.sources) != len(work.models):
            raise InputError(
                f"jobs={self.jobs} and cluster={self.cluster!r} need models that every worker can load for itself; "
                "give their files, or leave both out"
            )
        if getattr(self.out, "protocol", "") == "memory":
            raise InputError(
                f"{self.out} is seen by this process alone: leave out -j and --cluster, or give another -o"
            )
        order = WorkOrder(self.sources, tuple(plan for _, plan in work.models), work.n_clips, work.parts)
        if self.cluster == "ray":
            from .sweep.cluster import RayActors

            n_actors = min(self.jobs or len(work.units), len(work.units))
            return RayActors(order, n_actors, self.gpus_per_worker, self.tell)
        return Processes(order, min(self.jobs or 1, len(work.units)))

    def _borrow(self, work: _Work) -> list[Unit]:
        """Take over what others did, and refuse if it is not all; return the units of which there are parts."""
        shards = read_shards(self.shards)
        if self._journal is None or shards[0].recipe != work.parts.recipe:
            raise InputError(
                "the models, the libraries or the device are not here what they were for the shards; merge where one "
                "of them ran"
            )
        self._journal.borrow(self.shards)
        given_up = {clip for shard in shards for clip in shard.given_up}
        there = names_in(work.parts.folder)
        absent = [unit for unit in work.units if work.parts.path(name_of(unit)).name not in there]
        gaps = [clip for unit in absent for clip in unit.clips if clip not in given_up]
        if gaps:
            raise InputError(
                f"{count_text(len(gaps), 'clip')} missing from the shards, or changed since: "
                f"{', '.join(gaps[:3])}{' …' if len(gaps) > 3 else ''}; run those shards again"
            )
        return [unit for unit in work.units if unit not in absent]

    def _choose_folder(self, recipe: str) -> None:
        if self.fixed:
            check_free(self.out, overwrite=self.overwrite, resumable=True)
        else:
            same = (lambda folder: recipes_in(folder) == {recipe}) if self.resume else None
            self.out = free_folder(self.out, overwrite=self.overwrite, resumable=same)
            check_free(self.out, overwrite=self.overwrite, resumable=True)

    def _refuse_other_share(self, share: tuple[int, int]) -> None:
        """Leave the receipt of another share alone: it could not be merged without."""
        try:
            there = find_shard(self.out)
        except CheckpointError:  # damaged: whichever it was, it is to be done again
            return
        if there is not None and (there.number, there.n_shards) != share:
            raise InputError(
                f"{self.out} holds shard {there}; give shard {share[0]}/{share[1]} another -o, or --overwrite"
            )

    def _hand_out(self, units: Sequence[Unit], crew: Crew, on_clip: Callable[[str], None] | None) -> list[Done]:
        """Have units done, and return the receipts in the order in which they were."""
        told = on_clip or _say_nothing
        self.n_units, receipts = len(units), []
        for done in hand_out(units, crew):
            if done.damage:
                self.tell(f"! {done.damage}; done again")
            self.n_done += bool(done.name)
            self.n_found += done.found
            receipts.append(done)
            for clip in done.unit.clips:
                told(clip)
        return receipts

    def finish(self, results: Results) -> None:
        """Write the results folder from what was found, and remove the parts.

        Parameters
        ----------
        results : Results
        """
        if self._journal is None:
            raise InputError("nothing was swept, so there is nothing to finish")
        units = {"done": self.n_units, "found": self.n_found}
        if left := self._journal.finish(replace(results, run={**results.run, "units": units})):
            self.tell(left)
