"""Shifted windows of one clip, made once for all models that hear the same window.

Conventions
-----------
Delays are copies, and cheaper to make again than to keep; what an engine computes is kept, oldest dropped first, within
a bound on memory. A window is known by its samples, so models share it exactly where their rate, length and lead do.

What is here: `ShiftedSounds`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..sound.clip import Clip
from ..sound.operators import Operator, TimeShift

__all__ = ["ShiftedSounds"]


class ShiftedSounds:
    """Shifted windows of one clip.

    Parameters
    ----------
    n_models : int
        Nothing is kept for a single one.
    n_values : int, default 2 ** 25
        Samples that are kept at most: 128 MiB.
    """

    def __init__(self, n_models: int, n_values: int = 1 << 25) -> None:
        self._room = n_values if n_models > 1 else 0
        self._kept: OrderedDict[tuple[Any, ...], Tensor] = OrderedDict()

    def shift(self, operator: Operator, clip: Clip, amounts: npt.NDArray[np.float64]) -> Tensor:
        """Return a window shifted by each amount, as ``operator.shift`` does.

        Parameters
        ----------
        operator : Operator
        clip : Clip
            Laid out as the model's window.
        amounts : ndarray of shape (n_shifts,)

        Returns
        -------
        Tensor of shape (n_shifts, n_samples)
        """
        if isinstance(operator, TimeShift) or len(amounts) * len(clip.waveform) > self._room:
            return operator.shift(clip, amounts)
        window = (operator, clip.sample_rate, hashlib.sha256(clip.waveform.tobytes()).digest())
        keys = [(*window, float(amount)) for amount in amounts]
        new = [row for row, key in enumerate(keys) if key not in self._kept]
        if new:
            self._kept.update(zip([keys[row] for row in new], operator.shift(clip, amounts[new]), strict=True))
        shifted = torch.stack([self._kept[key] for key in keys])
        while len(self._kept) * len(clip.waveform) > self._room:
            self._kept.popitem(last=False)
        return shifted
