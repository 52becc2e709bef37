"""What a rule is held against: one model's answers to all clips, or to those of one class.

Conventions
-----------
The numbers of all clips are those of ``summary.json``; those of a class are computed as they are, from the rows of its
clips alone, with the seed of the run. Controls and references were not run class by class.

What is here: `Subject`, `class_names`, `subject_of`, `paired`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...counts import count_text
from ...errors import InputError
from ...measure.axis_sweep import AxisSweep
from ...measure.cliptable import ClipTable
from ...measure.matching import Compared, SweepPair, pair_sweeps
from ...measure.summary import ModelFacts, summarize_model
from ..wording import range_text, shown_name
from .metrics import Measured, measured_numbers

if TYPE_CHECKING:
    from ...sweep.responses import AxisResponses, ModelResponses
    from ..results import Results

__all__ = ["Subject", "class_names", "paired", "subject_of"]

_MAX_NAMED = 3


@dataclass(frozen=True, eq=False)
class Subject:
    """Answers that a rule is about, and the numbers they gave.

    Parameters
    ----------
    model : str
    label : str, optional
        None for all clips.
    responses : ModelResponses
    whole : mapping
        Summary of all clips.
    facts : ModelFacts
    seed : int
        Of the run.
    """

    model: str
    label: str | None
    responses: ModelResponses
    whole: Mapping[str, Any]
    facts: ModelFacts
    seed: int

    @property
    def axes(self) -> Mapping[str, AxisResponses]:
        """What was swept."""
        return self.responses.axes

    @cached_property
    def noise_floor(self) -> float:
        """The largest change of a score between two calls with the same input."""
        return self.whole["controls"].get("noise_floor") or 0.0

    @cached_property
    def clips(self) -> ClipTable:
        """Names, labels and groups."""
        return ClipTable.of_responses(self.responses)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """Of these clips."""
        if self.label is None:
            return self.whole
        controls = {"noise_floor": self.noise_floor}
        return summarize_model(self.axes, self.clips, controls=controls, rng_seed=self.seed, facts=self.facts)

    @cached_property
    def numbers(self) -> dict[str, Measured]:
        """Every number of the summary."""
        return measured_numbers(self.summary)

    def sweep(self, axis: str) -> AxisSweep:
        """Return the answers along an axis.

        Parameters
        ----------
        axis : str

        Returns
        -------
        AxisSweep
        """
        return AxisSweep(axis, self.axes[axis], self.clips, self.seed, self.facts, self.noise_floor)

    def why_undefined(self, metric: str) -> str:
        """Say why a number is missing or undefined.

        Parameters
        ----------
        metric : str

        Returns
        -------
        str
            Empty for a number that is there.
        """
        if metric not in self.numbers:
            axis = metric.partition(".")[0]
            if axis not in self.whole and axis not in self.axes:
                return f"not measured: the run swept no {axis}, only {', '.join(self.axes)}"
            return "not measured" + (f" for class {self.label} alone" if self.label else " by this run")
        if not np.isnan(self.numbers[metric].value):
            return ""
        lines = (warning.partition(": ") for warning in self.summary["warnings"])
        told = (reason for name, _, reason in lines if f"{metric}.".startswith(f"{name}."))
        return f"undefined: {next(told, 'the run gives no number')}"


def class_names(responses: ModelResponses) -> tuple[str, ...]:
    """Return the classes that clips of a run are labelled with, sorted.

    Parameters
    ----------
    responses : ModelResponses

    Returns
    -------
    tuple of str
    """
    return tuple(sorted({clip.label for clip in responses.clips if clip.label is not None}))


def subject_of(results: Results, model: str, label: str | None = None) -> Subject:
    """Pick a model's answers, to all clips or to those of a class.

    Parameters
    ----------
    results : Results
    model : str
    label : str, optional

    Returns
    -------
    Subject
    """
    about, responses = results.run["models"][model], results.responses[model]
    activation = responses.spec.activation
    facts = ModelFacts(responses.spec.sample_rate, activation, about["hop_samples"], about["stride_samples"])
    if label is not None:
        responses = _of_class(responses, label)
    summary = results.document["models"][model]
    return Subject(model, label, responses, summary, facts, results.document["run"]["seed"])


def _of_class(responses: ModelResponses, label: str) -> ModelResponses:
    rows = [place for place, clip in enumerate(responses.clips) if clip.label == label]
    axes = {name: _rows(axis, rows) for name, axis in responses.axes.items()}
    return replace(responses, clips=tuple(responses.clips[row] for row in rows), axes=axes)


def _rows(axis: AxisResponses, rows: list[int]) -> AxisResponses:
    columns = {field.name: getattr(axis, field.name) for field in fields(axis) if field.name != "shifts"}
    kept: dict[str, Any] = {name: part[rows] for name, part in columns.items() if isinstance(part, np.ndarray)}
    return replace(axis, **kept)


def paired(subject: Subject, baseline: Results, axis: str) -> SweepPair:
    """Pair a baseline's answers with those of a run, the baseline's first.

    Parameters
    ----------
    subject : Subject
    baseline : Results
        A model of the same name, or the only one where both hold one.
    axis : str

    Returns
    -------
    SweepPair

    Raises
    ------
    InputError
        If the baseline is of other models, clips or grids.
    """
    other = _counterpart(subject, baseline)
    if axis not in other.axes:
        raise InputError(f"the baseline swept no {axis}, only {', '.join(other.axes)}")
    _check_clips(subject, other)
    ours, theirs = (side.axes[axis] for side in (subject, other))
    for what in ("unit", "edges", "engine"):
        if getattr(ours, what) != getattr(theirs, what):
            raise InputError(
                f"the baseline's {what} along {axis} differs: {getattr(theirs, what)} there, {getattr(ours, what)} here"
            )
    if ours.shifts.shape != theirs.shifts.shape or not np.allclose(ours.shifts, theirs.shifts, rtol=1e-9, atol=0.0):
        raise InputError(f"the baseline's grid along {axis} differs: {_grid(theirs)} there, {_grid(ours)} here")
    before, now = (Compared(side.model, side.responses, side.noise_floor) for side in (other, subject))
    pair = pair_sweeps(before, now, axis, seed=subject.seed)
    if pair is None:
        raise InputError(f"axis {axis} holds no shift other than 0, or counts samples of another sample rate")
    if n_unlike := len(subject.responses.clips) - len(pair.second.clips.names):
        raise InputError(
            f"the baseline has {n_unlike} of the clips under another label, or heard another stretch of them; analyse "
            "both with the same labels"
        )
    return pair


def _counterpart(subject: Subject, baseline: Results) -> Subject:
    """Find the model of the baseline; where it holds a single one, that may have another name."""
    names = list(baseline.responses)
    name = subject.model if subject.model in names or len(names) != 1 else names[0]
    if name not in names:
        raise InputError(f"the baseline holds no model {name}, only {', '.join(names) or 'none'}")
    return subject_of(baseline, name, subject.label)


def _check_clips(subject: Subject, other: Subject) -> None:
    ours, theirs = (Counter(clip.name for clip in side.responses.clips) for side in (subject, other))
    alone = [(ours - theirs, "here"), (theirs - ours, "there")]
    told = [f"{_clips(names)} only {where}" for names, where in alone if names]
    if told:
        raise InputError(f"the baseline has other clips: {', '.join(told)}; analyse the same clips by the same paths")


def _clips(names: Counter[str]) -> str:
    named = ", ".join(shown_name(name) for name in list(names)[:_MAX_NAMED])
    return f"{count_text(names.total(), 'clip')} ({named}{', …' if len(names) > _MAX_NAMED else ''})"


def _grid(axis: AxisResponses) -> str:
    shifts = axis.shifts.tolist()
    return f"{range_text({'shifts': shifts, 'unit': axis.unit})} in {count_text(len(shifts), 'shift')}"
