"""Where invariance and equivariance are gained and lost inside a network: a model and clips to a verdict a layer.

Conventions
-----------
Grids are text as on the command line. Without any, delays are the strides of the network's own maps, twice the largest,
and a quarter and a half of the smallest; the frequency axis is that of the model's spectrogram (bins), moved by the
strides along it. A model without one is moved by hertz. Delays wrap around unless `edges` says otherwise: what enters
at the border is another question, which `audioinv.analyze` answers, and what the border itself does is kept out of the
equivariance errors by comparing inner steps.

One clip is worked on at a time; of its maps only errors and the followed units are kept.

What is here: `layers`, `analyze_layers`, `LayerOptions`; `asked_grids`, which the error budget asks as well.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from .clip_windows import check_enough, windows_of
from .corpus.entries import CorpusEntry
from .errors import InputError, ModelError
from .measure.layerwise.axis_survey import SurveyedAxis, survey_axis
from .measure.layerwise.layer_records import LayerSweep, choose_units
from .measure.layerwise.layers import LayerRecord, summarize_layer
from .nets.model import Model, given_models
from .report.layer_results import AxisLayers, LayerResults
from .run_record import describe_analysis
from .sound.clip import Clip
from .sound.edges import EDGES
from .sound.grid import ShiftGrid
from .sweep.activations import LayerFeed, named_layers
from .sweep.responses import Failure

__all__ = [
    "LayerOptions",
    "analyze_layers",
    "asked_grids",
    "layers",
]


@dataclass(frozen=True)
class LayerOptions:
    """What to shift by, and how to judge.

    Parameters
    ----------
    time, bins, freq : str or ShiftGrid, optional
        ``"0:320:160smp"`` and so on; see the module for what is taken if none is given.
    edges : {"circular", "zero", "context", "noise"}, default "circular"
        What enters under a delay.
    layers : tuple of str, default ()
        Names of modules; all without modules of their own if empty.
    tolerance : float, default 0.01
        The variation over shifts that counts as none, as a share of that from clip to clip.
    max_units : int, default 1024
        How many units of a layer are followed.
    seed : int, default 0
        Of the choice of units, of the noise that the network is surveyed with, and of noise that enters.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    time: str | ShiftGrid | None = None
    bins: str | ShiftGrid | None = None
    freq: str | ShiftGrid | None = None
    edges: str = "circular"
    layers: tuple[str, ...] = ()
    tolerance: float = 0.01
    max_units: int = 1024
    seed: int = 0

    def __post_init__(self) -> None:
        if self.edges not in EDGES:
            raise InputError(f"edges={self.edges!r} is not one of {', '.join(EDGES)}")
        if not 0 < self.tolerance < 1:
            raise InputError(f"tolerance={self.tolerance} must lie between 0 and 1; it is a share")
        if self.max_units < 1:
            raise InputError(f"max_units={self.max_units} must be at least 1")
        if self.bins is not None and self.freq is not None:
            raise InputError("bins and freq both shift along frequency; give one of them")


def layers(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    *,
    edges: str = "circular",
    seed: int = 0,
    **grids: str | ShiftGrid | None,
) -> LayerResults:
    """Find out where a network gains and loses invariance and equivariance.

    Parameters
    ----------
    model : Model
        That shows its network: from `load_model`, or from `as_model` over a `torch.nn.Module`.
    clips : iterable of Clip or CorpusEntry
        Two at least, and rather ten: what tells clips apart is what a shift is measured by.
    edges : {"circular", "zero", "context", "noise"}, default "circular"
        What enters the window under a delay.
    seed : int, default 0
    **grids : str or ShiftGrid
        ``time="0:320:160smp"``, ``bins="-4:4:1bins"`` or ``freq="50Hz"``; without any, the network's own strides.

    Returns
    -------
    LayerResults

    Raises
    ------
    ModelError
        If the model does not show its network.
    InputError
        If a grid cannot be read, or fewer than two clips could be analysed.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> class Pooled(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.convolution = nn.Conv1d(1, 3, 5, padding=2, padding_mode="circular")
    ...         self.pool = nn.AdaptiveAvgPool1d(1)
    ...     def forward(self, waveforms):
    ...         return self.pool(self.convolution(waveforms[:, None]).relu())[..., 0]
    >>> model = as_model(Pooled(), sample_rate=8000, labels=["a", "b", "c"], n_samples=800)
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32), 8000, name=f"noise {i}") for i in range(3)]
    >>> result = layers(model, clips, time="0:3:1smp")
    >>> {layer.lies.layer: str(layer.verdict) for layer in result.axes["time"].layers}
    {'convolution': 'equivariant, stride 1, exactly', 'pool': 'invariant, exactly'}
    """
    (model,) = given_models(model)
    unknown = sorted(set(grids) - {"time", "bins", "freq"})
    if unknown:
        raise InputError(f"axis {', '.join(unknown)} is not one of time, bins, freq")
    time, bins, freq = (grids.get(axis) for axis in ("time", "bins", "freq"))
    return analyze_layers(model, clips, LayerOptions(time, bins, freq, edges, seed=seed))


def analyze_layers(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    options: LayerOptions,
    *,
    on_clip: Callable[[str], None] | None = None,
) -> LayerResults:
    """Analyse the layers of a model.

    Parameters
    ----------
    model : Model
    clips : iterable of Clip or CorpusEntry
    options : LayerOptions
    on_clip : callable, optional
        Called after each clip, for progress.

    Returns
    -------
    LayerResults

    Raises
    ------
    ModelError
        If the model does not show its network.
    InputError
        If fewer than two clips could be analysed.
    """
    started = clock.perf_counter()
    modules = named_layers(model, options.layers)
    asked = asked_grids(model, {"time": options.time, "bins": options.bins, "freq": options.freq})
    feeds = {axis: LayerFeed(model, axis, options.edges, options.seed) for axis in asked}
    sweeps = [_sweep(survey_axis(feeds[axis], grid, modules), modules, options) for axis, grid in asked.items()]
    if not any(sweep.lies for _, sweep in sweeps):
        raise ModelError(
            f"no layer of model {model.spec.name} is called when it runs: its graph stands alone, without the modules "
            "it was made of; give the torch.nn.Module itself, as module:attr or to as_model"
        )
    collected: list[list[dict[str, LayerRecord]]] = [[] for _ in sweeps]
    names: list[str] = []
    failures: list[Failure] = []
    for window in windows_of(model, clips, failures, on_clip=on_clip):
        names.append(window.name)
        for (_, sweep), records in zip(sweeps, collected, strict=True):
            records.append(sweep.records(window))
    check_enough(names, failures)
    return LayerResults(
        spec=model.spec,
        clips=tuple(names),
        axes={
            grid.axis: _sum_up(grid, sweep, records, options.tolerance)
            for (grid, sweep), records in zip(sweeps, collected, strict=True)
        },
        run=describe_analysis(model, options, started),
        failures=tuple(failures),
    )


def asked_grids(model: Model, asked: Mapping[str, str | ShiftGrid | None]) -> dict[str, str | ShiftGrid | None]:
    """Return the axes to shift along with their grids, None for the network's own strides.

    Parameters
    ----------
    model : Model
    asked : mapping of str to str or ShiftGrid, optional
        By axis, None where nothing was asked for.

    Returns
    -------
    dict of str to str or ShiftGrid, or None
        Time and frequency where nothing at all was asked for.
    """
    given: dict[str, str | ShiftGrid | None] = {axis: grid for axis, grid in asked.items() if grid is not None}
    return given or {"time": None, ("bins" if model.front_end is not None else "freq"): None}


def _sweep(
    surveyed: SurveyedAxis, modules: Mapping[str, nn.Module], options: LayerOptions
) -> tuple[ShiftGrid, LayerSweep]:
    """Draw the units to follow along an axis."""
    lies, shifts = surveyed.lies, surveyed.shifts
    rng = np.random.default_rng(options.seed)
    units = {layer.layer: choose_units(layer, shifts, options.max_units, rng) for layer in lies}
    return surveyed.grid, LayerSweep(surveyed.feed, modules, lies, shifts, units)


def _sum_up(
    grid: ShiftGrid, sweep: LayerSweep, records: Sequence[Mapping[str, LayerRecord]], tolerance: float
) -> AxisLayers:
    """Return what all clips show of every layer."""
    by_layer = {layer.layer: [of_clip[layer.layer] for of_clip in records] for layer in sweep.lies}
    return AxisLayers(
        axis=grid.axis,
        unit=grid.unit,
        shifts=grid.amounts,
        layers=tuple(
            summarize_layer(layer, by_layer[layer.layer], sweep.shifts, tolerance=tolerance) for layer in sweep.lies
        ),
        errors={name: tuple(record.errors for record in of_layer) for name, of_layer in by_layer.items()},
    )
