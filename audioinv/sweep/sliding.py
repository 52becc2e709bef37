"""Operations on neighbouring columns: convolutions, pools, padding, framing, cutting; one rule a kind.

Conventions
-----------
A rule takes a `Call` and returns a `Slide` (or, where nothing slides, `Columns`), or an `Obstacle`. `Slide.apply`
leaves the padding along the sliding axis to its caller and does that of the other axis itself.
See `audioinv.sweep.operations`.

What is here: `SLIDING_RULES`, by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .operations import Call, Columns, Obstacle, Slide
from .tracing import arguments, shape_of

__all__ = ["SLIDING_RULES"]

Rule = Callable[[Call], Slide | Columns | Obstacle]

_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: functional.conv1d, 2: functional.conv2d}
_MAX_POOLS: dict[int, Callable[..., Tensor]] = {1: functional.max_pool1d, 2: functional.max_pool2d}
_RELU: tuple[Any, ...] = ("relu", [], "")  # what follows a convolution, as PyTorch's private operation is told
_FEW = 4  # values; above, a pool is faster than comparing one by one
_AVERAGE_POOLS: dict[int, Callable[..., Tensor]] = {1: functional.avg_pool1d, 2: functional.avg_pool2d}


def _sizes(value: Any, n_spatial: int) -> list[int]:
    """Return one number for each spatial axis."""
    numbers = [value] if isinstance(value, int) else list(value)
    return numbers * n_spatial if len(numbers) == 1 else numbers


def _spatial(call: Call) -> tuple[int, int]:
    """Return how many spatial axes there are, and which of them slides (negative: none)."""
    return call.n_axes - 2, call.axis - 2


def _put(numbers: Sequence[int], at: int, number: int) -> list[int]:
    return [*numbers[:at], number, *numbers[at + 1 :]]


def _convolution(call: Call) -> Slide | Obstacle:
    n_spatial, at = _spatial(call)
    if call.sources != arguments(call.node)[:1]:
        return Obstacle("is convolved with what is no weight")
    if at < 0:
        return Obstacle("has one weight for each column")
    weight: Tensor = call.constants[arguments(call.node)[1]]
    bias = call.constants.get(call.argument(2, "bias"))
    stride = _sizes(call.argument(3, "stride", 1), n_spatial)
    dilation = _sizes(call.argument(5, "dilation", 1), n_spatial)
    groups = call.argument(6, "groups", 1)
    kernel = list(weight.shape[2:])
    padding = _padding_of(call, kernel, dilation)
    if isinstance(padding, Obstacle):
        return padding
    convolve, outside = _CONVOLUTIONS[n_spatial], _put(padding, at, 0)
    at_once = _rectifying_convolution()
    kernels = [_channels_last(weight), _channels_last(weight.transpose(2, -1))]

    def apply(columns: Tensor, step: int, spread: int) -> Tensor:
        def run(maps: Tensor, turn: int) -> Tensor:
            sizes = (_put(stride, at, step), outside, _put(dilation, at, spread))
            return convolve(maps, kernels[turn < 0], bias, *(size[::turn] for size in sizes), groups)

        return _turned(run, columns)

    def rectified(columns: Tensor, step: int, spread: int) -> Tensor:
        def run(maps: Tensor, turn: int) -> Tensor:
            sizes = (outside, _put(stride, at, step), _put(dilation, at, spread))
            given = (maps, kernels[turn < 0], bias, *(size[::turn] for size in sizes), groups)
            made: Tensor = at_once(*given, *_RELU)
            return made

        fits = n_spatial == 2 and columns.device.type == "cpu" and columns.dtype == torch.float32
        return _turned(run, columns) if fits else apply(columns, step, spread).relu_()

    sizes = (kernel[at], stride[at], dilation[at], padding[at], padding[at])
    return Slide(call.sources[0], apply, call.axis, *sizes, fresh=True, rectified=rectified if at_once else None)


@cache
def _rectifying_convolution() -> Any:
    """Return the operation that PyTorch's own compiler takes for a convolution with what follows it, or None.

    It is private to PyTorch, so another version may have it with other arguments, or none: it is tried out once.
    """
    if not torch.backends.mkldnn.is_available():
        return None
    at_once: Any = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)
    maps, kernel = (torch.arange(2.0 * n * n).sin().float().reshape(1, 2, n, n) for n in (7, 3))  # of both signs
    bias, stride, padding, dilation = torch.full((1,), 0.1, dtype=torch.float32), [2, 1], [1, 0], [1, 2]
    expected = functional.conv2d(maps, kernel, bias, stride, padding, dilation).relu_()
    try:
        made = at_once(maps, kernel, bias, padding, stride, dilation, 1, *_RELU)
        return at_once if torch.allclose(made, expected, atol=1e-5) else None
    except (RuntimeError, TypeError, ValueError):
        return None


def _padding_of(call: Call, kernel: Sequence[int], dilation: Sequence[int]) -> list[int] | Obstacle:
    """Return a convolution's padding at either end of each spatial axis, which may be written as a word."""
    padding = call.argument(4, "padding", 0)
    if padding == "same":
        total = [(size - 1) * spread for size, spread in zip(kernel, dilation, strict=True)]
        if any(size % 2 for size in total):
            return Obstacle("pads unevenly by itself")
        padding = [size // 2 for size in total]
    return _sizes(0 if padding == "valid" else padding, len(kernel))


def _channels_last(tensor: Tensor) -> Tensor:
    """Lay a map or a kernel out as two-dimensional convolutions and pools are fastest on it, by several times."""
    if tensor.ndim != 4:
        return tensor
    if tensor.shape[1] > 1:
        return tensor.contiguous(memory_format=torch.channels_last)
    # A single channel is laid out either way; which one torch sees is decided by a stride that nothing else needs.
    return tensor.as_strided(tensor.shape, (tensor.stride(0), 1, *tensor.stride()[2:]))


def _turned(run: Callable[[Tensor, int], Tensor], maps: Tensor) -> Tensor:
    """Run a layer with its last axis the longer one, along which kernels are fast: borders are a few columns wide.

    `run` takes maps and 1 or -1, the order in which sizes of axes are to be given.
    """
    if maps.ndim == 4 and maps.shape[3] < maps.shape[2]:
        return run(_channels_last(maps.transpose(2, 3)), -1).transpose(2, 3)
    return run(_channels_last(maps), 1)


def _max_pool(call: Call) -> Slide | Obstacle:
    n_spatial, at = _spatial(call)
    kernel = _sizes(call.argument(1, "kernel_size"), n_spatial)
    stride = _sizes(call.argument(2, "stride", []) or kernel, n_spatial)
    padding = _sizes(call.argument(3, "padding", 0), n_spatial)
    dilation = _sizes(call.argument(4, "dilation", 1), n_spatial)
    if at < 0 or call.argument(5, "ceil_mode", False):
        return Obstacle("rounds its length up")
    pool, outside = _MAX_POOLS[n_spatial], _put(padding, at, 0)
    by_hand = n_spatial == 2 and not any(outside) and max(kernel) <= _FEW

    def apply(columns: Tensor, step: int, spread: int) -> Tensor:
        if by_hand:
            columns = _largest(columns, 3 - at, kernel[1 - at], stride[1 - at], dilation[1 - at])
            return _largest(columns, 2 + at, kernel[at], step, spread)

        def run(maps: Tensor, turn: int) -> Tensor:
            sizes = (kernel, _put(stride, at, step), outside, _put(dilation, at, spread))
            return pool(maps, *(size[::turn] for size in sizes))

        return _turned(run, columns)

    least = -float("inf")
    return Slide(
        call.sources[0], apply, call.axis, kernel[at], stride[at], dilation[at], padding[at], padding[at], least
    )


def _largest(maps: Tensor, axis: int, kernel: int, stride: int, dilation: int) -> Tensor:
    """Return the largest of every few values, by comparing whole maps: PyTorch's pool also says which it was."""
    length = (maps.shape[axis] - (kernel - 1) * dilation - 1) // stride * stride + 1
    first, *others = (maps.narrow(axis, place * dilation, length) for place in range(kernel))
    every = (slice(None),) * axis + (slice(None, None, stride),)
    largest = first[every]
    for other in others:
        largest = torch.maximum(largest, other[every])
    return largest


def _average_pool(call: Call) -> Slide | Obstacle:
    n_spatial, at = _spatial(call)
    kernel = _sizes(call.argument(1, "kernel_size"), n_spatial)
    stride = _sizes(call.argument(2, "stride", []) or kernel, n_spatial)
    padding = _sizes(call.argument(3, "padding", 0), n_spatial)
    counts_padding = call.argument(5, "count_include_pad", True)
    if at < 0 or call.argument(4, "ceil_mode", False):
        return Obstacle("rounds its length up")
    if (padding[at] and not counts_padding) or call.argument(6, "divisor_override") is not None:
        return Obstacle("divides by a number of its own at the border")
    pool, outside = _AVERAGE_POOLS[n_spatial], _put(padding, at, 0)

    def apply(columns: Tensor, step: int, spread: int) -> Tensor:
        if spread == 1:
            return pool(columns, kernel, _put(stride, at, step), outside, False, counts_padding)
        # An average has no dilation, so its terms are added one by one.
        if n_spatial > 1:
            columns = pool(columns, _put(kernel, at, 1), _put(stride, at, 1), outside, False, counts_padding)
        frames = _framed(columns, call.axis, kernel[at], step, spread)
        return frames.mean(-1)

    return Slide(call.sources[0], apply, call.axis, kernel[at], stride[at], 1, padding[at], padding[at])


def _framed(columns: Tensor, axis: int, kernel: int, stride: int, dilation: int) -> Tensor:
    """Return every place's neighbours along a new last axis, without copying."""
    return columns.unfold(axis, (kernel - 1) * dilation + 1, stride)[..., ::dilation]


def _framing(call: Call) -> Slide | Columns | Obstacle:
    if call.axis_argument(1) != call.axis:
        return Obstacle("frames another axis") if call.axis_argument(1) == 0 else call.again(call.axis)
    size, step = call.argument(2, "size"), call.argument(3, "step")

    def apply(columns: Tensor, stride: int, dilation: int) -> Tensor:
        return _framed(columns, call.axis, size, stride, dilation)

    return Slide(call.sources[0], apply, call.axis, size, step, frames=True)


def _short_time_spectrum(call: Call) -> Slide | Obstacle:
    """Frame and transform by hand: `torch.stft` itself cannot skip samples between those of a frame."""
    target: Any = call.node.target
    given = {entry.name: entry.default_value for entry in target._schema.arguments}
    given |= dict(zip(given, arguments(call.node), strict=False)) | dict(call.node.kwargs)
    if call.n_axes != 2 or given.get("center") or not given["return_complex"]:
        return Obstacle("is a short-time spectrum of another form")
    n_fft = given["n_fft"]
    length = given["win_length"] or n_fft
    window = call.constants.get(given["window"])
    window = torch.ones(length) if window is None else window
    window = functional.pad(window, ((n_fft - length) // 2, n_fft - length - (n_fft - length) // 2))
    transform = torch.fft.fft if given["onesided"] is False else torch.fft.rfft
    norm = "ortho" if given["normalized"] else "backward"

    def apply(columns: Tensor, stride: int, dilation: int) -> Tensor:
        frames = _framed(columns, 1, n_fft, stride, dilation)
        spectra: Tensor = transform(frames * window.to(columns.device), norm=norm)
        return spectra.transpose(1, 2)

    return Slide(call.sources[0], apply, 2, n_fft, given["hop_length"] or n_fft // 4, frames=True)


def _padding(call: Call) -> Slide | Obstacle:
    amounts, mode = list(call.argument(1, "pad")), call.argument(2, "mode", "constant")
    value = call.argument(3, "value") or 0.0
    at = 2 * (call.n_axes - 1 - call.axis)
    before, after = (*amounts[at : at + 2], 0, 0)[:2]
    others = [*amounts[:at], 0, 0, *amounts[at + 2 :]] if at < len(amounts) else amounts
    if mode != "constant" and min(before, after) < 0:
        return Obstacle("cuts columns off and wraps the rest")

    def apply(columns: Tensor, _stride: int, _dilation: int) -> Tensor:
        return functional.pad(columns, others, mode, value if mode == "constant" else None) if any(others) else columns

    fill = value if mode == "constant" else mode
    return Slide(call.sources[0], apply, call.axis, before=before, after=after, fill=fill)


def _cut(call: Call) -> Slide | Columns | Obstacle:
    at = call.axis_argument(1, "dim", 0)
    size = shape_of(call.sources[0])[at]
    start, stop, _ = slice(call.argument(2, "start"), call.argument(3, "end")).indices(size)
    step = call.argument(4, "step", 1)
    if at == 0:
        whole = (start, stop, step) == (0, size, 1)
        return Columns(call.sources, lambda tensors: tensors[0], call.axis) if whole else Obstacle("cuts the batch")
    if at != call.axis:
        return call.again(call.axis)

    def apply(columns: Tensor, stride: int, _dilation: int) -> Tensor:
        return columns if stride == 1 else columns.unfold(call.axis, 1, stride)[..., 0]

    return Slide(call.sources[0], apply, call.axis, stride=step, before=-start, after=stop - size)


SLIDING_RULES: dict[str, Rule] = {
    "avg_pool1d": _average_pool,
    "avg_pool2d": _average_pool,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "max_pool1d": _max_pool,
    "max_pool2d": _max_pool,
    "pad": _padding,
    "slice": _cut,
    "stft": _short_time_spectrum,
    "unfold": _framing,
}
"""Rules by the name of an ``aten`` operation."""
