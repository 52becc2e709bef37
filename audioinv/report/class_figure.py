"""Which classes a shift moves: consistency class by class, models beside each other.

Conventions
-----------
A row is a class, of the clips' labels or, without labels, of the clean answers; marks are means over its clips, lines
their 95 % intervals, both as they stand in the summary. A class of a single recording has no interval. Every panel
shows shares from 0 to 1.

What is here: `plot_classes` on one axes, `classes_figure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from ..counts import count_text
from ..errors import InputError
from .figure_style import (
    COLUMN_INCHES,
    PAGE_INCHES,
    QUIET,
    grid_axes,
    head_figure,
    label_left_only,
    model_style,
    n_grid_rows,
    new_axes,
    new_figure,
    styled,
)
from .selection import choose_axis, choose_models, swept_axes
from .wording import axis_title, range_text, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["classes_figure", "plot_classes"]

_ROW_INCHES, _FRAME_INCHES = 0.12, 0.75
_SPREAD = 0.7
"""Of a row's height, over which the models' marks are spread."""


@styled
def plot_classes(
    results: Results, axis: str, *, models: str | Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the consistency of each class along an axis.

    Parameters
    ----------
    results : Results
    axis : str
    models : str or sequence of str, optional
        All if not given; those not swept along the axis are left out.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If none of the models was swept along the axis, or the results tell nothing of classes.
    """
    names = [name for name in choose_models(results, models) if axis in results.responses[name].axes]
    if not names:
        choose_axis(results.responses[choose_models(results, models)[0]], axis)
    found = {name: _by_class(results, name, axis) for name in names}
    classes = sorted({label for rows in found.values() for label in rows})
    if not classes:
        raise InputError(f"these results tell nothing of classes along axis {axis!r}; analyse the clips again")
    ax = new_axes(ax, COLUMN_INCHES, _height(len(classes), len(names)))
    offsets = _SPREAD * ((np.arange(len(names)) + 0.5) / len(names) - 0.5)
    for name, offset in zip(names, offsets, strict=True):
        _draw_model(ax, found[name], classes, float(offset), _line(results, name))
    ax.set_yticks(range(len(classes)), labels=[shown_name(label, 20) for label in classes])
    ax.set(xlim=(-0.03, 1.03), ylim=(len(classes) - 0.5, -0.5), xlabel="share of answers that stay")
    ax.xaxis.set_major_locator(MultipleLocator(0.2))
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"{axis_title(axis)}, {range_text(results.document['models'][names[0]]['axes'][axis])}")
    return ax


def _by_class(results: Results, name: str, axis: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in results.document["models"][name]["axes"][axis].get("by_class", ())}


def _height(n_classes: int, n_models: int) -> float:
    return _FRAME_INCHES + _ROW_INCHES * n_classes * (n_models + 1)


def _line(results: Results, name: str) -> Line2D:
    style = model_style(list(results.responses).index(name))
    return Line2D(
        [], [], color=style.colour, marker=style.marker, markersize=3.5, linewidth=1.3, label=shown_name(name)
    )


def _draw_model(
    ax: Axes, rows: dict[str, dict[str, Any]], classes: Sequence[str], offset: float, style: Line2D
) -> None:
    """Draw the marks of one model, and their intervals."""
    estimates = [rows.get(label, {"value": None, "low": None, "high": None}) for label in classes]
    value, low, high = (
        np.array([one[name] for one in estimates], dtype=np.float64) for name in ("value", "low", "high")
    )
    places = np.arange(len(classes)) + offset
    ax.hlines(places, low, high, color=style.get_color(), linewidth=style.get_linewidth())
    marks = Line2D(value, places, label=style.get_label())
    marks.set(color=style.get_color(), linestyle="none", marker=style.get_marker(), markersize=style.get_markersize())
    ax.add_line(marks)
    for border in range(1, len(classes)):
        ax.axhline(border - 0.5, color=QUIET, linewidth=0.3)


@styled
def classes_figure(results: Results, *, axis: str | None = None, model: str | Sequence[str] | None = None) -> Figure:
    """Draw the classes of all axes, in rows where there are many.

    Parameters
    ----------
    results : Results
    axis : str, optional
        One panel only.
    model : str or sequence of str, optional
        All models if not given.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If a model or the axis is not among the results.
    """
    names = choose_models(results, model)
    axes = (axis,) if axis is not None else swept_axes(results.responses[name] for name in names)
    n_classes = max(len(_by_class(results, name, shown)) for name in names for shown in results.responses[name].axes)
    width = COLUMN_INCHES if len(axes) == 1 else PAGE_INCHES
    n_rows = n_grid_rows(len(axes), width)
    figure = new_figure(width, n_rows * _height(n_classes, len(names)) + 0.6)
    panels = grid_axes(figure, len(axes))
    for panel, shown in zip(panels, axes, strict=True):
        plot_classes(results, shown, models=names, ax=panel)
    label_left_only(panels)
    clips = count_text(len(results.responses[names[0]].clips), "clip")
    head_figure(figure, f"which classes keep their answers, {clips}; mean and 95 % interval")
    figure.legend(handles=[_line(results, name) for name in names], loc="outside lower left", ncols=2)
    figure.draw_without_rendering()
    return figure
