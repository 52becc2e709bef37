"""The figure of a study: how often right against how steady, every variant by its own mark.

Conventions
-----------
One row of panels for each task. On the left the variants are listed with their marks and the study's measures, each
with its 95 % interval over seeds and clips; on the right, where the study has such, accuracy is set against a measure
of steadiness, with a small dot for each seed: what is steady without being right lies low. Curves over the shift, where
the study has such, follow. Variants of one family share a colour, and no two share colour and marker.

What is here: `plot_measure` and `plot_accuracy` on one axes, `study_figure`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from ..errors import InputError
from .figure_style import INK, PAGE_INCHES, QUIET, ModelStyle, head_figure, new_axes, new_figure, styled
from .study_scatter import SEED_DOT, interval_ends, plot_scatter, variant_style, variant_styles
from .study_text import headline, number
from .wording import shift_label

__all__ = ["plot_accuracy", "plot_measure", "study_figure"]

Row = Mapping[str, Any]
Styles = Mapping[str, ModelStyle]

_LINE_INCHES, _HEAD_INCHES, _PANEL_INCHES, _SCATTER_INCHES, _TITLE_INCHES = 0.2, 0.95, 2.4, 2.6, 0.45
_TITLE_CHARACTERS, _HEADING_CHARACTERS = 14, 24
_N_LISTED = 3
_MOST_BANDS = 6  # more would hide each other
_SMALL = 0.2  # of a whole axis: what is below would be a heap of marks at its end
_MARGIN = 0.04


@styled
def plot_measure(
    document: Mapping[str, Any], task: str, measure: str, *, named: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw one measure of all variants below each other, with its interval and its seeds.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.
    task, measure : str
        The measure is one of those that the study shows.
    named : bool, default True
        Whether the variants' names and marks stand at the left.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the study has no such task or measure.
    """
    rows, styles = _rows(document, task), variant_styles(document)
    words = {entry["measure"]: entry["words"] for entry in document["shown"]}
    if measure not in words:
        raise InputError(f"no measure {measure!r} in the study {document['study']}; there are {', '.join(words)}")
    ax = new_axes(ax, height_inches=_HEAD_INCHES + _LINE_INCHES * len(rows))
    for place, row in enumerate(rows):
        found, style = row["measures"].get(measure), variant_style(styles, row["variant"])
        if found is None or found["value"] is None:
            continue
        ax.plot(interval_ends(found), [place, place], color=style.colour, linewidth=1.6, solid_capstyle="butt")
        ax.plot(found["value"], place, style.marker, color=style.colour, markersize=4.5)
        seeds = [value for value in found["by_seed"] if value is not None]
        ax.scatter(seeds, np.full(len(seeds), place + 0.28), color=style.colour, **SEED_DOT)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks([])
    if named:
        _name_rows(ax, rows, styles)
    ax.spines["left"].set_visible(False)
    _share_axis(ax, [row for row in document["rows"] if row["variant"] in styles], measure)
    ax.set_title(textwrap.fill(words[measure], _TITLE_CHARACTERS * (1 if document["across"] else 2)))
    return ax


@styled
def plot_accuracy(document: Mapping[str, Any], task: str, probe: str, *, ax: Axes | None = None) -> Axes:
    """Draw what share is right at every shift of a probe, a line for each variant.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.
    task, probe : str
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the study has no such task or probe.
    """
    _rows(document, task)
    curves = [curve for curve in document["curves"] if (curve["probe"], curve["task"]) == (probe, task)]
    if not curves:
        known = dict.fromkeys(curve["probe"] for curve in document["curves"])
        raise InputError(f"no probe {probe!r} in the study {document['study']}; there are {', '.join(known) or 'none'}")
    ax, styles = new_axes(ax), variant_styles(document)
    for curve in curves:
        style, shifts = variant_style(styles, curve["variant"]), curve["shifts"]
        line = {"color": style.colour, "linestyle": style.dashes, "marker": style.marker, "markersize": 3}
        ax.plot(shifts, curve["accuracy"]["value"], linewidth=1.1, markevery=max(1, len(shifts) // 8), **line)
        if len(curves) <= _MOST_BANDS:
            low, high = (np.array(curve["accuracy"][end], dtype=float) for end in ("low", "high"))
            ax.fill_between(shifts, low, high, color=style.colour, alpha=0.12, linewidth=0)
    ax.set(xlabel=shift_label(curves[0]["axis"], curves[0]["unit"]), ylabel="share right")
    ax.set_title(f"{task}: {probe}", color=INK)
    ax.set_ylim(-_MARGIN, 1 + _MARGIN)
    return ax


def _rows(document: Mapping[str, Any], task: str) -> list[Row]:
    if task not in document["tasks"]:
        raise InputError(f"no task {task!r} in the study {document['study']}; there are {', '.join(document['tasks'])}")
    return [row for row in document["rows"] if row["task"] == task]


@styled
def study_figure(document: Mapping[str, Any]) -> Figure:
    """Draw the answer of a study.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.

    Returns
    -------
    Figure
    """
    tasks, probes = list(document["tasks"]), list(dict.fromkeys(curve["probe"] for curve in document["curves"]))
    n_rows = max(len(_rows(document, task)) for task in tasks)
    lists = max(_HEAD_INCHES + _LINE_INCHES * n_rows, _SCATTER_INCHES if document["across"] else 0) * len(tasks)
    heights = [lists, *[_PANEL_INCHES] * len(probes)]
    figure = new_figure(PAGE_INCHES, sum(heights) + _TITLE_INCHES)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_tasks(parts[0], document)
    for part, probe in zip(parts[1:], probes, strict=True):
        panels = part.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
        for ax, task in zip(panels, tasks, strict=True):
            plot_accuracy(document, task, probe, ax=ax)
            ax.label_outer()
    head_figure(figure, headline(document))
    return figure


def _draw_tasks(part: Any, document: Mapping[str, Any]) -> None:
    """Draw one row of panels a task: the variants' list, measure by measure, and what accuracy is set against."""
    across = document["across"]
    beside = {"accuracy", across["measure"]} if across else set()
    shown = [entry for entry in document["shown"] if entry["measure"] not in beside][:_N_LISTED]
    widths = [1.0] * len(shown) + ([2.4] if across else [])
    panels = part.subplots(len(document["tasks"]), len(widths), width_ratios=widths, squeeze=False)
    for axes, task in zip(panels, document["tasks"], strict=True):
        rows = _rows(document, task)
        for place, (ax, entry) in enumerate(zip(axes, shown, strict=False)):
            plot_measure(document, task, entry["measure"], named=place == 0, ax=ax)
            if not across:
                _write_numbers(ax, rows, entry)
        _head_task(axes[0], document, task)
        if across:
            plot_scatter(document, task, named=False, ax=axes[-1])


def _head_task(ax: Axes, document: Mapping[str, Any], task: str) -> None:
    heading = textwrap.fill(f"{task}: {document['tasks'][task]}", _HEADING_CHARACTERS)
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right", "va": "bottom"}
    ax.annotate(heading, (0, 1), (-16, 6), fontweight="bold", **place)


def _name_rows(ax: Axes, rows: Sequence[Row], styles: Styles) -> None:
    """Write the variants' names beside a list, each with its mark: the legend of the whole figure."""
    ax.set_yticks(range(len(rows)), [row["variant"] for row in rows])
    ax.tick_params(axis="y", length=0, pad=14)
    beside = ax.get_yaxis_transform() + ScaledTranslation(-8 / 72, 0, ax.figure.dpi_scale_trans)
    for place, row in enumerate(rows):
        style = variant_style(styles, row["variant"])
        ax.plot(0, place, style.marker, color=style.colour, markersize=5, clip_on=False, transform=beside)


def _write_numbers(ax: Axes, rows: Sequence[Row], entry: Mapping[str, str]) -> None:
    """Write each value beside its mark, where there is room: what is 0 and what is nearly 0 look alike."""
    for place, row in enumerate(rows):
        found = row["measures"].get(entry["measure"])
        if found is not None and found["value"] is not None:
            where = (interval_ends(found)[1], place)
            ax.annotate(number(found["value"]), where, (6, 0), textcoords="offset points", va="center")


def _share_axis(ax: Axes, rows: Sequence[Row], measure: str) -> None:
    """Show shares from 0 to 1 on all panels alike, so that panels compare; what is far smaller or larger, by itself.

    The rows are those of all tasks, so that a measure has one scale, but for the control's, whose interval says least.
    """
    highest = max(
        (interval_ends(row["measures"][measure])[1] or 0 for row in rows if measure in row["measures"]), default=0
    )
    if not highest or _SMALL < highest <= 1:
        ax.set_xlim(-_MARGIN, 1 + _MARGIN)
        ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    else:
        ax.set_xlim(-_MARGIN * highest, (1 + _MARGIN) * highest)
        ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.grid(axis="x", color=QUIET, alpha=0.25, linewidth=0.6)
