"""Downsampling as a network does it: the calls of torch by which a window slides in steps larger than one.

Conventions
-----------
Maps are ``(batch, channels, n)`` or ``(batch, channels, n_rows, n_columns)``; what a network takes for time is its own
affair, so axes are counted from the last, -1 and -2. A call is the same whether a module, a function or an exported
graph makes it.

What is here: `SlidingCall`, `read_call`, `operation_of`, `left_alone`, `zero_padded_axes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from torch import Tensor

from ..downsampling import Sliding

__all__ = ["SlidingCall", "left_alone", "operation_of", "read_call", "zero_padded_axes"]

_SLIDING = re.compile(r"(conv|max_pool|avg_pool)([12])d")
_PARAMETERS = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    "avg_pool": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
}
_KINDS = {"conv": "convolution", "max_pool": "maximum", "avg_pool": "mean"}
_UNEVEN = re.compile(r"(adaptive|fractional)_(max|avg)_pool[12]d.*")
_OTHERS = {
    re.compile(r"(conv|max_pool|avg_pool)3d"): "it slides along three axes",
    re.compile(r"lp_pool[12]d"): "it pools by a power",
    re.compile(r"max_pool[12]d_with_indices"): "the places of its maxima are used",
    re.compile(r"convolution"): "the graph is taken apart; export it without run_decompositions",
}


@dataclass(frozen=True, eq=False)
class SlidingCall:
    """A window that slides over maps in steps.

    Parameters
    ----------
    kind : {"convolution", "maximum", "mean"}
    maps : Tensor of shape (batch, channels, n) or (batch, channels, n_rows, n_columns)
    windows : tuple of Sliding
        One an axis; `back` and `ahead` are the call's own padding.
    sizes : tuple of int
        Of what comes out, along each axis.
    weight, bias : Tensor, optional
        Of a convolution.
    groups : int, default 1
    obstacle : str, default ""
        Why nothing can be put in its place.
    """

    kind: str
    maps: Tensor
    windows: tuple[Sliding, ...]
    sizes: tuple[int, ...]
    weight: Tensor | None = None
    bias: Tensor | None = None
    groups: int = 1
    obstacle: str = ""

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps along each axis."""
        return tuple(window.stride for window in self.windows)

    @property
    def stride_along(self) -> dict[int, int]:
        """Steps by axis, counted from the last."""
        return dict(zip(range(-len(self.windows), 0), self.strides, strict=True))

    @property
    def stepping(self) -> tuple[int, ...]:
        """Axes with steps larger than one, counted from the last."""
        return tuple(axis for axis, stride in self.stride_along.items() if stride > 1)

    def only_along(self, axes: Collection[int]) -> SlidingCall:
        """Return the same call along some axes alone; along the others every value is left as it is.

        Parameters
        ----------
        axes : collection of int
            Counted from the last.

        Returns
        -------
        SlidingCall
        """
        sizes, windows = list(self.maps.shape[-len(self.windows) :]), [Sliding()] * len(self.windows)
        for axis in axes:
            sizes[axis], windows[axis] = self.sizes[axis], self.windows[axis]
        return replace(self, sizes=tuple(sizes), windows=tuple(windows))


def operation_of(function: Callable[..., Any]) -> str:
    """Name what a function of torch does.

    Parameters
    ----------
    function : callable

    Returns
    -------
    str
        Without the variant of an operator: ``max_pool1d``.

    Examples
    --------
    >>> import torch
    >>> operation_of(torch.ops.aten.max_pool1d.default), operation_of(torch.nn.functional.max_pool1d)
    ('max_pool1d', 'max_pool1d')
    """
    return str(getattr(function, "__name__", "")).partition(".")[0]


def read_call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> SlidingCall | None:
    """Read a call of torch as a window that slides in steps larger than one.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it is called with.

    Returns
    -------
    SlidingCall or None
        None where it is something else, or no step is larger than one.

    Examples
    --------
    >>> import torch
    >>> call = read_call(torch.nn.functional.max_pool1d, (torch.zeros(1, 4, 9), 2), {})
    >>> call.kind, call.windows[0].width, call.strides, call.sizes
    ('maximum', 2, (2,), (4,))
    """
    found = _SLIDING.fullmatch(operation_of(function))
    if found is None:
        return None
    kind, n_axes = found[1], int(found[2])
    given = dict(zip(_PARAMETERS[kind], args, strict=False)) | dict(kwargs)
    width = given["weight"].shape[2:] if kind == "conv" else given["kernel_size"]
    numbers = [
        _each(number, n_axes)
        for number in (
            width,
            given.get("stride") or (1 if kind == "conv" else width),
            given.get("dilation", 1),
            0 if isinstance(given.get("padding"), str) else given.get("padding", 0),
        )
    ]
    windows = tuple(
        Sliding(width, stride, dilation, back=padding, ahead=padding)
        for width, stride, dilation, padding in zip(*numbers, strict=True)
    )
    if all(window.stride == 1 for window in windows):
        return None
    maps: Tensor = given["input"]
    sizes = zip(windows, maps.shape[-n_axes:], strict=True)
    return SlidingCall(
        kind=_KINDS[kind],
        maps=maps,
        windows=windows,
        sizes=tuple(_size(window, n, rounded_up=bool(given.get("ceil_mode"))) for window, n in sizes),
        weight=given.get("weight"),
        bias=given.get("bias"),
        groups=given.get("groups", 1),
        obstacle=_obstacle(kind, given, windows),
    )


def _each(number: Any, n_axes: int) -> tuple[int, ...]:
    """Return one number for each axis."""
    numbers = (int(number),) if isinstance(number, int) else tuple(int(one) for one in number)
    return numbers * n_axes if len(numbers) == 1 else numbers


def _size(window: Sliding, n: int, *, rounded_up: bool) -> int:
    """Return how many values come out; rounded up, the last window may begin inside and end outside."""
    if not rounded_up:
        return window.size(n)
    size = ceil((n + window.back + window.ahead - window.reach - 1) / window.stride) + 1
    return size - ((size - 1) * window.stride >= n + window.back)


def _obstacle(kind: str, given: Mapping[str, Any], windows: Sequence[Sliding]) -> str:
    if given["input"].ndim != len(windows) + 2:
        return "its maps have no batch"
    if given.get("return_indices"):
        return "the places of its maxima are used"
    if kind == "max_pool" and any(window.dilation > 1 for window in windows):
        return "its window has holes"
    counts_inside = not given.get("count_include_pad", True) and any(window.back for window in windows)
    if counts_inside or given.get("divisor_override") is not None:
        return "its means divide unevenly"
    return ""


def zero_padded_axes(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> frozenset[int]:
    """Tell along which axes a convolution itself pads with zeros.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it is called with.

    Returns
    -------
    frozenset of int
        Counted from the last; empty of any other call.

    Examples
    --------
    >>> import torch
    >>> zero_padded_axes(torch.conv1d, (torch.zeros(1, 1, 9), torch.zeros(1, 1, 3)), {"padding": 1})
    frozenset({-1})
    """
    found = _SLIDING.fullmatch(operation_of(function))
    if found is None or found[1] != "conv":
        return frozenset()
    given, n_axes = dict(zip(_PARAMETERS["conv"], args, strict=False)) | dict(kwargs), int(found[2])
    padding = given.get("padding", 0)
    if isinstance(padding, str):
        amounts = tuple(width - 1 if padding == "same" else 0 for width in given["weight"].shape[2:])
    else:
        amounts = _each(padding, n_axes)
    return frozenset(axis for axis, n in zip(range(-n_axes, 0), amounts, strict=True) if n)


def left_alone(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Say why a call that makes maps smaller is none that can be replaced.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it is called with.

    Returns
    -------
    str
        Empty where it makes nothing smaller, or makes one value of all.
    """
    operation = operation_of(function)
    if _UNEVEN.fullmatch(operation):
        size = dict(zip(("input", "output_size"), args, strict=False)) | dict(kwargs)
        return "" if _is_one(size.get("output_size")) else "its windows do not slide evenly"
    if operation == "convolution" and (max(_each(args[3], 1)) == 1 or args[6]):  # args[6]: it makes maps larger
        return ""
    return next((why for pattern, why in _OTHERS.items() if pattern.fullmatch(operation)), "")


def _is_one(size: Any) -> bool:
    return size == 1 or (isinstance(size, Sequence) and set(size) == {1})
