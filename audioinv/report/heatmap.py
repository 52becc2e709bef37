"""Heat map of clips over shifts: which clips give way, where, and how sure the model is on the way.

Conventions
-----------
Rows, columns and scores are those of an `AnswerMap`. A white dash marks an answer that is not the clean one, a white
line the border of two labels; a clip without answers stays blank. More than 40 clips, or those of a narrow figure, are
not named.

What is here: `plot_heatmap` on one axes, `heatmap_figure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..counts import count_text
from .answer_map import AnswerMap, answer_map, map_finding, score_range
from .figure_style import PAGE_INCHES, PAPER, cell_edges, head_figure, new_axes, new_figure, styled
from .selection import choose_model
from .wording import axis_title, shift_label, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["heatmap_figure", "plot_heatmap"]

FloatArray = npt.NDArray[np.floating]

_MAX_NAMED_CLIPS = 40
_LEAST_NAMED_INCHES = 5.0
_LINE_INCHES = 0.14
_ROW_INCHES = 0.035
_LEAST_INCHES, _MOST_INCHES = 2.4, 8.5
_MAX_VECTOR_DASHES = 1500
_ROOMY_POINTS = 1.0
"""Rows that are lower get narrower dashes, or these would cover all colour."""


@styled
def plot_heatmap(
    results: Results,
    *,
    axis: str | None = None,
    model: str | None = None,
    score: str = "clean",
    ax: Axes | None = None,
) -> Axes:
    """Draw scores of clips over shifts, with dashes where the answer changes.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
        The first that was swept if not given.
    model : str, optional
        May be left out where there is a single one.
    score : {"clean", "label"}, default "clean"
    ax : Axes, optional
        Of a new figure if not given. The colour bar takes its room from it.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If model, axis or score is unknown.
    """
    shown = answer_map(results, axis=axis, model=model, score=score)
    ax = new_axes(ax, PAGE_INCHES, _height(len(shown.names), PAGE_INCHES))
    named = _is_named(len(shown.names), _inches(ax)[0])
    _draw_cells(ax, shown, "clean answer" if score == "clean" else "label")
    _label_bands(ax, shown)
    if named:
        _name_clips(ax, shown)
    _mark_flips(ax, shown)
    ax.set_title(f"{shown_name(choose_model(results, model))}, {axis_title(shown.axis)}")
    return ax


def _draw_cells(ax: Axes, shown: AnswerMap, whose: str) -> None:
    n_clips = len(shown.names)
    low, high = score_range(shown.scores)
    mesh = ax.pcolormesh(
        cell_edges(shown.shifts), np.arange(n_clips + 1.0), shown.scores, cmap="viridis", vmin=low, vmax=high
    )
    mesh.set_rasterized(True)  # as paths, a thousand clips would weigh megabytes
    kind = "probability" if (low, high) == (0.0, 1.0) else "score"
    bar = ax.figure.colorbar(mesh, ax=ax, label=f"{kind} of the {whose}", pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    ax.set(xlabel=shift_label(shown.axis, shown.unit), ylim=(n_clips, 0))
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _inches(ax: Axes) -> tuple[float, float]:
    """Return width and height that axes have before anything makes room in them."""
    extent = ax.get_window_extent()
    return float(extent.width / ax.figure.dpi), float(extent.height / ax.figure.dpi)


def _is_named(n_clips: int, width_inches: float) -> bool:
    """Tell whether there is room for the name of every clip."""
    return n_clips <= _MAX_NAMED_CLIPS and width_inches >= _LEAST_NAMED_INCHES


def _label_bands(ax: Axes, shown: AnswerMap) -> None:
    """Rule off the labels and name them, the largest first, as far as their names do not touch."""
    if not shown.bands:
        ax.set(ylabel=f"{count_text(len(shown.names), 'clip')}, steadiest on top", yticks=[])
        return
    for band in shown.bands[1:]:
        ax.axhline(band.first, color=PAPER, linewidth=1.2)
    least_rows = _LINE_INCHES * len(shown.names) / _inches(ax)[1]
    places: dict[float, str] = {}
    for band in sorted(shown.bands, key=lambda band: band.first - band.last):
        middle = (band.first + band.last + 1) / 2
        if all(abs(middle - taken) >= least_rows for taken in places):
            places[middle] = "no label" if band.label is None else shown_name(band.label, 20)
    ax.set_yticks(list(places), labels=list(places.values()))


def _name_clips(ax: Axes, shown: AnswerMap) -> None:
    names = ax.secondary_yaxis("right")
    names.set_yticks(np.arange(len(shown.names)) + 0.5, labels=[shown_name(name, 30) for name in shown.names])
    names.tick_params(length=0)
    names.spines[:].set_visible(False)


def _mark_flips(ax: Axes, shown: AnswerMap) -> None:
    rows, columns = np.nonzero(shown.flipped)
    row_points = 72 * _inches(ax)[1] / len(shown.names)
    edges = cell_edges(shown.shifts)
    margin = (0.2 if row_points > _ROOMY_POINTS else 0.38) * np.diff(edges)
    dashes = ax.hlines(
        rows + 0.5,
        (edges[:-1] + margin)[columns],
        (edges[1:] - margin)[columns],
        colors=PAPER,
        linewidth=float(np.clip(row_points / 3, 0.25, 1.2)),
        label="another answer than unshifted",
    )
    dashes.set_rasterized(len(rows) > _MAX_VECTOR_DASHES)


def _height(n_clips: int, width_inches: float) -> float:
    """Return a height that gives named clips a line each, and others at least a hair."""
    named = _is_named(n_clips, width_inches)
    return float(np.clip(0.8 + n_clips * (_LINE_INCHES if named else _ROW_INCHES), _LEAST_INCHES, _MOST_INCHES))


@styled
def heatmap_figure(
    results: Results,
    *,
    axis: str | None = None,
    model: str | None = None,
    score: str = "clean",
    width_inches: float = PAGE_INCHES,
    explained: bool = True,
) -> Figure:
    """Draw a heat map as a figure of its own.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
    model : str, optional
    score : {"clean", "label"}, default "clean"
    width_inches : float, default `PAGE_INCHES`
    explained : bool, default True
        Whether the heading is part of the figure.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If model, axis or score is unknown.
    """
    n_clips = len(results.responses[choose_model(results, model)].clips)
    figure = new_figure(width_inches, _height(n_clips, width_inches))
    panel = plot_heatmap(results, axis=axis, model=model, score=score, ax=figure.subplots())
    panel.set_title("")
    if explained:
        head_figure(figure, map_finding(results, axis=axis, model=model))
    figure.draw_without_rendering()
    return figure
