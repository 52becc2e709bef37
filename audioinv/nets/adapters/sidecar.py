"""What stands beside a model: its sidecar, and files of labels.

Conventions
-----------
The sidecar of ``net.onnx`` is ``net.audioinv.toml`` beside it; that of a folder or a Python module stands beside the
folder or the module's file.

What is here: `sidecar_of`, `read_sidecar`, `read_labels`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from ...errors import InputError, ModelError
from .declaration import Declaration

__all__ = ["read_labels", "read_sidecar", "sidecar_of"]

_TEXT = "utf-8-sig"  # some editors begin a file with a mark that is no part of its text


def sidecar_of(path: Path) -> Path:
    """Return where the sidecar of a model file or folder is, or would be.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Path

    Examples
    --------
    >>> sidecar_of(Path("net.onnx")).name
    'net.audioinv.toml'
    """
    return path.resolve().with_name(f"{path.resolve().name if path.is_dir() else path.stem}.audioinv.toml")


def read_sidecar(path: Path) -> Declaration:
    """Read a sidecar; one that is not there says nothing.

    Parameters
    ----------
    path : Path
        A TOML file with the fields of `Declaration`. `labels` may name a file beside it, one label a line.

    Returns
    -------
    Declaration

    Raises
    ------
    ModelError
        If it is no TOML, or as in `Declaration.from_mapping`.
    """
    if not path.is_file():
        return Declaration()
    try:
        values = tomllib.loads(path.read_text(encoding=_TEXT))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read as TOML ({error})") from error
    if isinstance(values.get("labels"), str):
        values["labels"] = read_labels(path.parent / values["labels"])
    return Declaration.from_mapping(values, str(path))


def read_labels(path: Path) -> tuple[str, ...]:
    """Read labels from a text file.

    Parameters
    ----------
    path : Path
        One label a line; lines without text do not count.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If the file cannot be read or holds no label.
    """
    try:
        lines = path.read_text(encoding=_TEXT).splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"labels {path} cannot be read ({error}); give UTF-8 text, one label a line") from error
    labels = tuple(line.strip() for line in lines if line.strip())
    if not labels:
        raise InputError(f"labels {path} holds no label; give one a line, in the order of the outputs")
    return labels
