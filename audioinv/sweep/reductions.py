"""Sums, means and largest values: over a few values by hand, over all columns of a window for all windows at once.

Conventions
-----------
PyTorch reduces a few values as carefully as many: two by two they are added in a sixth of the time. A reduction over
the axis that slides is one over as many columns as a window has, at every place: pairs of
neighbours are joined, then pairs of pairs, which is ``2 log2(n)`` additions a place for n columns at most, and not
``n - 1`` a window. See `audioinv.sweep.operations`.

What is here: `REDUCTION_RULES`, by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor

from .operations import Call, Columns, Obstacle, Slide
from .tracing import shape_of

__all__ = ["REDUCTION_RULES"]

Join = Callable[[Tensor, Tensor], Tensor]

_JOINS: dict[str, Join] = {"amax": torch.maximum, "amin": torch.minimum, "mean": torch.add, "sum": torch.add}
_FEW = 8  # values


def _reduction(call: Call) -> Columns | Slide | Obstacle:
    named = call.argument(1, "dim")
    if named is None or isinstance(named, bool) or (call.name in ("std", "var") and "dim" not in str(call.node.target)):
        return Obstacle("takes the whole window")
    axes = {axis % call.n_axes for axis in ([named] if isinstance(named, int) else named)}
    keeps = bool(call.argument(2, "keepdim", False)) or len(shape_of(call.node)) == call.n_axes
    if call.name in _JOINS and keeps and axes == {call.axis} != {0}:
        return _sliding(call)
    if not axes or 0 in axes or call.axis in axes:
        return Obstacle("takes the whole window")
    made = call.again(call.axis if keeps else call.axis - sum(axis < call.axis for axis in axes))
    return _by_hand(call, made, *axes, keeps=keeps) if call.name in _JOINS and len(axes) == 1 else made


def _by_hand(call: Call, made: Columns, axis: int, *, keeps: bool) -> Columns:
    """Join a few values one by one."""
    n_values = shape_of(call.sources[0])[axis]
    if not 1 < n_values <= _FEW or call.node.meta["val"].dtype != call.sources[0].meta["val"].dtype:
        return made

    def apply(tensors: Sequence[Tensor]) -> Tensor:
        joined = reduce(_JOINS[call.name], tensors[0].unbind(axis))
        joined = joined / n_values if call.name == "mean" else joined
        return joined.unsqueeze(axis) if keeps else joined

    return Columns(made.sources, apply, made.axis)


def _sliding(call: Call) -> Slide | Obstacle:
    """Reduce as many columns as a window has, at every place."""
    n_columns, join = shape_of(call.sources[0])[call.axis], _JOINS[call.name]
    if call.node.meta["val"].dtype != call.sources[0].meta["val"].dtype:
        return Obstacle("takes the whole window")

    def apply(columns: Tensor, stride: int, dilation: int) -> Tensor:
        joined = _joined_runs(columns, call.axis, n_columns, dilation, join)
        every = (slice(None),) * call.axis + (slice(None, None, stride),)
        return joined[every] / n_columns if call.name == "mean" else joined[every]

    return Slide(call.sources[0], apply, call.axis, n_columns, reduces=True)


def _joined_runs(columns: Tensor, axis: int, n_joined: int, dilation: int, join: Join) -> Tensor:
    """Join every so many neighbours, `dilation` apart: pairs of them first, and of pairs as many as are wanted."""
    if n_joined == 1:
        return columns
    n_pairs, one_more = divmod(n_joined, 2)
    reach = columns.shape[axis] - dilation
    pairs = join(columns.narrow(axis, 0, reach), columns.narrow(axis, dilation, reach))
    joined = _joined_runs(pairs, axis, n_pairs, 2 * dilation, join)
    if not one_more:
        return joined
    length = columns.shape[axis] - 2 * n_pairs * dilation
    return join(joined.narrow(axis, 0, length), columns.narrow(axis, 2 * n_pairs * dilation, length))


REDUCTION_RULES = dict.fromkeys(["amax", "amin", "logsumexp", "mean", "sum", "std", "var"], _reduction)
"""Rules by the name of an ``aten`` operation."""
