"""``audioinv merge``: join the shares of a run that were done apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .analyze import analyze
from .options import Json, NoProgress, Quiet, TrustPickle, Verbose, Version

__all__ = ["merge"]


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that `analyze --shard` wrote.", metavar="SHARD…")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="Results folder.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    trust_pickle: TrustPickle = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    version: Version = False,
) -> int:
    """Join shares into the results of one run, where sounds and models are at hand; gaps and doubles are refused."""
    from ..report.shards import read_shards

    of_run = read_shards(shards)[0]
    return analyze(
        [Path(path) for path in of_run.inputs],
        **of_run.options,
        out=out,
        shards=shards,
        overwrite=overwrite,
        trust_pickle=trust_pickle,
        quiet=quiet,
        verbose=verbose,
        json=json,
        no_progress=no_progress,
    )
