"""A comparison of two models in words and columns.

Conventions
-----------
Functions return lines and print nothing. A difference is the first minus the second and carries its sign; an undefined
number is a dash.

What is here: `comparison_lines`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..measure.comparison import LEVEL, Comparison, CurveDifference, MeasureDifference
from .text import aligned, wrapped
from .wording import axis_title, count_text

__all__ = ["comparison_lines"]

_MEASURES = {
    "accuracy_at_zero": "accuracy",
    "consistency": "same answer as unshifted",
    "all_consistency": "same answer at every shift",
    "mean_accuracy": "accuracy, mean over shifts",
    "worst_accuracy": "right at every shift",
    "mac": "mean change of score",
}
_N_SHIFTS = 8


def comparison_lines(found: Comparison) -> list[str]:
    """Lay out a comparison for a terminal.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    list of str
    """
    sample = count_text(found.n_clips, "clip")
    groups = f" in {count_text(found.n_groups, 'group')}" if found.n_groups < found.n_clips else ""
    header = [
        ("", "A", "B", "A − B", "p", "could have"),
        ("", "", "", "[95 % interval]", "(Holm)", "seen"),
    ]
    lines = [f"A {found.first}", f"B {found.second}", f"{sample}{groups}, paired", ""]
    lines += aligned([*header, *map(_row, found.differences)])
    lines += ["", *wrapped(_verdict(found))]
    for curve in found.curves:
        lines += wrapped(_along(curve))
    for note in found.notes:
        lines += wrapped(f"! {note}")
    return lines


def _row(row: MeasureDifference) -> Sequence[str]:
    estimate = row.difference
    interval = f" [{_signed(estimate.low)}, {_signed(estimate.high)}]" if not math.isnan(estimate.low) else ""
    return (
        _name(row),
        _number(row.first),
        _number(row.second),
        f"{_signed(estimate.value)}{interval}",
        "–" if math.isnan(row.p_adjusted) else f"{row.p_adjusted:.3f}" if row.p_adjusted >= 0.001 else "< 0.001",
        "–" if math.isnan(row.detectable) else f"±{row.detectable:.2f}",
    )


def _name(row: MeasureDifference) -> str:
    return f"{axis_title(row.axis)}: {_MEASURES[row.measure]}" if row.axis else f"{_MEASURES[row.measure]}, unshifted"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")


def _verdict(found: Comparison) -> str:
    """Say which differences are shown, and how small a difference would have been missed."""
    shown = [row for row in found.differences if row.p_adjusted < LEVEL]
    if shown:
        told = "; ".join(f"{_name(row)} {_signed(row.difference.value)}" for row in shown)
        return f"shown at 5 % after Holm's correction over {len(found.differences)} measures: {told}."
    detectable = [row.detectable for row in found.differences if row.axis and row.measure == "consistency"]
    smallest = [value for value in detectable if not math.isnan(value)]
    if not smallest:
        return "no difference is shown, and the two hardly ever differ."
    return f"no difference is shown; one in consistency below {min(smallest):.2f} would most likely have been missed."


def _along(curve: CurveDifference) -> str:
    parts = [
        f"{side} is steadier at {_shifts(shifts, curve.unit)}"
        for side, shifts in (("A", curve.first_steadier), ("B", curve.second_steadier))
        if shifts
    ]
    text = "; ".join(parts) or "neither is shown to be steadier at any"
    return f"{axis_title(curve.axis)}, {count_text(curve.n_shifts, 'shift')} tested (Benjamini–Hochberg, 5 %): {text}."


def _shifts(shifts: Sequence[float], unit: str) -> str:
    named = ", ".join(f"{shift:g}".replace("-", "−") for shift in shifts[:_N_SHIFTS])
    rest = len(shifts) - _N_SHIFTS
    return f"{named} {unit}" + (f" and {rest} more" if rest > 0 else "")
