"""Speed: a sound played faster or slower, as by a tape; duration and pitch change together.

Keeps the ratios of all frequencies and of all times. The amount is in percent of the speed: 10 plays a tenth faster,
which is 1.65 semitones higher and 9 % shorter. The opposite is ``speed_back``; what left the window stays lost.

Conventions
-----------
By soxr at an exact ratio, the engine ``resample`` of `audioinv.sound.pitch`. A moment of the window, the anchor,
stays in place.

What is here: `change_speed`, `speed_back`, `Speed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..audio import Clip
from ..harmonics import moved_places
from ..pitch import pitch_shift
from .change import Change

__all__ = ["Speed", "change_speed", "speed_back"]

FloatArray = npt.NDArray[np.float64]


def change_speed(waveform: Any, faster_percent: Any, sample_rate: float, *, anchor_samples: int = 0) -> Any:
    """Play a sound faster or slower.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    faster_percent : float or array
        100 plays twice as fast and an octave higher, −50 half as fast and an octave lower.
    sample_rate : float
        In hertz.
    anchor_samples : int, default 0
        The moment that stays in place.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If an amount is not above −100 %, or plays more than sixteen times as fast or slow.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    >>> faster = change_speed(tone, 100.0, 16000)
    >>> int(np.argmax(np.abs(np.fft.rfft(faster[:8000])))) * 2  # hertz
    880
    """
    return pitch_shift(
        waveform, _semitones(faster_percent), sample_rate, engine="resample", anchor_samples=anchor_samples
    )


def speed_back(faster_percent: Any) -> FloatArray:
    """Return the amount that undoes another.

    Parameters
    ----------
    faster_percent : float or array

    Returns
    -------
    ndarray

    Examples
    --------
    >>> speed_back([100.0, -20.0])
    array([-50.,  25.])
    """
    return np.asarray(100 / (1 + np.asarray(faster_percent, dtype=np.float64) / 100) - 100)


def _semitones(faster_percent: Any) -> FloatArray:
    percent = np.asarray(faster_percent, dtype=np.float64)
    if not (percent > -100).all():
        raise InputError(f"faster_percent={faster_percent} must be above −100; at −100 nothing plays")
    return np.asarray(12 * np.log2(1 + percent / 100))


@dataclass(frozen=True)
class Speed(Change):
    """Speed in percent faster; see `change_speed`.

    Parameters
    ----------
    anchor_samples : int, default 0
    """

    anchor_samples: int = 0
    axis = "speed"
    engine = "resample"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip at each speed."""
        return self._played(torch.from_numpy(clip.waveform), amounts, clip)

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds at the opposite speed."""
        return self._played(shifted, speed_back(amounts), clip)

    def _played(self, samples: Tensor, amounts: Any, clip: Clip) -> Tensor:
        played: Tensor = change_speed(samples, amounts, clip.sample_rate, anchor_samples=self.anchor_samples)
        return played

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components times the ratio; ``nan`` where they would pass Nyquist."""
        return moved_places(frequency_hz, clip.sample_rate, interval_semitones=_semitones(amounts))

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the energy left, corrected for the change of duration."""
        return np.asarray(super().energy_kept(clip, amounts, shifted) * (1 + amounts / 100))

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that a sound made shorter leaves silent."""
        return np.asarray(np.clip(1 - 1 / (1 + amounts / 100), 0, 1))
