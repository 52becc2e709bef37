"""Heat map of clips over shifts: which clips give way, where, and how sure the model is on the way.

Conventions
-----------
A row is a clip, a column a shift. Rows are sorted by label, in the order of the model's classes, and within a label by
consistency, steadiest first. The colour is the score of one class a clip: that of its clean answer, or its label. A
white dash marks an answer that is not the clean one; a clip without answers stays blank.

What is here: `AnswerMap` and `answer_map`, the data; `plot_heatmap` on one axes; `heatmap_figure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import InputError
from ..measure import drift, outcome
from ..measure.cliptable import ClipTable
from .figure_style import (
    PAGE_INCHES,
    PAPER,
    axis_title,
    cell_edges,
    head_figure,
    new_axes,
    new_figure,
    shift_label,
    shown_name,
    styled,
)
from .selection import choose_axis, choose_model

if TYPE_CHECKING:
    from .results import Results

__all__ = ["AnswerMap", "ClassBand", "answer_map", "heatmap_figure", "plot_heatmap"]

FloatArray = npt.NDArray[np.floating]

SCORES = ("clean", "label")
_ROUNDING = 1e-3  # of half-precision probabilities
_MAX_NAMED_CLIPS = 40
_LEAST_NAMED_INCHES = 5.0
_LINE_INCHES = 0.14
_ROW_INCHES = 0.035
_LEAST_INCHES, _MOST_INCHES = 2.4, 8.5
_MAX_VECTOR_DASHES = 1500


@dataclass(frozen=True)
class ClassBand:
    """Rows ``first`` to ``last``, both included, whose clips have the same label; None where they have none."""

    label: str | None
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class AnswerMap:
    """What a heat map shows, in its order.

    Parameters
    ----------
    axis, unit : str
    shifts : ndarray of shape (n_shifts,)
        In `unit`.
    scores : ndarray of shape (n_clips, n_shifts)
        Of the clean answer or of the label; ``nan`` where there is none.
    flipped : ndarray of shape (n_clips, n_shifts), bool
        Where the answer is not the clean one.
    names : tuple of str
        Of the clips.
    bands : tuple of ClassBand
        Empty where no clip has a label.
    """

    axis: str
    unit: str
    shifts: FloatArray
    scores: FloatArray
    flipped: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    bands: tuple[ClassBand, ...]


def answer_map(
    results: Results, *, axis: str | None = None, model: str | None = None, score: str = "clean"
) -> AnswerMap:
    """Sort the answers of one model along one axis for a heat map.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
        The first that was swept if not given.
    model : str, optional
        May be left out where there is a single one.
    score : {"clean", "label"}, default "clean"
        Whose score is shown: that of the answer to the unshifted clip, or that of the clip's label.

    Returns
    -------
    AnswerMap

    Raises
    ------
    InputError
        If model, axis or score is unknown.
    """
    if score not in SCORES:
        raise InputError(f"score={score!r} is not one of {', '.join(SCORES)}")
    responses = results.responses[choose_model(results, model)]
    swept = responses.axes[choose_axis(responses, axis)]
    clips = ClipTable.of(responses.clips, responses.spec.labels)
    answers = outcome.top1(swept.scores, swept.zero)
    labels = clips.labels or (None,) * len(clips.names)
    shown = answers[:, swept.zero] if score == "clean" else clips.targets
    scores = drift.class_scores(swept.scores, shown)
    order = _order(labels, clips, outcome.consistency(answers, swept.zero), scores.mean(axis=1))
    return AnswerMap(
        axis=swept.axis,
        unit=swept.unit,
        shifts=swept.shifts,
        scores=scores[order],
        flipped=(outcome.agreement(answers, swept.zero) == 0)[order],
        names=tuple(clips.names[place] for place in order),
        bands=_bands([labels[place] for place in order]) if clips.labels else (),
    )


def _order(
    labels: Sequence[str | None], clips: ClipTable, consistency: FloatArray, confidence: FloatArray
) -> list[int]:
    """Return the places of the clips by class, then from steady and sure to unsteady; what is unknown comes last."""
    rank = {name: place for place, name in enumerate(clips.classes)}
    steadiness, sureness = np.nan_to_num([consistency, confidence], nan=-np.inf)

    def key(place: int) -> tuple[Any, ...]:
        label = labels[place] or ""
        return labels[place] is None, rank.get(label, len(rank)), label, -steadiness[place], -sureness[place]

    return sorted(range(len(labels)), key=key)


def _bands(labels: Sequence[str | None]) -> tuple[ClassBand, ...]:
    bands = []
    for label, rows in groupby(enumerate(labels), key=lambda row: row[1]):
        places = [place for place, _ in rows]
        bands.append(ClassBand(label, places[0], places[-1]))
    return tuple(bands)


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
    _draw_cells(ax, shown, "clean answer" if score == "clean" else "label")
    _label_bands(ax, shown)
    if len(shown.names) <= _MAX_NAMED_CLIPS and ax.get_window_extent().width / ax.figure.dpi >= _LEAST_NAMED_INCHES:
        _name_clips(ax, shown)
    _mark_flips(ax, shown)
    ax.set_title(f"{shown_name(choose_model(results, model))}, {axis_title(shown.axis)}")
    return ax


def _draw_cells(ax: Axes, shown: AnswerMap, whose: str) -> None:
    n_clips = len(shown.names)
    low, high = _colour_range(shown.scores)
    mesh = ax.pcolormesh(
        cell_edges(shown.shifts), np.arange(n_clips + 1.0), shown.scores, cmap="viridis", vmin=low, vmax=high
    )
    mesh.set_rasterized(True)  # as paths, a thousand clips would weigh megabytes
    kind = "probability" if (low, high) == (0.0, 1.0) else "score"
    bar = ax.figure.colorbar(mesh, ax=ax, label=f"{kind} of the {whose}", pad=0.02, aspect=30)
    bar.outline.set_visible(False)  # type: ignore[operator]
    ax.set(xlabel=shift_label(shown.axis, shown.unit), ylim=(n_clips, 0))
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _colour_range(scores: FloatArray) -> tuple[float, float]:
    """Return 0 and 1 where the scores can be probabilities, else their range; 0 and 1 where there are none."""
    known = scores[np.isfinite(scores)]
    if not len(known) or (known.min() >= 0 and known.max() <= 1 + _ROUNDING):
        return 0.0, 1.0
    return float(known.min()), float(known.max())


def _row_inches(ax: Axes, n_rows: int) -> float:
    return float(ax.get_window_extent().height / ax.figure.dpi / n_rows)


def _label_bands(ax: Axes, shown: AnswerMap) -> None:
    """Rule off the labels and name them, the largest first, as far as their names do not touch."""
    if not shown.bands:
        ax.set(ylabel=f"{len(shown.names)} clips, steadiest on top", yticks=[])
        return
    for band in shown.bands[1:]:
        ax.axhline(band.first, color=PAPER, linewidth=1.2)
    least_rows = _LINE_INCHES / _row_inches(ax, len(shown.names))
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
    edges = cell_edges(shown.shifts)
    margin = 0.2 * np.diff(edges)
    ax.hlines(
        rows + 0.5,
        (edges[:-1] + margin)[columns],
        (edges[1:] - margin)[columns],
        colors=PAPER,
        linewidth=float(np.clip(72 * _row_inches(ax, len(shown.names)) / 3, 0.4, 1.2)),
        label="another answer than unshifted",
    ).set_rasterized(len(rows) > _MAX_VECTOR_DASHES)


def _height(n_clips: int, width_inches: float) -> float:
    """Return a height that gives named clips a line each, and others at least a hair."""
    named = n_clips <= _MAX_NAMED_CLIPS and width_inches >= _LEAST_NAMED_INCHES
    return float(np.clip(0.8 + n_clips * (_LINE_INCHES if named else _ROW_INCHES), _LEAST_INCHES, _MOST_INCHES))


def _heading(results: Results, axis: str | None, model: str | None) -> str:
    shown = answer_map(results, axis=axis, model=model)
    n_changed, n_clips = int(shown.flipped.any(axis=1).sum()), len(shown.names)
    name = shown_name(choose_model(results, model), 48)
    return f"{name}, {axis_title(shown.axis)}: {n_changed} of {n_clips} clips change their answer (white dashes)"


@styled
def heatmap_figure(
    results: Results,
    *,
    axis: str | None = None,
    model: str | None = None,
    score: str = "clean",
    width_inches: float = PAGE_INCHES,
) -> Figure:
    """Draw a heat map as a figure of its own.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
    model : str, optional
    score : {"clean", "label"}, default "clean"
    width_inches : float, default `PAGE_INCHES`

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
    head_figure(figure, _heading(results, axis, model))
    figure.draw_without_rendering()
    return figure
