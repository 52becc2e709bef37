"""``audioinv report``: a page to look at and listen to, made of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .command import ExitCode, note
from .options import Manners

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
    manners: Manners = Manners(),
) -> int:
    """Write one self-contained page: verdicts, charts, and clips to move, look at and listen to.

    Layers, certificates, order and profile of the same models join it from further folders, or from RUN itself.
    """
    if folder and max_mb is not None:
        raise InputError("--max-mb is about the single page; with --folder sounds are files, so leave it out")
    from ..report.companions import find_companions
    from ..report.page import MAX_MEGABYTES, write_folder, write_page
    from ..report.results import load_results
    from ..sound.carried_files import outgoing
    from ..sound.places import on_this_disk
    from ..sound.whole_files import find_folder

    run = find_folder(run)
    results = load_results(run)
    if not results.responses:
        note(f"error: {run} holds no analysed clip; nothing to report")
        return ExitCode.NOTHING
    companions = find_companions(results, more or (), home=run if on_this_disk(run) else None)
    target = find_folder(out) if out else run / ("report" if folder else "report.html")
    with outgoing(target) as here:
        if folder:
            page = write_folder(results, here, companions=companions)
        else:
            size = MAX_MEGABYTES if max_mb is None else max_mb
            page = write_page(results, here, companions=companions, max_mb=size)
        n_bytes, page = page.stat().st_size, target.joinpath(*page.relative_to(here).parts)
    document = {"run": str(run), "file": str(page), "bytes": n_bytes}
    manners.tell(document, [f"wrote {page} ({n_bytes / 1e6:.1f} MB)"])
    return ExitCode.DONE
