"""The shared path: one long map for all windows, their borders beside it, and exactly the answers of each window.

Conventions
-----------
See `audioinv.sweep.lattice` for what is shared and why. The *tape* is what windows are cut from, ``(1, …)``; its
windows come out as ``(n_windows, …)`` in the order of the lattice. Long maps are made once; then windows are
taken in blocks, each with its borders layer by layer, so that memory does not grow with the number of windows.

What is here: `SharedPlan`, `plan_sharing`, `respond_shared`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from .borders import Block, IndexArray, cut_stretch, name_ends
from .lattice import Lattice, Layout, Reach
from .operations import Slide
from .reading import Reading
from .tracing import call_node, shape_of

__all__ = ["SharedPlan", "plan_sharing", "respond_shared"]

WORTH_SHARING = 0.9
"""Above this share of the columns that windows have in all, a layer is computed window by window."""
_STRIP = 1 << 19  # values of overlapping frames at once: 2 MiB, which a core has at hand
BLOCK = 256  # windows; enough to keep a convolution of a few columns busy


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
    def bordered(self) -> bool:
        """Whether any column belongs to each window alone."""
        return any(layout.left or layout.right for layout in self.layouts.values())

    @property
    def largest_whole(self) -> int:
        """Values of the largest map that is made of whole windows, of one."""
        return max(prod(shape_of(node)[1:]) for node in (*self.handed_over, *self.remaining))

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

    @cached_property
    def reaches(self) -> tuple[int, int] | None:
        """How many values of the tape from either end of a window its borders depend on; None where it is all."""
        tape = self.layouts[self.reading.input]
        seen = {self.reading.input: (0, 0)}  # by a map's column 0: from where on the tape to where
        left = right = 0
        for node, operation in self.reading.operations.items():
            if node not in self.layouts:
                continue
            layout, before, after = self.layouts[node], 0, 0
            first, last = (end(seen[source][i] for source in operation.sources) for i, end in enumerate((min, max)))
            if isinstance(operation, Slide):
                source = self.layouts[operation.source]
                if operation.fill == "circular":
                    return None
                if operation.fill == "reflect":
                    before = operation.before * source.stride + last + 1
                    after = tape.n_columns - (source.n_columns - 1 - operation.after) * source.stride - first
                first -= operation.before * source.stride
                last += ((operation.kernel - 1) * operation.dilation - operation.before) * source.stride
            seen[node] = first, last
            if layout.left:
                left = max(left, before, (layout.left - 1) * layout.stride + last + 1)
            if layout.right:
                right = max(right, after, tape.n_columns - (layout.n_columns - layout.right) * layout.stride - first)
        return (left, right) if left + right <= tape.n_columns and self.lattice.period is None else None


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
            # What reduces all columns of a window to one has done more for each window than that one column.
            share = 1.0 if isinstance(operation, Slide) and operation.reduces else worth
            if made is not None and made.computed <= share * len(lattice.offsets) * made.n_columns:
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


def respond_shared(plan: SharedPlan, tapes: Tensor) -> Tensor:
    """Return a network's answers to every window of some tapes.

    Parameters
    ----------
    plan : SharedPlan
    tapes : Tensor of shape (n_tapes, …)
        As long as the plan's first layout says along the axis that slides.

    Returns
    -------
    Tensor of shape (n_tapes * n_windows, …), tape by tape
        What the network returns for each window by itself, up to the rounding of sums taken in another order.
    """
    n_windows = len(plan.lattice.offsets)
    n_together = min(plan.reading.batch_size, max(1, BLOCK // n_windows))
    return torch.cat([_respond(plan, some) for some in tapes.split(n_together)])


def _respond(plan: SharedPlan, tapes: Tensor) -> Tensor:
    maps, names = _make_long_maps(plan, tapes), name_ends(plan, tapes)
    windows, size = range(len(plan.lattice.offsets)), BLOCK if plan.bordered else max(BLOCK, plan.reading.batch_size)
    blocks = (windows[at : at + size] for at in windows[::size])
    return torch.cat([_answer(plan, Block(plan, maps, block, names)) for block in blocks], 1).flatten(0, 1)


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
    axis = plan.reading.axis_of(operation.source)
    columns = cut_stretch(source, axis, reach.start, reach.length, plan.lattice)
    if operation.frames:
        return _frame_by_strips(operation, reach, columns, axis)
    return operation.apply(columns, reach.stride, reach.dilation)


def _frame_by_strips(operation: Slide, reach: Reach, columns: Tensor, axis: int) -> Tensor:
    """Apply an operation on frames that overlap to so many at once as stay at hand for what follows in its chain."""
    extent = (operation.kernel - 1) * reach.dilation + 1
    n_frames = (reach.length - extent) // reach.stride + 1
    n_together = max(1, _STRIP // (operation.kernel * len(columns)))
    parts = []
    for at in range(0, n_frames, n_together):
        length = (min(n_together, n_frames - at) - 1) * reach.stride + extent
        parts.append(operation.apply(columns.narrow(axis, at * reach.stride, length), reach.stride, reach.dilation))
        if parts[0].numel() >= n_together * operation.kernel * len(columns):  # frames and nothing else are but a view
            return operation.apply(columns, reach.stride, reach.dilation)
    return torch.cat(parts, operation.axis)


def _aligned(plan: SharedPlan, node: fx.Node, layout: Layout, long_map: Tensor) -> Tensor:
    start = plan.layouts[node].place_of(layout)
    return cut_stretch(long_map, plan.reading.axis_of(node), start, layout.length, plan.lattice)


def _answer(plan: SharedPlan, block: Block) -> Tensor:
    """Cut whole windows and run on them what is not shared, in batches of the size that was traced."""
    n_windows, step = len(block.offsets), plan.reading.batch_size // block.n_tapes
    answers = []
    for at in range(0, n_windows, step):
        windows = range(at, min(at + step, n_windows))
        values: dict[fx.Node, Any] = dict(plan.reading.traced.constants)
        for node in plan.handed_over:
            values[node] = _window_batch(block, node, np.asarray(windows))
        for node in plan.remaining:
            values[node] = call_node(node, values)
        answered = values[plan.reading.output][: block.n_tapes * len(windows)]
        answers.append(answered.unflatten(0, (block.n_tapes, len(windows))))
    return torch.cat(answers, 1)


def _window_batch(block: Block, node: fx.Node, windows: IndexArray) -> Tensor:
    """Cut windows as the traced network would have had them; a batch that is not full repeats its last window."""
    traced, long_map, n_cut = node.meta["val"], block.maps[node], block.n_tapes * len(windows)
    laid = torch.empty_strided(traced.shape, traced.stride(), dtype=long_map.dtype, device=long_map.device)
    block.fill(node, windows, laid[:n_cut])
    laid[n_cut:] = laid[n_cut - 1 : n_cut]
    return laid
