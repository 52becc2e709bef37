"""``audioinv check``: rules held against a results folder, for a build that is to fail when a model gets worse."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..counts import count_text
from ..errors import InputError
from .clips import read_allowance
from .command import ExitCode, note
from .options import Manners

if TYPE_CHECKING:
    from ..report.gate.rules import Rule
    from ..report.gate.verdicts import GateReport
    from ..report.results import Results

__all__ = ["check"]

_PROJECT = Path("pyproject.toml")
_HERE = "Of the rules given here"


def check(
    run: Annotated[Path, typer.Argument(help="A results folder.", metavar="RUN")],
    min: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=NUMBER", help="Not less, e.g. time.consistency=0.95; may repeat."),
    ] = None,
    max: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=NUMBER", help="Not more, e.g. freq.top1_change=0.05; may repeat."),
    ] = None,
    max_drop: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=NUMBER", help="Fallen from the baseline by no more, clip by clip; may repeat."),
    ] = None,
    max_rise: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=NUMBER", help="Risen from the baseline by no more, clip by clip; may repeat."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Results of the same clips and grids to compare with.")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file [default, without another rule: pyproject.toml here]."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="NAME", help="Of the run; may repeat [default: all]."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--class", metavar="NAME", help="Clips of this class alone; * for each.", rich_help_panel=_HERE),
    ] = None,
    level: Annotated[
        str, typer.Option(metavar="error|warn", help="Whether a failure counts.", rich_help_panel=_HERE)
    ] = "error",
    careful: Annotated[
        bool,
        typer.Option("--careful", help="Judge the end of the interval nearer to failing.", rich_help_panel=_HERE),
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the verdicts as JUnit XML.")] = None,
    allow_failures: Annotated[
        str | None, typer.Option(metavar="N|P%", help="How many inputs may have failed [default: as the run allowed].")
    ] = None,
    manners: Manners = Manners(),
) -> int:
    """Hold a results folder against rules; end with 1 if one fails.

    A rule about something that was not measured, or is undefined, fails. On GitHub the failures become annotations and
    the verdicts a job summary.
    """
    from ..report.gate.verdicts import check_results
    from ..report.results import load_results
    from ..sound.whole_files import find_folder

    run = find_folder(run)
    limits = {"min": min, "max": max, "max_drop": max_drop, "max_rise": max_rise}
    chosen = _read_rules(rules, limits, label=label, level=level, careful=careful)
    results = load_results(run)
    failures_allowed = _failures_allowed(results, allow_failures)
    if not results.responses:
        note(f"error: {run} holds no analysed clip; nothing to check")
        return ExitCode.NOTHING if failures_allowed else ExitCode.SOME_FAILED
    before = load_results(baseline) if baseline else None
    report = check_results(results, chosen, baseline=before, models=model or ())
    _tell(report, f"audioinv check {run}", junit, manners)
    if not failures_allowed:
        n_failed = count_text(len(results.failures), "input")
        note(f"error: {n_failed} failed in {run}, more than allowed; see {run / 'failures.csv'}")
        return ExitCode.SOME_FAILED
    return ExitCode.DONE if report else ExitCode.RULE_FAILED


def _read_rules(
    path: Path | None, limits: Mapping[str, list[str] | None], *, label: str | None, level: str, careful: bool
) -> tuple[Rule, ...]:
    """Return the rules of the command line and of the rule file; of the project where there is neither."""
    from ..report.gate.rules import CAREFUL, check_together, read_option, read_rule_file

    here = [
        read_option(kind, text, label=label, level=level, bound=CAREFUL[kind] if careful else "point")
        for kind, texts in limits.items()
        for text in texts or ()
    ]
    if not here and (label, level, careful) != (None, "error", False):
        raise InputError("--class, --level and --careful are about rules given here, by --min and so on; there is none")
    if not here and path is None:
        if not _PROJECT.is_file():
            raise InputError(f"no rule: give --min METRIC=NUMBER or --rules FILE, or write rules into {_PROJECT}")
        path = _PROJECT
    found = (*(read_rule_file(path) if path else ()), *here)
    check_together(found)
    return found


def _failures_allowed(results: Results, allowance: str | None) -> bool:
    tolerated = read_allowance(allowance or str(results.run.get("options", {}).get("allow_failures", "0")))
    n_failed, n_clips = len(results.failures), max((len(one.clips) for one in results.responses.values()), default=0)
    return bool(n_failed <= tolerated(n_failed + n_clips))


def _tell(report: GateReport, name: str, junit: Path | None, manners: Manners) -> None:
    """Print the verdicts, and write them where a CI server looks for them."""
    from ..report.gate.output import document, github_annotations, job_summary, junit_xml, report_lines

    manners.tell(document(report), report_lines(report))
    if junit is not None:
        _write(junit, junit_xml(report, name), "w")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in github_annotations(report):
            note(line)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _write(Path(summary), job_summary(report, name), "a")


def _write(path: Path, text: str, mode: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})") from error
