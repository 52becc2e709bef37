"""Charts of the answers: how many stay, under which shift, of which class, and how far until they flip.

Conventions
-----------
A chart shows one axis, all models on it, so that charts of several axes stand side by side. Numbers are those of the
summary, untouched. Charts of delay carry the models' grids: hops as ticks below, strides as dotted lines.

What is here: `chart_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .chart_findings import contrast_finding, fidelity_finding, flips_finding, standing_finding, varied_finding
from .chart_key import ModelScales, model_scales
from .chart_spec import (
    HEIGHT,
    QUIET,
    SHARE,
    Chart,
    ChartRow,
    cut_rows,
    interval_rule,
    layered_spec,
    points,
    shares_axis,
    upright,
)
from .findings import curve_finding
from .selection import swept_axes
from .text import amount, interval
from .time_rules import TimeRule, time_rules
from .wording import axis_title, shift_label, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["chart_rows"]

_MODEL = {"field": "model", "type": "nominal"}
_ITSELF = "this_model"
_ROW_HEIGHT, _TICK = 15, 6

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
    scales = _scales(results)
    x = shares_axis("share of answers that stay")
    layers = [
        interval_rule(x, {"y": places, "color": scales.colour}),
        points(x, {"y": places, "color": scales.colour, "shape": scales.shape}),
    ]
    key = f"contrast-{axis}-{unit}"
    rows = [(name, interval(estimate), str(estimate["n"])) for name, estimate in told.items()]
    rows += [(name, f"{value:.2f}", "–") for name, value in references.items()]
    spec = layered_spec(layers, values, axis_title(axis), height=max(60, _ROW_HEIGHT * 2 * len(values)))
    return Chart(
        key, contrast_finding(axis, summaries), spec, ("model", "answers that stay [95 %]", "clips"), cut_rows(rows)
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
        for shift, (value, low, high), accuracy in zip(
            summary["shifts"], _curve_of(summary), summary["accuracy_curve"], strict=True
        )
    ]
    rules = time_rules(results, list(summaries)) if axis == "time" else []
    x = {"field": "shift", "type": "quantitative", "title": shift_label(axis, unit), "axis": {"grid": False}}
    columns = [
        {shift: _estimate_text(*bounds) for shift, bounds in zip(summary["shifts"], _curve_of(summary), strict=True)}
        for summary in summaries.values()
    ]
    shifts = sorted({shift for column in columns for shift in column})
    rows = [(amount(shift, unit), *(column.get(shift, "–") for column in columns)) for shift in shifts]
    return Chart(
        f"curve-{axis}-{unit}",
        " ".join([curve_finding(axis, summaries), *_grid_told(rules), *fidelity_finding(summaries)]),
        layered_spec([*_grid_marks(rules), upright(0, [1, 0]), *_curve_marks(results, x)], values, axis_title(axis)),
        ("shift", *map(shown_name, summaries)),
        cut_rows(rows),
    )


def _curve_of(summary: Mapping[str, Any]) -> list[tuple[float | None, ...]]:
    """Return value and interval at each shift."""
    return list(zip(*(summary[f"consistency_curve{end}"] for end in ("", "_low", "_high")), strict=True))


def _curve_marks(results: Results, x: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Draw the band, the accuracy, the consistency and its points."""
    y = {"type": "quantitative", "title": "share of clips", "scale": {"domain": SHARE}}
    scales = _scales(results)
    told = [{"field": name} for name in ("model", "shift", "value", "low", "high", "accuracy")]
    place, line = {"x": x, "color": scales.colour}, {**y, "field": "value"}
    band = {"y": {**y, "field": "low"}, "y2": {"field": "high"}, "fill": scales.colour, "detail": _MODEL}
    return [
        {"mark": {"type": "area", "opacity": 0.18}, "encoding": {"x": x, **band}},
        {
            "mark": {"type": "line", "strokeWidth": 1, "strokeDash": [3, 2]},
            "encoding": {**place, "y": {**y, "field": "accuracy"}, "detail": _MODEL},
        },
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**place, "y": line, "strokeDash": scales.dash}},
        {
            "mark": {"type": "point", "filled": True, "size": 14, "opacity": 1},
            "encoding": {**place, "y": line, "shape": scales.shape, "tooltip": told},
        },
    ]


def _classes(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = [
        {"model": shown_name(name), "class": one["name"], **_bounds(one)}
        for name, summary in summaries.items()
        for one in summary["by_class"]
    ]
    classes = sorted({value["class"] for value in values})
    scales = _scales(results)
    y = {"field": "class", "type": "nominal", "title": None, "sort": classes}
    place = {"y": y, "yOffset": {"field": "model", "sort": None}, "color": scales.colour}
    x = shares_axis("share of answers that stay")
    layers = [interval_rule(x, place), points(x, {**place, "shape": scales.shape}, "class")]
    found = {(value["class"], value["model"]): interval(value) for value in values}
    models = [shown_name(name) for name in summaries]
    rows = [(name, *(found.get((name, model), "–") for model in models)) for name in classes]
    spec = layered_spec(layers, values, axis_title(axis), height=max(80, 10 * len(classes) * (len(models) + 0.6)))
    return Chart(f"classes-{axis}-{unit}", varied_finding(axis, summaries), spec, ("class", *models), cut_rows(rows))


def _flips(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = []
    for name, summary in summaries.items():
        flip = summary["minimal_flip_shift"]
        steps = list(zip(flip["survival"]["amounts"], flip["survival"]["value"], strict=True))
        ends = [(0.0, 1.0), *steps, (flip["limit"], steps[-1][1] if steps else 1.0)]
        values += [{"model": shown_name(name), "amount": at, "value": share} for at, share in ends]
    x = {"field": "amount", "type": "quantitative", "title": f"size of the shift, either way ({unit})"}
    y = {"field": "value", "type": "quantitative", "title": "share not yet flipped", "scale": {"domain": SHARE}}
    scales = _scales(results)
    rules = time_rules(results, list(summaries)) if axis == "time" else []
    line = {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": scales.colour, "strokeDash": scales.dash},
    }
    cells = [(value["model"], f"{value['amount']:g} {unit}", f"{value['value']:.2f}") for value in values]
    spec = layered_spec([*_grid_marks(rules, one_way=True), line], values, axis_title(axis))
    header = ("model", "up to a shift of", "share not yet flipped")
    caption = " ".join([flips_finding(axis, summaries), *_grid_told(rules)])
    return Chart(f"flips-{axis}-{unit}", caption, spec, header, cut_rows(cells))


def _standing(results: Results, axis: str, unit: str, summaries: _Summaries) -> Chart:
    values = [
        {"model": shown_name(name), **_bounds(summary["consistency"]), "accuracy": summary["accuracy_at_zero"]["value"]}
        for name, summary in summaries.items()
    ]
    x = shares_axis("share of answers that stay")
    y = {"field": "accuracy", "type": "quantitative", "title": "accuracy, unshifted", "scale": {"domain": SHARE}}
    scales = _scales(results)
    place = {"y": y, "color": scales.colour}
    layers = [interval_rule(x, place), points(x, {**place, "shape": scales.shape}, "accuracy")]
    rows = [
        (name, interval(summary["consistency"]), interval(summary["accuracy_at_zero"]))
        for name, summary in summaries.items()
    ]
    header = ("model", "answers that stay [95 %]", "accuracy [95 %]")
    spec = layered_spec(layers, values, axis_title(axis))
    return Chart(f"standing-{axis}-{unit}", standing_finding(axis, summaries), spec, header, cut_rows(rows))


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


def _bounds(estimate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: estimate[name] for name in ("value", "low", "high")}


def _estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    return interval({"value": value, "low": low, "high": high})


def _scales(results: Results) -> ModelScales:
    return model_scales(results, list(_references(results, "time")))


def _grid_marks(rules: Sequence[TimeRule], *, one_way: bool = False) -> list[dict[str, Any]]:
    """Draw strides as dotted lines, hops as short ticks on the axis; only those above 0 where shifts are sizes."""
    places = {rule: [place for place in rule.places if place > 0 or not one_way] for rule in rules}
    lines = [upright(place, [1, 3]) for rule in rules if rule.kind != "hop" for place in places[rule]]
    ends = {"y": {"value": HEIGHT - _TICK}, "y2": {"value": HEIGHT}}
    ticks = [
        {"mark": {"type": "rule", "color": QUIET}, "encoding": {"x": {"datum": place}, **ends}}
        for rule in rules
        if rule.kind == "hop"
        for place in places[rule]
    ]
    return lines + ticks


def _grid_told(rules: Sequence[TimeRule]) -> list[str]:
    return [
        f"{looks}: {', '.join(rule.label for rule in rules if (rule.kind == 'hop') == hop)}."
        for looks, hop in (("Dotted", False), ("Ticks below", True))
        if any((rule.kind == "hop") == hop for rule in rules)
    ]
