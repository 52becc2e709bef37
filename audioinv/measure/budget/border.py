"""What the border does to a model's answers: the same delays with other things entering the window.

Conventions
-----------
As in `audioinv.measure.outcome`, one array of scores for each kind of `edges`. Under a circular delay nothing enters
and nothing leaves: what changes is the model's own doing. Under the same delay with silence, or the recording's own
surroundings, entering, the difference is the border's. Part of it is sound that left the window, which is no fault.

What is here: `BorderEffect`, `attribute_to_border`, `border_effect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..drift import mean_absolute_change
from ..outcome import consistency, top1
from ..statistics import Estimate, estimate_mean, paired_difference

__all__ = ["CIRCULAR", "BorderEffect", "attribute_to_border", "border_effect"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

CIRCULAR = "circular"


@dataclass(frozen=True)
class BorderEffect:
    """What delays change with one kind of edges, and how much of it circular ones do not.

    Parameters
    ----------
    edges : str
    consistency : Estimate
        Share of delays that leave the answer as it is.
    change : Estimate
        Mean change of the clean answer's score.
    consistency_lost : Estimate
        Consistency under circular delays less this one's (#19).
    change_added : Estimate
        Change less that under circular delays.
    """

    edges: str
    consistency: Estimate
    change: Estimate
    consistency_lost: Estimate
    change_added: Estimate


def attribute_to_border(
    scores: Mapping[str, FloatArray], zero: int, *, groups: npt.ArrayLike | None = None, seed: int = 0
) -> tuple[BorderEffect, ...]:
    """Compare delays with several kinds of edges, clip by clip.

    Parameters
    ----------
    scores : mapping of str to ndarray of shape (n_clips, n_shifts, n_classes)
        By edges, "circular" among them; the same clips and delays in each.
    zero : int
        Index of the unshifted column.
    groups : array of shape (n_clips,), optional
        Which clips belong together.
    seed : int, default 0
        Of the intervals.

    Returns
    -------
    tuple of BorderEffect
        One for each kind of edges.

    Examples
    --------
    >>> steady, moved = np.array([[[0.75, 0.25], [0.75, 0.25]]]), np.array([[[0.75, 0.25], [0.25, 0.75]]])
    >>> _, silence = attribute_to_border({"circular": steady, "zero": moved}, 0)
    >>> silence.consistency_lost.value, silence.change_added.value
    (1.0, 0.5)
    """
    rng = np.random.default_rng(seed)
    answers = {edges: top1(found, zero) for edges, found in scores.items()}
    changes = {edges: mean_absolute_change(found, zero) for edges, found in scores.items()}
    return tuple(
        BorderEffect(
            edges,
            consistency=estimate_mean(consistency(answers[edges], zero), groups, rng=rng),
            change=estimate_mean(changes[edges], groups, rng=rng, bounds=None),
            consistency_lost=estimate_mean(
                border_effect(answers[CIRCULAR], answers[edges], zero), groups, rng=rng, bounds=(-1.0, 1.0)
            ),
            change_added=paired_difference(changes[edges], changes[CIRCULAR], groups, rng=rng),
        )
        for edges in scores
    )


def border_effect(circular: IntArray, zero_filled: IntArray, zero: int) -> FloatArray:
    """How much steadier the answers are when nothing enters or leaves at the border: B, #19.

    A circular delay keeps the whole sound in the window, the same delay with silence entering does not; what the two
    differ by is the border's doing, and the model's own padding's.

    Parameters
    ----------
    circular, zero_filled : ndarray of shape (n_clips, n_shifts), int
        Answers to the same clips at the same delays.
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips,)
        `consistency` of the first minus that of the second, in [-1, 1].

    Examples
    --------
    >>> border_effect(np.array([[1, 1, 1]]), np.array([[1, 1, 0]]), 0)
    array([0.5])
    """
    return consistency(circular, zero) - consistency(zero_filled, zero)
