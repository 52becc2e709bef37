"""Answers of a model, clip by clip over shifts, sorted so that a heat map of them can be read.

Conventions
-----------
A row is a clip, a column a shift. Rows are sorted by label, in the order of the model's classes, and within a label by
consistency, steadiest first, then by mean score. The score is that of one class a clip: of its clean answer, the one
to the unshifted clip, or of its label.

What is here: `AnswerMap`, `ClassBand`, `answer_map`, `score_range`, and `map_finding`, what a map shows in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..errors import InputError
from ..measure import drift, outcome
from ..measure.cliptable import ClipTable
from .selection import choose_axis, choose_model
from .wording import axis_title, shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["AnswerMap", "ClassBand", "answer_map", "map_finding", "score_range"]

FloatArray = npt.NDArray[np.floating]

SCORES = ("clean", "label")
_ROUNDING = 1e-3  # of half-precision probabilities


@dataclass(frozen=True)
class ClassBand:
    """Rows ``first`` to ``last``, both included, whose clips have the same label; None where they have none."""

    label: str | None
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class AnswerMap:
    """What a heat map shows, in its order.

    Parameters
    ----------
    axis, unit : str
    shifts : ndarray of shape (n_shifts,)
        In `unit`.
    scores : ndarray of shape (n_clips, n_shifts)
        Of the clean answer or of the label; ``nan`` where there is none.
    flipped : ndarray of shape (n_clips, n_shifts), bool
        Where the answer is not the clean one.
    names : tuple of str
        Of the clips.
    bands : tuple of ClassBand
        Empty where no clip has a label.
    """

    axis: str
    unit: str
    shifts: FloatArray
    scores: FloatArray
    flipped: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    bands: tuple[ClassBand, ...]


def answer_map(
    results: Results, *, axis: str | None = None, model: str | None = None, score: str = "clean"
) -> AnswerMap:
    """Sort the answers of one model along one axis for a heat map.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
        The first that was swept if not given.
    model : str, optional
        May be left out where there is a single one.
    score : {"clean", "label"}, default "clean"
        Whose score is shown: that of the answer to the unshifted clip, or that of the clip's label.

    Returns
    -------
    AnswerMap

    Raises
    ------
    InputError
        If model, axis or score is unknown.
    """
    if score not in SCORES:
        raise InputError(f"score={score!r} is not one of {', '.join(SCORES)}")
    responses = results.responses[choose_model(results, model)]
    swept = responses.axes[choose_axis(responses, axis)]
    clips = ClipTable.of_responses(responses)
    answers = outcome.top1(swept.scores, swept.zero)
    labels = clips.labels or (None,) * len(clips.names)
    shown = answers[:, swept.zero] if score == "clean" else clips.targets
    scores = drift.class_scores(swept.scores, shown)
    order = _order(labels, clips, outcome.consistency(answers, swept.zero), scores.mean(axis=1))
    return AnswerMap(
        axis=swept.axis,
        unit=swept.unit,
        shifts=swept.shifts,
        scores=scores[order],
        flipped=(outcome.agreement(answers, swept.zero) == 0)[order],
        names=tuple(clips.names[place] for place in order),
        bands=_bands([labels[place] for place in order]) if clips.labels else (),
    )


def _order(
    labels: Sequence[str | None], clips: ClipTable, consistency: FloatArray, confidence: FloatArray
) -> list[int]:
    """Return the places of the clips by class, then from steady and sure to unsteady; what is unknown comes last."""
    rank = {name: place for place, name in enumerate(clips.classes)}
    steadiness, sureness = np.nan_to_num([consistency, confidence], nan=-np.inf)

    def key(place: int) -> tuple[Any, ...]:
        label = labels[place] or ""
        return labels[place] is None, rank.get(label, len(rank)), label, -steadiness[place], -sureness[place]

    return sorted(range(len(labels)), key=key)


def _bands(labels: Sequence[str | None]) -> tuple[ClassBand, ...]:
    bands = []
    for label, rows in groupby(enumerate(labels), key=lambda row: row[1]):
        places = [place for place, _ in rows]
        bands.append(ClassBand(label, places[0], places[-1]))
    return tuple(bands)


def map_finding(results: Results, *, axis: str | None = None, model: str | None = None) -> str:
    """Say what a map shows.

    Parameters
    ----------
    results : Results
    axis : {"time", "freq", "pitch", "bins"}, optional
    model : str, optional

    Returns
    -------
    str
    """
    shown = answer_map(results, axis=axis, model=model)
    n_changed, n_clips = int(shown.flipped.any(axis=1).sum()), len(shown.names)
    name = shown_name(choose_model(results, model), 48)
    return (
        f"{name}, {axis_title(shown.axis)}: the answer changes (white dashes) in {n_changed} of "
        f"{count_text(n_clips, 'clip')}."
    )


def score_range(scores: FloatArray) -> tuple[float, float]:
    """Return 0 and 1 where scores can be probabilities, else their range; 0 and 1 where there are none.

    Parameters
    ----------
    scores : ndarray
        ``nan`` is passed over.

    Returns
    -------
    low : float
    high : float

    Examples
    --------
    >>> score_range(np.array([0.2, 0.9])), score_range(np.array([-3.0, 4.0]))
    ((0.0, 1.0), (-3.0, 4.0))
    """
    known = scores[np.isfinite(scores)]
    if not len(known) or (known.min() >= 0 and known.max() <= 1 + _ROUNDING):
        return 0.0, 1.0
    return float(known.min()), float(known.max())
