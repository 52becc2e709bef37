"""Rules held against the numbers of a results folder.

Conventions
-----------
Nothing passes by default: a number that was not measured, that is undefined, or whose baseline is of other clips or
another grid, fails its rule and says why. A rule that no number could fail, or none could satisfy, is an
`InputError`, and so is a name that means nothing. A drop is the baseline's value minus this run's, clip by clip.

What is here: `Verdict`, `GateReport`, `check_results`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...measure.axis_sweep import PER_CLIP, per_clip
from ...measure.summary import plain
from ...sound.grid import AXES
from ..selection import choose_models
from .metrics import Measured, Range, close_to, known_ranges, measured_numbers
from .rules import Rule
from .subjects import Subject, class_names, paired, subject_of

if TYPE_CHECKING:
    from ..results import Results

__all__ = ["GateReport", "Verdict", "check_results"]

_MAX_WORST = 5
_NOTHING = Measured(math.nan)


@dataclass(frozen=True)
class Verdict:
    """What became of a rule for one model.

    Parameters
    ----------
    rule : Rule
    model : str
    label : str, optional
        The class whose clips were looked at.
    passed : bool
    measured : Measured
        What was held against the limit; for a rule with a baseline the drop, or the rise.
    reason : str
        Why it could not be judged; empty where it could.
    worst : tuple of (str, float)
        Clips that break the rule by themselves, worst first.
    """

    rule: Rule
    model: str
    label: str | None
    passed: bool
    measured: Measured
    reason: str = ""
    worst: tuple[tuple[str, float], ...] = ()

    @property
    def status(self) -> str:
        """``"PASS"``, ``"FAIL"``, or ``"WARN"`` where failing is no error."""
        if self.passed:
            return "PASS"
        return "WARN" if self.rule.level == "warn" else "FAIL"

    @property
    def is_close(self) -> bool:
        """Whether limit inside the interval, so that other clips could have given another verdict.

        An interval of which one end is not known, as it lies beyond the range, has none on that side.
        """
        low, high = self.measured.low, self.measured.high
        if math.isnan(low) and math.isnan(high):
            return False
        return not low >= self.rule.limit and not high <= self.rule.limit


@dataclass(frozen=True)
class GateReport:
    """What became of all rules; true if none failed that is an error.

    Parameters
    ----------
    verdicts : tuple of Verdict
        Not empty.
    """

    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule of level error failed."""
        return all(verdict.status != "FAIL" for verdict in self.verdicts)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        from .output import report_lines

        return "\n".join(report_lines(self))

    def __repr__(self) -> str:
        from .output import one_line

        return one_line(self)


def check_results(
    results: Results, rules: Sequence[Rule], *, baseline: Results | None = None, models: Sequence[str] = ()
) -> GateReport:
    """Hold rules against results.

    Parameters
    ----------
    results : Results
    rules : sequence of Rule
    baseline : Results, optional
        Of the same clips and grids; needed by rules about drops and rises, and by no others.
    models : sequence of str, optional
        Which models rules without one of their own are about; all if not given.

    Returns
    -------
    GateReport

    Raises
    ------
    InputError
        If there is no rule or no model, a rule names what does not exist or could not fail, or a baseline is missing
        or superfluous.
    """
    if not rules:
        raise InputError("no rule: a gate without rules passes nothing; give one, as in time.consistency >= 0.95")
    compares = [rule for rule in rules if rule.compares]
    if compares and baseline is None:
        raise InputError(f"{compares[0]} needs a baseline; give the results to compare with")
    if baseline is not None and not compares:
        raise InputError("a baseline is given, but no rule says max_drop or max_rise")
    everywhere = choose_models(results, models or None)
    targets = [(rule, *about) for rule in rules for about in _targets(rule, results, everywhere)]
    subjects = {(name, label): subject_of(results, name, label) for _, name, label in targets}
    for rule, name, label in targets:
        _check_metric(rule, subjects[name, label])
    return GateReport(tuple(_judge(rule, subjects[name, label], baseline) for rule, name, label in targets))


def _targets(rule: Rule, results: Results, everywhere: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the models, and the classes of each, that a rule is about."""
    names = everywhere if rule.model is None else _matching(rule.model, choose_models(results), f"{rule}: no model")
    if rule.label is None:
        return [(name, None) for name in names]
    return [
        (name, label)
        for name in names
        for label in _matching(rule.label, class_names(results.responses[name]), f"{rule}: no clip of class")
    ]


def _matching(pattern: str, names: Iterable[str], nothing: str) -> list[str]:
    known = list(names)
    found = [pattern] if pattern in known else [name for name in known if fnmatchcase(name, pattern)]
    if not found:
        raise InputError(f"{nothing} {pattern!r}; {close_to(pattern, known)}")
    return found


def _check_metric(rule: Rule, subject: Subject) -> None:
    """Refuse a rule about what is no number of a summary, and one whose outcome is certain."""
    known = {**dict.fromkeys(subject.numbers, Range()), **known_ranges(dict.fromkeys((*AXES, *subject.axes)))}
    if rule.metric not in known:
        raise InputError(f"metric {rule.metric!r} is unknown; {close_to(rule.metric, known)}")
    low, high, what = known[rule.metric].low, known[rule.metric].high, rule.metric
    if rule.compares:
        if _of_clips(rule.metric, subject) is None:
            raise InputError(f"{rule}: only averages over clips can be paired: accuracy, {', '.join(PER_CLIP)}")
        low, high, what = low - high, high - low, f"a change of {rule.metric}"
    impossible = rule.limit > high if rule.is_lower else rule.limit < low
    certain = rule.limit <= low if rule.is_lower else rule.limit >= high
    if impossible or certain:
        between = f"{low:g} and {high:g}".replace("-", "−").replace("inf", "∞")
        raise InputError(f"{rule} cannot {'be met' if impossible else 'fail'}: {what} lies between {between}")


def _of_clips(metric: str, subject: Subject) -> tuple[str, str] | None:
    """Return axis and measure of a number that is an average of one value a clip."""
    axis, _, measure = metric.partition(".")
    if metric == "accuracy":
        axis, measure = next(iter(subject.axes)), "accuracy_at_zero"
    return (axis, measure) if measure in PER_CLIP else None


def _judge(rule: Rule, subject: Subject, baseline: Results | None) -> Verdict:
    if rule.compares and baseline is not None:
        return _judge_change(rule, subject, baseline)
    reason, at = subject.why_undefined(rule.metric), _of_clips(rule.metric, subject)
    if reason or at is None:
        return _verdict(rule, subject, subject.numbers.get(rule.metric, _NOTHING), np.empty(0), reason)
    return _verdict(rule, subject, subject.numbers[rule.metric], per_clip(subject.sweep(at[0]), at[1]))


def _judge_change(rule: Rule, subject: Subject, baseline: Results) -> Verdict:
    """Compare with the baseline, clip by clip; whatever keeps the two apart fails the rule."""
    at = _of_clips(rule.metric, subject)
    reason = subject.why_undefined(rule.metric)
    if at is None or reason:
        return _verdict(rule, subject, _NOTHING, np.empty(0), reason)
    try:
        pair = paired(subject, baseline, at[0])
    except InputError as error:
        return _verdict(rule, subject, _NOTHING, np.empty(0), f"not comparable: {error}")
    if rule.kind == "max_rise":
        pair = replace(pair, first=pair.second, second=pair.first)
    change = plain(pair.difference(at[1]).difference)
    return _verdict(rule, subject, measured_numbers({"axes": {}, "change": change})["change"], pair.per_clip(at[1]))


def _verdict(
    rule: Rule, subject: Subject, measured: Measured, values: npt.NDArray[np.floating], reason: str = ""
) -> Verdict:
    """Hold a number against its limit, and name the clips whose own values break it."""
    held = measured.value if rule.bound == "point" else getattr(measured, rule.bound)
    if not reason and math.isnan(held):
        reason = "undefined: no clip has a value" if math.isnan(measured.value) else "it has no interval; use the point"
    sign = 1 if rule.is_lower else -1
    passed = bool(sign * held >= sign * rule.limit)  # what is undefined is never on the right side
    ranked = sorted((sign * float(value), name) for value, name in zip(values, subject.clips.names, strict=False))
    worst = [(name, sign * value) for value, name in ranked if value < sign * rule.limit]
    return Verdict(rule, subject.model, subject.label, passed, measured, reason, tuple(worst[:_MAX_WORST]))
