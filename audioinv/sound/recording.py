"""Recordings too long to hold: read block by block, at any sample rate, and the same samples as when read at once.

Conventions
-----------
As in `audioinv.sound.audio`: float32, mono by the plain mean of the channels, resampled by soxr's HQ setting, nothing
normalised. Blocks follow each other without gap or overlap; how long they are changes no sample. Never more than a
block of the file is in memory.

What is here: `Recording`, `open_recording`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from ..errors import AudioFileError
from .audio import check_samples, find_stretch
from .clip import Clip
from .decoding import open_sound
from .places import find_place

__all__ = ["Recording", "open_recording"]

FloatArray = npt.NDArray[np.float32]

_BLOCK_SECONDS = 16.0


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound file, or a stretch of one, or a clip in memory, that is read block by block.

    Parameters
    ----------
    source : Path or Clip
    name : str
    sample_rate : int
        Of the source, in hertz.
    first, last : int
        The stretch, in samples of the source.
    """

    source: Path | Clip
    name: str
    sample_rate: int
    first: int
    last: int

    @property
    def start_seconds(self) -> float:
        """Where the stretch begins, in seconds from the start of the file."""
        before = self.source.start_seconds if isinstance(self.source, Clip) else 0.0
        return before + self.first / self.sample_rate

    @property
    def duration_seconds(self) -> float:
        """Length of the stretch in seconds."""
        return (self.last - self.first) / self.sample_rate

    def n_samples(self, sample_rate: int) -> int:
        """Return how many samples all blocks have together.

        Parameters
        ----------
        sample_rate : int
            In hertz.

        Returns
        -------
        int
        """
        first, last = self._cuts(sample_rate)
        return last - first

    def blocks(self, sample_rate: int, block_seconds: float = _BLOCK_SECONDS) -> Iterator[FloatArray]:
        """Yield the sound, one block after the other.

        Parameters
        ----------
        sample_rate : int
            In hertz.
        block_seconds : float, default 16
            Of the source, at a time.

        Yields
        ------
        ndarray of shape (n_samples,), float32
            None is empty.

        Raises
        ------
        AudioFileError
            If the file turns out to be truncated, or holds samples that are not numbers.
        """
        first, last = self._cuts(sample_rate)
        at = 0
        for block in self._resampled(sample_rate, max(1, round(block_seconds * self.sample_rate))):
            part = block[max(first - at, 0) : max(last - at, 0)]
            at += len(block)
            if len(part):
                yield part
            if at >= last:
                return

    def _cuts(self, sample_rate: int) -> tuple[int, int]:
        first, last = (round(cut * sample_rate / self.sample_rate) for cut in (self.first, self.last))
        return first, last

    def _resampled(self, sample_rate: int, n_block: int) -> Iterator[FloatArray]:
        if isinstance(self.source, Clip):
            yield self.source.resampled(sample_rate).waveform
        elif sample_rate == self.sample_rate:
            yield from _decode(self.source, n_block)
        else:
            yield from _resample(_decode(self.source, n_block), self.sample_rate, sample_rate)


def _resample(blocks: Iterable[FloatArray], rate: int, sample_rate: int) -> Iterator[FloatArray]:
    stream = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _decode(path: Path, n_block: int) -> Iterator[FloatArray]:
    """Yield a file's samples as mono float32, and complain about them as `audioinv.sound.audio.load_clip` does."""
    with open_sound(path) as sound:
        n_read = 0
        for block in sound.blocks(n_block):
            check_samples(path, block, n_read / sound.header.sample_rate)
            n_read += len(block)
            yield block


def open_recording(
    source: str | os.PathLike[str] | Clip, *, start_seconds: float = 0.0, end_seconds: float | None = None
) -> Recording:
    """Open a sound that is to be read block by block.

    Parameters
    ----------
    source : str, path or Clip
    start_seconds, end_seconds : float, optional
        The stretch of a file that is meant; all of it if not given. Of a clip, all is.

    Returns
    -------
    Recording

    Raises
    ------
    AudioFileError
        If the file is missing, empty or no sound file, or its header promises more than it holds.
    InputError
        If the stretch is empty or lies outside the file.

    Examples
    --------
    >>> recording = open_recording(Clip(np.zeros(16000, np.float32), 16000, "silence"))
    >>> recording.duration_seconds, sum(map(len, recording.blocks(8000)))
    (1.0, 8000)
    """
    if isinstance(source, Clip):
        return Recording(source, source.name, source.sample_rate, 0, len(source.waveform))
    path = find_place(source)
    with open_sound(path) as sound:
        header = sound.header
    if header.n_samples == 0:
        raise AudioFileError(f"{source}: holds no samples; record it again")
    first, last = find_stretch(source, header, start_seconds, end_seconds)
    return Recording(path, str(source), header.sample_rate, first, last)
