"""Small convolutional networks in one and two dimensions, built from one configuration.

Conventions
-----------
The last axis is time. A 1-D network takes ``(batch, in_channels, n_time)``: a waveform is one channel, a
spectrogram has its bins as channels and is convolved along time alone. A 2-D network takes
``(batch, in_channels, n_bins, n_time)`` and is convolved along both. A stage is convolution, batch norm, ReLU,
downsampling; a head makes ``(batch, n_classes)`` logits of the last map. Frequency is always padded with zeros;
`padding` says what happens along time.

What is here: `NetworkConfig`, `ConvNet`, `Head`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import InputError

__all__ = ["DOWNSAMPLINGS", "HEADS", "PADDINGS", "ConvNet", "Head", "NetworkConfig"]

DOWNSAMPLINGS = ("max", "average", "stride")
HEADS = ("flatten", "average", "max")
PADDINGS = ("zero", "circular")


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that determines a network's shape.

    Parameters
    ----------
    input_shape : tuple of int
        One input without the batch: ``(in_channels, n_time)`` makes a 1-D network,
        ``(in_channels, n_bins, n_time)`` a 2-D one.
    n_classes : int
    channels : tuple of int
        Output channels of each stage.
    kernel_size : int, default 3
        Odd; the same along both axes.
    stem_kernel, stem_stride : int, default 0 and 1
        Kernel and stride of the first convolution where they differ, as on a waveform; 0 means `kernel_size`.
    downsampling : {"max", "average", "stride"}, default "max"
    factor : int, default 2
        How much each stage downsamples.
    head : {"flatten", "average", "max"}, default "average"
        Flatten and linear, or a global average or maximum before the linear layer.
    padding : {"zero", "circular"}, default "zero"
        What a convolution sees beyond either end of time.
    dropout : float, default 0
        Before the linear layer.

    Raises
    ------
    InputError
        If a value is not one of those listed, or the input is too short for the downsampling.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    channels: tuple[int, ...] = (16, 32, 64, 64)
    kernel_size: int = 3
    stem_kernel: int = 0
    stem_stride: int = 1
    downsampling: str = "max"
    factor: int = 2
    head: str = "average"
    padding: str = "zero"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        choices = {"downsampling": DOWNSAMPLINGS, "head": HEADS, "padding": PADDINGS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name}={getattr(self, name)!r} is not one of {', '.join(allowed)}")
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        object.__setattr__(self, "channels", tuple(self.channels))
        if self.dimension not in (1, 2):
            raise InputError(f"input_shape={self.input_shape} must be (channels, time) or (channels, bins, time)")
        if self.kernel_size % 2 == 0:
            raise InputError(f"kernel_size={self.kernel_size} must be odd")
        if self.n_classes < 1 or not self.channels:
            raise InputError("a network needs at least one class and one stage")
        if min(self.final_shape) < 1:
            raise InputError(f"an input of shape {self.input_shape} is too small for {len(self.channels)} stages")

    @property
    def dimension(self) -> int:
        """1 or 2: over how many axes the network is convolved."""
        return len(self.input_shape) - 1

    @property
    def time_stride(self) -> int:
        """Total downsampling along time, in input samples or frames."""
        return self.stem_stride * int(self.factor ** len(self.channels))

    @property
    def final_shape(self) -> tuple[int, ...]:
        """Size of the last map, ``(n_time,)`` or ``(n_bins, n_time)``."""
        sizes = list(self.input_shape[1:])
        for stage in range(len(self.channels)):
            stride = self.stem_stride if stage == 0 else 1
            sizes = [-(-size // stride) for size in sizes]
            # A strided convolution rounds up, a pool drops what does not fill its window.
            rounded = [
                -(-size // self.factor) if self.downsampling == "stride" else size // self.factor for size in sizes
            ]
            sizes = rounded
        return tuple(sizes)


class _Convolution(nn.Module):
    """A convolution that keeps the size (at stride 1), padded along time as asked and along frequency with zeros."""

    def __init__(self, config: NetworkConfig, stage: int) -> None:
        super().__init__()
        kernel = config.stem_kernel if stage == 0 and config.stem_kernel else config.kernel_size
        stride = config.stem_stride if stage == 0 else 1
        if config.downsampling == "stride":
            stride *= config.factor
        in_channels = config.input_shape[0] if stage == 0 else config.channels[stage - 1]
        layer: Any = nn.Conv1d if config.dimension == 1 else nn.Conv2d
        # Even kernels, as in a waveform stem, look one sample further back than ahead.
        self.reach = (kernel // 2, (kernel - 1) // 2)
        self.mode = "circular" if config.padding == "circular" else "constant"
        frequency = 0 if config.dimension == 1 else (kernel // 2, 0)
        self.convolution = layer(in_channels, config.channels[stage], kernel, stride, padding=frequency, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        reach = self.reach if maps.ndim == 3 else (*self.reach, 0, 0)
        padded: Tensor = self.convolution(functional.pad(maps, reach, mode=self.mode))
        return padded


class Head(nn.Module):
    """Turn the last map into logits.

    Parameters
    ----------
    config : NetworkConfig
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.kind = config.head
        n_features = config.channels[-1] * (prod(config.final_shape) if config.head == "flatten" else 1)
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear(n_features, config.n_classes)

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes) for maps of shape (batch, channels, ..., n_time)."""
        flat = maps.flatten(2)
        if self.kind == "flatten":
            features = flat.flatten(1)
        elif self.kind == "average":
            features = flat.mean(-1)
        else:
            features = flat.amax(-1)
        logits: Tensor = self.linear(self.dropout(features))
        return logits


class ConvNet(nn.Module):
    """Stages of convolution, batch norm, ReLU and downsampling, and a head.

    Parameters
    ----------
    config : NetworkConfig

    Examples
    --------
    >>> network = ConvNet(NetworkConfig(input_shape=(1, 64, 80), n_classes=5))
    >>> network(torch.zeros(2, 1, 64, 80)).shape
    torch.Size([2, 5])
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        norm = nn.BatchNorm1d if config.dimension == 1 else nn.BatchNorm2d
        stages: list[nn.Module] = []
        for stage, n_channels in enumerate(config.channels):
            stages += [_Convolution(config, stage), norm(n_channels), nn.ReLU()]
            if config.downsampling != "stride":
                stages.append(_pool(config))
        self.stages = nn.Sequential(*stages)
        self.head = Head(config)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes)."""
        if inputs.ndim == 4:
            # One input channel in the usual layout costs an order of magnitude on a CPU.
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.head(self.stages(inputs))
        return logits


def _pool(config: NetworkConfig) -> nn.Module:
    kinds: dict[tuple[str, int], type[nn.Module]] = {
        ("max", 1): nn.MaxPool1d,
        ("max", 2): nn.MaxPool2d,
        ("average", 1): nn.AvgPool1d,
        ("average", 2): nn.AvgPool2d,
    }
    return kinds[config.downsampling, config.dimension](config.factor)
