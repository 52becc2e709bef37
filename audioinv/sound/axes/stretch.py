"""Stretch: a sound made longer or shorter at the same pitch.

Keeps every frequency; changes how long everything lasts. The amount is in percent of the duration: 25 lasts a quarter
longer, −20 a fifth shorter. The opposite is ``stretch_back``; what a longer sound lost at the end of the window does
not come back, and the engine leaves its traces twice.

Conventions
-----------
By Signalsmith Stretch, the engine of `audioinv.sound.pitch`. A moment of the window, the anchor, stays in place; a
sound that became shorter is followed by silence, one that became longer is cut.

What is here: `time_stretch`, `stretch_back`, `Stretch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import python_stretch
import torch
from torch import Tensor

from ...errors import InputError
from ..audio import Clip
from ..pitch import fit_window
from .change import Change, Row, change_rows

__all__ = ["Stretch", "stretch_back", "time_stretch"]

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


def stretch_back(longer_percent: Any) -> FloatArray:
    """Return the amount that undoes another.

    Parameters
    ----------
    longer_percent : float or array

    Returns
    -------
    ndarray

    Examples
    --------
    >>> stretch_back([25.0, -50.0])
    array([-20., 100.])
    """
    return np.asarray(100 / (1 + np.asarray(longer_percent, dtype=np.float64) / 100) - 100)


@dataclass(frozen=True)
class Stretch(Change):
    """Duration in percent longer; see `time_stretch`.

    Parameters
    ----------
    anchor_samples : int, default 0
    """

    anchor_samples: int = 0
    axis = "stretch"
    engine = "signalsmith"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip stretched by each amount."""
        return self._stretched(torch.from_numpy(clip.waveform), amounts, clip)

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds sent through the engine a second time, by the opposite amount."""
        return self._stretched(shifted, stretch_back(amounts), clip)

    def _stretched(self, samples: Tensor, amounts: Any, clip: Clip) -> Tensor:
        longer: Tensor = time_stretch(samples, amounts, clip.sample_rate, anchor_samples=self.anchor_samples)
        return longer

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the energy left, corrected for the change of duration."""
        return np.asarray(super().energy_kept(clip, amounts, shifted) / (1 + amounts / 100))

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that a sound made shorter leaves silent."""
        return np.clip(-amounts / 100, 0, 1)
