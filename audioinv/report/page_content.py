"""What the page says, part by part, before a template lays it out.

Conventions
-----------
Parts hold text as it came; escaping is the template's. Drawings are `Markup`, made from figures, and each has a key of
its own on the page. No number is computed here: all come from the summary and the table.

What is here: `headline_rows`, `model_part`, `remarks`, and the parts that they return. Charts are in `page_charts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .answer_map import AnswerMap, answer_map, map_finding
from .findings import (
    WorstClip,
    axis_finding,
    control_finding,
    flip_finding,
    worst_clips,
)
from .summary_text import reference_line, verdict
from .text import amount, interval, size
from .wording import axis_title, is_reason, range_text, share_text

if TYPE_CHECKING:
    from .results import Results

__all__ = [
    "AxisPart",
    "ControlRow",
    "Drawing",
    "HeadlineRow",
    "ModelPart",
    "Remark",
    "headline_rows",
    "model_part",
    "remarks",
]

_MAP_INCHES = 3.6
_MAP_HEADER = ("clip", "shifts that keep the answer", "least score of the unshifted answer", "another answer at")
_MAP_ROWS = 60
_NOT_CONTROLS = ("noise_floor", "precision")


@dataclass(frozen=True)
class HeadlineRow:
    """The numbers of one model along one axis, written out."""

    model: str
    axis: str
    consistency: str
    n: str
    accuracy: str
    always_right: str
    worst_shift: str
    median_flip: str


@dataclass(frozen=True)
class Drawing:
    """A figure, what it shows, and its data as a table; ``key`` tells it from the page's other figures."""

    key: str
    svg: Markup
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ControlRow:
    """What a sound that should be the same again did to the answers, written out."""

    what: str
    consistency: str
    largest_change: str
    sound_error: str


@dataclass(frozen=True)
class Remark:
    """A warning, and the models it concerns, none where it is all; or why a number is undefined."""

    text: str
    models: tuple[str, ...]
    is_reason: bool


@dataclass(frozen=True)
class AxisPart:
    """One axis of one model."""

    axis: str
    title: str
    heatmap: Drawing
    worst: tuple[WorstClip, ...]
    flips: str


@dataclass(frozen=True)
class ModelPart:
    """One model."""

    name: str
    description: str
    verdict: str
    findings: tuple[str, ...]
    axes: tuple[AxisPart, ...]
    controls: tuple[ControlRow, ...]
    noise_floor: str
    references: str


def headline_rows(results: Results) -> list[HeadlineRow]:
    """Write out the headline numbers of all models and axes.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of HeadlineRow
    """
    return [
        _headline_row(name, axis, summary)
        for name, model in results.document["models"].items()
        for axis, summary in model["axes"].items()
    ]


def _headline_row(name: str, axis: str, summary: Mapping[str, Any]) -> HeadlineRow:
    unit, consistency, flip = summary["unit"], summary["consistency"], summary["minimal_flip_shift"]
    worst = summary["worst_shift"]
    groups = f" in {consistency['n_groups']} groups" if consistency["unit"] == "group" else ""
    accuracies = [share for share in summary["accuracy_curve"] if share is not None]
    clean = summary["accuracy_at_zero"]["value"]
    return HeadlineRow(
        model=name,
        axis=f"{axis_title(axis)}, {range_text(summary)}",
        consistency=interval(consistency),
        n=f"{consistency['n']}{groups}",
        accuracy="–" if clean is None else f"{clean:.2f} → {min(accuracies):.2f}",
        always_right=interval(summary["worst_accuracy"]),
        worst_shift="none" if worst["consistency"] == 1 else amount(worst["shift"], unit),
        median_flip="beyond range" if flip["median"] is None else size(flip["median"], unit),
    )


def model_part(results: Results, name: str, key: str) -> ModelPart:
    """Gather what the page says of a model.

    Parameters
    ----------
    results : Results
    name : str
    key : str
        Prefix of the keys of its drawings.

    Returns
    -------
    ModelPart
    """
    summary = results.document["models"][name]
    controls = summary["controls"]
    floor = controls.get("noise_floor")
    return ModelPart(
        name=name,
        description=results.responses[name].spec.description,
        verdict=verdict(results, name),
        findings=tuple(axis_finding(axis, found) for axis, found in summary["axes"].items()),
        axes=tuple(_axis_part(results, name, axis, f"{key}-{axis}") for axis in summary["axes"]),
        controls=tuple(_control_row(what, found) for what, found in controls.items() if what not in _NOT_CONTROLS),
        noise_floor="" if floor is None else f"{floor:.2g}",
        references=reference_line(summary),
    )


def remarks(results: Results) -> list[Remark]:
    """Gather the warnings of all models, each once.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of Remark
    """
    concerned: dict[str, list[str]] = {}
    for name, summary in results.document["models"].items():
        for warning in summary["warnings"]:
            concerned.setdefault(warning, []).append(name)
    n_models = len(results.document["models"])
    return [
        Remark(text, tuple(names) if len(names) < n_models else (), is_reason(text))
        for text, names in concerned.items()
    ]


def _axis_part(results: Results, name: str, axis: str, key: str) -> AxisPart:
    from .heatmap import heatmap_figure
    from .inline_svg import inline_svg

    shown = answer_map(results, axis=axis, model=name)
    figure = heatmap_figure(results, axis=axis, model=name, width_inches=_MAP_INCHES, explained=False)
    svg = inline_svg(figure, key, label_id=f"{key}-caption")
    return AxisPart(
        axis=axis,
        title=axis_title(axis),
        heatmap=Drawing(key, svg, map_finding(results, axis=axis, model=name), _MAP_HEADER, _map_rows(shown)),
        worst=worst_clips(results, name, axis),
        flips=flip_finding(results.document["models"][name]["axes"][axis]),
    )


def _map_rows(shown: AnswerMap) -> tuple[tuple[str, ...], ...]:
    """Write a heat map out, a row a clip in the order of the picture, as far as a page can carry it."""
    rows = [
        (
            name,
            share_text(float(1 - flipped.sum() / max(len(flipped) - 1, 1))),
            _least(scores, shown),
            _stretches(flipped, shown),
        )
        for name, scores, flipped in zip(shown.names, shown.scores, shown.flipped, strict=True)
    ]
    if len(rows) <= _MAP_ROWS:
        return tuple(rows)
    return (*rows[:_MAP_ROWS], (f"{len(rows) - _MAP_ROWS} more clips, in results.parquet", "", "", ""))


def _least(scores: npt.NDArray[np.floating], shown: AnswerMap) -> str:
    """Write the least score of the clean answer, and the shift at which it stands."""
    if np.isnan(scores).all():
        return "–"
    place = int(np.nanargmin(scores))
    return f"{scores[place]:.2f} at {amount(float(shown.shifts[place]), shown.unit)}"


def _stretches(flipped: npt.NDArray[np.bool_], shown: AnswerMap) -> str:
    """Name the stretches of neighbouring shifts at which the answer is another."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flipped, [False]]).astype(int)))
    ends = [(float(shown.shifts[first]), float(shown.shifts[last - 1])) for first, last in edges.reshape(-1, 2)]
    told = [
        amount(low, shown.unit) if low == high else f"{amount(low, shown.unit)} to {amount(high, shown.unit)}"
        for low, high in ends
    ]
    return ", ".join(told) or "nowhere"


def _control_row(name: str, control: Mapping[str, Any]) -> ControlRow:
    return ControlRow(
        what=control_finding(name, control),
        consistency=interval(control["consistency"]),
        largest_change=f"{control['largest_score_change']:.2g}",
        sound_error=f"{control['sound_error']:.2g}",
    )
