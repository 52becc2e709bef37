"""How pages come to be files: templates that escape, and text that is written whole.

What is here: `page_environment`, `write_text`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..errors import InputError

__all__ = ["page_environment", "write_text"]

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|m?s|k?Hz|st|ct|smp|frame|bins|dB)(?!\w))|(?<=\bn) (?==)|(?<==) (?=\d)")


@cache
def page_environment() -> Environment:
    """Return what fills in the templates: everything escaped, nothing undefined let through.

    Returns
    -------
    Environment
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def write_text(target: Path, text: str) -> Path:
    """Write a page; folders on the way are made.

    Parameters
    ----------
    target : Path
    text : str

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from error
    return target
