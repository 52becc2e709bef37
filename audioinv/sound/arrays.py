"""What changes of sound begin and end with: NumPy arrays or tensors in, the same out; amounts that broadcast.

Conventions
-----------
The last axis of a waveform is time: ``(..., n_samples)``. An amount is a number, or an array that broadcasts
against the leading axes: a clip of shape ``(n_samples,)`` with amounts of shape ``(n_shifts,)`` gives
``(n_shifts, n_samples)``.

What is here: `as_tensor`, `as_amounts`, `like_input`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError

__all__ = ["as_amounts", "as_tensor", "like_input"]


def as_tensor(waveform: Any) -> Tensor:
    """Return a floating tensor over the same samples, on the same device.

    Parameters
    ----------
    waveform : ndarray or Tensor of shape (..., n_samples)

    Returns
    -------
    Tensor
        Integers become float32.

    Raises
    ------
    InputError
        If there is no time axis, or the samples are complex.
    """
    samples = waveform if isinstance(waveform, Tensor) else torch.as_tensor(np.asarray(waveform))
    if samples.ndim == 0 or samples.is_complex():
        raise InputError(f"a waveform must be real, of shape (..., n_samples); got {tuple(samples.shape)}")
    return samples if samples.is_floating_point() else samples.to(torch.float32)


def as_amounts(amount: Any, samples: Tensor, n_signal_axes: int = 1) -> Tensor:
    """Return amounts broadcast against the leading axes of a sound.

    Parameters
    ----------
    amount : float or array
    samples : Tensor of shape (..., n_samples)
    n_signal_axes : int, default 1
        How many of the last axes are the signal's own.

    Returns
    -------
    Tensor of shape (...), float64

    Raises
    ------
    InputError
        If an amount is no finite number, or shapes do not fit.
    """
    amounts = torch.as_tensor(amount, dtype=torch.float64, device=samples.device)
    if not bool(torch.isfinite(amounts).all()):
        raise InputError(f"a shift must be a finite number; got {amount}")
    try:
        lead = torch.broadcast_shapes(amounts.shape, samples.shape[:-n_signal_axes])
    except RuntimeError as error:
        raise InputError(
            f"shifts of shape {tuple(amounts.shape)} do not broadcast against a sound of shape {tuple(samples.shape)}"
        ) from error
    return amounts.expand(lead)


def like_input(result: Tensor, waveform: Any) -> Any:
    """Return a result as the kind of array that the caller handed in.

    Parameters
    ----------
    result : Tensor
    waveform : ndarray, Tensor or sequence
        What the caller gave.

    Returns
    -------
    Tensor or ndarray
    """
    return result if isinstance(waveform, Tensor) else result.numpy()
