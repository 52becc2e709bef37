"""What a rule can be about: every number of a summary, by its name.

Conventions
-----------
A name is the number's path in ``summary.json`` below its model, joined by dots, without the level ``axes``:
``accuracy``, ``time.consistency``, ``freq.wobble.median``, ``contrast.difference``. An entry with an interval goes by
its own name, which means its value (the median where it has no value). Names and ranges are read from the schema of
the summary and from the summary at hand, so that a new measure needs no line here. An undefined number is ``nan``.

What is here: `Measured`, `measured_numbers`, `Range`, `known_ranges`, `close_to`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..documents import summary_schema

__all__ = ["Measured", "Range", "close_to", "known_ranges", "measured_numbers"]

_HEADS = ("value", "median")  # what an interval may belong to
_INTERVAL = ("low", "high")
_MAX_LISTED = 6


@dataclass(frozen=True)
class Measured:
    """A number of a summary.

    Parameters
    ----------
    value : float
    low, high : float, optional
        Of its interval (95 %).
    n, n_groups : int, optional
        Clips and groups that it comes from; None for a number that is no average.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int | None = None
    n_groups: int | None = None


@dataclass(frozen=True)
class Range:
    """Between what a number can lie."""

    low: float = -math.inf
    high: float = math.inf


def measured_numbers(summary: Mapping[str, Any]) -> dict[str, Measured]:
    """Collect the numbers of a model's summary.

    Parameters
    ----------
    summary : mapping
        An entry of ``models`` in ``summary.json``.

    Returns
    -------
    dict of str to Measured

    Examples
    --------
    >>> estimate = {"value": 0.5, "low": 0.25, "high": None, "n": 9}
    >>> found = measured_numbers({"axes": {"time": {"consistency": estimate}}})
    >>> list(found)
    ['time.consistency', 'time.consistency.n']
    >>> found["time.consistency"]
    Measured(value=0.5, low=0.25, high=nan, n=9, n_groups=None)
    """
    entries = {**{name: entry for name, entry in summary.items() if name != "axes"}, **summary["axes"]}
    return {name: number for part, entry in entries.items() for name, number in _numbers(part, entry)}


def _numbers(name: str, entry: Any) -> Iterator[tuple[str, Measured]]:
    if entry is None or isinstance(entry, (bool, int, float)):
        yield name, Measured(_float(entry))
    if not isinstance(entry, Mapping):
        return
    head = _head(entry)
    if head and not isinstance(entry[head], list):
        value, low, high = (_float(entry[key]) for key in (head, *_INTERVAL))
        yield name, Measured(value, low, high, entry.get("n"), entry.get("n_groups"))
    for key, part in entry.items():
        if not (head and key in (head, *_INTERVAL)):
            yield from _numbers(f"{name}.{key}", part)


def _head(entry: Mapping[str, Any]) -> str | None:
    """Return which entry an interval belongs to, where there is one."""
    if not all(key in entry for key in _INTERVAL):
        return None
    return next((key for key in _HEADS if key in entry), None)


def _float(number: float | None) -> float:
    return math.nan if number is None else float(number)


def known_ranges(axes: Iterable[str]) -> dict[str, Range]:
    """Return the numbers that a summary can hold, and between what they lie.

    Parameters
    ----------
    axes : iterable of str

    Returns
    -------
    dict of str to Range

    Examples
    --------
    >>> known_ranges(["time"])["time.consistency"]
    Range(low=0.0, high=1.0)
    """
    schema = summary_schema()
    model, axis = (schema["$defs"][name]["properties"] for name in ("model", "axis"))
    nodes = {name: node for name, node in model.items() if name != "axes"}
    nodes |= {f"{name}.{measure}": node for name in axes for measure, node in axis.items()}
    return dict(pair for name, node in nodes.items() for pair in _ranges(name, node))


def _ranges(name: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Range]]:
    node = _resolved(node)
    kinds = {node["type"]} if isinstance(node.get("type"), str) else set(node.get("type", ()))
    if "boolean" in kinds:
        yield name, Range(0.0, 1.0)
    elif kinds & {"number", "integer"}:
        yield name, Range(float(node.get("minimum", -math.inf)), float(node.get("maximum", math.inf)))
    other = node.get("additionalProperties")
    parts = {key: other for key in node.get("required", ()) if isinstance(other, Mapping)} | node["properties"]
    head = _head(parts)
    if head:
        yield from _ranges(name, parts[head])
    for key, part in parts.items():
        if not (head and key in (head, *_INTERVAL)):
            yield from _ranges(f"{name}.{key}", part)


def _resolved(node: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a node's references, and take of alternatives the one that is not null."""
    bases = [choice for choice in node.get("oneOf", ()) if choice != {"type": "null"}][:1]
    if "$ref" in node:
        bases.append(summary_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    merged: dict[str, Any] = {}
    for part in (*map(_resolved, bases), node):
        merged |= {**part, "properties": {**merged.get("properties", {}), **part.get("properties", {})}}
    return merged


def close_to(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or which there are.

    Parameters
    ----------
    name : str
    known : iterable of str

    Returns
    -------
    str
        The end of a sentence.

    Examples
    --------
    >>> close_to("time.consistancy", ["time.consistency", "accuracy"])
    'did you mean time.consistency?'
    >>> close_to("level", ["accuracy"])
    'there is accuracy'
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return f"there {'are' if len(names) > 1 else 'is'} {', '.join(names[:_MAX_LISTED]) or 'none'}{more}"
