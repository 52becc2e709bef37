"""What a CUDA device gains by: windows that are copied while the program goes on, and passes replayed as one.

Conventions
-----------
On any other device nothing is done. Windows are put where the device fetches them by itself (pinned memory), so that
the copy of a batch is asked for and not waited for. A *replay* runs all kernels of a pass at one call, where a small
network takes longer to be started than to be computed. It is recorded once a shape of batch has come often enough,
computes in one place of memory, and is used only if it gives the answers of the model itself. Only networks of
`audioinv.nets` are replayed: what somebody else's network decides in Python would be frozen with the pass.

What is here: `pinned`, `record_on_cuda`, `Replayed`, `replayed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from ..nets.classifier import Classifier
from ..nets.model import Model
from ..nets.wrapped import WrappedModel

__all__ = ["Replayed", "pinned", "record_on_cuda", "replayed"]

_OFTEN = 8  # batches of one shape, after which recording a pass, itself about four of them, pays
_WARM = 3  # passes before one is recorded, in which libraries choose their kernels
_TOLERANCE = 5e-6  # of float32 sums in another order, as of any engine

Respond = Callable[[Tensor], Tensor]
Record = Callable[[Respond, Tensor], Callable[[], Tensor]]


def pinned(inputs: Tensor, device: torch.device) -> Tensor:
    """Put windows where a CUDA device fetches them by itself, if that is where they go.

    Parameters
    ----------
    inputs : Tensor
    device : torch.device

    Returns
    -------
    Tensor
        The same, if the device is no CUDA device or they are on it.
    """
    return inputs.pin_memory() if device.type == "cuda" and inputs.device.type == "cpu" else inputs


def record_on_cuda(respond: Respond, example: Tensor) -> Callable[[], Tensor]:
    """Record a pass as a CUDA graph.

    Parameters
    ----------
    respond : callable
    example : Tensor of shape (batch, ...)
        That the pass reads whenever it is replayed.

    Returns
    -------
    callable
        Replays the pass; what it returns is overwritten by the next replay.
    """
    with torch.cuda.device(example.device):  # a graph records on the current device, whatever its tensors are on
        return _recorded(respond, example)


def _recorded(respond: Respond, example: Tensor) -> Callable[[], Tensor]:
    beside = torch.cuda.Stream(example.device)
    beside.wait_stream(torch.cuda.current_stream(example.device))
    with torch.cuda.stream(beside):
        for _ in range(_WARM):
            respond(example)
    torch.cuda.current_stream(example.device).wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answers = respond(example)

    def replay() -> Tensor:
        graph.replay()
        return answers

    return replay


class Replayed(WrappedModel):
    """A model whose passes are replayed where that gives its own answers.

    Parameters
    ----------
    model : Model
        On a CUDA device.
    record : callable, default `record_on_cuda`
    """

    def __init__(self, model: Model, record: Record = record_on_cuda) -> None:
        super().__init__(model)
        self._record = record
        self._met: Counter[Any] = Counter()
        self._recorded: dict[Any, tuple[Tensor, Callable[[], Tensor]]] = {}

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return raw answers of shape (batch, n_classes)."""
        shape = waveforms.shape
        self._met[shape] += 1
        if self._met[shape] == _OFTEN:
            self._try_to_record(waveforms.to(self.device))
        if shape not in self._recorded:
            return self._model.respond(waveforms)
        place, replay = self._recorded[shape]
        place.copy_(waveforms, non_blocking=True)
        return replay().clone()

    def _try_to_record(self, waveforms: Tensor) -> None:
        """Record a pass on other windows than these, and keep it if it answers these as the model does."""
        place = torch.randn_like(waveforms)
        with suppress(RuntimeError):  # what a graph cannot hold, such as a choice that the CPU makes in the middle
            replay = self._record(self._model.respond, place)
            place.copy_(waveforms)
            found, expected = replay(), self._model.respond(waveforms)
            if bool(((found - expected).abs() <= _TOLERANCE * expected.abs().clamp(min=1)).all()):
                self._recorded[waveforms.shape] = place, replay


def replayed(model: Model) -> Model:
    """Return a model whose passes are replayed, if it is a network of ours on a CUDA device.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Model
        The same, on any other device and of any other network.
    """
    return Replayed(model) if model.device.type == "cuda" and isinstance(model.module, Classifier) else model
