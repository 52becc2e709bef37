"""Whole files: put, fetched and removed by name, on this disk or in a store, there in full or not at all.

Conventions
-----------
On this disk a file is written to a temporary name, synced and renamed, and its folder, which has the name, is synced.
In a store it is put under its final name, which stores of objects (S3, GCS, Azure) do whole or not at all. One that is
a file system behind a URL (SFTP, SMB) may leave half a file, so whoever reads has to know what is whole. Lists are
asked for anew each time: the library of a store remembers those in which others have changed something since.

What is here: `find_folder`, `refuse_url`, `names_in`, `read_whole`, `write_whole`, `write_new`, `move_whole`, `remove`,
`cannot_write`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import AudioinvError, InputError
from .places import ask_store, find_place, is_url, on_this_disk, store_of

__all__ = [
    "cannot_write",
    "find_folder",
    "move_whole",
    "names_in",
    "read_whole",
    "refuse_url",
    "remove",
    "write_new",
    "write_whole",
]

_BUCKETS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"}
"""Stores without folders: what makes a folder elsewhere makes a bucket there, of a name that was mistyped."""


def find_folder(source: str | os.PathLike[str]) -> Path:
    """Return the folder that a name or a URL stands for, whether there is one or not.

    Parameters
    ----------
    source : str or path
        An archive is a file here, and no folder.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no library is known or installed that opens such a URL.

    Examples
    --------
    >>> find_folder("runs/a").name, str(find_folder("memory://runs/a"))
    ('a', 'memory://runs/a')
    """
    return find_place(source) if is_url(source) else Path(source)


def refuse_url(folder: Path) -> None:
    """Refuse a URL where a folder of this disk is meant, before one is made that has its name.

    Parameters
    ----------
    folder : Path
        As typed.

    Raises
    ------
    InputError
    """
    if on_this_disk(folder) and is_url(folder):
        raise InputError(
            f"{folder} is a URL, and only `merge` and `analyze`, without --slide, write to a store; give a folder "
            "(-o), and copy it"
        )


def names_in(folder: Path) -> set[str]:
    """Return the names of the files and folders in a folder, as they are now.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    set of str
        Empty if there is no such folder.

    Raises
    ------
    AudioFileError
        If a store does not say.
    """
    if on_this_disk(folder):
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    with ask_store(folder):
        store, name = store_of(folder)
        store.invalidate_cache(name)
        try:
            found = [path.rstrip("/") for path in store.ls(name, detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return set()
    return {path.rpartition("/")[2] for path in found if path.strip("/") != name.strip("/")}


def read_whole(place: Path) -> bytes | None:
    """Return the content of a file; None if there is none.

    Parameters
    ----------
    place : Path

    Returns
    -------
    bytes or None

    Raises
    ------
    AudioFileError
        If a store cannot give it.
    OSError
        If this disk cannot.
    """
    try:
        if on_this_disk(place):
            return place.read_bytes()
        with ask_store(place):
            store, name = store_of(place)
            return bytes(store.cat_file(name))
    except OSError as error:
        if isinstance(error.__cause__ or error, FileNotFoundError):
            return None
        raise


def write_whole(place: Path, content: Any) -> None:
    """Write a file so that it is there in full or not at all.

    Parameters
    ----------
    place : Path
    content : bytes or buffer

    Raises
    ------
    InputError
        If it cannot be written.
    """
    if not on_this_disk(place):
        with _putting(place) as (store, name):
            store.pipe_file(name, bytes(memoryview(content)))
        return
    # Not the number of the process, which another machine may have given, too.
    unfinished = place.with_name(f"{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _rename(unfinished, place)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise cannot_write(place.parent, error) from error


def _rename(file: Path, place: Path) -> None:
    """Rename a file, and have its folder remember that, as far as the system syncs folders: Windows opens none."""
    file.replace(place)
    with suppress(OSError):
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_new(place: Path, content: bytes) -> bool:
    """Put a file where there is none.

    Parameters
    ----------
    place : Path
    content : bytes

    Returns
    -------
    bool
        Whether there was none. Where the store cannot tell, the file is put all the same: read it again.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    if on_this_disk(place):
        try:
            with place.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            return False
        return True
    with _putting(place) as (store, name):
        try:
            store.pipe_file(name, content, mode="create")
        except FileExistsError:
            return False
    return True


def move_whole(file: Path, place: Path) -> None:
    """Bring a file of this disk to its place.

    Parameters
    ----------
    file : Path
        On the same disk as the place, if that is on one.
    place : Path
        What stands there is replaced.

    Raises
    ------
    InputError
        If a store does not take it.
    OSError
        If this disk does not.
    """
    if on_this_disk(place):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        _rename(file, place)
        return
    with _putting(place) as (store, name):
        store.put_file(str(file), name)


def remove(place: Path) -> None:
    """Remove a file, or a folder and all that is in it; nothing happens if there is neither.

    Parameters
    ----------
    place : Path

    Raises
    ------
    InputError
        If a store does not let go of it.
    OSError
        If this disk does not.
    """
    if not on_this_disk(place):
        with _writing(place):
            store, name = store_of(place)
            store.invalidate_cache(name)
            with suppress(FileNotFoundError):
                store.rm(name, recursive=True)
    elif place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def cannot_write(folder: Path, error: Exception) -> InputError:
    """Say that the system or the store does not let a run write.

    Parameters
    ----------
    folder : Path
    error : Exception

    Returns
    -------
    InputError
    """
    reason = getattr(error, "strerror", None) or (str(error).strip() or type(error).__name__).splitlines()[0]
    return InputError(
        f"{folder} cannot be written ({reason}); what is done is kept: make room or choose another "
        "-o, and give the command again"
    )


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except AudioinvError:
        raise
    except Exception as error:  # each store has errors of its own
        raise cannot_write(place.parent, error) from error


@contextmanager
def _putting(place: Path) -> Iterator[tuple[Any, str]]:
    """Return the store and the name there, below a folder that is there if the store has any."""
    with _writing(place):
        store, name = store_of(place)
        if getattr(place, "protocol", "") not in _BUCKETS:
            store.makedirs(store_of(place.parent)[1], exist_ok=True)
        yield store, name
