"""``audioinv cite``: a paragraph for the methods section, and BibTeX."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, print_json, say

__all__ = ["cite"]

_WIDTH = 110


def cite(
    run: Annotated[
        Path | None, typer.Argument(help="A results folder, to say how its numbers came about.", metavar="[RUN]")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Print a paragraph for the methods section, and whom to name, in BibTeX."""
    from ..analysis import versions
    from ..report import citation
    from ..report.results import load_results

    found = citation.cite(versions()["audioinv"], None if run is None else load_results(run))
    if json:
        print_json({"paragraph": found.paragraph, "bibtex": list(found.bibtex)})
    elif not quiet:
        say(textwrap.fill(found.paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False))
        for entry in found.bibtex:
            say(f"\n{entry}")
    return ExitCode.DONE
