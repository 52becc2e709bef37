"""Local copies of sounds that lie elsewhere: each is fetched once, and together they take a bounded part of the disk.

Conventions
-----------
Copies lie in ``audioinv`` below ``$XDG_CACHE_HOME`` (or ``~/.cache``), under hashes: no name from an archive or a store
becomes a name on this disk, so none can climb out. When they take more than the limit, those that were used longest
ago go. The folder may be removed at any time.

What is here: `LocalCopies`, `usual_copies`.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError

__all__ = ["LocalCopies", "usual_copies"]

_BLOCK_BYTES = 1 << 20
_SLACK = 20  # a folder of many copies is not looked through for each new one, but for each 1/20 of the limit
_STALE_SECONDS = 24 * 3600


@dataclass(eq=False)
class LocalCopies:
    """A folder of copies.

    Parameters
    ----------
    folder : Path
        Made when the first copy is.
    limit_bytes : int, default 8 GiB
        What all of them may take; a twentieth more for a while.
    """

    folder: Path
    limit_bytes: int = 8 << 30
    _added_bytes: int = field(default=0, init=False)

    def find(self, name: str) -> Path | None:
        """Return a copy, if there is one; it counts as used now.

        Parameters
        ----------
        name : str

        Returns
        -------
        Path or None
        """
        path = self.folder / name
        try:
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # it was used, and has not changed
        except OSError:
            return None
        return path

    def keep(self, name: str, stream: BinaryIO) -> Path:
        """Write a copy, and remove what was used longest ago where there is too much.

        Parameters
        ----------
        name : str
            A plain file name.
        stream : binary file
            Read to its end, a block at a time.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If it is larger than all copies together may be.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        half_done = self.folder / f"{name}.{secrets.token_hex(4)}.part"
        try:
            self._added_bytes += self._copy(stream, half_done)
            half_done.replace(self.folder / name)
        finally:
            half_done.unlink(missing_ok=True)
        if self._added_bytes * _SLACK > self.limit_bytes:
            self._added_bytes = 0
            self._remove_oldest(but=name)
        return self.folder / name

    def _copy(self, stream: BinaryIO, target: Path) -> int:
        n_bytes = 0
        with target.open("wb") as copy:
            while block := stream.read(_BLOCK_BYTES):
                n_bytes += len(block)
                if n_bytes > self.limit_bytes:
                    raise InputError(
                        f"larger than the {self.limit_bytes / 2**30:g} GiB that copies may take in {self.folder}; "
                        "bring it to this disk yourself"
                    )
                copy.write(block)
        return n_bytes

    def _remove_oldest(self, *, but: str) -> None:
        found = {}
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):  # another process may tidy up, or finish its copy, at the same time
                if entry.is_file():
                    found[entry.name] = entry.stat()
        too_much = sum(about.st_size for about in found.values()) - self.limit_bytes
        for name in sorted(found, key=lambda name: found[name].st_atime):
            abandoned = name.endswith(".part") and time.time() - found[name].st_mtime > _STALE_SECONDS
            if abandoned or (too_much > 0 and name != but and not name.endswith(".part")):
                (self.folder / name).unlink(missing_ok=True)
                too_much -= found[name].st_size


def usual_copies() -> LocalCopies:
    """Return the copies of this user.

    Returns
    -------
    LocalCopies
    """
    home = os.environ.get("XDG_CACHE_HOME")
    return _copies_in((Path(home) if home else Path.home() / ".cache") / "audioinv")


@lru_cache
def _copies_in(folder: Path) -> LocalCopies:
    return LocalCopies(folder)
