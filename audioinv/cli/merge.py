"""``audioinv merge``: join the shards of a run that were done apart."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import CheckpointError
from .analyze import NOT_AGAIN, analyze
from .command import single_values, with_single_options
from .options import Manners, Timeout, TrustPickle

if TYPE_CHECKING:
    from ..report.shards import Shard

__all__ = ["merge"]


def merge(
    context: typer.Context,
    shards: Annotated[list[Path], typer.Argument(help="Folders that `analyze --shard` wrote.", metavar="SHARD…")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="Results folder.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    trust_pickle: TrustPickle = False,
    timeout: Timeout = None,
    manners: Manners = Manners(),
) -> int:
    """Join shards into the results of one run, where sounds and models are at hand; gaps and doubles are refused."""
    typed = single_values(locals())
    del typed["context"]
    from ..report.shards import read_shards

    of_run, again = read_shards(shards)[0], with_single_options(analyze)
    unknown = sorted(set(of_run.options) - set(inspect.signature(again).parameters) | set(of_run.options) & NOT_AGAIN)
    if unknown:
        raise CheckpointError(f"{shards[0]}: its shard.json sets {', '.join(unknown)}, which analyze does not know")
    options = _as_typed(context, of_run, shards[0])
    return again(**{**options, **typed, "inputs": [Path(path) for path in of_run.inputs]})


def _as_typed(context: typer.Context, shard: Shard, folder: Path) -> dict[str, Any]:
    """Return the options of a share as those of `analyze` are when they are typed, or refuse them."""
    root, words = context.find_root(), ["--", *shard.inputs]
    app: Any = root.command
    try:
        made = app.commands["analyze"].make_context("analyze", words, parent=root, default_map=dict(shard.options))
    except typer.BadParameter as error:
        raise CheckpointError(f"{folder}: its shard.json is damaged: {error.format_message()}") from error
    return dict(made.params)
