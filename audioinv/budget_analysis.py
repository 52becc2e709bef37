"""Which stage of a model makes its answer change: a model and clips to an error budget.

Conventions
-----------
Grids are text as on the command line. Without any, delays and bins are those of `audioinv.layers`, and pitch is moved
by up to two semitones. All shifts of the budget are circular: only then is there an exactly shifted map. What other
edges do is measured beside, by the same delays with silence and with the recording's own surroundings entering.

What is here: `budget`, `analyze_budget`, `BudgetOptions`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from .clip_windows import check_enough, windows_of
from .corpus.entries import CorpusEntry
from .errors import InputError
from .layer_analysis import asked_grids
from .measure.budget.attribution import stage_changes, summarize_budget
from .measure.budget.border import CIRCULAR, BorderEffect, attribute_to_border
from .measure.budget.delay_study import EDGES, DelayStudy, probed_layers
from .measure.budget.engine_stages import ENGINE_STAGES, engine_path
from .measure.budget.phase_sweep import PhaseSweep, summarize_phases
from .measure.budget.position_probe import PositionProbe, probe_position
from .measure.budget.stages import Stage, StagePath, StageSweep
from .measure.cliptable import ClipTable
from .measure.layerwise.axis_survey import survey_axis
from .nets.model import Model, given_models
from .report.budget_results import AxisBudget, BudgetResults
from .run_record import describe_analysis
from .sound.clip import Clip
from .sound.grid import ShiftGrid, parse_grid
from .sound.operators import PitchShift
from .sweep.activations import LayerFeed, named_layers
from .sweep.responses import Failure

__all__ = ["BudgetOptions", "analyze_budget", "budget"]

FloatArray = npt.NDArray[np.float64]

_PITCH = "-2:2:1st"


@dataclass(frozen=True)
class BudgetOptions:
    """What to shift by, and how to judge.

    Parameters
    ----------
    time, bins, pitch : str or ShiftGrid, optional
        ``"0:320:160smp"`` and so on; see the module for what is taken if none is given.
    pitch_engine : {"signalsmith", "resample", "world"}, default "signalsmith"
    layers : tuple of str, default ()
        Names of modules that are stages; all without modules of their own if empty.
    probe : tuple of str, default ()
        Layers that the clip's position is read from; the last one that moves along time if empty.
    tolerance : float, default 0.01
        The change of the answer that counts as none, as a share of the distance between clips.
    seed : int, default 0
        Of intervals, of the noise that the network is surveyed with, and of shuffled positions.

    Raises
    ------
    InputError
        If the tolerance is no share, or a grid cannot be read.
    """

    time: str | ShiftGrid | None = None
    bins: str | ShiftGrid | None = None
    pitch: str | ShiftGrid | None = None
    pitch_engine: str = "signalsmith"
    layers: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()
    tolerance: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise InputError(f"tolerance={self.tolerance} must lie between 0 and 1; it is a share")
        for axis in ("time", "bins", "pitch"):
            grid = getattr(self, axis)
            if isinstance(grid, str):
                parse_grid(axis, grid)  # to say what is wrong with it before any work is done


def budget(
    model: Model, clips: Iterable[Clip | CorpusEntry], *, seed: int = 0, **grids: str | ShiftGrid | None
) -> BudgetResults:
    """Find out which stage of a model makes its answers change under a shift.

    Parameters
    ----------
    model : Model
        That shows its network: from `load_model`, or from `as_model` over a `torch.nn.Module`.
    clips : iterable of Clip or CorpusEntry
        Two at least, and rather ten.
    seed : int, default 0
    **grids : str or ShiftGrid
        ``time="0:320:160smp"``, ``bins="-4:4:1bins"`` or ``pitch="-2:2:1st"``; without any, all that the model has.

    Returns
    -------
    BudgetResults

    Raises
    ------
    ModelError
        If the model does not show its network.
    InputError
        If a grid cannot be read, or fewer than two clips could be analysed.

    Examples
    --------
    >>> from torch import nn
    >>> from audioinv.nets.model import as_model
    >>> network = nn.Sequential(
    ...     nn.Unflatten(-1, (1, 400)),
    ...     nn.Conv1d(1, 2, 5, padding=2, padding_mode="circular"),
    ...     nn.Flatten(),  # from here on every place has a weight of its own
    ...     nn.Linear(800, 2),
    ... )
    >>> model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=400, activation="softmax")
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(400).astype(np.float32), 8000, name=f"noise {i}") for i in range(3)]
    >>> found = budget(model, clips, time="0:8:4smp").axes["time"].summary
    >>> found.culprit, round(found.blamed.share.value, 6)
    ('2', 1.0)
    """
    (model,) = given_models(model)
    unknown = sorted(set(grids) - {"time", "bins", "pitch"})
    if unknown:
        raise InputError(f"axis {', '.join(unknown)} is not one of time, bins, pitch")
    time, bins, pitch = (grids.get(axis) for axis in ("time", "bins", "pitch"))
    return analyze_budget(model, clips, BudgetOptions(time, bins, pitch, seed=seed))


@dataclass(frozen=True, eq=False)
class _Axis:
    """One kind of shift, and how a clip is followed through it."""

    grid: ShiftGrid
    shifts: FloatArray
    stages: tuple[Stage, ...]
    follow: Callable[[Clip], StagePath]


@dataclass(frozen=True, eq=False)
class _Followed:
    """What one clip showed."""

    paths: tuple[StagePath, ...]
    phase: tuple[StagePath, FloatArray] | None
    border: Mapping[str, FloatArray]
    features: Mapping[str, FloatArray]


def analyze_budget(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    options: BudgetOptions,
    *,
    on_clip: Callable[[str], None] | None = None,
) -> BudgetResults:
    """Draw up the error budget of a model.

    Parameters
    ----------
    model : Model
    clips : iterable of Clip or CorpusEntry
    options : BudgetOptions
    on_clip : callable, optional
        Called after each clip, for progress.

    Returns
    -------
    BudgetResults

    Raises
    ------
    ModelError
        If the model does not show its network.
    InputError
        If a grid cannot be read, or fewer than two clips could be analysed.
    """
    started = clock.perf_counter()
    axes, beside = _plan(model, options)
    followed: list[_Followed] = []
    windows: list[tuple[str, str | None]] = []
    failures: list[Failure] = []
    for window in windows_of(model, clips, failures, on_clip=on_clip):
        windows.append((window.name, window.group))
        followed.append(_follow(window, axes, beside))
    names = tuple(name for name, _ in windows)
    check_enough(names, failures)
    groups = _group_codes(windows, model)
    return BudgetResults(
        spec=model.spec,
        clips=names,
        axes={
            axis.grid.axis: _sum_up(axis, [clip.paths[place] for clip in followed], groups, options)
            for place, axis in enumerate(axes)
        },
        phases=_phases(followed, beside, groups, options.seed),
        border=_border(followed, beside, groups, options.seed),
        probes=_probes(followed, beside, groups, options.seed),
        run=describe_analysis(model, options, started),
        failures=tuple(failures),
    )


def _plan(model: Model, options: BudgetOptions) -> tuple[list[_Axis], DelayStudy | None]:
    """Survey the network along each axis, and choose what to shift by."""
    modules = named_layers(model, options.layers)
    asked = asked_grids(model, {"time": options.time, "bins": options.bins, "pitch": options.pitch})
    if not any((options.time, options.bins, options.pitch)):
        asked = {**{axis: None for axis in asked if axis != "freq"}, "pitch": _PITCH}
    axes, beside = [], None
    for axis, grid in asked.items():
        if axis == "pitch":
            axes.append(_pitch_axis(model, grid, options.pitch_engine))
            continue
        surveyed = survey_axis(LayerFeed(model, axis, CIRCULAR, options.seed), grid, modules)
        sweep = StageSweep(surveyed.feed, modules, surveyed.lies, surveyed.shifts)
        axes.append(_Axis(surveyed.grid, surveyed.shifts, sweep.stages, sweep.path))
        if axis == "time":
            beside = DelayStudy(surveyed, modules, probed_layers(surveyed, options.probe))
    return axes, beside


def _pitch_axis(model: Model, grid: str | ShiftGrid | None, engine: str) -> _Axis:
    made = grid if isinstance(grid, ShiftGrid) else parse_grid("pitch", grid or _PITCH)
    intervals = made.natural(model.spec.sample_rate, model.hop_samples)
    if made.axis != "pitch" or len(intervals) < 2:
        raise InputError(f"pitch={made} holds no interval other than 0; give one such as {_PITCH}")
    operator = PitchShift(engine, model.spec.lead_samples)
    follow = partial(engine_path, model, intervals_semitones=intervals, operator=operator)
    return _Axis(made, intervals, ENGINE_STAGES, follow)


def _follow(window: Clip, axes: Sequence[_Axis], beside: DelayStudy | None) -> _Followed:
    paths = tuple(axis.follow(window) for axis in axes)
    if beside is None:
        return _Followed(paths, None, {}, {})
    return _Followed(paths, beside.phase_path(window), beside.border_scores(window), beside.features(window))


def _group_codes(windows: Sequence[tuple[str, str | None]], model: Model) -> npt.NDArray[np.intp] | None:
    names, groups = zip(*windows, strict=True)
    return ClipTable(names, model.spec.labels, groups=groups if any(groups) else None).group_codes


def _sum_up(
    axis: _Axis, paths: Sequence[StagePath], groups: npt.NDArray[np.intp] | None, options: BudgetOptions
) -> AxisBudget:
    return AxisBudget(
        axis=axis.grid.axis,
        unit=axis.grid.unit,
        shifts=axis.grid.amounts,
        summary=summarize_budget(
            axis.stages, paths, axis.shifts, groups=groups, tolerance=options.tolerance, seed=options.seed
        ),
        own_errors=np.stack([path.own_errors for path in paths]),
        changes=stage_changes(np.stack([path.scores for path in paths])),
    )


def _phases(
    followed: Sequence[_Followed], beside: DelayStudy | None, groups: npt.NDArray[np.intp] | None, seed: int
) -> PhaseSweep | None:
    swept = [clip.phase for clip in followed if clip.phase is not None]
    if beside is None or not swept:
        return None
    paths, changes = zip(*swept, strict=True)
    return summarize_phases(paths, changes, beside.phases, groups=groups, seed=seed)


def _border(
    followed: Sequence[_Followed], beside: DelayStudy | None, groups: npt.NDArray[np.intp] | None, seed: int
) -> tuple[BorderEffect, ...]:
    if beside is None:
        return ()
    zero = int(np.flatnonzero(beside.surveyed.shifts == 0)[0])
    scores = {edges: np.stack([clip.border[edges] for clip in followed]) for edges in EDGES}
    return attribute_to_border(scores, zero, groups=groups, seed=seed)


def _probes(
    followed: Sequence[_Followed], beside: DelayStudy | None, groups: npt.NDArray[np.intp] | None, seed: int
) -> tuple[PositionProbe, ...]:
    if beside is None:
        return ()
    features = {name: np.stack([clip.features[name] for clip in followed]) for name in followed[0].features}
    return tuple(
        probe_position(name, found, groups=groups, seed=seed) for name, found in features.items() if found.shape[1] > 1
    )
