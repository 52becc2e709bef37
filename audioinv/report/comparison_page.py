"""One self-contained page about two models on the same clips: paired differences, and which clips changed.

Conventions
-----------
A difference is A minus B. The page is made as that of one run is: one script by its hash, no connection, every text
escaped. It computes no number: all come from the comparison and from the pairs it was made of.

What is here: `write_comparison`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ..measure.comparison import Comparison
from ..measure.matching import Compared
from ..measure.pairing import MeasureDifference
from .changed_clips import changed_clips
from .chart_spec import Chart, layered_spec
from .comparison_text import MEASURES, difference_cells, difference_text, remark_lines, sample_text, verdict_line
from .page_file import page_environment, write_text
from .page_script import embedded_json, page_script, policy
from .wording import axis_title

__all__ = ["write_comparison"]

_ROW_HEIGHT = 26


def write_comparison(
    found: Comparison, first: Compared, second: Compared, path: str | os.PathLike[str], *, seed: int = 0
) -> Path:
    """Write a comparison as one HTML file.

    Parameters
    ----------
    found : Comparison
        Of these two.
    first, second : Compared
    path : str or path
        Folders on the way are made.
    seed : int, default 0

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    charts = list(_charts(found))
    content = {
        "title": "Two models on the same clips",
        "version": _version(),
        "found": found,
        "sample": sample_text(found),
        "verdict": _sentence(verdict_line(found)),
        "lines": [_sentence(line) for line in remark_lines(found)],
        "charts": charts,
        "changed": list(changed_clips(first, second, seed=seed)),
        "interactive": True,
        "script": page_script(),
        "policy": policy(page_script()),
        "chart_data": embedded_json({chart.key: chart.spec for chart in charts}),
        "clip_data": embedded_json({"models": [], "clips": [], "first": 0}),
    }
    return write_text(Path(path), page_environment().get_template("comparison.html.jinja").render(content))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _version() -> str:
    try:
        return version("audioinv")
    except PackageNotFoundError:
        return "not installed"


def _charts(found: Comparison) -> Iterator[Chart]:
    """Draw the differences, an axis at a time."""
    for axis in dict.fromkeys(row.axis for row in found.differences):
        rows = [row for row in found.differences if row.axis == axis]
        title = axis_title(axis) if axis else "unshifted"
        largest = max(rows, key=lambda row: abs(np.nan_to_num(row.difference.value)))
        which = "Largest difference" if len(rows) > 1 else "Difference"
        caption = f"{which}, {title}: {MEASURES[largest.measure]} {difference_text(largest.difference)}."
        header = ("measure", "A", "B", "A − B [95 %]", "p (Holm)", "could have seen")
        table = tuple(tuple(difference_cells(row)) for row in rows)
        yield Chart(f"difference-{axis or 'none'}", caption, _spec(rows, title), header, table)


def _spec(rows: Sequence[MeasureDifference], title: str) -> dict[str, Any]:
    values: list[dict[str, Any]] = [
        {
            "measure": MEASURES[row.measure],
            **{name: _known(getattr(row.difference, name)) for name in ("value", "low", "high")},
        }
        for row in rows
    ]
    reach = max((abs(value[end]) for value in values for end in ("value", "low", "high") if value[end]), default=1.0)
    x = {"type": "quantitative", "title": "A − B", "scale": {"domain": [-1.05 * reach, 1.05 * reach]}}
    place = {"y": {"field": "measure", "type": "nominal", "sort": None, "title": None}}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rule", "color": "var(--quiet)"}, "encoding": {"x": {"datum": 0}}},
        {
            "mark": {"type": "rule", "strokeWidth": 2, "color": "var(--accent)"},
            "encoding": {**place, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1, "color": "var(--accent)"},
            "encoding": {
                **place,
                "x": {**x, "field": "value"},
                "tooltip": [{"field": name} for name in ("measure", "value", "low", "high")],
            },
        },
    ]
    return layered_spec(layers, values, title, height=_ROW_HEIGHT * max(2, len(values)))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
