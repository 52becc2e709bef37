"""Rules for what looks at neighbouring places: convolutions, pools, padding, the choice of a phase, indices.

What is here: `WINDOW_RULES`; `even_factors` of the taps of a filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .layer_rules import Rules, axis_from_last, moving_of, refuse_flattened, rule
from .motion import CannotFollow, Motion, Moving, Still, Turning

__all__ = ["WINDOW_RULES", "even_factors"]

WINDOW_RULES: Rules = {}


def even_factors(taps: Tensor, dilation: int = 1) -> frozenset[int]:
    """Return the factors f for which the taps that fall on each phase modulo f add up to the same.

    Parameters
    ----------
    taps : Tensor of shape (..., width)
        Every filter must fulfil it.
    dilation : int, default 1

    Returns
    -------
    frozenset of int
        To the rounding of a sum in float64; a filter of trained weights is not even by being nearly so.

    Examples
    --------
    >>> sorted(even_factors(torch.tensor([1.0, 2.0, 1.0]))), sorted(even_factors(torch.ones(6)))
    ([2], [2, 3, 6])
    """
    taps = taps.detach().double()
    width = taps.shape[-1]
    place = dilation * torch.arange(width, device=taps.device)
    slack = 4 * torch.finfo(torch.float64).eps * taps.abs().sum(-1)
    found = []
    for factor in range(2, width + 1):  # more phases than taps leave some without any
        sums = torch.stack([taps[..., place % factor == phase].sum(-1) for phase in range(factor)])
        if bool((sums.amax(0) - sums.amin(0) <= slack).all()):
            found.append(factor)
    return frozenset(found)


@rule(WINDOW_RULES, "conv1d conv2d")
def _convolution(
    _result: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *_: Any,
    **__: Any,
) -> Motion:
    moving, n_spatial = moving_of(x), weight.ndim - 2
    if any(hasattr(setting, "motion") for setting in (weight, bias)):
        raise CannotFollow("its kernel is computed from the input")
    if moving.dim == -n_spatial - 1:
        raise CannotFollow("its channels are the places, and each has its own weights")
    if moving.dim < -n_spatial:
        return moving.linear()
    refuse_flattened(moving, x)
    width = weight.shape[moving.dim]
    if (padding == "same" and width > 1) or (padding not in ("same", "valid") and _along(padding, moving, n_spatial)):
        raise CannotFollow("it pads with zeros, which do not move along")
    reach = _along(dilation, moving, n_spatial)
    even = even_factors(weight.movedim(moving.dim, -1), reach)
    return replace(moving.linear(), even=moving.even | even).slid(width, _along(stride, moving, n_spatial), reach)


def _along(setting: Any, moving: Moving, n_spatial: int) -> int:
    """Return what a setting of a convolution or a pool is along the axis of the places."""
    values = tuple(setting) if isinstance(setting, Sequence) else (setting,) * n_spatial
    return int(values[moving.dim] if len(values) > 1 else values[0])


def _max_pool(
    n_spatial: int,
    _result: Tensor,
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    *_: Any,
    **__: Any,
) -> Motion:
    moving = moving_of(x)
    if moving.dim < -n_spatial:
        return moving.increased()
    width, step = _pool_window(x, n_spatial, kernel_size, stride, padding)
    reach = _along(dilation, moving, n_spatial)
    return (moving.covered(width) if reach == 1 else moving.reordered()).slid(width, step, reach)


def _average_pool(
    n_spatial: int,
    _result: Tensor,
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    *_: Any,
    **__: Any,
) -> Motion:
    moving = moving_of(x)
    if moving.dim < -n_spatial:
        return moving.linear()
    width, step = _pool_window(x, n_spatial, kernel_size, stride, padding)
    return replace(moving.linear(), even=moving.even | even_factors(torch.ones(width))).slid(width, step)


def _pool_window(x: Tensor, n_spatial: int, kernel_size: Any, stride: Any, padding: Any) -> tuple[int, int]:
    moving = moving_of(x)
    refuse_flattened(moving, x)
    if _along(padding, moving, n_spatial):
        raise CannotFollow("its windows reach beyond the ends, and what they find there does not move along")
    width = _along(kernel_size, moving, n_spatial)
    alone = width == moving.n_seen  # one window is all windows, whatever the stride
    return width, width if alone or stride is None or stride == () else _along(stride, moving, n_spatial)


def _adaptive_pool(n_spatial: int, fact: str, result: Tensor, x: Tensor, *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    if moving.dim < -n_spatial:
        return moving.linear() if fact == "mean" else moving.increased()
    n_out = result.shape[moving.dim]
    if n_out == 1:
        return Still(getattr(moving.whole(), fact))
    if moving.n_seen % n_out:
        raise CannotFollow(f"its {n_out} windows over {moving.n_seen} places differ in length")
    pool = _average_pool if fact == "mean" else _max_pool
    width = [1] * n_spatial
    width[moving.dim] = moving.n_seen // n_out
    return pool(n_spatial, result, x, width)


for _n in (1, 2):
    WINDOW_RULES[f"max_pool{_n}d"] = partial(_max_pool, _n)
    WINDOW_RULES[f"avg_pool{_n}d"] = partial(_average_pool, _n)
    WINDOW_RULES[f"adaptive_avg_pool{_n}d"] = partial(_adaptive_pool, _n, "mean")
    WINDOW_RULES[f"adaptive_max_pool{_n}d"] = partial(_adaptive_pool, _n, "maximum")


@rule(WINDOW_RULES, "largest_phase")
def _largest_phase(_result: Tensor, maps: Tensor, axis: int, factor: int) -> Motion:
    moving = moving_of(maps).whole()  # the norm is taken over all places, whichever axis the phases are of
    if axis_from_last(axis, maps.ndim) != moving.dim:
        return moving.reordered()
    refuse_flattened(moving, maps)
    return moving.largest_phase(factor)


@rule(WINDOW_RULES, "pad")
def _pad(_result: Tensor, x: Tensor, pad: Sequence[int], mode: str = "constant", *_: Any, **__: Any) -> Motion:
    moving = moving_of(x)
    place = -2 * moving.dim - 2
    before, after = (int(n) for n in (pad[place : place + 2] or (0, 0)))
    if not before and not after:
        return moving  # what enters along another axis is a constant, or moves along like what it repeats
    if mode != "circular":
        raise CannotFollow(f"it pads ({mode}), and what enters does not move along")
    refuse_flattened(moving, x)
    return replace(moving.whole(), n_seen=moving.n_seen + before + after)


@rule(WINDOW_RULES, "unfold")
def _unfold(_result: Tensor, x: Tensor, dimension: int, size: int, step: int) -> Motion:
    moving = moving_of(x)
    if axis_from_last(dimension, x.ndim) != moving.dim:
        return replace(moving.reordered(), dim=moving.dim - 1)
    refuse_flattened(moving, x)
    return replace(moving.reordered().slid(size, step), dim=moving.dim - 1)


@rule(WINDOW_RULES, "__getitem__")
def _getitem(_result: Tensor, x: Tensor, index: Any) -> Motion:
    parts = list(index) if isinstance(index, tuple) else [index]
    motion = getattr(x, "motion", None)
    if isinstance(motion, Turning) and all(part is Ellipsis or type(part) in (int, slice) for part in parts):
        return motion  # each value has its magnitude wherever it stands
    known = [part is None or part is Ellipsis or type(part) in (int, slice) or _is_places(part) for part in parts]
    if not all(known) or sum(isinstance(part, Tensor) for part in parts) > 1:
        raise CannotFollow("it picks by something else than numbers, slices and one list of constants")
    gap = next((place for place, part in enumerate(parts) if part is Ellipsis), len(parts))
    n_named = sum(part is not None and part is not Ellipsis for part in parts)
    parts[gap : gap + 1] = [slice(None)] * (x.ndim - n_named)
    axis = [place for place, part in enumerate(parts) if part is not None][moving_of(x).dim]
    picked = parts[axis]
    if any(isinstance(part, Tensor) for part in parts) and not all(
        part is picked or part == slice(None) for part in parts
    ):
        raise CannotFollow("it picks by a list and in another way at once")
    after = _picked(x, picked)
    return replace(after, dim=-1 - sum(type(part) is not int for part in parts[axis + 1 :]))


def _is_places(part: Any) -> bool:
    """Tell whether something is a constant list of places."""
    return isinstance(part, Tensor) and not hasattr(part, "motion") and part.ndim == 1 and part.dtype == torch.int64


def _picked(x: Tensor, picked: Any) -> Moving:
    """Follow what is picked along the axis of the places."""
    moving = moving_of(x)
    if isinstance(picked, slice):
        first, last, step = picked.indices(x.shape[moving.dim])
        if (first, last, step) == (0, x.shape[moving.dim], 1):
            return moving
        refuse_flattened(moving, x)
        return moving.every(step, len(range(first, last, step)))
    if isinstance(picked, Tensor):
        refuse_flattened(moving.whole(), x)
        if bool((picked.diff() % moving.n_places == 1).all()):  # goes round, maybe more than once
            return replace(moving, n_seen=len(picked))
    raise CannotFollow("it picks single places")
