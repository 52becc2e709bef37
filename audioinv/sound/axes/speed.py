"""Speed: a sound played faster or slower, as by a tape; duration and pitch change together.

Keeps the ratios of all frequencies and of all times. The amount is in percent of the speed: 10 plays a tenth faster,
which is 1.65 semitones higher and 9 % shorter. The opposite is `opposite_percent`; what left the window stays lost.

Conventions
-----------
By soxr at an exact ratio, the engine ``resample`` of `audioinv.sound.pitch`. A moment of the window, the anchor,
stays in place.

What is here: `change_speed`, `Speed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ...errors import InputError
from ..clip import Clip
from ..harmonics import moved_places
from ..pitch import pitch_shift
from .tempo import Tempo

__all__ = ["Speed", "change_speed"]

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


def _semitones(faster_percent: Any) -> FloatArray:
    percent = np.asarray(faster_percent, dtype=np.float64)
    if not (percent > -100).all():
        raise InputError(f"faster_percent={faster_percent} must be above −100; at −100 nothing plays")
    return np.asarray(12 * np.log2(1 + percent / 100))


@dataclass(frozen=True)
class Speed(Tempo):
    """Speed in percent faster; see `change_speed`."""

    axis = "speed"
    engine = "resample"

    def played(self, samples: Tensor, amounts: Any, sample_rate: int) -> Tensor:
        """Return sounds at other speeds."""
        faster: Tensor = change_speed(samples, amounts, sample_rate, anchor_samples=self.anchor_samples)
        return faster

    def duration_ratio(self, amounts: FloatArray) -> FloatArray:
        """Return the ratio of durations: at twice the speed, half."""
        return np.asarray(1 / (1 + amounts / 100))

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components times the ratio; ``nan`` where they would pass Nyquist."""
        return moved_places(frequency_hz, clip.sample_rate, interval_semitones=_semitones(amounts))
