"""``audioinv study``: controlled experiments over variants of a network, with seeds and intervals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..counts import count_text
from .command import ExitCode, command_line, note, print_json, say
from .options import Manners
from .progress import progress

if TYPE_CHECKING:
    from ..study.design import Study
    from ..study.run import StudyOptions

__all__ = ["study"]

_SEEDS, _QUICK_SEEDS = 5, 2


def study(
    names: Annotated[
        list[str] | None, typer.Argument(help="Questions by name, or all; none lists them.", metavar="[NAME…]")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUNS", help="Folder of all studies.")] = Path(
        "runs/study"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer clips and two seeds: a first look in a minute or two.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Trainings of each variant [default: 5; 2 with --quick].")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Processes at once [default: one a core].")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    manners: Manners = Manners(),
) -> int:
    """Train variants of a network with several seeds, shift the sound, and say what the variants differ in."""
    from ..study.questions import STUDIES, find_study

    if not names:
        _list(STUDIES, manners)
        return ExitCode.DONE
    from ..study.run import StudyOptions

    chosen = list(STUDIES.values()) if "all" in names else [find_study(name) for name in names]
    options = StudyOptions(
        out=out,
        n_seeds=seeds or (_QUICK_SEEDS if quick else _SEEDS),
        quick=quick,
        jobs=jobs or os.cpu_count() or 1,
        command=command_line(),
    )
    documents = []
    for one in chosen:
        n_missing = _print_plan(one, options, shown=dry_run or manners.talk)
        if not dry_run:
            documents.append(_run(one, options, n_missing, manners))
    if manners.json and not dry_run:
        print_json(documents if len(documents) > 1 else documents[0])
    return ExitCode.DONE


def _list(studies: dict[str, Study], manners: Manners) -> None:
    if manners.json:
        print_json({name: study.question for name, study in studies.items()})
        return
    for name, one in studies.items():
        say(f"{name:<20} {one.question}")
    say(f"{'surgery':<20} What would other downsampling buy a model that is trained already?")
    say("next: audioinv study head --quick, audioinv study surgery -m MODEL CLIPS")


def _print_plan(one: Study, options: StudyOptions, *, shown: bool) -> int:
    """Say how much there is to do, and return how many cells are missing."""
    from ..study.cells import is_done
    from ..study.run import study_cells
    from ..study.workers import estimate_seconds

    cells = study_cells(one, options)
    missing = [cell for cell in cells if not is_done(options.cells, cell, one.probes)]
    if shown:
        sizes = f"{len(one.tasks)} × {len(one.variants)} × {options.n_seeds}"
        done = f"{len(cells) - len(missing)} there already"
        note(f"{one.name}: {len(cells)} cells (tasks × variants × seeds: {sizes}), {done}")
    if shown and missing:
        seconds = estimate_seconds(missing, one.probes) / options.jobs
        note(f"about {seconds / 60:.1f} minutes with {count_text(options.jobs, 'job')}")
    return len(missing)


def _run(one: Study, options: StudyOptions, n_missing: int, manners: Manners) -> dict[str, Any]:
    from ..report.study_text import summary_lines
    from ..study.run import run_study, save_study

    try:
        with progress(n_missing, one.name, shown=manners.shown and n_missing > 0) as advance:
            document = run_study(one, options, on_cell=advance)
    except KeyboardInterrupt:
        note("interrupted; what is done is kept: the same command goes on from here")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    target = save_study(document, options.out / one.name)
    if manners.talk:
        for line in summary_lines(document):
            say(line)
        say(f"wrote {target}: study.json, table.md, cells.csv, figures/{one.name}.png")
    return document
