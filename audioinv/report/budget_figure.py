"""Figure of an error budget: what each stage makes of the answer, one panel a kind of shift.

Conventions
-----------
Stages stand from top to bottom in the order in which sound passes them, one panel a kind of shift. A bar is the mean
change of the scores that a stage makes, with its interval; the dashed line is the whole change, of which the share is
written beside. The stage that makes most is dark.

What is here: `plot_budget` on one axes, `budget_figure`.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..counts import count_text
from ..errors import InputError
from .budget_results import AxisBudget, BudgetResults
from .budget_text import percent_text, stage_name, verdict_line
from .figure_style import INK, PAGE_INCHES, QUIET, head_figure, model_style, new_axes, new_figure, styled
from .layer_text import amounts_text
from .wording import axis_title, shown_name

__all__ = ["budget_figure", "plot_budget"]

_ROW_INCHES = 0.19
_HEAD_INCHES = 1.2
_BAR = 0.62
_TEXT_ROOM = 1.25
"""Beyond the largest change, for the shares."""
_NAME_CHARACTERS = 28
_FAINT = 0.45


@styled
def plot_budget(results: BudgetResults, axis: str, *, ax: Axes | None = None) -> Axes:
    """Draw what each stage makes of the answer under one kind of shift.

    Parameters
    ----------
    results : BudgetResults
    axis : {"time", "bins", "pitch"}
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If nothing was shifted along the axis.
    """
    if axis not in results.axes:
        raise InputError(f"there is no budget of axis {axis!r}; there are {', '.join(results.axes)}")
    found = results.axes[axis]
    stages = found.summary.stages
    ax = new_axes(ax, height_inches=_HEAD_INCHES + _ROW_INCHES * len(stages))
    values = np.array([stage.change.value for stage in stages])
    ends = np.array([[stage.change.low, stage.change.high] for stage in stages])
    colour = model_style(0).colour
    bars = ax.barh(range(len(stages)), values, height=_BAR, color=colour)
    for bar, stage in zip(bars, stages, strict=True):
        bar.set_alpha(1.0 if stage.stage.name == found.summary.culprit else _FAINT)
    ax.hlines(range(len(stages)), ends[:, 0], ends[:, 1], color=INK, linewidth=0.8)
    whole = found.summary.total.value
    ax.axvline(whole, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    reach = float(np.nanmax([*values, *ends[:, 1], whole])) or 1.0
    for row, stage in enumerate(stages):
        if stage.change.value > 0.001 * reach:
            place = float(np.nanmax([stage.change.value, stage.change.high])) + 0.015 * reach
            ax.text(place, row, percent_text(stage.share.value), va="center_baseline", color=INK)
    ax.set_xlim(0, _TEXT_ROOM * reach)
    ax.set_ylim(len(stages) - 0.4, -0.6)
    names = [stage_name(stage, "network.") for stage in stages]
    ax.set_yticks(range(len(stages)), [shown_name(name, _NAME_CHARACTERS) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.set_title(_title(found))
    ax.set_xlabel("change of the scores that a stage makes", loc="left")
    return ax


def _title(axis: AxisBudget) -> str:
    verdict = verdict_line(axis.summary).replace("network.", "")
    return f"{axis_title(axis.axis)}: {amounts_text(axis.shifts, axis.unit)}\n{verdict}"


@styled
def budget_figure(results: BudgetResults) -> Figure:
    """Draw all axes of an error budget, one below the other.

    Parameters
    ----------
    results : BudgetResults

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If these are results of something else.
    """
    if not isinstance(results, BudgetResults):
        raise InputError("the figure budget is drawn from what audioinv layers --budget found")
    heights = [_HEAD_INCHES + _ROW_INCHES * len(axis.summary.stages) for axis in results.axes.values()]
    figure = new_figure(PAGE_INCHES, sum(heights) + 0.4)
    panels = figure.subplots(len(results.axes), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, ax in zip(results.axes, panels, strict=True):
        plot_budget(results, axis, ax=ax)
        ax.set_xlabel("")
    head_figure(
        figure,
        f"{shown_name(results.spec.name)}: which stage makes the answers change, "
        f"{count_text(len(results.clips), 'clip')}\nchange of the scores that each stage makes, its share beside; "
        "dashed: the whole change",
    )
    return figure
