"""How far the score of an answer moves along a sweep, whether or not the answer changes: one number a clip.

Conventions
-----------
As in `audioinv.measure.outcome`: `scores` are ordered ``(n_clips, n_shifts, n_classes)``, `zero` is the index of
the unshifted column, the *clean* answer is the answer to the unshifted clip, and a clip without a value is
``nan``. Numbers after # count the catalogue of definitions. A change of scores is in the unit of the scores:
shares of probability, or whatever the model's activation yields.

What is here: `mean_absolute_change`, `neighbour_change`, `unchanged`, `wobble`, `total_variation`,
`excess_variation`, `margin`, `class_scores`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .outcome import mean_over_shifts, top1, where_answered

__all__ = [
    "class_scores",
    "excess_variation",
    "margin",
    "mean_absolute_change",
    "neighbour_change",
    "total_variation",
    "unchanged",
    "wobble",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

UNCHANGED = 0.05


def mean_absolute_change(scores: FloatArray, zero: int) -> FloatArray:
    """Mean change of the clean answer's score between the clean clip and its shifts: MAC, #5, AFC's form.

    The class followed is the *clean* answer, at every shift, and what is compared is the clean clip.
    `neighbour_change` follows Azulay and Weiss instead.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores.

    References
    ----------
    .. [1] Michaeli et al., Alias-Free Convnets: Fractional Shift Invariance via Polynomial Activations, CVPR 2023.

    Examples
    --------
    >>> mean_absolute_change(np.array([[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]), 0)
    array([0.5])
    """
    return mean_over_shifts(np.delete(_change_of_clean_answer(scores, zero), zero, axis=1))


def unchanged(scores: FloatArray, zero: int, tolerance: float = UNCHANGED) -> FloatArray:
    """Share of the non-zero shifts that move the clean answer's score by less than `tolerance`: #16.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    tolerance : float, default 0.05
        In the unit of the scores.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    References
    ----------
    .. [1] github.com/audeering/ser-tests ("percentage unchanged predictions", regression).

    Examples
    --------
    >>> unchanged(np.array([[[0.2, 0.8], [0.23, 0.77], [0.9, 0.1]]]), 0)
    array([0.5])
    """
    change = np.delete(_change_of_clean_answer(scores, zero), zero, axis=1)
    return mean_over_shifts(np.where(np.isnan(change), np.nan, change < tolerance))


def _change_of_clean_answer(scores: FloatArray, zero: int) -> FloatArray:
    """Return |change| of the clean answer's score at every shift, (n_clips, n_shifts)."""
    answers = top1(scores, zero)
    followed = class_scores(scores, answers[:, zero])
    with np.errstate(invalid="ignore"):  # infinite scores leave the clip undefined
        return where_answered(answers, np.abs(followed - followed[:, zero, None]))


def neighbour_change(scores: FloatArray, zero: int) -> FloatArray:
    """Mean change of the answer's score from each shift to the next: MAC, #5, as first defined.

    The class followed from one shift to the next is the answer at the first of the two.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column; decides ties only.

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores.

    References
    ----------
    .. [1] Azulay & Weiss, JMLR 20, 2019.

    Examples
    --------
    >>> neighbour_change(np.array([[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]), 0).round(3)
    array([0.35])
    """
    answers = top1(scores, zero)
    followed = answers[:, :-1, None]
    here = np.take_along_axis(scores[:, :-1], followed, axis=2).squeeze(axis=2).astype(float)
    following = np.take_along_axis(scores[:, 1:], followed, axis=2).squeeze(axis=2).astype(float)
    with np.errstate(invalid="ignore"):
        change = np.abs(following - here)
    return mean_over_shifts(where_answered(answers, change))


def wobble(scores: FloatArray, zero: int, targets: IntArray) -> FloatArray:
    """Highest minus lowest score along the sweep: wobble amplitude, #13.

    The class followed is the clip's label, or the clean answer where it has none.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    targets : ndarray of shape (n_clips,), int

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores.

    References
    ----------
    .. [1] github.com/adobe/antialiased-cnns, issue 44.

    Examples
    --------
    >>> wobble(np.array([[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]), 0, np.array([-1]))
    array([0.7])
    """
    followed = _followed(scores, zero, targets)
    with np.errstate(invalid="ignore"):
        return np.asarray(followed.max(axis=1) - followed.min(axis=1))


def total_variation(scores: FloatArray, zero: int, targets: IntArray) -> FloatArray:
    """Sum of the changes of the followed score from each shift to the next: #14.

    The class followed is the clip's label, or the clean answer where it has none.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    targets : ndarray of shape (n_clips,), int

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores, at least `wobble`; it grows with the range and with the fineness of the grid.

    References
    ----------
    .. [1] Zhang, Making Convolutional Networks Shift-Invariant Again, ICML 2019 (variation of the probability).

    Examples
    --------
    >>> total_variation(np.array([[[0.75, 0.25], [0.5, 0.5], [1.0, 0.0]]]), 0, np.array([0]))
    array([0.75])
    """
    followed = _followed(scores, zero, targets)
    with np.errstate(invalid="ignore"):
        variation: FloatArray = np.abs(np.diff(followed, axis=1)).sum(axis=1)
    return np.where(np.isnan(followed[:, zero]), np.nan, variation)  # an empty sum is no number


def excess_variation(scores: FloatArray, zero: int, targets: IntArray) -> FloatArray:
    """Total variation beyond that of a curve that only falls away from the unshifted clip: #14.

    The monotone envelope is, on either side of 0, the lowest score met so far on the way outwards: it falls wherever
    the curve reaches a new low and never rises again, and its own variation is the drop from 0 to the lowest point.
    What is left counts every rise, and every fall that undoes one: ripple, not reach.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    targets : ndarray of shape (n_clips,), int
        As in `total_variation`.

    Returns
    -------
    ndarray of shape (n_clips,)
        In the unit of the scores; 0 for a score that falls on both sides and never rises.

    Examples
    --------
    >>> excess_variation(np.array([[[0.75, 0.25], [0.5, 0.5], [1.0, 0.0]]]), 0, np.array([0]))
    array([0.5])
    """
    followed = _followed(scores, zero, targets)
    with np.errstate(invalid="ignore"):
        left, right = (part.min(axis=1) for part in (followed[:, : zero + 1], followed[:, zero:]))
        excess: FloatArray = total_variation(scores, zero, targets) - (2 * followed[:, zero] - left - right)
    return np.maximum(excess, 0.0)  # of a monotone curve it is rounding


def _followed(scores: FloatArray, zero: int, targets: IntArray) -> FloatArray:
    """Return each clip's score of its label, or of the clean answer without one; nan without another shift."""
    answers = top1(scores, zero)
    followed = class_scores(scores, np.where(targets < 0, answers[:, zero], targets))
    if scores.shape[1] < 2:
        return np.full_like(followed, np.nan)
    return where_answered(answers, followed)


def margin(scores: FloatArray) -> FloatArray:
    """Highest minus second-highest score.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        In the unit of the scores; ``nan`` where there is a single class, or a score is not a number.

    Examples
    --------
    >>> margin(np.array([[[0.25, 0.5, 0.125]]]))
    array([[0.25]])
    """
    if scores.shape[2] < 2:
        return np.full(scores.shape[:2], np.nan)
    top_two = np.partition(scores, -2, axis=2)[..., -2:].astype(float)
    missing = np.isnan(scores).any(axis=2)
    with np.errstate(invalid="ignore"):
        return np.where(missing, np.nan, top_two[..., 1] - top_two[..., 0])


def class_scores(scores: FloatArray, classes: IntArray) -> FloatArray:
    """Score of one class a clip at every shift, or of one class a clip and shift.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    classes : ndarray of shape (n_clips,) or (n_clips, n_shifts), int
        -1 for none.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts), float64
        ``nan`` where there is no class.

    Examples
    --------
    >>> class_scores(np.array([[[0.25, 0.75], [0.5, 0.5]]]), np.array([1]))
    array([[0.75, 0.5 ]])
    """
    wanted = classes[:, None] if classes.ndim == 1 else classes
    wanted = np.broadcast_to(wanted, scores.shape[:2])
    found = np.take_along_axis(scores, wanted[..., None], axis=2).squeeze(axis=2)
    return np.where(wanted < 0, np.nan, found.astype(float))
