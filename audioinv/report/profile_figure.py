"""The profile on one page: a row for each change, a column for each model, a bar for how much of it answers stand.

Conventions
-----------
Changes stand together by what a listener would want of them. A bar runs over the amounts that were tried, step by step,
from none at its left to the largest at its right: thick up to where 95 % of the clips keep their answer, thin up to
where half do; the number is the share that keeps it over the whole range. The colour is the verdict, which also stands
as a mark, so that it can be told without colours: ✓ as wished, ! too sensitive, ~ too invariant, nothing where not
judged. A mark in brackets is one that the interval leaves open.

What is here: `plot_profile` for one column, `profile_figure` for all.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..counts import count_text
from ..errors import InputError
from ..measure.endurance import Stood
from .figure_style import INK, QUIET, head_figure, new_axes, new_figure, styled
from .profile_results import Change, ChangeOfModel, ProfileResults
from .profile_text import change_name, size_text
from .wording import share_text, shown_name

__all__ = ["plot_profile", "profile_figure"]

_LOOKS = {
    "invariant as wished": ("#0072b2", "✓"),
    "changes as wished": ("#0072b2", "✓"),
    "too sensitive": ("#d55e00", "!"),
    "too invariant": ("#cc79a7", "~"),
    "not judged": (QUIET, ""),
    "undefined": (QUIET, "?"),
}
_WISHES = {
    "invariant": "the answer should stay",
    "change": "the answer should change",
    "unknown": "no wish",
}
_COLUMN_WIDTH, _NAMES_WIDTH, _ROW_HEIGHT = 1.55, 2.2, 0.22
_LEAST_WIDTH = 4.7
_TRACK, _LENGTH, _SHARE_AT, _MARK_AT = "#e8e8e8", 0.5, 0.77, 0.87


@styled
def plot_profile(results: ProfileResults, model: str, *, ax: Axes | None = None) -> Axes:
    """Draw what one model stands of every change.

    Parameters
    ----------
    results : ProfileResults
        With at least one change.
    model : str
        One of the results, or a reference.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the profile is of no such model.
    """
    names = [spec.name for spec in results.models]
    if model not in names:
        raise InputError(f"no model {model!r} in this profile; there are {', '.join(map(shown_name, names))}")
    rows = _rows_by_wish(results.changes)
    ax = new_axes(ax, *_inches(1, rows))
    for row, change in rows:
        _draw_bar(ax, row, change.models[model])
    reference = names.index(model) >= len(names) - results.n_references
    accuracy = results.accuracies[model].value
    right = "no labels" if accuracy != accuracy else f"{100 * accuracy:.0f} % right"
    title = "\n".join(textwrap.wrap(shown_name(model, 30), 19, break_long_words=True))
    ax.set_title(f"{title}\n{'reference' if reference else right}", color=QUIET if reference else INK)
    _name_rows(ax, rows)
    _strip(ax, rows)
    return ax


@styled
def profile_figure(results: ProfileResults) -> Figure:
    """Draw what every model stands of every change.

    Parameters
    ----------
    results : ProfileResults
        With at least one change.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_models = len(results.models)
    figure = new_figure(*_inches(n_models, _rows_by_wish(results.changes)))
    panels = figure.subplots(1, n_models, sharey=True, squeeze=False)[0]
    for ax, spec in zip(panels, results.models, strict=True):
        plot_profile(results, spec.name, ax=ax)
    head_figure(
        figure,
        f"What answers stand, and whether a listener would: {count_text(results.n_clips, 'clip')}\n"
        "number: clips that keep their answer over the whole range\nbar: up to where 95 % of them do, line: half",
    )
    handles = [
        Line2D([], [], color=colour, linewidth=4, label=f"{mark} {words}")
        for words, (colour, mark) in {
            "as wished": _LOOKS["invariant as wished"],
            "too sensitive": _LOOKS["too sensitive"],
            "too invariant": _LOOKS["too invariant"],
            "not judged": _LOOKS["not judged"],
        }.items()
    ]
    handles.append(Line2D([], [], linestyle="", label="(…) the interval leaves it open"))
    figure.legend(handles=handles, loc="outside lower left", ncols=3 if n_models > 1 else 2)
    return figure


def _inches(n_models: int, rows: Sequence[tuple[int, Change]]) -> tuple[float, float]:
    """Return width and height that columns of these rows take."""
    return max(_LEAST_WIDTH, _NAMES_WIDTH + _COLUMN_WIDTH * n_models), 1.6 + _ROW_HEIGHT * _lowest(rows)


def _lowest(rows: Sequence[tuple[int, Change]]) -> int:
    return max(row for row, _ in rows) + 1


def _draw_bar(ax: Axes, row: int, found: ChangeOfModel) -> None:
    """Draw what one model stands of one change."""
    endurance = found.endurance
    colour, mark = _LOOKS[found.verdict.kind]
    half, most = (_reach(endurance.tried, stood) for stood in reversed(endurance.stood))
    bar: dict[str, Any] = {"solid_capstyle": "butt", "clip_on": False}
    ax.plot([0, _LENGTH], [row, row], color=_TRACK, linewidth=6, zorder=1, **bar)
    ax.plot([0, half], [row, row], color=colour, linewidth=1.4, zorder=2, **bar)
    ax.plot([0, most], [row, row], color=colour, linewidth=6, zorder=3, **bar)
    share = endurance.at_limit.value
    ax.annotate(share_text(None if share != share else share), (_SHARE_AT, row), va="center", ha="right")
    shown = mark if found.verdict.clear or not mark else f"({mark})"
    ax.annotate(shown, (_MARK_AT, row), va="center", ha="center", color=colour, fontweight="bold")


def _reach(tried: np.ndarray, stood: Stood) -> float:
    """Return how far along the bar an amount lies: by steps, since amounts of different axes have no common scale."""
    if stood.amount != stood.amount:
        return 0.0
    return _LENGTH * float(np.searchsorted(tried, stood.amount * (1 - 1e-9))) / (len(tried) - 1)


def _rows_by_wish(changes: Sequence[Change]) -> list[tuple[int, Change]]:
    """Place changes below each other by what a listener wants of them, with a free row above each group."""
    rows: list[tuple[int, Change]] = []
    free = 0
    for wish in _WISHES:
        group = [change for change in changes if change.expectation.listener == wish]
        rows += enumerate(group, free + 1)
        free += len(group) + 1 if group else 0
    return rows


def _name_rows(ax: Axes, rows: Sequence[tuple[int, Change]]) -> None:
    """Name the changes, with their range, and the groups at the left."""
    names = {}
    for row, change in rows:
        grid = change.expectation.grid
        sign = "±" if grid.amounts[0] < 0 < grid.amounts[-1] else "to "
        limit = next(iter(change.models.values())).endurance.limit
        names[row] = f"{change_name(grid)} {sign}{size_text(limit, grid)}"
        names.setdefault(row - 1, _WISHES[change.expectation.listener])
    ax.set_yticks(list(names), list(names.values()))
    for tick, row in zip(ax.yaxis.get_major_ticks(), names, strict=True):
        tick.label1.set_fontweight("normal" if row in dict(rows) else "bold")


def _strip(ax: Axes, rows: Sequence[tuple[int, Change]]) -> None:
    """Leave nothing of an axis but its labels."""
    ax.set(xlim=(0, 1), ylim=(_lowest(rows) - 0.4, -0.6), xticks=[])
    ax.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
