"""What an analysis of layers found, in words and a table.

Conventions
-----------
A dash is a number that is undefined; 0 is exactly 0. Errors and ratios have three digits after the point, or stand as
a power of ten where these would all be 0. The equivariance error is that at multiples of the stride, "between" that at
other shifts, "best lag" the least that any lag gives. A stride with a question mark was not confirmed by the lag of the
map.

What is here: `layer_lines`, `layer_cells` under `LAYER_HEADINGS`, `axis_heading`, `layer_cautions`, `layer_name`;
`table_lines`, `amounts_text`, `number_text` and `with_kind`, for tables alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..counts import count_text
from ..measure.layerwise.layers import LayerSummary
from .layer_results import AxisLayers, LayerResults
from .wording import axis_title

__all__ = [
    "LAYER_HEADINGS",
    "amounts_text",
    "axis_heading",
    "layer_cautions",
    "layer_cells",
    "layer_lines",
    "layer_name",
    "number_text",
    "table_lines",
    "with_kind",
]

LAYER_HEADINGS = ("layer", "map", "stride", "invar. error", "equiv. error", "between", "best lag", "NV", "verdict")
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
    return with_kind(layer.lies.layer.removeprefix(prefix), layer.lies.kind)


def with_kind(name: str, kind: str) -> str:
    """Name a module, with its class where the name ends in a mere number.

    Parameters
    ----------
    name, kind : str

    Returns
    -------
    str

    Examples
    --------
    >>> with_kind("stages.3", "MaxPool2d"), with_kind("head.linear", "Linear")
    ('stages.3 MaxPool2d', 'head.linear')
    """
    return f"{name} {kind}" if name.split(" ")[0].split(".")[-1].isdigit() else name


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
        yield from table_lines([LAYER_HEADINGS, *(layer_cells(layer) for layer in axis.layers)], _LEFT)
        yield ""
    for caution in layer_cautions(results):
        yield f"! {caution}"


def table_lines(rows: Sequence[Sequence[str]], left: Collection[int]) -> Iterator[str]:
    """Set cells in columns.

    Parameters
    ----------
    rows : sequence of sequences of str
    left : collection of int
        Columns that begin at the same place; the others end at one.

    Yields
    ------
    str
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def amounts_text(shifts: Sequence[float], unit: str) -> str:
    """Say how many shifts there were, and from where to where.

    Parameters
    ----------
    shifts : sequence of float
        Ascending, with 0 among them.
    unit : str

    Returns
    -------
    str
    """
    moved = [shift for shift in shifts if shift]
    amounts = f"{moved[0]:g} … {moved[-1]:g} {unit}" if len(moved) > 1 else f"{moved[0]:g} {unit}"
    return f"{count_text(len(moved), 'shift')}, {amounts}"


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
    edges = f", edges {results.run['config']['edges']}" if axis.axis == "time" else ""
    return (
        f"{axis_title(axis.axis)}: {amounts_text(axis.shifts, axis.unit)}{edges}; "
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


def layer_cells(layer: LayerSummary) -> tuple[str, ...]:
    """Write a layer as a row under `LAYER_HEADINGS`.

    Parameters
    ----------
    layer : LayerSummary

    Returns
    -------
    tuple of str
    """
    lies = layer.lies
    return (
        layer_name(layer),
        "×".join(map(str, lies.shape)),
        "–" if lies.place is None else f"{lies.stride}{'' if lies.confirmed else '?'}",
        number_text(layer.invariance_error),
        number_text(layer.equivariance_error),
        number_text(layer.equivariance_error_between),
        number_text(layer.best_lag_error),
        number_text(layer.nv),
        str(layer.verdict),
    )


def number_text(value: float) -> str:
    """Write a number as the tables do.

    Parameters
    ----------
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> number_text(0.25), number_text(2e-7), number_text(0.0), number_text(float("nan"))
    ('0.250', '2e-07', '0', '–')
    """
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
