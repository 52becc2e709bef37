"""How often right against how steady, every variant of a study by its own mark and name.

Conventions
-----------
A point is a variant: across, the study's measure of steadiness, up, accuracy without a shift, both as they stand in
``study.json``; bars are their 95 % intervals over seeds and clips, small dots the seeds. What is steady without being
right lies low, as the control does, which always gives the same answer. Variants of one family share a colour, and no
two share colour and marker.

What is here: `variant_styles`, `variant_style`; `plot_scatter` on one axes, `scatter_figure`;
`interval_ends`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from ..errors import InputError
from .direct_labels import column_inches, label_points
from .figure_style import (
    COLUMN_INCHES,
    PAGE_INCHES,
    QUIET,
    ModelStyle,
    grid_axes,
    head_figure,
    label_left_only,
    model_style,
    n_grid_rows,
    new_axes,
    new_figure,
    styled,
)
from .study_text import headline
from .wording import shown_name

__all__ = [
    "SEED_DOT",
    "interval_ends",
    "plot_scatter",
    "scatter_figure",
    "variant_style",
    "variant_styles",
]

SEED_DOT: dict[str, Any] = {"s": 5, "alpha": 0.45, "linewidths": 0, "zorder": 2}
_CONTROL = ModelStyle(QUIET, "solid", "x")
_MARGIN = 0.04
_HEAD_INCHES, _AROUND_INCHES, _PANEL_INCHES = 0.4, 0.8, 3.4
_LINE_CHARACTERS, _NAME_CHARACTERS = 36, 32


def variant_styles(document: Mapping[str, Any]) -> dict[str, ModelStyle]:
    """Give every variant its mark: the colour of its family, and a marker of its own within it.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.

    Returns
    -------
    dict of str to ModelStyle
    """
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


def variant_style(styles: Mapping[str, ModelStyle], variant: str) -> ModelStyle:
    """Return the mark of a variant, or of the control, which is none.

    Parameters
    ----------
    styles : mapping of str to ModelStyle
    variant : str

    Returns
    -------
    ModelStyle
    """
    return styles.get(variant, _CONTROL)


def interval_ends(measure: Mapping[str, Any]) -> tuple[float, float]:
    """Return the ends of an interval; the value itself where there is none.

    Parameters
    ----------
    measure : mapping
        With value, low and high.

    Returns
    -------
    low : float
    high : float
    """
    low, high = (measure["value"] if measure[end] is None else measure[end] for end in ("low", "high"))
    return low, high


def _placed(document: Mapping[str, Any], task: str) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return steadiness and accuracy of every variant that has both, by its name."""
    across = document["across"]
    if not across:
        raise InputError(f"the study {document['study']} sets nothing against accuracy; draw the figure study instead")
    if task not in document["tasks"]:
        raise InputError(f"no task {task!r} in the study {document['study']}; there are {', '.join(document['tasks'])}")
    found = {}
    for row in document["rows"]:
        pair = [row["measures"].get(name) for name in (across["measure"], "accuracy")]
        if row["task"] == task and all(one and one["value"] is not None for one in pair):
            found[row["variant"]] = (pair[0], pair[1])
    return found


@styled
def plot_scatter(document: Mapping[str, Any], task: str, *, named: bool = True, ax: Axes | None = None) -> Axes:
    """Draw accuracy against steadiness, a mark for each variant.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.
    task : str
    named : bool, default True
        Whether the variants' names stand at the right.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the study has no such task, or sets nothing against accuracy.
    """
    placed, styles = _placed(document, task), variant_styles(document)
    ax = new_axes(ax, COLUMN_INCHES, _AROUND_INCHES + column_inches(len(placed)))
    for variant, (x, y) in placed.items():
        style = variant_style(styles, variant)
        line: dict[str, Any] = {"color": style.colour, "linewidth": 1.0, "alpha": 0.6}
        ax.plot(interval_ends(x), [y["value"]] * 2, **line)
        ax.plot([x["value"]] * 2, interval_ends(y), **line)
        ax.scatter(x["by_seed"], y["by_seed"], color=style.colour, **SEED_DOT)
        ax.plot(x["value"], y["value"], style.marker, color=style.colour, markersize=5.5, zorder=3, label=variant)
    ax.set(xlim=(-_MARGIN, 1 + _MARGIN), ylim=(-_MARGIN, 1 + _MARGIN), ylabel="share right, unshifted")
    ax.set_xlabel(textwrap.fill(document["across"]["words"], _LINE_CHARACTERS))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
    if named and placed:
        points = np.array([[one["value"] for one in pair] for pair in placed.values()])
        colours = [variant_style(styles, variant).colour for variant in placed]
        label_points(ax, points, [shown_name(variant, _NAME_CHARACTERS) for variant in placed], colours)
    return ax


@styled
def scatter_figure(document: Mapping[str, Any]) -> Figure:
    """Draw accuracy against steadiness, a panel for each task.

    Parameters
    ----------
    document : mapping
        The content of ``study.json``.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the study sets nothing against accuracy.
    """
    tasks = list(document["tasks"])
    width = COLUMN_INCHES if len(tasks) == 1 else PAGE_INCHES
    height = _AROUND_INCHES + column_inches(len(document["variants"]) + 1)
    figure = new_figure(width, _HEAD_INCHES + height * n_grid_rows(len(tasks), width, _PANEL_INCHES))
    panels = grid_axes(figure, len(tasks), _PANEL_INCHES)
    for ax, task in zip(panels, tasks, strict=True):
        plot_scatter(document, task, ax=ax)
        ax.set_title(textwrap.fill(f"{task}: {document['tasks'][task]}", _LINE_CHARACTERS))
    label_left_only(panels)
    head_figure(figure, headline(document))
    figure.draw_without_rendering()
    return figure
