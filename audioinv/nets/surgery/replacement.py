"""What is put in the place of a window that slides in steps: the window at every place, and another choice among them.

Conventions
-----------
A replacement is named by the grammar of `audioinv.nets.downsampling`: ``average``, ``blurN``, ``polyphase`` or
``blurN-polyphase``. What comes out has the size of what it replaces, so that all later layers fit.

- **blurN**: the window at every place, then a low-pass filter, then every s-th value, s being the step. After a
  maximum this is max-blur pooling [1]_. N binomial weights stand for s = 2. They are N - 1 boxes of length 2 convolved,
  and N - 1 boxes of length s are taken for other steps: a B-spline, whose spectrum is 0 wherever the steps would
  fold something onto a constant.
- **average**: a mean in the place of a maximum; a convolution at every place, then the mean of each s values. A mean
  stays as it is. Along one axis only, means are taken of maxima along the other.
- **polyphase**: the window at every place, then of the s ways to take every s-th value the one of largest norm, for
  each example by itself [2]_. All windows that begin at the same grid of a network take the way of the first of them,
  as the two sides of a residual block must; see `Phases`.
- **Borders.** Beyond the end a filter finds the map mirrored, a maximum its outermost value repeated, a mean the same
  unless it pads with zeros itself, a convolution zeros. Along an axis where the network's own convolutions wrap around,
  all wrap around.

With polyphase, circular borders, maps that s divides and a global pool, answers are the same for all circular shifts.

A strided convolution is blurred before its nonlinearity, since that is where its step is; a network that is built anew
would blur after it.

What is here: `check_kind`, `replaces`, `replaced`, `Layout`, `Phases`, `spline`.

References
----------
.. [1] Zhang, Making Convolutional Networks Shift-Invariant Again, 2019.
.. [2] Chaman & Dokmanić, Truly Shift-Invariant Convolutional Neural Networks, 2021.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as varied
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...errors import InputError, ModelError
from ..downsampling import Downsampling, Sliding, padded
from ..polyphase import keep_phase, strongest_phase
from .calls import SlidingCall

__all__ = ["Layout", "Phases", "check_kind", "replaced", "replaces", "spline"]

_BY_AXES: dict[tuple[str, int], Any] = {
    ("convolution", 1): functional.conv1d,
    ("convolution", 2): functional.conv2d,
    ("maximum", 1): functional.max_pool1d,
    ("maximum", 2): functional.max_pool2d,
    ("mean", 1): functional.avg_pool1d,
    ("mean", 2): functional.avg_pool2d,
}


@dataclass(eq=False)
class Phases:
    """The phases that were chosen in one pass through a network, by the grid that they are phases of.

    A grid is an axis, a size before the choice and a step: where a network has two branches, both sides of a residual
    block, their maps meet again only if both took the same phase.
    """

    chosen: dict[tuple[int, ...], Tensor] = field(default_factory=dict)

    def select(self, maps: Tensor, axis: int, factor: int) -> Tensor:
        """Keep one phase along an axis: the one chosen for this grid before, or that of largest norm.

        Parameters
        ----------
        maps : Tensor of shape (batch, channels, ...)
        axis : int
            Negative: counted from the last.
        factor : int

        Returns
        -------
        Tensor
        """
        grid = (axis, maps.shape[axis], factor, len(maps))
        if grid not in self.chosen:
            self.chosen[grid] = strongest_phase(maps, axis, factor)
        return keep_phase(maps, axis, factor, self.chosen[grid])


def check_kind(kind: str) -> Downsampling:
    """Read what is to be put in place of a network's downsampling.

    Parameters
    ----------
    kind : str

    Returns
    -------
    Downsampling

    Raises
    ------
    InputError
        If it is none that needs no training.

    Examples
    --------
    >>> check_kind("blur3-polyphase")
    Downsampling(window='', lowpass='blur', taps=3, select='polyphase')
    """
    try:
        found = Downsampling.parse(kind)
    except InputError:
        found = Downsampling(select="none")
    blurs = found.window == "" and found.lowpass in ("", "blur") and found.select in ("every", "polyphase")
    if not (blurs or found == Downsampling("average")):
        raise InputError(f"replacement {kind!r} is not average, polyphase, blurN or blurN-polyphase with N from 2 to 7")
    return found


def replaces(kind: Downsampling, call_kind: str) -> bool:
    """Tell whether anything changes: an average leaves a mean as it is.

    Parameters
    ----------
    kind : Downsampling
    call_kind : {"convolution", "maximum", "mean"}
        Of a `SlidingCall`.

    Returns
    -------
    bool
    """
    return not (kind.window == "average" and call_kind == "mean")


@dataclass(frozen=True)
class Layout:
    """Which axes of its maps are operated on, and which the network wraps around; counted from the last.

    Parameters
    ----------
    axes : frozenset of int, default {-1, -2}
    wrapped : frozenset of int, default none
    """

    axes: frozenset[int] = frozenset({-1, -2})
    wrapped: frozenset[int] = frozenset()


def replaced(call: SlidingCall, kind: Downsampling, layout: Layout, phases: Phases) -> Tensor:
    """Return what stands in the place of a call's result.

    Parameters
    ----------
    call : SlidingCall
    kind : Downsampling
        From `check_kind`.
    layout : Layout
        Of the network's maps.
    phases : Phases
        Of this pass.

    Returns
    -------
    Tensor
        Of the shape of what it replaces.

    Raises
    ------
    ModelError
        If a map is too short for its filter.

    Examples
    --------
    >>> from .calls import read_call
    >>> call = read_call(functional.max_pool1d, (torch.tensor([[[4.0, 0.0, 0.0, 0.0]]]), 2), {})
    >>> replaced(call, check_kind("average"), Layout(), Phases())
    tensor([[[2., 0.]]])
    """
    steps = [axis for axis in call.stepping if axis in layout.axes]
    if kind.window == "average" and call.kind == "maximum":
        return _averaged_maximum(call, steps, layout)
    maps = _slide(call, [1 if axis in steps else stride for axis, stride in call.stride_along.items()], layout)
    if kind.window == "average":
        factors = [stride if axis in steps else 1 for axis, stride in call.stride_along.items()]
        means: Tensor = _BY_AXES["mean", len(factors)](maps, factors, factors)
        return means
    for axis in steps if kind.taps else ():
        factor = call.stride_along[axis]
        maps = _blur(maps, axis, spline(kind.taps, factor), 1 if kind.select == "polyphase" else factor, layout)
    for axis in steps if kind.select == "polyphase" else ():
        maps = phases.select(maps, axis, call.stride_along[axis])
    return maps


def _averaged_maximum(call: SlidingCall, steps: Collection[int], layout: Layout) -> Tensor:
    """Take means along the axes that are operated on, of maxima along the other."""
    maxima = _slide(call.only_along([axis for axis in call.stride_along if axis not in steps]), None, layout)
    means = varied(call, kind="mean", maps=maxima).only_along(steps)
    return _slide(means, None, layout)


def _slide(call: SlidingCall, strides: Sequence[int] | None, layout: Layout) -> Tensor:
    """Slide a call's window in other steps than its own over as much as makes a whole number of its own."""
    if all(window == Sliding() for window in call.windows):
        return call.maps
    steps = tuple(call.strides if strides is None else strides)
    windows = tuple(_reaching(call, axis, steps[axis], axis in layout.wrapped) for axis in call.stride_along)
    maps, slide = padded(call.maps, windows), _BY_AXES[call.kind, len(windows)]
    found: Tensor
    if call.kind == "convolution":
        dilations = tuple(window.dilation for window in windows)
        found = slide(maps, call.weight, call.bias, steps, 0, dilations, call.groups)
    else:
        found = slide(maps, tuple(window.width for window in windows), steps)
    return found


def _reaching(call: SlidingCall, axis: int, stride: int, wraps: bool) -> Sliding:
    """Return a call's window along one axis with what it must find beyond the end, in steps of its own or of one."""
    window, n = call.windows[axis], call.maps.shape[axis]
    n_places = (call.sizes[axis] - 1) * window.stride + (window.stride if stride == 1 else 1)
    ahead = max(window.ahead, n_places + window.reach - n - window.back)
    if call.kind == "convolution":
        border = "circular" if wraps and not window.back else "zero"  # what pads with zeros itself goes on so
    else:
        border = "circular" if wraps else "zero" if call.kind == "mean" and window.back else "repeat"
    return varied(window, ahead=ahead, border=border)


def _blur(maps: Tensor, axis: int, weights: Tensor, stride: int, layout: Layout) -> Tensor:
    """Filter maps along one axis, each channel for itself, and keep every `stride`-th value."""
    n_axes, n_channels, width = maps.ndim - 2, maps.shape[1], len(weights)
    back = (width - 1) // 2
    border = "circular" if axis in layout.wrapped else "mirror"
    window = Sliding(width, stride, back=back, ahead=width - 1 - back, border=border)
    if not window.size(maps.shape[axis]):
        raise ModelError(
            f"a map of {maps.shape[axis]} values is too short for a filter of {width} weights; blur with fewer"
        )
    place = axis + n_axes
    shape = [n_channels, 1, *(width if at == place else 1 for at in range(n_axes))]
    kernel = weights.to(maps).expand(n_channels, -1).reshape(shape)
    steps = tuple(stride if at == place else 1 for at in range(n_axes))
    widened = padded(maps, tuple(window if at == place else Sliding() for at in range(n_axes)))
    blurred: Tensor = _BY_AXES["convolution", n_axes](widened, kernel, stride=steps, groups=n_channels)
    return blurred


def spline(taps: int, factor: int) -> Tensor:
    """Return the low-pass filter of so many taps for a step: boxes of its length, convolved.

    Parameters
    ----------
    taps : int
        One more than there are boxes; for a step of 2 the length of the filter.
    factor : int
        The step.

    Returns
    -------
    Tensor of shape ((taps - 1) * (factor - 1) + 1,), float64
        Of sum 1.

    Examples
    --------
    >>> spline(3, 2), (9 * spline(3, 3)).round()
    (tensor([0.2500, 0.5000, 0.2500], dtype=torch.float64), tensor([1., 2., 3., 2., 1.], dtype=torch.float64))
    """
    box = np.full(factor, 1.0 / factor)
    return torch.from_numpy(functools.reduce(np.convolve, [box] * (taps - 1)))
