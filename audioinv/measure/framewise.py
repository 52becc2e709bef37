"""Outputs that run along time: moved back into place first, and then compared frame by frame.

Conventions
-----------
Frames are ordered ``(n_frames, n_classes)``. A *lag* is how many frames later the shifted output says what the clean
one said; frames that the lag pushes over either end have no partner and do not count. Invariance is for clips; what
runs along time should be *equivariant*, so the lag that the delay calls for is the yardstick, and the best lag says
what the model does instead.

What is here: `expected_lag`, `best_lag`, `framewise_agreement`, `framewise_change`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["best_lag", "expected_lag", "framewise_agreement", "framewise_change"]

FloatArray = npt.NDArray[np.floating]

_ROUNDING = 1e-12


def expected_lag(delay_samples: float, frame_samples: int) -> int:
    """Lag, in whole frames, that a delay calls for.

    Parameters
    ----------
    delay_samples : float
    frame_samples : int
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
    answers = before.argmax(axis=1)[:, None]
    held = np.take_along_axis(after, answers, axis=1)[:, 0]
    return float((held >= after.max(axis=1)).mean())


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


def best_lag(clean: FloatArray, shifted: FloatArray, max_lag: int) -> int:
    """Lag at which the scores of aligned frames differ least.

    Parameters
    ----------
    clean, shifted : ndarray of shape (n_frames, n_classes)
    max_lag : int
        Either way, at least 0; at most half of the frames is sensible, for with few frames left anything fits.

    Returns
    -------
    int
        Of equals the nearest to 0, and of those the positive.

    Raises
    ------
    InputError
        As in `framewise_agreement`.

    Examples
    --------
    >>> clean = np.random.default_rng(0).random((8, 2))
    >>> best_lag(clean, np.roll(clean, 2, axis=0), 4)
    2
    """
    lags = sorted(range(-max_lag, max_lag + 1), key=lambda lag: (abs(lag), -lag))
    changes = np.array([framewise_change(clean, shifted, lag) for lag in lags])
    return lags[int((changes <= changes.min() + _ROUNDING).argmax())]


def _aligned(clean: FloatArray, shifted: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    """Return the frames of both that stand for the same sound."""
    n_frames = len(clean)
    if clean.shape != shifted.shape:
        raise InputError(f"outputs of shapes {clean.shape} and {shifted.shape}; the same frames and classes are needed")
    if abs(lag) >= n_frames:
        raise InputError(f"a lag of {lag} frames leaves none of {n_frames} to compare; take a shorter delay")
    return clean[max(0, -lag) : n_frames - max(0, lag)], shifted[max(0, lag) : n_frames - max(0, -lag)]
