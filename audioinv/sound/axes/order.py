"""Order: a sound cut into equal segments that are played in another order.

Keeps every sample; changes what comes after what. The amount is the number of cuts: 0 is neutral, one cut exchanges the
halves, more give shorter segments in an order drawn at random that keeps not all neighbours. Every amount draws an
order of its own, so a larger amount is a finer shuffle, not a further one. The inverse puts the segments back, exactly.

What is here: `shuffle_segments`, `segment_places`, `Order`.
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
from ..segments import draw_orders, permute_segments
from .change import Change, clip_rng

__all__ = ["Order", "segment_places", "shuffle_segments"]

IntArray = npt.NDArray[np.int64]


def segment_places(n_samples: int, n_cuts: int, rng: np.random.Generator) -> IntArray:
    """Return which sample of a sound comes at each place after a shuffle.

    Parameters
    ----------
    n_samples : int
    n_cuts : int
        0 keeps every place.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_samples,), int

    Raises
    ------
    InputError
        If there are more cuts than places to cut.

    Examples
    --------
    >>> segment_places(6, 1, np.random.default_rng(0))
    array([3, 4, 5, 0, 1, 2])
    """
    places = np.arange(n_samples, dtype=np.float64)
    if n_cuts == 0:
        return places.astype(np.int64)
    (order,) = [[1, 0]] if n_cuts == 1 else draw_orders(n_cuts + 1, 1, rng)
    return np.asarray(permute_segments(places, order).astype(np.int64))


def shuffle_segments(waveform: Any, n_cuts: Any, rng: np.random.Generator, *, undo: bool = False) -> Any:
    """Cut a sound into equal segments and play them in another order.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    n_cuts : int or array
        One fewer than there are segments.
    rng : numpy.random.Generator
        One number is drawn from it, whatever the amounts are; an amount's order depends on that number and on itself.
    undo : bool, default False
        Whether to put segments back, with a generator in the same state.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If a number of cuts is negative or not whole.

    Examples
    --------
    >>> shuffle_segments(np.array([1.0, 2.0, 3.0, 4.0]), [0, 1], np.random.default_rng(0))
    array([[1., 2., 3., 4.],
           [3., 4., 1., 2.]])
    """
    samples = as_tensor(waveform)
    cuts = as_amounts(n_cuts, samples)
    if bool(((cuts < 0) | (cuts != cuts.round())).any()):
        raise InputError(f"n_cuts={cuts.tolist()} must be whole numbers, 0 or more; 0 changes nothing")
    key, n_samples = int(rng.integers(2**62)), samples.shape[-1]
    flat = [int(cut) for cut in cuts.reshape(-1).tolist()]
    found = {cut: segment_places(n_samples, cut, np.random.default_rng([key, cut])) for cut in set(flat)}
    rows = [np.argsort(found[cut]) if undo else found[cut] for cut in flat]
    index = torch.as_tensor(np.reshape(rows, (*cuts.shape, n_samples)), device=samples.device)
    return like_input(torch.gather(samples.expand(index.shape), -1, index), waveform)


@dataclass(frozen=True)
class Order(Change):
    """Segments in another order, by the number of cuts; see `shuffle_segments`.

    Parameters
    ----------
    seed : int, default 0
        Of the orders; every clip has its own.
    """

    seed: int = 0
    axis = "order"
    engine = "segments"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip shuffled by each number of cuts."""
        shuffled: Tensor = shuffle_segments(torch.from_numpy(clip.waveform), amounts, clip_rng(clip, self.seed))
        return shuffled

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds with their segments where they were."""
        back: Tensor = shuffle_segments(shifted, amounts, clip_rng(clip, self.seed), undo=True)
        return back
