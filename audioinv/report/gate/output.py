"""A gate's verdicts as lines for a terminal, JUnit XML, annotations and a job summary for GitHub, and JSON.

Conventions
-----------
Functions return text and write nothing. What failed comes first. Numbers are shown with as many decimals as it takes
to see on which side of the limit they lie. Texts that came from outside are made printable and escaped.

What is here: `report_lines`, `one_line`, `junit_xml`, `github_annotations`, `job_summary`, `document`.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from ...counts import count_text
from ...measure.summary import plain
from ..text import aligned, wrapped
from ..wording import shown_name
from .verdicts import GateReport, Verdict

__all__ = ["document", "github_annotations", "job_summary", "junit_xml", "one_line", "report_lines"]

_ORDER = ("FAIL", "WARN", "PASS")
_WORDS = {"FAIL": "failed", "WARN": "warned", "PASS": "passed"}
_ANNOTATIONS = {"FAIL": "error", "WARN": "warning"}
_MAX_DIGITS = 7  # of a number in summary.json
_MAX_SHOWN = 3
_REPR_WIDTH = 238  # pytest shortens what is longer than 240 with its brackets
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_lines(report: GateReport) -> list[str]:
    """Lay out verdicts for a terminal.

    Parameters
    ----------
    report : GateReport

    Returns
    -------
    list of str
        One a verdict, the clips that break it below, and the counts last.
    """
    rows = [(verdict.status, _title(verdict), _finding(verdict)) for verdict in _ordered(report)]
    lines = []
    for line, verdict in zip(aligned(rows), _ordered(report), strict=True):
        lines.append(line)
        lines += [f"      {part}" for part in wrapped(_worst(verdict))]
    return [*lines, _counts(report)]


def one_line(report: GateReport) -> str:
    """Say in one line what failed, as the text of a failed assertion.

    Parameters
    ----------
    report : GateReport

    Returns
    -------
    str
    """
    broken = [f"{verdict.status} {_told(verdict)}" for verdict in _ordered(report) if not verdict.passed]
    text = ": ".join([_counts(report), *(["; ".join(broken)] if broken else [])])
    return f"<{text if len(text) <= _REPR_WIDTH else text[: _REPR_WIDTH - 1] + '…'}>"


def _ordered(report: GateReport) -> list[Verdict]:
    return sorted(report.verdicts, key=lambda verdict: _ORDER.index(verdict.status))


def _counts(report: GateReport) -> str:
    statuses = [verdict.status for verdict in report.verdicts]
    return ", ".join(f"{statuses.count(status)} {_WORDS[status]}" for status in _ORDER if status in statuses)


def _title(verdict: Verdict) -> str:
    """Name a rule and what it is about, as pytest names a test and its parameter."""
    label = f"[{shown_name(verdict.label)}]" if verdict.label is not None else ""
    return f"{shown_name(verdict.model)}{label}::{verdict.rule}"


def _finding(verdict: Verdict) -> str:
    """Say what was measured, or why nothing was."""
    measured = verdict.measured
    if math.isnan(measured.value):
        return verdict.reason
    digits = _digits(verdict)
    value, low, high = (_number(part, digits) for part in (measured.value, measured.low, measured.high))
    known = not (math.isnan(measured.low) and math.isnan(measured.high))
    parts = [f"{value} [{low}, {high}]" if known else value]
    if measured.n is not None:
        parts.append(count_text(measured.n, "clip"))
    if verdict.reason:
        parts.append(verdict.reason)
    elif verdict.is_close and verdict.rule.bound == "point":
        parts.append("limit inside the interval")
    return " · ".join(parts)


def _told(verdict: Verdict) -> str:
    return f"{_title(verdict)}, is {_finding(verdict)}"


def _worst(verdict: Verdict) -> str:
    """Name the clips that break a rule by themselves, if the rule failed and any do."""
    if verdict.passed:
        return ""
    named = [f"{shown_name(name)} {_number(value, 2)}" for name, value in verdict.worst[:_MAX_SHOWN]]
    return f"worst: {' · '.join(named)}" if named else ""


def _digits(verdict: Verdict) -> int:
    """Return how many decimals tell the number that was judged from its limit."""
    rule, measured = verdict.rule, verdict.measured
    held = measured.value if rule.bound == "point" else getattr(measured, rule.bound)
    if held == rule.limit or math.isnan(held):
        return 3
    apart = (n for n in range(3, _MAX_DIGITS) if round(held, n) != round(rule.limit, n))
    return next(apart, _MAX_DIGITS)


def _number(value: float, digits: int) -> str:
    if math.isnan(value):  # an end that lies beyond the range
        return "–"
    return f"{value:.{digits}f}".replace("-", "−") if value % 1 or abs(value) <= 1 else f"{value:g}"


def junit_xml(report: GateReport, name: str) -> str:
    """Write verdicts as JUnit XML, as the test reports of CI servers read it.

    Parameters
    ----------
    report : GateReport
    name : str
        Of the suite.

    Returns
    -------
    str
        A rule that only warns is a passed case that says so in its output.
    """
    failed = sum(verdict.status == "FAIL" for verdict in report.verdicts)
    counts = {"tests": str(len(report.verdicts)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": _xml(name), **counts})
    for verdict in report.verdicts:
        names = {"classname": _xml(_title(verdict).partition("::")[0]), "name": _xml(str(verdict.rule))}
        case = ElementTree.SubElement(suite, "testcase", names)
        text = _xml("\n".join(filter(None, (_finding(verdict), _worst(verdict)))))
        if verdict.status == "FAIL":
            ElementTree.SubElement(case, "failure", {"message": _xml(_finding(verdict))}).text = text
        else:
            ElementTree.SubElement(case, "system-out").text = f"{verdict.status} {text}"
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def github_annotations(report: GateReport) -> list[str]:
    """Write what failed or warned as workflow commands, which GitHub shows beside a commit.

    Parameters
    ----------
    report : GateReport

    Returns
    -------
    list of str
    """
    lines = []
    for verdict in (verdict for verdict in _ordered(report) if not verdict.passed):
        title, message = _escaped(_title(verdict), ":,"), _escaped(f"is {_finding(verdict)}")
        lines.append(f"::{_ANNOTATIONS[verdict.status]} title={title}::{message}")
    return lines


def _escaped(text: str, more: str = "") -> str:
    """Escape what would end a workflow command."""
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)


def job_summary(report: GateReport, name: str) -> str:
    """Write verdicts as a Markdown table.

    Parameters
    ----------
    report : GateReport
    name : str
        What was checked.

    Returns
    -------
    str
    """
    rows = [
        (verdict.status, _title(verdict), _finding(verdict), _worst(verdict).removeprefix("worst: "))
        for verdict in _ordered(report)
    ]
    cells = [" | ".join(map(_markdown, row)) for row in rows]
    table = ["| | rule | measured | worst clips |", "|---|---|---|---|", *(f"| {row} |" for row in cells)]
    return "\n".join([f"### {_markdown(name)}: {_counts(report)}", "", *table, ""])


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(text, quote=False))


def document(report: GateReport) -> dict[str, Any]:
    """Return verdicts as JSON data.

    Parameters
    ----------
    report : GateReport

    Returns
    -------
    dict
    """
    verdicts = [{"status": verdict.status, **plain(asdict(verdict))} for verdict in report.verdicts]
    return {"passed": report.passed, "verdicts": verdicts}
