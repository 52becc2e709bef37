"""Decoding by a process beside this one, within limits: a file that kills the decoder is one error and nothing more.

Conventions
-----------
The process (`audioinv.sound.decoder`) is started when the first file is opened and serves all that follow. It may have
`MOST_BYTES` of memory, and takes at most `PATIENCE_SECONDS` for an answer, and one more for each 20 MB of the file; one
that dies or takes longer is ended, and the next file gets a new one. Several sounds may be open at once: each has a
process of its own. Nothing but a regular file is ever opened.

What is here: `Header`, `Sound`, `open_sound`.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFileError, DecoderError
from .places import at_hand

__all__ = ["MOST_BYTES", "MOST_SAMPLES", "PATIENCE_SECONDS", "Header", "Sound", "open_sound"]

FloatArray = npt.NDArray[np.float32]

MOST_BYTES = 1 << 30
"""Memory of the process that decodes; libsndfile needs a hundredth of it."""
PATIENCE_SECONDS = 8.0
"""For an answer of the decoder, which is usually there within a millisecond."""
MOST_SAMPLES = 1 << 27
"""Of a sound in memory, over all channels: 512 MiB, or 46 minutes of mono at 48 kHz."""
_BYTES_A_SECOND = 20e6  # of the file itself: to find the length of an MP3, all of it is read
_START_SECONDS = 60.0
_GRACE_SECONDS = 5  # that a decoder outlives its time, where the process that should end it is gone
_VALUES_A_READ = 1 << 18
_LONGEST_LINE = 1 << 16
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


class _LostError(Exception):
    """A decoder gave no answer, and why; it is gone."""


class _Decoder:
    """The process, and the pipes to it."""

    def __init__(self) -> None:
        program = [sys.executable, "-P", str(Path(__file__).with_name("decoder.py")), str(MOST_BYTES)]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what decoders print about a damaged file is for their authors
        )
        _widen(_pipe(self._process.stdout), 4 * _VALUES_A_READ)
        self._owner = os.getpid()
        self._is_answering = True

    def start(self) -> None:
        """Wait until it has loaded what it needs: that is no file's fault and takes no file's time."""
        try:
            self._take_answer(_START_SECONDS)
        except _LostError as error:
            self.end()
            raise _LostError(f"the decoder did not start ({error})") from error

    @property
    def is_ready(self) -> bool:
        """Whether it waits for orders, and of this process, not of one that this is a copy of."""
        return not self._is_answering and self._owner == os.getpid() and self._process.poll() is None

    def tell(self, order: Mapping[str, object]) -> None:
        """Give an order and wait for nothing."""
        stream = _pipe(self._process.stdin)
        with suppress(OSError):  # a process that is lost already is found out when it should answer
            stream.write(json.dumps(order).encode() + b"\n")
            stream.flush()

    def ask(self, order: Mapping[str, object], seconds: float, n_bytes: int = 0) -> tuple[dict[str, Any], bytes]:
        """Give an order and return the answer, with at most so many bytes."""
        self._is_answering = True  # and stays so where the keyboard interrupts
        self.tell({**order, "seconds": math.ceil(seconds) + _GRACE_SECONDS})
        return self._take_answer(seconds, n_bytes)

    def _take_answer(self, seconds: float, n_bytes: int = 0) -> tuple[dict[str, Any], bytes]:
        late = threading.Event()
        watch = threading.Timer(seconds, self._end_late, [late])
        watch.daemon = True
        watch.start()
        stream = _pipe(self._process.stdout)
        try:
            facts = _read_facts(stream.readline(_LONGEST_LINE))
            n_follow = int(facts.get("n_bytes", 0))
            samples = stream.read(n_follow) if 0 < n_follow <= n_bytes else b""
        finally:
            watch.cancel()
        if facts and len(samples) == n_follow:
            self._is_answering = False
            return facts, samples
        self._process.kill()  # one that talks nonsense lives on; of one that died, how it died is known already
        self._process.wait()
        if late.is_set():
            raise _LostError(f"to decode it took longer than {seconds:.3g} s")
        raise _LostError(f"the decoder died of it ({_how_ended(self._process.returncode)})")

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def end(self) -> None:
        """End the process, whatever it is at."""
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what a lost process was never told
                _pipe(stream).close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise _LostError("the decoder has no pipe")
    return stream


def _widen(stream: IO[bytes], n_bytes: int) -> None:
    """Let a pipe hold more at once, where the system has such a thing and the user some of it left."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, n_bytes)


def _read_facts(line: bytes) -> dict[str, Any]:
    """Read an answer; nothing, if it is none."""
    with suppress(ValueError):
        facts = json.loads(line)
        return facts if isinstance(facts, dict) else {}
    return {}


def _how_ended(code: int) -> str:
    """Say how a process ended that nobody asked to.

    Examples
    --------
    >>> _how_ended(-11), _how_ended(1)
    ('signal 11, SIGSEGV', 'exit code 1')
    """
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"signal {-code}, {signal.Signals(-code).name}"
    return f"signal {-code}"


_idle: list[_Decoder] = []


def _hire() -> _Decoder:
    """Return a decoder that waits for work, or a new one."""
    while _idle:
        decoder = _idle.pop()
        if decoder.is_ready:
            return decoder
        decoder.end()
    try:
        decoder = _Decoder()
    except OSError as error:  # no memory or no room for one more process
        raise _LostError(f"the decoder did not start ({error.strerror})") from error
    decoder.start()
    return decoder


def _release(decoder: _Decoder) -> None:
    """Let a decoder wait for the next file, or go, if it cannot be trusted with one."""
    if decoder.is_ready:
        decoder.tell({"close": True})
        _idle.append(decoder)
    else:
        decoder.end()


@atexit.register
def _dismiss() -> None:
    """End the decoders that wait for work."""
    while _idle:
        _idle.pop().end()


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
    _decoder: _Decoder
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
        most = max(1, min(n_samples, _VALUES_A_READ // n_channels))
        while self._n_read < self.header.n_samples:
            values = np.frombuffer(self._read(most), np.float32).reshape(-1, n_channels)
            if not len(values):
                break
            self._n_read += len(values)
            with np.errstate(over="ignore", invalid="ignore"):
                yield values.mean(axis=1, dtype=np.float32)
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
    seconds = PATIENCE_SECONDS + before.st_size / _BYTES_A_SECOND
    try:
        decoder = _hire()
        try:
            answer, _ = decoder.ask({"open": os.fsencode(file.absolute()).decode("utf-8", "surrogateescape")}, seconds)
            _check_answer(path, answer)
            yield Sound(path, _read_header(path, answer), decoder, seconds)
        finally:
            _release(decoder)
    except _LostError as error:
        raise DecoderError(f"{path}: {error}; {_REMEDY}") from error
    if file != path:  # a copy of what lies in an archive or a store; it is put whole, and never written to
        return
    after = _state(path, file)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise AudioFileError(f"{path}: changed while it was read; run again when nothing writes to it")


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
        raise AudioFileError(f"{path}: the file is empty (0 bytes); copy or record it again")
    return state


def _check_answer(path: Path, answer: Mapping[str, Any]) -> None:
    if "greedy" in answer:
        raise AudioFileError(f"{path}: to decode it needs more than {MOST_BYTES >> 20} MiB; {_REMEDY}")
    if "refused" in answer:
        raise AudioFileError(f"{path}: cannot be read as sound ({answer['refused']}); {_REMEDY}")


def _read_header(path: Path, answer: dict[str, Any]) -> Header:
    """Return what a file says of itself, if that can be true."""
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
