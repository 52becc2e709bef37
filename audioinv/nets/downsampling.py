"""Downsampling along one axis: the grammar of its kinds, and the windows that each of them slides over the axis.

Conventions
-----------
A kind is written ``stride``, ``none``, ``polyphase``, or ``[max|average][blurN|lowpassN][-polyphase]``, N from 2 to 7:

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

What is here: `Downsampling`, `AxisPooling`, `Sliding`, `padded`.

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
from math import inf

from torch import Tensor
from torch.nn import functional

from ..errors import InputError

__all__ = ["AxisPooling", "Downsampling", "Sliding", "padded"]

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
