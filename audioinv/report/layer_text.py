"""What an analysis of layers found, in words and a table.

Conventions
-----------
A dash is a number that is undefined; 0 is exactly 0. Errors and ratios have three digits after the point, or stand as
a power of ten where these would all be 0. The equivariance error is that at multiples of the stride, "between" that at
other shifts, "best lag" the least that any lag gives. A stride with a question mark was not confirmed by the lag of the
map.

What is here: `layer_lines`, `layer_cautions`, `layer_name`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..measure.layerwise.layers import LayerSummary
from .layer_results import AxisLayers, LayerResults
from .wording import axis_title, count_text

__all__ = ["layer_cautions", "layer_lines", "layer_name"]

_HEADINGS = ("layer", "map", "stride", "invar. error", "equiv. error", "between", "best lag", "NV", "verdict")
_LEFT = (0, 1, 8)
_MOSTLY_DEAD = 0.5


def layer_name(layer: LayerSummary, prefix: str = "") -> str:
    """Name a layer, with its class where the name ends in a mere number.

    Parameters
    ----------
    layer : LayerSummary
    prefix : str, default ""
        That all layers share, to be left out.

    Returns
    -------
    str
    """
    name = layer.lies.layer.removeprefix(prefix)
    return f"{name} {layer.lies.kind}" if name.split(" ")[0].split(".")[-1].isdigit() else name


def layer_lines(results: LayerResults) -> Iterator[str]:
    """Say what was found, a line a layer for each axis, and what to be careful with.

    Parameters
    ----------
    results : LayerResults

    Yields
    ------
    str
    """
    for axis in results.axes.values():
        yield axis_heading(results, axis)
        rows = [_HEADINGS, *(_row(layer) for layer in axis.layers)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [
                cell.ljust(width) if place in _LEFT else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            yield "  ".join(cells).rstrip()
        yield ""
    for caution in layer_cautions(results):
        yield f"! {caution}"


def axis_heading(results: LayerResults, axis: AxisLayers) -> str:
    """Say what was shifted, by how much, and over how many clips.

    Parameters
    ----------
    results : LayerResults
    axis : AxisLayers

    Returns
    -------
    str
    """
    shifts = [shift for shift in axis.shifts if shift]
    amounts = f"{shifts[0]:g} … {shifts[-1]:g} {axis.unit}" if len(shifts) > 1 else f"{shifts[0]:g} {axis.unit}"
    edges = f", edges {results.run['config']['edges']}" if axis.axis == "time" else ""
    return (
        f"{axis_title(axis.axis)}: {count_text(len(shifts), 'shift')}, {amounts}{edges}; "
        f"{count_text(len(results.clips), 'clip')}{stride_note(axis)}"
    )


def stride_note(axis: AxisLayers) -> str:
    """Say what strides are counted in; nothing where no map moves along.

    Parameters
    ----------
    axis : AxisLayers

    Returns
    -------
    str
    """
    return "" if axis.axis == "freq" else f"; strides in {'samples' if axis.axis == 'time' else 'bins'}"


def _row(layer: LayerSummary) -> tuple[str, ...]:
    lies = layer.lies
    return (
        layer_name(layer),
        "×".join(map(str, lies.shape)),
        "–" if lies.place is None else f"{lies.stride}{'' if lies.confirmed else '?'}",
        _number(layer.invariance_error),
        _number(layer.equivariance_error),
        _number(layer.equivariance_error_between),
        _number(layer.best_lag_error),
        _number(layer.nv),
        str(layer.verdict),
    )


def _number(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:.3f}" if value >= 0.0005 else f"{value:.0e}" if value else "0"


def layer_cautions(results: LayerResults) -> list[str]:
    """Warn of what is undefined, not confirmed, or easily misread.

    Parameters
    ----------
    results : LayerResults

    Returns
    -------
    list of str
        One sentence each.
    """
    return [caution for axis in results.axes.values() for caution in _cautions(axis)]


def _cautions(axis: AxisLayers) -> Iterator[str]:
    def named(layers: list[LayerSummary]) -> str:
        return ", ".join(layer.lies.layer for layer in layers)

    mapped = [layer for layer in axis.layers if layer.lies.place is not None]
    cases = {
        "no unit that was followed tells two clips apart": [
            layer for layer in axis.layers if layer.verdict.kind == "dead"
        ],
        "the same input twice, or rounding, moves the layer by more than the tolerance, so nothing can be decided": [
            layer for layer in axis.layers if layer.verdict.kind == "undecided"
        ],
        "more than half of the followed units are dead": [
            layer for layer in axis.layers if _MOSTLY_DEAD * layer.n_units < layer.n_dead < layer.n_units
        ],
        "the stride follows from the size of the map, but its lag does not confirm it": [
            layer for layer in mapped if not layer.lies.confirmed
        ],
        "the border reaches every step, so the whole map is compared, wrapped around": [
            layer for layer in mapped if layer.lies.inner is None
        ],
        "the shifts leave no step clear of the border, so equivariance is undefined; give smaller ones": [
            layer for layer in mapped if layer.nvse != layer.nvse and layer.verdict.kind != "dead"
        ],
    }
    for text, layers in cases.items():
        if layers:
            yield f"{axis_title(axis.axis)}: {named(layers)}: {text}"
