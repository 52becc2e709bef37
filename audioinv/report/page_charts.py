"""Charts of the page: Vega-Lite specifications, each with its finding as caption and its data as a table.

Conventions
-----------
A chart shows one axis, all models on it, so that charts of several axes stand side by side. Numbers are those of the
summary, untouched; ``null`` is left blank. A model keeps its colour, dashes and mark through the whole page. Ink is the
page's own (``currentColor``), light, dark or printed. Nothing is loaded: the data are part of the specification.

What is here: `Chart`, `ChartRow`, `chart_rows`, `chart_svg`, `layered_spec`; `KeyEntry`, `model_key`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .chart_findings import contrast_finding, flips_finding, standing_finding, varied_finding
from .findings import curve_finding
from .selection import swept_axes
from .text import amount, interval
from .time_rules import TimeRule, time_rules
from .wording import axis_title, shift_label, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["Chart", "ChartRow", "KeyEntry", "chart_rows", "chart_svg", "layered_spec", "model_key"]

_INK, _QUIET, _LINE = "currentColor", "var(--quiet)", "var(--line)"
_WIDTH, _HEIGHT, _ROW_HEIGHT = 330, 190, 15
_SHARE = [0.0, 1.0]
_MARKS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
_BLACK = "#000000"
_CONFIG: dict[str, Any] = {
    "aria": False,
    "mark": {"aria": False},  # the figure around a chart says what it shows
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        "aria": False,
        "labelColor": _INK,
        "titleColor": _INK,
        "domainColor": _QUIET,
        "tickColor": _QUIET,
        "gridColor": _LINE,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 150,
        "labelFlush": False,
    },
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


@dataclass(frozen=True)
class KeyEntry:
    """How one model is told from the others on the page."""

    name: str
    colour: str
    dashes: str


_Summaries = Mapping[str, Mapping[str, Any]]


def chart_rows(results: Results) -> list[ChartRow]:
    """Gather the charts of a run, time against frequency side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of ChartRow
        Rows without a chart are left out.
    """
    panels = _panels(results)
    rows = [
        ChartRow(title, note, tuple(draw(results, *panel) for panel in panels if _has(panel[2], needed)))
        for title, note, needed, draw in _KINDS
    ]
    return [row for row in rows if row.charts]


def _panels(results: Results) -> list[tuple[str, str, _Summaries]]:
    """Return axis, unit and the summaries by model; models swept in different units cannot share a panel."""
    panels: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for axis in swept_axes(results.responses.values()):
        for name, model in results.document["models"].items():
            if axis in model["axes"]:
                panels.setdefault((axis, model["axes"][axis]["unit"]), {})[name] = model["axes"][axis]
    return [(axis, unit, summaries) for (axis, unit), summaries in panels.items()]


def _has(summaries: _Summaries, needed: Callable[[Mapping[str, Any]], Any]) -> bool:
    return any(needed(summary) for summary in summaries.values())


def _contrast(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    """Draw the mean of each model with its interval; the references beside them where they ran."""
    told = {name: summary["consistency"] for name, summary in summaries.items()}
    values = [{"model": shown_name(name), **_bounds(estimate)} for name, estimate in told.items()]
    references = _references(results, axis)
    values += [{"model": name, "value": value} for name, value in references.items()]
    places = {"field": "model", "type": "nominal", "sort": None, "title": None}
    x = _share_axis("share of answers that stay")
    layers = [
        _rule(x, {"y": places, "color": _colour(results)}),
        _points(x, {"y": places, "color": _colour(results), "shape": _shape(results)}),
    ]
    key = f"contrast-{axis}-{unit}"
    rows = [(name, interval(estimate), str(estimate["n"])) for name, estimate in told.items()]
    rows += [(name, f"{value:.2f}", "–") for name, value in references.items()]
    spec = layered_spec(layers, values, axis_title(axis), height=max(60, _ROW_HEIGHT * 2 * len(values)))
    return Chart(
        key, contrast_finding(axis, summaries), spec, ("model", "answers that stay [95 %]", "clips"), _cut(rows)
    )


def _references(results: Results, axis: str) -> dict[str, float]:
    """Return what the references of the first model that has them keep, under the delays they were tried on."""
    if axis != "time":
        return {}
    found = next(
        (model["references"] for model in results.document["models"].values() if model.get("references")), None
    )
    models = {} if found is None else found["models"]
    return {
        f"({name.replace('_', ' ')})": one["consistency"]["value"] for name, one in models.items() if name != _ITSELF
    }


def _curves(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = [
        {"model": shown_name(name), "shift": shift, "value": value, "low": low, "high": high, "accuracy": accuracy}
        for name, summary in summaries.items()
        for shift, value, low, high, accuracy in zip(
            summary["shifts"],
            *(summary[f"consistency_curve{end}"] for end in ("", "_low", "_high")),
            summary["accuracy_curve"],
            strict=True,
        )
    ]
    x = {"field": "shift", "type": "quantitative", "title": shift_label(axis, unit), "axis": {"grid": False}}
    y = {"type": "quantitative", "title": "share of clips", "scale": {"domain": _SHARE}}
    colour = _colour(results)
    strides = [rule for rule in time_rules(results, list(summaries)) if rule.kind != "hop"] if axis == "time" else []
    layers = [
        *(_upright(place, [1, 3]) for rule in strides for place in rule.places),
        _upright(0, [1, 0]),
        {
            "mark": {"type": "area", "opacity": 0.18},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "fill": colour, "detail": _MODEL},
        },
        {
            "mark": {"type": "line", "strokeWidth": 1, "strokeDash": [3, 2]},
            "encoding": {"x": x, "y": {**y, "field": "accuracy"}, "color": colour, "detail": _MODEL},
        },
        {
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {"x": x, "y": {**y, "field": "value"}, "color": colour, "strokeDash": _dash(results)},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 14, "opacity": 1},
            "encoding": {
                "x": x,
                "y": {**y, "field": "value"},
                "color": colour,
                "shape": _shape(results),
                "tooltip": [{"field": name} for name in ("model", "shift", "value", "low", "high", "accuracy")],
            },
        },
    ]
    columns = [
        {shift: _estimate_text(*bounds) for shift, *bounds in zip(
            summary["shifts"], *(summary[f"consistency_curve{end}"] for end in ("", "_low", "_high")), strict=True
        )}
        for summary in summaries.values()
    ]  # fmt: skip
    shifts = sorted({shift for column in columns for shift in column})
    rows = [(amount(shift, unit), *(column.get(shift, "–") for column in columns)) for shift in shifts]
    return Chart(
        f"curve-{axis}-{unit}",
        " ".join([curve_finding(axis, summaries), *_strides_told(strides)]),
        layered_spec(layers, values, axis_title(axis)),
        ("shift", *map(shown_name, summaries)),
        _cut(rows),
    )


def _strides_told(strides: Sequence[TimeRule]) -> list[str]:
    return [f"Dotted: {', '.join(rule.label for rule in strides)}."] if strides else []


def _classes(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = [
        {"model": shown_name(name), "class": one["name"], **_bounds(one)}
        for name, summary in summaries.items()
        for one in summary["by_class"]
    ]
    classes = sorted({value["class"] for value in values})
    y = {"field": "class", "type": "nominal", "title": None, "sort": classes}
    place = {"y": y, "yOffset": {"field": "model", "sort": None}, "color": _colour(results)}
    x = _share_axis("share of answers that stay")
    layers = [_rule(x, place), _points(x, {**place, "shape": _shape(results)}, "class")]
    found = {(value["class"], value["model"]): interval(value) for value in values}
    models = [shown_name(name) for name in summaries]
    rows = [(name, *(found.get((name, model), "–") for model in models)) for name in classes]
    spec = layered_spec(layers, values, axis_title(axis), height=max(80, 10 * len(classes) * (len(models) + 0.6)))
    return Chart(f"classes-{axis}-{unit}", varied_finding(axis, summaries), spec, ("class", *models), _cut(rows))


def _flips(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = []
    for name, summary in summaries.items():
        flip = summary["minimal_flip_shift"]
        steps = list(zip(flip["survival"]["amounts"], flip["survival"]["value"], strict=True))
        ends = [(0.0, 1.0), *steps, (flip["limit"], steps[-1][1] if steps else 1.0)]
        values += [{"model": shown_name(name), "amount": at, "value": share} for at, share in ends]
    x = {"field": "amount", "type": "quantitative", "title": f"size of the shift, either way ({unit})"}
    y = {"field": "value", "type": "quantitative", "title": "share not yet flipped", "scale": {"domain": _SHARE}}
    line = {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": _colour(results), "strokeDash": _dash(results)},
    }
    rows = [(value["model"], f"{value['amount']:g} {unit}", f"{value['value']:.2f}") for value in values]
    spec = layered_spec([line], values, axis_title(axis))
    header = ("model", "up to a shift of", "share not yet flipped")
    return Chart(f"flips-{axis}-{unit}", flips_finding(axis, summaries), spec, header, _cut(rows))


def _standing(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = [
        {"model": shown_name(name), **_bounds(summary["consistency"]), "accuracy": summary["accuracy_at_zero"]["value"]}
        for name, summary in summaries.items()
    ]
    x = _share_axis("share of answers that stay")
    y = {"field": "accuracy", "type": "quantitative", "title": "accuracy, unshifted", "scale": {"domain": _SHARE}}
    place = {"y": y, "color": _colour(results)}
    layers = [_rule(x, place), _points(x, {**place, "shape": _shape(results)}, "accuracy")]
    rows = [
        (name, interval(summary["consistency"]), interval(summary["accuracy_at_zero"]))
        for name, summary in summaries.items()
    ]
    header = ("model", "answers that stay [95 %]", "accuracy [95 %]")
    spec = layered_spec(layers, values, axis_title(axis))
    return Chart(f"standing-{axis}-{unit}", standing_finding(axis, summaries), spec, header, _cut(rows))


_KINDS: tuple[tuple[str, str, Callable[..., Any], Callable[..., Chart]], ...] = (
    (
        "Time against frequency",
        "Mean over shifts and clips, with its 95 % interval; all panels on one scale. In brackets: references with "
        "known behaviour, under circular delays.",
        lambda summary: summary["consistency"]["value"] is not None,
        _contrast,
    ),
    (
        "Shift by shift",
        "Thick: share of clips with the same answer as unshifted, shaded its pointwise 95 % interval. Thin dashed: "
        "accuracy. 0 is the unshifted clip.",
        lambda summary: summary["consistency"]["value"] is not None,
        _curves,
    ),
    (
        "Class by class",
        "Share of shifts that keep the answer, averaged over the clips of a class.",
        lambda summary: summary.get("by_class"),
        _classes,
    ),
    (
        "How far until the answer flips",
        "Share of clips whose answer has held at every smaller shift; clips that never flip stay in.",
        lambda summary: summary["minimal_flip_shift"].get("survival", {}).get("amounts"),
        _flips,
    ),
    (
        "Steady or right?",
        "A model can keep its answers and be wrong: up is right, to the right is steady.",
        lambda summary: summary["accuracy_at_zero"]["value"] is not None,
        _standing,
    ),
)
_MODEL = {"field": "model", "type": "nominal"}
_MAX_TABLE = 400
_ITSELF = "this_model"


def _cut(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Keep a table to a length that a page can carry, and say what is missing."""
    if len(rows) <= _MAX_TABLE:
        return tuple(rows)
    left = (f"{len(rows) - _MAX_TABLE} more rows, in summary.json", *[""] * (len(rows[0]) - 1))
    return (*rows[:_MAX_TABLE], left)


def _bounds(estimate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: estimate[name] for name in ("value", "low", "high")}


def _estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    return interval({"value": value, "low": low, "high": high})


def _share_axis(title: str) -> dict[str, Any]:
    axis = {"values": [0, 0.2, 0.4, 0.6, 0.8, 1]}
    return {"type": "quantitative", "title": title, "scale": {"domain": _SHARE}, "axis": axis}


def _upright(place: float, dashes: Sequence[float]) -> dict[str, Any]:
    return {"mark": {"type": "rule", "color": _QUIET, "strokeDash": dashes}, "encoding": {"x": {"datum": place}}}


def _rule(x: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    encoding = {**place, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
    return {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": encoding}


def _points(x: Mapping[str, Any], place: Mapping[str, Any], *told: str) -> dict[str, Any]:
    tooltip = [{"field": name} for name in ("model", *told, "value", "low", "high")]
    encoding = {**place, "x": {**x, "field": "value"}, "tooltip": tooltip}
    return {"mark": {"type": "point", "filled": True, "size": 55, "opacity": 1}, "encoding": encoding}


def _colour(results: Results) -> dict[str, Any]:
    styles = [entry.colour for entry in model_key(results)]
    return _by_model(results, styles, _QUIET)


def _dash(results: Results) -> dict[str, Any]:
    dashes = [[float(part) for part in entry.dashes.split()] for entry in model_key(results)]
    return _by_model(results, dashes, [1, 0])


def _shape(results: Results) -> dict[str, Any]:
    return _by_model(results, [_MARKS[index % len(_MARKS)] for index in range(len(results.responses))], "circle")


def _by_model(results: Results, values: Sequence[Any], other: Any) -> dict[str, Any]:
    """Scale models to styles; what is no model, a reference, gets `other`."""
    names = [shown_name(name) for name in results.responses]
    references = list(_references(results, "time"))
    scale = {"domain": names + references, "range": [*values, *[other] * len(references)]}
    return {**_MODEL, "legend": None, "scale": scale}


def layered_spec(
    layers: Sequence[Mapping[str, Any]], values: Sequence[Mapping[str, Any]], title: str, *, height: float = _HEIGHT
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
        "title": {"text": title, "anchor": "start", "color": _INK, "fontSize": 12, "fontWeight": 600},
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


def model_key(results: Results) -> list[KeyEntry]:
    """Return how each model is drawn.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of KeyEntry
        Black becomes the page's ink, which is light on a dark page.
    """
    from .figure_style import model_style

    entries = []
    for index, name in enumerate(results.responses):
        style = model_style(index)
        dashes = "1 0" if style.dashes == "solid" else " ".join(f"{part:g}" for part in style.dashes[1])
        colour = _INK if style.colour == _BLACK else style.colour
        entries.append(KeyEntry(shown_name(name), colour, dashes))
    return entries
