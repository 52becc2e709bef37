"""A convolution that pads each axis in its own way, and that may know at which frequency it is.

Conventions
-----------
Maps are ``(batch, channels, n_time)`` or ``(batch, channels, n_bins, n_time)``. A plain convolution treats all bins
alike. One with a *coordinate* sees a channel more, which rises from −1 in the lowest bin to 1 in the highest [1]_. A
*dynamic* one mixes four kernels anew in every bin by an attention, which sees the mean over time around that bin [2]_:
it tells bins apart by what they hold, not by where they are, so what moves up takes its mixture along.

What is here: `Convolution`.

References
----------
.. [1] Koutini, Eghbal-zadeh & Widmer, Receptive-Field-Regularized CNN Variants for Acoustic Scene Classification, 2019.
.. [2] Nam, Kim, Ko & Park, Frequency Dynamic Convolution: Frequency-Adaptive Pattern Recognition for Sound Event
       Detection, 2022.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .downsampling import Sliding, padded

__all__ = ["Convolution"]

_N_BASIS = 4
"""Kernels that a dynamic convolution mixes, as in the paper."""
_TEMPERATURE = 31.0
"""Of its softmax, which keeps the mixture even while training begins, as in the authors' code."""


class Convolution(nn.Module):
    """Convolve along one axis or two, without a bias.

    Parameters
    ----------
    windows : tuple of Sliding
        One an axis of the maps.
    in_channels, out_channels : int
    n_bins : int, optional
        Height of the maps, for a coordinate; none if not given.
    dynamic : bool, default False

    Examples
    --------
    >>> same = Sliding(3, back=1, ahead=1)
    >>> Convolution((same, same), 1, 4, n_bins=8)(torch.zeros(2, 1, 8, 10)).shape
    torch.Size([2, 4, 8, 10])
    """

    place: Tensor | None

    def __init__(
        self,
        windows: tuple[Sliding, ...],
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int | None = None,
        dynamic: bool = False,
    ) -> None:
        super().__init__()
        self.windows = windows
        place = None if n_bins is None else torch.linspace(-1.0, 1.0, n_bins)[:, None]
        self.register_buffer("place", place, persistent=False)
        in_channels += place is not None
        layer: Any = nn.Conv1d if len(windows) == 1 else nn.Conv2d
        width, stride, dilation = (
            tuple(getattr(window, name) for window in windows) for name in ("width", "stride", "dilation")
        )
        n_kernels = _N_BASIS if dynamic else 1
        self.attention = _Attention(in_channels, windows[0]) if dynamic else None
        self.convolution = layer(in_channels, out_channels * n_kernels, width, stride, dilation=dilation, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of shape (batch, out_channels, ..., n_time)."""
        if self.place is not None:
            maps = torch.cat([maps, self.place.expand(len(maps), 1, -1, maps.shape[-1])], dim=1)
        convolved: Tensor = self.convolution(padded(maps, self.windows))
        if self.attention is None:
            return convolved
        basis = convolved.unflatten(1, (_N_BASIS, -1))
        mixed: Tensor = (basis * self.attention(maps)[:, :, None, :, None]).sum(1)
        return mixed


class _Attention(nn.Module):
    """Shares of the kernels in every bin, (batch, n_basis, n_bins), from the mean over time around it."""

    def __init__(self, in_channels: int, window: Sliding) -> None:
        super().__init__()
        # It slides along frequency as the convolution does, and so has a share ready for each bin that comes out.
        self.window = window
        hidden = max(in_channels // 4, 4)
        self.layers = nn.Sequential(
            nn.Conv1d(in_channels, hidden, window.width, window.stride, dilation=window.dilation, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Conv1d(hidden, _N_BASIS, 1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        scores: Tensor = self.layers(padded(maps.mean(-1), (self.window,)))
        return (scores / _TEMPERATURE).softmax(1)
