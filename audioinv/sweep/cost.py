"""What a sweep costs, in multiply-adds, before it runs: window by window, and shared.

Conventions
-----------
Work is counted in multiply-adds; a value written to memory counts as 16 of them, a call of an operation as half a
million, which is what they took beside a convolution on the cores that this was fitted on. Only the ratio of two
counts decides anything.

What is here: `Cost`, `predict`, `shared_values`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil, log2, prod

from torch import fx

from .reading import Reading
from .shared import BLOCK, SharedPlan
from .tracing import arguments, shape_of

__all__ = ["Cost", "predict", "shared_values"]

_VALUE, _CALL = 16.0, 5e5
_BORDER = 1.3  # a column of a border costs more than one of a long map: it is copied, and convolved in narrow strips


@dataclass(frozen=True)
class Cost:
    """The work of all windows of one clip, either way.

    Parameters
    ----------
    shared, batched : float
        In multiply-adds.
    n_windows : int
    """

    shared: float
    batched: float
    n_windows: int

    @property
    def passes(self) -> float:
        """The shared work in units of one pass of the network over one window."""
        return self.shared / self.batched * self.n_windows


def predict(plan: SharedPlan) -> Cost:
    """Count the work of a plan.

    Parameters
    ----------
    plan : SharedPlan

    Returns
    -------
    Cost
    """
    reading, n_windows = plan.reading, len(plan.lattice.offsets)
    work = _work_by_operation(reading)
    n_batches, n_blocks = ceil(n_windows / reading.batch_size), ceil(n_windows / BLOCK)
    batched = sum(n_windows * each + n_batches * _CALL for each in work.values())
    shared = 0.0
    for node, each in work.items():
        if node in plan.layouts:
            layout = plan.layouts[node]
            borders = layout.computed - layout.length
            calls = 1 + 2 * n_blocks * bool(borders)
            shared += each / layout.n_columns * (layout.length + _BORDER * borders) + calls * _CALL
        else:
            shared += n_windows * each + n_batches * _CALL
    cut = sum(prod(shape_of(node)[1:]) for node in plan.handed_over)
    return Cost(shared + n_windows * cut * _VALUE, batched, n_windows)


def _work_by_operation(reading: Reading) -> dict[fx.Node, float]:
    """Return the work of one window, summed over operations that are done as one."""
    work: dict[fx.Node, float] = defaultdict(float)
    for node in reading.traced.graph.nodes:
        if node.op == "call_function" and node not in reading.traced.constants:
            work[reading.done_by(node)] += _work(node) / reading.batch_size
    return dict(work)


def _work(node: fx.Node) -> float:
    made = prod(shape_of(node)) if shape_of(node) else 0
    name = str(node.target).split(".")[1] if "." in str(node.target) else ""
    if name.startswith("conv"):
        return made * (prod(shape_of(arguments(node)[1])[1:]) + _VALUE)
    if name in ("linear", "matmul"):
        return made * (shape_of(arguments(node)[0])[-1] + _VALUE)
    if name.startswith("fft"):
        return made * (4 * log2(max(2, shape_of(arguments(node)[0])[-1])) + _VALUE)
    return made * _VALUE


def shared_values(plan: SharedPlan) -> int:
    """Count the values that the shared engine holds at once for one tape.

    Parameters
    ----------
    plan : SharedPlan

    Returns
    -------
    int
        The long maps that are kept, the two largest that pass, and a block's borders with what they are made of.
    """
    nodes = {node: prod(shape_of(node)[1:]) / layout.n_columns for node, layout in plan.layouts.items()}
    long = sorted(layout.length * nodes[node] for node, layout in plan.layouts.items())
    kept = sum(plan.layouts[node].length * nodes[node] for node in plan.kept)
    n_block = min(BLOCK, len(plan.lattice.offsets))
    borders = sum((layout.left + layout.right) * nodes[node] for node, layout in plan.layouts.items())
    return int(kept + sum(long[-2:]) + 2 * n_block * borders)
