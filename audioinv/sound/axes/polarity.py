"""Polarity: the phase of all components turned by the same angle; 180 degrees swaps plus and minus.

Keeps the magnitude of the spectrum; no ear hears which way a loudspeaker is wired, and hardly one a turned phase, while
every sample changes. The inverse turns back, but for the components at 0 Hz and at the Nyquist frequency, which have no
phase to turn and are scaled by the cosine.

Conventions
-----------
Amounts are in degrees. Half and whole turns copy samples. The transform is that of the whole window, so the tails of
the turned phase wrap around at its ends.

What is here: `rotate_phase`, `Polarity`.

References
----------
.. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 12: the Hilbert transform is a quarter turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arrays import as_amounts, as_tensor, like_input
from ..clip import Clip
from .change import Change

__all__ = ["Polarity", "rotate_phase"]


def rotate_phase(waveform: Any, degrees: Any) -> Any:
    """Turn the phase of every component by the same angle.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    degrees : float or array
        A cosine becomes ``cos(2πft + angle)``.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Examples
    --------
    >>> rotate_phase(np.array([1.0, -2.0, 3.0]), 180.0)
    array([-1.,  2., -3.])
    """
    samples = as_tensor(waveform)
    angles = as_amounts(degrees, samples) % 360
    turn = torch.polar(torch.ones_like(angles), torch.deg2rad(angles))[..., None]
    turned = torch.fft.irfft(torch.fft.rfft(samples.double()) * turn, n=samples.shape[-1]).to(samples.dtype)
    exact = torch.where((angles == 180)[..., None], -samples, turned)
    return like_input(torch.where((angles == 0)[..., None], samples, exact), waveform)


@dataclass(frozen=True)
class Polarity(Change):
    """Phase in degrees; see `rotate_phase`."""

    axis = "polarity"
    engine = "phase"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip turned by each angle."""
        turned: Tensor = rotate_phase(torch.from_numpy(clip.waveform), amounts)
        return turned

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds turned back."""
        back: Tensor = rotate_phase(shifted, -np.asarray(amounts))
        return back
