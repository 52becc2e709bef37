"""What every chart of the page is made of: a Vega-Lite specification, a caption, a table, and the marks they share.

Conventions
-----------
Ink is the page's own (``currentColor``), light, dark or printed. Nothing is loaded: the data are part of the
specification. ``null`` is left blank.

What is here: `Chart`, `ChartRow`, `layered_spec`, `chart_svg`; marks `interval_rule`, `points`, `upright`,
`shares_axis`; `cut_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "HEIGHT",
    "INK",
    "QUIET",
    "SHARE",
    "Chart",
    "ChartRow",
    "chart_svg",
    "cut_rows",
    "interval_rule",
    "layered_spec",
    "points",
    "shares_axis",
    "upright",
]

INK, QUIET = "currentColor", "var(--quiet)"
SHARE = [0.0, 1.0]
HEIGHT = 190
_WIDTH = 330
_MAX_TABLE = 400
_CONFIG: dict[str, Any] = {
    "aria": False,
    "mark": {"aria": False},  # the figure around a chart says what it shows
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        "aria": False,
        "labelColor": INK,
        "titleColor": INK,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridColor": "var(--line)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 150,
        "labelFlush": False,
    },
    "legend": {"aria": False, "labelColor": INK, "labelFontSize": 11, "labelLimit": 220, "orient": "bottom"},
}


@dataclass(frozen=True)
class Chart:
    """A chart of the page.

    Parameters
    ----------
    key : str
        Tells it from the page's other figures.
    caption : str
        What it shows, as a finding.
    spec : mapping
        Of Vega-Lite.
    header : tuple of str
    rows : tuple of tuple of str
        The data as a table.
    """

    key: str
    caption: str
    spec: Mapping[str, Any]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ChartRow:
    """Charts of one kind side by side, an axis each."""

    title: str
    note: str
    charts: tuple[Chart, ...]


def layered_spec(
    layers: Sequence[Mapping[str, Any]], values: Sequence[Mapping[str, Any]], title: str, *, height: float = HEIGHT
) -> dict[str, Any]:
    """Lay marks over each other in the page's style.

    Parameters
    ----------
    layers : sequence of mapping
        Marks and encodings of Vega-Lite.
    values : sequence of mapping
        The data.
    title : str
    height : float, optional
        In pixels; the width is that of the page's column.

    Returns
    -------
    dict
        Valid by Vega-Lite's schema.
    """
    import altair

    spec = {
        "title": {"text": title, "anchor": "start", "color": INK, "fontSize": 12, "fontWeight": 600},
        "data": {"values": list(values)},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": list(layers),
        "config": _CONFIG,
    }
    checked: dict[str, Any] = altair.LayerChart.from_dict(spec).to_dict()
    return checked


def chart_svg(chart: Chart) -> str:
    """Draw a chart without a browser.

    Parameters
    ----------
    chart : Chart

    Returns
    -------
    str
        An ``svg`` element whose text is text.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg({**chart.spec, "width": _WIDTH})
    return svg


def shares_axis(title: str) -> dict[str, Any]:
    """Return an encoding of shares from 0 to 1.

    Parameters
    ----------
    title : str

    Returns
    -------
    dict
    """
    axis = {"values": [0, 0.2, 0.4, 0.6, 0.8, 1]}
    return {"type": "quantitative", "title": title, "scale": {"domain": SHARE}, "axis": axis}


def upright(place: float, dashes: Sequence[float]) -> dict[str, Any]:
    """Return an upright line through a chart.

    Parameters
    ----------
    place : float
    dashes : sequence of float

    Returns
    -------
    dict
    """
    return {"mark": {"type": "rule", "color": QUIET, "strokeDash": list(dashes)}, "encoding": {"x": {"datum": place}}}


def interval_rule(x: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """Return the intervals of points, from the fields ``low`` to ``high``.

    Parameters
    ----------
    x : mapping
        Encoding of the numbers.
    place : mapping
        The other encodings.

    Returns
    -------
    dict
    """
    encoding = {**place, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
    return {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": encoding}


def points(x: Mapping[str, Any], place: Mapping[str, Any], *told: str) -> dict[str, Any]:
    """Return points at the field ``value`` that name themselves when pointed at.

    Parameters
    ----------
    x, place : mapping
        As for `interval_rule`.
    *told : str
        Fields to name beside model, value and interval.

    Returns
    -------
    dict
    """
    tooltip = [{"field": name} for name in ("model", *told, "value", "low", "high")]
    encoding = {**place, "x": {**x, "field": "value"}, "tooltip": tooltip}
    return {"mark": {"type": "point", "filled": True, "size": 55, "opacity": 1}, "encoding": encoding}


def cut_rows(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Keep a table to a length that a page can carry, and say what is missing.

    Parameters
    ----------
    rows : sequence of tuple of str

    Returns
    -------
    tuple of tuple of str
    """
    if len(rows) <= _MAX_TABLE:
        return tuple(rows)
    left = (f"{len(rows) - _MAX_TABLE} more rows, in the files of the run", *[""] * (len(rows[0]) - 1))
    return (*rows[:_MAX_TABLE], left)
