"""The arithmetic of sharing: which values of a map are common to windows that slide over one recording.

Conventions
-----------
Windows of one length are cut from one tape (a recording, or a spectrogram laid out as one) at whole offsets. A
*column* is one position of a window's map along the axis that slides; the map of a layer has a *stride*: how far
apart two columns lie, counted in values of the tape. Column ``j`` of the window at offset ``o`` is named by its
place ``o + j * stride``. A layer of convolutions does the same thing at every place, so two columns of two windows
that carry the same name carry the same value, unless one of them has seen the padding at the end of its window.

That gives a map two parts. The *interior* depends on the place alone and is computed once for all windows, as one
long map over all places that any window asks for. These places lie on a lattice: offsets are multiples of a common
gap ``g`` apart, columns of a stride ``s``, so places are multiples of ``gcd(g, s)`` apart, the *step*. The *border*,
a few columns at either end that have seen padding, belongs to each window alone and is recomputed for each.

A layer with kernel ``k``, stride ``t`` and dilation ``d`` on a map of stride ``s`` reads, for the place ``u``, the
places ``u + i * d * s`` for ``i`` in ``0 … k - 1`` (less the padding). In steps of the long map this is the same
layer with dilation ``d * s / step`` and stride ``gcd(g, s * t) / step``: at ``g = 1`` the network "à trous" [1]_,
where ``g`` is a multiple of all strides the plain network on a longer input. On a tape that wraps around, places
are counted modulo the period, which joins the common gap; then no interior has an end, and a layer that pads by
wrapping around has no border, as long as its columns fill the period exactly.

What is here: `Lattice`, `Layout`, `Reach`.

References
----------
.. [1] Holschneider, Kronland-Martinet, Morlet & Tchamitchian, A real-time algorithm for signal analysis with the
       help of the wavelet transform, 1989; for convolutional networks: Giusti, Cireşan, Masci, Gambardella &
       Schmidhuber, Fast image scanning with deep max-pooling convolutional neural networks, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["Lattice", "Layout", "Reach"]

Places = TypeVar("Places", int, npt.NDArray[np.int64])


@dataclass(frozen=True)
class Lattice:
    """Where windows lie on a tape.

    Parameters
    ----------
    offsets : tuple of int
        Where each window opens, ascending.
    period : int, optional
        After how many values the tape repeats itself, if it does.

    Raises
    ------
    InputError
        If there are no windows, or they do not ascend.

    Examples
    --------
    >>> Lattice((0, 6, 15)).gap
    3
    >>> Lattice((0, 6, 15), period=16).gap
    1
    """

    offsets: tuple[int, ...]
    period: int | None = None

    def __post_init__(self) -> None:
        if not self.offsets or list(self.offsets) != sorted(self.offsets):
            raise InputError(f"offsets must ascend, and there must be one at least; got {self.offsets[:5]}")

    @cached_property
    def gap(self) -> int:
        """Greatest number that divides every distance between windows; 0 for a single window without a period."""
        return gcd(self.period or 0, *(offset - self.offsets[0] for offset in self.offsets))

    def lay_input(self, n_columns: int) -> Layout:
        """Return the layout of the tape itself, of which each window takes `n_columns` values.

        Parameters
        ----------
        n_columns : int

        Returns
        -------
        Layout
        """
        if self.period is not None:
            return Layout(self, 1, n_columns, 0, 0, first=0, length=self.period, step=1)
        reach = self.offsets[-1] - self.offsets[0] + n_columns
        return Layout(self, 1, n_columns, 0, 0, first=self.offsets[0], length=reach, step=1)


@dataclass(frozen=True)
class Reach:
    """Which values of a long map a layer reads, and in what rhythm, to make the next long map.

    Parameters
    ----------
    start, length : int
        The first value and how many; on a tape that wraps around they are counted modulo its length.
    stride, dilation : int
        Of the layer on the long map.
    """

    start: int
    length: int
    stride: int
    dilation: int


@dataclass(frozen=True)
class Layout:
    """How the windows of one layer's map lie on its long map.

    Parameters
    ----------
    lattice : Lattice
    stride : int
        Distance of two columns of a window, in values of the tape.
    n_columns : int
        Columns of a window.
    left, right : int
        Columns at either end that have seen padding and belong to each window alone.
    first : int
        Place of the long map's first value.
    length : int
        Number of values of the long map.
    step : int
        Distance of two values of the long map, in values of the tape.

    Examples
    --------
    Windows of 8 at every second offset; a kernel of 3 with stride 2 and one zero at either end:

    >>> tape = Lattice((0, 2, 4)).lay_input(8)
    >>> made = tape.after(kernel=3, stride=2, before=1, after=1)
    >>> made.n_columns, made.left, made.right, made.step, made.length
    (4, 1, 0, 2, 5)
    """

    lattice: Lattice
    stride: int
    n_columns: int
    left: int
    right: int
    first: int
    length: int
    step: int

    @property
    def spacing(self) -> int:
        """Values of the long map from one column of a window to the next."""
        return self.stride // self.step

    @property
    def computed(self) -> int:
        """How many columns are computed in all, interior and borders, for all windows together."""
        return self.length + len(self.lattice.offsets) * (self.left + self.right)

    def index(self, offset: Places, column: int) -> Places:
        """Return where windows' interior columns stand in the long map.

        Parameters
        ----------
        offset : int or ndarray of int
        column : int

        Returns
        -------
        int or ndarray of int
            On a tape that wraps around, to be taken modulo `length`.
        """
        return (offset + column * self.stride - self.first) // self.step

    def after(
        self, *, kernel: int, stride: int = 1, dilation: int = 1, before: int = 0, after: int = 0, wraps: bool = False
    ) -> Layout | None:
        """Return the layout of what a sliding layer makes of this map.

        Parameters
        ----------
        kernel, stride, dilation : int
        before, after : int
            Columns of padding at either end; a negative number cuts columns off.
        wraps : bool, default False
            Whether the padding is what stands at the window's other end.

        Returns
        -------
        Layout or None
            None if no column of the windows is free of a border.
        """
        extent = (kernel - 1) * dilation
        n_padded = self.n_columns + before + after
        n_columns = (n_padded - extent - 1) // stride + 1
        left, right = self._borders_with(before, after, wraps)
        left = -(-left // stride)
        right = n_columns - 1 - (n_padded - right - 1 - extent) // stride
        if left + right >= n_columns:
            return None
        laid = replace(self, stride=self.stride * stride, n_columns=n_columns, left=left, right=right)
        return laid._spread()

    def _borders_with(self, before: int, after: int, wraps: bool) -> tuple[int, int]:
        """Return how many columns at either end of the padded windows have seen padding."""
        seamless = self.lattice.period == self.n_columns * self.stride and not (self.left or self.right)
        if wraps and seamless:
            return 0, 0
        return max(0, self.left + before), max(0, self.right + after)

    def _spread(self) -> Layout:
        """Lay the long map out over all places that an interior column of any window asks for."""
        lattice = self.lattice
        step = gcd(lattice.gap, self.stride)
        if lattice.period is not None:
            return replace(self, first=lattice.offsets[0] % step, length=lattice.period // step, step=step)
        first = lattice.offsets[0] + self.left * self.stride
        last = lattice.offsets[-1] + (self.n_columns - self.right - 1) * self.stride
        return replace(self, first=first, length=(last - first) // step + 1, step=step)

    def reach(self, made: Layout, *, kernel: int, dilation: int = 1, before: int = 0) -> Reach:
        """Return what a sliding layer reads of this long map to make the next one.

        Parameters
        ----------
        made : Layout
            What `after` returned.
        kernel, dilation, before : int

        Returns
        -------
        Reach
        """
        stride = made.step // self.step
        spread = dilation * self.spacing
        start = (made.first - before * self.stride - self.first) // self.step
        return Reach(start, stride * (made.length - 1) + (kernel - 1) * spread + 1, stride, spread)

    def joined(self, *others: Layout) -> Layout | None:
        """Return the layout on which several maps stand column by column.

        Parameters
        ----------
        *others : Layout

        Returns
        -------
        Layout or None
            None if their columns are not the same places, or no column is free of a border.
        """
        maps = (self, *others)
        if any((one.stride, one.n_columns) != (self.stride, self.n_columns) for one in others):
            return None
        left, right = max(one.left for one in maps), max(one.right for one in maps)
        if left + right >= self.n_columns:
            return None
        return replace(self, left=left, right=right)._spread()

    def place_of(self, inner: Layout) -> int:
        """Return where the long map of `inner`, a part of this one, starts in it.

        Parameters
        ----------
        inner : Layout
            From `joined`.

        Returns
        -------
        int
        """
        return (inner.first - self.first) // self.step
