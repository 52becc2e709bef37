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

What is here: `SpectrogramConfig`, `Spectrogram`, `filter_matrix`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import InputError

__all__ = ["Edges", "Spectrogram", "SpectrogramConfig", "filter_matrix"]

FloatArray = npt.NDArray[np.float64]
AxisKind = Literal["linear", "mel", "log"]
Edges = Literal["zero", "circular"]

_AXIS_NAMES = {"linear": "frequency", "mel": "mel frequency", "log": "log frequency"}
_TINY_POWER = 1e-30
"""Far below any floor; keeps the logarithm and its gradient finite."""


@dataclass(frozen=True)
class SpectrogramConfig:
    """What a spectrogram is made of.

    Parameters
    ----------
    kind : {"linear", "mel", "log"}, default "mel"
        "linear": the lowest `n_bins` bins of the DFT. "mel": Slaney's mel bands between `fmin` and `fmax`. "log":
        `bins_per_octave` bins an octave from `fmin` upwards, on which a transposition is a translation.
    sample_rate : int, default 16000
        In hertz.
    n_fft : int, default 512
        Length of a frame in samples; even.
    hop_length : int, default 128
        Distance between frames in samples.
    n_bins : int, default 64
        Number of frequency bins.
    fmin : float, default 0
        Lower edge of the lowest mel band; centre of the lowest log bin; 0 for "linear". In hertz.
    fmax : float, optional
        Upper edge of the highest mel band, the Nyquist frequency if not given. For "mel" only. In hertz.
    bins_per_octave : int, optional
        For "log", and only there.
    floor_db : float, default -80
        The least value, which stands for silence. At the default sizes a sine of full scale reaches +42 dB on the
        linear axis.
    edges : {"zero", "circular"}, default "zero"
        What a frame finds beyond the ends of the waveform: silence, or its other end. A circular waveform must be
        as long as a number of whole hops.

    Raises
    ------
    InputError
        If a value is out of range, or is given for an axis that has no use for it.

    Examples
    --------
    >>> SpectrogramConfig(kind="log", n_fft=2048, n_bins=48, fmin=110.0, bins_per_octave=12).bins_per_octave
    12
    """

    kind: AxisKind = "mel"
    sample_rate: int = 16000
    n_fft: int = 512
    hop_length: int = 128
    n_bins: int = 64
    fmin: float = 0.0
    fmax: float | None = None
    bins_per_octave: int | None = None
    floor_db: float = -80.0
    edges: Edges = "zero"

    def __post_init__(self) -> None:
        for name, kinds in (("kind", AxisKind), ("edges", Edges)):
            if getattr(self, name) not in get_args(kinds):
                raise InputError(f"{name}={getattr(self, name)!r} must be one of {', '.join(get_args(kinds))}")
        for name in ("sample_rate", "n_fft", "hop_length", "n_bins"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} must be at least 1")
        if self.n_fft % 2 or self.hop_length > self.n_fft:
            raise InputError(f"n_fft={self.n_fft} must be even and not below hop_length={self.hop_length}")
        if not -200.0 <= self.floor_db <= 200.0:
            raise InputError(f"floor_db={self.floor_db} must lie between -200 and 200 dB")
        self._check_axis()

    def _check_axis(self) -> None:
        if self.fmax is not None and self.kind != "mel":
            raise InputError(f"fmax={self.fmax} is for the mel axis only; n_bins sets the upper end of the others")
        if self.bins_per_octave is not None and self.kind != "log":
            raise InputError(f"bins_per_octave={self.bins_per_octave} is for the log axis only")
        nyquist_hz = self.sample_rate / 2
        if self.kind == "mel" and not 0 <= self.fmin < self.highest_hz <= nyquist_hz:
            raise InputError(
                f"0 <= fmin={self.fmin} < fmax={self.fmax} <= sample_rate / 2 = {nyquist_hz} does not hold"
            )
        if self.kind == "linear" and not (self.fmin == 0 and self.n_bins <= self.n_fft // 2 + 1):
            raise InputError(
                f"the linear axis needs fmin={self.fmin} to be 0 and n_bins={self.n_bins} <= n_fft / 2 + 1"
            )
        if self.kind == "log" and not (self.fmin > 0 and (self.bins_per_octave or 0) >= 1):
            raise InputError(
                f"the log axis needs fmin={self.fmin} above 0 and bins_per_octave={self.bins_per_octave} of at least 1"
            )
        if self.kind == "log" and self.highest_hz >= nyquist_hz:
            raise InputError(
                f"the last of n_bins={self.n_bins} would lie at {self.highest_hz:.0f} Hz, not below {nyquist_hz} Hz"
            )

    @property
    def highest_hz(self) -> float:
        """Upper edge of the mel axis; centre of the last bin of the other two."""
        if self.kind == "mel":
            return self.sample_rate / 2 if self.fmax is None else self.fmax
        return float(self.bin_hz[-1])

    @property
    def bin_hz(self) -> FloatArray:
        """Centre frequencies of the bins, of shape (n_bins,), in hertz."""
        bins = np.arange(self.n_bins, dtype=np.float64)
        if self.kind == "mel":
            edges = _hz_to_mel(np.array([self.fmin, self.highest_hz]))
            return _mel_to_hz(np.linspace(edges[0], edges[1], self.n_bins + 2)[1:-1])
        if self.kind == "log":
            return self.fmin * 2.0 ** (bins / (self.bins_per_octave or 1))
        return bins * (self.sample_rate / self.n_fft)

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a waveform.

        Parameters
        ----------
        n_samples : int

        Returns
        -------
        int

        Raises
        ------
        InputError
            If `edges` are circular and the waveform does not hold a number of whole hops.
        """
        if self.edges == "zero":
            return 1 + n_samples // self.hop_length
        if n_samples % self.hop_length:
            near = max(1, round(n_samples / self.hop_length)) * self.hop_length
            raise InputError(
                f"circular edges need a waveform of whole hops: n_samples={n_samples} is no multiple of "
                f"hop_length={self.hop_length}; {near} would be"
            )
        return n_samples // self.hop_length


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
    def axis_name(self) -> str:
        """What the frequency axis is called in a figure."""
        return _AXIS_NAMES[self.config.kind]

    @property
    def floor_db(self) -> float:
        """The value that stands for no sound, and fills the bins that enter on a bin shift."""
        return self.config.floor_db


def filter_matrix(config: SpectrogramConfig) -> Tensor:
    """Build the matrix that gathers DFT power into mel bands or logarithmic bins, with librosa.

    The log axis takes the squared magnitude responses of librosa's wavelets, as a pseudo-CQT does with magnitudes.
    Power is what keeps the level of a tone the same from bin to bin. Where a constant Q would need filters longer than
    `n_fft`, they are widened by the least constant bandwidth that makes them fit (a variable-Q transform).

    Parameters
    ----------
    config : SpectrogramConfig
        Of kind "mel" or "log".

    Returns
    -------
    Tensor of shape (n_bins, n_fft // 2 + 1), float32

    Raises
    ------
    InputError
        If the axis is linear, or mel bands are narrower than the DFT can fill.

    References
    ----------
    .. [1] Slaney, Auditory Toolbox, 1998 (the mel scale of `librosa.filters.mel`).
    .. [2] Schörkhuber, Klapuri, Holighaus & Dörfler, A Matlab toolbox for efficient perfect reconstruction
       time-frequency transforms with log-frequency resolution, 2014 (variable Q).

    Examples
    --------
    >>> filter_matrix(SpectrogramConfig(n_bins=40)).shape
    torch.Size([40, 257])
    """
    if config.kind == "linear":
        raise InputError("the linear axis has no filter matrix")
    rows = _mel_rows(config) if config.kind == "mel" else _log_rows(config)
    return torch.from_numpy(rows.astype(np.float32))


def _mel_rows(config: SpectrogramConfig) -> FloatArray:
    """Slaney's triangular mel bands, of unit area in hertz."""
    import librosa  # Takes seconds; a saved classifier brings its filters along and never comes here.

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa warns of empty bands; they are refused below
        rows: FloatArray = librosa.filters.mel(
            sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_bins, fmin=config.fmin, fmax=config.highest_hz
        )
    n_empty = int((rows.max(axis=1) == 0).sum())
    if n_empty:
        raise InputError(
            f"{n_empty} of n_bins={config.n_bins} mel bands hold no bin of the DFT at n_fft={config.n_fft}; "
            f"lower n_bins or raise n_fft"
        )
    return rows


def _log_rows(config: SpectrogramConfig) -> FloatArray:
    """Squared magnitude responses of wavelets at the log-spaced centres."""
    import librosa

    step = 2.0 ** (2.0 / (config.bins_per_octave or 1))
    alpha = (step - 1) / (step + 1)  # bandwidth over centre frequency, as librosa has it
    gamma_hz = max(0.0, config.sample_rate / (config.n_fft - 1) - alpha * config.fmin)
    wavelets, _ = librosa.filters.wavelet(
        freqs=config.bin_hz,
        sr=config.sample_rate,
        alpha=alpha,
        gamma=gamma_hz,
        pad_fft=False,
        dtype=np.complex128,
    )
    response = np.abs(np.fft.fft(wavelets, n=config.n_fft))[:, : config.n_fft // 2 + 1]
    return np.square(response, dtype=np.float64)


_BREAK_HZ = 1000.0
_BREAK_MEL = 15.0
_MEL_PER_OCTAVE = 27.0 * np.log(2.0) / np.log(6.4)
"""Slaney's scale: 3 mel in 200 Hz below the break, logarithmic above, 27 mel between 1 and 6.4 kHz."""


def _hz_to_mel(frequency_hz: FloatArray) -> FloatArray:
    """Map hertz to Slaney's mel."""
    above = _BREAK_MEL + _MEL_PER_OCTAVE * np.log2(np.maximum(frequency_hz, _BREAK_HZ) / _BREAK_HZ)
    return np.where(frequency_hz < _BREAK_HZ, frequency_hz * (_BREAK_MEL / _BREAK_HZ), above)


def _mel_to_hz(mel: FloatArray) -> FloatArray:
    """Map Slaney's mel to hertz."""
    above = _BREAK_HZ * 2.0 ** ((np.maximum(mel, _BREAK_MEL) - _BREAK_MEL) / _MEL_PER_OCTAVE)
    return np.where(mel < _BREAK_MEL, mel * (_BREAK_HZ / _BREAK_MEL), above)
