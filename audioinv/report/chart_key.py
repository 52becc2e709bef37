"""How one model is told from the others on the page: colour, dashes and mark, the same in every chart.

Conventions
-----------
Styles follow the order of the models in the run. Black becomes the page's ink, which is light on a dark page. What is
drawn beside the models, a reference, is grey.

What is here: `KeyEntry`, `model_key`, `ModelScales`, `model_scales`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .chart_spec import INK, QUIET
from .wording import shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["KeyEntry", "ModelScales", "model_key", "model_scales"]

_MARKS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
_BLACK = "#000000"


@dataclass(frozen=True)
class KeyEntry:
    """How one model is told from the others on the page."""

    name: str
    colour: str
    dashes: str


@dataclass(frozen=True)
class ModelScales:
    """Encodings of the field ``model``."""

    colour: dict[str, Any]
    dash: dict[str, Any]
    shape: dict[str, Any]


def model_key(results: Results) -> list[KeyEntry]:
    """Return how each model is drawn.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of KeyEntry
    """
    from .figure_style import model_style

    entries = []
    for index, name in enumerate(results.responses):
        style = model_style(index)
        dashes = "1 0" if style.dashes == "solid" else " ".join(f"{part:g}" for part in style.dashes[1])
        colour = INK if style.colour == _BLACK else style.colour
        entries.append(KeyEntry(shown_name(name), colour, dashes))
    return entries


def model_scales(results: Results, others: Sequence[str] = ()) -> ModelScales:
    """Return the encodings that draw each model in its style.

    Parameters
    ----------
    results : Results
    others : sequence of str, optional
        What else stands in the field ``model``.

    Returns
    -------
    ModelScales
    """
    key = model_key(results)
    names = [*(entry.name for entry in key), *others]

    def scaled(styles: Sequence[Any], other: Any) -> dict[str, Any]:
        scale = {"domain": names, "range": [*styles, *[other] * len(others)]}
        return {"field": "model", "type": "nominal", "legend": None, "scale": scale}

    return ModelScales(
        colour=scaled([entry.colour for entry in key], QUIET),
        dash=scaled([[float(part) for part in entry.dashes.split()] for entry in key], [1, 0]),
        shape=scaled([_MARKS[index % len(_MARKS)] for index in range(len(key))], "circle"),
    )
