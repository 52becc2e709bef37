"""Downsampling along one axis or two: pools, low-pass filters and the choice of a phase, named by one grammar.

Conventions
-----------
Maps are ``(batch, channels, n_time)`` or ``(batch, channels, n_bins, n_time)``; axes are given in that order. A kind is
written ``stride``, ``none``, ``polyphase``, or ``[max|average][blurN|lowpassN][-polyphase]`` with N from 2 to 7:

========== ==========================================================================================================
stride     the convolution before takes every factor-th place; nothing is left to do here
none       nothing is downsampled; the convolutions are dilated instead, so that they reach as far
max        the maximum of each `factor` values
average    their mean
blurN      N binomial weights, the anti-aliasing of Zhang [1]_; after "max" it is his max-blur pooling
lowpassN   the same with trainable weights, one set a channel, kept positive and of sum 1 (Fonseca et al. [2]_)
polyphase  of the `factor` ways to take every factor-th value, the one of largest norm (Chaman & Dokmanić [3]_)
========== ==========================================================================================================

Without ``polyphase`` the first of each `factor` values is taken.

- **Where a window lies.** A pool's window begins at its own place and looks ahead. A filter is centred, and one of even
  length looks one place further ahead, so that it has the middle of a block of two: by a factor of 2, values after an
  even filter lie where those after a pool do, and do not drift from stage to stage.
- **Borders.** "max" and "average" alone cut the axis into blocks and drop what does not fill one, as torch does. All
  else is computed at every place first: circular wraps around; zero leaves the outside out of a maximum and mirrors it
  for a mean or a filter, so that a constant stays that constant; none computes only what lies inside.
- **Ties** between phases go to the first. Two phases of equal norm and unlike content are the one case in which the
  choice does not follow a circular delay.

What is here: `Downsampling`, `AxisPooling`, `Sliding`, `Pooling`, `pooling`, `padded`; `largest_phase`, and its two
steps `strongest_phase` and `keep_phase`.

References
----------
.. [1] Zhang, Making Convolutional Networks Shift-Invariant Again, 2019.
.. [2] Fonseca, Ferraro & Serra, Improving Sound Event Classification by Increasing Shift Invariance in Convolutional
       Neural Networks, 2021.
.. [3] Chaman & Dokmanić, Truly Shift-Invariant Convolutional Neural Networks, 2021.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb, inf
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function_unary

from ..errors import InputError

__all__ = [
    "AxisPooling",
    "Downsampling",
    "Pooling",
    "Sliding",
    "keep_phase",
    "largest_phase",
    "padded",
    "pooling",
    "strongest_phase",
]

_GRAMMAR = re.compile(
    r"polyphase|(?=.)(?P<window>max|average)?(?:(?P<lowpass>blur|lowpass)(?P<taps>[2-7]))?(?:(?<=.)-polyphase)?"
)


@dataclass(frozen=True)
class Downsampling:
    """A kind of downsampling, taken apart.

    Parameters
    ----------
    window : {"", "max", "average"}, default ""
        What is made of each `factor` values.
    lowpass : {"", "blur", "lowpass"}, default ""
        Binomial weights, or trainable ones.
    taps : int, default 0
        Length of the low-pass filter.
    select : {"every", "polyphase", "stride", "none"}, default "every"
        Every factor-th value, the largest phase, whatever the strided convolution left, or all.

    Examples
    --------
    >>> Downsampling.parse("maxblur3-polyphase")
    Downsampling(window='max', lowpass='blur', taps=3, select='polyphase')
    """

    window: str = ""
    lowpass: str = ""
    taps: int = 0
    select: str = "every"

    @classmethod
    def parse(cls, kind: str) -> Downsampling:
        """Read a kind.

        Parameters
        ----------
        kind : str
            By the grammar of this module.

        Returns
        -------
        Downsampling

        Raises
        ------
        InputError
            If it is no such kind.
        """
        if kind in ("stride", "none"):
            return cls(select=kind)
        found = _GRAMMAR.fullmatch(kind)
        if found is None:
            raise InputError(
                f"downsampling={kind!r} is not stride, none, polyphase or [max|average][blurN|lowpassN][-polyphase] "
                "with N from 2 to 7"
            )
        select = "polyphase" if kind.endswith("polyphase") else "every"
        return cls(found["window"] or "", found["lowpass"] or "", int(found["taps"] or 0), select)


@dataclass(frozen=True)
class Sliding:
    """A window that slides along one axis: that of a convolution, a pool or a filter.

    Parameters
    ----------
    width : int, default 1
    stride, dilation : int, default 1
    back, ahead : int, default 0
        How many places it reaches beyond either border.
    border : {"zero", "circular", "mirror", "repeat", "outside never wins"}, default "zero"
        What it finds there.
    """

    width: int = 1
    stride: int = 1
    dilation: int = 1
    back: int = 0
    ahead: int = 0
    border: str = "zero"

    @property
    def reach(self) -> int:
        """Distance from its first value to its last."""
        return (self.width - 1) * self.dilation

    def size(self, n: int) -> int:
        """Return how many values come out of `n`; 0 where the window, or what it finds at the border, does not fit.

        Parameters
        ----------
        n : int

        Returns
        -------
        int
        """
        beyond = max(self.back, self.ahead) + (self.border == "mirror")  # a mirror does not repeat the last value
        if self.border in ("circular", "mirror") and beyond > n:
            return 0
        return max(0, (n + self.back + self.ahead - self.reach - 1) // self.stride + 1)


def padded(maps: Tensor, windows: tuple[Sliding, ...]) -> Tensor:
    """Return maps with what the windows find beyond the borders.

    Parameters
    ----------
    maps : Tensor of shape (batch, channels, ..., n_time)
    windows : tuple of Sliding
        One an axis.

    Returns
    -------
    Tensor
        Longer by ``back + ahead`` along each axis.
    """
    borders = {window.border for window in windows if window.back or window.ahead}
    for border in sorted(borders):
        reach = [
            n
            for window in reversed(windows)  # torch counts from the last axis
            for n in ((window.back, window.ahead) if window.border == border else (0, 0))
        ]
        mode, value = {
            "zero": ("constant", 0.0),
            "outside never wins": ("constant", -inf),
            "circular": ("circular", None),
            "mirror": ("reflect", None),
            "repeat": ("replicate", None),
        }[border]
        maps = functional.pad(maps, reach, mode=mode, value=value)
    return maps


@dataclass(frozen=True)
class AxisPooling:
    """How one axis is downsampled.

    Parameters
    ----------
    kind : Downsampling
    factor : int
        How much.
    padding : {"zero", "circular", "none"}
        Decides what windows and filters find beyond the borders.
    """

    kind: Downsampling
    factor: int
    padding: str

    @property
    def window(self) -> Sliding:
        """Of the pool: its blocks where it stands alone, else every place."""
        if not self.kind.window:
            return Sliding()
        if not self.kind.taps and self.kind.select == "every":
            return Sliding(self.factor, self.factor)
        border = "outside never wins" if self.kind.window == "max" else "mirror"
        return self._bordered(self.factor, 1, 0, border)

    @property
    def filter(self) -> Sliding:
        """Of the low-pass filter, which takes every factor-th value itself where no phase is chosen."""
        if not self.kind.taps:
            return Sliding()
        stride = self.factor if self.kind.select == "every" else 1
        return self._bordered(self.kind.taps, stride, (self.kind.taps - 1) // 2, "mirror")

    @property
    def selection(self) -> Sliding:
        """Of the choice of a phase."""
        return Sliding(stride=self.factor if self.kind.select == "polyphase" else 1)

    @property
    def steps(self) -> tuple[Sliding, Sliding, Sliding]:
        """Pool, filter and choice, in the order in which they are done; an idle window where there is none."""
        return self.window, self.filter, self.selection

    def _bordered(self, width: int, stride: int, back: int, border: str) -> Sliding:
        if self.padding == "none":
            return Sliding(width, stride)
        border = "circular" if self.padding == "circular" else border
        return Sliding(width, stride, back=back, ahead=width - 1 - back, border=border)


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


def largest_phase(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Keep, of each example, the polyphase component of largest l2 norm over its channels and the other axis.

    Parameters
    ----------
    maps : Tensor of shape (batch, channels, ...)
    axis : int
        Negative: counted from the last.
    factor : int
        Divides the size of that axis.

    Returns
    -------
    Tensor
        ``maps[..., phase::factor]`` along the axis, `phase` chosen for each example; the lowest of equal ones.

    Examples
    --------
    >>> largest_phase(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), -1, 2)
    tensor([[[2., 4.]]])
    """
    if has_torch_function_unary(maps):  # whoever follows a network's operations sees this one as a whole
        return handle_torch_function(largest_phase, (maps,), maps, axis, factor)
    return keep_phase(maps, axis, factor, strongest_phase(maps, axis, factor))


def strongest_phase(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Return which polyphase component `largest_phase` keeps of each example.

    Parameters
    ----------
    maps, axis, factor
        As of `largest_phase`.

    Returns
    -------
    Tensor of shape (batch,)
        From 0 to ``factor - 1``.
    """
    return _phases(maps, axis, factor).detach().square().flatten(2).sum(-1).argmax(1)


def keep_phase(maps: Tensor, axis: int, factor: int, phase: Tensor) -> Tensor:
    """Keep one polyphase component of each example.

    Parameters
    ----------
    maps, axis, factor
        As of `largest_phase`.
    phase : Tensor of shape (batch,)

    Returns
    -------
    Tensor
    """
    kept: Tensor = _phases(maps, axis, factor)[torch.arange(len(maps), device=maps.device), phase]
    return kept


def _phases(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Split maps into their polyphase components along an axis, (batch, factor, ...)."""
    phases: Tensor = maps.unflatten(axis, (-1, factor)).movedim(axis, 1)
    return phases
