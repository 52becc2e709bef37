"""Measures for models that answer with several labels at once, each with a score of its own.

Conventions
-----------
As in `audioinv.measure.outcome`, but `scores` are independent probabilities, one a label, that need not sum to 1, and
there is no single answer: a label is *on* from `THRESHOLD` upwards. What is true is `truths`, ``(n_clips, n_classes)``,
bool: a clip may have several labels or none.

What is here: `same_labels`, `label_change`, `watched_rank`, `average_precision`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .drift import class_scores
from .outcome import mean_over_shifts

__all__ = ["THRESHOLD", "average_precision", "label_change", "same_labels", "watched_rank"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

THRESHOLD = 0.5


def same_labels(scores: FloatArray, zero: int, *, threshold: float = THRESHOLD, noise_floor: float = 0.0) -> FloatArray:
    """Share of the non-zero shifts at which the same labels are on as for the clean clip.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    threshold : float, default 0.5
    noise_floor : float, default 0
        A label changes only where its score lies further than this from the threshold, on the other side.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    Examples
    --------
    >>> same_labels(np.array([[[0.9, 0.6], [0.8, 0.7], [0.9, 0.4]]]), 0)
    array([0.5])
    """
    clean = scores[:, zero, None] >= threshold
    switched = np.where(clean, scores < threshold - noise_floor, scores >= threshold + noise_floor)
    missing = np.isnan(scores.sum(axis=(1, 2)))[:, None]
    same = np.where(missing, np.nan, ~switched.any(axis=2))
    return mean_over_shifts(np.delete(same, zero, axis=1))


def label_change(scores: FloatArray, zero: int) -> FloatArray:
    """Mean change of a label's score from the clean clip, over all labels and non-zero shifts: mean |Δp|.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores; small where there are many labels of which few are ever on.

    Examples
    --------
    >>> label_change(np.array([[[0.75, 0.5], [0.5, 0.5], [0.75, 1.0]]]), 0)
    array([0.1875])
    """
    with np.errstate(invalid="ignore"):
        change = np.abs(scores - scores[:, zero, None]).mean(axis=2, dtype=float)
    return mean_over_shifts(np.delete(change, zero, axis=1))


def watched_rank(scores: FloatArray, watched: IntArray, chosen: IntArray | None = None) -> FloatArray:
    """Rank of one label a clip among chosen labels.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    watched : ndarray of shape (n_clips,), int
        The label to follow; -1 for none.
    chosen : ndarray of shape (n_chosen,), int, optional
        The labels to rank it among, itself counted or not; all if not given.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        1 for the highest; a tie does not count against it. ``nan`` where nothing is watched.

    Examples
    --------
    >>> watched_rank(np.array([[[0.75, 0.5, 0.25], [0.25, 0.5, 0.75]]]), np.array([1]), np.array([0, 1]))
    array([[2., 1.]])
    """
    followed = class_scores(scores, watched)
    rivals = scores if chosen is None else scores[..., chosen]
    ahead = (rivals > followed[..., None]).sum(axis=2)
    return np.where(np.isnan(followed) | np.isnan(rivals).any(axis=2), np.nan, 1.0 + ahead)


def average_precision(scores: FloatArray, truths: npt.NDArray[np.bool_]) -> FloatArray:
    """Average precision of every label at every shift; its mean over labels is the mAP curve, #9.

    The mean, over the clips that have the label, of the precision among all clips that score at least as high.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    truths : ndarray of shape (n_clips, n_classes), bool

    Returns
    -------
    ndarray of shape (n_shifts, n_classes)
        In [0, 1], by chance the share of clips that have the label; ``nan`` where no clip has it, or a score is no
        number.

    Raises
    ------
    InputError
        If shapes disagree.

    References
    ----------
    .. [1] scikit-learn, average_precision_score (without interpolation; ties are one step).

    Examples
    --------
    >>> scores = np.array([0.9, 0.8, 0.7])[:, None, None]
    >>> average_precision(scores, np.array([[True], [False], [True]])).round(3)
    array([[0.833]])
    """
    if truths.shape != (len(scores), scores.shape[2]):
        raise InputError(f"truths of shape {truths.shape}; {(len(scores), scores.shape[2])} is needed")
    found = np.full(scores.shape[1:], np.nan)
    for label in np.flatnonzero(truths.any(axis=0)):
        column, has = scores[..., label], truths[:, label]
        precision = _at_least(column[has], column[has]) / _at_least(column, column[has])
        found[:, label] = np.where(np.isnan(column).any(axis=0), np.nan, precision.mean(axis=0))
    return found


def _at_least(scores: FloatArray, limits: FloatArray) -> IntArray:
    """Count at every shift the scores that are no lower than each limit, (n_limits, n_shifts)."""
    ascending = np.sort(scores, axis=0)
    below = [np.searchsorted(*columns) for columns in zip(ascending.T, limits.T, strict=True)]
    return len(scores) - np.stack(below, axis=1)
