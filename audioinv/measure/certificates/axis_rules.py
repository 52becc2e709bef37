"""Rules for what gives the axes another order or shape, or maps along an axis other than that of the places.

What is here: `AXIS_RULES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from torch import Tensor

from .layer_rules import Rules, axes_from_last, axis_from_last, joined, moving_of, refuse_flattened, rule
from .motion import CannotFollow, Motion, Moving, Turning

__all__ = ["AXIS_RULES"]

AXIS_RULES: Rules = {}


@rule(AXIS_RULES, "linear")
def _linear(_result: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Motion:
    return _mixed(moving_of(x), (weight, bias), -1)


@rule(AXIS_RULES, "matmul")
def _matmul(_result: Tensor, a: Tensor, b: Tensor) -> Motion:
    if isinstance(getattr(a, "motion", None), Moving) and b.ndim == 2:
        return _mixed(moving_of(a), (b,), -1)
    if a.ndim == 2 and b.ndim > 1:
        return _mixed(moving_of(b), (a,), -2)
    raise CannotFollow("it multiplies maps that both depend on the input, or in an unusual shape")


def _mixed(moving: Moving, weights: Iterable[Any], dim: int) -> Moving:
    """Follow a linear map along another axis, the same at all places."""
    if any(hasattr(weight, "motion") for weight in weights):
        raise CannotFollow("its weights are computed from the input")
    if moving.dim == dim:
        raise CannotFollow("it gives each place its own weights")
    return moving.linear()


@rule(AXIS_RULES, "fft_rfft fft_fft")
def _fft(_result: Tensor, x: Tensor, n: int | None = None, dim: int = -1, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    if axis_from_last(dim, x.ndim) != moving.dim:
        return moving.linear()
    refuse_flattened(moving.whole(), x)
    if n not in (None, moving.n_places):
        raise CannotFollow("it transforms more places than there are, or fewer")
    return Turning(moving.any_roll)


@rule(AXIS_RULES, "flatten unflatten view reshape view_as reshape_as squeeze unsqueeze ravel")
def _reshape(result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    if result.dtype != x.dtype:
        raise CannotFollow("it reads the bits of the values as another type")
    apart = moving.inner * prod(x.shape[x.ndim + moving.dim + 1 :])  # values from one place to the next
    for axis in range(-1, -result.ndim - 1, -1):
        right = prod(result.shape[result.ndim + axis + 1 :])
        room = right * result.shape[axis]
        if apart % right == 0 and room % (apart * moving.n_seen) == 0:
            return replace(moving, dim=axis, inner=apart // right)
        if right % apart == 0 and moving.n_seen % (right // apart) == 0 and room % (apart * moving.n_seen) == 0:
            factor = right // apart
            return replace(moving.reordered().every(factor, moving.n_seen // factor), dim=axis, inner=1)
    raise CannotFollow("it cuts the axis into pieces")


@rule(AXIS_RULES, "expand expand_as broadcast_to")
def _expand(result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    return joined(result, (x,))


@rule(AXIS_RULES, "permute")
def _permute(_result: Tensor, x: Tensor, *dims: Any, **more: Any) -> Motion:
    order = dims[0] if dims and isinstance(dims[0], Sequence) else dims or more["dims"]
    moving = moving_of(x)
    return replace(moving, dim=[axis_from_last(dim, x.ndim) for dim in order].index(moving.dim) - x.ndim)


@rule(AXIS_RULES, "transpose swapaxes swapdims")
def _transpose(_result: Tensor, x: Tensor, dim0: int, dim1: int) -> Motion:
    moving = moving_of(x)
    pair = axis_from_last(dim0, x.ndim), axis_from_last(dim1, x.ndim)
    return replace(moving, dim=sum(pair) - moving.dim) if moving.dim in pair else moving


@rule(AXIS_RULES, "movedim moveaxis")
def _movedim(result: Tensor, x: Tensor, source: int, destination: int) -> Motion:
    order = list(range(-x.ndim, 0))
    order.remove(axis_from_last(source, x.ndim))
    order.insert(x.ndim + axis_from_last(destination, x.ndim), axis_from_last(source, x.ndim))
    return _permute(result, x, order)


@rule(AXIS_RULES, "roll")
def _roll(_result: Tensor, x: Tensor, _shifts: Any, dims: Any = None) -> Motion:
    moving = moving_of(x)
    if dims is None:
        raise CannotFollow("it rolls through all axes as if they were one")
    if moving.dim in axes_from_last(dims, x.ndim):
        refuse_flattened(moving.whole(), x)
    return moving


@rule(AXIS_RULES, "chunk split unbind")
def _split(result: Sequence[Tensor], x: Tensor, *settings: Any, dim: int = 0, **_: Any) -> tuple[Motion, ...]:
    """Follow the pieces of a map that is cut along another axis; a positional `dim` is the last setting."""
    moving = moving_of(x)
    axis = axis_from_last(settings[-1] if len(settings) > (result[0].ndim == x.ndim) else dim, x.ndim)
    if axis == moving.dim:
        raise CannotFollow("it cuts the axis into pieces")
    gone = result[0].ndim < x.ndim and axis > moving.dim
    return (replace(moving, dim=moving.dim + gone),) * len(result)


@rule(AXIS_RULES, "glu")
def _glu(_result: Tensor, x: Tensor, dim: int = -1) -> Motion:
    return _mixed(moving_of(x), (), axis_from_last(dim, x.ndim)).reordered()
