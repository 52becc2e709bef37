"""``audioinv profile``: every kind of change on one page: which does the model stand, and should it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .clips import ClipFlags, ClipPaths, say_nothing, skipped
from .command import ExitCode, note_failures
from .options import LoadFlags, Manners, ModelName, load_models
from .progress import progress

if TYPE_CHECKING:
    from ..corpus.entries import CorpusEntry
    from ..corpus.listener import ListenerFile
    from ..nets.model import Model
    from ..profile_analysis import ProfileOptions
    from ..report.pair_results import PairResults
    from ..report.profile_results import ProfileResults
    from ..sound.grid import ShiftGrid

__all__ = ["profile"]


def profile(
    model: ModelName,
    inputs: ClipPaths,
    more: Annotated[
        list[str] | None, typer.Option("-m", "--model", metavar="SPEC", help="A further model; may repeat.")
    ] = None,
    listener: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What a listener would say [default: listener.toml beside the clips]."),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS,AXIS",
            help="Two changes at once, on a grid, in place of all alone; may repeat. AXIS=GRID names the amounts "
            "[default: the listener's], e.g. time=-50:50:10ms,noise=10:40:10dB.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/MODEL-profile].")
    ] = None,
    edges: Annotated[
        str, typer.Option(metavar="context|zero|circular|noise", help="What enters at the border under a delay.")
    ] = "context",
    references: Annotated[
        bool,
        typer.Option("--references/--no-references", help="Profile models with known answers beside; not with --pair."),
    ] = True,
    flags: LoadFlags = LoadFlags(),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of noise, echoes, orders and intervals.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a profile.")] = False,
    which: ClipFlags = ClipFlags(),
    manners: Manners = Manners(),
) -> int:
    """Change clips in every way, and set what a model's answers stand against what a listener would."""
    from ..corpus.listener import find_listener, read_listener
    from ..profile_analysis import ProfileOptions
    from ..report.figures import save_figure
    from ..report.pair_results import PAIR_FILES
    from ..report.profile_results import PROFILE_FILES
    from ..report.results_folder import free_folder

    declared = find_listener(inputs) if listener is None else read_listener(listener)
    pairs = [_read_pair(text, declared) for text in pair or ()]
    models = load_models(flags.sources([model, *(more or ())]))
    target = out or free_folder(Path("runs") / f"{models[0].spec.name}-profile", overwrite=overwrite)
    (PAIR_FILES if pairs else PROFILE_FILES).check_absent(target, overwrite=overwrite)
    corpus = which.read(inputs)
    entries = corpus.entries[: which.limit]
    if not entries:
        return say_nothing(inputs, corpus)
    options = ProfileOptions(declared, edges, references, seed)
    found: ProfileResults | PairResults = (
        _profile_pairs(models, entries, pairs, options, shown=manners.shown)
        if pairs
        else _profile(models, entries, options, shown=manners.shown)
    )
    results = replace(found, failures=skipped(corpus) + found.failures)
    if results.clips is not None:
        results.save(target, overwrite=overwrite)
        save_figure(results.plot(), target / "figures" / f"{results.FILES.name}.png")
    note_failures(results.failures)
    manners.tell(results.document, _lines(results, target))
    return ExitCode.SOME_FAILED if results.failures else ExitCode.DONE


def _read_pair(text: str, listener: ListenerFile) -> tuple[ShiftGrid, ShiftGrid]:
    """Read a pair of axes, with their amounts or the listener's."""
    from ..sound.grid import parse_grid

    def grid_of(part: str) -> ShiftGrid:
        axis, written, grid = part.strip().partition("=")
        if written:
            return parse_grid(axis, grid)
        known = [one.grid for one in listener.expectations if one.grid.axis == axis]
        if not known:
            raise InputError(f"--pair {text}: nobody declares amounts of {axis}; write {axis}=FIRST:LAST:STEPunit")
        return known[0]

    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(f"--pair {text!r} is not two axes; write it as time,freq or time=-50:50:10ms,noise=10:40:10dB")
    first, second = map(grid_of, parts)
    return first, second


def _profile(
    models: list[Model], entries: Sequence[CorpusEntry], options: ProfileOptions, *, shown: bool
) -> ProfileResults:
    from ..profile_analysis import n_rounds, profile_models

    with progress(len(entries) * n_rounds(options.listener), "profiling", shown=shown) as advance:
        return profile_models(models, entries, options, on_clip=advance)


def _profile_pairs(
    models: list[Model],
    entries: Sequence[CorpusEntry],
    pairs: Sequence[tuple[ShiftGrid, ShiftGrid]],
    options: ProfileOptions,
    *,
    shown: bool,
) -> PairResults:
    from ..pair_analysis import profile_pairs

    with progress(len(entries), "profiling pairs", shown=shown) as advance:
        return profile_pairs(models, entries, pairs, edges=options.edges, seed=options.seed, on_clip=advance)


def _lines(results: ProfileResults | PairResults, target: Path) -> Iterator[str]:
    if results.clips is not None:
        document, table = results.FILES.paths
        yield from results.lines
        yield f"wrote {target}: {document}, {table} ({results.table.num_rows:,} rows), figures/{results.FILES.name}.png"
