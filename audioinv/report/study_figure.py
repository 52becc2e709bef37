"""The figure of a study: how often right against how steady, every variant by its own mark.

Conventions
-----------
One row of panels for each task. On the left the variants are listed with their marks and the study's measures, each
with its 95 % interval over seeds and clips; on the right, where the study has such, accuracy is set against a measure
of steadiness, with a small dot for each seed: what is steady without being right lies low. Curves over the shift, where
the study has such, follow. Variants of one family share a colour, and no two share colour and marker.

What is here: `study_figure`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from matplotlib.transforms import ScaledTranslation

from .figure_style import INK, PAGE_INCHES, QUIET, ModelStyle, head_figure, model_style, new_figure, styled
from .study_text import headline, number
from .wording import shift_label

__all__ = ["study_figure"]

Row = Mapping[str, Any]

_LINE_INCHES, _HEAD_INCHES, _PANEL_INCHES, _SCATTER_INCHES, _TITLE_INCHES = 0.2, 0.95, 2.4, 2.6, 0.45
_TITLE_CHARACTERS, _HEADING_CHARACTERS = 14, 24
_N_LISTED = 3
_MOST_BANDS = 6  # more would hide each other
_SMALL = 0.2  # of a whole axis: what is below would be a heap of marks at its end
_MARGIN = 0.04
_SEED_DOT: dict[str, Any] = {"s": 5, "alpha": 0.45, "linewidths": 0, "zorder": 2}
_CONTROL = ModelStyle(QUIET, "solid", "x")


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
    styles = _styles(document)
    tasks, probes = list(document["tasks"]), list(dict.fromkeys(curve["probe"] for curve in document["curves"]))
    n_rows = max(sum(row["task"] == task for row in document["rows"]) for task in tasks)
    lists = max(_HEAD_INCHES + _LINE_INCHES * n_rows, _SCATTER_INCHES if document["across"] else 0) * len(tasks)
    heights = [lists, *[_PANEL_INCHES] * len(probes)]
    figure = new_figure(PAGE_INCHES, sum(heights) + _TITLE_INCHES)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_tasks(parts[0], document, styles)
    for part, probe in zip(parts[1:], probes, strict=True):
        _draw_curves(part, document, probe, styles)
    head_figure(figure, headline(document))
    return figure


def _styles(document: Mapping[str, Any]) -> dict[str, ModelStyle]:
    """Give every variant its mark: the colour of its family, and a marker of its own within it."""
    families = list(dict.fromkeys(variant["family"] or variant["name"] for variant in document["variants"]))
    members: dict[str, int] = {}
    styles = {}
    for variant in document["variants"]:
        family = variant["family"] or variant["name"]
        place, member = families.index(family), members.setdefault(family, 0)
        members[family] += 1
        marker = model_style(member if len(families) < len(document["variants"]) else place).marker
        styles[variant["name"]] = ModelStyle(model_style(place).colour, model_style(member).dashes, marker)
    return styles


def _style(styles: Mapping[str, ModelStyle], variant: str) -> ModelStyle:
    return styles.get(variant, _CONTROL)


def _draw_tasks(part: Any, document: Mapping[str, Any], styles: Mapping[str, ModelStyle]) -> None:
    """Draw one row of panels a task: the variants' list, measure by measure, and what accuracy is set against."""
    beside = {"accuracy", document["across"]["measure"]} if document["across"] else set()
    shown = [entry for entry in document["shown"] if entry["measure"] not in beside][:_N_LISTED]
    widths = [1.0] * len(shown) + ([2.4] if document["across"] else [])
    panels = part.subplots(len(document["tasks"]), len(widths), width_ratios=widths, squeeze=False)
    for axes, (task, words) in zip(panels, document["tasks"].items(), strict=True):
        rows = [row for row in document["rows"] if row["task"] == task]
        for ax, entry in zip(axes, shown, strict=False):
            _draw_list(ax, rows, entry, styles)
            _share_axis(ax, [row for row in document["rows"] if row["variant"] in styles], entry["measure"])
            ax.set_title(textwrap.fill(entry["words"], _TITLE_CHARACTERS * (1 if document["across"] else 2)))
            if not document["across"]:
                _write_numbers(ax, rows, entry)
        _name_rows(part, axes[0], rows, styles)
        heading = textwrap.fill(f"{task}: {words}", _HEADING_CHARACTERS)
        place: dict[str, Any] = {
            "xycoords": "axes fraction",
            "textcoords": "offset points",
            "ha": "right",
            "va": "bottom",
        }
        axes[0].annotate(heading, (0, 1), (-16, 6), fontweight="bold", **place)
        if document["across"]:
            _draw_scatter(axes[-1], rows, document["across"], styles)


def _name_rows(part: Any, ax: Axes, rows: Sequence[Row], styles: Mapping[str, ModelStyle]) -> None:
    """Write the variants' names beside the first list, each with its mark: the legend of the whole figure."""
    ax.set_yticks(range(len(rows)), [row["variant"] for row in rows])
    ax.tick_params(axis="y", length=0, pad=14)
    beside = ax.get_yaxis_transform() + ScaledTranslation(-8 / 72, 0, part.dpi_scale_trans)
    for place, row in enumerate(rows):
        style = _style(styles, row["variant"])
        ax.plot(0, place, style.marker, color=style.colour, markersize=5, clip_on=False, transform=beside)


def _draw_list(ax: Axes, rows: Sequence[Row], entry: Mapping[str, str], styles: Mapping[str, ModelStyle]) -> None:
    """Draw one measure of all variants, from top to bottom."""
    for place, row in enumerate(rows):
        found, style = row["measures"].get(entry["measure"]), _style(styles, row["variant"])
        if found is None or found["value"] is None:
            continue
        ax.plot(_ends(found), [place, place], color=style.colour, linewidth=1.6, solid_capstyle="butt")
        ax.plot(found["value"], place, style.marker, color=style.colour, markersize=4.5)
        seeds = [value for value in found["by_seed"] if value is not None]
        ax.scatter(seeds, np.full(len(seeds), place + 0.28), color=style.colour, **_SEED_DOT)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _write_numbers(ax: Axes, rows: Sequence[Row], entry: Mapping[str, str]) -> None:
    """Write each value beside its mark, where there is room: what is 0 and what is nearly 0 look alike."""
    for place, row in enumerate(rows):
        found = row["measures"].get(entry["measure"])
        if found is not None and found["value"] is not None:
            where = (_ends(found)[1], place)
            ax.annotate(number(found["value"]), where, (6, 0), textcoords="offset points", va="center")


def _share_axis(ax: Axes, rows: Sequence[Row], measure: str) -> None:
    """Show shares from 0 to 1 on all panels alike, so that panels compare; what is far smaller or larger, by itself.

    The rows are those of all tasks, so that a measure has one scale, but for the control's, whose interval says least.
    """
    highest = max((_ends(row["measures"][measure])[1] or 0 for row in rows if measure in row["measures"]), default=0)
    if not highest or _SMALL < highest <= 1:
        ax.set_xlim(-_MARGIN, 1 + _MARGIN)
        ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    else:
        ax.set_xlim(-_MARGIN * highest, (1 + _MARGIN) * highest)
        ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.grid(axis="x", color=QUIET, alpha=0.25, linewidth=0.6)


def _draw_scatter(ax: Axes, rows: Sequence[Row], across: Mapping[str, str], styles: Mapping[str, ModelStyle]) -> None:
    for row in rows:
        style = _style(styles, row["variant"])
        x, y = (row["measures"].get(name) for name in (across["measure"], "accuracy"))
        if not (x and y) or x["value"] is None or y["value"] is None:
            continue
        line: dict[str, Any] = {"color": style.colour, "linewidth": 1.0, "alpha": 0.6}
        ax.plot(_ends(x), [y["value"]] * 2, **line)
        ax.plot([x["value"]] * 2, _ends(y), **line)
        ax.scatter(x["by_seed"], y["by_seed"], color=style.colour, **_SEED_DOT)
        ax.plot(x["value"], y["value"], style.marker, color=style.colour, markersize=5.5, zorder=3)
        if style is _CONTROL:
            place: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center", "color": QUIET}
            ax.annotate(row["variant"], (x["value"], y["value"]), (-7, 9), **place)
    ax.set(xlim=(-_MARGIN, 1 + _MARGIN), ylim=(-_MARGIN, 1 + _MARGIN), ylabel="right, unshifted")
    ax.set_xlabel(textwrap.fill(across["words"], 36))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))


def _ends(measure: Mapping[str, Any]) -> list[float]:
    """Return the ends of an interval; the value itself where there is none."""
    return [measure["value"] if measure[end] is None else measure[end] for end in ("low", "high")]


def _draw_curves(part: Any, document: Mapping[str, Any], probe: str, styles: Mapping[str, ModelStyle]) -> None:
    """Draw, for each task, what share is right at every shift of a probe."""
    axes = part.subplots(1, len(document["tasks"]), sharey=True, squeeze=False)[0]
    for ax, task in zip(axes, document["tasks"], strict=True):
        curves = [curve for curve in document["curves"] if (curve["probe"], curve["task"]) == (probe, task)]
        for curve in curves:
            style, shifts = _style(styles, curve["variant"]), curve["shifts"]
            line = {"color": style.colour, "linestyle": style.dashes, "marker": style.marker, "markersize": 3}
            ax.plot(shifts, curve["accuracy"]["value"], linewidth=1.1, markevery=max(1, len(shifts) // 8), **line)
            if len(curves) <= _MOST_BANDS:
                band = [np.array(curve["accuracy"][end], dtype=float) for end in ("low", "high")]
                ax.fill_between(shifts, *band, color=style.colour, alpha=0.12, linewidth=0)
        ax.set_xlabel(shift_label(curves[0]["axis"], curves[0]["unit"]))
        ax.set_title(f"{task}: {probe}", color=INK)
        ax.set_ylim(-_MARGIN, 1 + _MARGIN)
    axes[0].set_ylabel("share right")
