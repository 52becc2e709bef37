"""What the charts of the page show, in a sentence each.

Conventions
-----------
Every number comes from the summary, of one axis by the model's name. A model without a defined number is left out.

What is here: `contrast_finding`, `varied_finding`, `flips_finding`, `standing_finding`, `fidelity_finding`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .text import amount, interval
from .wording import amount_title, axis_title, range_text, share_text, shown_name

__all__ = ["contrast_finding", "fidelity_finding", "flips_finding", "standing_finding", "varied_finding"]

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

    def least(summary: Mapping[str, Any]) -> str:
        known = [one for one in summary["by_class"] if one["value"] is not None]
        found = min(known, key=lambda one: one["value"], default=None)
        return "none" if found is None else f"{found['name']} {interval(found)}"

    return f"Least steady class under a {amount_title(axis)}: {_by_model(summaries, least, ': ')}."


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

    def median(summary: Mapping[str, Any]) -> str:
        found = summary["minimal_flip_shift"]["median"]
        return "beyond range" if found is None else amount(found, summary["unit"]).lstrip("+")

    return f"Half of the clips have flipped by a {amount_title(axis)} of: {_by_model(summaries, median)}."


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

    def standing(summary: Mapping[str, Any]) -> str:
        steady, right = (share_text(summary[name]["value"]) for name in ("consistency", "accuracy_at_zero"))
        return f"{steady} steady, {right} right"

    return f"Under a {amount_title(axis)}: {_by_model(summaries, standing)}."


def fidelity_finding(summaries: Summaries) -> list[str]:
    """Say what the shifts did to the sound beside shifting it, so that it is not blamed on a model.

    Parameters
    ----------
    summaries : mapping of str to mapping

    Returns
    -------
    list of str
        Sentences; those whose numbers are undefined are left out.

    Examples
    --------
    >>> one = {"energy_kept": {"min": 0.5, "max": 1.0}, "harmonicity_error": {"min": None, "max": None}}
    >>> fidelity_finding({"a": one})
    ['The sound itself keeps 50 % to 100 % of its energy.']
    """
    energy, partials = (_extremes(summaries, name) for name in ("energy_kept", "harmonicity_error"))
    told = []
    if energy is not None:
        told.append(f"The sound itself keeps {_range_text(*energy)} of its energy.")
    if partials is not None:
        told.append(f"Its partials leave whole-number ratios by {_range_text(*partials)} (harmonicity error).")
    return told


def _extremes(summaries: Summaries, name: str) -> tuple[float, float] | None:
    """Return the least and the largest over all models."""
    known = [summary[name] for summary in summaries.values() if summary.get(name, {}).get("min") is not None]
    return (min(one["min"] for one in known), max(one["max"] for one in known)) if known else None


def _range_text(low: float, high: float) -> str:
    shown = [f"{100 * value:.{0 if value >= 0.1 or value == 0 else 2}f} %" for value in (low, high)]
    return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def _by_model(summaries: Summaries, told: Callable[[Mapping[str, Any]], str], joint: str = " ") -> str:
    return "; ".join(f"{shown_name(name)}{joint}{told(summary)}" for name, summary in summaries.items())
