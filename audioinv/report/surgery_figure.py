"""What surgery buys and what it costs: change of consistency against change of accuracy, variant by variant.

Conventions
-----------
One panel an axis. The model as it was lies where the two lines cross: right of it answers are steadier, below it fewer
are right. Bars are 95 % intervals of paired differences. Where no clip is labelled, the share of answers that are still
the model's own stands in for accuracy. Variants are told apart by colour and marker, named once, with what they cost.

What is here: `surgery_figure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .figure_style import PAGE_INCHES, QUIET, ModelStyle, head_figure, model_style, new_figure, styled
from .surgery_text import surgery_headline
from .wording import axis_title, range_text, shown_name

__all__ = ["surgery_figure"]

_HEIGHT_INCHES, _LEGEND_INCHES = 2.9, 0.18
_ROOM = 0.08  # beside what is farthest


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
    variants = document["variants"]
    styles = [model_style(place) for place in range(len(variants))]
    figure = new_figure(PAGE_INCHES, _HEIGHT_INCHES + _LEGEND_INCHES * ((len(variants) + 1) // 2))
    panels = figure.subplots(1, len(document["axes"]), sharex=True, sharey=True, squeeze=False)[0]
    for ax, axis in zip(panels, document["axes"], strict=True):
        _draw_axis(ax, variants, styles, axis)
        ax.set_title(f"{axis_title(axis)} {range_text(document['axes'][axis])}")
        ax.set_xlabel("change of consistency")
    panels[0].set_ylabel("change of accuracy" if _labelled(variants) else "change of answers, unshifted")
    handles = [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle="", label=_name(variant))
        for variant, style in zip(variants, styles, strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=2)
    head_figure(figure, f"{shown_name(document['model'])} after surgery: {surgery_headline(document)}")
    return figure


def _labelled(variants: Sequence[Mapping[str, Any]]) -> bool:
    return all(_found(variant, "")["value"] is not None for variant in variants)


def _found(variant: Mapping[str, Any], axis: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one["difference"] for one in variant["differences"] if one["axis"] == axis)
    return found


def _name(variant: Mapping[str, Any]) -> str:
    ratio = variant["multiply_adds_ratio"]
    cost = "" if ratio is None else f"× {ratio:.3g} multiply-adds, "
    return f"{variant['name']} ({cost}× {variant['time_ratio']['value']:.3g} time)"


def _draw_axis(ax: Axes, variants: Sequence[Mapping[str, Any]], styles: Sequence[ModelStyle], axis: str) -> None:
    for cross in (ax.axhline, ax.axvline):
        cross(0, color=QUIET, linewidth=0.8, alpha=0.6, zorder=1)
    labelled = _labelled(variants)
    for variant, style in zip(variants, styles, strict=True):
        x, y = _found(variant, axis), _found(variant, "") if labelled else _change(variant["same_as_original"])
        if x["value"] is None or y["value"] is None:
            continue
        line: dict[str, Any] = {"color": style.colour, "linewidth": 1.1, "alpha": 0.7, "solid_capstyle": "butt"}
        ax.plot(_ends(x), [y["value"]] * 2, **line)
        ax.plot([x["value"]] * 2, _ends(y), **line)
        ax.plot(x["value"], y["value"], style.marker, color=style.colour, markersize=6, zorder=3)
    ax.margins(_ROOM)
    for side in (ax.xaxis, ax.yaxis):
        side.set_major_locator(MaxNLocator(5))
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.2g}".replace("-", "−") if value else "0"))


def _change(share: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many answers changed, as a number below 0."""
    return {end: None if share[end] is None else share[end] - 1 for end in ("value", "low", "high")}


def _ends(measure: Mapping[str, Any]) -> list[float]:
    return [measure["value"] if measure[end] is None else measure[end] for end in ("low", "high")]
