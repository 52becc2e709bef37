"""Progress on stderr: a bar on a terminal, a line each tenth otherwise.

What is here: `progress`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .options import note

__all__ = ["progress"]

_QUIET_SECONDS = 5.0  # work that is done by then needs no lines in a log


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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda _: bar.advance(task)


def _lines(total: int, title: str) -> Callable[[str], None]:
    started = time.monotonic()
    state = {"done": 0, "tenths": 0}

    def advance(_: str) -> None:
        state["done"] += 1
        tenths = 10 * state["done"] // total
        elapsed = time.monotonic() - started
        if tenths > state["tenths"] and elapsed > _QUIET_SECONDS and state["done"] < total:
            remaining = elapsed / state["done"] * (total - state["done"])
            note(f"{title} {state['done']}/{total}, about {remaining:.0f} s left")
        state["tenths"] = tenths

    return advance
