"""The whole analysis in one call: models, clips and shifts in, results out.

Conventions
-----------
Grids are text as on the command line (``"-50:50:1ms"``). With no grid at all, all three axes of sound are swept
over ranges that suit the model's window. Every choice made on the way stands in the results' `run`.

What is here: `analyze`, `analyze_models`, `AnalysisOptions`, `Sweeper`, `plan_model`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import torch

from .corpus.entries import CorpusEntry
from .errors import InputError, TooFewClips
from .frame_run import FRAME_CLIPS, frame_cautions, run_frames
from .measure.cliptable import ClipTable
from .measure.controls import control_cautions, summarize_controls
from .measure.summary import ModelFacts, summarize_model
from .nets.model import Model, given_models
from .reference_run import PassingSample, reference_caution, run_references
from .report.results import SCHEMA_VERSION, Results
from .run_record import check_names, describe_data, describe_model, identify
from .sound.clip import Clip
from .sound.grid import ShiftGrid
from .sweep.plan import SweepPlan, plan_sweep
from .sweep.precision import check_precision
from .sweep.responses import ModelResponses
from .sweep.run import Sweep, sweep_clips
from .sweep.units import versions

__all__ = ["AnalysisOptions", "Sweeper", "analyze", "analyze_models", "plan_model"]


class Sweeper(Protocol):
    """What gets the answers of models to clips."""

    def __call__(
        self,
        models: Sequence[tuple[Model, SweepPlan]],
        clips: Iterable[CorpusEntry | Clip],
        *,
        on_clip: Callable[[str], None] | None = None,
    ) -> Sweep:
        """Sweep models over clips."""


@dataclass(frozen=True)
class AnalysisOptions:
    """What to sweep and how.

    Parameters
    ----------
    grids : mapping of axis to str or ShiftGrid
        ``{"time": "-50:50:1ms"}`` and so on; empty for the ranges that suit the model.
    edges : {"zero", "circular", "context", "noise"}, optional
        ``"context"`` where the file is longer than the window, else silence, if not given.
    pitch_engine : {"signalsmith", "resample", "world"}, default "signalsmith"
    batch_size : int, optional
        Chosen by device if not given.
    seed : int, default 0
        Of intervals and noise.
    engine : {"auto", "batched", "shared"}, default "auto"
        What computes the answers; they are the same.
    verify : int, default 0
        How many shifts of each clip and axis to compute again, window by window.
    threads : int, optional
        That compute; as many as the process is set to if not given.
    precision : {"float32", "bfloat16"}, default "float32"
        Of networks; see `audioinv.sweep.precision`.
    references : bool, default True
        Whether models with known answers run beside, on a few of the clips.
    """

    grids: Mapping[str, str | ShiftGrid | None] = field(default_factory=dict)
    edges: str | None = None
    pitch_engine: str = "signalsmith"
    batch_size: int | None = None
    seed: int = 0
    engine: str = "auto"
    verify: int = 0
    threads: int | None = None
    precision: str = "float32"
    references: bool = True


def analyze(
    model: Model | Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    *,
    edges: str | None = None,
    seed: int = 0,
    pitch_engine: str = "signalsmith",
    engine: str = "auto",
    **grids: str | ShiftGrid | None,
) -> Results:
    """Measure how a model's answers change when sounds are shifted.

    Parameters
    ----------
    model : Model or sequence of Model
        From `load_model` or `as_model`.
    clips : iterable of Clip or CorpusEntry
        At any sample rate; labels and groups are used where they are known.
    edges : {"zero", "circular", "context", "noise"}, optional
        What enters the window under a delay.
    seed : int, default 0
    pitch_engine : {"signalsmith", "resample", "world"}, default "signalsmith"
    engine : {"auto", "batched", "shared"}, default "auto"
        What computes the answers; they are the same.
    **grids : str or ShiftGrid
        ``time="-50:50:1ms"``, ``freq="-200:200:20Hz"``, ``gain="-20:20:5dB"`` and so on, along every axis of
        `audioinv.sound.grid`; without any, time, frequency and pitch over ranges that suit the model.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If a grid cannot be read, models share a name, or no clip could be analysed.
    ModelError
        If the model answers in the wrong shape, or NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from audioinv.nets.model import as_model
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32), 8000, name=f"noise {i}") for i in range(12)]
    >>> def first_half_louder(waveforms):
    ...     first, second = (waveforms**2).reshape(len(waveforms), 2, 400).mean(-1).T
    ...     return np.stack([first > second, first <= second], axis=-1).astype(np.float32)
    >>> model = as_model(first_half_louder, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> result = analyze(model, clips, time="-50:50:25ms", edges="circular")
    >>> result.summary["axes"]["time"]["consistency"]["value"] < 0.9
    True
    """
    options = AnalysisOptions(grids, edges, pitch_engine, None, seed, engine)
    results = analyze_models(given_models(model), clips, options)
    if not results.responses:
        raise TooFewClips("no clip could be analysed", results.failures)
    return results


def analyze_models(
    models: Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    options: AnalysisOptions,
    *,
    on_clip: Callable[[str], None] | None = None,
    provenance: Mapping[str, Any] | None = None,
    sweep: Sweeper = sweep_clips,
) -> Results:
    """Analyse several models on the same clips.

    Parameters
    ----------
    models : sequence of Model
    clips : iterable of Clip or CorpusEntry
    options : AnalysisOptions
    on_clip : callable, optional
        Called after each clip, for progress.
    provenance : mapping, optional
        Joins `run`: the command line, hashes of the models' files.
    sweep : callable, default `audioinv.sweep.run.sweep_clips`
        What gets the answers: here and now, or as `audioinv.journalled_run` does it.

    Returns
    -------
    Results
        Without models if no clip could be analysed; the failures say why.
    """
    check_names(models)
    plans = [plan_model(model, options) for model in models]
    started = clock.perf_counter()
    sample, framed = PassingSample(), PassingSample(FRAME_CLIPS)
    swept = sweep(list(zip(models, plans, strict=True)), framed.watch(sample.watch(clips)), on_clip=on_clip)
    measuring = clock.perf_counter()
    summaries = {
        found.spec.name: _with_frames(
            _summarize(found, model, sample if options.references else None, options.seed), model, framed, plan
        )
        for found, model, plan in zip(swept.responses, models, plans, strict=False)  # none, where nothing was answered
    }
    timing = {"sweep_s": measuring - started, "measure_s": clock.perf_counter() - measuring}
    run = {
        "schema_version": SCHEMA_VERSION,
        "config": {**asdict(options), "grids": {axis: _as_text(grid) for axis, grid in options.grids.items()}},
        "plans": {model.spec.name: asdict(plan) for model, plan in zip(models, plans, strict=True)},
        "engines": {
            model.spec.name: {axis: choice.facts for axis, choice in chosen.items()}
            for model, chosen in zip(models, swept.engines, strict=True)
        },
        "models": {model.spec.name: describe_model(model) for model in models},
        "device": sorted({str(model.device) for model in models}),
        "threads": options.threads or torch.get_num_threads(),
        "versions": versions(),
        "data": describe_data(swept.responses, swept.failures),
        "timing": timing,
        **(provenance or {}),
    }
    document = {"schema_version": SCHEMA_VERSION, "run": identify(run), "models": summaries}
    return Results({found.spec.name: found for found in swept.responses}, document, run, swept.failures)


def plan_model(model: Model, options: AnalysisOptions) -> SweepPlan:
    """Make every choice for one model that the options leave open.

    Parameters
    ----------
    model : Model
    options : AnalysisOptions

    Returns
    -------
    SweepPlan

    Raises
    ------
    InputError
        If a grid cannot be read, or does not suit the model, or its network cannot compute in the precision.
    """
    plan = plan_sweep(
        model,
        options.grids,
        edges=options.edges,
        pitch_engine=options.pitch_engine,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    plan = replace(
        plan, engine=options.engine, verify=options.verify, threads=options.threads, precision=options.precision
    )
    check_precision(model, plan)
    return plan


def _summarize(responses: ModelResponses, model: Model, sample: PassingSample | None, seed: int) -> dict[str, Any]:
    answers = "sigmoid" if model.spec.multi_label else model.spec.activation
    facts = ModelFacts(model.spec.sample_rate, answers, model.hop_samples, model.stride_samples)
    clips = ClipTable.of_responses(responses)
    controls = summarize_controls(responses, clips, rng_seed=seed)
    summary = summarize_model(responses.axes, clips, controls=controls, rng_seed=seed, facts=facts)
    doubts = [f"model.spec: {caution}" for caution in model.provenance.cautions] if model.provenance else []
    warnings = [*doubts, *control_cautions(controls), *summary["warnings"]]
    if sample is None:
        return {**summary, "references": None, "warnings": [*warnings, "references.models: were not asked for"]}
    try:
        references = run_references(model, sample.clips, noise_floor=controls["noise_floor"] or 0.0)
    except InputError as error:
        return {**summary, "references": None, "warnings": [*warnings, f"references.models: {error}"]}
    alarm = [] if references["separated"] else [reference_caution(references)]
    return {**summary, "references": references, "warnings": [*alarm, *warnings]}


def _with_frames(summary: dict[str, Any], model: Model, sample: PassingSample, plan: SweepPlan) -> dict[str, Any]:
    """Add what the answers along time do, of a model that has any."""
    if not model.spec.along_time:
        return summary
    try:
        frames = run_frames(model, sample.clips, plan, seed=plan.seed)
    except InputError as error:
        return {**summary, "frames": None, "warnings": [*summary["warnings"], f"frames.same: {error}"]}
    return {**summary, "frames": frames, "warnings": [*summary["warnings"], *frame_cautions(frames)]}


def _as_text(grid: str | ShiftGrid | None) -> str | None:
    return str(grid) if isinstance(grid, ShiftGrid) else grid
