"""A model's window slid over long recordings: every window answered, detection measured by phase, in constant memory.

Conventions
-----------
Distances of windows are text as on the command line (``"10ms"``, ``"1frame"``); without one, windows follow each other
at every hop of the model's front end (`audioinv.sweep.spacing`). Scores leave as soon as their tile is answered; what
stays is the numbers of the windows that detect a class, 12 bytes each, from which the measures are made.

What is here: `slide`, `slide_models`, `SlidingOptions`, `count_windows`, `is_long`.
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

from .analysis import describe_model, versions
from .corpus.entries import CorpusEntry
from .corpus.events import Event, read_events
from .errors import AudioFileError, InputError
from .measure.detection import EventWindows, IntArray, SlidingWindows, given_events
from .measure.detection_summary import RecordingDetections, summarize_detections
from .nets.model import Model
from .report.results import SCHEMA_VERSION
from .report.sliding_results import SlidingFindings, SlidingResults, events_table, windows_table
from .sound.audio import Clip
from .sound.recording import Recording, open_recording
from .sweep.plan import plan_sweep
from .sweep.responses import Failure
from .sweep.spacing import default_spacing, read_spacing
from .sweep.stream import SlidingPlan, count_tiles, plan_sliding, slide_scores

__all__ = ["MANY_WINDOWS", "SlidingOptions", "WindowCount", "count_windows", "is_long", "slide", "slide_models"]

MANY_WINDOWS = 10
"""A recording of so many windows' length is long: one window says little about it."""


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
    source: str | os.PathLike[str] | Clip,
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
    source : str, path or Clip
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
    entry = source if isinstance(source, Clip) else CorpusEntry(Path(source))
    found = slide_models([model], [entry], options, keep=tables.append)
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
        Takes the rows of each tile of windows (`audioinv.report.sliding_results.windows_table`), and need not keep
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
    recordings = [recording for source in sources if (recording := _open(source, models, failures)) is not None]
    plans = {model.spec.name: _plan(model, recordings, options) for model in models if recordings}
    found: dict[str, dict[str, RecordingDetections]] = {name: {} for name in plans}
    for model in models:
        for recording in recordings:
            if recording.name not in failures:
                keeper = _Keeper(model, plans[model.spec.name], options, keep, on_tile)
                found[model.spec.name] |= keeper.slide(recording, failures)
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
    names = [model.spec.name for model in models]
    if len(set(names)) != len(names):
        raise InputError(f"models must have different names; got {', '.join(names)}")
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


def _open(source: CorpusEntry | Clip, models: Sequence[Model], failures: dict[str, Failure]) -> Recording | None:
    """Open a recording that every model's window fits into; note why, where that cannot be."""
    name, stage = (source.name, "check") if isinstance(source, Clip) else (str(source.path), "read")
    try:
        if isinstance(source, Clip):
            recording = open_recording(source)
        else:
            recording = open_recording(source.path, start_seconds=source.start_seconds, end_seconds=source.end_seconds)
        stage = "check"
        longest = max(models, key=lambda model: model.spec.window_seconds).spec
        if recording.duration_seconds < longest.window_seconds:
            raise InputError(
                f"{recording.duration_seconds:.2f} s, shorter than the window of {longest.window_seconds:g} s that "
                f"{longest.name} would slide over it; analyze it without --slide"
            )
    except (AudioFileError, InputError) as error:
        failures[name] = Failure(name, stage, str(error).removeprefix(f"{name}: "))
        return None
    return recording


@dataclass(frozen=True)
class WindowCount:
    """How many windows a model will answer, told from the headers of files.

    Parameters
    ----------
    spacing : int
        Samples from one window to the next.
    every_seconds : float
        The same in seconds.
    n_windows : tuple of int
        For each recording.
    """

    spacing: int
    every_seconds: float
    n_windows: tuple[int, ...]

    @property
    def n_tiles(self) -> int:
        """Tiles that they come in."""
        return count_tiles(self.n_windows)

    @property
    def line(self) -> str:
        """The count in one line for people."""
        n_recordings = len(self.n_windows)
        over = f"{n_recordings} recording{'s' if n_recordings != 1 else ''}"
        return f"{sum(self.n_windows):,} windows over {over}, one every {1000 * self.every_seconds:g} ms"


def count_windows(
    model: Model, models: Sequence[Model], sources: Sequence[CorpusEntry | Clip], options: SlidingOptions
) -> WindowCount:
    """Return how many windows a model will answer.

    Parameters
    ----------
    model : Model
        One of `models`.
    models : sequence of Model
        All that slide: a recording that is too short for one is answered by none.
    sources : sequence of CorpusEntry or Clip
    options : SlidingOptions

    Returns
    -------
    WindowCount

    Raises
    ------
    InputError
        If the distance of windows does not suit the model.
    """
    opened = (_open(source, models, {}) for source in sources)
    return _count(model, [recording for recording in opened if recording is not None], options)


def _count(model: Model, recordings: Sequence[Recording], options: SlidingOptions) -> WindowCount:
    spec = model.spec
    spacing = read_spacing(model, options.every) if options.every else default_spacing(model)
    n_samples = (recording.n_samples(spec.sample_rate) for recording in recordings)
    n_windows = tuple(max(1, (number - spec.n_samples) // spacing + 1) for number in n_samples)
    return WindowCount(spacing, spacing / spec.sample_rate, n_windows)


def _plan(model: Model, recordings: Sequence[Recording], options: SlidingOptions) -> SlidingPlan:
    count = _count(model, recordings, options)
    settings = plan_sweep(model, {"time": "0smp"}, batch_size=options.batch_size, seed=options.seed)
    settings = replace(settings, engine=options.engine, verify=options.verify)
    return plan_sliding(model, count.spacing, count.n_windows, settings)


def is_long(source: CorpusEntry | Clip, models: Sequence[Model]) -> bool:
    """Tell whether a recording is at least `MANY_WINDOWS` times as long as every model's window.

    Parameters
    ----------
    source : CorpusEntry or Clip
    models : sequence of Model

    Returns
    -------
    bool
        False for one that cannot be read.
    """
    recording = _open(source, models, {})
    longest = max(model.spec.window_seconds for model in models)
    return recording is not None and recording.duration_seconds >= MANY_WINDOWS * longest


@dataclass(frozen=True, eq=False)
class _Keeper:
    """One model on its way over recordings: rows go out as they come, detections stay."""

    model: Model
    plan: SlidingPlan
    options: SlidingOptions
    keep: Callable[[pa.Table], None]
    on_tile: Callable[[str], None] | None

    def slide(self, recording: Recording, failures: dict[str, Failure]) -> dict[str, RecordingDetections]:
        """Slide over one recording; nothing comes of one that turns out to be damaged."""
        try:
            windows, detecting = self._collect(recording)
        except AudioFileError as error:
            reason = str(error).removeprefix(f"{recording.name}: ")
            failures[recording.name] = Failure(recording.name, "read", reason)
            return {}
        return {recording.name: RecordingDetections(windows, detecting, _placed(self.options.events, windows))}

    def _collect(self, recording: Recording) -> tuple[SlidingWindows, dict[str, IntArray]]:
        spec, plan = self.model.spec, self.plan
        start = recording.start_seconds
        windows = SlidingWindows(0, spec.n_samples, plan.spacing, spec.sample_rate, plan.stride_samples, start)
        rows, classes = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        for scores in slide_scores(self.model, plan, recording.blocks(spec.sample_rate), recording.name):
            self.keep(windows_table(self.model, recording.name, windows, windows.n_windows, scores))
            row, found = np.nonzero(scores >= self.options.threshold)
            rows.append(row + windows.n_windows)
            classes.append(found.astype(np.int32))
            windows = replace(windows, n_windows=windows.n_windows + len(scores))
            if self.on_tile is not None:
                self.on_tile(recording.name)
        row, found = np.concatenate(rows), np.concatenate(classes)
        return windows, {label: row[found == index] for index, label in enumerate(spec.labels)}


def _placed(events: Sequence[Event] | None, windows: SlidingWindows) -> dict[str, tuple[EventWindows, ...]] | None:
    """Return the windows of the events that are known, by class."""
    if events is None:
        return None
    by_label: dict[str, list[Event]] = {}
    for event in events:
        by_label.setdefault(event.label, []).append(event)
    return {
        label: given_events(label, [one.onset_seconds for one in same], [one.end_seconds for one in same], windows)
        for label, same in by_label.items()
    }


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
