"""Outputs that run along time: moved back into place first, and then compared frame by frame.

Conventions
-----------
Frames are ordered ``(n_frames, n_classes)``. A *lag* is how many frames later the shifted output says what the clean
one said; frames that the lag pushes over either end have no partner and do not count. Invariance is for clips; what
runs along time should be *equivariant*, so the lag that the delay calls for is the yardstick, and the best lag says
what the model does instead. Frames that are equal all along follow any delay: how many agree where they stand, at lag
0, is the control, and which lag is best cannot be told.

What is here: `expected_lag`, `best_lag`, `framewise_agreement`, `framewise_labels`, `framewise_change`; `FrameShifts`
and `follow_frames`, all of them for the delays of one clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .multilabel import THRESHOLD

__all__ = [
    "FrameShifts",
    "best_lag",
    "expected_lag",
    "follow_frames",
    "framewise_agreement",
    "framewise_change",
    "framewise_labels",
]

FloatArray = npt.NDArray[np.floating]

_ROUNDING = 1e-6  # of the largest score, in single precision
_SEARCHED = 3  # frames beyond the lags that are called for, either way


def expected_lag(delay_samples: float, frame_samples: float) -> int:
    """Lag, in whole frames, that a delay calls for.

    Parameters
    ----------
    delay_samples : float
    frame_samples : float
        From one output frame to the next.

    Returns
    -------
    int
        Halves go away from 0.

    Examples
    --------
    >>> expected_lag(800, 320), expected_lag(-800, 320), expected_lag(100, 320)
    (3, -3, 0)
    """
    frames = delay_samples / frame_samples
    return int(np.sign(frames) * np.floor(np.abs(frames) + 0.5))


def framewise_agreement(clean: FloatArray, shifted: FloatArray, lag: int) -> float:
    """Share of the aligned frames with the same answer: mASSC for one clip, #32.

    Parameters
    ----------
    clean, shifted : ndarray of shape (n_frames, n_classes)
    lag : int

    Returns
    -------
    float
        In [0, 1]. A tie that the clean frame's answer shares counts as the same answer.

    Raises
    ------
    InputError
        If shapes differ, or the lag leaves no frame to compare.

    References
    ----------
    .. [1] Rojas-Gomez et al., NeurIPS 2022 (mean average semantic segmentation consistency).

    Examples
    --------
    >>> clean = np.eye(3)
    >>> framewise_agreement(clean, np.roll(clean, 1, axis=0), 1), framewise_agreement(clean, clean, 1)
    (1.0, 0.0)
    """
    before, after = _aligned(clean, shifted, lag)
    held = np.take_along_axis(after, before.argmax(axis=1, keepdims=True), axis=1)
    return float((held >= after.max(axis=1, keepdims=True)).mean())


def framewise_labels(clean: FloatArray, shifted: FloatArray, lag: int, *, threshold: float = THRESHOLD) -> float:
    """Share of the aligned frames with the same labels on, for outputs with a score of its own for each label.

    Parameters
    ----------
    clean, shifted : ndarray of shape (n_frames, n_classes)
    lag : int
    threshold : float, default 0.5
        From which a label is on.

    Returns
    -------
    float
        In [0, 1], among the frames where a label is on in either output: where nothing is, agreeing is easy. ``nan``
        where there is no such frame.

    Raises
    ------
    InputError
        As in `framewise_agreement`.

    Examples
    --------
    >>> clean = np.array([[0.9, 0.1], [0.9, 0.8], [0.1, 0.1], [0.1, 0.2]])
    >>> shifted = np.array([[0.0, 0.0], [0.7, 0.2], [0.7, 0.2], [0.0, 0.0]])
    >>> framewise_labels(clean, shifted, 1)
    0.5
    """
    before, after = (output >= threshold for output in _aligned(clean, shifted, lag))
    active = (before | after).any(axis=1)
    return float((before == after).all(axis=1)[active].mean()) if active.any() else float("nan")


def framewise_change(clean: FloatArray, shifted: FloatArray, lag: int) -> float:
    """Mean absolute difference of the scores of aligned frames.

    Parameters
    ----------
    clean, shifted, lag
        As in `framewise_agreement`.

    Returns
    -------
    float
        In the unit of the scores.

    Raises
    ------
    InputError
        As in `framewise_agreement`.

    Examples
    --------
    >>> framewise_change(np.array([[0.5], [1.0]]), np.array([[0.0], [0.25]]), 1)
    0.25
    """
    before, after = _aligned(clean, shifted, lag)
    return float(np.abs(before - after).mean())


def best_lag(clean: FloatArray, shifted: FloatArray, max_lag: int, expected: int = 0) -> float:
    """Lag at which the scores of aligned frames differ least.

    Parameters
    ----------
    clean, shifted : ndarray of shape (n_frames, n_classes)
    max_lag : int
        Either way, at least 0; at most half of the frames is sensible, for with few frames left anything fits.
    expected : int, default 0
        The lag that is called for.

    Returns
    -------
    float
        Of equals the one that is called for, else the nearest to 0, and of those the positive. ``nan`` where moving
        along cannot be told from staying: 0 and the one that is called for are equals or, if that is 0, 0 and another.

    Raises
    ------
    InputError
        As in `framewise_agreement`.

    Examples
    --------
    >>> clean = np.random.default_rng(0).random((8, 2))
    >>> best_lag(clean, np.roll(clean, 2, axis=0), 4)
    2.0
    """
    lags = np.array(sorted(range(-max_lag, max_lag + 1), key=lambda lag: (lag != expected, abs(lag), -lag)))
    changes = np.array([framewise_change(clean, shifted, int(lag)) for lag in lags])
    equals = lags[changes <= changes.min() + _ROUNDING * np.abs(clean).max()]
    if len(equals) > 1 and {0, expected} <= set(equals):
        return float("nan")
    return float(equals[0])


@dataclass(frozen=True, eq=False)
class FrameShifts:
    """What the frames of one clip do under each of its delays.

    Parameters
    ----------
    same, in_place : ndarray of shape (n_delays,)
        Share of the frames that agree at the lag that is called for, and at none; of several labels, as in
        `framewise_labels`.
    change : ndarray of shape (n_delays,)
        Mean absolute difference of the scores at the lag that is called for.
    expected, best : ndarray of shape (n_delays,)
        The lag that is called for, and that at which the scores differ least, from `best_lag`, in frames.
    """

    same: FloatArray
    in_place: FloatArray
    change: FloatArray
    expected: FloatArray
    best: FloatArray


def follow_frames(
    clean: FloatArray, shifted: FloatArray, delays_samples: FloatArray, frame_samples: float, *, multi_label: bool
) -> FrameShifts:
    """Follow the frames of one clip through its delays.

    Parameters
    ----------
    clean : ndarray of shape (n_frames, n_classes)
    shifted : ndarray of shape (n_delays, n_frames, n_classes)
    delays_samples : ndarray of shape (n_delays,)
    frame_samples : float
        From one frame to the next.
    multi_label : bool
        Whether several labels can hold at once.

    Returns
    -------
    FrameShifts
        ``nan`` where a delay calls for more than half of the frames: with few left anything fits.

    Examples
    --------
    >>> clean = np.eye(6)
    >>> moved = follow_frames(clean, np.roll(clean, 2, axis=0)[None], np.array([640.0]), 320, multi_label=False)
    >>> moved.same, moved.in_place, moved.best
    (array([1.]), array([0.]), array([2.]))
    """
    agree = framewise_labels if multi_label else framewise_agreement
    lags = np.array([expected_lag(delay, frame_samples) for delay in delays_samples])
    furthest = len(clean) // 2
    kept = np.abs(lags) <= furthest
    found = np.full((len(lags), 5), np.nan)
    found[:, 3] = lags
    searched = min(furthest, int(np.abs(lags[kept]).max(initial=0)) + _SEARCHED)
    for row in np.flatnonzero(kept):
        lag, moved = int(lags[row]), shifted[row]
        at_lag = agree(clean, moved, lag), agree(clean, moved, 0), framewise_change(clean, moved, lag)
        found[row] = (*at_lag, lag, best_lag(clean, moved, searched, lag))
    return FrameShifts(*found.T)


def _aligned(clean: FloatArray, shifted: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    """Return the frames of both that stand for the same sound."""
    n_frames = len(clean)
    if clean.shape != shifted.shape:
        raise InputError(f"outputs of shapes {clean.shape} and {shifted.shape}; the same frames and classes are needed")
    if abs(lag) >= n_frames:
        raise InputError(f"a lag of {lag} frames leaves none of {n_frames} to compare; take a shorter delay")
    return clean[max(0, -lag) : n_frames - max(0, lag)], shifted[max(0, lag) : n_frames - max(0, -lag)]
