"""Changes of order: a sound's segments permuted, played backwards, joined in either order, set apart by silence.

Conventions
-----------
The last axis of a waveform is time: ``(..., n_samples)``. Segments are cut at the borders that `segment_borders`
states, as equal as whole samples allow. Nothing is faded: a segment ends where it ends, and the click that a seam
may make is part of the change. A *rotation* makes such a seam too but keeps every segment's neighbours, so it is
the control for a permutation. NumPy arrays and tensors are both accepted and come back as what went in, in their
dtype. The input is never modified; the identity, in order or in gap, returns the samples that went in.

What is here: `segment_borders`, `permute_segments`, `play_backwards`, `join_sounds`, `insert_silence`, and the
orders to try, `draw_orders` and `rotations`.
"""

from __future__ import annotations

from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..errors import InputError
from .arrays import as_tensor, like_input

__all__ = [
    "draw_orders",
    "insert_silence",
    "join_sounds",
    "permute_segments",
    "play_backwards",
    "rotations",
    "segment_borders",
]

IntArray = npt.NDArray[np.int64]


def segment_borders(n_samples: int, n_segments: int) -> IntArray:
    """Return where a sound is cut: border i lies at the whole part of ``i * n_samples / n_segments``.

    Parameters
    ----------
    n_samples : int
    n_segments : int
        From 1 to `n_samples`.

    Returns
    -------
    ndarray of shape (n_segments + 1,), samples
        From 0 to `n_samples`; segment i is what lies between borders i and i + 1.

    Raises
    ------
    InputError
        If a segment would be empty.

    Examples
    --------
    >>> segment_borders(10, 4)
    array([ 0,  2,  5,  7, 10])
    """
    if not 1 <= n_segments <= n_samples:
        raise InputError(f"n_segments={n_segments} must lie between 1 and the {n_samples} samples of the sound")
    return np.arange(n_segments + 1) * n_samples // n_segments


def permute_segments(waveform: Any, order: npt.ArrayLike) -> Any:
    """Play a sound's segments in another order.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    order : array of shape (..., n_segments), int
        Which segment comes first, second and so on. Leading axes broadcast against those of the waveform: a clip
        with orders of shape ``(n_orders, n_segments)`` gives ``(n_orders, n_samples)``.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        A segment keeps its length, so borders move where lengths differ by a sample.

    Raises
    ------
    InputError
        If a row of `order` does not name each segment once, or shapes do not fit.

    Examples
    --------
    >>> permute_segments(np.array([1.0, 2.0, 3.0, 4.0]), [1, 0])
    array([3., 4., 1., 2.])
    """
    samples = as_tensor(waveform)
    orders = np.asarray(order)
    if orders.ndim == 0 or (np.sort(orders, axis=-1) != np.arange(orders.shape[-1])).any():
        raise InputError(f"an order names each of its segments once, from 0; got {orders.tolist()}")
    borders = segment_borders(samples.shape[-1], orders.shape[-1])
    pieces = np.split(np.arange(samples.shape[-1]), borders[1:-1])
    rows = [np.concatenate([pieces[i] for i in row]) for row in orders.reshape(-1, orders.shape[-1])]
    index = torch.as_tensor(np.stack(rows), device=samples.device).reshape(*orders.shape[:-1], -1)
    try:
        samples, index = torch.broadcast_tensors(samples, index)
    except RuntimeError as error:
        raise InputError(
            f"orders of shape {orders.shape} do not broadcast against a sound of shape {tuple(samples.shape)}"
        ) from error
    return like_input(torch.gather(samples, -1, index), waveform)


def play_backwards(waveform: Any) -> Any:
    """Play a sound from its end to its beginning, sample by sample.

    The magnitude of every frame's spectrum stays, up to where frames fall; attacks become decays.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Examples
    --------
    >>> play_backwards(np.array([1.0, 2.0, 3.0]))
    array([3., 2., 1.])
    """
    return like_input(as_tensor(waveform).flip(-1), waveform)


def join_sounds(first: Any, second: Any, gap_samples: int = 0) -> Any:
    """Play one sound, then silence, then another: A·B, and with the arguments exchanged B·A.

    Parameters
    ----------
    first, second : Tensor or ndarray of shape (..., n_first) and (..., n_second)
        Leading axes broadcast against each other.
    gap_samples : int, default 0
        Length of the silence between them.

    Returns
    -------
    Tensor or ndarray of shape (..., n_first + gap_samples + n_second)
        What `first` is.

    Raises
    ------
    InputError
        If the gap is negative or not whole.

    Examples
    --------
    >>> join_sounds(np.array([1.0, 2.0]), np.array([3.0]), gap_samples=1)
    array([1., 2., 0., 3.])
    """
    parts = as_tensor(first), as_tensor(second)
    lead = torch.broadcast_shapes(parts[0].shape[:-1], parts[1].shape[:-1])
    silence = parts[0].new_zeros((*lead, _whole_gap(gap_samples)))
    before, after = (part.to(silence).expand(*lead, -1) for part in parts)
    return like_input(torch.cat([before, silence, after], dim=-1), first)


def insert_silence(waveform: Any, n_segments: int, gap_samples: int) -> Any:
    """Set a sound's segments apart by silence.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    n_segments : int
    gap_samples : int
        Length of each of the ``n_segments - 1`` silences.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples + (n_segments - 1) * gap_samples)

    Raises
    ------
    InputError
        If a segment would be empty, or the gap is negative or not whole.

    Examples
    --------
    >>> insert_silence(np.array([1.0, 2.0, 3.0, 4.0]), 2, gap_samples=1)
    array([1., 2., 0., 3., 4.])
    """
    samples = as_tensor(waveform)
    borders = segment_borders(samples.shape[-1], n_segments)
    spread = samples.new_zeros((*samples.shape[:-1], samples.shape[-1] + (n_segments - 1) * _whole_gap(gap_samples)))
    for i, (first, last) in enumerate(pairwise(borders)):
        spread[..., first + i * gap_samples : last + i * gap_samples] = samples[..., first:last]
    return like_input(spread, waveform)


def _whole_gap(gap_samples: int) -> int:
    if gap_samples < 0 or gap_samples != int(gap_samples):
        raise InputError(f"gap_samples={gap_samples} must be a whole number of samples, 0 or more")
    return int(gap_samples)


def rotations(n_segments: int) -> IntArray:
    """Return the orders that begin elsewhere but keep every segment's neighbours, the identity left out.

    Parameters
    ----------
    n_segments : int

    Returns
    -------
    ndarray of shape (n_segments - 1, n_segments)

    Examples
    --------
    >>> rotations(3)
    array([[1, 2, 0],
           [2, 0, 1]])
    """
    steps = np.arange(n_segments)
    return (steps[1:, None] + steps) % n_segments


def draw_orders(n_segments: int, n_orders: int, rng: np.random.Generator) -> IntArray:
    """Draw different orders, none of them the identity or a rotation of it.

    Parameters
    ----------
    n_segments : int
        At least 3; two segments can only be rotated.
    n_orders : int
        How many, or as many as there are: ``n_segments! - n_segments``.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_orders, n_segments)

    Raises
    ------
    InputError
        If there are fewer than 3 segments, or no order is asked for.

    Examples
    --------
    >>> draw_orders(3, 10, np.random.default_rng(0)).tolist()
    [[2, 1, 0], [0, 2, 1], [1, 0, 2]]
    """
    if n_segments < 3 or n_orders < 1:
        raise InputError(f"n_segments={n_segments} must be at least 3 and n_orders={n_orders} at least 1")
    wanted = min(n_orders, factorial(n_segments) - n_segments)
    drawn: dict[tuple[int, ...], None] = {}  # a dict keeps the order in which they were drawn
    while len(drawn) < wanted:
        order = rng.permutation(n_segments)
        if (np.diff(order) % n_segments != 1).any():
            drawn[tuple(order.tolist())] = None
    return np.array(list(drawn))
