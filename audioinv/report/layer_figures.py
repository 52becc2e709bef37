"""Figure of the layers of a network: what stays, what moves along, time and frequency side by side.

Conventions
-----------
Layers stand from top to bottom in the order in which they are called, on the same rows in both panels. Errors are
relative and averaged over clips and shifts: of invariance to the map as it stood, of equivariance to the map moved by
the expected lag, at multiples of the layer's stride and, hollow, between them. The verdict is written beside, its
stride in steps of the input; bold where it holds to rounding.

What is here: `plot_layers` on one axes, `layers_figure`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..counts import count_text
from ..errors import InputError
from ..measure.layerwise.verdict import Verdict
from .figure_style import PAGE_INCHES, PAPER, QUIET, head_figure, model_style, new_axes, new_figure, styled
from .layer_results import AxisLayers, LayerResults
from .layer_text import layer_name, stride_note
from .wording import axis_title, shown_name

__all__ = ["layers_figure", "plot_layers"]

_ROW_INCHES = 0.19
_HEAD_INCHES = 1.4
_TEXT_SHARE = 0.48
"""Of a panel's width, for the verdicts."""
_LEAST_REACH = 0.1
_ROOM = 0.04
"""Beside the least and the largest error, as a share of the latter."""
_NAME_CHARACTERS = 26


@styled
def plot_layers(
    results: LayerResults,
    axis: str,
    *,
    layers: Sequence[str] | None = None,
    reach: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw errors of invariance and equivariance by layer, with the verdicts.

    Parameters
    ----------
    results : LayerResults
    axis : {"time", "freq", "bins"}
    layers : sequence of str, optional
        The rows, from top to bottom; those of the axis if not given. A layer that the shift does not pass is blank.
    reach : float, optional
        The largest error to make room for; that of the axis if not given.
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
        raise InputError(f"the layers were not shifted along axis {axis!r}; there are {', '.join(results.axes)}")
    found = results.axes[axis]
    named = {layer.lies.layer: layer for layer in found.layers}
    names = list(named) if layers is None else list(layers)
    ax = new_axes(ax, height_inches=_HEAD_INCHES + _ROW_INCHES * len(names))
    for kind, (colour, marker, filled) in _kinds().items():
        values = [getattr(named[name], kind) if name in named else np.nan for name in names]
        ax.plot(
            values,
            range(len(names)),
            color=colour,
            linewidth=0.8 if filled else 0,
            marker=marker,
            markersize=3.5,
            markerfacecolor=colour if filled else PAPER,
            zorder=3 if filled else 2,
        )
    reach = _reach(found) if reach is None else reach
    ax.set_xlim(-_ROOM * reach, reach / (1 - _TEXT_SHARE))
    ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= reach])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_yticks(range(len(names)), [_shown(results, name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    for row, name in enumerate(names):
        if name in named:
            _write_verdict(ax, named[name].verdict, (1 + 2 * _ROOM) * reach, row)
    ax.set_xlabel("relative error", loc="left")
    ax.set_title(_title(found))
    return ax


def _kinds() -> dict[str, tuple[str, str, bool]]:
    """Return colour, marker and filling of each error that is drawn."""
    stays, moves = model_style(0), model_style(1)
    return {
        "invariance_error": (stays.colour, stays.marker, True),
        "equivariance_error": (moves.colour, moves.marker, True),
        "equivariance_error_between": (moves.colour, moves.marker, False),
    }


def _reach(axis: AxisLayers) -> float:
    """Return the largest error of an axis that is drawn."""
    errors = [getattr(layer, kind) for layer in axis.layers for kind in _kinds()]
    return float(np.nanmax([*errors, _LEAST_REACH]))


def _shown(results: LayerResults, name: str) -> str:
    every = {layer.lies.layer: layer for axis in results.axes.values() for layer in axis.layers}
    return shown_name(layer_name(every[name], "network."), _NAME_CHARACTERS)


def _title(axis: AxisLayers) -> str:
    shifts = [shift for shift in axis.shifts if shift]
    return f"{axis_title(axis.axis)}: {shifts[0]:g} … {shifts[-1]:g} {axis.unit}{stride_note(axis)}"


def _write_verdict(ax: Axes, verdict: Verdict, x: float, row: int) -> None:
    text = verdict.kind
    if verdict.kind == "equivariant":
        text += f", {verdict.stride}"
    elif verdict.kind == "invariant" and not verdict.every_shift:
        text += f" at ×{verdict.stride}"
    ax.text(x, row, text, va="center_baseline", weight="bold" if verdict.exact else "normal")


@styled
def layers_figure(results: LayerResults) -> Figure:
    """Draw all axes of an analysis of layers side by side.

    Parameters
    ----------
    results : LayerResults

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If these are results of something else.
    """
    if not isinstance(results, LayerResults):
        raise InputError("the figure layers is drawn from what audioinv layers found, not from an analysis of answers")
    names = list(dict.fromkeys(layer.lies.layer for axis in results.axes.values() for layer in axis.layers))
    figure = new_figure(PAGE_INCHES, _HEAD_INCHES + _ROW_INCHES * len(names))
    panels = figure.subplots(1, len(results.axes), sharey=True, squeeze=False)[0]
    for axis, ax in zip(results.axes, panels, strict=True):
        plot_layers(results, axis, layers=names, reach=max(map(_reach, results.axes.values())), ax=ax)
        ax.label_outer(remove_inner_ticks=True)
        ax.set_xlabel("relative error", loc="left")
    head_figure(
        figure,
        f"{shown_name(results.spec.name)}: where invariance and equivariance are gained and lost, "
        f"{count_text(len(results.clips), 'clip')}\nverdict beside, with the stride; bold where it holds to rounding",
    )
    figure.legend(handles=_key(), loc="outside lower left", ncols=3)
    return figure


def _key() -> list[Artist]:
    texts = {
        "invariance_error": "invariance error",
        "equivariance_error": "equivariance error at multiples of the stride",
        "equivariance_error_between": "and between them",
    }
    return [
        Line2D(
            [],
            [],
            color=colour,
            marker=marker,
            markersize=3.5,
            markerfacecolor=colour if filled else PAPER,
            linewidth=0.8 if filled else 0,
            label=texts[kind],
        )
        for kind, (colour, marker, filled) in _kinds().items()
    ]
