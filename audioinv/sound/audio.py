"""The door through which sound comes from files, and goes back into them.

Conventions
-----------
A file with several channels becomes mono by their plain mean; its samples are float32, full scale at ±1. Nothing is
normalised, trimmed or faded. Times are in seconds from the start of the file.

What is here: `load_clip`, `write_audio`; `find_stretch` and `check_samples`, for whoever reads a file in another way.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from ..errors import AudioFileError, InputError
from .clip import Clip
from .decoding import MOST_SAMPLES, Header, Sound, open_sound
from .places import find_place

__all__ = ["AUDIO_SUFFIXES", "check_samples", "find_stretch", "load_clip", "write_audio"]

FloatArray = npt.NDArray[np.float32]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff", ".au", ".w64", ".caf"})
_LOSSY = frozenset({".ogg", ".oga", ".mp3"})
_LOUDEST = 2.0**32  # beyond any integer that somebody forgot to scale; squared, it still sums in float32
_NEAR_SECONDS = 60.0  # what may enter a window: far more than any delay


def load_clip(
    path: str | os.PathLike[str],
    *,
    sample_rate: int | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    label: str | None = None,
    group: str | None = None,
) -> Clip:
    """Read a sound file, or a stretch of one, as a mono clip.

    Parameters
    ----------
    path : str or path
        WAV, FLAC, OGG, MP3, AIFF or whatever else libsndfile reads; on this disk, or a URL (`audioinv.sound.places`).
    sample_rate : int, optional
        Resample to this many hertz; the file's own rate if not given.
    start_seconds, end_seconds : float, optional
        The stretch of the file that is the clip. The rest becomes its surroundings (`Clip.before`, `Clip.after`);
        of a file too large to hold, the minute on either side.
    label, group : str, optional
        Passed on to the clip.

    Returns
    -------
    Clip

    Raises
    ------
    AudioFileError
        If the file is missing, empty, truncated, no sound file, too large to hold, or holds samples that are not
        numbers.
    InputError
        If the stretch is empty or lies outside the file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "tone.wav"
    >>> write_audio(path, np.sin(np.arange(8000) / 8).astype(np.float32), 8000)
    >>> load_clip(path, start_seconds=0.25, end_seconds=0.75).duration_seconds
    0.5
    """
    place = find_place(path)
    with open_sound(place) as sound:
        rate = sound.header.sample_rate
        if sound.header.n_samples == 0:
            raise AudioFileError(f"{place}: holds no samples; record it again")
        first, last = find_stretch(path, sound.header, start_seconds, end_seconds)
        opens, closes = _held(place, sound.header, first, last)
        waveform = _read(sound, opens, closes)
    check_samples(place, waveform)
    clip = Clip(
        waveform[first - opens : last - opens],
        rate,
        name=str(path),
        label=label,
        group=group,
        start_seconds=first / rate,
        before=waveform[: first - opens],
        after=waveform[last - opens :],
    )
    return clip if sample_rate is None else clip.resampled(sample_rate)


def find_stretch(
    source: str | os.PathLike[str], header: Header, start_seconds: float, end_seconds: float | None
) -> tuple[int, int]:
    """Return the samples of a file that a stretch of it stands for.

    Parameters
    ----------
    source : str or path
        What the file is called.
    header : Header
    start_seconds : float
    end_seconds : float or None
        None for the end of the file.

    Returns
    -------
    (int, int)
        The first sample, and one past the last.

    Raises
    ------
    InputError
        If the stretch is empty or lies outside the file.
    """
    rate, n_samples = header.sample_rate, header.n_samples
    first = round(start_seconds * rate)
    last = n_samples if end_seconds is None else round(end_seconds * rate)
    if not 0 <= first < last <= n_samples:
        raise InputError(
            f"{source}: the stretch {start_seconds} s to {end_seconds} s is empty or outside the file's "
            f"{n_samples / rate:.3f} s"
        )
    return first, last


def _held(path: Path, header: Header, first: int, last: int) -> tuple[int, int]:
    """Return which samples of a file are held for a stretch: all, or those near, if all would take too much memory."""
    if header.n_samples * header.n_channels <= MOST_SAMPLES:
        return 0, header.n_samples
    near = round(_NEAR_SECONDS * header.sample_rate)
    opens, closes = max(0, first - near), min(header.n_samples, last + near)
    if (closes - opens) * header.n_channels > MOST_SAMPLES:
        hours = (last - first) / header.sample_rate / 3600
        raise AudioFileError(
            f"{path}: {hours:.3g} hours in {header.n_channels} channel{'s' if header.n_channels > 1 else ''}, above "
            f"the {MOST_SAMPLES >> 18} MiB that a sound may take in memory; let the model slide over it (`slide`, "
            "--slide), or cut it"
        )
    return opens, closes


def _read(sound: Sound, opens: int, closes: int) -> FloatArray:
    """Read samples `opens` to `closes` of a file as mono float32."""
    waveform = np.empty(closes - opens, np.float32)
    at = 0
    for block in sound.blocks(sound.header.n_samples):
        part = block[max(opens - at, 0) : max(closes - at, 0)]
        into = max(at - opens, 0)
        waveform[into : into + len(part)] = part
        at += len(block)
        if closes < sound.header.n_samples and at >= closes:
            break
    return waveform


def check_samples(path: Path, waveform: FloatArray, start_seconds: float | None = None) -> None:
    """Refuse samples that are no sound.

    Parameters
    ----------
    path : Path
    waveform : ndarray of shape (n_samples,)
    start_seconds : float, optional
        Where it begins, if it is a part of the file.

    Raises
    ------
    AudioFileError
        If samples are NaN, infinite, or beyond anything that a scale of ±1 was meant for.
    """
    here = "" if start_seconds is None else f" from {start_seconds:.1f} s on"
    peak = max(float(waveform.max(initial=0.0)), -float(waveform.min(initial=0.0)))
    if not np.isfinite(peak):
        bad = np.count_nonzero(~np.isfinite(waveform))
        raise AudioFileError(f"{path}: {bad} of {len(waveform)} samples{here} are NaN or infinite; export it again")
    if peak > _LOUDEST:
        raise AudioFileError(f"{path}: samples{here} peak at {peak:.3g}, where full scale is 1; export it again")


def write_audio(path: str | os.PathLike[str], waveform: Any, sample_rate: int) -> None:
    """Write a mono waveform; the format follows the suffix, 16 bits where the format is lossless.

    Parameters
    ----------
    path : str or path
    waveform : array of shape (n_samples,)
        Samples beyond ±1 are refused rather than clipped.
    sample_rate : int
        In hertz.

    Raises
    ------
    InputError
        If a sample lies outside ±1, or the suffix is not a format that can be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "click.wav"
    >>> write_audio(path, [0.0, 1.0, 0.0, 0.0], 8000)
    >>> load_clip(path).duration_seconds
    0.0005
    """
    samples = np.asarray(waveform, dtype=np.float32)
    if (np.abs(samples) > 1.0).any():
        peak = np.nanmax(np.abs(samples))
        raise InputError(f"{path}: the sound peaks at {peak:.3f}, above full scale; scale it down before writing")
    if Path(path).suffix.lower() not in _LOSSY:
        # libsndfile rounds floats down for one format and to nearest for another; integers it leaves alone.
        samples = np.round(samples * 32768).clip(max=32767).astype(np.int16)
    try:
        soundfile.write(path, samples, sample_rate)
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise InputError(f"{path}: cannot be written ({error})") from error
