"""What sliding over recordings found, in words and a few lines.

Conventions
-----------
As in `audioinv.report.text`: an interval is written ``0.93 [0.90, 0.95]``, an undefined number is a dash. Times are in
milliseconds.

What is here: `sliding_lines`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..counts import count_text
from .sliding_results import SlidingFindings
from .text import aligned, interval, wrapped

__all__ = ["phase_line", "sliding_lines"]


def sliding_lines(results: SlidingFindings) -> Iterator[str]:
    """Say what was found, model by model, and what to be careful with.

    Parameters
    ----------
    results : SlidingFindings

    Yields
    ------
    str
    """
    for name, summary in results.document["models"].items():
        found = summary["sliding"]
        yield f"{name}: {_windows(found)}"
        yield f"  {_events(found)}"
        shares = [(what, interval(found[key]), why) for what, key, why in _SHARES]
        times = [(what, interval(_milliseconds(found[key]), 0), why) for what, key, why in _TIMES]
        yield from (f"  {line}" for line in aligned([*shares, *times]))
        yield from (f"  {line}" for line in (phase_line(found), _outside(found)) if line)
        for warning in summary["warnings"]:
            yield from wrapped(f"! {warning}")
        yield ""


_SHARES = (
    ("share of phases that find an event", "detection_rate", ""),
    ("events that only some phases find", "partly_found", ""),
    ("phase loss", "phase_loss", "missed although enough windows detect; 0 if they are consecutive"),
)
_TIMES = (
    ("delay, ms", "mean_delay_s", ""),
    ("spread of delay over phases, ms", "delay_spread_s", ""),
    ("beyond looking once a stride, ms", "excess_spread_s", "0 for a detector to which the grid does not matter"),
)


def _windows(found: Mapping[str, Any]) -> str:
    stride = "not known" if found["stride_ms"] is None else f"{found['stride_ms']:g} ms"
    n_phases = len(found["phases_ms"])
    return (
        f"{count_text(found['n_recordings'], 'recording')}, {count_text(found['n_windows'], 'window')} of "
        f"{found['window_s']:g} s, one every {found['every_ms']:g} ms; stride {stride}, {count_text(n_phases, 'phase')}"
    )


def _events(found: Mapping[str, Any]) -> str:
    origin = "given" if found["events"] == "given" else "made of the model's own detections"
    return f"{count_text(found['n_events'], 'event')}, {origin}; a score of {found['threshold']:g} detects"


def _milliseconds(estimate: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value and 1000 * value for key, value in estimate.items() if key in ("value", "low", "high")}


def phase_line(found: Mapping[str, Any]) -> str:
    """Name the phases that find most and least.

    Parameters
    ----------
    found : mapping
        The ``sliding`` of a model's summary.

    Returns
    -------
    str
        Empty where there are no phases to compare.
    """
    rates, phases = found["detection_rate_by_phase"]["value"], found["phases_ms"]
    if len(phases) < 2 or rates[0] is None:
        return ""
    best, worst = (choose(range(len(rates)), key=rates.__getitem__) for choose in (max, min))
    if rates[best] == rates[worst]:
        return f"every phase finds the same share, {rates[best]:.2f}"
    return f"rate {rates[worst]:.2f} at a phase of {phases[worst]:g} ms, {rates[best]:.2f} at {phases[best]:g} ms"


def _outside(found: Mapping[str, Any]) -> str:
    shares = {label: share for label, share in (found["active_outside"] or {}).items() if share}
    if not shares:
        return ""
    label = max(shares, key=shares.__getitem__)
    return (
        f"detects without an event: {label} in {100 * shares[label]:.1f} % of the windows beside its events, the most"
    )
