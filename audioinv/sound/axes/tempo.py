"""What playing a sound slower or faster comes to, whatever it does to the pitch: speed and stretch share it.

Conventions
-----------
Amounts are percent of a speed, or of a duration: 25 is times 1.25. A moment of the window, the anchor, stays in place.
A sound that became shorter is followed by silence, one that became longer is cut.

What is here: `Tempo`, `opposite_percent`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..clip import Clip
from .change import Change

__all__ = ["Tempo", "opposite_percent"]

FloatArray = npt.NDArray[np.float64]


def opposite_percent(percent: Any) -> FloatArray:
    """Return the amount that undoes another: of 25 % more, 20 % less.

    Parameters
    ----------
    percent : float or array

    Returns
    -------
    ndarray

    Examples
    --------
    >>> opposite_percent([25.0, -50.0])
    array([-20., 100.])
    """
    return np.asarray(100 / (1 + np.asarray(percent, dtype=np.float64) / 100) - 100)


@dataclass(frozen=True)
class Tempo(Change):
    """A change of duration, in percent.

    Parameters
    ----------
    anchor_samples : int, default 0
        The moment that stays in place.
    """

    anchor_samples: int = 0
    has_inverse = True

    @abstractmethod
    def played(self, samples: Tensor, amounts: Any, sample_rate: int) -> Tensor:
        """Return sounds played at other tempos.

        Parameters
        ----------
        samples : Tensor of shape (..., n_samples)
        amounts : array
            In percent; broadcasts against the leading axes.
        sample_rate : int
            In hertz.

        Returns
        -------
        Tensor of shape (..., n_samples)
        """

    @abstractmethod
    def duration_ratio(self, amounts: FloatArray) -> FloatArray:
        """Return how many times as long a sound lasts.

        Parameters
        ----------
        amounts : ndarray
            In percent.

        Returns
        -------
        ndarray
        """

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip at each tempo."""
        return self.played(torch.from_numpy(clip.waveform), amounts, clip.sample_rate)

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds played once more, at the opposite tempo; the engine leaves its traces twice."""
        return self.played(shifted, opposite_percent(amounts), clip.sample_rate)

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the energy left, corrected for the change of duration."""
        return np.asarray(super().energy_kept(clip, amounts, shifted) / self.duration_ratio(amounts))

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that a sound made shorter leaves silent."""
        return np.maximum(1 - self.duration_ratio(amounts), 0)
