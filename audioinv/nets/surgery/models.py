"""Models after surgery, as the sweep sees them: with other downsampling, or averaged over delays.

Conventions
-----------
The model that is operated on stays as it is, and is shared. What is averaged are scores: probabilities, where the
activation makes them so; never the raw answers. Delays go in a circle: what leaves the window at one end enters at the
other. Over a complete group of delays, every multiple of a step that divides the window, an average is invariant to
each of them, whatever the model.

What is here: `ReplacedModel`, `AveragedModel`, `count_multiply_adds`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ...errors import InputError, ModelError
from ..model import Model
from .network import Operation, operating

__all__ = ["AveragedModel", "ReplacedModel", "count_multiply_adds"]


class _Operated(Model):
    """Another way to run a model."""

    def __init__(self, model: Model, name: str) -> None:
        super().__init__(replace(model.spec, name=name))
        self._model = model

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self._model.device

    @property
    def hop_samples(self) -> int | None:
        """Samples from one frame of the front end to the next, where there is one."""
        return self._model.hop_samples

    @property
    def fingerprint(self) -> str | None:
        """Hash of the model's weights, which are the same."""
        return self._model.fingerprint


class ReplacedModel(_Operated):
    """A model with something else in the place of its network's downsampling.

    Parameters
    ----------
    model : Model
    operation : Operation
    name : str
    """

    def __init__(self, model: Model, operation: Operation, name: str) -> None:
        super().__init__(model, name)
        self._operation = operation

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return the raw answers of the network as it is now."""
        with operating(self._operation):
            return self._model.respond(waveforms)

    @property
    def stride_samples(self) -> int | None:
        """Total downsampling, which is as before."""
        return self._model.stride_samples


class AveragedModel(_Operated):
    """A model whose scores are averaged over delays of its window, or of the frames of its spectrogram.

    Parameters
    ----------
    model : Model
    delays : sequence of int
        In samples; in frames if `of_frames`.
    name : str
    of_frames : bool, default False
        Whether the spectrogram is computed once and its frames are moved.

    Raises
    ------
    InputError
        If there is no delay to average over, or frames are asked of a model whose spectrogram we do not know.

    Examples
    --------
    >>> from ..model import as_model
    >>> first = as_model(lambda x: x[:, :1], sample_rate=8000, labels=["loud at first"], n_samples=4)
    >>> AveragedModel(first, range(4), "average").scores(torch.tensor([[1.0, 0.0, 2.0, 1.0]]))
    tensor([[1.]])
    """

    def __init__(self, model: Model, delays: Sequence[int], name: str, *, of_frames: bool = False) -> None:
        super().__init__(model, name)
        if not len(delays):
            raise InputError("an average over delays needs at least one")
        if of_frames and model.front_end is None:
            raise InputError(
                f"frames of {model.spec.name} cannot be moved, since its spectrogram is not known; give delays in ms"
            )
        self._delays, self._of_frames = tuple(delays), of_frames

    def respond(self, waveforms: Tensor) -> Tensor:
        """Refuse: an average of scores has no raw answers."""
        raise ModelError(f"model {self.spec.name} is an average of scores and has no raw answers; ask for its scores")

    def scores(self, waveforms: Tensor) -> Tensor:
        """Return scores averaged over the delays, for waveforms of shape (batch, n_samples)."""
        front_end = self._model.front_end
        if not self._of_frames or front_end is None:
            return self._mean(self._model.scores, waveforms)
        return self._mean(self._model.scores_of_spectrogram, front_end(waveforms.to(self.device)))

    def _mean(self, scores: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        total = sum(scores(inputs.roll(delay, -1)).double() for delay in self._delays)
        return torch.as_tensor(total / len(self._delays)).float()


def count_multiply_adds(model: Model) -> float:
    """Count the multiply-adds of one window: convolutions, linear layers and products of matrices.

    Parameters
    ----------
    model : Model

    Returns
    -------
    float
        ``nan`` where a model runs outside torch's Python and cannot be counted. Maxima, means and the Fourier transform
        of a front end are not counted.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.scores(torch.zeros(1, model.spec.n_samples))
    return counter.get_total_flops() / 2 or math.nan  # torch counts a multiply-add as two operations
