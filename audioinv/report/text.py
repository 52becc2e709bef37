"""Numbers, columns and paragraphs of a terminal: how every command's lines are set.

Conventions
-----------
Functions return text and print nothing. An interval is written ``0.93 [0.90, 0.95]``; an undefined number is a dash.
Shares have two decimals, small numbers as many as they need; numbers that are set side by side have the same.

What is here: `amount`, `decimals`, `size`, `fixed`, `interval`, `aligned`, `wrapped`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["aligned", "amount", "decimals", "fixed", "interval", "size", "wrapped"]

_WIDTH = 110
_SMALL = 0.05  # below, two decimals would round by more than a tenth
_MOST_DECIMALS = 6  # more are harder to read than powers of ten


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
    return sign + size(abs(value), unit)


def size(value: float, unit: str) -> str:
    """Write how large a shift is, with its unit; per cent, which may stand for decibels, with four digits.

    Parameters
    ----------
    value : float
    unit : str

    Returns
    -------
    str

    Examples
    --------
    >>> size(20.0, "ms"), size(31.6227766, "%")
    ('20 ms', '31.62 %')
    """
    return f"{value:.4g} {unit}" if unit == "%" else f"{value:g} {unit}"


def decimals(*values: float | None) -> int:
    """Return how many decimals numbers set side by side need: two, or as many as keep the largest to a tenth.

    Parameters
    ----------
    *values : float, optional
        Those that are undefined do not count.

    Returns
    -------
    int

    Examples
    --------
    >>> decimals(0.93), decimals(-0.0034, 0.0009, None), decimals(0.0)
    (2, 4, 2)
    """
    largest = max((abs(value) for value in values if value is not None and not math.isnan(value)), default=0.0)
    return 2 + max(0, math.ceil(math.log10(_SMALL / largest))) if largest else 2


def fixed(value: float | None, digits: int, *, signed: bool = False) -> str:
    """Write a number with so many decimals, at most six; in powers of ten where they would show nothing.

    Parameters
    ----------
    value : float, optional
    digits : int
        Decimals, best of `decimals`.
    signed : bool, default False
        Whether a plus is written before what is more than nothing.

    Returns
    -------
    str
        Without a minus where nothing is left of the number.

    Examples
    --------
    >>> fixed(-0.0034, 4), fixed(0.5, 2, signed=True), fixed(-0.001, 2), fixed(2e-9, 10), fixed(None, 2)
    ('−0.0034', '+0.50', '0.00', '2.0e−09', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    lost = digits > _MOST_DECIMALS and 0 < abs(value) < _SMALL / 10 ** (_MOST_DECIMALS - 2)
    text = f"{value:.1e}" if lost else f"{value:z.{min(digits, _MOST_DECIMALS)}f}"
    plus = "+" if signed and float(text) > 0 else ""
    return plus + text.replace("-", "−")


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
