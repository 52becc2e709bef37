"""Progress on stderr: a bar on a terminal, a line each tenth otherwise.

What is here: `progress`, `rate_text`.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .command import note

__all__ = ["progress", "rate_text"]

_QUIET_SECONDS = 5.0  # work that is done by then needs no lines in a log
_MARKS = 60  # one a second at most: how fast it goes is how fast it went since the oldest


@contextmanager
def progress(total: int, title: str, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Count steps of a long job.

    Parameters
    ----------
    total : int
        Number of steps.
    title : str
    shown : bool
        Whether to show anything.

    Yields
    ------
    callable
        To be called after each step, with what was done.
    """
    if not shown:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(total, title) as advance:
            yield advance
    else:
        yield _lines(total, title)


@contextmanager
def _bar(total: int, title: str) -> Iterator[Callable[[str], None]]:
    from rich import progress as rich
    from rich.console import Console

    class Rate(rich.ProgressColumn):
        def render(self, task: rich.Task) -> str:
            return rate_text(task.speed) if task.speed else ""

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        Rate(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda _: bar.advance(task)


def _lines(total: int, title: str) -> Callable[[str], None]:
    started = time.monotonic()
    marks = deque([(started, 0)], maxlen=_MARKS)
    state = {"done": 0, "tenths": 0}

    def advance(_: str) -> None:
        state["done"] += 1
        now, done, tenths = time.monotonic(), state["done"], 10 * state["done"] // total
        if tenths > state["tenths"] and now - started > _QUIET_SECONDS and done < total:
            since, before = marks[0]
            rate = (done - before) / (now - since)
            note(f"{title} {done}/{total}, {rate_text(rate)}, about {_time_text((total - done) / rate)} left")
        if now - marks[-1][0] >= 1:
            marks.append((now, done))
        state["tenths"] = tenths

    return advance


def _time_text(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def rate_text(per_second: float) -> str:
    """Say how fast something goes, by the second, the minute or the hour.

    Parameters
    ----------
    per_second : float

    Returns
    -------
    str

    Examples
    --------
    >>> rate_text(12.3), rate_text(0.5), rate_text(0.01)
    ('12/s', '30/min', '36/h')
    """
    units = ((1, "s"), (60, "min"), (3600, "h"))
    seconds, unit = next((each for each in units if per_second * each[0] >= 1), units[-1])
    rate = per_second * seconds
    return f"{rate:.1f}/{unit}" if rate < 10 else f"{rate:.0f}/{unit}"
