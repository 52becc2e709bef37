"""The small files that every run folder has: JSON documents, and the list of what failed.

Conventions
-----------
Text is UTF-8. JSON holds no number that is not finite. `failures.csv` has the columns ``path, stage, reason``. A cell
that a spreadsheet would run begins with an apostrophe, see `audioinv.corpus.cells`.

A run seals its folder: ``run.json`` holds the SHA-256 of the files beside it, by name, and of its own content but for
these. A folder without, as older versions wrote it, is read all the same.

What is here: `write_json`, `write_failures`, `read_failures`, `seal`, `read_sealed`.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..corpus.cells import plain_cell, safe_cell
from ..errors import CheckpointError
from ..sweep.responses import Failure

__all__ = ["read_failures", "read_sealed", "seal", "write_failures", "write_json"]

_RUN, _DIGESTS = "run.json", "files_sha256"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a document that can be compared line by line.

    Parameters
    ----------
    path : Path
    content : mapping
        Plain JSON data.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_failures(path: Path, failures: Iterable[Failure]) -> None:
    """Write what was not analysed.

    Parameters
    ----------
    path : Path
    failures : iterable of Failure
    """
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "stage", "reason"))
        writer.writerows(map(safe_cell, (failure.path, failure.stage, failure.reason)) for failure in failures)


def read_failures(path: Path) -> tuple[Failure, ...]:
    """Read what was not analysed.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of Failure
    """
    with path.open(newline="", encoding="utf-8") as stream:
        return tuple(
            Failure(**{name: plain_cell(cell) for name, cell in row.items()}) for row in csv.DictReader(stream)
        )


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write into ``run.json`` what the files of a folder hash to.

    Parameters
    ----------
    folder : Path
        Complete but for this.
    names : iterable of str
        Of the files beside it.
    """
    run = json.loads((folder / _RUN).read_text(encoding="utf-8"))
    beside = {name: _sha256_of_file(folder / name) for name in names if name != _RUN}
    write_json(folder / _RUN, {**run, _DIGESTS: {**beside, _RUN: _sha256_of_run(run)}})


def read_sealed(folder: Path, place: Path | None = None) -> dict[str, Any]:
    """Read ``run.json``, and make sure that what it seals is what the run wrote.

    Parameters
    ----------
    folder : Path
    place : Path, optional
        Whose copy this folder is, for people.

    Returns
    -------
    dict
        As it was before it was sealed.

    Raises
    ------
    CheckpointError
        If a file is another than was written; it is named.
    OSError, ValueError, TypeError, AttributeError
        If a file cannot be read.
    """
    run: dict[str, Any] = json.loads((folder / _RUN).read_text(encoding="utf-8"))
    said = run.pop(_DIGESTS, {})
    now = {name: _sha256_of_run(run) if name == _RUN else _sha256_of_file(folder / Path(name).name) for name in said}
    broken = [name for name, digest in said.items() if digest != now[name]]
    if broken:
        changed = f"{', '.join(broken)} changed since the run wrote it"
        raise CheckpointError(f"{place or folder}: damaged results folder: {changed}; restore it, or run it again")
    return run


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_of_run(run: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
