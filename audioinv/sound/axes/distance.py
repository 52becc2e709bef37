"""One scale for all changes: how far a sound has moved on a log-mel spectrogram, and which noise moves it as far.

The *log-mel distance* is the root mean square difference, in decibels, over all bands and frames of the window. The
*SNR equivalent* is the signal-to-noise ratio at which white noise has the same distance, for the same sound: so a delay
of so many milliseconds and a filter of so many decibels can be laid side by side. Both see what a spectrogram shows:
a turned polarity is no distance at all, a delay of one hop much.

Conventions
-----------
64 mel bands, frames of some 32 ms, hops of a quarter of one. Levels below 60 dB under the loudest band of the unchanged
sound count as that floor, for both sounds: what is far below what is heard has no distance.

What is here: `log_mel_distance`, `snr_equivalents`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ...errors import InputError
from ..spectrogram import Spectrogram
from ..spectrogram_config import SpectrogramConfig
from .noise import add_noise

__all__ = ["log_mel_distance", "snr_equivalents"]

FloatArray = npt.NDArray[np.float64]

_FRAME_SECONDS, _N_BANDS, _RANGE_DB = 0.032, 64, 60.0
_LADDER_DB = np.arange(-20.0, 61.0, 2.5)
_SEED = 0


def log_mel_distance(changed: Tensor, original: Tensor, sample_rate: int) -> FloatArray:
    """Return how far sounds are from another on a log-mel spectrogram.

    Parameters
    ----------
    changed : Tensor of shape (n, n_samples)
    original : Tensor of shape (n_samples,)
    sample_rate : int
        In hertz.

    Returns
    -------
    ndarray of shape (n,)
        In decibels; ``nan`` where the original is silent.

    Raises
    ------
    InputError
        If lengths disagree.

    Examples
    --------
    >>> import torch
    >>> sound = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> log_mel_distance(torch.stack([sound, sound / 10]), sound, 16000).round(6)
    array([ 0., 20.])
    """
    if changed.shape[-1] != original.shape[-1]:
        raise InputError(f"{changed.shape[-1]} samples cannot be compared with {original.shape[-1]}")
    front_end = _front_end(sample_rate)
    reference = front_end(original.double())
    if not bool(original.any()):
        return np.full(len(changed), np.nan)
    floor = reference.max() - _RANGE_DB
    difference = front_end(changed.double()).clamp(min=floor) - reference.clamp(min=floor)
    return np.asarray(difference.square().mean((-2, -1)).sqrt().numpy())


def _front_end(sample_rate: int) -> Spectrogram:
    n_fft = 2 ** round(np.log2(_FRAME_SECONDS * sample_rate))
    bands = min(_N_BANDS, n_fft // 8)  # a mel band must hold a bin of the transform
    config = SpectrogramConfig(
        sample_rate=sample_rate, n_fft=n_fft, hop_length=n_fft // 4, n_bins=bands, floor_db=-200.0
    )
    return Spectrogram(config)


def snr_equivalents(distances_db: FloatArray, original: Tensor, sample_rate: int) -> FloatArray:
    """Return the signal-to-noise ratios at which white noise makes the same distances.

    Parameters
    ----------
    distances_db : ndarray of shape (n,)
        From `log_mel_distance`.
    original : Tensor of shape (n_samples,)
    sample_rate : int
        In hertz.

    Returns
    -------
    ndarray of shape (n,)
        In decibels, between −20 and 60; ``nan`` where the noise would be weaker or stronger than that.

    Examples
    --------
    >>> import torch
    >>> tone = torch.sin(torch.arange(8000) / 4)
    >>> noisy = add_noise(tone, [10.0], np.random.default_rng(1))
    >>> bool(abs(snr_equivalents(log_mel_distance(noisy, tone, 16000), tone, 16000)[0] - 20) < 0.5)
    True
    """
    if not bool(original.any()):
        return np.full(len(distances_db), np.nan)
    noisy = add_noise(original, 100 * 10 ** (-_LADDER_DB / 20), np.random.default_rng(_SEED))
    ladder = np.minimum.accumulate(log_mel_distance(noisy, original, sample_rate))
    return np.asarray(np.interp(-distances_db, -ladder, _LADDER_DB, left=np.nan, right=np.nan))
