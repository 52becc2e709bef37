"""One self-contained page from results, to be mailed, archived and read without a network.

Conventions
-----------
The page holds no script and asks for nothing: its own Content-Security-Policy forbids both. It computes no number; all
come from the summary and the table. Every text is escaped by the template. What would make it unwieldy is left out, and
it says how much: heat maps draw every clip, tables name the first `MAX_ROWS`.

What is here: `write_page`, `summary_table`.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..errors import InputError
from .findings import method_lines, models_title
from .page_content import curve_drawings, headline_rows, key_drawing, model_part, remarks
from .text import verdict

if TYPE_CHECKING:
    from .results import Results

__all__ = ["MAX_ROWS", "summary_table", "write_page"]

MAX_ROWS = 100
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|m?s|k?Hz|st|ct|smp|frame|bins|dB)(?!\w))|(?<=\bn) (?==)|(?<==) (?=\d)")


def write_page(results: Results, path: str | os.PathLike[str]) -> Path:
    """Write results as one HTML file.

    Parameters
    ----------
    results : Results
    path : str or path
        Folders on the way are made.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there is nothing to report, or the file cannot be written.
    """
    if not results.responses:
        raise InputError("these results hold no model, because no clip could be analysed; there is nothing to report")
    target = Path(path)
    text = _render(results)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from error
    return target


def summary_table(results: Results) -> str:
    """Write the headline numbers as a small HTML table, for a notebook.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        A fragment, escaped, with the contrast of time and frequency below.
    """
    template = _environment().get_template("summary_table.html.jinja")
    verdicts = [verdict(results, name) for name in results.document["models"]]
    return template.render(rows=headline_rows(results), several=len(results.document["models"]) > 1, verdicts=verdicts)


@cache
def _environment() -> Environment:
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


def _render(results: Results) -> str:
    names = list(results.responses)
    template = _environment().get_template("page.html.jinja")
    warnings = remarks(results)
    return template.render(
        title=f"{models_title(names)} under shifts",
        rows=headline_rows(results),
        models=[model_part(results, name, f"model{index}") for index, name in enumerate(names)],
        cautions=[warning for warning in warnings if not warning.is_reason],
        reasons=[warning for warning in warnings if warning.is_reason],
        curves=curve_drawings(results),
        key=key_drawing(results),
        n_clips=len(results.responses[names[0]].clips),
        failures=results.failures[:MAX_ROWS],
        n_failures=len(results.failures),
        method=method_lines(results),
        run=results.run,
        run_id=results.document["run"]["id"],
    )
