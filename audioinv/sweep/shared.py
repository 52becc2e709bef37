"""The shared path: one long map for all windows, their borders beside it, and exactly the answers of each window.

Conventions
-----------
See `audioinv.sweep.lattice` for what is shared and why. The *tape* is what windows are cut from, ``(1, …)``; its
windows come out as ``(n_windows, …)`` in the order of the lattice. Long maps are made once; then windows are
taken in blocks, each with its borders layer by layer, so that memory does not grow with the number of windows.

What is here: `SharedPlan`, `plan_sharing`, `respond_shared`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx

from .lattice import Lattice, Layout
from .operations import Columns, Slide
from .reading import Reading
from .tracing import call_node

__all__ = ["SharedPlan", "plan_sharing", "respond_shared"]

WORTH_SHARING = 0.9
"""Above this share of the columns that windows have in all, a layer is computed window by window."""
_ALL = slice(None)
BLOCK = 128  # windows; enough to keep a convolution of a few columns busy


@dataclass(frozen=True, eq=False)
class SharedPlan:
    """A network laid out over a tape.

    Parameters
    ----------
    reading : Reading
    lattice : Lattice
    layouts : mapping of Node to Layout
        Of every map that is shared, the tape first.
    """

    reading: Reading
    lattice: Lattice
    layouts: Mapping[fx.Node, Layout]

    @cached_property
    def remaining(self) -> tuple[fx.Node, ...]:
        """The operations that run on whole windows."""
        reading = self.reading
        return tuple(
            node
            for node in reading.traced.graph.nodes
            if node.op == "call_function"
            and node not in reading.traced.constants
            and reading.done_by(node) not in self.layouts
        )

    @cached_property
    def handed_over(self) -> tuple[fx.Node, ...]:
        """The shared maps of which whole windows are cut, for what is not shared."""
        output = self.reading.output
        wanted = {source for node in self.remaining for source in node.all_input_nodes} | {output}
        return tuple(node for node in self.layouts if node in wanted)

    @cached_property
    def last_use(self) -> Mapping[fx.Node, fx.Node]:
        """The last shared operation that takes each map."""
        operations = self.reading.operations.items()
        return {source: node for node, operation in operations if node in self.layouts for source in operation.sources}

    @cached_property
    def kept(self) -> frozenset[fx.Node]:
        """The long maps that borders or windows are cut from, once all of them are made."""
        kept = set(self.handed_over)
        for node, layout in self.layouts.items():
            operation = self.reading.operations.get(node)
            sources = operation.sources if operation is not None and (layout.left or layout.right) else ()
            if isinstance(operation, Slide) or len(sources) > 1:
                kept.update(sources)
        return frozenset(kept)


def plan_sharing(reading: Reading, lattice: Lattice, *, worth: float = WORTH_SHARING) -> SharedPlan:
    """Lay a network out over a tape, as far as sharing pays.

    Parameters
    ----------
    reading : Reading
    lattice : Lattice
    worth : float, default 0.9
        Sharing ends at a layer that would compute more than this share of its windows' columns.

    Returns
    -------
    SharedPlan
    """
    layouts = {reading.input: lattice.lay_input(reading.n_columns(reading.input))}
    for node, operation in reading.operations.items():
        if all(source in layouts for source in operation.sources):
            first, *others = (layouts[source] for source in operation.sources)
            made = _slid(first, operation) if isinstance(operation, Slide) else first.joined(*others)
            if made is not None and made.computed <= worth * len(lattice.offsets) * made.n_columns:
                layouts[node] = made
    return SharedPlan(reading, lattice, layouts)


def _slid(layout: Layout, operation: Slide) -> Layout | None:
    return layout.after(
        kernel=operation.kernel,
        stride=operation.stride,
        dilation=operation.dilation,
        before=operation.before,
        after=operation.after,
        wraps=operation.fill == "circular",
    )


def respond_shared(plan: SharedPlan, tape: Tensor) -> Tensor:
    """Return a network's answers to every window of a tape.

    Parameters
    ----------
    plan : SharedPlan
    tape : Tensor of shape (1, …)
        As long as the plan's first layout says along the axis that slides.

    Returns
    -------
    Tensor of shape (n_windows, …)
        What the network returns for each window by itself, up to the rounding of sums taken in another order.
    """
    maps = _make_long_maps(plan, tape)
    windows = range(len(plan.lattice.offsets))
    blocks = (windows[at : at + BLOCK] for at in windows[::BLOCK])
    return torch.cat([_answer(plan, _Block(plan, maps, block)) for block in blocks])


def _make_long_maps(plan: SharedPlan, tape: Tensor) -> dict[fx.Node, Tensor]:
    """Compute every interior, and keep those that borders or windows will be cut from."""
    maps = {plan.reading.input: tape}
    for node, layout in plan.layouts.items():
        operation = plan.reading.operations.get(node)
        if isinstance(operation, Slide):
            maps[node] = _slide_along(plan, operation, layout, maps[operation.source])
        elif operation is not None:
            maps[node] = operation.apply([_aligned(plan, source, layout, maps[source]) for source in operation.sources])
        for source in operation.sources if operation is not None else ():
            if plan.last_use[source] is node and source not in plan.kept:
                del maps[source]
    return {node: maps[node] for node in plan.kept}


def _slide_along(plan: SharedPlan, operation: Slide, layout: Layout, source: Tensor) -> Tensor:
    before = plan.layouts[operation.source]
    reach = before.reach(layout, kernel=operation.kernel, dilation=operation.dilation, before=operation.before)
    columns = _stretch(source, plan.reading.axis_of(operation.source), reach.start, reach.length, plan.lattice)
    return operation.apply(columns, reach.stride, reach.dilation)


def _aligned(plan: SharedPlan, node: fx.Node, layout: Layout, long_map: Tensor) -> Tensor:
    start = plan.layouts[node].place_of(layout)
    return _stretch(long_map, plan.reading.axis_of(node), start, layout.length, plan.lattice)


def _stretch(long_map: Tensor, axis: int, start: int, length: int, lattice: Lattice) -> Tensor:
    """Cut a stretch out of a long map, around its end where the tape wraps."""
    n_values = long_map.shape[axis]
    if lattice.period is None:
        return long_map.narrow(axis, start, length)
    start %= n_values
    if start + length <= n_values:
        return long_map.narrow(axis, start, length)
    rounds = [long_map.narrow(axis, start, n_values - start), *[long_map] * ((start + length) // n_values - 1)]
    rest = (start + length) % n_values
    return torch.cat([*rounds, long_map.narrow(axis, 0, rest)], axis)


class _Block:
    """Some of the windows, with the borders of all their maps.

    Parameters
    ----------
    plan : SharedPlan
    maps : dict of Node to Tensor
        The long maps.
    windows : range
        Which of the lattice's windows.
    """

    def __init__(self, plan: SharedPlan, maps: Mapping[fx.Node, Tensor], windows: range) -> None:
        self.plan, self.reading, self.maps = plan, plan.reading, maps
        self.offsets = plan.lattice.offsets[windows.start : windows.stop]
        self.borders: dict[fx.Node, tuple[Tensor | None, Tensor | None]] = {}
        for node, operation in self.reading.operations.items():
            if node in plan.layouts:
                ends = self._borders_of_slide if isinstance(operation, Slide) else self._borders_of_columns
                self.borders[node] = ends(operation, plan.layouts[node])  # type: ignore[arg-type]

    def _borders_of_columns(self, operation: Columns, layout: Layout) -> tuple[Tensor | None, Tensor | None]:
        n_columns = layout.n_columns
        left = [self.columns(source, 0, layout.left) for source in operation.sources] if layout.left else None
        inner_end = n_columns - layout.right
        right = [self.columns(source, inner_end, n_columns) for source in operation.sources] if layout.right else None
        return None if left is None else operation.apply(left), None if right is None else operation.apply(right)

    def _borders_of_slide(self, operation: Slide, layout: Layout) -> tuple[Tensor | None, Tensor | None]:
        inner_end = layout.n_columns - layout.right
        left = self._slide(operation, 0, layout.left) if layout.left else None
        return left, self._slide(operation, inner_end, layout.n_columns) if layout.right else None

    def _slide(self, operation: Slide, first: int, last: int) -> Tensor:
        """Compute columns of an operation's result for every window from what they see of its source."""
        extent = (operation.kernel - 1) * operation.dilation
        start = first * operation.stride - operation.before
        stop = (last - 1) * operation.stride + extent + 1 - operation.before
        seen = self.columns(operation.source, start, stop, operation.fill)
        return operation.apply(seen, operation.stride, operation.dilation)

    def columns(self, node: fx.Node, first: int, last: int, fill: float | str = 0.0, *, rows: slice = _ALL) -> Tensor:
        """Return columns of a map for every window, and beyond its ends what the padding holds."""
        axis = self.reading.axis_of(node)
        pieces = [piece[rows] for piece in self._pieces(node, first, last, fill)]
        shape = list(pieces[0].shape)
        shape[axis] = last - first
        joined = _empty(shape, pieces[0])
        at = 0
        for piece in pieces:
            joined.narrow(axis, at, piece.shape[axis]).copy_(piece)
            at += piece.shape[axis]
        return joined

    def _pieces(self, node: fx.Node, first: int, last: int, fill: float | str) -> Iterator[Tensor]:
        """Yield columns from left to right: padding, border, interior, border, padding."""
        layout, axis = self.plan.layouts[node], self.reading.axis_of(node)
        left, right = self.borders.get(node, (None, None))
        inner_end, end = layout.n_columns - layout.right, layout.n_columns
        if first < 0:
            yield self._padding(node, first, min(last, 0), fill)
        for start, stop, border in ((0, layout.left, left), (layout.left, inner_end, None), (inner_end, end, right)):
            begin, width = max(first, start), min(last, stop) - max(first, start)
            if width > 0:
                yield (
                    self._interior(node, begin, width) if border is None else border.narrow(axis, begin - start, width)
                )
        if last > end:
            yield self._padding(node, max(first, end), last, fill)

    def _padding(self, node: fx.Node, first: int, last: int, fill: float | str) -> Tensor:
        """Return columns that lie beyond one end of the windows."""
        axis, end = self.reading.axis_of(node), self.plan.layouts[node].n_columns
        if fill == "circular":
            around = end if first < 0 else -end
            return self.columns(node, first + around, last + around)
        if fill == "reflect":
            mirror = 0 if first < 0 else end - 1
            return self.columns(node, 2 * mirror - last + 1, 2 * mirror - first + 1).flip(axis)
        shape = [len(self.offsets), *self.maps[node].shape[1:]]
        shape[axis] = last - first
        if fill == "replicate":
            return self.columns(node, *((0, 1) if first < 0 else (end - 1, end))).expand(shape)
        return self.maps[node].new_full((), float(fill)).expand(shape)

    def _interior(self, node: fx.Node, first: int, width: int) -> Tensor:
        """Return interior columns of every window, a view of the long map where windows are evenly spaced."""
        layout, axis = self.plan.layouts[node], self.reading.axis_of(node)
        starts = [layout.index(offset, first) for offset in self.offsets]
        extent = (width - 1) * layout.spacing + 1
        stretch = _stretch(self.maps[node], axis, starts[0], starts[-1] - starts[0] + extent, self.plan.lattice)
        places = stretch.unfold(axis, extent, 1)[..., :: layout.spacing].squeeze(0).movedim(axis - 1, 0)
        gaps = {after - before for before, after in itertools.pairwise(starts)}
        if len(gaps) == 1 and 0 not in gaps:
            return places[:: gaps.pop()].movedim(-1, axis)
        chosen = torch.tensor([start - starts[0] for start in starts], device=places.device)
        return places.index_select(0, chosen).movedim(-1, axis)


def _empty(shape: Sequence[int], like: Tensor) -> Tensor:
    """Return room for columns, laid out as convolutions like it: channels last, the longer axis before them."""
    if len(shape) != 4:
        return like.new_empty(shape)
    n_windows, n_channels, first, second = shape
    longer_last = (n_windows, n_channels, *sorted((first, second)))
    room = torch.empty(longer_last, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)
    return room.transpose(2, 3) if second < first else room


def _answer(plan: SharedPlan, block: _Block) -> Tensor:
    """Cut whole windows and run on them what is not shared, in batches of the size that was traced."""
    n_windows, batch_size = len(block.offsets), plan.reading.batch_size
    answers = []
    for at in range(0, n_windows, batch_size):
        rows = slice(at, min(at + batch_size, n_windows))
        values: dict[fx.Node, Any] = dict(plan.reading.traced.constants)
        for node in plan.handed_over:
            values[node] = _window_batch(plan, block, node, rows)
        for node in plan.remaining:
            values[node] = call_node(node, values)
        answers.append(values[plan.reading.output][: rows.stop - rows.start])
    return torch.cat(answers)


def _window_batch(plan: SharedPlan, block: _Block, node: fx.Node, rows: slice) -> Tensor:
    """Cut windows as the traced network would have had them; a batch that is not full repeats its last window."""
    traced = node.meta["val"]
    windows = block.columns(node, 0, plan.layouts[node].n_columns, rows=rows)
    laid = torch.empty_strided(traced.shape, traced.stride(), dtype=windows.dtype, device=windows.device)
    laid[: len(windows)] = windows
    laid[len(windows) :] = windows[-1:]
    return laid
