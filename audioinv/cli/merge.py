"""``audioinv merge``: join the shards of a run that were done apart."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer

from ..errors import CheckpointError
from .analyze import analyze
from .command import single_values, with_single_options
from .options import Manners, Timeout, TrustPickle

__all__ = ["merge"]


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that `analyze --shard` wrote.", metavar="SHARD…")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="Results folder.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    trust_pickle: TrustPickle = False,
    timeout: Timeout = None,
    manners: Manners = Manners(),
) -> int:
    """Join shards into the results of one run, where sounds and models are at hand; gaps and doubles are refused."""
    typed = single_values(locals())
    from ..report.shards import read_shards

    of_run, again = read_shards(shards)[0], with_single_options(analyze)
    unknown = sorted(set(of_run.options) - set(inspect.signature(again).parameters))
    if unknown:
        raise CheckpointError(f"{shards[0]}: its shard.json sets {', '.join(unknown)}, which analyze does not know")
    return again(inputs=[Path(path) for path in of_run.inputs], **{**of_run.options, **typed})
