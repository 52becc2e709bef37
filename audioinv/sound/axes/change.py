"""What the changes of this room have in common: components that stay, the way back, chance that belongs to a clip.

Conventions
-----------
Amounts broadcast against the leading axes of a waveform, as everywhere in `audioinv.sound`. An amount of 0 is the
neutral one and returns the very samples that went in; the further from 0, the stronger the change. What is drawn at
random is drawn once for a sound and scaled by the amount, so that amounts of one sweep differ by nothing else.

What is here: `Change`, `keep_neutral`, `clip_rng`.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..clip import Clip
from ..operators import Operator

__all__ = ["Change", "clip_rng", "keep_neutral"]

FloatArray = npt.NDArray[np.float64]


class Change(Operator):
    """A change of sound that has no way back and moves no component, unless it says otherwise."""

    @property
    def has_inverse(self) -> bool:
        """Whether there is a way back."""
        return False

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Refuse: there is no way back.

        Parameters
        ----------
        shifted : Tensor of shape (n_shifts, n_samples)
        clip : Clip
        amounts : array of shape (n_shifts,)

        Returns
        -------
        Tensor of shape (n_shifts, n_samples)

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"{self.axis} ({self.engine}) cannot be undone; look at has_inverse first")

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components where they were."""
        return np.broadcast_to(frequency_hz, (len(amounts), len(frequency_hz)))


def keep_neutral(samples: Tensor, amounts: Tensor, changed: Tensor) -> Tensor:
    """Put the very samples that went in where the amount is 0.

    Parameters
    ----------
    samples : Tensor of shape (..., n_samples)
        What went in.
    amounts : Tensor of shape (...)
    changed : Tensor of shape (..., n_samples)
        In any precision.

    Returns
    -------
    Tensor of shape (..., n_samples)
        In the precision of `samples`.
    """
    return torch.where((amounts == 0)[..., None], samples, changed.to(samples.dtype))


def clip_rng(clip: Clip, seed: int) -> np.random.Generator:
    """Return a clip's own source of chance: other clips draw other numbers, the same clip always the same.

    Parameters
    ----------
    clip : Clip
    seed : int

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([seed, zlib.crc32(clip.waveform.tobytes())])
