"""A comparison of two models in words and columns.

Conventions
-----------
Functions return lines and print nothing. A difference is the first minus the second and carries its sign; an undefined
number is a dash. The numbers of a row have the decimals that its difference needs.

What is here: `comparison_lines`, and its parts: `sample_text`, `verdict_line`, `remark_lines`, `measure_name`,
`difference_cells`, `difference_text`, `MEASURES`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..counts import count_text
from ..measure.comparison import ClassDifference, Comparison, CurveDifference
from ..measure.pairing import LEVEL, MeasureDifference
from ..measure.statistics import Estimate
from .text import aligned, decimals, fixed, wrapped
from .wording import axis_title

__all__ = [
    "MEASURES",
    "comparison_lines",
    "difference_cells",
    "difference_text",
    "measure_name",
    "remark_lines",
    "sample_text",
    "verdict_line",
]

MEASURES = {
    "accuracy_at_zero": "accuracy",
    "consistency": "same answer as unshifted",
    "all_consistency": "same answer at every shift",
    "mean_accuracy": "accuracy, mean over shifts",
    "worst_accuracy": "right at every shift",
    "mac": "mean change of score",
    "standing": "same answer over the whole range",
}
"""What a measure is called, whatever axis it is of."""
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
    header = [
        ("", "A", "B", "A − B", "p", "could have"),
        ("", "", "", "[95 % interval]", "(Holm)", "seen"),
    ]
    lines = [f"A {found.first}", f"B {found.second}", sample_text(found), ""]
    lines += aligned([*header, *map(difference_cells, found.differences)])
    lines += ["", *wrapped(verdict_line(found))]
    for line in remark_lines(found):
        lines += wrapped(line)
    for note in found.notes:
        lines += wrapped(f"! {note}")
    return lines


def sample_text(found: Comparison) -> str:
    """Say what the comparison rests on.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    str
    """
    groups = f" in {count_text(found.n_groups, 'group')}" if found.n_groups < found.n_clips else ""
    return f"{count_text(found.n_clips, 'clip')}{groups}, paired"


def remark_lines(found: Comparison) -> list[str]:
    """Say at which shifts and in which classes either is steadier.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    list of str
    """
    return [*map(_along, found.curves), *map(_in_classes, found.classes)]


def difference_cells(row: MeasureDifference) -> Sequence[str]:
    """Write out a difference: measure, A, B, A − B with interval, p, what could have been seen.

    Parameters
    ----------
    row : MeasureDifference

    Returns
    -------
    sequence of str
    """
    digits = _digits(row.difference)
    return (
        measure_name(row),
        fixed(row.first, digits),
        fixed(row.second, digits),
        difference_text(row.difference),
        "–" if math.isnan(row.p_adjusted) else f"{row.p_adjusted:.3f}" if row.p_adjusted >= 0.001 else "< 0.001",
        "–" if math.isnan(row.detectable) else f"±{fixed(row.detectable, max(digits, decimals(row.detectable)))}",
    )


def measure_name(row: MeasureDifference) -> str:
    """Name a measure and the axis it is of.

    Parameters
    ----------
    row : MeasureDifference

    Returns
    -------
    str
    """
    return f"{axis_title(row.axis)}: {MEASURES[row.measure]}" if row.axis else f"{MEASURES[row.measure]}, unshifted"


def difference_text(difference: Estimate) -> str:
    """Write a difference with its sign and its interval.

    Parameters
    ----------
    difference : Estimate

    Returns
    -------
    str

    Examples
    --------
    >>> difference_text(Estimate(-0.0034, -0.0041, -0.0027, 9, 3, "group"))
    '−0.0034 [−0.0041, −0.0027]'
    """
    low, high = (fixed(bound, _digits(difference), signed=True) for bound in (difference.low, difference.high))
    return _value_text(difference) + ("" if math.isnan(difference.low) else f" [{low}, {high}]")


def _value_text(difference: Estimate) -> str:
    return fixed(difference.value, _digits(difference), signed=True)


def _digits(difference: Estimate) -> int:
    return decimals(difference.value, difference.low, difference.high)


def verdict_line(found: Comparison) -> str:
    """Say which differences are shown, and how small a difference would have been missed.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    str
    """
    shown = [row for row in found.differences if row.p_adjusted < LEVEL]
    if found.n_groups == 1 < found.n_clips:
        return "no difference can be tested: the clips are all of one group."
    if shown:
        told = "; ".join(f"{measure_name(row)} {_value_text(row.difference)}" for row in shown)
        return f"shown at 5 % after Holm's correction over {len(found.differences)} measures: {told}."
    detectable = [row.detectable for row in found.differences if row.axis and row.measure == "consistency"]
    smallest = [value for value in detectable if not math.isnan(value)]
    if not smallest:
        return "no difference is shown, and the two hardly ever differ."
    least = fixed(min(smallest), decimals(min(smallest)))
    return f"no difference is shown; one in consistency below {least} would most likely have been missed."


def _in_classes(found: ClassDifference) -> str:
    text = _steadier(", ".join(found.first_steadier), ", ".join(found.second_steadier), "in")
    return f"{axis_title(found.axis)}, {count_text(found.n_classes, 'class')} tested (Benjamini–Hochberg, 5 %): {text}."


def _steadier(first: str, second: str, where: str) -> str:
    parts = [f"{side} is steadier {where} {named}" for side, named in (("A", first), ("B", second)) if named]
    return "; ".join(parts) or f"neither is shown to be steadier {where} any"


def _along(curve: CurveDifference) -> str:
    first, second = (
        _shifts(shifts, curve.unit) if shifts else "" for shifts in (curve.first_steadier, curve.second_steadier)
    )
    text = _steadier(first, second, "at")
    return f"{axis_title(curve.axis)}, {count_text(curve.n_shifts, 'shift')} tested (Benjamini–Hochberg, 5 %): {text}."


def _shifts(shifts: Sequence[float], unit: str) -> str:
    named = ", ".join(f"{shift:g}".replace("-", "−") for shift in shifts[:_N_SHIFTS])
    rest = len(shifts) - _N_SHIFTS
    return f"{named} {unit}" + (f" and {rest} more" if rest > 0 else "")
