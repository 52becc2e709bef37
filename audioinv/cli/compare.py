"""``audioinv compare``: two results folders, or two models of one, on the same clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, note, print_json, say

if TYPE_CHECKING:
    from ..measure.comparison import Compared
    from ..report.results import Results

__all__ = ["compare"]


def compare(
    runs: Annotated[list[Path], typer.Argument(help="One results folder or two.", metavar="A [B]")],
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="NAME", help="Of the runs: one for both, or one each."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of intervals and tests.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page, too.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Compare two models on the same clips, paired, with the smallest difference that could have been seen."""
    if len(runs) > 2:
        raise InputError(f"{len(runs)} results folders; one or two can be compared")
    from ..measure.comparison import compare_models
    from ..measure.summary import plain
    from ..report.comparison_text import comparison_lines
    from ..report.results import load_results

    folders = [runs[0], runs[-1]]
    names = _choose(model or [], len(runs))
    loaded = {run: load_results(run) for run in dict.fromkeys(folders)}
    empty = [run for run, results in loaded.items() if not results.responses]
    if empty:
        note(f"error: {empty[0]} holds no analysed clip; nothing to compare")
        return ExitCode.NOTHING
    first, second = (_side(loaded[run], run, name) for run, name in zip(folders, names, strict=True))
    found = compare_models(first, second, seed=seed)
    if html is not None:
        from ..report.comparison_page import write_comparison

        write_comparison(found, first, second, html, seed=seed)
    if json:
        print_json(plain(found))
    elif not quiet:
        for line in comparison_lines(found):
            say(line)
        if html is not None:
            say(f"wrote {html}")
    return ExitCode.DONE


def _choose(names: list[str], n_runs: int) -> tuple[str | None, str | None]:
    """Return which model of either side is meant; None for the only one."""
    if len(names) > 2 or (n_runs == 1 and len(names) != 2):
        raise InputError("within one results folder name two models, -m A -m B; of two folders at most one each")
    if len(names) == 2:
        return names[0], names[1]
    return (names[0], names[0]) if names else (None, None)


def _side(results: Results, run: Path, name: str | None) -> Compared:
    from ..measure.comparison import Compared

    known = ", ".join(results.responses)
    if name is None and len(results.responses) > 1:
        raise InputError(f"{run} holds {len(results.responses)} models ({known}); choose by -m NAME")
    chosen = name or next(iter(results.responses))
    if chosen not in results.responses:
        raise InputError(f"{run} holds no model {chosen}; it holds {known}")
    floor = results.document["models"][chosen]["controls"].get("noise_floor") or 0.0
    return Compared(f"{chosen} ({run})", results.responses[chosen], noise_floor=floor)
