"""The program that decodes: a process of its own, because what strangers' files do to a decoder must not end a run.

Conventions
-----------
It is run as a file, knows nothing of the package and loads nothing but soundfile. An order is a line of JSON: ``open``
(a path), ``read`` (at most so many samples of each channel), ``peek`` (the header of a file of so many bytes that it
cannot open) or ``close`` (which is not answered). An answer is a line of JSON; that to ``read`` is followed by its
``n_bytes`` of float32, channels interleaved. Before it answers ``peek`` it asks for parts of the file, ``wanted``, a
place and a number of bytes, and is written just those. What goes wrong is an answer too. It ends when nobody writes to
it any more.

What is here: `main`.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from contextlib import suppress
from typing import Any, BinaryIO

import soundfile

__all__ = ["main"]

_WANTED_BYTES = 1 << 16


def main(n_bytes: int) -> None:
    """Take orders and answer them.

    Parameters
    ----------
    n_bytes : int
        Memory that this process may have.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard is for the process that gives the orders
    _bound(n_bytes)
    wire = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    _answer(wire, {"ready": True})
    sound = None
    for line in sys.stdin.buffer:
        order = json.loads(line)
        _end_after(order.get("seconds", 0))
        try:
            if "read" in order:
                samples = sound.buffer_read(order["read"], dtype="float32") if sound else b""
                _answer(wire, {"n_bytes": len(samples)}, samples)
                continue
            if sound is not None:
                sound.close()
                sound = None
            if "open" in order:
                sound = soundfile.SoundFile(_name(order["open"]))
                _answer(wire, _facts(sound))
            if "peek" in order:
                with soundfile.SoundFile(io.BufferedReader(_Elsewhere(wire, order), _WANTED_BYTES)) as far:
                    facts = _facts(far)
                _answer(wire, facts)
        except MemoryError:
            _answer(wire, {"greedy": True})
        except Exception as error:  # whatever a file makes a library raise is said at the other end
            _answer(wire, {"refused": _reason(error)})
        finally:
            _end_after(0)


class _Elsewhere(io.RawIOBase):
    """A file that lies with whoever gives the orders."""

    def __init__(self, wire: BinaryIO, order: dict[str, Any]) -> None:
        self._wire, self._n_bytes, self._seconds = wire, order["peek"], order["seconds"]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._n_bytes)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        n_wanted = min(len(buffer), self._n_bytes - self._at)
        if n_wanted <= 0:
            return 0
        _end_after(0)  # what a store takes is no file's fault
        _answer(self._wire, {"wanted": [self._at, n_wanted]})
        content = sys.stdin.buffer.read(n_wanted)
        _end_after(self._seconds)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


def _end_after(seconds: int) -> None:
    """Die in so many seconds, though a library never returns and nobody is left to end this process; 0: live on."""
    if sys.platform != "win32":
        signal.alarm(seconds)


def _name(path: str) -> str | bytes:
    """Return a name as the system has it, which need not be text."""
    return path if sys.platform == "win32" else path.encode("utf-8", "surrogateescape")


def _bound(n_bytes: int) -> None:
    """Take no more memory than that, where the system knows such a limit, and leave no image of it behind."""
    if sys.platform == "win32":
        return
    import resource

    for kind, limit in ((resource.RLIMIT_AS, n_bytes), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # where a lower limit stands already, and on macOS
            resource.setrlimit(kind, (limit, limit))


def _facts(sound: soundfile.SoundFile) -> dict[str, Any]:
    return {
        "n_samples": sound.frames,
        "sample_rate": sound.samplerate,
        "n_channels": sound.channels,
        "format": sound.format,
        "subtype": sound.subtype,
        "cut_short": _is_cut_short(sound),
    }


def _is_cut_short(sound: soundfile.SoundFile) -> bool:
    """Tell whether a RIFF or AIFF header announces more sound than follows (libsndfile only logs it)."""
    return any(
        int(announced) > int(found)
        for announced, found in re.findall(r"^\s*data\s*:\s*(\d+)\s*\(should be (\d+)\)", sound.extra_info, re.M)
    )


def _reason(error: Exception) -> str:
    """Return what a library says, in one line; libsndfile has errors that it knows by number only."""
    said = " ".join(str(error).rsplit(": ", 1)[-1].split()).rstrip(".")
    return said or f"{type(error).__name__} {getattr(error, 'code', '')}".strip()


def _answer(wire: BinaryIO, facts: dict[str, Any], samples: Any = b"") -> None:
    wire.write(json.dumps(facts).encode() + b"\n")
    wire.write(samples)
    wire.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
