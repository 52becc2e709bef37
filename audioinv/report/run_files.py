"""The small files that every run folder has: JSON documents, and the list of what failed.

Conventions
-----------
Text is UTF-8. JSON holds no number that is not finite. `failures.csv` has the columns ``path, stage, reason``. A cell
that a spreadsheet would run begins with an apostrophe, see `audioinv.corpus.cells`.

What is here: `write_json`, `write_failures`, `read_failures`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..corpus.cells import plain_cell, safe_cell
from ..sweep.responses import Failure

__all__ = ["read_failures", "write_failures", "write_json"]


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
