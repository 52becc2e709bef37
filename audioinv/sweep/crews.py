"""Crews on this machine: the process that hands out the work by itself, and processes beside it.

Conventions
-----------
A process that ended, however, did not finish its unit. One that raises says so at this end.

What is here: `Alone`, `Processes`.
"""

from __future__ import annotations

import pickle
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from ..nets.foreign import HUNG
from .allocation import keep_memory
from .spawning import process_context
from .units import Unit
from .workers import Done, Lost, Order, Worker

__all__ = ["Alone", "Processes"]

_FAREWELL_SECONDS = 10.0  # for a process to end that says no more, or is told to
_ENDINGS = {
    HUNG: "a model did not answer in time",
    -9: "killed (SIGKILL), as the system does when memory is out",
}


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
