"""What an error budget found, in words and a table.

Conventions
-----------
Numbers as in `audioinv.report.layer_text`. A line for each stage: the error of its own map at multiples of its stride
and between them, and what it makes of the answer, as change of the scores, as share of the whole change, in bits, as
change of the margin and as share of answers that become other ones.

What is here: `budget_lines`, `beside_lines`, `stage_cells` under `STAGE_HEADINGS`, `verdict_line`, `stage_name`,
`percent_text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..counts import count_text
from ..measure.budget.attribution import BudgetSummary, StageSummary
from ..measure.budget.border import CIRCULAR, BorderEffect
from ..measure.budget.phase_sweep import PhaseSweep
from ..measure.budget.position_probe import PositionProbe
from ..measure.statistics import Estimate
from .budget_results import AxisBudget, BudgetResults
from .layer_text import amounts_text, number_text, table_lines, with_kind
from .wording import axis_title

__all__ = [
    "STAGE_HEADINGS",
    "beside_lines",
    "budget_lines",
    "percent_text",
    "stage_cells",
    "stage_name",
    "verdict_line",
]

STAGE_HEADINGS = ("stage", "stride", "own error", "between", "changes scores by", "share", "bits", "margin", "flips")
_MOST = 0.5


def budget_lines(results: BudgetResults) -> Iterator[str]:
    """Say what each stage makes of the answer, and what was measured beside.

    Parameters
    ----------
    results : BudgetResults

    Yields
    ------
    str
    """
    for axis in results.axes.values():
        yield f"{_heading(axis)}; {count_text(len(results.clips), 'clip')}"
        rows = [stage_cells(stage, axis.axis) for stage in axis.summary.stages]
        yield from table_lines([STAGE_HEADINGS, *rows, _whole(axis.summary)], (0,))
        yield from _remarks(axis.summary)
        yield ""
    yield from beside_lines(results)


def beside_lines(results: BudgetResults) -> Iterator[str]:
    """Say what frame phase, border and position do, measured beside the budget.

    Parameters
    ----------
    results : BudgetResults

    Yields
    ------
    str
    """
    if results.phases is not None:
        yield _phase_line(results.phases)
    for effect in results.border:
        yield _border_line(effect)
    for probe in results.probes:
        yield _probe_line(probe)


def _heading(axis: AxisBudget) -> str:
    moved = f"error budget, {axis_title(axis.axis)}: {amounts_text(axis.shifts, axis.unit)}"
    steps = {"time": "samples", "bins": "bins"}.get(axis.axis)
    return f"{moved}, edges circular; strides in {steps}" if steps else moved


def stage_cells(stage: StageSummary, axis: str) -> tuple[str, ...]:
    """Write a stage as a row under `STAGE_HEADINGS`.

    Parameters
    ----------
    stage : StageSummary
    axis : str

    Returns
    -------
    tuple of str
    """
    return (
        stage_name(stage),
        "–" if axis == "pitch" else str(stage.stage.stride),
        number_text(stage.own_error),
        number_text(stage.own_error_between),
        number_text(stage.change.value),
        percent_text(stage.share.value),
        number_text(stage.js_divergence),
        number_text(stage.margin_change),
        percent_text(stage.flips),
    )


def _whole(summary: BudgetSummary) -> tuple[str, ...]:
    share = "100 %" if any(stage.share.value == stage.share.value for stage in summary.stages) else "–"
    numbers = (number_text(summary.js_divergence), number_text(summary.margin_change), percent_text(summary.flips))
    return ("whole change", "", "", "", number_text(summary.total.value), share, *numbers)


def _remarks(summary: BudgetSummary) -> Iterator[str]:
    if summary.culprit is not None:
        added = summary.total.value + summary.cancelled
        cancelled = number_text(max(summary.cancelled, 0.0))
        yield f"the changes of the stages add up to {number_text(added)}, of which {cancelled} cancel"
    yield f"→ {verdict_line(summary)}"
    for stage in summary.stages:
        if stage.random and stage.stage.name != summary.culprit:
            yield f"! {stage.stage.name} answers the same input differently"
        if stage.stage.holds:
            held = ", ".join(stage.stage.holds)
            yield f"! {stage.stage.name} stands for {held} as well: nobody can say where their maps should lie"


def verdict_line(summary: BudgetSummary) -> str:
    """Name the stage that makes most of the change, or say that nothing changes.

    Parameters
    ----------
    summary : BudgetSummary

    Returns
    -------
    str
    """
    blamed = summary.blamed
    if blamed is None:
        return (
            f"no change that counts: {number_text(summary.total.value)}, where two clips differ by "
            f"{number_text(summary.between_clips)}"
        )
    name, made = stage_name(blamed), f"{percent_text(blamed.share.value)}{_interval(blamed.share)} of the change"
    if blamed.random:
        return f"{name} answers the same input differently: its {made} is no shift's doing"
    return (
        f"{name} makes most: {made}"
        if blamed.share.value > _MOST
        else f"no stage makes most; largest is {name}: {made}"
    )


def _phase_line(phases: PhaseSweep) -> str:
    largest = max(range(len(phases.delays_samples)), key=lambda place: phases.spectrogram_change[place])
    return (
        f"frame phase: within a hop of {phases.hop_samples} samples the spectrogram changes by up to "
        f"{number_text(phases.spectrogram_change[largest])} (at {phases.delays_samples[largest]:g}), the scores by up "
        f"to {number_text(max(phases.model_change))}; the front end makes {percent_text(phases.share.value)}"
        f"{_interval(phases.share)} of it"
    )


def _border_line(effect: BorderEffect) -> str:
    kept = f"border, {effect.edges}: {percent_text(effect.consistency.value)} of the answers stay"
    if effect.edges == CIRCULAR:
        return f"{kept}; the score of the clean answer changes by {number_text(effect.change.value)}"
    (lost, fewer), (added, more) = (
        _without_sign(effect.consistency_lost, "fewer", "more"),
        _without_sign(effect.change_added, "more", "less"),
    )
    return (
        f"{kept}, {percent_text(lost.value)}{_interval(lost)} {fewer} than in a circle; "
        f"the score changes by {number_text(added.value)} [{_signed(added.low)}, {_signed(added.high)}] {more}"
    )


def _probe_line(probe: PositionProbe) -> str:
    found = "position leaks" if probe.leaks else "no leak shown"
    right = f"{percent_text(probe.accuracy.value)}{_interval(probe.accuracy)}"
    return (
        f"position, read from {probe.layer}: right in {right} of cases, by chance {percent_text(probe.chance)}, with "
        f"positions shuffled {percent_text(probe.control_accuracy)}, p = {probe.p_value:.2f}: {found}"
    )


def stage_name(stage: StageSummary, prefix: str = "") -> str:
    """Name a stage, with the class of its module where the name ends in a mere number.

    Parameters
    ----------
    stage : StageSummary
    prefix : str, default ""
        To be left out.

    Returns
    -------
    str
    """
    return with_kind(stage.stage.name.removeprefix(prefix), stage.stage.kind)


def percent_text(share: float) -> str:
    """Write a share that may be negative, or above 1; a dash where it is undefined.

    Parameters
    ----------
    share : float

    Returns
    -------
    str

    Examples
    --------
    >>> percent_text(-0.27), percent_text(-0.001), percent_text(float("nan"))
    ('−27 %', '0 %', '–')
    """
    return "–" if share != share else f"{round(100 * share)} %".replace("-", "−")


def _interval(found: Estimate) -> str:
    return "" if found.low != found.low else f" [{round(100 * found.low)}, {round(100 * found.high)}]".replace("-", "−")


def _without_sign(found: Estimate, above: str, below: str) -> tuple[Estimate, str]:
    """Return a difference from 0 upwards, and the word for its direction."""
    if found.value < 0:
        return replace(found, value=-found.value, low=-found.high, high=-found.low), below
    return found, above


def _signed(change: float) -> str:
    return ("−" if change < 0 else "+") + number_text(abs(change))
