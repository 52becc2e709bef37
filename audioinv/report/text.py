"""Numbers, columns and paragraphs of a terminal: how every command's lines are set.

Conventions
-----------
Functions return text and print nothing. An interval is written ``0.93 [0.90, 0.95]``; an undefined number is a dash.
Shares have two decimals.

What is here: `amount`, `interval`, `aligned`, `wrapped`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["aligned", "amount", "interval", "wrapped"]

_WIDTH = 110


def amount(value: float | None, unit: str) -> str:
    """Write a shift with its sign and unit.

    Parameters
    ----------
    value : float, optional
    unit : str

    Returns
    -------
    str

    Examples
    --------
    >>> amount(-20.0, "ms")
    '−20 ms'
    """
    if value is None:
        return "–"
    sign = "−" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{abs(value):g} {unit}"


def interval(estimate: Mapping[str, Any] | None, digits: int = 2) -> str:
    """Write an estimate with its interval.

    Parameters
    ----------
    estimate : mapping with "value", "low" and "high", optional
    digits : int, default 2

    Returns
    -------
    str

    Examples
    --------
    >>> interval({"value": 0.931, "low": 0.917, "high": 0.944})
    '0.93 [0.92, 0.94]'
    """
    if estimate is None or estimate["value"] is None:
        return "–"
    text = f"{estimate['value']:.{digits}f}"
    if estimate["low"] is None or estimate["high"] is None:
        return text
    return f"{text} [{estimate['low']:.{digits}f}, {estimate['high']:.{digits}f}]"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows in columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of the same length.

    Returns
    -------
    list of str

    Examples
    --------
    >>> aligned([("a", "bb"), ("ccc", "d")])
    ['a    bb', 'ccc  d']
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def wrapped(text: str) -> list[str]:
    """Break a paragraph into the lines of a terminal.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        The second and the following are indented.
    """
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
