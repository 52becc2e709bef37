"""Gain: a sound louder or softer, and what a converter does to one that is too loud.

Keeps everything but the level; with clipping, samples beyond full scale are cut off at ±1, which adds overtones. The
inverse is the opposite gain; what was clipped stays lost.

Conventions
-----------
Amounts are in decibels; +6 doubles the amplitude, nearly.

What is here: `change_gain`, `Gain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..arrays import as_amounts, as_tensor, like_input
from ..clip import Clip
from .change import Change, keep_neutral

__all__ = ["Gain", "change_gain"]


def change_gain(waveform: Any, gain_db: Any, *, clipped: bool = False) -> Any:
    """Make a sound louder or softer.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    gain_db : float or array
        Positive is louder.
    clipped : bool, default False
        Whether samples beyond ±1 are cut off there.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Examples
    --------
    >>> import numpy as np
    >>> change_gain(np.array([0.1, -0.2]), 20.0)
    array([ 1., -2.])
    >>> change_gain(np.array([0.1, -0.2]), 20.0, clipped=True)
    array([ 1., -1.])
    """
    samples = as_tensor(waveform)
    gains = as_amounts(gain_db, samples)
    louder = samples * (10 ** (gains / 20))[..., None]
    return like_input(keep_neutral(samples, gains, louder.clamp(-1, 1) if clipped else louder), waveform)


@dataclass(frozen=True)
class Gain(Change):
    """Gain in decibels; see `change_gain`.

    Parameters
    ----------
    engine : {"linear", "clip"}, default "linear"
        Whether full scale is a limit.
    """

    engine: str = "linear"
    axis = "gain"

    @property
    def has_inverse(self) -> bool:
        """Whether nothing was cut off."""
        return self.engine == "linear"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip at each gain."""
        louder: Tensor = change_gain(torch.from_numpy(clip.waveform), amounts, clipped=self.engine == "clip")
        return louder

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds at the opposite gain; refuse where some was cut off."""
        if not self.has_inverse:
            return super().shift_back(shifted, clip, amounts)
        softer: Tensor = change_gain(shifted, -torch.as_tensor(amounts))
        return softer
