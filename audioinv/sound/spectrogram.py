"""Spectrograms in decibels on a linear, mel or logarithmic frequency axis, and what their axes mean.

Conventions
-----------
``(..., n_samples)`` becomes ``(..., n_bins, n_frames)``. Frame ``k`` is centred on sample ``k * hop_length``, so it
is the sound at ``k * seconds_per_frame``; outside the waveform there is silence, or, with circular `edges`, the
waveform's other end: then a circular delay by whole hops rolls the frames. The window is a periodic Hann.
Values are ``10 log10`` of power, in the scale of `librosa.stft`, and nothing falls below the constant `floor_db`. No
value depends on any other frame or bin than its own: a spectrogram normalised by its maximum would answer a delay
everywhere at once. Window and filters are float32, as librosa makes its filters, and are what defines the front end;
a float64 waveform is computed in float64 with these numbers.

What is here: `Spectrogram`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import InputError
from .filter_banks import filter_matrix
from .spectrogram_config import SpectrogramConfig

__all__ = ["Spectrogram"]

FloatArray = npt.NDArray[np.float64]

_TINY_POWER = 1e-30
"""Far below any floor; keeps the logarithm and its gradient finite."""


class Spectrogram(nn.Module):
    """Waveforms in, decibels over frequency and time out.

    Parameters
    ----------
    config : SpectrogramConfig
    filters : Tensor of shape (n_bins, n_fft // 2 + 1), optional
        The filter matrix, where it is at hand already, as in a saved classifier; spares the import of librosa. Made
        by `filter_matrix` if not given. The linear axis has none.

    Attributes
    ----------
    filters : Tensor of shape (n_bins, n_fft // 2 + 1) or None
        A buffer, saved in the state dict.

    Raises
    ------
    InputError
        If `filters` has another shape, or a mel band would be empty.

    Examples
    --------
    >>> front_end = Spectrogram(SpectrogramConfig(kind="linear", n_fft=8, hop_length=4, n_bins=3))
    >>> front_end(torch.zeros(2, 16)).shape
    torch.Size([2, 3, 5])
    """

    window: Tensor
    filters: Tensor | None

    def __init__(self, config: SpectrogramConfig, filters: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        if filters is None and config.kind != "linear":
            filters = filter_matrix(config)
        expected = None if config.kind == "linear" else (config.n_bins, config.n_fft // 2 + 1)
        found = None if filters is None else tuple(filters.shape)
        if found != expected:
            raise InputError(f"filters of shape {found} do not fit the {config.kind} axis, which needs {expected}")
        self.register_buffer("filters", filters)
        self.register_buffer("window", torch.hann_window(config.n_fft, dtype=torch.float64).float(), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Compute the spectrogram of waveforms with silence, or their other end, around them.

        Parameters
        ----------
        waveforms : Tensor of shape (..., n_samples), float

        Returns
        -------
        Tensor of shape (..., n_bins, n_frames), dB
            Of the dtype of `waveforms`.

        Raises
        ------
        InputError
            If `edges` are circular and the waveforms do not hold a number of whole hops.
        """
        border = self.config.n_fft // 2
        if self.config.edges == "zero":
            return self.uncentred(nn.functional.pad(waveforms, (border, border)))
        n_samples = waveforms.shape[-1]
        last = (self.n_frames(n_samples) - 1) * self.config.hop_length
        places = torch.arange(-border, last + border, device=waveforms.device) % n_samples
        return self.uncentred(waveforms[..., places])

    def uncentred(self, waveforms: Tensor) -> Tensor:
        """Compute the spectrogram of waveforms with nothing around them: frame k begins at ``k * hop_length``.

        Parameters
        ----------
        waveforms : Tensor of shape (..., n_samples), float
            At least `n_fft` long.

        Returns
        -------
        Tensor of shape (..., n_bins, n_frames), dB
            With ``n_frames = 1 + (n_samples - n_fft) // hop_length``.
        """
        frames = waveforms.unfold(-1, self.config.n_fft, self.config.hop_length)
        spectrum = torch.fft.rfft(frames * self.window)
        power = spectrum.real.square() + spectrum.imag.square()
        filters = self.filters
        bands = power[..., : self.config.n_bins] if filters is None else power @ filters.to(power.dtype).T
        level_db = 10 * torch.log10(bands.clamp(min=_TINY_POWER))
        return level_db.clamp(min=self.config.floor_db).transpose(-1, -2)

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a waveform of `n_samples`."""
        return self.config.n_frames(n_samples)

    def frame_seconds(self, n_samples: int) -> FloatArray:
        """Return the centre times of the frames, of shape (n_frames,), in seconds."""
        return np.arange(self.n_frames(n_samples), dtype=np.float64) * self.seconds_per_frame

    @property
    def seconds_per_frame(self) -> float:
        """Distance between frames in seconds."""
        return self.config.hop_length / self.config.sample_rate

    @property
    def bin_hz(self) -> FloatArray:
        """Centre frequencies of the bins, of shape (n_bins,), in hertz."""
        return self.config.bin_hz

    @property
    def floor_db(self) -> float:
        """The value that stands for no sound, and fills the bins that enter on a bin shift."""
        return self.config.floor_db
