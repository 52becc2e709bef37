"""Small convolutional networks in one and two dimensions, built from one configuration.

Conventions
-----------
Inputs are those of `audioinv.nets.network_config`. A stage is convolution, batch norm, ReLU, downsampling; a head makes
``(batch, n_classes)`` logits of the last map.

What is here: `ConvNet`, `Head`; `n_parameters`, `n_multiplications`.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from .convolution import Convolution
from .network_config import NetworkConfig
from .pooling import pooling

__all__ = ["ConvNet", "Head", "n_multiplications", "n_parameters"]


def _convolution(config: NetworkConfig, stage: int) -> Convolution:
    aware = config.frequency_awareness
    return Convolution(
        config.convolution(stage),
        config.channels[stage - 1] if stage else config.input_shape[0],
        config.channels[stage],
        n_bins=config.map_shape(stage)[0] if aware == "coordinate" else None,
        dynamic=aware == "dynamic" and stage > 0,
    )


class Head(nn.Module):
    """Turn the last map into logits.

    Parameters
    ----------
    config : NetworkConfig
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.kind = config.head
        n_features = {"flatten": prod(config.final_shape), "average+max": 2}.get(config.head, 1)
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear(config.channels[-1] * n_features, config.n_classes)

    def features(self, maps: Tensor) -> Tensor:
        """Return what the linear layer sees, (batch, n_features), of maps of shape (batch, channels, ..., n_time)."""
        flat = maps.flatten(2)
        if self.kind == "flatten":
            return flat.flatten(1)
        if self.kind == "average":
            return flat.mean(-1)
        if self.kind == "max":
            return flat.amax(-1)
        if self.kind == "average+max":
            return torch.cat([flat.mean(-1), flat.amax(-1)], dim=1)
        return maps.mean(-2).amax(-1)

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes) for maps of shape (batch, channels, ..., n_time)."""
        logits: Tensor = self.linear(self.dropout(self.features(maps)))
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
            stages += [_convolution(config, stage), norm(n_channels), nn.ReLU()]
            pool = pooling(config.axes, n_channels)
            if pool is not None:
                stages.append(pool)
        self.stages = nn.Sequential(*stages)
        self.head = Head(config)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes)."""
        if inputs.ndim == 4:
            # One input channel in the usual layout costs an order of magnitude on a CPU.
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.head(self.stages(inputs))
        return logits


def n_parameters(config: NetworkConfig) -> int:
    """Count the trainable numbers of a network.

    Parameters
    ----------
    config : NetworkConfig

    Returns
    -------
    int

    Examples
    --------
    >>> n_parameters(NetworkConfig((1, 8), 3, (2,)))  # convolution, norm, linear, bias
    19
    """
    with torch.device("meta"):
        return sum(weights.numel() for weights in ConvNet(config).parameters())


def n_multiplications(config: NetworkConfig) -> int:
    """Count the multiply-adds of one forward pass.

    All convolutions, filters of the downsampling among them, and linear. Torch counts them on tensors without content.
    Products with what lies beyond a border are counted, batch norm, averages and the mixing of kernels by an attention
    are not.

    Parameters
    ----------
    config : NetworkConfig

    Returns
    -------
    int

    Examples
    --------
    >>> n_multiplications(NetworkConfig((1, 8), 3, (2,), downsampling="blur3"))  # convolution, blur, linear
    78
    """
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        # Moved there as well: a buffer made by a function that another library has replaced lies elsewhere.
        ConvNet(config).eval().to("meta")(torch.zeros(1, *config.input_shape))
    return int(counter.get_total_flops()) // 2  # torch counts a multiply-add as two operations
