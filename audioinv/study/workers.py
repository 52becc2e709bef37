"""Who does the cells: one process, or several at once, and how long it will take them.

Conventions
-----------
A worker computes with one thread and shares nothing with the others but the folder of the cells, so that the number of
jobs changes nothing in what is found.

What is here: `run_cells`, `estimate_seconds`.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import torch

from ..nets.classifier import ClassifierModel
from ..nets.training import train_classifier
from ..sweep.plan import plan_sweep
from ..sweep.run import sweep_clips
from .cells import Cell, configure, fitting, is_done, run_cell, training_of
from .design import Probe
from .tasks import open_task

__all__ = ["estimate_seconds", "run_cells"]

_SECONDS_OF = {"mechanism": 1.0, "letters": 8.0}


def _be_a_worker() -> None:
    """Compute with one thread, and leave the keyboard to the process that hands out the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def run_cells(
    folder: Path,
    cells: Sequence[Cell],
    probes: Sequence[Probe],
    *,
    jobs: int = 1,
    on_cell: Callable[[str], None] | None = None,
) -> None:
    """Train and probe the cells that are not there yet.

    Parameters
    ----------
    folder : Path
        Of all cells.
    cells : sequence of Cell
    probes : sequence of Probe
    jobs : int, default 1
        Processes that work at once; the numbers are the same for any.
    on_cell : callable, optional
        Called after each cell, with what it was.

    Raises
    ------
    InputError
        If a variant does not fit its task, or a clip cannot be probed.
    """
    missing = [cell for cell in cells if not is_done(folder, cell, probes)]
    told = on_cell or (lambda _: None)
    if jobs == 1:
        for cell in missing:
            told(run_cell(folder, cell, probes))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_be_a_worker) as pool:
        running = [pool.submit(run_cell, folder, cell, tuple(probes)) for cell in missing]
        try:
            for finished in as_completed(running):
                told(finished.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def estimate_seconds(cells: Sequence[Cell], probes: Sequence[Probe]) -> float:
    """Estimate what cells will take on one idle core, from an epoch over a few clips of each kind.

    Parameters
    ----------
    cells : sequence of Cell
    probes : sequence of Probe

    Returns
    -------
    float
        Seconds.
    """
    kinds: dict[str, list[Cell]] = {}
    for cell in cells:
        kinds.setdefault(repr([cell.task, cell.variant, cell.quick]), []).append(cell)
    return sum(len(alike) * _seconds_of(alike[0], probes) for alike in kinds.values())


def _seconds_of(cell: Cell, probes: Sequence[Probe]) -> float:
    if cell.experiment != "classifier":
        return _SECONDS_OF[cell.experiment]
    task = open_task(cell.task, quick=cell.quick)
    training = training_of(task, cell)
    few = task.train[: 2 * training.batch_size]
    config, once = configure(task, cell.variant), replace(training, epochs=1)
    train_classifier(few, few[:1], config, once)  # the first time is slower than any other
    started = time.process_time()
    model = ClassifierModel(train_classifier(few, few[:1], config, once).classifier)
    epoch = (time.process_time() - started) * len(task.train) / len(few)
    started = time.process_time()
    for probe in fitting(cell, probes):
        sweep_clips([(model, plan_sweep(model, {probe.grid.axis: probe.grid}, edges=probe.edges))], task.test[:1])
    return epoch * training.epochs + (time.process_time() - started) * len(task.test)
