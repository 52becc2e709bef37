"""Networks in bfloat16, where somebody asks for it, and a sample of the same answers in float32.

Conventions
-----------
bfloat16 keeps 8 bits of a number. Its noise in a probability, 0.003 to 0.005, is as large as what a shift does to many
a network, so it is never the default, and a sweep says how many answers it changed. The spectrogram of a model whose
front end we know stays in float32; of any other network all is in bfloat16 that `torch.autocast` takes for it, which
leaves Fourier transforms and logarithms alone. Scores are float32 again.

What is here: `in_precision`, `check_precision`, `sampled_rows`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError
from ..nets.model import Model
from ..nets.wrapped import WrappedModel
from ..sound.grid import ShiftGrid
from .plan import SweepPlan

__all__ = ["check_precision", "in_precision", "sampled_rows"]

_SAMPLED = 8  # shifts of each clip and axis that are computed in float32 as well


class _Bfloat16(WrappedModel):
    """A model whose network computes in bfloat16."""

    def respond(self, waveforms: Tensor) -> Tensor:
        if self.front_end is not None:
            return self.respond_to_spectrogram(self.front_end(waveforms.to(self.device)))
        return self._low(super().respond, waveforms)

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        return self._low(super().respond_to_spectrogram, spectrograms)

    def _low(self, respond: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            return respond(inputs)


def in_precision(model: Model, precision: str) -> Model:
    """Return a model that computes in a precision.

    Parameters
    ----------
    model : Model
    precision : {"float32", "bfloat16"}

    Returns
    -------
    Model
        The same, in float32.
    """
    return model if precision == "float32" else _Bfloat16(model)


def check_precision(model: Model, plan: SweepPlan) -> None:
    """Refuse a precision that a model cannot be made to compute in.

    Parameters
    ----------
    model : Model
    plan : SweepPlan

    Raises
    ------
    InputError
        If its network is not one of torch that we hold: ONNX and TensorFlow Lite compute by themselves.
    """
    if plan.precision != "float32" and model.module is None:
        raise InputError(
            f"model {model.spec.name}: precision={plan.precision} needs a network in torch that takes the whole "
            "window; ONNX, TensorFlow Lite, TorchScript and plain functions show none: leave it out"
        )


def sampled_rows(grid: ShiftGrid, seed: int) -> npt.NDArray[np.intp]:
    """Return which shifts along an axis are answered in float32 as well, the same for every clip.

    Parameters
    ----------
    grid : ShiftGrid
    seed : int
        Of the sweep.

    Returns
    -------
    ndarray of shape (n_sampled,)
        Ascending; eight, or all where there are fewer.

    Examples
    --------
    >>> len(sampled_rows(ShiftGrid("time", tuple(range(-20, 21)), "ms"), 0))
    8
    """
    rng = np.random.default_rng([seed, zlib.crc32(grid.axis.encode())])
    n_shifts = len(grid.amounts)
    return np.sort(rng.choice(n_shifts, size=min(_SAMPLED, n_shifts), replace=False))
