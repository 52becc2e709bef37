"""Stretch: a sound made longer or shorter at the same pitch.

Keeps every frequency; changes how long everything lasts. The amount is in percent of the duration: 25 lasts a quarter
longer, −20 a fifth shorter. The opposite is `opposite_percent`; what a longer sound lost at the end of the window does
not come back, and the engine leaves its traces twice.

Conventions
-----------
By Signalsmith Stretch, the engine of `audioinv.sound.pitch`. A moment of the window, the anchor, stays in place; a
sound that became shorter is followed by silence, one that became longer is cut.

What is here: `time_stretch`, `Stretch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import python_stretch
from torch import Tensor

from ...errors import InputError
from ..arrays import Row, change_rows
from ..pitch import fit_window
from .tempo import Tempo

__all__ = ["Stretch", "time_stretch"]

FloatArray = npt.NDArray[np.float64]

_SEED = 0  # the engine draws phases; one seed makes it repeatable
_LONGEST_PERCENT = 1500.0


def time_stretch(waveform: Any, longer_percent: Any, sample_rate: float, *, anchor_samples: int = 0) -> Any:
    """Make a sound last longer or shorter at the same pitch.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    longer_percent : float or array
        100 lasts twice as long, −50 half as long.
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
        If an amount is not above −94 % and at most 1500 %.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    >>> longer = time_stretch(tone, 50.0, 16000)
    >>> int(np.argmax(np.abs(np.fft.rfft(longer))))  # hertz
    440
    """
    if not (np.abs(np.log2(1 + np.maximum(np.asarray(longer_percent), -99.9) / 100)) <= 4).all():
        raise InputError(f"longer_percent={longer_percent} must lie between −93.75 and {_LONGEST_PERCENT:g}")

    def stretched(row: Row, percent: float) -> Row:
        ratio = 1 / (1 + percent / 100)
        engine = python_stretch.Signalsmith.Stretch(_SEED)
        engine.preset(1, float(sample_rate))
        engine.setTimeFactor(ratio)
        played = np.asarray(engine.process(np.ascontiguousarray(row[None])), dtype=np.float32)[0]
        return fit_window(played, len(row), ratio, anchor_samples)

    return change_rows(waveform, longer_percent, stretched)


@dataclass(frozen=True)
class Stretch(Tempo):
    """Duration in percent longer; see `time_stretch`."""

    axis = "stretch"
    engine = "signalsmith"

    def played(self, samples: Tensor, amounts: Any, sample_rate: int) -> Tensor:
        """Return sounds of other durations."""
        longer: Tensor = time_stretch(samples, amounts, sample_rate, anchor_samples=self.anchor_samples)
        return longer

    def duration_ratio(self, amounts: FloatArray) -> FloatArray:
        """Return the ratio of durations, which is what the amounts say."""
        return np.asarray(1 + amounts / 100)
