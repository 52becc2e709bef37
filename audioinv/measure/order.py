"""Does a model hear in which order sounds come? Measures of its answers to the same sounds in other orders.

A model that pools what it hears over time knows which stretches occur, and how often, but not where. Such a model
passes every test of invariance to delay, which is why invariance is to be read beside discrimination.

Conventions
-----------
`scores` are ordered ``(n_clips, n_orders, n_classes)``, `answers` are class indices of shape ``(n_clips, n_orders)``
from `audioinv.measure.outcome.top1`, and `zero` is the index of the column in the original order. A statistic has shape
``(n_clips,)``, ``nan`` where a clip has none. Where the sounds are letters, `audioinv.measure.words` says what cannot
be told apart. Numbers after # count the catalogue of definitions.

What is here: `order_sensitivity`, `order_distance`, `permutation_confusion`, `OrderHorizon`, `order_horizon`,
`dominated`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .outcome import agreement, mean_over_shifts

__all__ = [
    "OrderHorizon",
    "dominated",
    "order_distance",
    "order_horizon",
    "order_sensitivity",
    "permutation_confusion",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]


def order_sensitivity(answers: IntArray, zero: int, preserving: npt.ArrayLike = False) -> FloatArray:
    """Share of the other orders at which the answer is not the one to the original order: O, #38.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_orders), int
    zero : int
        Index of the original order.
    preserving : array of shape (n_orders,) or (n_clips, n_orders), bool, default False
        True for orders that leave the label what it is, as exchanging the two S of STRESSED does; left out.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1]; ``nan`` where no order counts, or an answer is missing.

    Examples
    --------
    >>> order_sensitivity(np.array([[1, 1, 0, 0]]), 0, preserving=[False, False, False, True])
    array([0.5])
    """
    counted = ~np.broadcast_to(np.asarray(preserving, dtype=bool), answers.shape)
    counted[:, zero] = False
    n_counted = counted.sum(axis=1)
    changed = ((1 - agreement(answers, zero)) * counted).sum(axis=1)
    return np.where(n_counted > 0, changed / np.maximum(n_counted, 1), np.nan)


def order_distance(scores: FloatArray, zero: int) -> FloatArray:
    """Mean absolute change of all scores together, ``‖p(πx) − p(x)‖₁``, over the other orders: #38.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_orders, n_classes)
    zero : int
        Index of the original order.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 2] for probabilities; ``nan`` where there is no other order, or a score is not finite.

    Examples
    --------
    >>> order_distance(np.array([[[0.25, 0.75], [0.75, 0.25]]]), 0)
    array([1.])
    """
    finite = np.asarray(np.isfinite(scores).all(axis=(1, 2)))
    known = np.where(finite[:, None, None], scores, 0.0)
    moved = np.abs(known - known[:, zero, None]).sum(axis=2)
    return np.where(finite, mean_over_shifts(np.delete(moved, zero, axis=1)), np.nan)


def permutation_confusion(scores: FloatArray, classes: IntArray) -> FloatArray:
    """Share of the two orders of a pair that are told from each other, chance 0.5: permutation confusion, #40.

    The model is asked which of the two classes it hears, A·B or B·A, in a sound of either order; a tie counts one half.
    As every pair is asked both ways, the mean over pairs is the balanced accuracy, and a model that gives both orders
    the same scores has exactly 0.5.

    Parameters
    ----------
    scores : ndarray of shape (n_pairs, 2, n_classes)
        For A·B, then for B·A.
    classes : ndarray of shape (n_pairs, 2), int
        The class that A·B is, then the class that B·A is.

    Returns
    -------
    ndarray of shape (n_pairs,)
        0, 0.25, 0.5, 0.75 or 1; ``nan`` where a score is not a number, or both orders are of the same class.

    References
    ----------
    .. [1] Ghosh et al., CompA: Addressing the Gap in Compositional Reasoning in Audio-Language Models,
       arXiv:2310.08753 (its order test).

    Examples
    --------
    >>> permutation_confusion(np.array([[[0.7, 0.3], [0.6, 0.4]]]), np.array([[0, 1]]))
    array([0.5])
    """
    own = np.take_along_axis(scores, classes[:, :, None], axis=2)[..., 0]
    other = np.take_along_axis(scores, classes[:, ::-1, None], axis=2)[..., 0]
    right = np.where(own == other, 0.5, own > other)
    undefined = np.isnan(own) | np.isnan(other) | (classes == classes[:, ::-1])
    share: FloatArray = np.where(undefined, np.nan, right).mean(axis=1)
    return share


@dataclass(frozen=True)
class OrderHorizon:
    """How many letters a model hears at once, as far as pairs of words can show.

    Parameters
    ----------
    levels : tuple of int
        The contrast levels that were tried, ascending.
    separated : tuple of float
        For each of them, the share of its pairs that the model told apart.
    value : float
        The highest level up to which every pair was told apart; beyond it the model is blind to order. 0 if not even
        single letters are told apart; ``nan`` if the lowest level that was tried is higher and was not told apart.
    censored : bool
        Whether every level that was tried was told apart, so that `value` is only a lower bound.
    """

    levels: tuple[int, ...]
    separated: tuple[float, ...]
    value: float
    censored: bool


def order_horizon(levels: npt.ArrayLike, separated: npt.ArrayLike) -> OrderHorizon:
    """Find up to which contrast level a model tells pairs of words apart: order-blindness horizon, #39.

    A model with a receptive field of r letters and a global pool has horizon r. The catalogue asks for the smallest
    level that is told apart; every model that hears single letters would have 1, so here it is the level up to which
    all are.

    Parameters
    ----------
    levels : array of shape (n_pairs,), int
        The `audioinv.measure.words.contrast_level` of each pair.
    separated : array of shape (n_pairs,), bool
        Whether the model told the pair apart.

    Returns
    -------
    OrderHorizon

    Raises
    ------
    InputError
        If there is no pair, or lengths disagree.

    Examples
    --------
    >>> order_horizon([1, 2, 2, 3], [True, True, True, False]).value
    2.0
    """
    at, told = np.asarray(levels), np.asarray(separated, dtype=bool)
    if at.shape != told.shape or at.size == 0:
        raise InputError(f"levels of shape {at.shape} and answers of shape {told.shape}; both need one for each pair")
    tried = np.unique(at)
    shares = np.array([told[at == level].mean() for level in tried])
    n_heard = int(np.cumprod(shares == 1).sum())
    below = 0.0 if tried[0] == 1 else np.nan
    value = float(tried[n_heard - 1]) if n_heard else below
    return OrderHorizon(tuple(tried.tolist()), tuple(shares.tolist()), value, n_heard == len(tried))


def dominated(consistency: npt.ArrayLike, accuracy: npt.ArrayLike) -> FloatArray:
    """Tell which models are beaten by another in invariance and discrimination together: #41.

    A model is the point (consistency under shifts, accuracy where order or pitch decides). It is dominated if another
    is at least as good in both and better in one; what is left is the front on which invariance has its price.

    Parameters
    ----------
    consistency, accuracy : array of shape (n_models,)

    Returns
    -------
    ndarray of shape (n_models,)
        1 or 0; ``nan`` for a model that lacks either number, which dominates no other.

    Examples
    --------
    >>> dominated([1.0, 1.0, 0.5], [0.5, 0.9, 1.0])
    array([1., 0., 0.])
    """
    points = np.column_stack([np.asarray(consistency, dtype=float), np.asarray(accuracy, dtype=float)])
    gain = points[None] - points[:, None]
    beaten = ((gain >= 0).all(axis=2) & (gain > 0).any(axis=2)).any(axis=1)
    return np.where(np.isnan(points).any(axis=1), np.nan, beaten)
