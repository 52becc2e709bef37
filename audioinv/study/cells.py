"""The cells of a study: one task, variant and seed, trained once and probed, kept on disk and never done twice.

Conventions
-----------
A cell's folder is named by a hash of everything that determines it: the task's sounds, the classifier, the training,
the version of audioinv. It holds the model, and below ``probes/`` one results folder for each probe. Studies that need
the same cell share it. Whatever is written is written beside its place and renamed when complete: what is there is
whole, and an interrupted study goes on where it stopped. Every cell is computed by one thread, so that the number of
jobs changes nothing.

What is here: `Cell`; `configure`, `training_of` and `fitting`, what it is made of; `run_cell`, `is_done`, `read_cell`,
`read_probes`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis import AnalysisOptions, analyze_models
from ..errors import CheckpointError, InputError
from ..nets.classifier import ClassifierConfig, ClassifierModel, load_classifier, save_classifier
from ..nets.library import MODEL_FILE
from ..nets.network_config import NetworkConfig
from ..nets.networks import n_multiplications, n_parameters
from ..nets.threads import use_threads
from ..nets.training import train_classifier
from ..nets.training_config import TrainingConfig
from ..report.results import load_results
from ..report.seal import sealed, unsealed
from ..sweep.responses import ModelResponses
from ..sweep.units import versions
from .design import Probe, Variant
from .experiments import EXPERIMENTS
from .measures import CellMeasures, measure_responses
from .tasks import N_SAMPLES, Task, open_task

__all__ = ["Cell", "configure", "fitting", "is_done", "read_cell", "read_probes", "run_cell", "training_of"]

FORMAT = 1
_STORY = "cell.json"
_CHANNELS = {"2-D": (8, 16, 24), "1-D": (16, 24, 24), "waveform": (16, 16, 24)}


@dataclass(frozen=True)
class Cell:
    """One task, variant and seed.

    Parameters
    ----------
    task : str
    variant : Variant
    seed : int
    quick : bool, default False
        On fewer clips.
    experiment : str, default "classifier"
        As in `Study`.
    """

    task: str
    variant: Variant
    seed: int
    quick: bool = False
    experiment: str = "classifier"

    def __str__(self) -> str:
        return f"{self.task}, {self.variant.name}, seed {self.seed}"


def configure(task: Task, variant: Variant) -> ClassifierConfig:
    """Return the classifier that a variant asks for.

    Parameters
    ----------
    task : Task
    variant : Variant

    Returns
    -------
    ClassifierConfig

    Raises
    ------
    InputError
        If the variant does not fit the task.
    """
    front_end = replace(task.front_end, **variant.front_end)
    if variant.input == "waveform":
        shape: tuple[int, ...] = (1, N_SAMPLES)
        base: dict[str, Any] = {"stem_kernel": 64, "stem_stride": 16, "factor": 4}
    else:
        bins_by_frames = (front_end.n_bins, front_end.n_frames(N_SAMPLES))
        shape, base = (bins_by_frames if variant.input == "1-D" else (1, *bins_by_frames)), {}
    wanted = {"channels": _CHANNELS[variant.input], "padding": "circular", **base, **variant.network}
    network = NetworkConfig(input_shape=shape, n_classes=len(task.spec.labels), **wanted)
    return ClassifierConfig(task.spec, network, None if variant.input == "waveform" else front_end)


def training_of(task: Task, cell: Cell) -> TrainingConfig:
    """Return how a cell is trained.

    Parameters
    ----------
    task : Task
    cell : Cell

    Returns
    -------
    TrainingConfig
    """
    return replace(task.training, **{**cell.variant.training, "seed": cell.seed})


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _versions() -> tuple[str, ...]:
    found = versions()
    return (found["audioinv"], found["torch"])


def _home(folder: Path, cell: Cell) -> Path:
    if cell.experiment != "classifier":
        return folder / _digest([FORMAT, _versions(), asdict(cell)])
    task = open_task(cell.task, quick=cell.quick)
    made = [asdict(configure(task, cell.variant)), asdict(training_of(task, cell))]
    return folder / _digest([FORMAT, _versions(), task.fingerprint, *made])


def _probe_home(home: Path, probe: Probe) -> Path:
    return home / "probes" / _digest([asdict(probe.grid), probe.edges])


def fitting(cell: Cell, probes: Sequence[Probe]) -> list[Probe]:
    """Leave out what a network cannot be asked: a waveform has no bins to move.

    Parameters
    ----------
    cell : Cell
    probes : sequence of Probe

    Returns
    -------
    list of Probe
    """
    return [probe for probe in probes if not (probe.grid.axis == "bins" and cell.variant.input == "waveform")]


def is_done(folder: Path, cell: Cell, probes: Sequence[Probe]) -> bool:
    """Tell whether a cell is there with all its probes.

    Parameters
    ----------
    folder : Path
        Of all cells.
    cell : Cell
    probes : sequence of Probe

    Returns
    -------
    bool
    """
    home = _home(folder, cell)
    return (home / _STORY).is_file() and all(_probe_home(home, probe).is_dir() for probe in fitting(cell, probes))


def _complete(unfinished: Path, place: Path) -> None:
    """Move a finished folder to its place, unless another process was first with the same."""
    with suppress(OSError):
        unfinished.replace(place)
    shutil.rmtree(unfinished, ignore_errors=True)


def _train(home: Path, cell: Cell) -> dict[str, Any]:
    task = open_task(cell.task, quick=cell.quick)
    config = configure(task, cell.variant)
    result = train_classifier(task.train, task.valid, config, training_of(task, cell))
    save_classifier(result.classifier, home / MODEL_FILE)
    return {
        "cell": asdict(cell),
        "classifier": asdict(result.classifier.config),
        "training": asdict(result.config),
        "facts": {
            "n_parameters": n_parameters(config.network),
            "n_multiplications": n_multiplications(config.network),
            "receptive_field": config.network.receptive_field,
        },
        "best_epoch": result.best_epoch,
        "valid_accuracy": [epoch.valid_accuracy for epoch in result.history],
        "seconds": result.seconds,
    }


def _experiment(cell: Cell) -> dict[str, Any]:
    """Do something else than training a classifier; what it finds is small and is kept as text."""
    started = time.perf_counter()
    found = EXPERIMENTS[cell.experiment](cell.task, cell.variant, cell.seed, cell.quick)
    return {
        "cell": asdict(cell),
        "names": found.names,
        "groups": found.groups,
        "values": {
            name: [None if math.isnan(x) else float(x) for x in column] for name, column in found.values.items()
        },
        "facts": dict(found.facts),
        "seconds": time.perf_counter() - started,
    }


def _probe(home: Path, cell: Cell, probe: Probe) -> None:
    task = open_task(cell.task, quick=cell.quick)
    model = ClassifierModel(load_classifier(home / MODEL_FILE))
    options = AnalysisOptions({probe.grid.axis: probe.grid}, probe.edges, references=False)
    results = analyze_models([model], task.test, options, provenance={"probe": probe.name, "cell": str(cell)})
    if results.failures:
        raise InputError(f"{cell}: {results.failures[0].path} cannot be probed: {results.failures[0].reason}")
    place = _probe_home(home, probe)
    unfinished = results.save(place.with_name(f"{place.name}.{os.getpid()}"), overwrite=True)
    _complete(unfinished, place)


def run_cell(folder: Path, cell: Cell, probes: Sequence[Probe]) -> str:
    """Do what is not there yet of one cell.

    Parameters
    ----------
    folder : Path
        Of all cells.
    cell : Cell
    probes : sequence of Probe

    Returns
    -------
    str
        What the cell was, for progress.

    Raises
    ------
    InputError
        If the variant does not fit its task, or a clip cannot be probed.
    """
    home = _home(folder, cell)
    with use_threads(1):
        if not (home / _STORY).is_file():
            unfinished = home.with_name(f"{home.name}.{os.getpid()}.part")
            unfinished.mkdir(parents=True, exist_ok=True)
            story = _train(unfinished, cell) if cell.experiment == "classifier" else _experiment(cell)
            (unfinished / _STORY).write_bytes(sealed(story, unfinished / _STORY))
            _complete(unfinished, home)
        for probe in fitting(cell, probes):
            if not _probe_home(home, probe).is_dir():
                _probe(home, cell, probe)
    return str(cell)


def read_cell(folder: Path, cell: Cell, probes: Sequence[Probe]) -> CellMeasures:
    """Read what became of a cell.

    Parameters
    ----------
    folder : Path
        Of all cells.
    cell : Cell
    probes : sequence of Probe
        At least one, of a classifier.

    Returns
    -------
    CellMeasures

    Raises
    ------
    CheckpointError
        If the cell is damaged, or a probe is not there, or damaged.
    """
    home = _home(folder, cell)
    try:
        story = unsealed((home / _STORY).read_bytes(), home / _STORY)
        answers = read_probes(folder, cell, probes) if cell.experiment == "classifier" else {}
    except CheckpointError as error:
        raise CheckpointError(f"{error}; before that, remove {home}") from error
    if cell.experiment == "classifier":
        return measure_responses(answers, story["facts"])
    values = {name: np.array(column, dtype=float) for name, column in story["values"].items()}
    return CellMeasures(tuple(story["names"]), tuple(story["groups"]), values, facts=story["facts"])


def read_probes(folder: Path, cell: Cell, probes: Sequence[Probe]) -> dict[str, ModelResponses]:
    """Read a classifier's answers along probes.

    Parameters
    ----------
    folder : Path
        Of all cells.
    cell : Cell
    probes : sequence of Probe

    Returns
    -------
    dict of str to ModelResponses
        By the probe's name.

    Raises
    ------
    CheckpointError
        If a probe is not there, or damaged.
    """
    home = _home(folder, cell)
    found = {probe.name: load_results(_probe_home(home, probe)).responses for probe in fitting(cell, probes)}
    return {name: next(iter(responses.values())) for name, responses in found.items()}
