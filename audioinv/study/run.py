"""Run a study: its cells, then its answer, saved in a folder of its own.

Conventions
-----------
``OUT/cells/`` holds the cells of all studies; ``OUT/NAME/`` one study: ``study.json``, ``table.md``, ``cells.csv`` and
``figures/``. The answer is computed anew from the cells each time, so that it never is older than they are.

What is here: `StudyOptions`, `study_cells`, `run_study`, `save_study`.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..corpus.cells import safe_cell
from ..errors import InputError
from ..report.seal import sealed
from ..report.study_figure import study_figure
from ..report.study_results import STUDY
from ..report.study_text import finding, table_lines
from ..sweep.units import versions
from .cells import Cell, read_cell, read_probes
from .design import Study
from .measures import CellMeasures, constant_control
from .outcome import CONSTANT, summarize_study
from .workers import run_cells

__all__ = ["StudyOptions", "run_study", "save_study", "study_cells"]

_CELLS = "cells"


@dataclass(frozen=True)
class StudyOptions:
    """How much to do, and where.

    Parameters
    ----------
    out : Path
        Folder of all studies.
    n_seeds : int
    quick : bool, default False
        On fewer clips.
    jobs : int, default 1
        Processes at once.
    command : str, default ""
        What was typed, for the record.

    Raises
    ------
    InputError
        If there is no seed or no job.
    """

    out: Path
    n_seeds: int
    quick: bool = False
    jobs: int = 1
    command: str = ""

    def __post_init__(self) -> None:
        if self.n_seeds < 1 or self.jobs < 1:
            raise InputError(f"n_seeds={self.n_seeds} and jobs={self.jobs} must be at least 1")

    @property
    def cells(self) -> Path:
        """Folder of the cells, which all studies share."""
        return self.out / _CELLS


def study_cells(study: Study, options: StudyOptions) -> list[Cell]:
    """List the cells of a study.

    Parameters
    ----------
    study : Study
    options : StudyOptions

    Returns
    -------
    list of Cell
        Seed by seed, so that what is there early holds all variants.
    """
    return [
        Cell(task, variant, seed, options.quick, study.experiment)
        for seed in range(options.n_seeds)
        for task in study.tasks
        for variant in study.variants
    ]


def run_study(study: Study, options: StudyOptions, *, on_cell: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Do what is left of a study, and answer its question.

    Parameters
    ----------
    study : Study
    options : StudyOptions
    on_cell : callable, optional
        Called after each cell, with what it was.

    Returns
    -------
    dict
        The content of ``study.json``.
    """
    started = time.perf_counter()
    cells = study_cells(study, options)
    run_cells(options.cells, cells, study.probes, jobs=options.jobs, on_cell=on_cell)
    measured = _measured(study, cells, options.cells)
    document = summarize_study(study, measured, range(options.n_seeds))
    document |= {
        "quick": options.quick,
        "command": options.command,
        "versions": versions(),
        "seconds": round(time.perf_counter() - started, 1),
    }
    return {**document, "finding": finding(document)}


def _measured(study: Study, cells: list[Cell], folder: Path) -> dict[tuple[str, str], list[CellMeasures]]:
    """Read all cells, by task and variant, and add the control to classifiers."""
    measured: dict[tuple[str, str], list[CellMeasures]] = {}
    for task in study.tasks:
        of_task = [cell for cell in cells if cell.task == task]
        for cell in of_task:
            measured.setdefault((task, cell.variant.name), []).append(read_cell(folder, cell, study.probes))
        if study.experiment == "classifier":
            probed = max((read_probes(folder, cell, study.probes) for cell in of_task), key=len)
            measured[task, CONSTANT] = [constant_control(probed)]
    return measured


def save_study(document: dict[str, Any], folder: Path) -> Path:
    """Write the answer of a study: numbers, table, figure.

    Parameters
    ----------
    document : dict
        From `run_study`.
    folder : Path
        Of this study; what was there of an earlier run is replaced.

    Returns
    -------
    Path
    """
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    (folder / STUDY).write_bytes(sealed(document, folder / STUDY))
    (folder / "table.md").write_text("\n".join(table_lines(document)) + "\n", encoding="utf-8")
    _write_cells(folder / "cells.csv", document)
    figure = study_figure(document)
    for suffix in ("png", "svg"):
        figure.savefig(figures / f"{document['study']}.{suffix}", dpi=200)
    return folder


def _write_cells(path: Path, document: dict[str, Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("task", "variant", "seed", "measure", "value"))
        for row in document["rows"]:
            for measure, found in row["measures"].items():
                for seed, value in zip(document["seeds"], found["by_seed"], strict=False):
                    named = map(safe_cell, (row["task"], row["variant"]))
                    writer.writerow((*named, seed, measure, "" if value is None else value))
