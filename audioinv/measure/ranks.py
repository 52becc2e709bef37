"""How far a shift reorders the classes, whether or not the first of them changes: rank distances.

Conventions
-----------
As in `audioinv.measure.outcome`. Ranks count from 0, the highest score. Classes that tie keep the order that they
have for the unshifted clip, so that a tie is no change.

What is here: `ranks`, `rank_distance`, `max_top5_distance`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from .outcome import mean_over_shifts, top1, where_answered

__all__ = ["max_top5_distance", "rank_distance", "ranks"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

_TOP = 5


def ranks(scores: FloatArray, zero: int) -> IntArray:
    """Rank of every class at every shift.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts, n_classes), int
        0 for the highest score. Of equal scores the one that is higher for the unshifted clip comes first, then the
        lower index.

    Examples
    --------
    >>> ranks(np.array([[[0.1, 0.6, 0.3], [0.4, 0.4, 0.2]]]), 0)
    array([[[2, 0, 1], [1, 0, 2]]])
    """
    clean = np.argsort(np.argsort(-scores[:, zero], axis=1, kind="stable"), axis=1)
    order = np.lexsort((np.broadcast_to(clean[:, None], scores.shape), -scores), axis=2)
    found: IntArray = np.argsort(order, axis=2)
    return found


def rank_distance(scores: FloatArray, zero: int, *, weights: Literal["top5", "zipf"] = "top5") -> FloatArray:
    """Mean distance of the order of classes from the clean order, over the non-zero shifts: #8.

    With σ(i) the rank, from 0, that the class of clean rank i takes at a shift:

    - ``"top5"``: Σ |i - min(σ(i), 5)| over the first five: how far behind the fifth a class falls does not count;
    - ``"zipf"``: Σ w(i) |w(i) - w(σ(i))| over all classes, with w(i) = 1 / (i + 1).

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    weights : {"top5", "zipf"}, default "top5"

    Returns
    -------
    ndarray of shape (n_clips,)
        0 where no order changes; ``"top5"`` is at most 18.

    References
    ----------
    .. [1] Hendrycks & Dietterich, ICLR 2019 (top-5 and Zipf distances); there each frame is compared with the one
       before, here, as for its noise sequences, with the first.

    Examples
    --------
    >>> rank_distance(np.array([[[0.1, 0.6, 0.3], [0.3, 0.6, 0.1]]]), 0)
    array([2.])
    """
    answers = top1(scores, zero)
    distance = np.stack([_distances(found, zero, weights) for clip in scores for found in ranks(clip[None], zero)])
    return mean_over_shifts(np.delete(where_answered(answers, distance), zero, axis=1))


def max_top5_distance(n_classes: int) -> float:
    """Largest top-5 distance that so many classes allow.

    Parameters
    ----------
    n_classes : int

    Returns
    -------
    float
        Of an order that is turned until the last of the five come first: 5 + 4 + 3 for three that are pushed away, and
        3 + 3 for the others, where there are classes enough.

    Examples
    --------
    >>> max_top5_distance(3), max_top5_distance(50)
    (4.0, 18.0)
    """
    turned = np.stack([np.roll(np.arange(n_classes), places) for places in range(_TOP)])
    return float(_distances(turned, 0, "top5").max())


def _distances(found: IntArray, zero: int, weights: str) -> FloatArray:
    """Return the distance of every shift's ranks, (n_shifts, n_classes), from those at `zero`."""
    clean = found[zero]
    if weights == "top5":
        moved = np.abs(np.minimum(found, _TOP) - clean)[:, clean < _TOP]
        return np.asarray(moved.sum(axis=1), dtype=float)
    distances: FloatArray = (np.abs(1 / (found + 1) - 1 / (clean + 1)) / (clean + 1)).sum(axis=1)
    return distances
