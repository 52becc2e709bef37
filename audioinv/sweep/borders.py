"""Borders: the columns that have seen the padding at the end of their window, computed for each window alone.

Conventions
-----------
Rows are windows, tape by tape: ``(n_tapes * n_windows, …)``; inside, the two stand apart as the first two axes, so
that pieces of long maps are views. Windows whose end lies in the same constant stretch of all tapes, as in the
silence that a delay lets in, have the same border there, which is computed once.

What is here: `Block`, `name_ends`, `cut_stretch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx

from .operations import Columns, Slide

if TYPE_CHECKING:
    from .lattice import Lattice
    from .shared import SharedPlan

__all__ = ["Block", "cut_stretch", "name_ends"]

IndexArray = npt.NDArray[np.int64]
Ends = tuple[IndexArray, IndexArray]


def cut_stretch(long_map: Tensor, axis: int, start: int, length: int, lattice: Lattice) -> Tensor:
    """Cut a stretch out of a long map, around its end where the tape wraps.

    Parameters
    ----------
    long_map : Tensor
    axis : int
    start, length : int
    lattice : Lattice

    Returns
    -------
    Tensor
    """
    n_values = long_map.shape[axis]
    if lattice.period is None:
        return long_map.narrow(axis, start, length)
    start %= n_values
    if start + length <= n_values:
        return long_map.narrow(axis, start, length)
    rounds = [long_map.narrow(axis, start, n_values - start), *[long_map] * ((start + length) // n_values - 1)]
    rest = (start + length) % n_values
    return torch.cat([*rounds, long_map.narrow(axis, 0, rest)], axis)


def name_ends(plan: SharedPlan, tapes: Tensor) -> Ends:
    """Name both ends of every window so that ends of one name have the same borders.

    Parameters
    ----------
    plan : SharedPlan
    tapes : Tensor of shape (n_tapes, …)

    Returns
    -------
    tuple of two ndarrays of int
        One name a window, for its left end and for its right.
    """
    offsets, reaches = np.asarray(plan.lattice.offsets), plan.reaches
    unlike = -1 - np.arange(len(offsets))
    if reaches is None or not plan.bordered:
        return unlike, unlike
    columns = tapes.movedim(plan.reading.axis, -1).flatten(0, -2)
    changes = (columns[:, 1:] != columns[:, :-1]).any(0).cumsum(0).cpu().numpy()
    changes = np.concatenate([[0], changes])
    starts = offsets - offsets[0]
    n_columns = plan.layouts[plan.reading.input].n_columns
    names = []
    for start, reach in ((starts, reaches[0]), (starts + n_columns - reaches[1], reaches[1])):
        first, last = (changes[place.clip(0, len(changes) - 1)] for place in (start, start + reach - 1))
        names.append(np.where(first == last, first, unlike))
    return names[0], names[1]


@dataclass(frozen=True, eq=False)
class _Owners:
    """Which windows' borders are computed, and where among them each window finds its own."""

    own: IndexArray
    place: IndexArray

    @classmethod
    def of(cls, names: IndexArray, *, last: bool) -> _Owners:
        _, chosen, name = np.unique(names[::-1] if last else names, return_index=True, return_inverse=True)
        if last:
            chosen, name = len(names) - 1 - chosen, name[::-1]
        own = np.sort(chosen)
        return cls(own, np.searchsorted(own, chosen)[name])


class Block:
    """Some of the windows, with the borders of all their maps.

    Parameters
    ----------
    plan : SharedPlan
    maps : mapping of Node to Tensor
        The long maps.
    windows : range
        Which of the lattice's windows.
    names : tuple of two ndarrays of int
        From `name_ends`.
    """

    def __init__(self, plan: SharedPlan, maps: Mapping[fx.Node, Tensor], windows: range, names: Ends) -> None:
        self.plan, self.reading, self.maps = plan, plan.reading, maps
        self.offsets = np.asarray(plan.lattice.offsets[windows.start : windows.stop])
        self.n_tapes = len(next(iter(maps.values())))
        self.borders: dict[fx.Node, tuple[Tensor | None, Tensor | None]] = {}
        if not plan.bordered:
            return
        # Silence stands before a recording and after it: so those that are computed stay neighbours, evenly spaced.
        left, right = (names[side][windows.start : windows.stop] for side in (0, 1))
        self.owners = _Owners.of(left, last=True), _Owners.of(right, last=False)
        for node, operation in self.reading.operations.items():
            if node in plan.layouts:
                layout = plan.layouts[node]
                inner_end = layout.n_columns - layout.right
                left_border = self._border(operation, 0, layout.left, self.owners[0].own)
                right_border = self._border(operation, inner_end, layout.n_columns, self.owners[1].own)
                self.borders[node] = left_border, right_border

    def _border(self, operation: Columns | Slide, first: int, last: int, windows: IndexArray) -> Tensor | None:
        """Compute columns of an operation's result from what they see of its sources."""
        if first == last:
            return None
        if isinstance(operation, Columns):
            return operation.apply([self.columns(source, first, last, windows) for source in operation.sources])
        extent = (operation.kernel - 1) * operation.dilation
        start = first * operation.stride - operation.before
        stop = (last - 1) * operation.stride + extent + 1 - operation.before
        seen = self.columns(operation.source, start, stop, windows, operation.fill)
        return operation.apply(seen, operation.stride, operation.dilation)

    def columns(self, node: fx.Node, first: int, last: int, windows: IndexArray, fill: float | str = 0.0) -> Tensor:
        """Return columns of a map for some of the windows, and beyond their ends what the padding holds.

        Parameters
        ----------
        node : Node
        first, last : int
        windows : ndarray of int
            Counted within the block.
        fill : float or {"circular", "reflect", "replicate"}, default 0.0

        Returns
        -------
        Tensor of shape (n_tapes * len(windows), …)
        """
        pieces = list(self._pieces(node, first, last, windows, fill))
        shape = [self.n_tapes * len(windows), *pieces[0].shape[2:]]
        shape[self.reading.axis_of(node)] = last - first
        joined = _empty(shape, pieces[0])
        self._join(node, pieces, joined)
        return joined

    def fill(self, node: fx.Node, windows: IndexArray, room: Tensor) -> None:
        """Write whole windows of a map into room that is at hand.

        Parameters
        ----------
        node : Node
        windows : ndarray of int
            Counted within the block.
        room : Tensor of shape (n_tapes * len(windows), …)
        """
        self._join(node, self._pieces(node, 0, self.plan.layouts[node].n_columns, windows, 0.0), room)

    def _join(self, node: fx.Node, pieces: Iterable[Tensor], room: Tensor) -> None:
        axis, at = self.reading.axis_of(node), 0
        apart = _apart(room, (self.n_tapes, len(room) // self.n_tapes))
        for piece in pieces:
            width = piece.shape[axis + 1]
            apart.narrow(axis + 1, at, width).copy_(piece)
            at += width

    def _pieces(self, node: fx.Node, first: int, last: int, windows: IndexArray, fill: float | str) -> Iterator[Tensor]:
        """Yield columns from left to right: padding, border, interior, border, padding; tapes and windows apart."""
        layout, axis = self.plan.layouts[node], self.reading.axis_of(node)
        inner_end, end = layout.n_columns - layout.right, layout.n_columns
        borders = self.borders.get(node, (None, None))
        if first < 0:
            yield self._padding(node, first, min(last, 0), windows, fill)
        for part, (start, stop) in enumerate(((0, layout.left), (layout.left, inner_end), (inner_end, end))):
            begin, width = max(first, start), min(last, stop) - max(first, start)
            border = borders[part // 2] if part != 1 else None
            if width > 0 and border is None:
                yield self._interior(node, begin, width, windows)
            elif width > 0 and border is not None:
                owners = self.owners[part // 2]
                rows = _apart(border, (self.n_tapes, len(owners.own)))
                yield _take(rows, owners.place[windows]).narrow(axis + 1, begin - start, width)
        if last > end:
            yield self._padding(node, max(first, end), last, windows, fill)

    def _padding(self, node: fx.Node, first: int, last: int, windows: IndexArray, fill: float | str) -> Tensor:
        """Return columns that lie beyond one end of the windows."""
        axis, end = self.reading.axis_of(node), self.plan.layouts[node].n_columns
        lead = (self.n_tapes, len(windows))
        if fill == "circular":
            around = end if first < 0 else -end
            return _apart(self.columns(node, first + around, last + around, windows), lead)
        if fill == "reflect":
            mirror = 0 if first < 0 else end - 1
            seen = self.columns(node, 2 * mirror - last + 1, 2 * mirror - first + 1, windows)
            return _apart(seen.flip(axis), lead)
        shape = [*lead, *self.maps[node].shape[1:]]
        shape[axis + 1] = last - first
        if fill == "replicate":
            outermost = (0, 1) if first < 0 else (end - 1, end)
            return _apart(self.columns(node, *outermost, windows), lead).expand(shape)
        return self.maps[node].new_full((), float(fill)).expand(shape)

    def _interior(self, node: fx.Node, first: int, width: int, windows: IndexArray) -> Tensor:
        """Return interior columns of windows, a view of the long map where they are evenly spaced."""
        layout, axis = self.plan.layouts[node], self.reading.axis_of(node)
        starts = layout.index(self.offsets[windows], first)
        extent = (width - 1) * layout.spacing + 1
        stretch = cut_stretch(
            self.maps[node], axis, int(starts[0]), int(starts[-1] - starts[0]) + extent, self.plan.lattice
        )
        places = stretch.unfold(axis, extent, 1)[..., :: layout.spacing].movedim(axis, 1)
        return _take(places, starts - starts[0]).movedim(-1, axis + 1)


def _apart(rows: Tensor, lead: tuple[int, int]) -> Tensor:
    """Return rows with tapes and windows as two axes."""
    return rows.view(*lead, *rows.shape[1:])


def _take(rows: Tensor, wanted: IndexArray) -> Tensor:
    """Return some of the second axis, a view where they are evenly spaced."""
    first, last = int(wanted[0]), int(wanted[-1])
    gaps = np.diff(wanted)
    gap = int(gaps[0]) if len(gaps) else 1
    if gap > 0 and (gaps == gap).all():
        return rows[:, first : last + 1 : gap]
    if gap == 0 and not gaps.any():
        return rows[:, first : first + 1].expand(-1, len(wanted), *[-1] * (rows.ndim - 2))
    # Not `index_select`, which first copies all rows where they overlap: a gigabyte for a tape of a minute.
    return rows[:, torch.from_numpy(wanted).to(rows.device)]


def _empty(shape: Sequence[int], like: Tensor) -> Tensor:
    """Return room for columns, laid out as convolutions like it: channels last, the longer axis before them."""
    if len(shape) != 4:
        return like.new_empty(shape)
    n_windows, n_channels, first, second = shape
    longer_last = (n_windows, n_channels, *sorted((first, second)))
    room = torch.empty(longer_last, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)
    return room.transpose(2, 3) if second < first else room
