"""What the charts of the page show, in a sentence each.

Conventions
-----------
Every number comes from the summary, of one axis by the model's name. A model without a defined number is left out.

What is here: `contrast_finding`, `varied_finding`, `flips_finding`, `standing_finding`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .text import amount, interval
from .wording import amount_title, axis_title, range_text, share_text, shown_name

__all__ = ["contrast_finding", "flips_finding", "standing_finding", "varied_finding"]

Summaries = Mapping[str, Mapping[str, Any]]


def contrast_finding(axis: str, summaries: Summaries) -> str:
    """Name the steadiest and the least steady model along an axis.

    Parameters
    ----------
    axis : str
    summaries : mapping of str to mapping

    Returns
    -------
    str

    Examples
    --------
    >>> one = {"shifts": [-5, 0, 5], "unit": "ms", "consistency": {"value": 0.5, "low": None, "high": None}}
    >>> contrast_finding("time", {"a": one})
    'Shifts in time, ±5 ms: a keeps 50 % of its answers.'
    """
    told = {name: summary["consistency"]["value"] for name, summary in summaries.items()}
    known = sorted((name for name in told if told[name] is not None), key=lambda name: -told[name])
    start = f"Shifts in {axis_title(axis)}, {range_text(next(iter(summaries.values())))}"
    if not known:
        return f"{start}: no model has an answer to compare."
    best, worst = (f"{shown_name(name)} keeps {share_text(told[name])}" for name in (known[0], known[-1]))
    return f"{start}: {best} of its answers{f', {worst}' if len(known) > 1 else ''}."


def varied_finding(axis: str, summaries: Summaries) -> str:
    """Name the class that keeps its answers least, of each model.

    Parameters
    ----------
    axis : str
    summaries : mapping of str to mapping

    Returns
    -------
    str
    """
    told = []
    for name, summary in summaries.items():
        known = [one for one in summary["by_class"] if one["value"] is not None]
        if known:
            least = min(known, key=lambda one: one["value"])
            told.append(f"{shown_name(name)}: {least['name']} {interval(least)}")
    return f"Least steady class under a {amount_title(axis)}: {'; '.join(told)}."


def flips_finding(axis: str, summaries: Summaries) -> str:
    """Say by which shift half of the clips have flipped, of each model.

    Parameters
    ----------
    axis : str
    summaries : mapping of str to mapping

    Returns
    -------
    str
    """
    told = []
    for name, summary in summaries.items():
        flip = summary["minimal_flip_shift"]
        reached = "beyond range" if flip["median"] is None else amount(flip["median"], summary["unit"]).lstrip("+")
        told.append(f"{shown_name(name)} {reached}")
    return f"Half of the clips have flipped by a {amount_title(axis)} of: {'; '.join(told)}."


def standing_finding(axis: str, summaries: Summaries) -> str:
    """Set how steady each model is beside how often it is right.

    Parameters
    ----------
    axis : str
    summaries : mapping of str to mapping

    Returns
    -------
    str
    """
    told = [
        f"{shown_name(name)} {share_text(summary['consistency']['value'])} steady, "
        f"{share_text(summary['accuracy_at_zero']['value'])} right"
        for name, summary in summaries.items()
    ]
    return f"Under a {amount_title(axis)}: {'; '.join(told)}."
