"""``audioinv report``: a page to look at and listen to, made of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, note, print_json, say

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(help="A results folder.", metavar="RUN")],
    more: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of audioinv layers, certify, order, profile about the same.", metavar="[FOLDER…]"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="PATH", help="[default: RUN/report.html, with --folder the folder RUN/report]"
        ),
    ] = None,
    max_mb: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="How large the page may be; sounds give way [default: 5].")
    ] = None,
    folder: Annotated[
        bool, typer.Option("--folder", help="A page without script, sounds as files beside it, for viewers that strip.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Write one self-contained page: verdicts, charts, and clips to move, look at and listen to.

    Layers, certificates, order and profile of the same models join it from further folders, or from RUN itself.
    """
    if folder and max_mb is not None:
        raise InputError("--max-mb is about the single page; with --folder sounds are files, so leave it out")
    from ..report.companions import find_companions
    from ..report.page import MAX_MEGABYTES, write_folder, write_page
    from ..report.results import load_results

    results = load_results(run)
    if not results.responses:
        note(f"error: {run} holds no analysed clip; nothing to report")
        return ExitCode.NOTHING
    companions = find_companions(results, more or (), home=run)
    if folder:
        page = write_folder(results, out or run / "report", companions=companions)
    else:
        size = MAX_MEGABYTES if max_mb is None else max_mb
        page = write_page(results, out or run / "report.html", companions=companions, max_mb=size)
    if json:
        print_json({"run": str(run), "file": str(page), "bytes": page.stat().st_size})
    elif not quiet:
        say(f"wrote {page} ({page.stat().st_size / 1e6:.1f} MB)")
    return ExitCode.DONE
