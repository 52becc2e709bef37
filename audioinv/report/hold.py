"""Who may write a results folder: one process, which holds ``RUN/.lock``.

Conventions
-----------
On this disk the system holds the lock, and lets go of it when the process ends, however it ends. A store holds nothing,
nor does a disk that is mounted without locks, as on some clusters: there the lock is an object that says who wrote it.
It is put only where there is none, if the store can do that (S3, GCS, a disk), and read again in any case. Nobody
removes it for a process that was killed. The next one on the same machine sees that the process is gone, and takes its
place; on another machine it cannot know, and refuses.

What is here: `Hold`, `hold`.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from ..errors import AudioinvError, InputError
from ..sound.places import on_this_disk
from ..sound.whole_files import read_whole, remove, write_new

__all__ = ["Hold", "hold"]

_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # what Lustre, NFS and FUSE say where they lock nothing


class Hold(Protocol):
    """A lock that this process holds."""

    def make_sure(self) -> None:
        """Raise InputError if somebody else holds it by now."""

    def release(self) -> None:
        """Let go of it."""


def hold(place: Path) -> Hold:
    """Take a lock.

    Parameters
    ----------
    place : Path
        Of the lock.

    Returns
    -------
    Hold

    Raises
    ------
    InputError
        If another process holds it, or a store cannot be written.
    OSError
        If this disk cannot be written.
    """
    if on_this_disk(place):
        try:
            return _HeldFile(place, _take(place))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
    return _HeldObject(place, _put(place))


@dataclass(frozen=True)
class _HeldFile:
    """A file that the system locks for this process."""

    place: Path
    stream: TextIO

    def make_sure(self) -> None:
        """Do nothing: the system makes sure."""

    def release(self) -> None:
        with suppress(OSError):
            self.place.unlink()
        self.stream.close()


@dataclass(frozen=True)
class _HeldObject:
    """An object in a store, or a file, that names this process."""

    place: Path
    mark: str

    def make_sure(self) -> None:
        """Raise InputError if another process is named by now."""
        found = _said_in(self.place)
        if found != self.mark:
            raise InputError(
                f"{self.place.parent}: somebody took the run over ({found or 'the lock is gone'}); nothing was "
                "finished here, and the parts are kept"
            )

    def release(self) -> None:
        with suppress(AudioinvError):
            if _said_in(self.place) == self.mark:
                remove(self.place)


def _said_in(place: Path) -> str:
    return (read_whole(place) or b"").decode(errors="replace").strip()


def _put(place: Path) -> str:
    """Put an object that names this process, or say whom the one that is there names."""
    found = _said_in(place)
    if found and not _is_gone(found):
        raise _taken(place, found)
    if found or on_this_disk(place):  # there, opening it made one in which nothing stands
        remove(place)
    since = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    mark = f"process {os.getpid()} on {platform.node()} since {since}, {secrets.token_hex(8)}"
    if not write_new(place, f"{mark}\n".encode()) or _said_in(place) != mark:
        raise _taken(place, _said_in(place))
    return mark


def _taken(place: Path, holder: str) -> InputError:
    who = holder.rpartition(",")[0] or "another process"
    return InputError(
        f"{place.parent} is being written by {who}; wait for it, or give another -o; if it was killed, remove {place}"
    )


def _is_gone(holder: str) -> bool:
    """Tell whether a process was one of this machine, and is no more."""
    said = re.match(r"process (\d+) on (\S+) since ", holder)
    if said is None or said[2] != platform.node() or sys.platform == "win32":  # there, asking would end it
        return False
    try:
        os.kill(int(said[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _take(path: Path) -> TextIO:
    """Lock a file, or say who holds it."""
    while True:
        stream = path.open("a+", encoding="utf-8")
        try:
            is_ours = _lock(stream)
        except OSError:
            stream.close()
            raise
        if not is_ours:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            stream.close()
            raise InputError(f"{path.parent} is being written by {holder}; wait for it, or give another -o")
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(stream.fileno())):
                break
        stream.close()  # its holder removed it between our opening and our locking it
    stream.truncate(0)
    stream.write(f"process {os.getpid()} on {platform.node()}\n")
    stream.flush()
    return stream


def _lock(stream: TextIO) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            stream.seek(1 << 20)  # beyond the text, which others may read
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
