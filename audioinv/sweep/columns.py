"""Operations on each column alone: what holds for them, one rule a kind.

Conventions
-----------
A rule takes a `Call` and returns `Columns`, or an `Obstacle` that says what stands in the way. A weight may join
a map only where it is the same for every column and every window. See `audioinv.sweep.operations`.

What is here: `COLUMN_RULES`, by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, fx

from .operations import Call, Columns, Obstacle
from .tracing import arguments, shape_of

__all__ = ["COLUMN_RULES", "steady"]

aten = torch.ops.aten

Rule = Callable[[Call], Columns | Obstacle]

_ELEMENTWISE = """
    abs add alias atan2 celu clamp clamp_max clamp_min clone contiguous cos detach div elu erf exp expm1 gelu hardshrink
    hardsigmoid hardswish hardtanh imag leaky_relu log log10 log1p log2 log_sigmoid logit maximum minimum mish mul
    nan_to_num neg pow real reciprocal relu relu6 rsqrt rsub selu sigmoid sign silu sin softplus softshrink sqrt square
    sub tanh threshold to _to_copy
"""
_WHOLE_WINDOW = """
    group_norm instance_norm gru lstm rnn_tanh rnn_relu scaled_dot_product_attention cumsum cumprod flip roll
"""
_NEW_SHAPE = "flatten reshape squeeze unflatten unsqueeze view _unsafe_view"


def steady(constant: Tensor, axis: int, n_axes: int) -> Tensor | None:
    """Return a weight cut to one window and one column, if it is the same for all of them.

    Parameters
    ----------
    constant : Tensor
        Broadcast against maps from the last axis.
    axis : int
        Of the maps that slides.
    n_axes : int
        Of the maps.

    Returns
    -------
    Tensor or None

    Examples
    --------
    >>> steady(torch.ones(2, 1, 5), 2, 3).shape
    torch.Size([1, 1, 1])
    >>> steady(torch.arange(5.0), 2, 3) is None
    True
    """
    for place in (0, axis):
        at = place - (n_axes - constant.ndim)
        if at < 0 or constant.shape[at] == 1:
            continue
        if not bool((constant == constant.narrow(at, 0, 1)).all()):
            return None
        constant = constant.narrow(at, 0, 1)
    return constant


def _elementwise(call: Call) -> Columns | Obstacle:
    axis, n_axes = call.axis, len(shape_of(call.node))
    if any(call.axes[node] != axis or len(shape_of(node)) != n_axes for node in call.sources):
        return Obstacle("its inputs slide along different axes")
    if len({shape_of(node)[axis] for node in (*call.sources, call.node)}) > 1:
        return Obstacle("its inputs have different lengths")
    fixed = _steady_constants(call, axis, n_axes)
    return Obstacle("adds or multiplies what differs along the axis") if fixed is None else call.again(axis, fixed)


def _steady_constants(call: Call, axis: int, n_axes: int) -> dict[fx.Node, Any] | None:
    fixed = {}
    for node in call.node.all_input_nodes:
        if isinstance(call.constants.get(node), Tensor):
            fixed[node] = steady(call.constants[node], axis, n_axes)
    return None if any(value is None for value in fixed.values()) else fixed


def _in_evaluation(call: Call) -> Columns | Obstacle:
    training = call.argument(*{"batch_norm": (5, "training")}.get(call.name, (2, "train")))
    if training:
        return Obstacle("is in training mode")
    if call.name == "batch_norm" and call.axis == 1:
        return Obstacle("has one weight for each column")
    return call.again(call.axis)


def _prelu(call: Call) -> Columns | Obstacle:
    return Obstacle("has one weight for each column") if call.axis == 1 else call.again(call.axis)


def _along_another(place: int) -> Rule:
    def rule(call: Call) -> Columns | Obstacle:
        if call.axis_argument(place) in (0, call.axis):
            return Obstacle("takes the whole window")
        return call.again(call.axis)

    return rule


def _layer_norm(call: Call) -> Columns | Obstacle:
    if call.axis >= call.n_axes - len(call.argument(1, "normalized_shape")):
        return Obstacle("takes its statistics over the whole window")
    return call.again(call.axis)


def _linear(call: Call) -> Columns | Obstacle:
    if call.sources != arguments(call.node)[:1] or call.axis == call.n_axes - 1:
        return Obstacle("has one weight for each column")
    return call.again(call.axis)


def _matmul(call: Call) -> Columns | Obstacle:
    left, right = arguments(call.node)[:2]
    if len(call.sources) > 1:
        return Obstacle("multiplies two maps as matrices")
    weight, summed = (right, call.n_axes - 1) if call.sources[0] is left else (left, call.n_axes - 2)
    if len(shape_of(weight)) != 2 or call.axis == summed:
        return Obstacle("has one weight for each column")
    return call.again(call.axis)


def _concatenated(call: Call) -> Columns | Obstacle:
    axis, at = call.axis, call.axis_argument(1, "dim", 0)
    if at in (0, axis) or any(call.axes[node] != axis for node in call.sources):
        return Obstacle("joins maps along the axis that slides")
    fixed = _steady_constants(call, axis, call.n_axes)
    if fixed is None:
        return Obstacle("joins what differs along the axis")
    parts, sources = arguments(call.node)[0], call.sources

    def apply(tensors: Sequence[Tensor]) -> Tensor:
        values = {**fixed, **dict(zip(sources, tensors, strict=True))}
        shape = list(tensors[0].shape)
        whole = [values[part] for part in parts]
        return torch.cat([part.expand([*shape[:at], part.shape[at], *shape[at + 1 :]]) for part in whole], at)

    return Columns(sources, apply, axis)


def _permuted(call: Call) -> Columns | Obstacle:
    order = list(range(call.n_axes))
    if call.name == "permute":
        order = [axis % call.n_axes for axis in call.argument(1, "dims")]
    else:
        first, second = (call.axis_argument(place) for place in (1, 2))
        order[first], order[second] = second, first
    return Obstacle("moves the batch") if order[0] != 0 else call.again(order.index(call.axis))


def _picked(call: Call) -> Columns | Obstacle:
    at = call.axis_argument(1)
    if at in (0, call.axis):
        return Obstacle("picks single columns")
    return call.again(call.axis - (at < call.axis))


def _new_shape(call: Call) -> Columns | Obstacle:
    # The axis survives where as much stands before it, and after it, as did.
    old, new = shape_of(call.sources[0]), shape_of(call.node)
    places = [
        place
        for place in range(1, len(new))
        if new[place] == old[call.axis] and prod(new[:place]) == prod(old[: call.axis])
    ]
    if new[:1] != old[:1] or not places or old[call.axis] == 1:
        return Obstacle("merges the axis that slides with another")
    axis, slid = places[0], call.axis

    def apply(tensors: Sequence[Tensor]) -> Tensor:
        shape = [tensors[0].shape[0], *new[1:]]
        shape[axis] = tensors[0].shape[slid]
        return tensors[0].reshape(shape)

    return Columns(call.sources, apply, axis)


def _with_trailing_axis(call: Call) -> Columns | Obstacle:
    return call.again(call.axis)


def _without_trailing_axis(call: Call) -> Columns | Obstacle:
    return Obstacle("joins columns in pairs") if call.axis == call.n_axes - 1 else call.again(call.axis)


def _gathered() -> dict[str, Rule]:
    rules: dict[str, Rule] = dict.fromkeys(_ELEMENTWISE.split(), _elementwise)
    rules |= dict.fromkeys(_WHOLE_WINDOW.split(), lambda _: Obstacle("takes the whole window"))
    rules |= dict.fromkeys(_NEW_SHAPE.split(), _new_shape)
    rules |= dict.fromkeys(("batch_norm", "dropout", "feature_dropout", "alpha_dropout"), _in_evaluation)
    rules |= dict.fromkeys(("transpose", "permute"), _permuted)
    rules |= dict.fromkeys(("softmax", "log_softmax", "glu"), _along_another(1))
    rules |= dict.fromkeys(("fft_rfft", "fft_fft"), _along_another(2))
    return rules | {
        "cat": _concatenated,
        "layer_norm": _layer_norm,
        "linear": _linear,
        "matmul": _matmul,
        "prelu": _prelu,
        "select": _picked,
        "view_as_complex": _without_trailing_axis,
        "view_as_real": _with_trailing_axis,
    }


COLUMN_RULES = _gathered()
"""Rules by the name of an ``aten`` operation."""
