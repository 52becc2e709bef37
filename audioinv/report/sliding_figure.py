"""Figure of a window slid over a recording: scores over time, and detection by where the network's grid falls.

Conventions
-----------
Above, scores of the classes that have most events, each drawn at the end of its window, when an answer can be had; the
onsets of events stand as ticks in the colour of their class. Where there are more windows than dots, the band shows the
least and the greatest score of each stretch. Below, by phase: the share of events found, with its interval, and the
mean delay of those that were found.

What is here: `plot_scores`, `plot_found` and `plot_delays` on one axes, `sliding_figure`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..counts import count_text
from ..errors import InputError
from .figure_style import PAGE_INCHES, QUIET, head_figure, model_style, new_axes, new_figure, styled
from .sliding_results import SlidingResults
from .wording import shown_name

__all__ = ["plot_delays", "plot_found", "plot_scores", "sliding_figure"]

FloatArray = npt.NDArray[np.float64]

_N_CLASSES, _N_STRETCHES = 4, 700
_TICK_SHARE = 0.05
"""Of the panel's height, for the onsets of one class."""


@styled
def plot_scores(
    results: SlidingResults, *, model: str | None = None, clip: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the scores of the most eventful classes over time, and the onsets of events.

    Parameters
    ----------
    results : SlidingResults
    model : str, optional
        The first if not given.
    clip : str, optional
        The recording, or the end of its name; the first if not given.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such model or recording.
    """
    name = _choose_model(results, model)
    chosen = _choose_clip(results, name, clip)
    rows, events = (_rows_of(table, name, chosen) for table in (results.windows, results.events))
    labels = results.run["models"][name]["spec"]["labels"]
    threshold = results.document["models"][name]["sliding"]["threshold"]
    ax = new_axes(ax, PAGE_INCHES)
    _draw_scores(ax, rows, events, labels)
    ax.axhline(threshold, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.set_xlabel("end of window (s)", loc="left")
    ax.set_ylabel("score")
    beyond_onsets = (1, 1.02 + _N_CLASSES * _TICK_SHARE)
    ax.legend(ncols=_N_CLASSES, loc="lower right", bbox_to_anchor=beyond_onsets, borderaxespad=0, handlelength=1.2)
    return ax


@styled
def plot_found(results: SlidingResults, *, model: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of events that is found, by phase of the network's grid.

    Parameters
    ----------
    results : SlidingResults
    model : str, optional
        The first if not given.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such model.
    """
    found = results.document["models"][_choose_model(results, model)]["sliding"]
    rate = found["detection_rate_by_phase"]
    ax = new_axes(ax)
    _draw_by_phase(ax, found["phases_ms"], rate["value"], (rate["low"], rate["high"]))
    ax.set(ylim=(-0.03, 1.03), ylabel="share found")
    return ax


@styled
def plot_delays(results: SlidingResults, *, model: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the mean delay of the events that are found, by phase of the network's grid.

    Parameters
    ----------
    results : SlidingResults
    model : str, optional
        The first if not given.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such model.
    """
    found = results.document["models"][_choose_model(results, model)]["sliding"]
    delays = [None if delay is None else 1000 * delay for delay in found["delay_by_phase_s"]]
    ax = new_axes(ax)
    _draw_by_phase(ax, found["phases_ms"], delays)
    ax.set(ylim=(0, 1.1 * max((delay for delay in delays if delay), default=1.0)), ylabel="mean delay (ms)")
    return ax


@styled
def sliding_figure(results: SlidingResults, *, model: str | None = None, clip: str | None = None) -> Figure:
    """Draw scores over time and detection by phase.

    Parameters
    ----------
    results : SlidingResults
    model : str, optional
        The first if not given.
    clip : str, optional
        The recording, or the end of its name; the first if not given. Phases are those of all recordings.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such model or recording.
    """
    name = _choose_model(results, model)
    figure = new_figure(PAGE_INCHES, 4.6)
    panels = figure.subplot_mosaic([["scores", "scores"], ["rate", "delay"]], height_ratios=(1.3, 1))
    plot_scores(results, model=name, clip=clip, ax=panels["scores"])
    plot_found(results, model=name, ax=panels["rate"])
    plot_delays(results, model=name, ax=panels["delay"])
    head_figure(figure, _heading(name, results.document["models"][name]["sliding"], _choose_clip(results, name, clip)))
    return figure


def _choose_model(results: SlidingResults, model: str | None) -> str:
    models = results.document["models"]
    name = model or next(iter(models))
    if name not in models:
        raise InputError(f"no model {model!r} slid here; there are {', '.join(models)}")
    return str(name)


def _rows_of(table: pa.Table, model: str, clip: str) -> pa.Table:
    return table.filter(pc.and_(pc.equal(table["model"], model), pc.equal(table["clip"], clip)))


def _choose_clip(results: SlidingResults, model: str, clip: str | None) -> str:
    windows = results.windows
    names = pc.unique(windows.filter(pc.equal(windows["model"], model))["clip"]).to_pylist()
    matching = [name for name in names if clip is None or name.endswith(clip)]
    if not matching:
        raise InputError(f"no recording {clip!r} here; there are {', '.join(names[:5])}")
    return str(matching[0])


def _heading(model: str, found: dict[str, Any], clip: str) -> str:
    origin = "given" if found["events"] == "given" else "of the model's own detections"
    return (
        f"{shown_name(model)} slid over {shown_name(clip)}, every {found['every_ms']:g} ms\n"
        f"{count_text(found['n_events'], 'event')}, {origin}; a score of {found['threshold']:g} detects"
    )


def _draw_scores(ax: Axes, rows: pa.Table, events: pa.Table, labels: list[str]) -> None:
    scores = rows["probs"].combine_chunks().flatten().to_numpy().reshape(len(rows), -1)
    times = rows["end_s"].to_numpy()
    for place, label in enumerate(_most_eventful(events, labels)):
        colour = model_style(place).colour
        low, high, at = _envelope(scores[:, labels.index(label)], times)
        ax.fill_between(at, low, high, color=colour, alpha=0.35, linewidth=0)
        ax.plot(at, high, color=colour, linewidth=0.8, label=shown_name(label))
        onsets = events.filter(pc.equal(events["label"], label))["onset_s"].to_numpy()
        row = 1.02 + place * _TICK_SHARE
        above = ax.get_xaxis_transform()
        ax.vlines(onsets, row, row + 0.8 * _TICK_SHARE, color=colour, linewidth=0.8, transform=above, clip_on=False)
    ax.set_xlim(times[0], times[-1])


def _most_eventful(events: pa.Table, labels: list[str]) -> list[str]:
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(events["label"]).to_pylist()}
    known = [label for label in labels if counts.get(label)] or labels
    return sorted(known, key=lambda label: -counts.get(label, 0))[:_N_CLASSES]


def _envelope(values: npt.NDArray[Any], times: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the least and the greatest value of each stretch, and where the stretches begin."""
    starts = np.unique(np.linspace(0, len(values), _N_STRETCHES + 1).astype(int)[:-1])
    return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts), times[starts]


def _draw_by_phase(
    ax: Axes,
    phases_ms: list[float],
    values: list[float | None],
    band: tuple[list[float | None], list[float | None]] | None = None,
) -> None:
    order = np.argsort(phases_ms)
    at, drawn = np.asarray(phases_ms)[order], np.array(values, dtype=float)[order]
    style = model_style(0)
    if band is not None:
        low, high = (np.array(side, dtype=float)[order] for side in band)
        ax.vlines(at, low, high, color=style.colour, alpha=0.4, linewidth=1.6)
    ax.plot(at, drawn, color=style.colour, marker=style.marker, markersize=3.5, linewidth=0.8)
    ax.set_xlabel("phase (ms)", loc="left")
