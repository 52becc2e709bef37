"""What enters a window at its border when its sound is delayed.

Conventions
-----------
`edges` is one of `EDGES`: silence, what left at the other end, the recording around the window, or noise at the clip's
background level. Beyond the ends of a recording there is silence.

What is here: `EDGES`, `surroundings` of a window, and `background_noise`, which fills a border.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .arrays import as_tensor, like_input

__all__ = ["EDGES", "background_noise", "surroundings"]

EDGES = ("zero", "circular", "context", "noise")
_NOISE_FRAME = 256  # samples; short enough to fall between two hits, long enough for a level


def surroundings(
    samples: Tensor, *, edges: str, before: Any = None, after: Any = None, rng: np.random.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Return the sound on either side of a window, which a delay brings in; beyond it there is silence.

    Parameters
    ----------
    samples : Tensor of shape (..., n_samples)
    edges : {"zero", "context", "noise"}
    before, after : array of shape (..., n), optional
        As for `audioinv.sound.shifts.time_shift`.
    rng : numpy.random.Generator, optional
        As for `audioinv.sound.shifts.time_shift`.

    Returns
    -------
    before : Tensor of shape (..., n)
        What stands before the window.
    after : Tensor of shape (..., n)
        What stands after it.

    Raises
    ------
    InputError
        If `edges` is none of these, "context" is asked of a clip that has none, or "noise" comes without an `rng`.
    """
    if edges == "zero":
        before = after = samples.new_zeros(0)
    elif edges == "noise":
        before, after = _noise_around(samples, rng)
    elif edges != "context":
        raise InputError(f"edges={edges!r} is not one of {', '.join(EDGES)}")
    elif before is None or after is None:
        raise InputError('edges="context" needs the sound around the window (before=…, after=…); use "zero" without it')
    sides = [as_tensor(side).to(samples).expand(*samples.shape[:-1], -1) for side in (before, after)]
    return sides[0], sides[1]


def _noise_around(samples: Tensor, rng: np.random.Generator | None) -> Tensor:
    """Draw a window's length of noise for either side, the same whatever the delays are."""
    if rng is None:
        raise InputError('edges="noise" needs rng=numpy.random.default_rng(seed)')
    n_samples = samples.shape[-1]
    return torch.stack([background_noise(samples, n_samples, rng) for _ in range(2)])


def background_noise(waveform: Any, n_samples: int, rng: np.random.Generator) -> Any:
    """Draw white noise at the background level of a clip.

    The background level is the root mean square of the quietest tenth of the clip's frames of 256 samples,
    frames of digital silence left aside.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    n_samples : int
        Length of the noise.
    rng : numpy.random.Generator

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        Silence for a clip that is nothing but silence.
    """
    samples = as_tensor(waveform)
    frames = (
        samples[..., : samples.shape[-1] // _NOISE_FRAME * _NOISE_FRAME].unflatten(-1, (-1, _NOISE_FRAME))
        if (samples.shape[-1] >= _NOISE_FRAME)
        else samples[..., None, :]
    )
    power = frames.to(torch.float64).square().mean(-1)
    power = torch.where(power > 0, power, torch.nan)
    level = torch.nan_to_num(torch.nanquantile(power, 0.1, dim=-1)).sqrt()
    noise = torch.as_tensor(rng.standard_normal((*samples.shape[:-1], n_samples)), device=samples.device)
    return like_input((noise * level[..., None]).to(samples.dtype), waveform)
