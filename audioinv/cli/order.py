"""``audioinv order``: does a model hear the order of sounds, or only which sounds there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .clips import ClipFlags, ClipPaths, say_nothing, skipped
from .command import ExitCode, note_failures
from .options import LoadFlags, Manners, ModelName, load_models
from .progress import progress

__all__ = ["order"]


def order(
    model: ModelName,
    inputs: ClipPaths,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/MODEL-order].")
    ] = None,
    segments: Annotated[int, typer.Option(min=3, metavar="N", help="Pieces that a clip is cut into.")] = 4,
    orders: Annotated[int, typer.Option(min=1, metavar="N", help="Shuffles that are tried.")] = 8,
    flags: LoadFlags = LoadFlags(),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of shuffles, partners and intervals.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an analysis of order.")] = False,
    which: ClipFlags = ClipFlags(),
    manners: Manners = Manners(),
) -> int:
    """Shuffle, rotate, reverse and join clips, and say how many answers that changes."""
    from ..order_analysis import analyze_order
    from ..report.order_results import ORDER_FILES, OrderOptions
    from ..report.results_folder import free_folder

    (loaded,) = load_models(flags.sources([model]))
    target = out or free_folder(Path("runs") / f"{loaded.spec.name}-order", overwrite=overwrite)
    ORDER_FILES.check_absent(target, overwrite=overwrite)
    corpus = which.read(inputs)
    if not corpus.entries:
        return say_nothing(inputs, corpus)
    entries = corpus.entries[: which.limit]
    options = OrderOptions(n_segments=segments, n_orders=orders, seed=seed)
    with progress(len(entries), "shuffling", shown=manners.shown) as advance:
        found = analyze_order(loaded, entries, options, on_clip=advance)
    found = replace(found, failures=skipped(corpus) + found.failures)
    found.save(target, overwrite=overwrite)
    note_failures(found.failures)
    manners.tell(found.document, [*found.lines, f"wrote {target}: {', '.join(found.FILES.paths)}"])
    return ExitCode.SOME_FAILED if found.failures else ExitCode.DONE
