"""A model's window slid over long recordings: every window answered, detection measured by phase, in constant memory.

Conventions
-----------
Distances of windows are text as on the command line (``"10ms"``, ``"1frame"``); without one, windows follow each other
at every hop of the model's front end (`audioinv.sweep.spacing`). Scores leave as soon as their tile is answered; what
stays is the numbers of the windows that detect a class, 12 bytes each, from which the measures are made.

What is here: `slide`, `slide_models`, `plan_recordings`, `SlidingOptions`.
"""

from __future__ import annotations

import hashlib
import os
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from .corpus.entries import CorpusEntry
from .corpus.events import Event, read_events
from .errors import AudioFileError, InputError
from .hearing import Hearing
from .long_recordings import count_windows, open_for
from .measure.detection_summary import RecordingDetections, summarize_detections
from .nets.model import Model, given_models
from .report.results import SCHEMA_VERSION
from .report.sliding_results import SlidingFindings, SlidingResults
from .report.sliding_tables import events_table
from .run_record import check_names, describe_model
from .sound.clip import Clip
from .sound.recording import Recording
from .sweep.plan import SILENT_PEAK, plan_sweep
from .sweep.responses import Failure
from .sweep.stream import SlidingPlan, plan_sliding
from .sweep.units import versions

__all__ = ["SlidingOptions", "plan_recordings", "slide", "slide_models"]


@dataclass(frozen=True)
class SlidingOptions:
    """How a window slides, and what counts as a detection.

    Parameters
    ----------
    every : str, optional
        From one window to the next: ``"10ms"``, ``"1frame"``, ``"160smp"``; one hop if not given.
    threshold : float, default 0.5
        A window detects a class whose score reaches it.
    events : tuple of Event, optional
        What sounds in the one recording; made of the model's own detections if not given.
    batch_size : int, optional
        Chosen by device if not given.
    seed : int, default 0
        Of intervals.
    engine : {"auto", "batched", "shared"}, default "auto"
    verify : int, default 0
        How many windows of each tile to compute again, by themselves.

    Raises
    ------
    InputError
        If the threshold is not a number.
    """

    every: str | None = None
    threshold: float = 0.5
    events: tuple[Event, ...] | None = None
    batch_size: int | None = None
    seed: int = 0
    engine: str = "auto"
    verify: int = 0

    def __post_init__(self) -> None:
        if not np.isfinite(self.threshold):
            raise InputError(f"threshold={self.threshold} must be a number, in the unit of the model's scores")


def slide(
    model: Model,
    recording: str | os.PathLike[str] | Clip,
    *,
    every: str | None = None,
    events: str | os.PathLike[str] | Sequence[Event] | None = None,
    threshold: float = 0.5,
    seed: int = 0,
) -> SlidingResults:
    """Slide a model's window over a recording of any length.

    Parameters
    ----------
    model : Model
        From `load_model` or `as_model`.
    recording : str, path or Clip
        A file is read block by block.
    every : str, optional
        From one window to the next: ``"10ms"``, ``"1frame"``, ``"160smp"``; at every hop of the model's front end if
        not given.
    events : path or sequence of Event, optional
        What sounds in it: an Audacity label track, a CSV or a list; made of the model's own detections if not given.
    threshold : float, default 0.5
        A window detects a class whose score reaches it.
    seed : int, default 0
        Of the intervals.

    Returns
    -------
    SlidingResults
        With all scores, 4 bytes for each window and class; ``audioinv analyze --slide`` writes them to disk instead.

    Raises
    ------
    AudioFileError
        If the file cannot be read.
    InputError
        If the recording is shorter than a window, or an option does not fit.
    ModelError
        If the model answers in the wrong shape, or NaN.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> loud = lambda waveforms: np.abs(waveforms).max(-1, keepdims=True)
    >>> model = as_model(loud, sample_rate=8000, labels=["loud"], n_samples=800)
    >>> sound = np.zeros(80_000, np.float32)
    >>> sound[40_000] = 1.0
    >>> found = slide(model, Clip(sound, 8000), every="10ms")
    >>> found.windows.num_rows, found.summary["n_events"]
    (991, 1)
    """
    known = read_events(events) if isinstance(events, (str, os.PathLike)) else events
    options = SlidingOptions(every, threshold, None if known is None else tuple(known), seed=seed)
    tables: list[pa.Table] = []
    entry = recording if isinstance(recording, Clip) else CorpusEntry(Path(recording))
    found = slide_models(given_models(model), [entry], options, keep=tables.append)
    if found.failures:
        failure = found.failures[0]
        kind = AudioFileError if failure.stage == "read" else InputError
        raise kind(f"{failure.path}: {failure.reason}")
    return SlidingResults(found.events, found.document, found.run, (), pa.concat_tables(tables).unify_dictionaries())


def slide_models(
    models: Sequence[Model],
    sources: Sequence[CorpusEntry | Clip],
    options: SlidingOptions,
    *,
    keep: Callable[[pa.Table], None],
    on_tile: Callable[[str], None] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> SlidingFindings:
    """Slide the windows of several models over the same recordings.

    Parameters
    ----------
    models : sequence of Model
    sources : sequence of CorpusEntry or Clip
    options : SlidingOptions
    keep : callable
        Takes the rows of each tile of windows (`audioinv.report.sliding_tables.windows_table`), and need not keep
        them: nothing else does.
    on_tile : callable, optional
        Called after each tile with the recording's name, for progress.
    provenance : mapping, optional
        Joins `run`: the command line.

    Returns
    -------
    SlidingFindings
        Without models if no recording could be slid over; the failures say why. Of a recording that turns out to be
        damaged on the way, the windows before the damage have been kept, and no measure is made.

    Raises
    ------
    InputError
        If names of models repeat, a distance does not suit a model, or events are given that do not fit.
    ModelError
        If a model answers in the wrong shape, or NaN.
    """
    _check(models, sources, options)
    started = clock.perf_counter()
    failures: dict[str, Failure] = {}
    recordings = _open_all(models, sources, failures)
    plans = {model.spec.name: plan_recordings(model, recordings, options) for model in models if recordings}
    found: dict[str, dict[str, RecordingDetections]] = {name: {} for name in plans}
    for model in models:
        for recording in recordings:
            if recording.name not in failures:
                hearing = Hearing(model, plans[model.spec.name], options.threshold, keep, on_tile)
                found[model.spec.name] |= _hear(hearing, recording, options.events, failures)
    slid = clock.perf_counter()
    summaries = {
        model.spec.name: _summarize(list(found[model.spec.name].values()), plans[model.spec.name], model, options)
        for model in models
        if found.get(model.spec.name)
    }
    timing = {"slide_s": slid - started, "measure_s": clock.perf_counter() - slid}
    run = {**_run(models, recordings, plans, options), "timing": timing, **(provenance or {})}
    document = {"schema_version": SCHEMA_VERSION, "run": _identity(run), "models": summaries}
    events = [
        events_table(name, ((clip, row) for clip, detections in by_clip.items() for row in detections.rows()))
        for name, by_clip in found.items()
    ]
    return SlidingFindings(pa.concat_tables([events_table("", ()), *events]), document, run, tuple(failures.values()))


def _check(models: Sequence[Model], sources: Sequence[CorpusEntry | Clip], options: SlidingOptions) -> None:
    check_names(models)
    if options.events is None:
        return
    if len(sources) != 1:
        raise InputError(f"events belong to one recording, but there are {len(sources)}; slide over that one alone")
    known = {event.label for event in options.events}
    for model in models:
        if not known & set(model.spec.labels):
            raise InputError(
                f"none of the events' labels ({', '.join(sorted(known)[:5])}) is a class of {model.spec.name} "
                f"({', '.join(model.spec.labels[:5])}, …)"
            )


def _open_all(
    models: Sequence[Model], sources: Sequence[CorpusEntry | Clip], failures: dict[str, Failure]
) -> list[Recording]:
    """Open the recordings that can be slid over; note why, where one cannot be."""
    found = []
    for opened in (open_for(source, models) for source in sources):
        if isinstance(opened, Recording):
            found += [opened] if _sounds(opened, failures) else []
        else:
            failures[opened.path] = opened
    return found


def _sounds(recording: Recording, failures: dict[str, Failure]) -> bool:
    """Tell whether there is any sound, and note it if there is none; only silence is read to its end."""
    stage, reason = "check", "silent: never above −80 dB of full scale, so there is nothing to detect; leave it out"
    try:
        if any(np.abs(block).max() >= SILENT_PEAK for block in recording.blocks(recording.sample_rate)):
            return True
    except AudioFileError as error:
        stage, reason = "read", str(error).removeprefix(f"{recording.name}: ")
    failures[recording.name] = Failure(recording.name, stage, reason)
    return False


def plan_recordings(
    model: Model, sources: Sequence[CorpusEntry | Clip | Recording], options: SlidingOptions
) -> SlidingPlan:
    """Choose how a model answers the windows of recordings.

    Parameters
    ----------
    model : Model
    sources : sequence of CorpusEntry, Clip or Recording
        Long enough for its window, at least one of them.
    options : SlidingOptions

    Returns
    -------
    SlidingPlan

    Raises
    ------
    InputError
        If the distance of windows does not suit the model.
    ModelError
        If ``engine="shared"`` is asked for and the network cannot be read.
    """
    count = count_windows(model, [model], sources, options.every)
    settings = plan_sweep(model, {"time": "0smp"}, batch_size=options.batch_size, seed=options.seed)
    settings = replace(settings, engine=options.engine, verify=options.verify)
    return plan_sliding(model, count.spacing, count.n_windows, settings)


def _hear(
    hearing: Hearing, recording: Recording, events: Sequence[Event] | None, failures: dict[str, Failure]
) -> dict[str, RecordingDetections]:
    """Slide over one recording; nothing comes of one that turns out to be damaged."""
    try:
        return {recording.name: hearing.slide(recording, events)}
    except AudioFileError as error:
        reason = str(error).removeprefix(f"{recording.name}: ")
        failures[recording.name] = Failure(recording.name, "read", reason)
        return {}


def _summarize(
    found: Sequence[RecordingDetections], plan: SlidingPlan, model: Model, options: SlidingOptions
) -> dict[str, Any]:
    spec, windows = model.spec, found[0].windows
    facts = {
        "n_recordings": len(found),
        "n_windows": sum(recording.windows.n_windows for recording in found),
        "window_s": spec.window_seconds,
        "every_ms": 1000 * windows.spacing_seconds,
        "stride_ms": None if plan.stride_samples is None else 1000 * plan.stride_samples / spec.sample_rate,
        "threshold": options.threshold,
    }
    summary = summarize_detections(found, spec.labels, seed=options.seed)
    warnings = summary.pop("warnings")
    strangers = sorted({event.label for event in options.events or ()} - set(spec.labels))
    if strangers:
        warnings.append(f"events were left out whose label is no class of the model: {', '.join(strangers)}")
    return {"sliding": {**facts, **summary}, "warnings": warnings}


def _run(
    models: Sequence[Model],
    recordings: Sequence[Recording],
    plans: Mapping[str, SlidingPlan],
    options: SlidingOptions,
) -> dict[str, Any]:
    text = repr([(recording.name, recording.sample_rate, recording.first, recording.last) for recording in recordings])
    return {
        "schema_version": SCHEMA_VERSION,
        "config": {**asdict(options), "events": None if options.events is None else len(options.events)},
        "plans": {
            name: {"spacing_samples": plan.spacing, "tile_windows": plan.n_windows, **plan.choice.facts}
            for name, plan in plans.items()
        },
        "models": {model.spec.name: describe_model(model) for model in models},
        "device": sorted({str(model.device) for model in models}),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "data": {"n_recordings": len(recordings), "sha256": hashlib.sha256(text.encode()).hexdigest()},
    }


def _identity(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells runs apart: a short hash of all that determines the numbers."""
    text = repr([run[name] for name in ("config", "models", "data", "versions")])
    return {
        "id": hashlib.sha256(text.encode()).hexdigest()[:12],
        "audioinv": run["versions"]["audioinv"],
        "n_recordings": run["data"]["n_recordings"],
        "seed": run["config"]["seed"],
    }
