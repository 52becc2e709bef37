"""One window through a network: how much work it is, and how many windows go well together.

Conventions
-----------
A probe counts and never times, so that the batch it chooses is the same on every day and every machine, and answers
repeat to the last bit. Work is in multiply-adds of convolutions and linear layers, maps in values of one window.

What is here: `Probe`, `probe_model`, `largest_map`, `choose_batch`, `count_fitting`, `seconds_of_pass`.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..nets.model import Model

__all__ = ["Probe", "choose_batch", "count_fitting", "largest_map", "probe_model", "seconds_of_pass"]

# Maps of 16 MiB are still taken from memory that the process has; larger ones are mapped and cleared anew at each call,
# which makes a pass up to half as slow again. An accelerator wants many windows, and has room for maps of 1 GiB.
_MAP_VALUES = {"cpu": 1 << 22, "other": 1 << 28}
_BATCHES = {"cpu": (4, 16), "other": (16, 256)}
_WEIGHING = {"Conv1d", "Conv2d", "Linear"}  # by name, for modules of an exported network are of classes of their own
_VALUES_PER_SAMPLE = 8  # where a model is not seen into: 16 channels over 64 bands every 10 ms make 6.4


@dataclass(frozen=True)
class Probe:
    """What one window is to a network.

    Parameters
    ----------
    multiply_adds : int
        In convolutions and linear layers.
    largest_map : int
        Values of the largest map.
    """

    multiply_adds: int
    largest_map: int


def probe_model(model: Model) -> Probe | None:
    """Run a model on one silent window and see what its layers make.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Probe or None
        None if the network is not at hand.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> network = nn.Sequential(nn.Unflatten(1, (1, 12)), nn.Conv1d(1, 4, 3), nn.Flatten(), nn.Linear(40, 2))
    >>> probe_model(as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=12))
    Probe(multiply_adds=200, largest_map=40)
    """
    if model.module is None:
        return None
    works, maps = [0], [model.spec.n_samples]

    def see(layer: nn.Module, _: object, made: object) -> None:
        if isinstance(made, Tensor):
            maps.append(made.numel())
            if _WEIGHING & {kind.__name__ for kind in type(layer).__mro__}:
                works.append(made.numel() * layer.get_parameter("weight")[0].numel())

    hooks = [layer.register_forward_hook(see) for layer in model.module.modules()]
    try:
        with torch.inference_mode():
            model.respond(torch.zeros(1, model.spec.n_samples, dtype=_dtype_of(model.module), device=model.device))
    finally:
        for hook in hooks:
            hook.remove()
    return Probe(sum(works), max(maps))


def _dtype_of(network: nn.Module) -> torch.dtype:
    kinds = (weights.dtype for weights in network.parameters() if weights.is_floating_point())
    return next(kinds, torch.float32)


def largest_map(model: Model) -> int:
    """Return the values of a model's largest map of one window, roughly where it is not seen into.

    Parameters
    ----------
    model : Model

    Returns
    -------
    int
    """
    probe = probe_model(model)
    return probe.largest_map if probe else _VALUES_PER_SAMPLE * model.spec.n_samples


def choose_batch(model: Model) -> int:
    """Return how many windows a model takes at once unless somebody says otherwise.

    Parameters
    ----------
    model : Model

    Returns
    -------
    int
        A power of two: as many as keep a batch's largest map in memory that is at hand.
    """
    least, most = _BATCHES[_kind(model.device)]
    return max(least, min(most, count_fitting(largest_map(model), model.device)))


def count_fitting(n_values: int, device: torch.device) -> int:
    """Return how many windows whose maps are so large fit into memory that is at hand.

    Parameters
    ----------
    n_values : int
        Of a window's largest map.
    device : torch.device

    Returns
    -------
    int
        A power of two, at least 1.
    """
    fitting = max(1, _MAP_VALUES[_kind(device)] // n_values)
    return 1 << (fitting.bit_length() - 1)


def _kind(device: torch.device) -> str:
    return "cpu" if device.type == "cpu" else "other"


def seconds_of_pass(model: Model, batch_size: int) -> float:
    """Time a model on one window of a batch: how fast it is here and now.

    Parameters
    ----------
    model : Model
    batch_size : int

    Returns
    -------
    float
        Median of three batches, a first one left out.
    """
    windows = torch.zeros(batch_size, model.spec.n_samples)
    taken = []
    with torch.inference_mode():
        for _ in range(4):
            started = time.perf_counter()
            model.scores(windows)  # which come back to the CPU, so that an accelerator has been waited for
            taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:]) / batch_size
