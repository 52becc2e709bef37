"""Charts of what else can be done to a sound: its order, and every kind of change.

Conventions
-----------
A row is a change, all models on it in their own styles; x is a share of answers from 0 to 1, with its 95 % interval.
Numbers are those of the analysis, untouched; one that is undefined is left blank.

What is here: `order_chart`, `profile_chart`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..counts import count_text
from .analysis_files import with_null
from .chart_key import model_scales
from .chart_spec import Chart, cut_rows, interval_rule, layered_spec, points, shares_axis
from .order_results import OrderResults
from .order_text import ORDER_HEADINGS, change_title, order_cells, order_finding
from .profile_results import Change, ProfileResults
from .profile_text import change_name, range_text, stood_text, verdict_counts
from .text import interval
from .wording import shown_name

if TYPE_CHECKING:
    from ..measure.statistics import Estimate
    from .results import Results

__all__ = ["order_chart", "profile_chart"]

_ROW_HEIGHT = 10
_WISHES = {"invariant": "should stay", "change": "should change", "unknown": "no wish"}


def order_chart(results: Results, found: Sequence[OrderResults]) -> Chart:
    """Draw how many answers each change of order makes others.

    Parameters
    ----------
    results : Results
        The run that the page is about.
    found : sequence of OrderResults
        Of its models.

    Returns
    -------
    Chart
    """
    values = [
        {"model": shown_name(one.model), "change": change_title(change, gap), **_bounds(change.sensitivity)}
        for one in found
        for gap, change in one.changes
    ]
    rows = tuple((shown_name(one.model), *order_cells(change, gap)) for one in found for gap, change in one.changes)
    caption = f"{'; '.join(map(order_finding, found))}."
    spec = _rows_spec(results, values, "share of answers that change", "what a change of order does")
    return Chart("order", caption, spec, ("model", *ORDER_HEADINGS), rows)


def profile_chart(results: Results, found: ProfileResults, key: str) -> Chart:
    """Draw how many clips stand every kind of change at its largest, references beside.

    Parameters
    ----------
    results : Results
        The run that the page is about.
    found : ProfileResults
        Of its models.
    key : str

    Returns
    -------
    Chart
    """
    references = [spec.name for spec in found.models[len(found.models) - found.n_references :]]
    values = [
        {"model": shown_name(name), "change": _change_label(change), **_bounds(one.endurance.at_limit)}
        for change in found.changes
        for name, one in change.models.items()
        if name not in references
    ]
    rows = [_profile_cells(change, name) for change in found.changes for name in change.models]
    header = ("change", "model", "a listener", "answers that stay [95 %]", "95 % stand", "50 % stand", "verdict")
    spec = _rows_spec(results, values, "clips whose answer stays", "every change, at its largest")
    return Chart(key, _profile_found(found), spec, header, cut_rows(rows))


def _profile_found(found: ProfileResults) -> str:
    asked = found.models[: len(found.models) - found.n_references]
    told = []
    for spec in asked:
        counts = verdict_counts(found, spec.name)
        told.append(f"{shown_name(spec.name)}: {', '.join(f'{kind} {n}' for kind, n in counts.most_common())}")
    clips, author = count_text(found.n_clips, "clip"), shown_name(found.listener.author)
    return f"{count_text(len(found.changes), 'change')}, {clips}, wishes by {author}. {'; '.join(told)}."


def _change_label(change: Change) -> str:
    """Name a change with its range and what a listener wants of it."""
    grid = change.expectation.grid
    limit = next(iter(change.models.values())).endurance.limit
    return f"{change_name(grid)} {range_text(limit, grid)}, {_WISHES[change.expectation.listener]}"


def _profile_cells(change: Change, model: str) -> tuple[str, ...]:
    grid, found = change.expectation.grid, change.models[model]
    stood = (stood_text(found.endurance, place, grid) for place in (0, 1))
    share = interval(_bounds(found.endurance.at_limit))
    wish = _WISHES[change.expectation.listener]
    limit = range_text(found.endurance.limit, grid)
    return (f"{change_name(grid)} {limit}", shown_name(model), wish, share, *stood, str(found.verdict))


def _bounds(estimate: Estimate) -> dict[str, Any]:
    bounds: dict[str, Any] = with_null({end: getattr(estimate, end) for end in ("value", "low", "high")})
    return bounds


def _rows_spec(results: Results, values: Sequence[Mapping[str, Any]], share: str, title: str) -> dict[str, Any]:
    changes = list(dict.fromkeys(value["change"] for value in values))
    n_models = len({value["model"] for value in values})
    scales = model_scales(results)
    y = {"field": "change", "type": "nominal", "sort": changes, "title": None, "axis": {"labelLimit": 260}}
    place = {"y": y, "yOffset": {"field": "model", "sort": None}, "color": scales.colour}
    x = shares_axis(share)
    layers = [interval_rule(x, place), points(x, {**place, "shape": scales.shape}, "change")]
    height = _ROW_HEIGHT * len(changes) * (n_models + 1)
    return layered_spec(layers, values, title, height=height)
