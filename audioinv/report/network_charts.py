"""Charts of what lies behind the answers: layer by layer, and stage by stage.

Conventions
-----------
Layers and stages stand from top to bottom in the order in which sound passes them. Numbers are those of the analysis,
untouched; one that is undefined is left blank. Colour goes with the shape of the mark.

What is here: `layer_charts`, `budget_charts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..counts import count_text
from .analysis_files import with_null
from .budget_results import AxisBudget, BudgetResults
from .budget_text import STAGE_HEADINGS, percent_text, stage_cells, stage_name, verdict_line
from .chart_spec import INK, QUIET, Chart, layered_spec
from .layer_results import AxisLayers, LayerResults
from .layer_text import LAYER_HEADINGS, amounts_text, layer_cells, layer_name
from .wording import axis_title, shown_name

__all__ = ["budget_charts", "layer_charts"]

_ROW_HEIGHT = 17
_NAME_CHARACTERS = 26
_PREFIX = "network."
_ERRORS = {
    "invariance_error": "away from the unshifted map",
    "equivariance_error": "away from the map moved along",
}
_VERDICTS = {
    "invariant": "stay (invariant)",
    "equivariant": "move along (equivariant)",
    "neither": "do neither",
    "dead": "are dead",
    "undecided": "are undecided",
}
_COLOURS = ["#0072b2", "#d55e00"]
_FAINT = 0.4
_MOST_NAMED = 3


def layer_charts(results: LayerResults, key: str) -> Iterator[Chart]:
    """Draw how far each layer is from staying, and from moving along, one chart a kind of shift.

    Parameters
    ----------
    results : LayerResults
    key : str
        Prefix of the keys of its charts.

    Yields
    ------
    Chart
    """
    for axis in results.axes.values():
        title = f"layers, {axis_title(axis.axis)}: {amounts_text(axis.shifts, axis.unit)}"
        rows = tuple(layer_cells(layer) for layer in axis.layers)
        yield Chart(f"{key}-layers-{axis.axis}", _layers_found(axis), _layers_spec(axis, title), LAYER_HEADINGS, rows)


def _layers_spec(axis: AxisLayers, title: str) -> dict[str, Any]:
    names = [shown_name(layer_name(layer, _PREFIX), _NAME_CHARACTERS) for layer in axis.layers]
    values = [
        {"layer": name, "error": told, "value": with_null(getattr(layer, kind)), "verdict": str(layer.verdict)}
        for name, layer in zip(names, axis.layers, strict=True)
        for kind, told in _ERRORS.items()
    ]
    scale = {"domain": list(_ERRORS.values())}
    legend = {"title": None, "direction": "vertical"}
    encoding = {
        "y": _rows_of("layer", names),
        "x": {"field": "value", "type": "quantitative", "title": "relative error", "scale": {"domainMin": 0}},
        "color": {"field": "error", "type": "nominal", "scale": {**scale, "range": _COLOURS}, "legend": legend},
        "shape": {"field": "error", "type": "nominal", "scale": {**scale, "range": ["circle", "square"]}},
        "tooltip": [{"field": name} for name in ("layer", "verdict", "error", "value")],
    }
    mark = {"type": "point", "filled": True, "size": 40, "opacity": 1}
    return layered_spec([{"mark": mark, "encoding": encoding}], values, title, height=_ROW_HEIGHT * len(names))


def _layers_found(axis: AxisLayers) -> str:
    """Count the layers of each verdict, and name the first that stays."""
    counts: dict[str, int] = {}
    for layer in axis.layers:
        counts[layer.verdict.kind] = counts.get(layer.verdict.kind, 0) + 1
    told = ", ".join(f"{n} {_VERDICTS[kind]}" for kind, n in counts.items())
    staying = [layer_name(layer, _PREFIX) for layer in axis.layers if layer.verdict.kind == "invariant"]
    named = f"{', '.join(staying[:_MOST_NAMED])}{' and more' if len(staying) > _MOST_NAMED else ''}"
    return (
        f"{axis_title(axis.axis).capitalize()}: of {count_text(len(axis.layers), 'layer')}, {told}. "
        f"{f'What stays: {named}.' if staying else 'No layer stays.'}"
    )


def budget_charts(results: BudgetResults, key: str) -> Iterator[Chart]:
    """Draw what each stage makes of the answer, one chart a kind of shift.

    Parameters
    ----------
    results : BudgetResults
    key : str
        Prefix of the keys of its charts.

    Yields
    ------
    Chart
    """
    for axis in results.axes.values():
        title = f"budget, {axis_title(axis.axis)}: {amounts_text(axis.shifts, axis.unit)}"
        verdict = verdict_line(axis.summary).replace(_PREFIX, "")
        caption = f"{axis_title(axis.axis).capitalize()}: {verdict}."
        rows = tuple(stage_cells(stage, axis.axis) for stage in axis.summary.stages)
        yield Chart(f"{key}-budget-{axis.axis}", caption, _budget_spec(axis, title), STAGE_HEADINGS, rows)


def _budget_spec(axis: AxisBudget, title: str) -> dict[str, Any]:
    stages = axis.summary.stages
    names = [shown_name(stage_name(stage, _PREFIX), _NAME_CHARACTERS) for stage in stages]
    values = [
        with_null(
            {
                "stage": name,
                **{end: getattr(stage.change, end) for end in ("value", "low", "high")},
                "share": percent_text(stage.share.value),
                "most": stage.stage.name == axis.summary.culprit,
            }
        )
        for name, stage in zip(names, stages, strict=True)
    ]
    x = {"type": "quantitative", "title": "change of the scores"}
    y = {"y": _rows_of("stage", names)}
    told = {"tooltip": [{"field": name} for name in ("stage", "value", "low", "high", "share")]}
    strength = {"opacity": {"condition": {"test": "datum.most", "value": 1}, "value": _FAINT}}
    layers: list[Mapping[str, Any]] = [
        {
            "mark": {"type": "bar", "color": _COLOURS[0], "height": {"band": 0.6}},
            "encoding": {**y, **told, **strength, "x": {**x, "field": "value"}},
        },
        {
            "mark": {"type": "rule", "color": INK},
            "encoding": {**y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 2]},
            "encoding": {"x": {"datum": with_null(axis.summary.total.value)}},
        },
    ]
    return layered_spec(layers, values, title, height=_ROW_HEIGHT * len(names))


def _rows_of(field: str, names: Sequence[str]) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "sort": list(names), "title": None}
