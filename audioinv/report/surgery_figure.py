"""What surgery buys and what it costs: change of consistency against change of accuracy, variant by variant.

Conventions
-----------
One panel an axis. The model as it was lies where the two lines cross: right of it answers are steadier, below it fewer
are right. Bars are 95 % intervals of paired differences. Where no clip is labelled, the share of answers that are still
the model's own stands in for accuracy. Variants are told apart by colour and marker, named once, with what they cost.

What is here: `plot_surgery` on one axes, `surgery_figure` for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..errors import InputError
from .figure_style import (
    PAGE_INCHES,
    QUIET,
    ModelStyle,
    head_figure,
    label_left_only,
    model_style,
    new_axes,
    new_figure,
    styled,
)
from .surgery_text import surgery_headline
from .wording import axis_title, range_text, shown_name

__all__ = ["plot_surgery", "surgery_figure"]

_HEIGHT_INCHES, _LEGEND_INCHES = 2.9, 0.18
_Measure: TypeAlias = Mapping[str, Any]
_ROOM = 0.08  # beside what is farthest


@styled
def plot_surgery(document: Mapping[str, Any], axis: str, *, ax: Axes | None = None) -> Axes:
    """Draw what came of surgery along one axis.

    Parameters
    ----------
    document : mapping
        The content of ``surgery.json``.
    axis : str
        One that was swept.
    ax : Axes, optional
        Of a new figure if not given.

    Returns
    -------
    Axes
        Its marks are labelled with the names and costs of the variants, for a legend.

    Raises
    ------
    InputError
        If the axis was not swept.
    """
    if axis not in document["axes"]:
        raise InputError(f"surgery was not tried along axis {axis!r}; there are {', '.join(document['axes'])}")
    ax = new_axes(ax)
    for cross in (ax.axhline, ax.axvline):
        cross(0, color=QUIET, linewidth=0.8, alpha=0.6, zorder=1)
    labelled = _labelled(document["variants"])
    for place, variant in enumerate(document["variants"]):
        y = _found(variant, "") if labelled else _change(variant["same_as_original"])
        _draw_variant(ax, variant, model_style(place), _found(variant, axis), y)
    ax.margins(_ROOM)
    for side in (ax.xaxis, ax.yaxis):
        side.set_major_locator(MaxNLocator(5))
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.2g}".replace("-", "−") if value else "0"))
    ax.set_title(f"{axis_title(axis)} {range_text(document['axes'][axis])}")
    ax.set(xlabel="change of consistency", ylabel=f"change of {'accuracy' if labelled else 'answers, unshifted'}")
    return ax


@styled
def surgery_figure(document: Mapping[str, Any]) -> Figure:
    """Draw what came of surgery.

    Parameters
    ----------
    document : mapping
        The content of ``surgery.json``.

    Returns
    -------
    Figure
    """
    axes, n_lines = list(document["axes"]), (len(document["variants"]) + 1) // 2
    figure = new_figure(PAGE_INCHES, _HEIGHT_INCHES + _LEGEND_INCHES * n_lines)
    panels = figure.subplots(1, len(axes), sharex=True, sharey=True, squeeze=False)[0]
    for ax, axis in zip(panels, axes, strict=True):
        plot_surgery(document, axis, ax=ax)
    label_left_only(panels)
    figure.legend(handles=panels[0].get_legend_handles_labels()[0], loc="outside lower left", ncols=2)
    head_figure(figure, f"{shown_name(document['model'])} after surgery: {surgery_headline(document)}")
    return figure


def _labelled(variants: Sequence[Mapping[str, Any]]) -> bool:
    return all(_found(variant, "")["value"] is not None for variant in variants)


def _found(variant: Mapping[str, Any], axis: str) -> _Measure:
    found: _Measure = next(one["difference"] for one in variant["differences"] if one["axis"] == axis)
    return found


def _name(variant: Mapping[str, Any]) -> str:
    ratio = variant["multiply_adds_ratio"]
    cost = "" if ratio is None else f"× {ratio:.3g} multiply-adds, "
    return f"{variant['name']} ({cost}× {variant['time_ratio']['value']:.3g} time)"


def _draw_variant(ax: Axes, variant: Mapping[str, Any], style: ModelStyle, x: _Measure, y: _Measure) -> None:
    """Draw a mark with its intervals; where either is undefined, one that only a legend shows."""
    known = x["value"] is not None and y["value"] is not None
    point = [[x["value"]], [y["value"]]] if known else [[], []]
    ax.plot(*point, style.marker, color=style.colour, markersize=6, zorder=3, label=_name(variant))
    if known:
        line: dict[str, Any] = {"color": style.colour, "linewidth": 1.1, "alpha": 0.7, "solid_capstyle": "butt"}
        ax.plot(_ends(x), point[1] * 2, **line)
        ax.plot(point[0] * 2, _ends(y), **line)


def _change(share: _Measure) -> _Measure:
    """Return how many answers changed, as a number below 0."""
    return {end: None if share[end] is None else share[end] - 1 for end in ("value", "low", "high")}


def _ends(measure: _Measure) -> list[float]:
    return [measure["value"] if measure[end] is None else measure[end] for end in ("low", "high")]
