"""Libraries that only some formats need, asked for by name when they are missing.

Conventions
-----------
Such a library is loaded when its format is met and not before.

What is here: `needed`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import ModelError

__all__ = ["needed"]


def needed(library: str, what: str, extra: str) -> Any:
    """Import a library, or say how to get it.

    Parameters
    ----------
    library : str
    what : str
        What it is needed for.
    extra : str
        The extra of audioinv that installs it.

    Returns
    -------
    module

    Raises
    ------
    ModelError
        If it is not installed.

    Examples
    --------
    >>> needed("json", "an example", "test").__name__
    'json'
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise ModelError(f"{what} need {library} ({error}); pip install 'audioinv[{extra}]'") from error
