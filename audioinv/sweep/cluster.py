"""A crew on the machines of a Ray cluster.

Conventions
-----------
An actor holds the models and has one unit at a time, so that nothing piles up anywhere. Actors write their parts
themselves, into a folder that all machines see under the same name; models and sounds are read in the same way. What an
actor was at when it was lost, with its machine or by itself, is done by another, as often as with processes. A new one
is hired in its place and counts when it is ready, which on a cluster that has become smaller may be never.

What is here: `RayActors`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError, ModelError
from .allocation import keep_memory
from .units import Unit
from .workers import Done, Lost, Order, Worker

__all__ = ["RayActors"]

_LOST = "out of memory, a crash of a library, a model that did not answer in time, or a machine that was lost"
_PATIENCE_SECONDS = 10.0  # without a single actor, after which it is said that it is waited for one
_MOST_UNREADY = 3  # actors in a row, for each that there is room for, that were lost while they loaded the models


def _say_nothing(_: str) -> None:
    """Keep quiet."""


class _Hand:
    """What runs in an actor."""

    def __init__(self, order: Order, folder: str, paths: list[str]) -> None:
        self._order, self._folder, self._paths = order, folder, paths
        self._worker: Worker | None = None

    def open(self) -> None:
        """Load the models where they are known; not at creation, where an error would lose its kind."""
        os.chdir(self._folder)
        sys.path.extend(path for path in self._paths if path not in sys.path)
        torch.set_num_threads(1)
        keep_memory()
        self._worker = self._order.open()

    def do(self, unit: Unit) -> Done:
        """Do a unit."""
        if self._worker is None:
            raise ValueError("the models were not loaded")
        return self._worker.do(unit)


@dataclass(eq=False)
class RayActors:
    """Actors of the Ray cluster that this process belongs to, or of a new one on this machine.

    Parameters
    ----------
    order : Order
    n_actors : int, optional
        As many as there is room for if not given.
    gpus_per_worker : float, default 0
        That an actor has for itself; may be a part of one.
    tell : callable, optional
        Called with a line for people where no actor is ready for long.

    Raises
    ------
    InputError
        If Ray is not installed, or has no room for a single actor.
    """

    order: Order
    n_actors: int | None = None
    gpus_per_worker: float = 0.0
    tell: Callable[[str], None] = _say_nothing
    _ray: Any = None
    _free: list[Any] = field(default_factory=list)
    _coming: dict[Any, Any] = field(default_factory=dict)  # what says that an actor is ready, and the actor
    _at_work: dict[Any, tuple[Any, Unit]] = field(default_factory=dict)  # what will be the receipt, and whose of what
    _started: bool = False
    _most_unready: int = 0
    _unready: int = 0
    _waits: bool = False

    def __post_init__(self) -> None:
        if find_spec("ray") is None:
            raise InputError("--cluster ray needs Ray: pip install 'audioinv[ray]'")
        self._ray = import_module("ray")
        if not self._ray.is_initialized():
            self._ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
            self._started = True
        room = self._room()
        self._most_unready = _MOST_UNREADY * room
        for _ in range(room):
            self._hire()

    def _room(self) -> int:
        found = self._ray.cluster_resources()
        room = int(found.get("CPU", 0))
        if self.gpus_per_worker:
            room = min(room, int(found.get("GPU", 0) / self.gpus_per_worker))
        if room < 1:
            raise InputError(
                f"the Ray cluster has {found.get('CPU', 0):g} CPUs and {found.get('GPU', 0):g} GPUs, too few for a "
                f"worker with 1 CPU and {self.gpus_per_worker:g} GPUs"
            )
        return min(room, self.n_actors or room)

    def _hire(self) -> None:
        hand = self._ray.remote(_Hand).options(num_cpus=1, num_gpus=self.gpus_per_worker)
        actor = hand.remote(self.order, str(Path.cwd()), [path for path in sys.path if path])
        self._coming[actor.open.remote()] = actor

    def _welcome(self, timeout: float | None) -> bool:
        """Take in an actor that is ready, and tell whether there was one; with no timeout, wait for it."""
        ready, _ = self._ray.wait(list(self._coming), num_returns=1, timeout=timeout)
        for reference in ready:
            actor, answer = self._coming.pop(reference), self._answer(reference)
            if isinstance(answer, Lost):
                self._replace_unready(answer)
            else:
                self._free.append(actor)
                self._unready = 0
        return bool(ready)

    def _replace_unready(self, lost: Lost) -> None:
        """Hire another for one that was lost before it was ready, unless that is so time and again."""
        self._unready += 1
        if self._unready > self._most_unready:
            raise ModelError(
                f"workers on the cluster end while they load the models: {lost.how}; what is done is kept: mend that, "
                "or leave more memory to each by fewer of them, -j N"
            )
        self._hire()

    def _answer(self, reference: Any) -> Any:
        """Return what an actor answers, or how it was lost."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.OutOfMemoryError:
            return Lost("out of memory on its machine")
        except (errors.RayActorError, errors.NodeDiedError, errors.ObjectLostError, errors.WorkerCrashedError) as error:
            told = str(error).strip().splitlines()
            return Lost(told[-1] if "creation task" in told[0] else _LOST)

    @property
    def has_room(self) -> bool:
        """Whether an actor is free, or nobody is at work and it is worth waiting for one."""
        while self._coming and self._ray.wait(list(self._coming), num_returns=1, timeout=0)[0]:
            self._welcome(0)
        return bool(self._free) or not self._at_work

    def give(self, unit: Unit) -> None:
        """Send a unit to a free actor, and wait for one if there is none."""
        while not self._free:
            if not self._welcome(None if self._waits else _PATIENCE_SECONDS):
                self._waits = True
                self.tell(f"! {self._waiting}")
        actor = self._free.pop()
        self._at_work[actor.do.remote(unit)] = actor, unit

    @property
    def _waiting(self) -> str:
        there, free = self._ray.cluster_resources(), self._ray.available_resources()
        kinds = ("CPU", "GPU") if self.gpus_per_worker else ("CPU",)
        left = " and ".join(f"{free.get(kind, 0):g} of {there.get(kind, 0):g} {kind}s" for kind in kinds)
        return (
            f"no worker on the Ray cluster is ready after {_PATIENCE_SECONDS:g} s ({left} are free): waiting for a "
            "machine with room for one, and for it to load the models"
        )

    def take(self) -> tuple[Unit, Done | Lost]:
        """Wait for an actor to finish, or to be lost."""
        ready, _ = self._ray.wait(list(self._at_work), num_returns=1)
        actor, unit = self._at_work.pop(ready[0])
        answer = self._answer(ready[0])
        if isinstance(answer, Lost):
            self._hire()
        else:
            self._free.append(actor)
        return unit, answer

    def dismiss(self) -> None:
        """End all actors, and the cluster if it was started for this."""
        actors = [*self._free, *self._coming.values(), *(actor for actor, _ in self._at_work.values())]
        for actor in actors:
            self._ray.kill(actor)
        self._free.clear()
        self._coming.clear()
        self._at_work.clear()
        if self._started:
            self._ray.shutdown()
