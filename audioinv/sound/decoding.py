"""Decoding by a process beside this one, within limits: a file that kills the decoder is one error and nothing more.

Conventions
-----------
The process (`audioinv.sound.decoder_process`) takes at most `PATIENCE_SECONDS` for an answer, and one more for each
20 MB of the file. Several sounds may be open at once: each has a process of its own. Nothing but a regular file is ever
opened. No library reads a stranger's sound in this process, wherever it lies.

What is here: `Header`, `Sound`, `open_sound`, `read_header`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFileError, DecoderError
from .decoder_process import MOST_BYTES, Decoder, LostError, hire, release
from .places import at_hand, on_this_disk, open_binary

__all__ = ["MOST_SAMPLES", "PATIENCE_SECONDS", "Header", "Sound", "open_sound", "read_header"]

FloatArray = npt.NDArray[np.float32]

PATIENCE_SECONDS = 8.0
"""For an answer of the decoder, which is usually there within a millisecond."""
MOST_SAMPLES = 1 << 27
"""Of a sound in memory, over all channels: 512 MiB, or 46 minutes of mono at 48 kHz."""
_BYTES_A_SECOND = 20e6  # of the file itself: to find the length of an MP3, all of it is read
_VALUES_A_READ = 1 << 18
_SAMPLE_RATES = range(100, 1_000_001)
_REMEDY = "convert it to WAV or FLAC"


@dataclass(frozen=True)
class Header:
    """What a sound file says of itself.

    Parameters
    ----------
    n_samples : int
        Of each channel.
    sample_rate : int
        In hertz.
    n_channels : int
    format, subtype : str
        As libsndfile names them: ``"WAV"``, ``"PCM_16"``.
    """

    n_samples: int
    sample_rate: int
    n_channels: int
    format: str
    subtype: str


@dataclass(eq=False)
class Sound:
    """A sound file that is open, read from its start to its end.

    Parameters
    ----------
    path : Path
    header : Header
    """

    path: Path
    header: Header
    _decoder: Decoder
    _seconds: float
    _n_read: int = 0

    def blocks(self, n_samples: int) -> Iterator[FloatArray]:
        """Yield the mean of the channels.

        Parameters
        ----------
        n_samples : int
            At a time, at most.

        Yields
        ------
        ndarray of shape (n,), float32
            What is not a number, or infinite, in any channel, is so in the mean.

        Raises
        ------
        AudioFileError
            If the file holds less sound than its header announces, or kills the decoder.
        """
        n_channels = self.header.n_channels
        most = min(n_samples, _VALUES_A_READ // n_channels)
        while self._n_read < self.header.n_samples:
            values = np.frombuffer(self._read(most), np.float32).reshape(-1, n_channels)
            if not len(values):
                break
            self._n_read += len(values)
            with np.errstate(over="ignore", invalid="ignore"):
                yield values[:, 0].copy() if n_channels == 1 else values.mean(axis=1, dtype=np.float32)
        if self._n_read < self.header.n_samples:
            raise _truncated(self.path)

    def _read(self, n_samples: int) -> bytes:
        answer = self._decoder.ask({"read": n_samples}, self._seconds, 4 * n_samples * self.header.n_channels)
        _check_answer(self.path, answer[0])
        return answer[1]


@contextmanager
def open_sound(path: Path) -> Iterator[Sound]:
    """Open a sound file to read, or say why it cannot be.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Sound

    Raises
    ------
    AudioFileError
        If the file is missing, empty, no regular file or no sound; if its header cannot be true; if it kills the
        decoder, or takes it too long; if it changes while it is read.
    """
    file = at_hand(path)
    before = _state(path, file)
    seconds = _patience(before.st_size)
    with _hired(path) as decoder:
        answer, _ = decoder.ask({"open": os.fsencode(file.absolute()).decode("utf-8", "surrogateescape")}, seconds)
        yield Sound(path, _header(path, answer), decoder, seconds)
    if file != path:  # a copy of what lies in an archive or a store; it is put whole, and never written to
        return
    after = _state(path, file)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise AudioFileError(f"{path}: changed while it was read; run again when nothing writes to it")


def read_header(path: Path) -> Header:
    """Read what a sound file says of itself, where it lies: of one elsewhere, no more is fetched than that needs.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Header

    Raises
    ------
    AudioFileError
        As from `open_sound`.
    """
    if on_this_disk(path):
        with open_sound(path) as sound:
            return sound.header
    with open_binary(path) as stream, _hired(path) as decoder:
        n_bytes = stream.seek(0, os.SEEK_END)
        if not n_bytes:
            raise _empty(path)
        return _header(path, decoder.peek(stream, n_bytes, _patience(n_bytes)))


@contextmanager
def _hired(path: Path) -> Iterator[Decoder]:
    """Have a decoder for a file, and say so in our own words when it is lost."""
    try:
        decoder = hire()
        try:
            yield decoder
        finally:
            release(decoder)
    except LostError as error:
        raise DecoderError(f"{path}: {error}; {_REMEDY}") from error


def _patience(n_bytes: int) -> float:
    """Return how many seconds a decoder may take for an answer about a file of that size."""
    return PATIENCE_SECONDS + n_bytes / _BYTES_A_SECOND


def _state(path: Path, file: Path) -> os.stat_result:
    """Return size and age of a file, or say why it is none that can be read."""
    try:
        state = file.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AudioFileError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # a link that loops, a name too long or with a zero byte in it
        raise AudioFileError(f"{path}: cannot be opened ({getattr(error, 'strerror', None) or error})") from error
    if not stat.S_ISREG(state.st_mode):
        raise AudioFileError(f"{path}: not a regular file")
    if state.st_size == 0:
        raise _empty(path)
    return state


def _empty(path: Path) -> AudioFileError:
    return AudioFileError(f"{path}: the file is empty (0 bytes); copy or record it again")


def _check_answer(path: Path, answer: Mapping[str, Any]) -> None:
    if "greedy" in answer:
        raise AudioFileError(f"{path}: to decode it needs more than {MOST_BYTES >> 20} MiB; {_REMEDY}")
    if "refused" in answer:
        raise AudioFileError(f"{path}: cannot be read as sound ({answer['refused']}); {_REMEDY}")


def _header(path: Path, answer: dict[str, Any]) -> Header:
    """Return what a file says of itself, if that can be true."""
    _check_answer(path, answer)
    cut_short = answer.pop("cut_short")
    header = Header(**answer)
    if header.n_samples > 1 << 48:  # how libsndfile says that it does not know
        raise AudioFileError(f"{path}: its header does not say how long it is; {_REMEDY}")
    if header.sample_rate not in _SAMPLE_RATES:
        raise AudioFileError(
            f"{path}: a sample rate of {header.sample_rate} Hz; it must be {_SAMPLE_RATES.start} Hz to "
            f"{_SAMPLE_RATES.stop - 1} Hz; export it again"
        )
    if cut_short:
        raise _truncated(path)
    return header


def _truncated(path: Path) -> AudioFileError:
    return AudioFileError(f"{path}: truncated; its header promises more sound than the file holds; copy it again")
