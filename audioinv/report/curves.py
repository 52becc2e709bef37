"""Curves of consistency over shift, time and frequency side by side, further axes below.

Conventions
-----------
Every panel shows shares from 0 to 1 on the same scale, so that axes compare at a glance. The line is the share of
clips that keep the answer they get unshifted, the band its pointwise 95 % interval, both as they stand in the summary.
The thin dashed line is the accuracy, where there are labels. Along time, rules mark the grid of the model: the hop of
its front end as short ticks, the total stride of its network as dotted lines.

What is here: `plot_curve` on one axes; `curve_key`, what a legend needs; `curves_figure`; `scale_shifts`;
`band_note`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator, NullLocator, ScalarFormatter

from ..counts import count_text
from ..errors import InputError
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
from .selection import choose_axis, choose_models, swept_axes
from .text import interval
from .time_rules import TimeRule, time_rules
from .wording import axis_title, shift_label, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["band_note", "curve_key", "curves_figure", "plot_curve", "scale_shifts"]

FloatArray = npt.NDArray[np.float64]

_MAX_MARKERS = 24
_HOP_HEIGHT = 0.035
_DOTS = (0, (1, 2))
_LEGEND_CHARACTERS, _LEGEND_LINE_INCHES = 50, 0.17
_LABEL_CHARACTERS = 25
_GROWING = 20.0  # the largest step of a grid over its smallest, from which on small shifts lie on each other
_HEAD_INCHES, _ROW_INCHES = 0.4, 1.85
_MARGIN = 0.03
_BAND_ALPHA = 0.18
_ACCURACY: dict[str, Any] = {"linestyle": (0, (2.5, 1.5)), "linewidth": 0.9}


@styled
def plot_curve(
    results: Results, axis: str, *, models: str | Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw consistency, and accuracy where it is known, over the shifts of one axis.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}
    models : str or sequence of str, optional
        All if not given; those not swept along the axis are left out.
    ax : Axes, optional
        Of a new figure if not given. ``ax.legend(handles=curve_key(results))`` explains what is drawn.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If none of the models was swept along the axis, or two in different units.
    """
    names = _names_along(results, choose_models(results, models), axis)
    ax = new_axes(ax)
    ax.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    for name in names:
        _plot_model(ax, _summary(results, name, axis), _style(results, name), name)
    ax.margins(x=0.02)
    if axis == "time":
        for rule in time_rules(results, names):
            _draw_rule(ax, rule, _rule_colour(results, rule))
    ax.set_ylim(-_MARGIN, 1 + _MARGIN)
    ax.yaxis.set_major_locator(MultipleLocator(0.2))
    summary = _summary(results, names[0], axis)
    scale_shifts(ax, _values(summary["shifts"]))
    ax.set_xlabel(textwrap.fill(shift_label(axis, summary["unit"]), _LABEL_CHARACTERS))
    ax.set_ylabel("share of clips")
    mean = f"\nmean {interval(summary['consistency'])}" if len(names) == 1 else ""
    ax.set_title(f"{axis_title(axis)}{mean}")
    return ax


def scale_shifts(ax: Axes, shifts: npt.NDArray[np.floating]) -> None:
    """Spread amounts that grow by a factor, as those of noise do, so that the small ones do not lie on each other.

    Parameters
    ----------
    ax : Axes
    shifts : ndarray of shape (n_shifts,)
        Ascending, with 0 among them.
    """
    steps = np.diff(shifts)
    if len(steps) > 1 and steps.max() > _GROWING * steps.min():
        least = np.abs(shifts[shifts != 0]).min()
        ax.set_xscale("symlog", linthresh=least)
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlim(min(shifts[0], -0.05 * least), 1.1 * shifts[-1])


def _names_along(results: Results, names: Sequence[str], axis: str) -> list[str]:
    """Keep the models that were swept along an axis, and see that their shifts share a unit."""
    kept = [name for name in names if axis in results.responses[name].axes]
    if not kept:
        choose_axis(results.responses[names[0]], axis)
    units = {name: _summary(results, name, axis)["unit"] for name in kept}
    if len(set(units.values())) > 1:
        text = ", ".join(f"{name} in {unit}" for name, unit in units.items())
        raise InputError(f"along {axis} the models were swept in different units ({text}); draw them one at a time")
    return kept


def _summary(results: Results, name: str, axis: str) -> Mapping[str, Any]:
    summary: Mapping[str, Any] = results.document["models"][name]["axes"][axis]
    return summary


def _style(results: Results, name: str) -> ModelStyle:
    """Return the style of a model, which is the same in every figure of a run."""
    return model_style(list(results.responses).index(name))


def _values(numbers: Sequence[float | None]) -> FloatArray:
    """Turn a list of the summary into an array, None into nan."""
    return np.array(numbers, dtype=np.float64)


def _plot_model(ax: Axes, summary: Mapping[str, Any], style: ModelStyle, name: str) -> None:
    shifts = _values(summary["shifts"])
    low, high = (_values(summary[f"consistency_curve_{end}"]) for end in ("low", "high"))
    ax.fill_between(shifts, low, high, color=style.colour, alpha=_BAND_ALPHA, linewidth=0, zorder=2)
    every = -(-len(shifts) // _MAX_MARKERS)
    line = _line(style, name)
    line.set_data(shifts, _values(summary["consistency_curve"]))
    line.set(markevery=every, zorder=4)
    ax.add_line(line)
    ax.plot(shifts, _values(summary["accuracy_curve"]), color=style.colour, zorder=3, **_ACCURACY)
    ax.autoscale_view()


def _line(style: ModelStyle, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        color=style.colour,
        linestyle=style.dashes,
        linewidth=1.6,
        marker=style.marker,
        markersize=3,
        label=shown_name(label),
    )


def _draw_rule(ax: Axes, rule: TimeRule, colour: str) -> None:
    left, right = ax.get_xlim()
    height = _HOP_HEIGHT if rule.kind == "hop" else 1.0
    ax.vlines(
        [place for place in rule.places if left <= place <= right],
        0,
        height,
        transform=ax.get_xaxis_transform(),
        colors=colour,
        linestyles="solid" if rule.kind == "hop" else _DOTS,
        linewidth=0.8,
        zorder=1.5,
    )
    ax.set_xlim(left, right)


def band_note(results: Results, name: str) -> str:
    """Say what the band around the curves of a model is.

    Parameters
    ----------
    results : Results
    name : str

    Returns
    -------
    str
        With the number of groups or clips that were resampled.
    """
    sample = next(iter(results.document["models"][name]["axes"].values()))["consistency"]
    if sample["low"] is None:
        return "no interval: too few clips"
    count = sample["n_groups"] if sample["unit"] == "group" else sample["n"]
    return f"95 % interval at each shift, resampling {count_text(count, sample['unit'])}"


def curve_key(results: Results, *, models: str | Sequence[str] | None = None) -> list[Artist]:
    """Return what a legend of the curves shows, labelled.

    Parameters
    ----------
    results : Results
    models : str or sequence of str, optional

    Returns
    -------
    list of Artist
    """
    names = choose_models(results, models)
    alone = len(names) == 1
    colour = _style(results, names[0]).colour if alone else QUIET
    key: list[Artist] = [_line(_style(results, name), "same answer as unshifted" if alone else name) for name in names]
    key.append(Patch(color=colour, alpha=_BAND_ALPHA, linewidth=0, label=band_note(results, names[0])))
    if any(results.document["models"][name]["accuracy"]["value"] is not None for name in names):
        key.append(Line2D([], [], color=colour, label="accuracy", **_ACCURACY))
    timed = [name for name in names if "time" in results.responses[name].axes]
    return key + [_rule_key(rule, _rule_colour(results, rule)) for rule in time_rules(results, timed)]


def _rule_colour(results: Results, rule: TimeRule) -> str:
    """Return the colour of the one model that a rule belongs to, else grey."""
    return _style(results, rule.owners[0]).colour if len(rule.owners) == 1 else QUIET


def _rule_key(rule: TimeRule, colour: str) -> Line2D:
    label = textwrap.fill(rule.label, _LEGEND_CHARACTERS)
    if rule.kind == "hop":
        return Line2D([], [], color=colour, linestyle="none", marker="|", markersize=5, label=label)
    return Line2D([], [], color=colour, linestyle=_DOTS, linewidth=1.2, label=label)


@styled
def curves_figure(
    results: Results,
    *,
    axis: str | None = None,
    model: str | Sequence[str] | None = None,
    width_inches: float | None = None,
) -> Figure:
    """Draw the curves of all axes, in rows where there are many.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
        One panel only.
    model : str or sequence of str, optional
        All models if not given.
    width_inches : float, optional
        A column for one panel and a page for more if not given.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If a model or the axis is not among the results.
    """
    names = choose_models(results, model)
    axes = (axis,) if axis is not None else swept_axes(results.responses[name] for name in names)
    width = width_inches or (COLUMN_INCHES if len(axes) == 1 else PAGE_INCHES)
    handles = curve_key(results, models=names)
    n_columns = 1 if width < PAGE_INCHES else 2
    below = _LEGEND_LINE_INCHES * (_n_lines(handles) / n_columns + 1)
    figure = new_figure(width, _HEAD_INCHES + _ROW_INCHES * n_grid_rows(len(axes), width) + below)
    panels = grid_axes(figure, len(axes))
    for panel, shown in zip(panels, axes, strict=True):
        plot_curve(results, shown, models=names, ax=panel)
    label_left_only(panels)
    clips = count_text(len(results.responses[names[0]].clips), "clip")
    name = shown_name(names[0], 48) if len(names) == 1 else f"{len(names)} models"
    head_figure(figure, f"{name}: how often the answers to {clips} stay the same under shifts")
    figure.legend(handles=handles, loc="outside lower left", ncols=n_columns, handlelength=3.2)
    figure.draw_without_rendering()
    return figure


def _n_lines(handles: Sequence[Artist]) -> int:
    return sum(str(handle.get_label()).count("\n") + 1 for handle in handles)
