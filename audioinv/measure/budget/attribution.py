"""How much of a model's change under a shift each of its stages makes.

Conventions
-----------
`scores` are ``(n_clips, n_shifts, n_stages + 1, n_classes)``: the answers with the first 0, 1, 2, … stages exact, from
`audioinv.measure.budget.stages`. What stage k *makes* of an answer is the difference between entries k and k + 1. As
vectors these differences add up to the whole change, entry 0 less the last, without a remainder; their lengths need
not, since stages may undo each other's doings. What is lost so is `cancelled`: the sum of the lengths less the length
of the sum, never negative.

The *share* of a stage is the part of the whole change that points where the change points: Σ c·T / Σ T·T, over clips
and shifts, for what the stage makes, c, and the whole, T. Shares add up to 1; a stage that works against the change has
a negative one. Changes are Euclidean distances between scores.

A change counts if it is more than `tolerance` times the mean distance between the answers to two clips, and more than
float32 rounds. The stage of the largest share is the *culprit*. A stage that answers the same input differently is
*random*: what it makes is no shift's doing.

What is here: `StageChanges`, `stage_changes`, `change_shares`; `StageSummary`, `BudgetSummary`, `summarize_budget`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist

from ..divergence import js_divergence
from ..layerwise.layers import multiples_of
from ..outcome import top1
from ..ratios import bootstrap_ratio
from ..statistics import Estimate, estimate_mean
from .stages import Stage, StagePath

__all__ = ["BudgetSummary", "StageChanges", "StageSummary", "change_shares", "stage_changes", "summarize_budget"]

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 64 * float(np.finfo(np.float32).eps)  # of a number that float32 carries through a network, generously


@dataclass(frozen=True, eq=False)
class StageChanges:
    """What the answer does from one entry of a path to the next; all of shape (n_clips, n_shifts, n_stages).

    Parameters
    ----------
    change : ndarray
        Euclidean distance of the scores.
    js_divergence : ndarray
        In bits; ``nan`` where scores are no probabilities.
    margin_change : ndarray
        Absolute change of the lead of the clean answer over the best other class; ``nan`` with a single class.
    flips : ndarray
        1 where the answer is another class, else 0.
    """

    change: FloatArray
    js_divergence: FloatArray
    margin_change: FloatArray
    flips: FloatArray


def stage_changes(scores: FloatArray) -> StageChanges:
    """Measure what every stage makes of the answer.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_stages + 1, n_classes)
        With the first and last entry only, the whole change as one stage.

    Returns
    -------
    StageChanges

    Examples
    --------
    >>> path = np.array([[[[0.25, 0.75], [0.75, 0.25], [0.75, 0.25]]]])
    >>> found = stage_changes(path)
    >>> found.flips.ravel(), found.margin_change.ravel()
    (array([1., 0.]), array([1., 0.]))
    """
    shape = (*scores.shape[:2], scores.shape[2] - 1)
    pairs = np.stack([scores[:, :, :-1], scores[:, :, 1:]], axis=3).reshape(-1, 2, scores.shape[3])
    answers = top1(pairs, 1)
    return StageChanges(
        change=np.linalg.norm(np.diff(scores, axis=2), axis=-1),
        js_divergence=js_divergence(pairs, 1)[:, 0].reshape(shape),
        margin_change=np.abs(np.diff(_lead(scores), axis=2)),
        flips=(answers[:, 0] != answers[:, 1]).reshape(shape).astype(np.float64),
    )


def _lead(scores: FloatArray) -> FloatArray:
    """Return the score of the clean answer less the best other one, of shape (n_clips, n_shifts, n_stages + 1)."""
    followed = scores[:, :, -1:].argmax(-1)[..., None]
    held = np.take_along_axis(scores, followed, axis=-1)[..., 0]
    if scores.shape[-1] < 2:
        return np.full_like(held, np.nan)
    others = np.where(np.arange(scores.shape[-1]) == followed, -np.inf, scores)
    return np.asarray(held - others.max(axis=-1))


@dataclass(frozen=True)
class StageSummary:
    """What one stage does, over all clips and all shifts but 0.

    Parameters
    ----------
    stage : Stage
    own_error, own_error_between : float
        Mean relative error of its map, given exact ones, at shifts that are multiples of its stride and at others.
    change : Estimate
        Mean Euclidean change of the scores that it makes.
    share : Estimate
        Of the whole change; ``nan`` where there is none beyond rounding.
    js_divergence, margin_change, flips : float
        Means of what it makes.
    random : bool
        Whether it answers the same input differently: its own error at shift 0 is beyond rounding.
    """

    stage: Stage
    own_error: float
    own_error_between: float
    change: Estimate
    share: Estimate
    js_divergence: float
    margin_change: float
    flips: float
    random: bool


@dataclass(frozen=True)
class BudgetSummary:
    """What all stages do together.

    Parameters
    ----------
    stages : tuple of StageSummary
        In the order in which sound passes them.
    total : Estimate
        Mean Euclidean change of the scores under a shift.
    js_divergence, margin_change, flips : float
        The same in other units.
    cancelled : float
        Sum of the stages' changes less the total.
    at_rest : float
        Mean change at shift 0: what the model does by itself.
    between_clips : float
        Mean distance between the answers to two clips.
    culprit : str, optional
        Stage of the largest share; None where nothing changes that counts.
    """

    stages: tuple[StageSummary, ...]
    total: Estimate
    js_divergence: float
    margin_change: float
    flips: float
    cancelled: float
    at_rest: float
    between_clips: float
    culprit: str | None

    @property
    def blamed(self) -> StageSummary | None:
        """The culprit itself."""
        return next((stage for stage in self.stages if stage.stage.name == self.culprit), None)


def summarize_budget(
    stages: Sequence[Stage],
    paths: Sequence[StagePath],
    shifts: FloatArray,
    *,
    groups: npt.ArrayLike | None = None,
    tolerance: float = 0.01,
    seed: int = 0,
) -> BudgetSummary:
    """Sum up what the stages make of the answers, and name the one that makes most.

    Parameters
    ----------
    stages : sequence of Stage
    paths : sequence of StagePath
        One a clip.
    shifts : ndarray of shape (n_shifts,)
        In steps of the input, with 0 and another among them.
    groups : array of shape (n_clips,), optional
        Which clips belong together.
    tolerance : float, default 0.01
        The change that counts as none, as a share of the distance between clips.
    seed : int, default 0
        Of the intervals.

    Returns
    -------
    BudgetSummary
    """
    scores = np.stack([path.scores for path in paths])
    errors = np.stack([path.own_errors for path in paths])
    moved = shifts != 0
    parts, whole = stage_changes(scores), stage_changes(scores[:, :, [0, -1]])
    rng = np.random.default_rng(seed)
    total = estimate_mean(whole.change[:, moved, 0].mean(1), groups, rng=rng, bounds=None)
    clean = scores[:, 0, -1]
    rounding = _ROUNDING * float(np.linalg.norm(clean, axis=-1).mean())
    shares = change_shares(scores[:, moved] if total.value > rounding else 0 * scores, groups, rng)
    found = tuple(
        StageSummary(
            stage,
            *_own_errors(errors[:, :, k], shifts, stage.stride),
            change=estimate_mean(parts.change[:, moved, k].mean(1), groups, rng=rng, bounds=None),
            share=shares[k],
            js_divergence=float(parts.js_divergence[:, moved, k].mean()),
            margin_change=float(parts.margin_change[:, moved, k].mean()),
            flips=float(parts.flips[:, moved, k].mean()),
            random=bool((errors[:, ~moved, k] > _ROUNDING).any()),
        )
        for k, stage in enumerate(stages)
    )
    between = float(pdist(clean).mean()) if len(clean) > 1 else float("nan")
    return BudgetSummary(
        stages=found,
        total=total,
        js_divergence=float(whole.js_divergence[:, moved].mean()),
        margin_change=float(whole.margin_change[:, moved].mean()),
        flips=float(whole.flips[:, moved].mean()),
        cancelled=sum(stage.change.value for stage in found) - total.value,
        at_rest=float(whole.change[:, ~moved].mean()),
        between_clips=between,
        culprit=_culprit(found) if total.value > np.fmax(tolerance * between, rounding) else None,
    )


def _culprit(stages: Sequence[StageSummary]) -> str:
    return max(stages, key=lambda stage: stage.share.value).stage.name


def change_shares(scores: FloatArray, groups: npt.ArrayLike | None, rng: np.random.Generator) -> list[Estimate]:
    """Project what every stage makes of the answers on the whole change.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_stages + 1, n_classes)
    groups : array of shape (n_clips,), optional
        Which clips belong together.
    rng : numpy.random.Generator
        Of the intervals.

    Returns
    -------
    list of Estimate
        One for each stage, of sum 1; ``nan`` where nothing changes.

    Examples
    --------
    >>> path = np.array([[[[4.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]])
    >>> [share.value for share in change_shares(path, None, np.random.default_rng(0))]
    [0.75, 0.25]
    """
    made, whole = -np.diff(scores, axis=2), scores[:, :, 0] - scores[:, :, -1]
    along = np.einsum("ijkc,ijc->ik", made, whole)
    squares = np.einsum("ijc,ijc->i", whole, whole)
    scale = squares.max() or 1.0
    return [bootstrap_ratio(part / scale, squares / scale, groups, rng=rng) for part in along.T]


def _own_errors(errors: FloatArray, shifts: FloatArray, stride: int) -> tuple[float, float]:
    """Average at multiples of the stride other than 0, and between them; ``nan`` where there is nothing."""
    on_grid = multiples_of(stride, shifts)
    return _mean(errors[:, on_grid & (shifts != 0)]), _mean(errors[:, ~on_grid])


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
