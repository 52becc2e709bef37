"""Documents that know what was written: of themselves and of the files beside them.

Conventions
-----------
A document is a JSON object in UTF-8. Its member ``files_sha256`` holds the SHA-256 of the files beside it, by name, and
under its own name that of its own content but for this member. Whoever reads one of the files reads the document first.
A document without the member was written by an older version and is believed. Digests tell damage, not forgery.

What is here: `sealed`, `unsealed`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .declared import read_plain

__all__ = ["sealed", "unsealed"]

_DIGESTS = "files_sha256"
_REMEDY = "restore it, or run it again"


def sealed(content: Mapping[str, Any], place: Path, beside: Iterable[str] = ()) -> bytes:
    """Return a document that can be compared line by line, with what it and the files beside it hash to.

    Parameters
    ----------
    content : mapping
        Plain JSON data.
    place : Path
        Of the document, whether it is there or not.
    beside : iterable of str
        Names of files that are complete, in the same folder.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> whole = sealed({"n_clips": 5}, Path("run/shard.json"))
    >>> unsealed(whole, Path("run/shard.json"))
    {'n_clips': 5}
    >>> unsealed(whole.replace(b"5", b"6", 1), Path("run/shard.json"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    audioinv.errors.CheckpointError: run: damaged results folder: shard.json changed since the run wrote it; ...
    """
    plain = json.loads(json.dumps(content, allow_nan=False))
    digests = {name: _sha256_of_file(place.with_name(name)) for name in beside}
    document = {**plain, _DIGESTS: {**digests, place.name: _sha256_of_content(plain)}}
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def unsealed(document: bytes, place: Path, here: Path | None = None) -> dict[str, Any]:
    """Return what was sealed, after making sure that it and the files beside it are what was written.

    Parameters
    ----------
    document : bytes
    place : Path
        Of the document.
    here : Path, optional
        Where the files beside it can be read, if not in its folder.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If a file is damaged or gone; it is named.
    """
    try:
        content: dict[str, Any] = dict(read_plain(document))
        said = dict(content.pop(_DIGESTS, {}))
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{place}: damaged ({error}); {_REMEDY}") from error
    folder, of_content = here or place.parent, _sha256_of_content(content)
    broken = [
        name
        for name, digest in said.items()
        if digest not in (of_content, _sha256_of_file(folder / Path(name).name))  # a document may have been renamed
    ]
    if broken:
        changed = f"{', '.join(broken)} changed since the run wrote it"
        raise CheckpointError(f"{place.parent}: damaged results folder: {changed}; {_REMEDY}")
    return content


def _sha256_of_file(path: Path) -> str:
    """Return what a file hashes to; nothing, if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):  # ValueError: a name that no file has
        return ""


def _sha256_of_content(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
