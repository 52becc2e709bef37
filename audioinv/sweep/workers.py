"""Who does the units of a corpus: workers, and how work is handed out to a crew of them.

Conventions
-----------
A worker holds the models and computes with one thread, or as many as a plan says, so that what it finds depends neither
on the number of cores nor on how many workers there are. It writes what it finds itself, and hands back a receipt only.
A worker that is lost while at a unit, whatever ended it, did not finish it; the unit is tried once more, and is then a
failure of stage ``worker``. Where the first units all end so and none is done, it is not the units.

What is here: `Worker`, `Order`, `Done`, `Lost`, `Parts`, `Crew`, `hand_out`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ..errors import CheckpointError, ModelError
from ..nets.model import Model
from ..nets.threads import use_threads
from .accelerator import replayed
from .engines import EngineChoice
from .plan import SweepPlan
from .responses import Failure
from .run import Sweep, sweep_clips
from .units import Unit, name_of

__all__ = ["Crew", "Done", "Lost", "Order", "Parts", "Worker", "hand_out"]

_TRIES = 2
_HOPELESS = 3  # units given up and none done, after which it is not the units


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
