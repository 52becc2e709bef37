"""What a shift does to a sound beside shifting it: energy, level, padding and bandwidth, and the way back.

Conventions
-----------
Numbers are of shape ``(n_shifts,)``, and ``nan`` where a clip is silent or there is nothing to compare.

What is here: `Fidelity`; `bin_fidelity` of a spectrogram; `filled_bands`, where a clip has sound, `level_change_db`,
`energy` and `energy_ratio`, which operators measure theirs with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .clip import Clip
from .shifts import bin_shift

__all__ = ["Fidelity", "bin_fidelity", "energy", "energy_ratio", "filled_bands", "level_change_db"]

FloatArray = npt.NDArray[np.float64]

_N_BANDS = 256
_FILLED = 1e-6  # of the power of the strongest band: 60 dB below


@dataclass(frozen=True, eq=False)
class Fidelity:
    """What a shift does to a sound beside shifting it; all of shape (n_shifts,).

    Parameters
    ----------
    energy_kept : ndarray
        Share of the sound's energy that is still in the window; what entered at the border does not count.
        ``nan`` for a silent clip.
    level_change_db : ndarray
        Change of the mean power of the window. ``nan`` when either side is silent.
    window_filled : ndarray
        Share of the window that is padding: silence or noise that the operator brought in.
    bandwidth_lost : ndarray
        Share of the band that the clip fills which has no place any more: beyond 0 Hz or Nyquist, or filtered out.
        ``nan`` for a silent clip.
    round_trip_error : ndarray
        Relative error (Euclidean norm) after shifting there and back. ``nan`` for a silent clip, and where there is
        no way back.
    """

    energy_kept: FloatArray
    level_change_db: FloatArray
    window_filled: FloatArray
    bandwidth_lost: FloatArray
    round_trip_error: FloatArray


def level_change_db(shifted: Tensor, clip: Clip) -> FloatArray:
    """Return the change of mean power from a clip to its shifted versions.

    Parameters
    ----------
    shifted : Tensor of shape (n_shifts, n_samples)
    clip : Clip

    Returns
    -------
    ndarray of shape (n_shifts,)
        In decibels; ``nan`` when either side is silent.
    """
    ratio = energy_ratio(energy(shifted), energy(torch.from_numpy(clip.waveform)))
    audible = np.where(ratio > 0, ratio, np.nan)
    return np.asarray(10 * np.log10(audible))


def filled_bands(clip: Clip) -> FloatArray:
    """Return where a clip has sound: the centres of the bands within 60 dB of its strongest.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    ndarray of shape (n_filled,)
        In hertz, of 256 bands of equal width up to Nyquist; empty for a silent clip.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    >>> filled_bands(Clip(tone, 8000))
    array([ 992.1875, 1007.8125])
    """
    spectrum = np.abs(np.fft.rfft(clip.waveform * np.hanning(len(clip.waveform)))) ** 2
    nyquist = clip.sample_rate / 2
    places = np.arange(len(spectrum)) * _N_BANDS // len(spectrum)
    return (_filled(np.bincount(places, spectrum, _N_BANDS)) + 0.5) * nyquist / _N_BANDS


def _filled(power: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return which bands are within 60 dB of the strongest."""
    return np.flatnonzero((power > 0) & (power >= _FILLED * power.max()))


def bin_fidelity(spectrogram: Tensor, n_bins_up: Any, *, floor_db: float) -> Fidelity:
    """Measure what moving a spectrogram along its frequency axis does beside moving it.

    Parameters
    ----------
    spectrogram : Tensor of shape (n_bins, n_frames)
        In decibels.
    n_bins_up : array of shape (n_shifts,)
    floor_db : float
        The value that stands for silence, and enters.

    Returns
    -------
    Fidelity
        Of power; the round trip compares magnitudes. `window_filled` is the share of bins that entered.

    Examples
    --------
    >>> flat = torch.zeros(4, 3)
    >>> bin_fidelity(flat, [0, 1], floor_db=-200.0).energy_kept.round(6)
    array([1.  , 0.75])
    """
    amounts = np.atleast_1d(np.asarray(n_bins_up, dtype=np.float64))
    original = spectrogram.to("cpu", torch.float64)
    shifted = bin_shift(original, amounts, fill=floor_db)
    back = bin_shift(shifted, -amounts, fill=floor_db)
    power = (10 ** (shifted / 10)).sum((-2, -1)).numpy()
    whole = (10 ** (original / 10)).sum().numpy()
    lost = (10 ** (back / 20) - 10 ** (original / 20)).square().sum((-2, -1)).numpy()
    n_bins = original.shape[-2]
    filled = _filled((10 ** (original / 10)).mean(-1).numpy())
    landing = filled + np.round(amounts)[:, None]
    return Fidelity(
        energy_kept=power / whole,
        level_change_db=10 * np.log10(power / whole),
        window_filled=np.minimum(np.abs(amounts), n_bins) / n_bins,
        bandwidth_lost=((landing < 0) | (landing >= n_bins)).mean(axis=1),
        round_trip_error=np.sqrt(lost / whole),
    )


def energy(samples: Tensor) -> FloatArray:
    """Sum the squares of samples.

    Parameters
    ----------
    samples : Tensor of shape (..., n_samples)

    Returns
    -------
    ndarray of shape (...)
    """
    return np.asarray(torch.einsum("...i,...i->...", samples, samples).to(torch.float64).numpy())


def energy_ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide energies; ``nan`` where the whole is silent.

    Parameters
    ----------
    part, whole : ndarray of shape (...)

    Returns
    -------
    ndarray of shape (...)
    """
    return part / np.where(whole > 0, whole, np.nan)
