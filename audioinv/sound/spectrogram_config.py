"""What a spectrogram is made of: its frames, its frequency axis, its floor and its edges, checked once.

Conventions
-----------
Frequencies are in hertz, lengths in samples. Where bins lie follows from the configuration alone.

What is here: `SpectrogramConfig`, and its words `AxisKind` and `Edges`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["AxisKind", "Edges", "SpectrogramConfig"]

FloatArray = npt.NDArray[np.float64]
AxisKind = Literal["linear", "mel", "log"]
Edges = Literal["zero", "circular"]


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
        if self.kind == "linear" and not (self.fmin == 0 and self.n_bins <= self.n_fft / 2 + 1):
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
