"""Training by several processes at once: what they share, so that together they do what one would do alone.

Conventions
-----------
R ranks with batches of b train as one process with batches of R·b, up to the rounding of sums. Every rank draws the
same order and the same jitter and takes its own slice of each batch; losses are weighted by the whole batch, and
torch's `DistributedDataParallel` brings the gradients together; batch norm takes its mean and variance over the batch
of all ranks, which torch's own does on CUDA only. Dropout is drawn by each rank for its slice, from a seed of its own:
with it, the weights repeat for the same seed and number of ranks, and differ by chance from those of another number.
Only rank 0 writes.

What is here: `Ranks`, `joined_ranks`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

__all__ = ["Ranks", "joined_ranks"]

_Rows = TypeVar("_Rows", Tensor, npt.NDArray[Any])


@contextmanager
def joined_ranks() -> Iterator[int]:
    """Join the processes that torchrun started, if it did.

    Yields
    ------
    int
        This process's rank; 0 where it is alone.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield 0
        return
    dist.init_process_group("gloo")
    try:
        yield dist.get_rank()
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class Ranks:
    """The processes that train together.

    Parameters
    ----------
    rank : int, default 0
        Of this one.
    size : int, default 1
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> Ranks:
        """Return those that this process has joined.

        Returns
        -------
        Ranks
        """
        together = dist.is_available() and dist.is_initialized()
        return cls(dist.get_rank(), dist.get_world_size()) if together else cls()

    def mine(self, rows: _Rows) -> _Rows:
        """Return this rank's slice of a batch.

        Parameters
        ----------
        rows : Tensor or ndarray of shape (batch, …)

        Returns
        -------
        Tensor or ndarray
            Of nearly the same length on all ranks.

        Examples
        --------
        >>> [Ranks(rank, 2).mine(torch.arange(5)).tolist() for rank in (0, 1)]
        [[0, 1], [2, 3, 4]]
        """
        n_rows = len(rows)
        return rows[n_rows * self.rank // self.size : n_rows * (self.rank + 1) // self.size]

    def add(self, value: Tensor) -> float:
        """Return the sum of a number over all ranks.

        Parameters
        ----------
        value : Tensor of a single number
            Not modified.

        Returns
        -------
        float
        """
        total = value.clone()
        if self.size > 1:
            dist.all_reduce(total)
        return float(total)

    def together(self, network: nn.Module) -> nn.Module:
        """Return a network whose gradients are, on every rank, the mean over all ranks.

        Parameters
        ----------
        network : Module
            Whose weights and statistics are the same on all ranks.

        Returns
        -------
        Module
            The network itself where this process is alone.
        """
        return DistributedDataParallel(network, broadcast_buffers=False) if self.size > 1 else network

    def draw_apart(self, seed: int) -> None:
        """Have this rank draw its dropout from a seed of its own; the first, and one alone, goes on as it was.

        Parameters
        ----------
        seed : int
            Of the training.
        """
        if self.rank:
            (own,) = np.random.SeedSequence(seed, spawn_key=(self.rank,)).generate_state(1)
            torch.manual_seed(int(own))

    @contextmanager
    def shared_norms(self, network: nn.Module) -> Iterator[None]:
        """Have every batch norm normalise by the batch of all ranks for as long as this lasts.

        Parameters
        ----------
        network : Module
            Its batch norms keep their parameters and statistics.

        Yields
        ------
        None
        """
        norms = [layer for layer in network.modules() if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))]
        shared = norms if self.size > 1 else []
        for layer in shared:
            layer.forward = _SharedNorm(layer)  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            for layer in shared:
                del layer.forward


class _Sum(torch.autograd.Function):
    """The sum over all ranks; every rank's loss pulls at every rank's share of it."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        """Add up."""
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        """Add up what each rank's loss says."""
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def _sum(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


@dataclass(frozen=True, eq=False)
class _SharedNorm:
    """The forward pass of a batch norm over the batch of all ranks."""

    layer: nn.BatchNorm1d | nn.BatchNorm2d

    def __call__(self, maps: Tensor) -> Tensor:
        layer = self.layer
        if not layer.training:
            return nn.functional.batch_norm(
                maps, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
            )
        axes = [axis for axis in range(maps.dim()) if axis != 1]
        count = torch.tensor([float(maps.numel() // maps.shape[1])])
        dist.all_reduce(count)
        mean = _sum(maps.sum(axes)) / count
        shape = [-1 if axis == 1 else 1 for axis in range(maps.dim())]
        centred = maps - mean.view(shape)
        variance = _sum(centred.square().sum(axes)) / count  # in two passes, as rounding wants it
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        scale = layer.weight / (variance + layer.eps).sqrt()
        return centred * scale.view(shape) + layer.bias.view(shape)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        layer = self.layer
        if layer.running_mean is None or layer.running_var is None or layer.num_batches_tracked is None:
            return
        layer.num_batches_tracked += 1
        momentum = layer.momentum if layer.momentum is not None else 1 / float(layer.num_batches_tracked)
        layer.running_mean.lerp_(mean, momentum)
        layer.running_var.lerp_(variance, momentum)
