"""The modules that downsample maps: torch's own pools where they do, else pools, filters and the choice of a phase.

Conventions
-----------
Maps are ``(batch, channels, n_time)`` or ``(batch, channels, n_bins, n_time)``; axes are given in that order. What is
done along each of them is an `audioinv.nets.downsampling.AxisPooling`.

What is here: `pooling`, `Pooling`.
"""

from __future__ import annotations

from math import comb
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .downsampling import AxisPooling, Sliding, padded
from .polyphase import largest_phase

__all__ = ["Pooling", "pooling"]


def pooling(axes: tuple[AxisPooling, ...], n_channels: int) -> nn.Module | None:
    """Build what downsamples after a stage.

    Parameters
    ----------
    axes : tuple of AxisPooling
        One an axis of the maps.
    n_channels : int

    Returns
    -------
    torch.nn.Module or None
        torch's own pool where one does it all; None where nothing is left to do.
    """
    active = [axis for axis in axes if any(step != Sliding() for step in axis.steps)]
    if not active:
        return None
    kinds = {axis.kind.window for axis in active}
    if len(kinds) > 1 or any(axis.window.stride == 1 for axis in active):
        return Pooling(axes, n_channels)
    own: dict[tuple[str, int], Any] = {
        ("max", 1): nn.MaxPool1d,
        ("max", 2): nn.MaxPool2d,
        ("average", 1): nn.AvgPool1d,
        ("average", 2): nn.AvgPool2d,
    }
    widths = [axis.window.width for axis in axes]
    module: nn.Module = own[kinds.pop(), len(axes)](widths[0] if len({*widths}) == 1 else tuple(widths))
    return module


class Pooling(nn.Module):
    """Dense pools, low-pass filters and the choice of a phase, each along the axes that want it, in this order.

    Maxima come before means and means before filters, whatever the axis, because these do not commute.

    Parameters
    ----------
    axes : tuple of AxisPooling
        One an axis of the maps.
    n_channels : int

    Examples
    --------
    >>> from audioinv.nets.downsampling import Downsampling
    >>> blur = AxisPooling(Downsampling.parse("blur3"), 2, "circular")
    >>> Pooling((blur,), 1)(torch.tensor([[[4.0, 0.0, 0.0, 0.0]]]))
    tensor([[[2., 0.]]])
    """

    def __init__(self, axes: tuple[AxisPooling, ...], n_channels: int) -> None:
        super().__init__()
        self.axes = axes
        self.filters = nn.ModuleList(_LowPass(axes, index, n_channels) for index in _where(axes, "filter"))

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape but for the downsampled axes."""
        for kind in ("max", "average"):
            maps = _slide(
                maps, kind, tuple(axis.window if axis.kind.window == kind else Sliding() for axis in self.axes)
            )
        for lowpass in self.filters:
            maps = lowpass(maps)
        for index in _where(self.axes, "selection"):
            maps = largest_phase(maps, index - len(self.axes), self.axes[index].factor)
        return maps


def _where(axes: tuple[AxisPooling, ...], step: str) -> list[int]:
    return [index for index, axis in enumerate(axes) if getattr(axis, step) != Sliding()]


def _slide(maps: Tensor, kind: str, windows: tuple[Sliding, ...]) -> Tensor:
    """Pool maps of shape (batch, channels, ...) by the windows, one an axis."""
    if all(window == Sliding() for window in windows):
        return maps
    pools: dict[tuple[str, int], Any] = {
        ("max", 1): functional.max_pool1d,
        ("max", 2): functional.max_pool2d,
        ("average", 1): functional.avg_pool1d,
        ("average", 2): functional.avg_pool2d,
    }
    width, stride = (tuple(getattr(window, name) for window in windows) for name in ("width", "stride"))
    pooled: Tensor = pools[kind, len(windows)](padded(maps, windows), width, stride)
    return pooled


class _LowPass(nn.Module):
    """A filter along one axis for each channel: binomial, or trainable through a softmax that starts there."""

    weights: Tensor

    def __init__(self, axes: tuple[AxisPooling, ...], index: int, n_channels: int) -> None:
        super().__init__()
        axis = axes[index]
        self.windows = tuple(axis.filter if i == index else Sliding() for i in range(len(axes)))
        shape = [n_channels, 1, *(window.width for window in self.windows)]
        binomial = torch.tensor([float(comb(axis.kind.taps - 1, tap)) for tap in range(axis.kind.taps)])
        self.trainable = axis.kind.lowpass == "lowpass"
        if self.trainable:
            self.logits = nn.Parameter(binomial.log().repeat(n_channels, 1))
        else:
            weights = (binomial / binomial.sum()).expand(n_channels, -1).reshape(shape)
            self.register_buffer("weights", weights, persistent=False)
        self.shape = shape

    def forward(self, maps: Tensor) -> Tensor:
        weights = self.logits.softmax(-1).view(self.shape) if self.trainable else self.weights
        stride = tuple(window.stride for window in self.windows)
        convolve = functional.conv1d if maps.ndim == 3 else functional.conv2d
        filtered: Tensor = convolve(padded(maps, self.windows), weights, stride=stride, groups=maps.shape[1])
        return filtered
