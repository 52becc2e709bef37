"""Who does the units of a corpus: this process, processes beside it, or whoever else is a crew.

Conventions
-----------
A worker holds the models and computes with one thread, or as many as a plan says, so that what it finds depends neither
on the number of cores nor on how many workers there are. It writes what it finds itself, and hands back a receipt only.
A worker that is lost while at a unit, whatever ended it, did not finish it; the unit is tried once more, and is then a
failure of stage ``worker``. Where the first units all end so and none is done, it is not the units.

What is here: `Worker`, `Order`, `Done`, `Lost`, `Parts`, `Crew`, `Alone`, `Processes`, `hand_out`.
"""

from __future__ import annotations

import pickle
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
from .allocation import keep_memory
from .engines import EngineChoice
from .plan import SweepPlan
from .responses import Failure
from .run import Sweep, sweep_clips
from .spawning import process_context
from .units import Unit, name_of

__all__ = ["Alone", "Crew", "Done", "Lost", "Order", "Parts", "Processes", "Worker", "hand_out"]

_TRIES = 2
_HOPELESS = 3  # units given up and none done, after which it is not the units
_FAREWELL_SECONDS = 10.0  # for a process to end that says no more, or is told to
_ENDINGS = {
    HUNG: "a model did not answer in time",
    -9: "killed (SIGKILL), as the system does when memory is out",
}


@dataclass(frozen=True, eq=False)
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
    lost : str, default ""
        How the last worker ended that was at it, if nobody could finish it.
    """

    unit: Unit
    name: str
    n_answered: int = 0
    found: bool = False
    damage: str = ""
    lost: str = ""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The clips of a unit that nobody could finish."""
        if self.name:
            return ()
        reason = f"{_TRIES} workers ended at it: {self.lost}"
        return tuple(Failure(clip, "worker", reason) for clip in self.unit.clips)


@dataclass(frozen=True)
class Lost:
    """What there is in place of a receipt where a worker ended.

    Parameters
    ----------
    how : str
        It ended.
    """

    how: str


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
        damage = ""
        for _ in range(_TRIES):
            name = name_of(unit)
            try:
                there = self.parts.find(name)
                if there is not None and there.is_final:
                    return Done(unit, name, there.n_clips, found=True)
            except CheckpointError as error:
                damage = str(error)
            with use_threads(1):
                made = sweep_clips(self._heard, unit.sources, engines=self.engines)
            if name_of(unit) == name:  # a file that is being written is another than was named
                break
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

    def take(self) -> tuple[Unit, Done | Lost]:
        """Wait for the next receipt, or the end of a worker."""

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

    Raises
    ------
    ModelError
        If workers ended at each of the first units.
    """
    waiting, again, lost = iter(units), deque[Unit](), Counter[int]()
    running, n_done, n_given_up = 0, 0, 0
    try:
        while True:
            while crew.has_room and (unit := again.popleft() if again else next(waiting, None)) is not None:
                crew.give(unit)
                running += 1
            if not running:
                return
            unit, answer = crew.take()
            running -= 1
            if isinstance(answer, Done):
                n_done += 1
                yield answer
                continue
            lost[unit.place] += 1
            if lost[unit.place] < _TRIES:
                again.append(unit)
                continue
            n_given_up += 1
            if n_given_up == _HOPELESS and not n_done:
                raise ModelError(
                    f"workers ended at the first {_HOPELESS} pieces of work, {_TRIES} times each: {answer.how}; "
                    "none was done: mend the model, or give it more memory or time"
                )
            yield Done(unit, "", lost=answer.how)
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

    def take(self) -> tuple[Unit, Done | Lost]:
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

    @property
    def answer(self) -> Done | BaseException | None:
        """What it has said; None if it ended without."""
        try:
            said: Done | BaseException | None = self.wire.recv() if self.wire.poll() else None
        except (EOFError, OSError):
            return None
        return said

    def bury(self) -> str:
        """Wait for the end of a process that says no more, and return how it ended."""
        self.wire.close()
        self.process.join(_FAREWELL_SECONDS)
        self.process.kill()
        code = self.process.exitcode
        return _ENDINGS.get(code, f"exit code {code}, a crash of a library") if code is not None else "it hangs"


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
        self._lanes = [lane for lane in self._lanes if lane.unit is not None or lane.process.is_alive()]
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

    def take(self) -> tuple[Unit, Done | Lost]:
        """Wait for a process to finish, or to be lost.

        It is lost when it has ended, even if what it started holds on to its end of the wire.
        """
        busy = [lane for lane in self._lanes if lane.unit is not None]
        told = wait([source for lane in busy for source in (lane.wire, lane.process.sentinel)])
        lane = next(lane for lane in busy if lane.wire in told or lane.process.sentinel in told)
        unit, lane.unit = lane.unit, None
        if unit is None:
            raise ValueError("nothing was given")
        answer = lane.answer
        if answer is None:
            self._lanes.remove(lane)
            return unit, Lost(lane.bury())
        if isinstance(answer, BaseException):
            raise answer
        return unit, answer

    def dismiss(self) -> None:
        """End all processes, and those that do not let themselves be ended by force."""
        for lane in self._lanes:
            lane.wire.close()
            lane.process.terminate()
        for lane in self._lanes:
            lane.process.join(_FAREWELL_SECONDS)
            lane.process.kill()
        self._lanes.clear()


def _serve(wire: Connection, order: Order) -> None:
    """Do units as they come, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard is for the process that hands out the work
    torch.set_num_threads(1)
    keep_memory()
    worker: Worker | None = None
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            unit = wire.recv()
            try:
                worker = worker or order.open()
                answer: Done | Exception = worker.do(unit)
            except Exception as error:  # whatever it is, it is said at the other end
                answer = _sendable(error)
            wire.send(answer)


def _sendable(error: Exception) -> Exception:
    """Return an error that arrives: itself, or its name and text where it is one that cannot be sent or made again."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # what makes it again is code of others
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
