"""The magnitude spectrum of a whole window: the reference that no circular delay can change.

Conventions
-----------
Waveforms are ``(batch, n_samples)``, features ``(batch, n_bands)`` in decibels above the floor.

What is here: `SpectrumConfig`, `WholeSpectrum`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .reference_model import LinearReference, ReferenceConfig

__all__ = ["SpectrumConfig", "WholeSpectrum"]


@dataclass(frozen=True)
class SpectrumConfig(ReferenceConfig):
    """What a whole spectrum is made of.

    Parameters
    ----------
    spec : ModelSpec
    front_end : None
        The waveform itself is what is transformed.
    n_bands : int, default 48
        Bands of equal ratio from `fmin` to the Nyquist frequency. Those too narrow to hold a bin of the DFT are left
        out, which windows of a quarter of a second and more do not have at the default sizes.
    fmin : float, default 50
        In hertz.
    floor_db : float, default -80
        What stands for silence.

    Raises
    ------
    InputError
        If a number is out of range, or there is a front end.
    """

    n_bands: int = 48
    fmin: float = 50.0
    floor_db: float = -80.0

    def __post_init__(self) -> None:
        if self.front_end is not None:
            raise InputError("a whole spectrum is that of the waveform and has no front end")
        if self.n_bands < 1 or not 0 < self.fmin < self.spec.sample_rate / 2:
            raise InputError(
                f"n_bands={self.n_bands} must be at least 1, and fmin={self.fmin} between 0 and half the sample rate "
                f"{self.spec.sample_rate}"
            )

    @property
    def band_edges(self) -> list[int]:
        """First DFT bins of the bands, and the bin after the last band.

        The mean (bin 0) is left out, and so is the Nyquist bin of an even window: a delay by half a sample takes it
        away, since a real signal holds only its cosine.
        """
        end = -(-self.spec.n_samples // 2)
        nyquist_hz = self.spec.sample_rate / 2
        places = np.geomspace(self.fmin, nyquist_hz, self.n_bands + 1) * self.spec.n_samples / self.spec.sample_rate
        return [*np.unique(np.clip(np.round(places[:-1]), 1, end - 1).astype(int)).tolist(), end]


class WholeSpectrum(LinearReference):
    """Level of the magnitude spectrum of the whole window in bands, and a linear head.

    A circular delay by s samples multiplies bin k of the DFT by exp(-2πi k s / n) [1]_, which has magnitude 1. So the
    features, and whatever is computed of them, are the same for every circular delay, of whole samples or of
    fractions. Pooling and logarithm come after the magnitude and change nothing of it.

    Parameters
    ----------
    config : SpectrumConfig
    filters : Tensor, optional
        Of no use: there is no front end.

    References
    ----------
    .. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., ch. 8 (circular shift of a sequence).

    Examples
    --------
    >>> from audioinv.nets.model import ModelSpec
    >>> module = WholeSpectrum(SpectrumConfig(ModelSpec("demo", 8000, 4000, ("a", "b"))))
    >>> sound = torch.sin(torch.arange(4000.0)).reshape(1, 4000)
    >>> torch.allclose(module.features(sound), module.features(sound.roll(123, -1)), atol=1e-4)
    True
    """

    kind = "spectrum"
    config_type = SpectrumConfig
    band_of_bin: Tensor
    widths: Tensor

    def __init__(self, config: SpectrumConfig, *, filters: Tensor | None = None) -> None:
        edges = config.band_edges
        widths = torch.tensor(edges).diff()
        super().__init__(config, len(widths), filters=filters)
        self.first, self.end, self.floor_power = edges[0], edges[-1], 10 ** (config.floor_db / 10)
        self.register_buffer("band_of_bin", torch.repeat_interleave(widths), persistent=False)
        self.register_buffer("widths", widths, persistent=False)

    def features(self, inputs: Tensor) -> Tensor:
        """Return the mean power of each band in decibels above the floor, of shape (batch, n_bands)."""
        spectrum = torch.fft.rfft(inputs)[..., self.first : self.end]
        power = spectrum.abs().square() / inputs.shape[-1]
        bands = power.new_zeros(*power.shape[:-1], len(self.widths)).index_add_(-1, self.band_of_bin, power)
        # Added, not clamped: the logarithm then magnifies no rounding error of a band that is all but silent.
        return 10 * torch.log10(bands / self.widths / self.floor_power + 1)
