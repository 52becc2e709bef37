"""The answer of a study, read back.

What is here: `load_study`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

__all__ = ["load_study"]

_NEEDED = ("study", "tasks", "variants", "rows", "shown", "curves")


def load_study(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the answer of a study.

    Parameters
    ----------
    path : str or path
        The folder of one study, or its ``study.json``.

    Returns
    -------
    dict
        The content of ``study.json``.

    Raises
    ------
    CheckpointError
        If there is none, or it is damaged.
    """
    given = Path(path)
    file = given / "study.json" if given.is_dir() else given
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{given} is no study: study.json is missing; audioinv study NAME writes it") from error
    except ValueError as error:
        raise CheckpointError(f"{file} is a damaged study ({error}); run audioinv study again") from error
    missing = [key for key in _NEEDED if not isinstance(document, dict) or key not in document]
    if missing:
        raise CheckpointError(f"{file} is no study: it holds no {', '.join(missing)}; audioinv study NAME writes one")
    found: dict[str, Any] = document
    return found
