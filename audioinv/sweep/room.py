"""Room for answers that are larger than memory: arrays in a file, read and written some rows at a time.

Conventions
-----------
An array is an array, wherever it lies. One on disk is a mapped file that no folder names: it is gone when nobody holds
it any more, however the process ends. What was touched of it counts as this process's memory until it is let go of,
which loses nothing and does nothing to other arrays.

What is here: `RoomOnDisk`, `let_go`, `blocks_of`.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK_VALUES", "RoomOnDisk", "blocks_of", "let_go"]

BLOCK_VALUES = 1 << 22
"""Scores that are looked at together: 32 MiB in double precision."""


@dataclass(frozen=True)
class RoomOnDisk:
    """Makes arrays in files, as `numpy.empty` makes them in memory.

    Parameters
    ----------
    folder : Path
        On a disk with room for them.

    Examples
    --------
    >>> place = tempfile.TemporaryDirectory()
    >>> array = RoomOnDisk(Path(place.name))((2, 3), np.dtype(np.float32))
    >>> array[1] = 7
    >>> let_go(array)
    >>> array.sum(), list(Path(place.name).iterdir())
    (np.float32(21.0), [])
    >>> place.cleanup()
    """

    folder: Path

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Make an array.

        Parameters
        ----------
        shape : tuple of int
        dtype : dtype

        Returns
        -------
        ndarray

        Raises
        ------
        OSError
            If the disk has no room for it.
        """
        n_bytes = prod(shape) * dtype.itemsize
        if not n_bytes:
            return np.empty(shape, dtype)
        # An open file cannot be removed with its folder on Windows.
        with tempfile.TemporaryFile(dir=self.folder if os.name == "posix" else None) as stream:
            _reserve(stream.fileno(), n_bytes)
            mapped = mmap.mmap(stream.fileno(), n_bytes)
        return np.frombuffer(mapped, dtype).reshape(shape)


def _reserve(file: int, n_bytes: int) -> None:
    """Take the room now: a mapped file for which there is none later ends the process without a word."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, n_bytes)
    else:
        os.truncate(file, n_bytes)


def let_go(array: npt.NDArray[Any]) -> None:
    """Give memory back that an array on disk takes because it was looked at.

    Parameters
    ----------
    array : ndarray
        Or a part of one; nothing happens to one in memory.
    """
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    mapped = owner.obj if isinstance(owner, memoryview) else None
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def blocks_of(array: npt.NDArray[Any]) -> Iterator[slice]:
    """Cut an array along its first axis into blocks that are looked at one after the other.

    Parameters
    ----------
    array : ndarray
        Let go of after each block.

    Yields
    ------
    slice
        Of at most `BLOCK_VALUES` values, or a single row; of an empty array one, of nothing.
    """
    n_rows = max(1, BLOCK_VALUES // max(1, array[:1].size))
    for first in range(0, max(1, len(array)), n_rows):
        yield slice(first, first + n_rows)
        let_go(array)
