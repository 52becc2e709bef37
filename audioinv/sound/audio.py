"""Clips: sound in memory, where it came from, and the one door through which files come in.

Conventions
-----------
A waveform is float32, mono, of shape ``(n_samples,)``, at `sample_rate` hertz, full scale at ±1. A file with
several channels becomes mono by their plain mean. Resampling is soxr's HQ setting. Nothing is normalised,
trimmed or faded. Times are in seconds from the start of the file.

What is here: `Clip`, `load_clip`, `open_window`, `find_audio`, `write_audio`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ..errors import AudioFileError, InputError
from .decoding import MOST_SAMPLES, Header, Sound, open_sound
from .places import find_place

__all__ = ["AUDIO_SUFFIXES", "Clip", "find_audio", "load_clip", "open_window", "write_audio"]

FloatArray = npt.NDArray[np.float32]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff", ".au", ".w64", ".caf"})
_LOSSY = frozenset({".ogg", ".oga", ".mp3"})
_LOUDEST = 2.0**32  # beyond any integer that somebody forgot to scale; squared, it still sums in float32
_NEAR_SECONDS = 60.0  # what may enter a window: far more than any delay
_NOTHING = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Clip:
    """A stretch of mono sound, with the sound around it where the recording has more.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip itself.
    sample_rate : int
        In hertz.
    name : str
        What reports call it; for a file, its path as given.
    label, group : str, optional
        Its class, and the recording, speaker or kit that it shares with other clips.
    start_seconds : float, default 0
        Where the clip begins in its recording.
    before, after : ndarray of shape (n,), float32
        The recording just before and just after the clip: what enters the window when ``edges="context"``.

    Raises
    ------
    InputError
        If a waveform is not one-dimensional, or the sample rate is not positive.

    Examples
    --------
    >>> clip = Clip(np.zeros(800, dtype=np.float32), 8000, name="nothing")
    >>> clip.duration_seconds
    0.1
    """

    waveform: FloatArray
    sample_rate: int
    name: str = "clip"
    label: str | None = None
    group: str | None = None
    start_seconds: float = 0.0
    before: FloatArray = field(default_factory=lambda: _NOTHING)
    after: FloatArray = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if self.sample_rate <= 0:
            raise InputError(f"sample_rate={self.sample_rate} must be a positive number of hertz")
        for part in ("waveform", "before", "after"):
            samples = np.asarray(getattr(self, part), dtype=np.float32)
            if samples.ndim != 1:
                raise InputError(f"{part} of {self.name} has shape {samples.shape}; it must be mono, (n_samples,)")
            object.__setattr__(self, part, samples)

    @property
    def duration_seconds(self) -> float:
        """Length of the clip in seconds, without its surroundings."""
        return len(self.waveform) / self.sample_rate

    @property
    def end_seconds(self) -> float:
        """Where the clip ends in its recording, in seconds."""
        return self.start_seconds + self.duration_seconds

    def content_hash(self) -> str:
        """Hash of the decoded samples: equal for two files that hold the same sound under any name.

        Returns
        -------
        str
            SHA-256 of the 16-bit samples, in hexadecimal; silence at either end does not count.
        """
        samples = np.round(self.waveform * 32767).astype("<i2")
        heard = np.flatnonzero(samples)
        core = samples[heard[0] : heard[-1] + 1] if len(heard) else samples[:0]
        return hashlib.sha256(core.tobytes()).hexdigest()

    def _repr_html_(self) -> str:
        from .player import player_html

        label = "" if self.label is None else f" ({self.label})"
        told = f"{self.name}{label}: {self.duration_seconds:.2f} s at {self.sample_rate} Hz"
        return player_html(self.waveform, self.sample_rate, told)

    def resampled(self, sample_rate: int) -> Clip:
        """Return the clip at another sample rate, with its surroundings.

        Parameters
        ----------
        sample_rate : int
            In hertz.

        Returns
        -------
        Clip
            The clip itself, where the rate is the same already.

        Raises
        ------
        InputError
            If it would be too large to hold.
        """
        if sample_rate == self.sample_rate:
            return self
        cuts = np.cumsum([len(self.before), len(self.waveform)])
        n_after = (int(cuts[-1]) + len(self.after)) * sample_rate // self.sample_rate
        if n_after > MOST_SAMPLES:
            raise InputError(
                f"{self.name}: {n_after} samples when its {self.sample_rate} Hz become {sample_rate} Hz, above "
                f"{MOST_SAMPLES}; cut it"
            )
        whole = np.concatenate([self.before, self.waveform, self.after])
        whole = np.asarray(soxr.resample(whole, self.sample_rate, sample_rate, quality="HQ"), dtype=np.float32)
        first, last = (round(int(cut) * sample_rate / self.sample_rate) for cut in cuts)
        return replace(
            self,
            waveform=whole[first:last],
            before=whole[:first],
            after=whole[last:],
            sample_rate=sample_rate,
        )


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
        rate, n_samples = sound.header.sample_rate, sound.header.n_samples
        if n_samples == 0:
            raise AudioFileError(f"{place}: holds no samples; record it again")
        first = round(start_seconds * rate)
        last = n_samples if end_seconds is None else round(end_seconds * rate)
        if not 0 <= first < last <= n_samples:
            raise InputError(
                f"{path}: the stretch {start_seconds} s to {end_seconds} s is empty or outside the file's "
                f"{n_samples / rate:.3f} s"
            )
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
            f"the {MOST_SAMPLES >> 18} MiB that a sound may take in memory; let the model slide over it (--slide), "
            "or cut it"
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


def open_window(clip: Clip, n_samples: int, lead_samples: int = 0) -> Clip:
    """Lay a window of fixed length over a clip, as a model with a fixed input hears it.

    The window opens `lead_samples` before the clip does. Where the recording has sound there, that is what the
    window holds; where it has none, and where the clip ends early, the window holds silence.

    Parameters
    ----------
    clip : Clip
        At the model's sample rate.
    n_samples : int
        Length of the window.
    lead_samples : int, default 0
        How far before the clip the window opens.

    Returns
    -------
    Clip
        `n_samples` long. What of the recording lies outside the window is `before` and `after`.

    Examples
    --------
    >>> clip = Clip(np.float32([1, 2, 3]), 8000)
    >>> open_window(clip, 5, lead_samples=1).waveform
    array([0., 1., 2., 3., 0.], dtype=float32)
    """
    recording = np.concatenate([clip.before, clip.waveform, clip.after])
    opens = len(clip.before) - lead_samples
    closes = opens + n_samples
    window = np.zeros(n_samples, dtype=np.float32)
    first, last = max(opens, 0), min(closes, len(recording))
    if last > first:
        window[first - opens : last - opens] = recording[first:last]
    return replace(
        clip,
        waveform=window,
        start_seconds=clip.start_seconds - lead_samples / clip.sample_rate,
        before=recording[: max(opens, 0)],
        after=recording[max(closes, 0) :],
    )


def find_audio(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Yield the sound files that a list of files and folders stands for.

    A folder stands for every file below it whose suffix is one of `AUDIO_SUFFIXES`, in sorted order; a file
    stands for itself, whatever its suffix, so that a wrong one is reported and not passed over.

    Parameters
    ----------
    paths : iterable of str or path

    Yields
    ------
    Path
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(
                found for found in path.rglob("*") if found.suffix.lower() in AUDIO_SUFFIXES and found.is_file()
            )
        else:
            yield path


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
    """
    samples = np.asarray(waveform, dtype=np.float32)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak > 1.0:
        raise InputError(f"{path}: the sound peaks at {peak:.3f}, above full scale; scale it down before writing")
    if Path(path).suffix.lower() not in _LOSSY:
        # libsndfile rounds floats down for one format and to nearest for another; integers it leaves alone.
        samples = np.round(samples * 32768).clip(-32768, 32767).astype(np.int16)
    try:
        soundfile.write(path, samples, sample_rate)
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise InputError(f"{path}: cannot be written ({error})") from error
