"""Reversal: stretches of a sound played backwards, each in its place.

Keeps every sample and, up to the seams, the spectrum of every stretch; turns attacks into decays. The amount is the
length of the stretches: 0 is neutral, and from the length of the window on all of it runs backwards. Speech is
understood up to stretches of some 50 ms, and lost by 130 ms [1]_. Its own inverse, exactly.

Conventions
-----------
Stretches are counted from the start of the window; the last is shorter where they do not divide it. Nothing is faded.

What is here: `reverse_stretches`, `Reverse`.

References
----------
.. [1] Saberi & Perrott, Cognitive restoration of reversed speech, Nature 398, 1999.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from ..arrays import as_amounts, as_tensor, like_input
from ..clip import Clip
from .change import Change

__all__ = ["Reverse", "reverse_stretches"]


def reverse_stretches(waveform: Any, stretch_samples: Any) -> Any:
    """Play stretches of a sound backwards, each in its place.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    stretch_samples : float or array
        Length of a stretch, rounded to whole samples; 0 changes nothing.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If a length is negative.

    Examples
    --------
    >>> import numpy as np
    >>> reverse_stretches(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), [2, 5])
    array([[2., 1., 4., 3., 5.],
           [5., 4., 3., 2., 1.]])
    """
    samples = as_tensor(waveform)
    lengths = as_amounts(stretch_samples, samples).round().to(torch.int64)[..., None]
    if bool((lengths < 0).any()):
        raise InputError(f"stretch_samples={int(lengths.min())} must be 0 or more; 0 changes nothing")
    lengths = lengths.clamp(1, samples.shape[-1])  # a stretch of one sample is the same backwards
    places = torch.arange(samples.shape[-1], device=samples.device)
    first = places // lengths * lengths
    last = (first + lengths).clamp(max=samples.shape[-1]) - 1
    return like_input(torch.gather(samples.expand(last.shape), -1, first + last - places), waveform)


@dataclass(frozen=True)
class Reverse(Change):
    """Stretches played backwards, their length in samples; see `reverse_stretches`."""

    axis = "reverse"
    engine = "stretches"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip with stretches of each length played backwards."""
        backwards: Tensor = reverse_stretches(torch.from_numpy(clip.waveform), amounts)
        return backwards

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds with the same stretches turned again."""
        forwards: Tensor = reverse_stretches(shifted, amounts)
        return forwards
