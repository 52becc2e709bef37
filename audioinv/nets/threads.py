"""How many threads a process computes with, and where their number is chosen.

Conventions
-----------
Sums that are added up by several threads are added up in another order: answers differ by rounding, a few units of the
last place. So the number is part of what a journal remembers, is one unless somebody asks for more, and workers beside
each other (``--jobs``) use the cores without it.

What is here: `choose_threads`, `use_threads`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["choose_threads", "use_threads"]

_MOST = 4  # a batch has four windows at least: more threads would have to cut windows


def choose_threads(n_workers: int = 1) -> int:
    """Return how many threads each worker has cores for.

    The cores that this process may run on, less those that are busy, by the number of workers; at most four. On idle
    cores a second thread makes small networks 1.3 to 2 times as fast; where others are at work on them it makes them
    three times as slow [1]_.

    Parameters
    ----------
    n_workers : int, default 1
        On this machine.

    Returns
    -------
    int
        At least 1.

    References
    ----------
    .. [1] Measured on two cores with networks of 0.06 to 4.7 million parameters, one window and 16 at a time.

    Examples
    --------
    >>> choose_threads(10_000)
    1
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(1, min(_MOST, int((cores - busy) // n_workers)))


@contextmanager
def use_threads(n_threads: int | None) -> Iterator[None]:
    """Compute with so many threads for a while.

    Parameters
    ----------
    n_threads : int, optional
        As many as before if not given.

    Yields
    ------
    None

    Examples
    --------
    >>> with use_threads(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
