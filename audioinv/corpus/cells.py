"""Cells of text in a CSV, so written that no spreadsheet takes one for a formula.

Conventions
-----------
A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, and takes an apostrophe
before it for a sign that text follows [1]_. Such a text is written with an apostrophe more than it has, and read with
one less, so that every text comes back as it was. Numbers are no text.

What is here: `safe_cell`, `plain_cell`.

References
----------
.. [1] OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re

__all__ = ["plain_cell", "safe_cell"]

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def safe_cell(text: str) -> str:
    """Return a text as it is written into a CSV.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> safe_cell("=cmd()"), safe_cell("a=b"), safe_cell("'=x")
    ("'=cmd()", 'a=b', "''=x")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """Return the text that `safe_cell` was given.

    Parameters
    ----------
    cell : str

    Returns
    -------
    str

    Examples
    --------
    >>> plain_cell("'=cmd()"), plain_cell("'tis"), plain_cell("-1")
    ('=cmd()', "'tis", '-1')
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
