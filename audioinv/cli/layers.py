"""``audioinv layers``: where invariance and equivariance are gained and lost inside a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, TooFewClips
from .clips import ClipFlags, ClipPaths, say_nothing, skipped
from .command import ExitCode, note, note_failures
from .options import LoadFlags, Manners, ModelName, load_models
from .progress import progress

if TYPE_CHECKING:
    from ..budget_analysis import BudgetOptions
    from ..corpus.entries import CorpusEntry
    from ..nets.model import Model
    from ..report.budget_results import BudgetResults
    from ..report.layer_results import LayerResults

__all__ = ["layers"]


def layers(
    model: ModelName,
    inputs: ClipPaths,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/MODEL-layers].")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="Delays, e.g. 0:4:0.5frame [default: the network's strides].")
    ] = None,
    bins: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="The spectrogram moved by bins [default: strides].")
    ] = None,
    freq: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="Every component by the same hertz, in place of bins.")
    ] = None,
    edges: Annotated[
        str, typer.Option(metavar="circular|zero|context|noise", help="What enters at the border under a delay.")
    ] = "circular",
    layer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A module by name; may repeat [default: all leaves].")
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Variation over shifts that counts as none, as a share of that between clips."
        ),
    ] = 0.01,
    flags: LoadFlags = LoadFlags(),
    budget: Annotated[
        bool, typer.Option("--budget", help="Say which stage makes the answers change, and by how much.")
    ] = False,
    pitch: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="Intervals of the budget [default: -2:2:1st].")
    ] = None,
    pitch_engine: Annotated[
        str, typer.Option(metavar="signalsmith|resample|world", help="What moves the pitch in the budget.")
    ] = "signalsmith",
    probe: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Layer that the budget reads the position from [default: the last map]."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of the choice of units, of noise, and of intervals.")
    ] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an analysis of layers.")] = False,
    which: ClipFlags = ClipFlags(),
    manners: Manners = Manners(),
) -> int:
    """Shift clips, look into the layers of a network, and say which are invariant, which equivariant."""
    from ..budget_analysis import BudgetOptions
    from ..layer_analysis import LayerOptions, analyze_layers
    from ..report.layer_results import LAYER_FILES
    from ..report.results_folder import free_folder

    if (pitch or probe) and not budget:
        raise InputError("--pitch and --probe are of the budget; add --budget, or leave them out")
    named = tuple(layer or ())
    options = LayerOptions(time, bins, freq, edges, named, tolerance=tolerance, seed=seed)
    wanted = BudgetOptions(time, bins, pitch, pitch_engine, named, tuple(probe or ()), tolerance, seed)
    (loaded,) = load_models(flags.sources([model]))
    target = out or free_folder(Path("runs") / f"{loaded.spec.name}-layers", overwrite=overwrite)
    LAYER_FILES.check_absent(target, overwrite=overwrite)
    corpus = which.read(inputs)
    entries = corpus.entries[: which.limit]
    if not entries:
        return say_nothing(inputs, corpus)
    lost = skipped(corpus)
    try:
        with progress(len(entries), "looking into layers", shown=manners.shown) as advance:
            results = analyze_layers(loaded, entries, options, on_clip=advance)
    except TooFewClips as error:
        note(f"error: {error}")
        return ExitCode.SOME_FAILED if error.failures or lost else ExitCode.USAGE
    results = replace(results, failures=lost + results.failures)
    drawn_up = _draw_up(loaded, entries, wanted, shown=manners.shown) if budget else None
    _write(results, drawn_up, target, overwrite=overwrite)
    note_failures(results.failures)
    document = {**results.document, **({} if drawn_up is None else {"budget": drawn_up.document})}
    manners.tell(document, _lines(results, drawn_up, target))
    return ExitCode.SOME_FAILED if results.failures else ExitCode.DONE


def _draw_up(model: Model, entries: Sequence[CorpusEntry], options: BudgetOptions, *, shown: bool) -> BudgetResults:
    from ..budget_analysis import analyze_budget

    with progress(len(entries), "drawing up the budget", shown=shown) as advance:
        return analyze_budget(model, entries, options, on_clip=advance)


def _write(results: LayerResults, budget: BudgetResults | None, target: Path, *, overwrite: bool) -> None:
    from ..report.figures import save_figure

    results.save(target, overwrite=overwrite)
    save_figure(results.plot(), target / "figures" / "layers.png")
    if budget is not None:
        budget.save(target, overwrite=overwrite)
        save_figure(budget.plot(), target / "figures" / "budget.png")


def _lines(results: LayerResults, budget: BudgetResults | None, target: Path) -> Iterator[str]:
    yield from results.lines
    yield f"wrote {target}: layers.json, layers.parquet ({results.table.num_rows:,} rows), figures/layers.png"
    if budget is not None:
        yield ""
        yield from budget.lines
        yield f"wrote {target}: budget.json, budget.parquet ({budget.table.num_rows:,} rows), figures/budget.png"
