"""The pitch of a clip, where it has a stable one; "no stable pitch" is an answer.

Conventions
-----------
Frequencies are in hertz. A pitch is stable when most loud frames agree on it and most of the energy lies at its
multiples; otherwise the fundamental is ``nan``, with the reason.

What is here: `Pitch`, `find_pitch`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..errors import InputError
from .harmonics import harmonic_places, measure_partials
from .spectral_peaks import MAIN_LOBE_BINS, SEARCH_RATIO, hann_window

__all__ = ["Pitch", "find_pitch"]

FloatArray = npt.NDArray[np.float64]

SILENCE = 1e-4
"""A sound whose samples all stay below -80 dB of full scale is silent."""
LOUD_RATIO = 0.01
"""Frames more than 40 dB below the loudest have no say in the pitch."""
APERIODICITY = 0.15
"""YIN's threshold: the share of a frame's power that may fail to repeat after one period."""
AGREEMENT_SHARE = 0.7
AGREEMENT_RATIO = 2.0 ** (50 / 1200)
"""A pitch is stable if 70 % of the loud frames lie within 50 cents of their median, …"""
HARMONIC_SHARE = 0.8
"""… and 80 % of the energy lies near multiples of it; steady notes reach 94 %, two tones half of it."""
N_FRAMES_LEAST, N_FRAMES_MOST = 5, 200
FRAME_HOP_SECONDS = 0.01
OCTAVE_DISTANCE_DB = 30.0
"""A fundamental an octave lower must have its first and third partial this close to the strongest."""


@dataclass(frozen=True)
class Pitch:
    """Answer of `find_pitch`.

    Parameters
    ----------
    fundamental_hz : float
        Frequency of the first partial; nan unless the pitch is stable.
    stable : bool
    reason : str, optional
        Why there is none: "silent", "too short: …", "no stable pitch: …".
    """

    fundamental_hz: float
    stable: bool
    reason: str = ""


def find_pitch(waveform: npt.ArrayLike, sample_rate: int, *, fmin: float = 50.0, fmax: float = 2000.0) -> Pitch:
    """Find the pitch of a sound that has one and keeps it.

    YIN gives a pitch for every 10 ms (at most 200 frames, evenly spread). If 70 % of the frames within 40 dB of the
    loudest agree within 50 cents, the first partial is looked up in the spectrum: an octave lower where the first and
    the third partial of that octave sound, too. No pitch is claimed where nothing sounds at the fundamental (two pure
    tones a fifth apart), or where more than 20 % of the energy lies more than 3 % from its multiples (two tones a
    semitone apart, a glide). Two tones less than 3 % apart pass for one of the two; of two very unequal ones the
    stronger is found. A drum that rings on one partial has that pitch.

    Parameters
    ----------
    waveform : array of shape (n_samples,)
    sample_rate : int
        In hertz.
    fmin, fmax : float, default 50 and 2000
        Range of the fundamental, in hertz. It never reaches beyond a quarter of the sample rate.

    Returns
    -------
    Pitch

    Raises
    ------
    InputError
        If the waveform is not mono, or the range is empty.

    References
    ----------
    .. [1] de Cheveigné & Kawahara, YIN, a fundamental frequency estimator for speech and music, 2002.

    Examples
    --------
    >>> seconds = np.arange(4000) / 8000
    >>> find_pitch(np.sin(2 * np.pi * 220 * seconds), 8000).fundamental_hz.__round__(2)
    220.0
    >>> find_pitch(np.zeros(4000), 8000).reason
    'silent'
    """
    samples = np.asarray(waveform, dtype=np.float64)
    if samples.ndim != 1:
        raise InputError(f"waveform of shape {samples.shape} must be mono, (n_samples,)")
    highest = min(fmax, sample_rate / 4)
    if not 0 < fmin < highest:
        raise InputError(f"0 < fmin={fmin} < fmax={fmax} and fmin < sample_rate / 4 = {sample_rate / 4} must hold")
    needed = int(3 * sample_rate / fmin + (N_FRAMES_LEAST - 1) * FRAME_HOP_SECONDS * sample_rate) + 4
    if not np.any(np.abs(samples) > SILENCE):
        return _no_pitch("silent")
    if len(samples) < needed:
        return _no_pitch(f"too short: {len(samples) / sample_rate:.3f} s of at least {needed / sample_rate:.3f} s")
    samples = samples - samples.mean()
    guess, agreed = _agreed_pitch(_track_pitch(samples, sample_rate, fmin, highest))
    if agreed < AGREEMENT_SHARE:
        return _no_pitch(f"no stable pitch: {100 * agreed:.0f} % of the loud frames agree on one")
    fundamental = _lowest_fundamental(samples, sample_rate, guess)
    if np.isnan(fundamental):
        return _no_pitch(f"no stable pitch: nothing sounds at the fundamental of {guess:.1f} Hz")
    explained = _harmonic_share(samples, sample_rate, fundamental)
    if explained < HARMONIC_SHARE:
        percent = f"{100 * explained:.0f} %"
        return _no_pitch(f"no stable pitch: {percent} of the energy lies at multiples of {fundamental:.1f} Hz")
    return Pitch(fundamental, True)


def _no_pitch(reason: str) -> Pitch:
    """Say why there is no pitch."""
    return Pitch(np.nan, False, reason)


@dataclass(frozen=True, eq=False)
class _Track:
    """Pitch and level of every frame, of shape (n_frames,)."""

    pitch_hz: FloatArray
    level_rms: FloatArray


def _track_pitch(samples: FloatArray, sample_rate: int, fmin: float, fmax: float) -> _Track:
    """Run YIN over frames of three of the longest periods."""
    longest = int(sample_rate / fmin) + 1
    window = 2 * longest
    hop = max(int(FRAME_HOP_SECONDS * sample_rate), (len(samples) - window - longest) // N_FRAMES_MOST, 1)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window + longest)[::hop]
    aperiodicity = _aperiodicity(frames, window, longest)
    shortest = max(int(sample_rate / fmax), 2)
    middle = aperiodicity[:, shortest:-1]
    dips = (middle < APERIODICITY) & (middle <= aperiodicity[:, shortest - 1 : -2])
    dips &= middle < aperiodicity[:, shortest + 1 :]
    lag = np.argmax(dips, axis=-1) + shortest
    left, low, right = (np.take_along_axis(aperiodicity, lag[:, None] + i, -1)[:, 0] for i in (-1, 0, 1))
    curvature = np.maximum(left - 2 * low + right, np.finfo(np.float64).tiny)
    period = lag + np.clip(0.5 * (left - right) / curvature, -0.5, 0.5)
    level = np.sqrt(np.mean(frames[:, :window] ** 2, axis=-1))
    return _Track(np.where(dips.any(axis=-1), sample_rate / period, np.nan), level)


def _aperiodicity(frames: FloatArray, window: int, longest: int) -> FloatArray:
    """YIN's cumulative-mean-normalised difference at lags 0 … longest, of shape (n_frames, longest + 1)."""
    n_fft = scipy.fft.next_fast_len(window + longest, real=True)
    head = np.conj(scipy.fft.rfft(frames[:, :window], n_fft))
    correlation = scipy.fft.irfft(head * scipy.fft.rfft(frames, n_fft), n_fft)[:, : longest + 1]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=-1)
    energy = energy[:, window:] - energy[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * correlation, 0.0)
    total = np.cumsum(difference, axis=-1)
    lags = np.arange(longest + 1)
    mean_normalised: FloatArray = np.divide(difference * lags, total, out=np.ones_like(total), where=total > 0)
    return mean_normalised


def _agreed_pitch(track: _Track) -> tuple[float, float]:
    """Median pitch of the loud frames, and the share of them that agree with it."""
    loud = track.level_rms >= LOUD_RATIO * track.level_rms.max()
    pitches = track.pitch_hz[loud & np.isfinite(track.pitch_hz)]
    if len(pitches) < N_FRAMES_LEAST:
        return np.nan, 0.0
    median = float(np.median(pitches))
    agreeing = np.maximum(pitches / median, median / pitches) <= AGREEMENT_RATIO
    return median, float(agreeing.sum() / loud.sum())


def _lowest_fundamental(samples: FloatArray, sample_rate: int, guess_hz: float) -> float:
    """Frequency of the first partial, an octave lower where that one and its third partial sound; nan if absent."""
    lower = measure_partials(samples, sample_rate, harmonic_places(guess_hz / 2, sample_rate))
    audible = lower.levels_db >= np.nanmax(lower.levels_db, initial=-np.inf) - OCTAVE_DISTANCE_DB
    if audible[0] and audible[2]:
        return float(lower.frequencies_hz[0])
    return float(measure_partials(samples, sample_rate, harmonic_places(guess_hz, sample_rate)).frequencies_hz[0])


def _harmonic_share(samples: FloatArray, sample_rate: int, fundamental_hz: float) -> float:
    """Share of the energy within the search range of a partial around a multiple of the fundamental."""
    n_samples = len(samples)
    n_fft = scipy.fft.next_fast_len(n_samples, real=True)
    power = np.abs(scipy.fft.rfft(samples * hann_window(n_samples), n_fft)) ** 2
    frequency_hz = scipy.fft.rfftfreq(n_fft, 1 / sample_rate)
    nearest_hz = np.maximum(np.round(frequency_hz / fundamental_hz), 1) * fundamental_hz
    radius_hz = np.maximum(SEARCH_RATIO * nearest_hz, MAIN_LOBE_BINS * sample_rate / n_samples)
    return float(power[np.abs(frequency_hz - nearest_hz) <= radius_hz].sum() / power.sum())
