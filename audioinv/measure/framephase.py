"""What of a delay is the front end's doing: the frame phase, the part of a delay that is no whole hop.

Conventions
-----------
As in `audioinv.measure.outcome`; delays and hops are in samples. A delay is a whole number of hops plus a *phase* in
[0, hop). Whole hops only move the frames, so that what differs at another phase is made where sound becomes frames.

What is here: `frame_phase_effect`, `whole_hops_and_phase`, `spectrogram_phase_change`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from ..sound.shifts import time_shift
from ..sound.spectrogram import Spectrogram
from .drift import class_scores
from .outcome import mean_over_shifts, top1, where_answered

__all__ = ["frame_phase_effect", "spectrogram_phase_change", "whole_hops_and_phase"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

_ROUNDING = 1e-6  # of a sample


def whole_hops_and_phase(delays_samples: FloatArray, hop_samples: int) -> tuple[IntArray, FloatArray]:
    """Split delays into whole hops and what is left.

    Parameters
    ----------
    delays_samples : ndarray of shape (n_shifts,)
    hop_samples : int

    Returns
    -------
    n_hops : ndarray of shape (n_shifts,), int
    phase_samples : ndarray of shape (n_shifts,)
        In [0, `hop_samples`); exactly 0 within a millionth of a sample of a whole hop.

    Examples
    --------
    >>> whole_hops_and_phase(np.array([-5.0, 0.0, 20.0]), 10)
    (array([-1,  0,  2]), array([5., 0., 0.]))
    """
    n_hops = np.floor((delays_samples + _ROUNDING) / hop_samples)
    phase = delays_samples - n_hops * hop_samples
    return n_hops.astype(np.intp), np.where(np.abs(phase) <= _ROUNDING, 0.0, phase)


def frame_phase_effect(scores: FloatArray, zero: int, delays_samples: FloatArray, hop_samples: int) -> FloatArray:
    """Mean change of the clean answer's score with the frame phase, at the same whole number of hops: Φ, #20.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    zero : int
        Index of the unshifted column.
    delays_samples : ndarray of shape (n_shifts,)
    hop_samples : int

    Returns
    -------
    ndarray of shape (n_clips,)
        Mean of |p(k hops + phase) - p(k hops)| over every delay of a phase above 0 whose whole hops stand on the grid
        too, in the unit of the scores; ``nan`` where the grid holds no such pair.

    Examples
    --------
    >>> scores = np.array([[[0.75, 0.25], [0.5, 0.5], [1.0, 0.0]]])
    >>> frame_phase_effect(scores, 0, np.array([0.0, 5.0, 10.0]), 10)
    array([0.25])
    """
    n_hops, phase = whole_hops_and_phase(delays_samples, hop_samples)
    whole = {int(n_hops[index]): index for index in np.flatnonzero(phase == 0)}
    pairs = [(index, whole[int(n_hops[index])]) for index in np.flatnonzero(phase) if int(n_hops[index]) in whole]
    if not pairs:
        return np.full(len(scores), np.nan)
    answers = top1(scores, zero)
    followed = class_scores(scores, answers[:, zero])
    between, on = np.transpose(pairs)
    with np.errstate(invalid="ignore"):
        return mean_over_shifts(where_answered(answers, np.abs(followed[:, between] - followed[:, on])))


def spectrogram_phase_change(
    waveform: FloatArray, delays_samples: FloatArray, front_end: Spectrogram
) -> npt.NDArray[np.float64]:
    """How far a spectrogram is from the undelayed one, moved by the whole hops of a circular delay.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    delays_samples : ndarray of shape (n_shifts,)
    front_end : Spectrogram
        With circular edges, or its border counts as well.

    Returns
    -------
    ndarray of shape (n_shifts,)
        Euclidean, relative to the undelayed spectrogram, in decibels above the floor: 0 at whole hops. ``nan`` for
        silence.

    Examples
    --------
    >>> from audioinv.sound.spectrogram_config import SpectrogramConfig
    >>> front_end = Spectrogram(SpectrogramConfig("linear", n_fft=64, hop_length=16, n_bins=33, edges="circular"))
    >>> click = np.eye(1, 512, 256, dtype=np.float32)[0]
    >>> spectrogram_phase_change(click, np.array([8.0, 16.0]), front_end).round(2)
    array([0.49, 0.  ])
    """
    n_hops, _ = whole_hops_and_phase(delays_samples, front_end.config.hop_length)
    sound = torch.as_tensor(waveform)
    with torch.inference_mode():
        inputs = torch.cat([sound[None], time_shift(sound, delays_samples, edges="circular")])
        levels = front_end(inputs.to(front_end.window.device)).cpu().double() - front_end.floor_db
    expected = torch.stack([levels[0].roll(int(hops), -1) for hops in n_hops])
    size = levels[0].norm()
    change = (levels[1:] - expected).flatten(1).norm(dim=1)
    changes: npt.NDArray[np.float64] = torch.where(size > 0, change / size, torch.nan).numpy()
    return changes
