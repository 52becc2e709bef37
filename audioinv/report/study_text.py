"""The answer of a study in words and columns: the same numbers as ``study.json``, nothing else.

Conventions
-----------
Functions take the document of a study and return lines; they print nothing. An interval is 95 %, over seeds and clips.

What is here: `finding`, `headline`, `number`, `summary_lines`, `table_lines`, `verdict_lines`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ..counts import count_text
from .text import aligned, decimals, interval, wrapped

__all__ = ["finding", "headline", "number", "summary_lines", "table_lines", "verdict_lines"]

Document = Mapping[str, Any]

_TWO_DECIMALS = 0.005
_MOST_DECIMALS = 3
_N_COLUMNS, _COLUMN_WIDTH = 4, 20


def _signed(difference: Mapping[str, Any] | None) -> str:
    """Write a difference with its sign and interval."""
    if difference is None or difference["value"] is None:
        return "–"
    numbers = [difference[name] for name in ("value", "low", "high")]
    digits = _digits(*numbers)
    texts = [f"{number:+.{digits}f}".replace("-", "−") if number is not None else "–" for number in numbers]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def verdict_lines(document: Document) -> list[str]:
    """Say of every expectation what became of it.

    Parameters
    ----------
    document : mapping
        Of a study.

    Returns
    -------
    list of str
    """
    return [_verdict(found) for found in document["expectations"]]


def _verdict(found: Mapping[str, Any]) -> str:
    return f"{found['verdict']} on {found['task']}: {found['claim']} ({_comparison(found)})"


def _comparison(found: Mapping[str, Any]) -> str:
    """Write what was compared, with its numbers."""
    left, right = (f"{found[side]} {number(found[f'{side}_value'])}" for side in ("left", "right"))
    if not isinstance(found["right"], str):
        exactly = "exactly " if found["relation"] == "exactly" else ""
        return f"{found['words']}: {left}, expected {exactly}{number(found['right'])}"
    if found["words"] != found["right_words"]:
        both = f"{found['words']} {number(found['left_value'])}, {found['right_words']} {number(found['right_value'])}"
        return f"{found['left']}: {both}, difference {_signed(found['difference'])}"
    return f"{found['words']}: {left}, {right}, difference {_signed(found['difference'])}"


def number(value: float | None) -> str:
    """Write a number with two decimals, three if it is small, or in powers of ten where decimals would show nothing.

    Parameters
    ----------
    value : float, optional

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.126), number(0.0126), number(0.0), number(2e-17), number(None)
    ('0.13', '0.013', '0', '2.0e-17', '–')
    """
    if not value:
        return "–" if value is None else "0"
    return f"{value:.{_digits(value)}f}" if abs(value) >= _TWO_DECIMALS else f"{value:.1e}"


def _digits(*values: float | None) -> int:
    """Return how many decimals the numbers of a cell need: two or three, which is as far as a few seeds tell."""
    return min(_MOST_DECIMALS, decimals(*values))


def headline(document: Document) -> str:
    """Say the first thing that a study was made to find out, with its numbers.

    Parameters
    ----------
    document : mapping
        Of a study.

    Returns
    -------
    str
        What was expected, what became of it, and the numbers, on the first task that has them.
    """
    found = next((found for found in document["expectations"] if found["left_value"] is not None), None)
    if found is None:
        return str(document["question"])
    return _sentence(found)


def finding(document: Document) -> str:
    """Answer a study's question in one paragraph, made of its numbers.

    Parameters
    ----------
    document : mapping
        Of a study.

    Returns
    -------
    str
    """
    sentences = []
    for task in document["tasks"]:
        judged = next((found for found in document["expectations"] if found["task"] == task), None)
        sentences += [_sentence(judged)] if judged else []
        sentences += [text] if (text := _extremes(document, task)) else []
    verdicts = [found["verdict"] for found in document["expectations"]]
    counts = [f"{verdicts.count(kind)} {kind}" for kind in ("reproduced", "refuted", "undecided") if kind in verdicts]
    if counts:
        sentences.append(f"Of {len(verdicts)} expectations: {', '.join(counts)}.")
    refuted = dict.fromkeys(f["claim"] for f in document["expectations"] if f["verdict"] == "refuted")
    return " ".join([*sentences, *(f"Refuted: {claim}." for claim in refuted)])


def _sentence(found: Mapping[str, Any]) -> str:
    doubt = "" if found["verdict"] == "reproduced" else f"{found['verdict'].capitalize()}: "
    claim = f"{doubt}{found['claim']}"
    return f"{claim[0].upper()}{claim[1:]} ({found['task']}; {_comparison(found)})."


def _extremes(document: Document, task: str) -> str:
    """Say which variant is highest and which lowest in the most telling measure."""
    shown = document["shown"][0]
    rows = [
        row
        for row in document["rows"]
        if row["task"] == task
        and any(row["variant"] == variant["name"] for variant in document["variants"])
        and row["measures"][shown["measure"]]["value"] is not None
    ]
    if len(rows) < 2:
        return ""
    rows.sort(key=lambda row: row["measures"][shown["measure"]]["value"])
    low, high = ((row["variant"], row["measures"][shown["measure"]]) for row in (rows[0], rows[-1]))
    return (
        f"On {task}, {shown['words']} is lowest with {low[0]}, {_cell(low[1])}, and highest with {high[0]}, "
        f"{_cell(high[1])}."
    )


def summary_lines(document: Document) -> list[str]:
    """Lay out the answer for a terminal.

    Parameters
    ----------
    document : mapping
        Of a study.

    Returns
    -------
    list of str
        Accuracy and the most telling measures; ``table.md`` has them all.
    """
    lines = [str(document["question"])]
    shown = sorted(document["shown"], key=lambda entry: entry["measure"] != "accuracy")[:_N_COLUMNS]
    words = [textwrap.wrap(entry["words"], _COLUMN_WIDTH) for entry in shown]
    header = [["", *parts] for parts in zip_longest(*words, fillvalue="")]
    for task, of_task in document["tasks"].items():
        rows = [row for row in document["rows"] if row["task"] == task]
        cells = [[row["variant"], *(_cell(row["measures"].get(entry["measure"])) for entry in shown)] for row in rows]
        lines += ["", f"{task}: {of_task}", "", *aligned([*header, *cells])]
    lines += ["", *wrapped(document["finding"]), ""]
    for line in verdict_lines(document):
        lines += wrapped(f"- {line}")
    for warning in document["warnings"]:
        lines += wrapped(f"! {warning}")
    return [*lines, ""]


def table_lines(document: Document) -> list[str]:
    """Lay out all rows as a table in Markdown.

    Parameters
    ----------
    document : mapping
        Of a study.

    Returns
    -------
    list of str
    """
    shown, reference = document["shown"], document["reference"]
    facts = [name for name in _FACTS if any(name in row["facts"] for row in document["rows"])]
    header = ["task", "variant", *(entry["words"] for entry in shown), f"first column against {reference}"]
    header += [_FACTS[name] for name in facts]
    rows = [
        [
            row["task"],
            row["variant"],
            *(_cell(row["measures"].get(entry["measure"])) for entry in shown),
            _signed(row["measures"].get(shown[0]["measure"], {}).get("difference")),
            *(_fact(row["facts"].get(name)) for name in facts),
        ]
        for row in document["rows"]
    ]
    n_seeds = len(document["seeds"])
    return [
        f"# {document['question']}",
        "",
        document["finding"],
        "",
        *(_markdown_row(cells) for cells in (header, ["---"] * len(header), *rows)),
        "",
        f"Means over {count_text(n_seeds, 'seed')} with 95 % intervals over seeds and clips; differences are "
        "paired, seed by seed and clip by clip.",
        "",
        *(f"- {line}" for line in verdict_lines(document)),
        *(f"- ! {warning}" for warning in document["warnings"]),
        *(["", document["note"]] if document["note"] else []),
    ]


_FACTS = {"n_parameters": "weights", "n_multiplications": "multiplications", "receptive_field": "receptive field"}


def _cell(measure: Mapping[str, Any] | None) -> str:
    if measure is None or measure["value"] is None:
        return interval(measure)
    if measure["value"] and max(abs(measure["value"]), abs(measure["high"] or 0.0)) < _TWO_DECIMALS:
        return number(measure["value"])
    return interval(measure, _digits(measure["value"], measure["low"], measure["high"]))


def _fact(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " × ".join(map(str, value))
    return "–" if value is None else f"{value:,}"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
