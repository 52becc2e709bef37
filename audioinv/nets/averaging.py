"""Averaging over a fixed scale: the reference whose invariance to delays grows with the scale.

Conventions
-----------
Spectrograms are ``(batch, n_bins, n_frames)`` in decibels, features ``(batch, n_bins * n_points)`` in decibels above
the floor, with a point every half window.

What is here: `AveragingConfig`, `Averaging`, `averaging_matrix`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import InputError
from ..sound.spectrogram import Spectrogram
from ..sound.spectrogram_config import SpectrogramConfig
from .reference_model import LinearReference, ReferenceConfig

__all__ = ["Averaging", "AveragingConfig", "averaging_matrix"]


@dataclass(frozen=True)
class AveragingConfig(ReferenceConfig):
    """What is averaged, and over how long.

    Parameters
    ----------
    spec : ModelSpec
    front_end : SpectrogramConfig
        The first-order filter bank. Its edges are those of the averaging too.
    scale_seconds : float, default 0.25
        Length of the averaging window; at least two frames are taken.

    Raises
    ------
    InputError
        If the scale is not positive, or front end and spec do not fit together.
    """

    front_end: SpectrogramConfig = field(kw_only=True)
    scale_seconds: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.scale_seconds < math.inf:
            raise InputError(f"scale_seconds={self.scale_seconds} must be positive")

    @property
    def width_frames(self) -> int:
        """Length of the averaging window in frames."""
        return max(2, round(self.scale_seconds * self.front_end.sample_rate / self.front_end.hop_length))


def averaging_matrix(n_frames: int, width: int, *, circular: bool) -> Tensor:
    """Return the matrix that averages frames with a Hann window and keeps every ``width // 2``-th result.

    Parameters
    ----------
    n_frames : int
    width : int
        Length of the window in frames, at least 2.
    circular : bool
        Whether the window, where it reaches beyond an end, goes on at the other.

    Returns
    -------
    Tensor of shape (n_frames, n_points), float64
        Columns sum to 1 where no end cuts them.

    Examples
    --------
    >>> averaging_matrix(4, 4, circular=True)[:, 0].tolist()
    [0.5, 0.25, 0.0, 0.25]
    """
    centres = torch.arange(0, n_frames, width // 2, dtype=torch.float64)
    distances = torch.arange(n_frames, dtype=torch.float64)[:, None] - centres
    turns = width // n_frames + 1 if circular else 0
    wrapped = distances + n_frames * torch.arange(-turns, turns + 1.0, dtype=torch.float64)[:, None, None]
    window = (1 + torch.cos(2 * math.pi * wrapped / width)) / width
    return torch.where(wrapped.abs() < width / 2, window, 0.0).sum(0)


class Averaging(LinearReference):
    """A fixed filter bank, averaged along time over a fixed scale, and a linear head on the flattened map.

    The first order of a scattering transform [1]_, with decibels for its modulus. Under a delay by s no value of the
    averaged map changes by more than 2 s / T times the largest level of the map, T being the scale: levels are decibels
    above the floor, hence not negative, and a Hann window of length T and height 2 / T that is moved by s rises by at
    most s · 2 / T, all its values together. So invariance grows with T, and what happens within T is lost. The bound
    holds exactly for delays by whole hops at a front end whose edges are circular.

    Parameters
    ----------
    config : AveragingConfig
    filters : Tensor, optional
        The front end's filter matrix, where it is at hand.

    References
    ----------
    .. [1] Andén & Mallat, Deep Scattering Spectrum, IEEE Trans. Signal Processing 62(16), 2014.

    Examples
    --------
    >>> from audioinv.nets.model import ModelSpec
    >>> spec = ModelSpec("demo", 8000, 4000, ("a", "b"))
    >>> front_end = SpectrogramConfig(sample_rate=8000, n_fft=256, hop_length=80, n_bins=16)
    >>> Averaging(AveragingConfig(spec, front_end=front_end, scale_seconds=0.1))(torch.zeros(3, 4000)).shape
    torch.Size([3, 2])
    """

    kind = "averaging"
    config_type = AveragingConfig
    config: AveragingConfig
    front_end: Spectrogram
    averages: Tensor

    def __init__(self, config: AveragingConfig, *, filters: Tensor | None = None) -> None:
        front_end = Spectrogram(config.front_end, filters=filters)
        n_frames = front_end.n_frames(config.spec.n_samples)
        averages = averaging_matrix(n_frames, config.width_frames, circular=config.front_end.edges == "circular")
        super().__init__(config, config.front_end.n_bins * averages.shape[1], filters=front_end.filters)
        self.register_buffer("averages", averages.float(), persistent=False)

    def features(self, inputs: Tensor) -> Tensor:
        """Return the averaged map in decibels above the floor, flattened, of shape (batch, n_bins * n_points)."""
        return ((inputs - self.front_end.floor_db) @ self.averages).flatten(-2)

    @property
    def stride_samples(self) -> int:
        """Samples from one average to the next."""
        return self.config.width_frames // 2 * self.front_end.config.hop_length
