"""``audioinv cite``: a paragraph for the methods section, and BibTeX."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from .command import ExitCode
from .options import Manners

__all__ = ["cite"]

_WIDTH = 110


def cite(
    run: Annotated[
        Path | None, typer.Argument(help="A results folder, to say how its numbers came about.", metavar="[RUN]")
    ] = None,
    manners: Manners = Manners(),
) -> int:
    """Print a paragraph for the methods section, and whom to name, in BibTeX."""
    from ..report import citation
    from ..report.results import load_results
    from ..sweep.units import versions

    found = citation.cite(versions()["audioinv"], None if run is None else load_results(run))
    paragraph = textwrap.fill(found.paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)
    document = {"paragraph": found.paragraph, "bibtex": list(found.bibtex)}
    manners.tell(document, [paragraph, *(f"\n{entry}" for entry in found.bibtex)])
    return ExitCode.DONE
