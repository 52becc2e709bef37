"""Rules for what is done at every place alike, and over all places at once: pointwise functions, normalisation, pools.

What is here: `PLACE_RULES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from .layer_rules import Rules, axes_from_last, check_constant, joined, moving_of, refuse_channels, rule
from .motion import CannotFollow, Motion, Moving, Still, Turning

__all__ = ["PLACE_RULES"]

PLACE_RULES: Rules = {}


@rule(PLACE_RULES, "contiguous clone detach to float double type type_as cpu cuda get:real real get:imag imag positive")
def _unchanged(result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    return moving if result.is_floating_point() or result.is_complex() else moving.increased()


@rule(PLACE_RULES, "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout")
def _dropout(_result: Tensor, x: Tensor, p: float = 0.5, training: bool = True, *_: Any, **__: Any) -> Motion:
    if training and p:
        raise CannotFollow("dropout is active: the module is in training mode")
    return moving_of(x)


@rule(
    PLACE_RULES,
    "relu relu6 sigmoid tanh exp expm1 log log1p log10 log2 sqrt logsigmoid hardsigmoid floor ceil trunc erf "
    "atan softsign sign",
)
def _increasing(_result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    return moving_of(x).increased()


@rule(PLACE_RULES, "add sub rsub __radd__ __rsub__ subtract")
def _sum(result: Tensor, *terms: Any, **_: Any) -> Motion:
    return joined(result, terms)


@rule(PLACE_RULES, "mul multiply __rmul__")
def _product(result: Tensor, a: Any, b: Any) -> Motion:
    after = joined(result, (a, b))
    both = all(isinstance(getattr(factor, "motion", None), Moving) for factor in (a, b))
    return after.reordered() if both else after


@rule(PLACE_RULES, "div divide true_divide")
def _quotient(result: Tensor, a: Any, b: Any, *, rounding_mode: str | None = None) -> Motion:
    after = joined(result, (a, b))
    linear = rounding_mode is None and not isinstance(getattr(b, "motion", None), Moving)
    return after if linear else after.reordered()


@rule(
    PLACE_RULES,
    "neg negative square pow __rpow__ __rdiv__ __rtruediv__ rsqrt sin cos reciprocal clamp clip clamp_min "
    "clamp_max minimum maximum gelu silu mish elu selu celu leaky_relu hardswish hardtanh softplus threshold "
    "hypot atan2 angle eq ne lt le gt ge logical_and logical_or logical_not isnan isfinite lerp addcmul "
    "addcdiv masked_fill nan_to_num conj round long int bool half bfloat16",
)
def _pointwise(result: Tensor, *args: Any, **more: Any) -> Motion:
    return joined(result, (*args, *more.values())).reordered()


@rule(PLACE_RULES, "abs absolute")
def _magnitude(result: Tensor, x: Tensor) -> Motion:
    motion = getattr(x, "motion", None)
    return Still(motion.modulus) if isinstance(motion, Turning) else _pointwise(result, x)


@rule(PLACE_RULES, "where")
def _where(result: Tensor, condition: Tensor, a: Any, b: Any) -> Motion:
    return joined(result, (condition, a, b)).reordered()


@rule(PLACE_RULES, "prelu")
def _prelu(_result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    refuse_channels(moving, x)
    return moving.reordered()


@rule(PLACE_RULES, "cat concat concatenate")
def _cat(result: Tensor, tensors: Sequence[Tensor], *_: Any, **__: Any) -> Motion:
    return joined(result, tensors)


def _reduced(result: Tensor, x: Tensor, dim: Any, fact: str) -> Motion:
    moving = moving_of(x)
    axes = axes_from_last(dim, x.ndim)
    if moving.dim in axes:
        return Still(getattr(moving.whole(), fact))
    after = {"mean": moving.linear(), "maximum": moving.increased(), "any_roll": moving.reordered()}[fact]
    if fact != "any_roll" and all(x.shape[axis] == 1 for axis in axes):
        after = moving  # the mean of one value, and its maximum, is that value
    fewer = 0 if result.ndim == x.ndim else sum(axis > moving.dim for axis in axes)
    return replace(after, dim=moving.dim + fewer)


@rule(PLACE_RULES, "mean sum")
def _mean(result: Tensor, x: Tensor, dim: Any = None, *_: Any, **__: Any) -> Motion:
    return _reduced(result, x, dim, "mean")


@rule(PLACE_RULES, "max amax")
def _maximum(result: Any, x: Tensor, dim: Any = None, *_: Any, **__: Any) -> Motion:
    if isinstance(dim, Tensor):
        return _pointwise(result, x, dim)
    return _reduced(result if isinstance(result, Tensor) else result[0], x, dim, "maximum")


@rule(PLACE_RULES, "min amin std var prod logsumexp any all")
def _symmetric(result: Any, x: Tensor, dim: Any = None, *_: Any, **__: Any) -> Motion:
    if isinstance(dim, Tensor):
        return _pointwise(result, x, dim)
    return _reduced(result if isinstance(result, Tensor) else result[0], x, dim, "any_roll")


@rule(PLACE_RULES, "norm linalg_norm linalg_vector_norm")
def _norm(result: Tensor, x: Tensor, _order: Any = None, dim: Any = None, *_: Any, **__: Any) -> Motion:
    return _reduced(result, x, dim, "any_roll")  # the norms of a matrix, too, ignore the order of rows and columns


@rule(PLACE_RULES, "softmax log_softmax softmin")
def _softmax(_result: Tensor, x: Tensor, dim: int | None = None, *_: Any, **__: Any) -> Motion:
    return _normalized(moving_of(x), axes_from_last(dim, x.ndim))


@rule(PLACE_RULES, "normalize")
def _normalize(_result: Tensor, x: Tensor, _order: float = 2.0, dim: Any = 1, *_: Any, **__: Any) -> Motion:
    return _normalized(moving_of(x), axes_from_last(dim, x.ndim))


def _normalized(moving: Moving, axes: set[int]) -> Moving:
    """Follow values that are set against all values along some axes."""
    return (moving.whole() if moving.dim in axes else moving).reordered()


@rule(PLACE_RULES, "layer_norm")
def _layer_norm(_result: Tensor, x: Tensor, shape: Sequence[int], *scales: Any, **more: Any) -> Motion:
    moving = _normalized(moving_of(x), set(range(-len(shape), 0)))
    for scale in (*scales, *more.values()):
        if isinstance(scale, Tensor):
            check_constant(scale, moving)
    return moving


@rule(PLACE_RULES, "group_norm instance_norm")
def _channel_norm(_result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    refuse_channels(moving, x)
    return _normalized(moving, set(range(2 - x.ndim, 0)))


@rule(PLACE_RULES, "batch_norm")
def _batch_norm(_result: Tensor, x: Tensor, *settings: Any, training: bool = False, **__: Any) -> Motion:
    moving = moving_of(x)
    refuse_channels(moving, x)
    if training or any(settings[4:5]):  # after two statistics, weight and bias
        raise CannotFollow("batch norm is in training mode")
    return moving.linear()
