"""The answer of a study, read back.

What is here: `load_study`, `STUDY`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .documents import StudyAnswer, check_document
from .results_folder import check_there
from .seal import unsealed

__all__ = ["STUDY", "load_study"]

STUDY = "study.json"
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
    check_there(given, "audioinv study NAME")
    file = given / STUDY if given.is_dir() else given
    try:
        document = unsealed(file.read_bytes(), file)
    except OSError as error:
        raise CheckpointError(f"{given} is no study: study.json is missing; audioinv study NAME writes it") from error
    missing = [key for key in _NEEDED if key not in document]
    if missing:
        raise CheckpointError(f"{file} is no study: it holds no {', '.join(missing)}; audioinv study NAME writes one")
    check_document(document, StudyAnswer, file)
    for row in document["rows"]:
        for name, measured in row["measures"].items():
            if len(measured["by_seed"]) != row["n_seeds"]:
                raise CheckpointError(f"{file} is damaged: {name} of {row['variant']} has not one value a seed")
    return document
