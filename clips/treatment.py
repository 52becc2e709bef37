"""What is done to every recording between its package and the corpus: trim, cut, compare, write.

Conventions
-----------
Everything is 16 kHz mono. Levels are kept as recorded. "Equal" means equal up to gain, polarity and a delay.

What is here: `Recording`, `read`, `trimmed`, `drop_duplicates`, `write_set`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft

from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.clip import Clip

SAMPLE_RATE = 16_000
SILENCE_DB = -60.0  # relative to the peak of the recording
LEAD_SECONDS = 0.002  # kept before the first sample above SILENCE_DB
FADE_SECONDS = 0.010  # where a recording is cut while it still sounds
SAME_CORRELATION = 0.99  # peak of the normalised cross-correlation

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Recording:
    """One clip with all that a manifest says about it.

    Parameters
    ----------
    clip : Clip
        16 kHz mono; `Clip.name` is the file name that it will get, without suffix.
    split : {"train", "valid", "test"}
        The test side is what ships.
    source : str
        Package and original file name.
    licence : str
        SPDX name.
    """

    clip: Clip
    split: str
    source: str
    licence: str

    @property
    def path(self) -> str:
        """Path of its file, relative to the manifest."""
        return f"{self.clip.label}/{self.clip.name}.flac"


@dataclass(frozen=True)
class Duplicate:
    """A recording that was dropped because an earlier one is equal."""

    dropped: Recording
    kept: Recording
    correlation: float

    @property
    def is_dispute(self) -> bool:
        """Whether two equal sounds have two labels, so that one of the labels is wrong."""
        return self.dropped.clip.label != self.kept.clip.label

    @property
    def reason(self) -> str:
        """How alike the two are, and whether their labels differ."""
        alike = "same samples" if self.correlation == 1.0 else f"correlation {self.correlation:.4f}"
        return f"{alike}, labels differ" if self.is_dispute else alike


def slug(*words: str) -> str:
    """Turn words into a file name: lower-case ASCII letters, digits and hyphens, joined by underscores."""
    return "_".join(re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words)


def read(path: Path, *, name: str, label: str, group: str, longest_seconds: float) -> Clip:
    """Read a sound file as a 16 kHz mono clip, trimmed.

    Parameters
    ----------
    path : Path
    name, label, group : str
        What the clip is called, its class, and what it shares with other clips.
    longest_seconds : float
        Where it is cut, if it lasts longer.

    Returns
    -------
    Clip
        Scaled down to full scale where resampling pushed it above; otherwise at the original level.
    """
    clip = load_clip(path, sample_rate=SAMPLE_RATE)
    waveform = trimmed(clip.waveform, longest_seconds)
    return Clip(waveform / max(1.0, float(np.abs(waveform).max())), SAMPLE_RATE, name, label, group)


def trimmed(waveform: FloatArray, longest_seconds: float) -> FloatArray:
    """Cut the silence at both ends, and whatever comes after `longest_seconds`.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    longest_seconds : float

    Returns
    -------
    ndarray of shape (at most longest_seconds × 16000,)
        Begins at most 2 ms before the first sample above −60 dB re peak, ends with the last one. A sound that
        is cut while it lasts fades out over its last 10 ms, linearly; a hard cut would click.
    """
    level = np.abs(waveform)
    sounding = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (SILENCE_DB / 20))
    if len(sounding) == 0:
        return waveform[:0]
    first = max(0, int(sounding[0]) - round(LEAD_SECONDS * SAMPLE_RATE))
    core = waveform[first : int(sounding[-1]) + 1]
    longest = round(longest_seconds * SAMPLE_RATE)
    if len(core) <= longest:
        return core
    cut = core[:longest].copy()
    n_fade = round(FADE_SECONDS * SAMPLE_RATE)
    cut[-n_fade:] *= np.linspace(1.0, 0.0, n_fade, dtype=np.float32)
    return cut


def drop_duplicates(recordings: Sequence[Recording]) -> tuple[list[Recording], list[Duplicate]]:
    """Keep the first of several equal recordings, and none where their labels contradict each other.

    Two recordings are equal if their samples are, or if the peak of their normalised cross-correlation exceeds
    0.99. By the triangle inequality that peak is at most the cosine between the two magnitude spectra, so
    the correlation is computed only where that cosine exceeds 0.99.

    Parameters
    ----------
    recordings : sequence of Recording
        In order of preference: what ships comes first, so that its equals leave the training side.

    Returns
    -------
    kept : list of Recording
    dropped : list of Duplicate
    """
    n_fft = fft.next_fast_len(2 * max(len(recording.clip.waveform) for recording in recordings), real=True)
    waveforms = (recording.clip.waveform for recording in recordings)
    spectra = np.stack([fft.rfft(waveform / np.linalg.norm(waveform), n_fft) for waveform in waveforms])
    magnitudes = np.abs(spectra)
    magnitudes /= np.linalg.norm(magnitudes, axis=1, keepdims=True)
    hashes = [recording.clip.content_hash() for recording in recordings]
    kept: list[int] = []
    dropped: list[Duplicate] = []
    for index, recording in enumerate(recordings):
        alike = magnitudes[:index] @ magnitudes[index] > SAME_CORRELATION - 0.001
        best, twin = 0.0, index
        for other in (other for other in kept if alike[other]):
            correlation = float(np.abs(fft.irfft(spectra[index] * spectra[other].conj(), n_fft)).max())
            if hashes[index] == hashes[other]:
                correlation = 1.0
            if correlation > best:
                best, twin = correlation, other
        if best > SAME_CORRELATION:
            dropped.append(Duplicate(recording, recordings[twin], min(best, 1.0)))
        else:
            kept.append(index)
    disputed = {duplicate.kept for duplicate in dropped if duplicate.is_dispute}
    dropped += [Duplicate(pair.kept, pair.dropped, pair.correlation) for pair in dropped if pair.is_dispute]
    return [recordings[index] for index in kept if recordings[index] not in disputed], dropped


def write_set(folder: Path, recordings: Iterable[Recording], columns: Sequence[str]) -> None:
    """Write a set's sounds and its manifest.

    Parameters
    ----------
    folder : Path
        Gets `LABEL/NAME.flac` and `manifest.csv`.
    recordings : iterable of Recording
    columns : sequence of str
        Of the manifest: any of path, label, group, split, source, licence.
    """
    rows = []
    for recording in sorted(recordings, key=lambda recording: recording.path):
        path = folder / recording.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, recording.clip.waveform, SAMPLE_RATE)
        rows.append(
            {
                "path": recording.path,
                "label": recording.clip.label,
                "group": recording.clip.group,
                "split": recording.split,
                "source": recording.source,
                "licence": recording.licence,
            }
        )
    write_rows(folder / "manifest.csv", rows, columns)


def write_rows(path: Path, rows: Iterable[dict[str, str | None]], columns: Sequence[str]) -> None:
    """Write a table as CSV with the given columns, others left out."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
