"""Running a network with other maps in place of what some of its layers answer.

Conventions
-----------
Names and order of layers are those of `audioinv.sweep.activations`. A map that is put in place of an answer reaches
everything that comes after, skip connections among it; whatever a function does between two layers is done to it.
Networks that draw random numbers draw the same ones at every run of the same seed, so that two runs differ by what was
put in place and by nothing else.

What is here: `SubstitutedRun`, `run_with`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .activations import LayerFeed, hooked

__all__ = ["SubstitutedRun", "run_with"]


@dataclass(frozen=True, eq=False)
class SubstitutedRun:
    """What a model answered, and what some layers handed on.

    Parameters
    ----------
    scores : Tensor of shape (n_inputs, n_classes)
    maps : mapping of str to Tensor
        By layer, of shape (n_inputs, ...), on the CPU.
    """

    scores: Tensor
    maps: Mapping[str, Tensor]


def run_with(
    feed: LayerFeed,
    layers: Mapping[str, nn.Module],
    inputs: Tensor,
    given: Mapping[str, Tensor],
    watched: Collection[str],
) -> SubstitutedRun:
    """Run a model with maps in place of what some layers answer.

    Parameters
    ----------
    feed : LayerFeed
        Knows the model and what its inputs are.
    layers : mapping of str to Module
        From `audioinv.sweep.activations.named_layers`.
    inputs : Tensor of shape (n_inputs, ...)
    given : mapping of str to Tensor
        By layer, of the shape of what it answers.
    watched : collection of str
        Layers whose maps are kept, as they are handed on.

    Returns
    -------
    SubstitutedRun

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> network = nn.Sequential(nn.Identity(), nn.ReLU())
    >>> model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=2)
    >>> put = {"0": torch.tensor([[5.0, -5.0]])}
    >>> run_with(LayerFeed(model, "time"), dict(network.named_children()), torch.zeros(1, 2), put, ()).scores
    tensor([[5., 0.]])
    """
    maps: dict[str, Tensor] = {}

    def note(name: str, _module: nn.Module, _entered: Tensor, output: Tensor) -> Tensor | None:
        # A copy in the same layout in memory: the next layer may overwrite it, and rounds by how it lies.
        put = torch.empty_like(output).copy_(given[name]) if name in given else None
        if name in watched:
            maps[name] = (output if put is None else put).to("cpu", copy=True)
        return put

    device = feed.model.device
    with (
        torch.inference_mode(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        hooked(layers, note),
    ):
        torch.manual_seed(feed.seed)
        scores = feed.model.scores_of(feed.respond(inputs), len(inputs))
    return SubstitutedRun(scores, maps)
