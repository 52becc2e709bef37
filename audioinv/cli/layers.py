"""``audioinv layers``: where invariance and equivariance are gained and lost inside a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import (
    Activation,
    Config,
    ExitCode,
    InputSamples,
    Json,
    Labels,
    Layout,
    NoProgress,
    Quiet,
    SampleRate,
    Split,
    TrustPickle,
    Verbose,
    Version,
    load_models,
    note,
    print_json,
    read_inputs,
    said_of_models,
    say,
    say_nothing,
)
from .progress import progress

if TYPE_CHECKING:
    from ..budget_analysis import BudgetOptions
    from ..corpus.entries import CorpusEntry
    from ..nets.model import Model
    from ..report.budget_results import BudgetResults
    from ..report.layer_results import LayerResults

__all__ = ["layers"]


def layers(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
    ],
    inputs: Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="CLIPS…")],
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
        float, typer.Option(help="Variation over shifts that counts as none, as a share of that between clips.")
    ] = 0.01,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="Say which stage makes the answers change, and by how much.")
    ] = False,
    pitch: Annotated[
        str | None, typer.Option(metavar="A:B:STEP", help="Intervals of the budget [default: -2:2:1st].")
    ] = None,
    pitch_engine: Annotated[
        str, typer.Option(metavar="signalsmith|resample|world", help="Of the budget.")
    ] = "signalsmith",
    probe: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Layer that the budget reads the position from [default: the last map]."),
    ] = None,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an analysis of layers.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first N clips only.")] = None,
    layout: Layout = None,
    split: Split = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Shift clips, look into the layers of a network, and say which are invariant, which equivariant."""
    from ..budget_analysis import BudgetOptions
    from ..layer_analysis import LayerOptions, TooFewClips, analyze_layers
    from ..nets.library import choose_device
    from ..report.layer_results import LAYER_FILES
    from ..report.results import free_folder
    from ..sweep.responses import Failure

    if (pitch or probe) and not budget:
        raise InputError("--pitch and --probe are of the budget; add --budget, or leave them out")
    named = tuple(layer or ())
    options = LayerOptions(time, bins, freq, edges, named, tolerance=tolerance, seed=seed)
    wanted = BudgetOptions(time, bins, pitch, pitch_engine, named, tuple(probe or ()), tolerance, seed)
    said = said_of_models(sample_rate, labels, activation, input_samples)
    (loaded,) = load_models([model], choose_device(device), said, trust_pickle=trust_pickle)
    target = out or free_folder(Path("runs") / f"{loaded.spec.name}-layers", overwrite=overwrite)
    LAYER_FILES.check_absent(target, overwrite=overwrite)
    corpus = read_inputs(inputs, layout, split)
    entries = corpus.entries[:limit]
    if not entries:
        return say_nothing(inputs, corpus)
    skipped = tuple(Failure(str(entry.path), "find", entry.reason) for entry in corpus.failures)
    shown = not (no_progress or quiet or json)
    try:
        with progress(len(entries), "looking into layers", shown=shown) as advance:
            results = analyze_layers(loaded, entries, options, on_clip=advance)
    except TooFewClips as error:
        note(f"error: {error}")
        return ExitCode.SOME_FAILED if error.failures or skipped else ExitCode.USAGE
    results = replace(results, failures=skipped + results.failures)
    drawn_up = _draw_up(loaded, entries, wanted, shown=shown) if budget else None
    _write(results, drawn_up, target, overwrite=overwrite)
    _report(results, drawn_up, target, quiet=quiet, json=json)
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


def _report(results: LayerResults, budget: BudgetResults | None, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.budget_text import budget_lines
    from ..report.layer_text import layer_lines

    for failure in results.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json({**results.document, **({} if budget is None else {"budget": budget.document})})
    elif not quiet:
        for line in layer_lines(results):
            say(line)
        say(f"wrote {target}: layers.json, layers.parquet ({results.table.num_rows:,} rows), figures/layers.png")
        if budget is not None:
            say()
            for line in budget_lines(budget):
                say(line)
            say(f"wrote {target}: budget.json, budget.parquet ({budget.table.num_rows:,} rows), figures/budget.png")
