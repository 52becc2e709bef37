"""The process that decodes, seen from here: hired, given orders, held to its time, and let go.

Conventions
-----------
One is started when the first file is opened and serves all that follow. It may have `MOST_BYTES` of memory. One that
dies or takes too long is ended, and the next file gets a new one.

What is here: `Decoder`, `LostError`, `hire`, `release`, `MOST_BYTES`.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

__all__ = ["MOST_BYTES", "Decoder", "LostError", "hire", "release"]

MOST_BYTES = 1 << 30
"""Memory of the process that decodes; libsndfile needs a hundredth of it."""
_START_SECONDS = 60.0
_GRACE_SECONDS = 5  # that a decoder outlives its time, where the process that should end it is gone
_LONGEST_LINE = 1 << 16
_PIPE_BYTES = 1 << 20
_TIMES_READ = 4  # to find the length of an MP3, all of it is read, and its start more than once


class LostError(Exception):
    """A decoder gave no answer, and why."""


class Decoder:
    """The process, and the pipes to it; `audioinv.sound.decoder` says what is spoken there."""

    def __init__(self) -> None:
        program = [sys.executable, "-P", str(Path(__file__).with_name("decoder.py")), str(MOST_BYTES)]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what decoders print about a damaged file is for their authors
        )
        _widen(_pipe(self._process.stdout), _PIPE_BYTES)
        self._owner = os.getpid()
        self._is_answering = True

    def start(self) -> None:
        """Wait until it has loaded what it needs: that is no file's fault and takes no file's time."""
        try:
            self._take_answer(_START_SECONDS)
        except LostError as error:
            self.end()
            raise LostError(f"the decoder did not start ({error})") from error

    @property
    def is_ready(self) -> bool:
        """Whether it waits for orders, and of this process, not of one that this is a copy of."""
        return not self._is_answering and self._owner == os.getpid() and self._process.poll() is None

    def tell(self, order: Mapping[str, object]) -> None:
        """Give an order and wait for nothing."""
        self._hand(json.dumps(order).encode() + b"\n")

    def _hand(self, content: bytes) -> None:
        stream = _pipe(self._process.stdin)
        with suppress(OSError):  # a process that is lost already is found out when it should answer
            stream.write(content)
            stream.flush()

    def ask(self, order: Mapping[str, object], seconds: float, n_bytes: int = 0) -> tuple[dict[str, Any], bytes]:
        """Give an order and return the answer, with at most so many bytes."""
        self._is_answering = True  # and stays so where the keyboard interrupts
        self.tell({**order, "seconds": math.ceil(seconds) + _GRACE_SECONDS})
        return self._take_answer(seconds, n_bytes)

    def peek(self, stream: BinaryIO, n_bytes: int, seconds: float) -> dict[str, Any]:
        """Return what a file says of itself that the decoder cannot open, after handing over what it wants to see.

        Parameters
        ----------
        stream : binary file
        n_bytes : int
            How long the file is.
        seconds : float
            For each answer.

        Returns
        -------
        dict
        """
        n_left = _TIMES_READ * n_bytes + _PIPE_BYTES
        facts, _ = self.ask({"peek": n_bytes}, seconds)
        while "wanted" in facts:
            self._is_answering = True
            at, n_wanted = facts["wanted"]
            n_left -= n_wanted
            if n_left < 0:
                raise LostError("its decoder wants to see it again and again")
            stream.seek(at)
            self._hand(stream.read(n_wanted).ljust(n_wanted, b"\0"))
            facts, _ = self._take_answer(seconds)
        return facts

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
            raise LostError(f"to decode it took longer than {seconds:.3g} s")
        raise LostError(f"the decoder died of it ({_how_ended(self._process.returncode)})")

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
        raise LostError("the decoder has no pipe")
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


_idle: list[Decoder] = []


def hire() -> Decoder:
    """Return a decoder that waits for work, or a new one."""
    while _idle:
        decoder = _idle.pop()
        if decoder.is_ready:
            return decoder
        decoder.end()
    try:
        decoder = Decoder()
    except OSError as error:  # no memory or no room for one more process
        raise LostError(f"the decoder did not start ({error.strerror})") from error
    decoder.start()
    return decoder


def release(decoder: Decoder) -> None:
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
