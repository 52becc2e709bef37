"""Masks: a stretch of time, or a band of frequencies, taken out of a sound, as something in front hides part of a view.

Keeps the rest as it is. What is hidden lies about the middle of the sound's energy, in time or in frequency, so that a
mask of any size hides what sounds and not the silence behind it; larger masks contain smaller ones. There is no way
back.

Conventions
-----------
The middle is where half of the energy has passed. A stretch is silenced without a fade; the click that its ends may
make is part of the change. A band is taken out of the spectrum of the whole window.

What is here: `mask_time`, `mask_band`, `Mask`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..arrays import as_amounts, as_tensor, like_input
from ..clip import Clip
from .change import Change, keep_neutral

__all__ = ["Mask", "mask_band", "mask_time"]

FloatArray = npt.NDArray[np.float64]


def mask_time(waveform: Any, stretch_samples: Any) -> Any:
    """Silence a stretch about the middle of a sound's energy.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    stretch_samples : float or array
        Length of what is silenced, rounded to whole samples. What lies beyond the window is not made up for.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If a length is negative.

    Examples
    --------
    >>> mask_time(np.array([1.0, 1.0, 5.0, 1.0, 1.0]), [0, 1, 3])
    array([[1., 1., 5., 1., 1.],
           [1., 1., 0., 1., 1.],
           [1., 0., 0., 0., 1.]])
    """
    samples = as_tensor(waveform)
    lengths = as_amounts(stretch_samples, samples).round()[..., None]
    if bool((lengths < 0).any()):
        raise InputError(f"stretch_samples={float(lengths.min()):g} must be 0 or more; 0 hides nothing")
    first = _middle(samples.double().square())[..., None] - torch.floor(lengths / 2)
    places = torch.arange(samples.shape[-1], device=samples.device)
    hidden = (places >= first) & (places < first + lengths)
    return like_input(torch.where(hidden, torch.zeros_like(samples), samples), waveform)


def mask_band(waveform: Any, width_octaves: Any) -> Any:
    """Take out a band about the middle of a sound's energy over frequency.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    width_octaves : float or array
        Width of the band, half of it on either side.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If a width is negative.

    Examples
    --------
    >>> seconds = np.arange(800) / 800
    >>> low, high = np.cos(2 * np.pi * 20 * seconds), np.cos(2 * np.pi * 160 * seconds)
    >>> bool(np.allclose(mask_band(2 * low + high, 1.0), high))
    True
    """
    samples = as_tensor(waveform)
    widths = as_amounts(width_octaves, samples)
    if bool((widths < 0).any()):
        raise InputError(f"width_octaves={float(widths.min()):g} must be 0 or more; 0 hides nothing")
    spectrum = torch.fft.rfft(samples.double())
    bins = torch.arange(spectrum.shape[-1], device=samples.device, dtype=torch.float64)
    middle = _middle(spectrum.abs().square()).clamp(min=1)[..., None]
    hidden = torch.log2(bins / middle).abs() <= widths[..., None] / 2
    masked = torch.fft.irfft(torch.where(hidden, torch.zeros_like(spectrum), spectrum), n=samples.shape[-1])
    return like_input(keep_neutral(samples, widths, masked), waveform)


def _middle(energy: Tensor) -> Tensor:
    """Return the first place at which half of the energy has passed, of shape (...)."""
    passed = energy.cumsum(-1)
    return (passed < passed[..., -1:] / 2).sum(-1)


@dataclass(frozen=True)
class Mask(Change):
    """What hides part of a sound: samples of time, or octaves; see `mask_time` and `mask_band`.

    Parameters
    ----------
    engine : {"time", "band"}, default "time"
    """

    engine: str = "time"
    axis = "mask"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip behind each mask."""
        waveform = torch.from_numpy(clip.waveform)
        hidden: Tensor = mask_time(waveform, amounts) if self.engine == "time" else mask_band(waveform, amounts)
        return hidden

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that was silenced; none by a band."""
        if self.engine == "band":
            return np.zeros(len(amounts))
        n_samples, lengths = len(clip.waveform), np.round(amounts)
        first = float(_middle(torch.from_numpy(clip.waveform).double().square())) - np.floor(lengths / 2)
        return np.asarray((np.minimum(first + lengths, n_samples) - np.maximum(first, 0)) / n_samples)
