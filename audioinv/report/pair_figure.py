"""Pairs of changes as heat maps: a row for each pair, a column for each model.

Conventions
-----------
Colour is the share of clips that keep their answer up to both amounts. Amounts stand in steps, as they were tried,
since those of many axes have no common scale. The solid line goes around the pairs that half of the clips stand, the
dashed one around those that 95 % do; both run along the borders of cells. Left column and bottom row are one change
alone.

What is here: `plot_pair` on one axes, `pairs_figure` for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from ..counts import count_text
from ..errors import InputError
from ..sound.grid import ShiftGrid
from .figure_style import INK, PAPER, head_figure, label_left_only, new_axes, new_figure, styled
from .pair_results import PairOfChanges, PairResults
from .profile_text import change_name, size_text
from .wording import shown_name

__all__ = ["pairs_figure", "plot_pair"]

_PANEL_WIDTH, _PANEL_HEIGHT, _ROOM = 2.6, 2.3, 1.0
_LEAST_WIDTH = 4.6
_MOST_TICKS = 7
_LINES: dict[float, dict[str, Any]] = {0.5: {"linestyle": "solid"}, 0.95: {"linestyle": (0, (3, 1.5))}}


@styled
def plot_pair(pair: PairOfChanges, model: str, *, ax: Axes | None = None) -> Axes:
    """Draw what one model stands of one pair, the first change along the abscissa.

    Parameters
    ----------
    pair : PairOfChanges
        One of those of `PairResults`.
    model : str
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes
        ``ax.figure.colorbar(ax.collections[0], ax=ax)`` adds the scale.

    Raises
    ------
    InputError
        If the pair was not tried with such a model.
    """
    if model not in pair.models:
        known = ", ".join(map(shown_name, pair.models))
        raise InputError(f"no model {model!r} in this profile of pairs; there are {known}")
    found = pair.models[model]
    ax = new_axes(ax)
    x, y = (np.arange(n + 1) - 0.5 for n in found.standing.value.shape)
    ax.pcolormesh(x, y, found.standing.value.T, cmap="viridis", vmin=0, vmax=1, rasterized=True)
    for share, style in _LINES.items():
        _outline(ax, found.standing.value >= share - 1e-9, style)
    _label(ax, "x", found.first, pair.first)
    _label(ax, "y", found.second, pair.second)
    ax.spines[:].set_visible(False)
    ax.set_title(shown_name(model, 30))
    return ax


@styled
def pairs_figure(results: PairResults) -> Figure:
    """Draw what every model stands of every pair.

    Parameters
    ----------
    results : PairResults
        With at least one pair.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shape = (len(results.pairs), len(results.models))
    width = max(_LEAST_WIDTH, _ROOM + _PANEL_WIDTH * shape[1])
    figure = new_figure(width, _ROOM + _PANEL_HEIGHT * shape[0])
    panels = figure.subplots(*shape, squeeze=False)
    for row, pair in zip(panels, results.pairs, strict=True):
        for ax, spec in zip(row, results.models, strict=True):
            plot_pair(pair, spec.name, ax=ax)
    label_left_only(panels.flat)
    (mesh,) = panels[0, 0].collections
    bar = figure.colorbar(mesh, ax=panels, label="share of clips", aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    head_figure(figure, f"Clips that keep their answer up to both amounts: {count_text(results.n_clips, 'clip')}")
    halo = [withStroke(linewidth=2.6, foreground=PAPER)]
    handles = [
        Line2D([], [], color=INK, label=f"{100 * share:.0f} % stand what lies within", path_effects=halo, **style)
        for share, style in _LINES.items()
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=2)
    return figure


def _outline(ax: Axes, inside: npt.NDArray[np.bool_], style: dict[str, Any]) -> None:
    """Draw the border between the pairs that enough clips stand and the others."""
    n_inside = inside.sum(axis=1)  # of the second change beside each size of the first, as shares only fall
    n_columns = int((n_inside > 0).sum())
    if not n_columns or inside.all():
        return
    x = np.repeat(np.arange(n_columns + 1) - 0.5, 2)[1:]
    y = np.repeat(n_inside[:n_columns] - 0.5, 2)
    ends = y[-1] if n_columns == len(n_inside) else -0.5  # at the border of the map, or down to its bottom
    (line,) = ax.plot(x, [*y, ends], color=INK, linewidth=1.2, clip_on=False, **style)
    line.set_path_effects([withStroke(linewidth=2.6, foreground=PAPER)])


def _label(ax: Axes, which: str, sizes: npt.NDArray[np.float64], grid: ShiftGrid) -> None:
    step = -(-len(sizes) // _MOST_TICKS)
    places = np.arange(0, len(sizes), step)
    texts = [size_text(float(sizes[place]), grid) for place in places]
    if which == "x":
        ax.set_xticks(places, texts, rotation=35, ha="right", rotation_mode="anchor")
        ax.set_xlabel(change_name(grid))
    else:
        ax.set_yticks(places, texts)
        ax.set_ylabel(change_name(grid))
    ax.tick_params(length=0)
