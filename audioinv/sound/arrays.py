"""What changes of sound begin and end with: NumPy arrays or tensors in, the same out; amounts that broadcast.

Conventions
-----------
The last axis of a waveform is time: ``(..., n_samples)``. An amount is a number, or an array that broadcasts
against the leading axes: a clip of shape ``(n_samples,)`` with amounts of shape ``(n_shifts,)`` gives
``(n_shifts, n_samples)``.

What is here: `as_tensor`, `as_amounts`, `change_rows`, `like_input`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError

__all__ = ["Row", "as_amounts", "as_tensor", "change_rows", "like_input"]

Row = npt.NDArray[np.float32]


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


def change_rows(waveform: Any, amounts: Any, change: Callable[[Row, float], Row]) -> Any:
    """Change sounds one after the other, by a library that takes one at a time.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    amounts : float or array
        Broadcasts against the leading axes.
    change : callable
        From one sound, of shape (n_samples,), and its amount to the changed sound. Not asked where the amount is 0.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Examples
    --------
    >>> change_rows(np.ones(2, np.float32), [0.0, 3.0], lambda row, amount: row * np.float32(amount))
    array([[1., 1.],
           [3., 3.]], dtype=float32)
    """
    samples = as_tensor(waveform)
    strengths = as_amounts(amounts, samples)
    changed = samples.expand(*strengths.shape, samples.shape[-1]).clone()
    rows = changed.view(-1, samples.shape[-1])
    for row, amount in enumerate(strengths.reshape(-1).tolist()):
        if amount:
            sound = change(rows[row].detach().cpu().numpy().astype(np.float32), amount)
            rows[row] = torch.as_tensor(sound).to(rows)
    return like_input(changed, waveform)


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
