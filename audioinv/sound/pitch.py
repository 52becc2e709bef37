"""Pitch shifts: every component multiplied by the same ratio, by an engine that is named in every result.

Conventions
-----------
Intervals are in semitones; +12 doubles every frequency. Ratios between partials are kept, so the harmonicity
error stays 0: this is what a frequency shift does not do. An interval of 0 returns the very samples that went
in; what an engine does to a sound at interval 0 is a question of its own and is answered by `run_engine`.

Engines
-------
``signalsmith``
    Signalsmith Stretch through python-stretch: keeps the duration; leaves the traces of a phase vocoder.
``resample``
    soxr at an exact ratio: no traces, but the sound becomes shorter (up) or longer (down).
``world``
    WORLD through pyworld, an optional package: a voice is taken apart into pitch, spectral envelope and noise, and
    sung again at another pitch. Partials move and formants stay, as a speaker does it; the other engines move both.
    Only sounds with one pitch are moved: what is unvoiced comes back at its old place. Even an interval of 0 goes
    through the vocoder, and is far from the identity.

What is here: `pitch_shift`, `run_engine`, `check_engine`, `ENGINES`, `semitones_to_ratio`; `fit_window`, for sounds of
another duration.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import python_stretch
import soxr

from ..errors import InputError
from .arrays import Row, change_rows

__all__ = ["ENGINES", "check_engine", "fit_window", "pitch_shift", "run_engine", "semitones_to_ratio"]


ENGINES = ("signalsmith", "resample", "world")
_SEED = 0  # signalsmith draws phases; one seed makes it repeatable
MAX_SEMITONES = 48.0


def semitones_to_ratio(interval_semitones: Any) -> Any:
    """Return the frequency ratio of an interval.

    Parameters
    ----------
    interval_semitones : float or ndarray

    Returns
    -------
    float or ndarray
        ``2 ** (interval / 12)``.

    Examples
    --------
    >>> semitones_to_ratio(12)
    2.0
    """
    return 2.0 ** (interval_semitones / 12)


def pitch_shift(
    waveform: Any,
    interval_semitones: Any,
    sample_rate: float,
    *,
    engine: str = "signalsmith",
    anchor_samples: int = 0,
) -> Any:
    """Multiply every frequency of a sound by the same ratio.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    interval_semitones : float or array
        Broadcasts against the leading axes; positive moves up.
    sample_rate : float
        In hertz.
    engine : {"signalsmith", "resample", "world"}, default "signalsmith"
    anchor_samples : int, default 0
        The moment that stays in place when the engine changes the duration.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        As long as the input: a sound that became shorter is followed by silence, one that became longer is cut.

    Raises
    ------
    InputError
        If the engine is unknown or not installed, or an interval exceeds four octaves.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000).astype(np.float32)
    >>> octave_up = pitch_shift(tone, 12, 16000, engine="resample")
    >>> int(np.argmax(np.abs(np.fft.rfft(octave_up[:4000])))) * 4  # hertz
    880
    """
    check_engine(engine)
    intervals = np.asarray(interval_semitones, dtype=np.float64)
    if not (np.isfinite(intervals).all() and (np.abs(intervals) <= MAX_SEMITONES).all()):
        raise InputError(f"interval_semitones={interval_semitones} must lie within ±{MAX_SEMITONES:g}")

    def shifted(row: Row, interval: float) -> Row:
        return run_engine(row, interval, sample_rate, engine=engine, anchor_samples=anchor_samples)

    return change_rows(waveform, intervals, shifted)


def run_engine(
    waveform: Row,
    interval_semitones: float,
    sample_rate: float,
    *,
    engine: str,
    anchor_samples: int = 0,
) -> Row:
    """Pass one sound through an engine, also when the interval is 0.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
    interval_semitones : float
    sample_rate : float
        In hertz.
    engine : {"signalsmith", "resample", "world"}
    anchor_samples : int, default 0
        The moment that stays in place when the engine changes the duration.

    Returns
    -------
    ndarray of shape (n_samples,), float32
    """
    check_engine(engine)
    if engine == "resample":
        return _resampled(waveform, float(semitones_to_ratio(interval_semitones)), anchor_samples)
    if engine == "world":
        return _sung_again(waveform, float(semitones_to_ratio(interval_semitones)), sample_rate)
    stretch = python_stretch.Signalsmith.Stretch(_SEED)
    stretch.preset(1, float(sample_rate))
    stretch.setTransposeSemitones(interval_semitones)
    processed = np.asarray(stretch.process(np.ascontiguousarray(waveform[None])))
    return np.asarray(processed[0], dtype=np.float32)


def check_engine(engine: str) -> None:
    """Refuse an engine that cannot be used here.

    Parameters
    ----------
    engine : str

    Raises
    ------
    InputError
        If it is unknown, or needs a package that is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"pitch engine {engine!r} is not one of {', '.join(ENGINES)}")
    if engine == "world" and find_spec("pyworld") is None:
        raise InputError("pitch engine 'world' needs pyworld; pip install 'audioinv[world]'")


def _sung_again(waveform: Row, ratio: float, sample_rate: float) -> Row:
    """Let WORLD sing a sound at `ratio` times its pitch.

    References
    ----------
    .. [1] Morise, Yokomori & Ozawa, WORLD: a vocoder-based high-quality speech synthesis system for real-time
       applications, IEICE Trans. Information and Systems E99-D, 2016.
    """
    import pyworld

    sound, rate = waveform.astype(np.float64), round(sample_rate)
    coarse, moments = pyworld.dio(sound, rate)
    pitch = pyworld.stonemask(sound, coarse, moments, rate)
    envelope = pyworld.cheaptrick(sound, pitch, moments, rate)
    noise = pyworld.d4c(sound, pitch, moments, rate)
    sung = pyworld.synthesize(pitch * ratio, envelope, noise, rate)
    return np.asarray(sung[: len(waveform)], dtype=np.float32)


def _resampled(waveform: Row, ratio: float, anchor_samples: int) -> Row:
    """Play a sound `ratio` times as fast, keeping `anchor_samples` where it is and the length as it was."""
    faster = np.asarray(soxr.resample(waveform, ratio, 1.0, quality="HQ"), dtype=np.float32)
    return fit_window(faster, len(waveform), ratio, anchor_samples)


def fit_window(played: Row, n_samples: int, ratio: float, anchor_samples: int) -> Row:
    """Lay a sound whose duration has changed into its window again.

    Parameters
    ----------
    played : ndarray of shape (n_played,), float32
    n_samples : int
        Length of the window.
    ratio : float
        How many times as fast it is now.
    anchor_samples : int
        The moment of the window that stays in place.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        Silence where the sound has become too short, cut where it has become too long.
    """
    index = np.arange(n_samples) + round(anchor_samples / ratio) - anchor_samples
    inside = (index >= 0) & (index < len(played))
    fitted = np.zeros(n_samples, dtype=np.float32)
    fitted[inside] = played[index[inside]]
    return fitted
