"""Places: where a sound or a list of sounds lies: on this disk, in an archive, in a store that a URL names.

Conventions
-----------
A place on this disk is a `pathlib.Path`. Any other is a ``upath.UPath``, which has the same methods and is typed as
one here. An archive (zip, tar, tar.gz …) stands for the folder in it. ``str(place)`` is a name under which
`find_place` finds it again: ``zip://audio/a.wav::ESC-50.zip``, ``s3://bucket/a.wav``. Members of archives are
read by name and never unpacked under it. A URL that went through a `pathlib.Path`, as those of a command line do, has
lost a slash and is understood all the same. What lies elsewhere is copied when it is first heard; see
`audioinv.sound.local_copies`.

What is here: `find_place`, `is_url`, `is_archive`, `on_this_disk`, `at_hand`, `open_binary`, `read_text`, `ask_store`,
`store_of`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors import AudioFileError, AudioinvError, InputError
from .local_copies import usual_copies

__all__ = [
    "ask_store",
    "at_hand",
    "find_place",
    "is_archive",
    "is_url",
    "on_this_disk",
    "open_binary",
    "read_text",
    "store_of",
]

_SCHEME = re.compile(r"(^|::)([A-Za-z][A-Za-z0-9+.-]+):/{1,2}")
_ARCHIVES = {".zip": "zip", ".tar": "tar", ".tgz": "tar", ".tar.gz": "tar", ".tar.bz2": "tar", ".tar.xz": "tar"}
_OF_THIS_DISK = re.compile(r"^(file|local)://(?!/)")  # a slash was lost, and it names no host
_MAX_TEXT_BYTES = 256 << 20
_PROOFS = ("ETag", "Last-Modified", "Content-MD5", "Digest")  # headers of HTTP that tell one content from another
_THIS_PROCESS = secrets.token_hex(8)  # of a server that sends none, a copy is good for as long as we run
_EXTRAS = {"s3": "s3", "s3a": "s3"}


def is_url(source: str | os.PathLike[str]) -> bool:
    """Tell a URL from the name of a file.

    Parameters
    ----------
    source : str or path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_url("s3://bucket/clips"), is_url("clips/a.wav")
    (True, False)
    """
    return _SCHEME.match(str(source)) is not None


def is_archive(source: str | os.PathLike[str]) -> bool:
    """Tell by its suffix whether a file is an archive.

    Parameters
    ----------
    source : str or path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_archive("ESC-50.tar.gz"), is_archive("kick.wav")
    (True, False)
    """
    return str(source).lower().endswith(tuple(_ARCHIVES))


def on_this_disk(place: Path) -> bool:
    """Tell whether a place is a plain path.

    Parameters
    ----------
    place : Path

    Returns
    -------
    bool
    """
    return isinstance(place, Path)


def find_place(source: str | os.PathLike[str]) -> Path:
    """Return the place that a name stands for.

    Parameters
    ----------
    source : str or path
        A file, a folder, an archive or a URL; a place stands for itself.

    Returns
    -------
    Path
        Of an archive, the folder in it.

    Raises
    ------
    InputError
        If no library is known or installed that opens such a URL.

    Examples
    --------
    >>> find_place("clips/kick.wav").name
    'kick.wav'
    """
    if not isinstance(source, (str, Path)):
        return cast("Path", source)
    if is_url(source):
        url = _SCHEME.sub(r"\1\2://", str(source))
        return _open_url(_OF_THIS_DISK.sub(r"\1:///", url))
    path = Path(source)
    return _open_url(_inside(str(path))) if is_archive(path) and path.is_file() else path


def _inside(archive: str) -> str:
    kind = next(kind for suffix, kind in _ARCHIVES.items() if archive.lower().endswith(suffix))
    return f"{kind}://::{archive}"


def _open_url(url: str) -> Path:
    from upath import UPath

    if is_archive(url) and "::" not in url:
        url = _inside(url)
    scheme = url.rpartition("::")[2].partition("://")[0]
    try:
        compression = {"compression": "gzip"} if url.lower().endswith(".tgz") else {}
        place: Any = UPath(url, **compression)
        if place.protocol in ("", "file", "local"):
            return Path(place.path)
        _ = place.fs
    except ImportError as error:
        remedy = f": pip install 'audioinv[{_EXTRAS[scheme]}]'" if scheme in _EXTRAS else ""
        raise InputError(f"{url}: {_first_line(error)}{remedy}") from error
    except Exception as error:  # each store and each format of archive has errors of its own
        raise InputError(f"{url}: cannot be opened ({_first_line(error)})") from error
    return cast("Path", place)


@contextmanager
def ask_store(place: Path) -> Iterator[None]:
    """Say in our own words what goes wrong when a store or an archive is asked.

    Parameters
    ----------
    place : Path

    Yields
    ------
    None

    Raises
    ------
    AudioFileError
        For whatever the library of the store raises, unless the place is on this disk.
    """
    try:
        yield
    except AudioinvError:
        raise
    except FileNotFoundError as error:
        raise AudioFileError(f"{place}: no such file") from error
    except Exception as error:  # each store and each format of archive has errors of its own
        if on_this_disk(place):
            raise
        raise AudioFileError(f"{place}: cannot be read ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def at_hand(place: Path) -> Path:
    """Return where on this disk a file can be read, after copying it where it lies elsewhere.

    Parameters
    ----------
    place : Path
        A file.

    Returns
    -------
    Path
        The place itself, if it is on this disk.

    Raises
    ------
    AudioFileError
        If it is not there, or cannot be fetched.
    InputError
        If it is too large to copy.
    """
    if on_this_disk(place):
        return place
    with ask_store(place):
        store, name = store_of(place)
        state = hashlib.sha256(f"{place}\n{_state(place)}".encode()).hexdigest()
        if found := usual_copies().find(state):
            return found
        with store.open(name, "rb") as stream:
            return _keep(place, state, stream)


def _keep(place: object, name: str, stream: BinaryIO) -> Path:
    try:
        return usual_copies().keep(name, stream)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


@contextmanager
def open_binary(place: Path) -> Iterator[BinaryIO]:
    """Open a file where it lies: a header is read without fetching the rest.

    Parameters
    ----------
    place : Path

    Yields
    ------
    binary file

    Raises
    ------
    AudioFileError
        If a store or an archive cannot give it.
    OSError
        If this disk cannot.
    """
    if on_this_disk(place):
        with place.open("rb") as stream:
            yield stream
        return
    with ask_store(place):
        store, name = store_of(place)
        with store.open(name, "rb") as stream:
            yield stream


def read_text(place: Path) -> str:
    """Read a text of UTF-8, with or without a byte-order mark.

    Parameters
    ----------
    place : Path

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is no such text, or larger than 256 MiB.
    OSError
        If it cannot be read.
    """
    with open_binary(place) as stream:
        content = stream.read(_MAX_TEXT_BYTES + 1)
    if len(content) > _MAX_TEXT_BYTES:
        raise InputError("larger than 256 MiB; save it as Parquet, or in parts")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text; save it again in UTF-8") from error
    if "\0" in text:
        raise InputError("not UTF-8 text; save it again in UTF-8")
    return text


def store_of(place: Any) -> tuple[Any, str]:
    """Return the file system that holds a place, one for all places in an archive, and the name there.

    Parameters
    ----------
    place : Path
        Not on this disk.

    Returns
    -------
    (fsspec.AbstractFileSystem, str)
    """
    if place.protocol not in ("zip", "tar"):
        return place.fs, place.path
    archive = str(place).rpartition("::")[2]
    return _open_archive(place.protocol, archive, _archive_state(archive)), place.path


def _state(place: Any) -> str:
    """Return what is another as soon as a file elsewhere is; of a member of an archive, what the archive's is."""
    if place.protocol in _ARCHIVES.values():
        return _archive_state(str(place).rpartition("::")[2])
    return _file_state(place.fs, place.path)


def _archive_state(archive: str) -> str:
    if is_url(archive):
        return _far_archive_state(archive)
    about = Path(archive).stat()
    return f"{about.st_mtime_ns} {about.st_size}"


@lru_cache
def _far_archive_state(archive: str) -> str:
    """Ask once, not for each member: an archive is read as it was when it was opened."""
    from fsspec.core import url_to_fs

    return _file_state(*url_to_fs(archive))


def _file_state(store: Any, name: str) -> str:
    store.invalidate_cache(name)
    if "http" not in store.protocol:
        return str(store.ukey(name))
    about = store.info(name)  # because to fsspec a file on the web never changes
    proofs = [about.get(proof) for proof in _PROOFS]
    return repr([about.get("size"), *proofs]) if any(proofs) else _THIS_PROCESS


@lru_cache(maxsize=8)
def _open_archive(protocol: str, archive: str, state: str) -> Any:
    """Open an archive; of a compressed or a far tar, which has to be read from its start, a plain copy."""
    import fsspec

    options: dict[str, Any] = {}
    if protocol == "tar" and (is_url(archive) or not archive.lower().endswith(".tar")):
        name = hashlib.sha256(f"tar\n{archive}\n{state}".encode()).hexdigest()
        copy = usual_copies().find(name)
        if copy is None:
            with fsspec.open(archive, "rb", compression="infer" if not archive.endswith(".tgz") else "gzip") as stream:
                copy = _keep(archive, name, stream)
        archive, options = str(copy), {"compression": None}
    return fsspec.filesystem(protocol, fo=archive, **options)
