"""What a model's answers do along a sweep: one number a clip, so that clips and groups can be resampled.

The answer is the class with the highest score; `audioinv.measure.drift` looks at the scores themselves.

Conventions
-----------
`scores` are ordered ``(n_clips, n_shifts, n_classes)``, higher is likelier; `zero` is the index of the unshifted
column; `answers`, from `top1`, are class indices of shape ``(n_clips, n_shifts)``, -1 where a score is not a
number; `targets` are class indices of shape ``(n_clips,)``, -1 for a clip without a known label. The *clean*
answer is the answer to the unshifted clip. A statistic has shape ``(n_clips,)`` and is ``nan`` where a clip has
none: no label, no other shift, or a score that is not a number at any shift. Numbers after # count the catalogue
that these definitions come from; its sources are named function by function.

What is here: `top1`, `agreement`, `consistency`, `pair_consistency`, `k_consistency`, `all_consistency`,
`top1_change`, `relative_flip_probability`, `correctness`, `worst_accuracy`, and what every statistic ends with,
`where_answered` and `mean_over_shifts`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import comb

__all__ = [
    "agreement",
    "all_consistency",
    "consistency",
    "correctness",
    "k_consistency",
    "mean_over_shifts",
    "pair_consistency",
    "relative_flip_probability",
    "top1",
    "top1_change",
    "where_answered",
    "worst_accuracy",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]


def top1(scores: FloatArray, zero: int, noise_floor: float = 0.0) -> IntArray:
    """Answers: the class of the highest score.

    A tie is not a change of mind: it goes to the clean answer where that is among the tied, otherwise to the
    lowest index, as it does for the clean answer itself. A lead that the model gives and takes by itself, when it
    hears the same sound twice, is no more than a tie.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    noise_floor : float, default 0
        The largest change of a score between two calls with the same input, in the unit of the scores. The clean
        answer stands until another class leads it by more.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts), int
        -1 where a score is not a number.

    Examples
    --------
    >>> top1(np.array([[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]), 0)
    array([[1, 1, 0]])
    """
    highest = scores.argmax(axis=2)
    top = np.take_along_axis(scores, highest[..., None], axis=2).squeeze(axis=2)
    clean = np.broadcast_to(highest[:, zero, None], highest.shape)
    held = np.take_along_axis(scores, clean[..., None], axis=2).squeeze(axis=2)
    return np.where(np.isnan(top), -1, np.where(held >= top - noise_floor, clean, highest))


def agreement(answers: IntArray, zero: int) -> FloatArray:
    """Tell at every shift whether the answer is the clean one.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        1, 0, or ``nan`` for a clip with a missing answer.

    Examples
    --------
    >>> agreement(np.array([[1, 1, 0]]), 0)
    array([[1., 1., 0.]])
    """
    return where_answered(answers, answers == answers[:, zero, None])


def consistency(answers: IntArray, zero: int) -> FloatArray:
    """Share of the non-zero shifts at which the answer is the clean one: C_0, #2.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    zero : int
        Index of the unshifted column.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    References
    ----------
    .. [1] Chaman & Dokmanić, Truly shift-invariant convolutional neural networks, CVPR 2021 (validation).

    Examples
    --------
    >>> consistency(np.array([[1, 1, 0]]), 0)
    array([0.5])
    """
    return mean_over_shifts(np.delete(agreement(answers, zero), zero, axis=1))


def pair_consistency(answers: IntArray) -> FloatArray:
    """Share of the unordered pairs of different shifts whose answers agree, exact: C_pair, #1.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    References
    ----------
    .. [1] Zhang, Making Convolutional Networks Shift-Invariant Again, ICML 2019; there two random shifts are
       drawn for a whole batch, here every pair counts for every clip.

    Examples
    --------
    >>> pair_consistency(np.array([[1, 1, 0]])).round(3)
    array([0.333])
    """
    n_clips, n_shifts = answers.shape
    ordered = np.sort(answers, axis=1)
    run = np.zeros(n_clips)
    agreeing = np.zeros(n_clips)
    for earlier, later in zip(ordered.T, ordered.T[1:], strict=False):
        run = np.where(earlier == later, run + 1, 0)
        agreeing += run
    n_pairs = n_shifts * (n_shifts - 1) / 2
    return where_answered(answers, agreeing / n_pairs if n_pairs else np.full(n_clips, np.nan))


def k_consistency(answers: IntArray, k: int) -> FloatArray:
    """Probability that `k` different shifts, drawn at random, all get the same answer: C_k, #3.

    Counted, not drawn: of the ways to choose k shifts, the share in which one class has them all. C_2 is
    `pair_consistency`, C_k with every shift is `all_consistency`.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    k : int
        At least 2.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1]; ``nan`` where the sweep holds fewer than `k` shifts.

    References
    ----------
    .. [1] Rojas-Gomez et al., NeurIPS 2022 (``shift_samples`` shifts that must all agree).

    Examples
    --------
    >>> k_consistency(np.array([[1, 1, 1, 0]]), 3)
    array([0.25])
    """
    n_clips, n_shifts = answers.shape
    if n_shifts < k:
        return np.full(n_clips, np.nan)
    agreeing = sum(comb((answers == given).sum(axis=1), k) for given in np.unique(answers))
    return where_answered(answers, agreeing / comb(n_shifts, k))


def all_consistency(answers: IntArray) -> FloatArray:
    """Tell whether the answer is the same at every shift: C_k with all shifts, #3.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int

    Returns
    -------
    ndarray of shape (n_clips,)
        1, 0, or ``nan``.

    References
    ----------
    .. [1] Rojas-Gomez et al., Learnable Polyphase Sampling for Shift Invariant and Equivariant Convolutional
       Networks, NeurIPS 2022.

    Examples
    --------
    >>> all_consistency(np.array([[1, 1, 0], [1, 1, 1]]))
    array([0., 1.])
    """
    if answers.shape[1] < 2:
        return np.full(len(answers), np.nan)
    return where_answered(answers, (answers == answers[:, :1]).all(axis=1))


def top1_change(answers: IntArray) -> FloatArray:
    """Share of neighbouring shifts between which the answer changes: P(top-1 change), #4.

    A sweep is an ordered sequence, so this is ImageNet-P's flip probability, #6, as well; its form for noise, which
    compares with the first, is 1 - `consistency`.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
        On a grid of equal steps; the number belongs to that step.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1].

    References
    ----------
    .. [1] Azulay & Weiss, Why do deep convolutional networks generalize so poorly to small image
       transformations?, JMLR 20, 2019.
    .. [2] Hendrycks & Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations,
       ICLR 2019.

    Examples
    --------
    >>> top1_change(np.array([[1, 1, 0]]))
    array([0.5])
    """
    return mean_over_shifts(where_answered(answers, answers[:, 1:] != answers[:, :-1]))


def relative_flip_probability(flips: FloatArray, reference_flips: FloatArray) -> float:
    """Mean, over kinds of shift, of a model's flips relative to those of a named reference: #7.

    Parameters
    ----------
    flips, reference_flips : ndarray of shape (n_axes,)
        Mean `top1_change` along each axis, of the model and of the reference.

    Returns
    -------
    float
        Below 1 for a model steadier than the reference; ``nan`` where the reference never flips.

    References
    ----------
    .. [1] Hendrycks & Dietterich, ICLR 2019 (mean flip rate, relative to AlexNet's).

    Examples
    --------
    >>> relative_flip_probability(np.array([0.125, 0.25]), np.array([0.25, 0.25]))
    0.75
    """
    if not (reference_flips > 0).all():
        return np.nan
    return float((flips / reference_flips).mean())


def correctness(answers: IntArray, targets: IntArray) -> FloatArray:
    """Tell at every shift whether the answer is the clip's label; its mean over clips is the accuracy curve, #9.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    targets : ndarray of shape (n_clips,), int
        -1 for a clip without a known label.

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        1, 0, or ``nan`` for a clip without a known label or with a missing answer.

    Examples
    --------
    >>> correctness(np.array([[1, 0], [0, 0]]), np.array([1, -1]))
    array([[ 1.,  0.],
           [nan, nan]])
    """
    right = where_answered(answers, answers == targets[:, None])
    return np.where(targets[:, None] < 0, np.nan, right)


def worst_accuracy(answers: IntArray, targets: IntArray) -> FloatArray:
    """Tell whether the answer is the clip's label at every shift: A_worst, #10.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    targets : ndarray of shape (n_clips,), int

    Returns
    -------
    ndarray of shape (n_clips,)
        1, 0, or ``nan``.

    References
    ----------
    .. [1] Michaeli et al., CVPR 2023 (adversarial integer grid).

    Examples
    --------
    >>> worst_accuracy(np.array([[1, 0], [0, 0]]), np.array([1, 0]))
    array([0., 1.])
    """
    worst: FloatArray = correctness(answers, targets).min(axis=1)
    return worst


def where_answered(answers: IntArray, values: npt.NDArray[np.generic]) -> FloatArray:
    """Return `values` as floats, with ``nan`` for every clip that lacks an answer at some shift.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_shifts), int
    values : ndarray of shape (n_clips, ...)

    Returns
    -------
    ndarray of the shape of `values`
    """
    answered = (answers >= 0).all(axis=1).reshape(-1, *[1] * (values.ndim - 1))
    return np.where(answered, values.astype(float), np.nan)


def mean_over_shifts(values: FloatArray) -> FloatArray:
    """Average each clip's row; ``nan`` where there is no shift to average over.

    Parameters
    ----------
    values : ndarray of shape (n_clips, n_shifts)

    Returns
    -------
    ndarray of shape (n_clips,)
    """
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    mean: FloatArray = values.mean(axis=1)
    return mean
