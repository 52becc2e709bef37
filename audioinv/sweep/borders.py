"""Borders: the columns that have seen the padding at the end of their window, computed for each window alone.

Conventions
-----------
Rows are windows, tape by tape: ``(n_tapes * n_windows, …)``; inside, the two stand apart as the first two axes, so
that pieces of long maps are views. Windows whose end lies in the same constant stretch of all tapes, as in the
silence that a delay lets in, have the same border there, which is computed once.

What is here: `Block`, `name_ends`, `cut_stretch`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, fx

from .operations import Columns, Slide

if TYPE_CHECKING:
    from .lattice import Lattice
    from .shared import SharedPlan

__all__ = ["Block", "cut_stretch", "name_ends"]

Ends = tuple[Sequence[int], Sequence[int]]


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
    tuple of two sequences of int
        One name a window, for its left end and for its right.
    """
    offsets, reaches = plan.lattice.offsets, plan.reaches
    unlike = range(-1, -len(offsets) - 1, -1)
    if reaches is None:
        return unlike, unlike
    columns = tapes.movedim(plan.reading.axis, -1).flatten(0, -2)
    changes = (columns[:, 1:] != columns[:, :-1]).any(0).cumsum(0).cpu()
    changes = torch.nn.functional.pad(changes, (1, 0))
    starts = torch.tensor(offsets) - offsets[0]
    n_columns = plan.layouts[plan.reading.input].n_columns
    names = []
    for start, reach in ((starts, reaches[0]), (starts + n_columns - reaches[1], reaches[1])):
        first, last = (changes[place.clamp(0, len(changes) - 1)] for place in (start, start + reach - 1))
        names.append(torch.where(first == last, first, torch.tensor(unlike)).tolist())
    return names[0], names[1]


@dataclass(frozen=True)
class _Owners:
    """Which windows' borders are computed, and where among them each window finds its own."""

    own: Sequence[int]
    place: Sequence[int]

    @classmethod
    def of(cls, names: Sequence[int], *, last: bool) -> _Owners:
        chosen: dict[int, int] = {}
        for window, name in enumerate(names):
            if last or name not in chosen:
                chosen[name] = window
        own = sorted(chosen.values())
        places = {window: place for place, window in enumerate(own)}
        return cls(own, [places[chosen[name]] for name in names])


class Block:
    """Some of the windows, with the borders of all their maps.

    Parameters
    ----------
    plan : SharedPlan
    maps : mapping of Node to Tensor
        The long maps.
    windows : range
        Which of the lattice's windows.
    names : tuple of two sequences of int
        From `name_ends`.
    """

    def __init__(self, plan: SharedPlan, maps: Mapping[fx.Node, Tensor], windows: range, names: Ends) -> None:
        self.plan, self.reading, self.maps = plan, plan.reading, maps
        self.offsets = plan.lattice.offsets[windows.start : windows.stop]
        self.n_tapes = len(next(iter(maps.values())))
        # Silence stands before a recording and after it: so those that are computed stay neighbours, evenly spaced.
        left, right = (names[side][windows.start : windows.stop] for side in (0, 1))
        self.owners = _Owners.of(left, last=True), _Owners.of(right, last=False)
        self.borders: dict[fx.Node, tuple[Tensor | None, Tensor | None]] = {}
        for node, operation in self.reading.operations.items():
            if node in plan.layouts:
                layout = plan.layouts[node]
                inner_end = layout.n_columns - layout.right
                left_border = self._border(operation, 0, layout.left, self.owners[0].own)
                right_border = self._border(operation, inner_end, layout.n_columns, self.owners[1].own)
                self.borders[node] = left_border, right_border

    def _border(self, operation: Columns | Slide, first: int, last: int, windows: Sequence[int]) -> Tensor | None:
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

    def columns(self, node: fx.Node, first: int, last: int, windows: Sequence[int], fill: float | str = 0.0) -> Tensor:
        """Return columns of a map for some of the windows, and beyond their ends what the padding holds.

        Parameters
        ----------
        node : Node
        first, last : int
        windows : sequence of int
            Counted within the block.
        fill : float or {"circular", "reflect", "replicate"}, default 0.0

        Returns
        -------
        Tensor of shape (n_tapes * len(windows), …)
        """
        axis, lead = self.reading.axis_of(node), (self.n_tapes, len(windows))
        pieces = list(self._pieces(node, first, last, windows, fill))
        shape = [lead[0] * lead[1], *pieces[0].shape[2:]]
        shape[axis] = last - first
        joined = _empty(shape, pieces[0])
        room, at = _apart(joined, lead), 0
        for piece in pieces:
            width = piece.shape[axis + 1]
            room.narrow(axis + 1, at, width).copy_(piece)
            at += width
        return joined

    def _pieces(
        self, node: fx.Node, first: int, last: int, windows: Sequence[int], fill: float | str
    ) -> Iterator[Tensor]:
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
                yield _take(rows, [owners.place[window] for window in windows]).narrow(axis + 1, begin - start, width)
        if last > end:
            yield self._padding(node, max(first, end), last, windows, fill)

    def _padding(self, node: fx.Node, first: int, last: int, windows: Sequence[int], fill: float | str) -> Tensor:
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

    def _interior(self, node: fx.Node, first: int, width: int, windows: Sequence[int]) -> Tensor:
        """Return interior columns of windows, a view of the long map where they are evenly spaced."""
        layout, axis = self.plan.layouts[node], self.reading.axis_of(node)
        starts = [layout.index(self.offsets[window], first) for window in windows]
        extent = (width - 1) * layout.spacing + 1
        stretch = cut_stretch(self.maps[node], axis, starts[0], starts[-1] - starts[0] + extent, self.plan.lattice)
        places = stretch.unfold(axis, extent, 1)[..., :: layout.spacing].movedim(axis, 1)
        return _take(places, [start - starts[0] for start in starts]).movedim(-1, axis + 1)


def _apart(rows: Tensor, lead: tuple[int, int]) -> Tensor:
    """Return rows with tapes and windows as two axes."""
    return rows.view(*lead, *rows.shape[1:])


def _take(rows: Tensor, wanted: Sequence[int]) -> Tensor:
    """Return some of the second axis, a view where they are evenly spaced."""
    gaps = {after - before for before, after in itertools.pairwise(wanted)}
    if len(gaps) <= 1 and min(gaps, default=1) > 0:
        return rows[:, wanted[0] : wanted[-1] + 1 : min(gaps, default=1)]
    if gaps == {0}:
        return rows[:, wanted[0] : wanted[0] + 1].expand(-1, len(wanted), *[-1] * (rows.ndim - 2))
    return rows.index_select(1, torch.tensor(wanted, device=rows.device))


def _empty(shape: Sequence[int], like: Tensor) -> Tensor:
    """Return room for columns, laid out as convolutions like it: channels last, the longer axis before them."""
    if len(shape) != 4:
        return like.new_empty(shape)
    n_windows, n_channels, first, second = shape
    longer_last = (n_windows, n_channels, *sorted((first, second)))
    room = torch.empty(longer_last, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)
    return room.transpose(2, 3) if second < first else room
