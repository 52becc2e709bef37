"""Who does the units of a corpus: this process, processes beside it, or whoever else is a crew.

Conventions
-----------
A worker holds the models and computes with one thread, or as many as a plan says, so that what it finds depends neither
on the number of cores nor on how many workers there are. It writes what it finds itself, and hands back a receipt only.
A worker that is lost while at a unit did not finish it; the unit is tried once more, and is then a failure of stage
``worker``.

What is here: `Worker`, `Order`, `Done`, `Parts`, `Crew`, `Alone`, `Processes`, `hand_out`.
"""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

import torch

from ..errors import CheckpointError, ModelError
from ..nets.foreign import HUNG
from ..nets.model import Model
from ..nets.threads import use_threads
from .accelerator import replayed
from .engines import EngineChoice
from .plan import SweepPlan
from .responses import Failure
from .run import Sweep, sweep_clips
from .spawning import process_context
from .units import Unit, name_of

__all__ = ["Alone", "Crew", "Done", "Order", "Parts", "Processes", "Worker", "hand_out"]

_TRIES = 2
_FAREWELL_SECONDS = 10.0  # for a process to end that says no more; its exit code is all that is left of it


@dataclass(frozen=True)
class Done:
    """A receipt for a unit.

    Parameters
    ----------
    unit : Unit
    name : str
        Of its part; empty if nothing was kept.
    n_answered : int, default 0
        Clips that are in it.
    found : bool, default False
        Whether it was there already.
    damage : str, default ""
        What was wrong with the part that was there.
    """

    unit: Unit
    name: str
    n_answered: int = 0
    found: bool = False
    damage: str = ""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The clips of a unit that nobody could finish."""
        if self.name:
            return ()
        reason = (
            f"the process that was at it ended {_TRIES} times without a word: out of memory, or a crash of a library"
        )
        return tuple(Failure(clip, "worker", reason) for clip in self.unit.clips)


class Parts(Protocol):
    """Where workers keep what they find."""

    def find(self, name: str) -> Sweep | None:
        """Read what came of a unit; None if it is not done."""

    def keep(self, name: str, found: Sweep) -> None:
        """Write what came of a unit."""


@dataclass(frozen=True, eq=False)
class Worker:
    """Models that are ready to hear units.

    Parameters
    ----------
    models : sequence of (Model, SweepPlan)
    engines : sequence of mapping of axis to EngineChoice
        Chosen for the whole corpus.
    parts : Parts
    """

    models: Sequence[tuple[Model, SweepPlan]]
    engines: Sequence[Mapping[str, EngineChoice]]
    parts: Parts

    @cached_property
    def _heard(self) -> list[tuple[Model, SweepPlan]]:
        """The models as they are fastest, for all units."""
        return [(replayed(model) if plan.precision == "float32" else model, plan) for model, plan in self.models]

    def do(self, unit: Unit) -> Done:
        """Do a unit that is not done yet.

        Parameters
        ----------
        unit : Unit

        Returns
        -------
        Done
        """
        name, damage = name_of(unit), ""
        try:
            there = self.parts.find(name)
            if there is not None and there.is_final:
                return Done(unit, name, there.n_clips, found=True)
        except CheckpointError as error:
            damage = str(error)
        with use_threads(1):
            made = sweep_clips(self._heard, unit.sources, engines=self.engines)
        self.parts.keep(name, made)
        return Done(unit, name, made.n_clips, damage=damage)


class Order(Protocol):
    """What makes a worker elsewhere: everything it needs to know, and nothing that cannot be sent."""

    def open(self) -> Worker:
        """Load the models and be ready."""


class Crew(Protocol):
    """Workers of one kind, each at one unit at a time."""

    @property
    def has_room(self) -> bool:
        """Whether somebody is free."""

    def give(self, unit: Unit) -> None:
        """Give a unit to somebody who is free."""

    def take(self) -> tuple[Unit, Done | None]:
        """Wait for the next receipt; None stands for a worker that was lost."""

    def dismiss(self) -> None:
        """Send everybody home, whatever they are at."""


def hand_out(units: Iterable[Unit], crew: Crew) -> Iterator[Done]:
    """Have a crew do units, as many at a time as it has workers.

    Parameters
    ----------
    units : iterable of Unit
    crew : Crew
        Dismissed at the end.

    Yields
    ------
    Done
        In the order in which they are done.
    """
    waiting, again, lost = iter(units), deque[Unit](), Counter[int]()
    running = 0
    try:
        while True:
            while crew.has_room and (unit := again.popleft() if again else next(waiting, None)) is not None:
                crew.give(unit)
                running += 1
            if not running:
                return
            unit, done = crew.take()
            running -= 1
            if done is None:
                lost[unit.place] += 1
                if lost[unit.place] < _TRIES:
                    again.append(unit)
                    continue
            yield done or Done(unit, "")
    finally:
        crew.dismiss()


@dataclass(eq=False)
class Alone:
    """The process that hands out the work, by itself.

    Parameters
    ----------
    worker : Worker
    """

    worker: Worker
    _given: Unit | None = None

    @property
    def has_room(self) -> bool:
        """Whether nothing was given."""
        return self._given is None

    def give(self, unit: Unit) -> None:
        """Remember a unit, which `take` does."""
        self._given = unit

    def take(self) -> tuple[Unit, Done | None]:
        """Do the unit."""
        unit, self._given = self._given, None
        if unit is None:
            raise ValueError("nothing was given")
        return unit, self.worker.do(unit)

    def dismiss(self) -> None:
        """Forget the unit."""
        self._given = None


@dataclass(eq=False)
class _Lane:
    """A process, the wire to it, and what it is at."""

    process: BaseProcess
    wire: Connection
    unit: Unit | None = None


@dataclass(eq=False)
class Processes:
    """Processes on this machine, none a copy of this one, each with its own models.

    Parameters
    ----------
    order : Order
    n_processes : int
    """

    order: Order
    n_processes: int
    _lanes: list[_Lane] = field(default_factory=list)

    @property
    def has_room(self) -> bool:
        """Whether a process is free, or one more may be started."""
        return len(self._lanes) < self.n_processes or any(lane.unit is None for lane in self._lanes)

    def give(self, unit: Unit) -> None:
        """Send a unit to a free process, to a new one as long as there are too few."""
        lane = self._hire() if len(self._lanes) < self.n_processes else self._free()
        lane.unit = unit
        with suppress(OSError):  # a process that is lost already is found out when it should answer
            lane.wire.send(unit)

    def _free(self) -> _Lane:
        return next(lane for lane in self._lanes if lane.unit is None)

    def _hire(self) -> _Lane:
        context = process_context()
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, self.order), daemon=True)
        process.start()
        there.close()
        self._lanes.append(_Lane(process, here))
        return self._lanes[-1]

    def take(self) -> tuple[Unit, Done | None]:
        """Wait for a process to finish, or to be lost."""
        ready = wait([lane.wire for lane in self._lanes if lane.unit is not None])
        lane = next(lane for lane in self._lanes if lane.wire in ready)
        unit, lane.unit = lane.unit, None
        if unit is None:
            raise ValueError("nothing was given")
        try:
            answer = lane.wire.recv()
        except (EOFError, OSError):
            self._lanes.remove(lane)
            _bury(lane)
            return unit, None
        if isinstance(answer, BaseException):
            raise answer
        return unit, answer

    def dismiss(self) -> None:
        """End all processes."""
        for lane in self._lanes:
            lane.wire.close()
            lane.process.terminate()
        for lane in self._lanes:
            lane.process.join()
        self._lanes.clear()


def _bury(lane: _Lane) -> None:
    """Wait for the end of a process that says no more, and raise what it said of a model that hangs."""
    lane.wire.close()
    lane.process.join(_FAREWELL_SECONDS)
    if lane.process.exitcode == HUNG:
        raise ModelError("a process ended because a model did not answer in time; what is done is kept: mend the model")


def _serve(wire: Connection, order: Order) -> None:
    """Do units as they come, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard is for the process that hands out the work
    torch.set_num_threads(1)
    try:
        worker = order.open()
        while True:
            wire.send(worker.do(wire.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # whatever it is, it is said at the other end
        wire.send(error)
