"""Reverberation: a sound in a room, by convolution with a synthetic room response of given decay time.

Keeps the sound itself, the direct path, where and as it is; adds its echoes behind it. The amount is the reverberation
time T60, in which the echoes fall by 60 dB; 0 is an open field. There is no way back: the window cuts the tail.

Conventions
-----------
The response is 1 at its start and Gaussian noise behind it that decays exponentially (Polack's model [1]_). Longer
reverberation is also louder: in one room the energy of the echoes relative to the direct sound grows in proportion to
T60 (the critical distance falls with its square root [2]_), and equals it at 0.5 s, as 0.8 m from a source in a room
of 100 m³. One noise is drawn for a sound, the same at all amounts. The level is not made up for.

What is here: `add_reverb`, `room_response`, `Reverb`.

References
----------
.. [1] Polack, La transmission de l'énergie sonore dans les salles, thesis, 1988.
.. [2] Kuttruff, Room Acoustics, 6th ed., section 5.5: r_c = 0.057 √(V / T60).
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
from .change import Change, clip_rng, keep_neutral

__all__ = ["Reverb", "add_reverb", "room_response"]

FloatArray = npt.NDArray[np.float64]

_EQUAL_SECONDS = 0.5  # T60 at which echoes and direct sound have the same energy


def room_response(t60_seconds: Any, sample_rate: float, noise: Any) -> Tensor:
    """Return the impulse response of a room.

    Parameters
    ----------
    t60_seconds : Tensor of shape (...)
    sample_rate : float
        In hertz.
    noise : Tensor of shape (..., n_samples)
        Of variance 1; what the echoes are made of.

    Returns
    -------
    Tensor of shape (..., n_samples), float64
        1 at its start, then the echoes, whose energy is expected to be T60 / 0.5 s.
    """
    grain, seconds = as_tensor(noise).double(), torch.as_tensor(t60_seconds, dtype=torch.float64)[..., None]
    times = torch.arange(grain.shape[-1], dtype=torch.float64, device=grain.device) / sample_rate
    fall = (6 * np.log(10) / sample_rate) / seconds  # of power, a sample
    power = torch.exp(-fall * times * sample_rate)
    of_all_echoes = 1 / torch.expm1(fall)  # of an endless tail, its first sample left out
    echoes = grain * torch.sqrt(seconds / _EQUAL_SECONDS * power / of_all_echoes)
    response = torch.where(seconds > 0, echoes, torch.zeros_like(echoes))
    response[..., 0] = 1
    return response


def add_reverb(waveform: Any, t60_seconds: Any, sample_rate: float, rng: np.random.Generator) -> Any:
    """Put a sound into a room.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    t60_seconds : float or array
        Reverberation time; 0 is none.
    sample_rate : float
        In hertz.
    rng : numpy.random.Generator

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        What sounds on after the window is cut.

    Raises
    ------
    InputError
        If a time is negative.

    Examples
    --------
    >>> click = np.eye(1, 8000)[0]
    >>> wet = add_reverb(click, 0.2, 8000, np.random.default_rng(0))
    >>> float(wet[0]), bool((wet[4000:] ** 2).sum() < 1e-6 * (wet[1:] ** 2).sum())
    (1.0, True)
    """
    samples = as_tensor(waveform)
    seconds = as_amounts(t60_seconds, samples)
    if bool((seconds < 0).any()):
        raise InputError(f"t60_seconds={float(seconds.min()):g} must be 0 or more; 0 is no room")
    n_samples = samples.shape[-1]
    noise = torch.as_tensor(rng.standard_normal(tuple(samples.shape)), device=samples.device)
    response = room_response(seconds, sample_rate, noise)
    wet = torch.fft.irfft(
        torch.fft.rfft(samples.double(), n=2 * n_samples) * torch.fft.rfft(response, n=2 * n_samples), n=2 * n_samples
    )
    return like_input(keep_neutral(samples, seconds, wet[..., :n_samples]), waveform)


@dataclass(frozen=True)
class Reverb(Change):
    """Reverberation time in seconds; see `add_reverb`.

    Parameters
    ----------
    seed : int, default 0
        Of the echoes; every clip has its own.
    """

    seed: int = 0
    axis = "reverb"
    engine = "decaying noise"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip in each room."""
        wet: Tensor = add_reverb(torch.from_numpy(clip.waveform), amounts, clip.sample_rate, clip_rng(clip, self.seed))
        return wet

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return 1: the direct sound is all there."""
        return np.where(np.any(clip.waveform), np.ones(len(amounts)), np.nan)
