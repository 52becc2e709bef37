"""Resolution: a sound stored more coarsely: at a lower sample rate, in fewer bits, by a lossy codec.

Keeps what the coarser form can hold. There is no way back.

==========  ==================================================================  =====================
engine      amount                                                              neutral
==========  ==================================================================  =====================
``rate``    octaves by which the sample rate is lowered, and raised again       0
``bits``    bits taken from 16, with clipping at full scale                     0: not rounded at all
``vorbis``  compression in percent, 0 the least and 100 the most that           0: not coded at all
``mp3``     libsndfile offers; ``opus`` takes 8, 12, 16, 24 and 48 kHz only
``opus``
==========  ==================================================================  =====================

A codec at its best is not the neutral amount: between 0 and the smallest compression lies the codec itself.

What is here: `lower_rate`, `round_bits`, `through_codec`, `Resolution`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor

from ...errors import InputError
from ..arrays import Row, as_amounts, as_tensor, change_rows, like_input
from ..clip import Clip
from .change import Change, keep_neutral

__all__ = ["CODECS", "Resolution", "lower_rate", "round_bits", "through_codec"]

FloatArray = npt.NDArray[np.float64]

CODECS = {"vorbis": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS")}
_MAX_OCTAVES = 8.0
_MOST = 0.999  # of libsndfile's compression; LAME refuses 1


def lower_rate(waveform: Any, octaves: Any) -> Any:
    """Resample a sound to a lower rate and back.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    octaves : float or array
        1 halves the rate, 2 quarters it; 0 to 8.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        Without what lay above half the lower rate.

    Raises
    ------
    InputError
        If an amount lies outside 0 to 8.

    Examples
    --------
    >>> tones = [np.sin(2 * np.pi * hertz * np.arange(16000) / 16000) for hertz in (500, 6000)]
    >>> bool(np.allclose(lower_rate(tones[0], 1.0)[2000:-2000], tones[0][2000:-2000], atol=1e-3))
    True
    >>> bool(np.abs(lower_rate(tones[1], 1.0)[2000:-2000]).max() < 1e-3)
    True
    """
    if not ((np.asarray(octaves) >= 0) & (np.asarray(octaves) <= _MAX_OCTAVES)).all():
        raise InputError(f"octaves={octaves} must lie between 0, the rate as it is, and {_MAX_OCTAVES:g}")

    def resampled(row: Row, amount: float) -> Row:
        ratio = 2.0**amount
        coarse = soxr.resample(row, ratio, 1.0, quality="HQ")
        fine = np.asarray(soxr.resample(coarse, 1.0, ratio, quality="HQ"), dtype=np.float32)[: len(row)]
        return np.pad(fine, (0, len(row) - len(fine)))

    return change_rows(waveform, octaves, resampled)


def round_bits(waveform: Any, bits_taken: Any) -> Any:
    """Round samples to fewer bits than 16.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
        Full scale at ±1; samples beyond are cut off.
    bits_taken : float or array
        0 rounds not at all, 8 leaves 8 bits, 15 one; 0 to 15.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        Multiples of ``2 ** (bits_taken - 15)``; no dither.

    Raises
    ------
    InputError
        If an amount lies outside 0 to 15.

    Examples
    --------
    >>> round_bits(np.array([0.1, 0.3, -0.8, 1.0]), 13)
    array([ 0.  ,  0.25, -0.75,  0.75])
    """
    samples = as_tensor(waveform)
    taken = as_amounts(bits_taken, samples)
    if bool(((taken < 0) | (taken > 15)).any()):
        raise InputError(f"bits_taken={bits_taken} must lie between 0, no rounding, and 15, which leaves one bit")
    step = 2 ** (taken[..., None] - 15)
    rounded = torch.minimum(torch.round(samples / step) * step, 1 - step).clamp(min=-1)
    return like_input(keep_neutral(samples, taken, rounded), waveform)


def through_codec(waveform: Any, compression_percent: Any, sample_rate: int, *, codec: str = "vorbis") -> Any:
    """Send a sound through a lossy codec.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    compression_percent : float or array
        0 sends it not at all; up to 100.
    sample_rate : int
        In hertz.
    codec : {"vorbis", "mp3", "opus"}, default "vorbis"

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        At the same places: the codecs undo their own delay.

    Raises
    ------
    InputError
        If an amount lies outside 0 to 100, or libsndfile does not offer the codec at this rate.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000).astype(np.float32)
    >>> coded = through_codec(0.5 * tone, 50.0, 16000)
    >>> bool(0 < np.abs(coded - 0.5 * tone)[1000:-1000].max() < 0.05)
    True
    """
    if codec not in CODECS:
        raise InputError(f"codec={codec!r} is not one of {', '.join(CODECS)}")
    if not ((np.asarray(compression_percent) >= 0) & (np.asarray(compression_percent) <= 100)).all():
        raise InputError(f"compression_percent={compression_percent} must lie between 0, not coded, and 100")

    def coded(row: Row, percent: float) -> Row:
        return _code(row, _MOST * percent / 100, sample_rate, codec)

    return change_rows(waveform, compression_percent, coded)


def _code(row: Row, compression: float, sample_rate: int, codec: str) -> Row:
    container, subtype = CODECS[codec]
    with io.BytesIO() as stream:
        try:
            soundfile.write(stream, row, sample_rate, format=container, subtype=subtype, compression_level=compression)
            stream.seek(0)
            decoded = soundfile.read(stream, dtype="float32")[0][: len(row)]
        except (soundfile.LibsndfileError, ValueError) as error:
            raise InputError(f"codec {codec} cannot code at {sample_rate} Hz here ({error})") from error
    return np.pad(decoded, (0, len(row) - len(decoded)))


@dataclass(frozen=True)
class Resolution(Change):
    """Octaves of rate, bits, or percent of compression; see `lower_rate`, `round_bits`, `through_codec`.

    Parameters
    ----------
    engine : {"rate", "bits", "vorbis", "mp3", "opus"}, default "rate"
    """

    engine: str = "rate"
    axis = "resolution"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip at each resolution."""
        waveform = torch.from_numpy(clip.waveform)
        if self.engine == "rate":
            coarse: Tensor = lower_rate(waveform, amounts)
        elif self.engine == "bits":
            coarse = round_bits(waveform, amounts)
        else:
            coarse = through_codec(waveform, amounts, clip.sample_rate, codec=self.engine)
        return coarse

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components where they were; ``nan`` above half the lower rate."""
        places = super().landing_hz(frequency_hz, amounts, clip)
        octaves = amounts if self.engine == "rate" else np.zeros_like(amounts)
        return np.where(places < clip.sample_rate / 2 ** (octaves[:, None] + 1), places, np.nan)
