"""``audioinv layers``: where invariance and equivariance are gained and lost inside a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .analyze import _nothing as say_nothing
from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, note, print_json, say
from .progress import progress

if TYPE_CHECKING:
    from ..report.layer_results import LayerResults

__all__ = ["layers"]


def layers(
    model: Annotated[str, typer.Argument(help="A shipped model's name, a file or a folder.", metavar="MODEL")],
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
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an analysis of layers.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first N clips only.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Shift clips, look into the layers of a network, and say which are invariant, which equivariant."""
    from ..corpus.layouts import read_sources
    from ..layer_analysis import LayerOptions, analyze_layers
    from ..nets.library import choose_device, load_model
    from ..report.layer_results import check_no_layers
    from ..sweep.responses import Failure

    options = LayerOptions(time, bins, freq, edges, tuple(layer or ()), tolerance=tolerance, seed=seed)
    loaded = load_model(model, device=choose_device(device))
    target = out or _free_folder(Path("runs") / f"{loaded.spec.name}-layers", overwrite)
    check_no_layers(target, overwrite=overwrite)
    corpus = read_sources(inputs)
    entries = corpus.entries[:limit]
    if not entries:
        return say_nothing(inputs, corpus)
    skipped = tuple(Failure(str(entry.path), "find", entry.reason) for entry in corpus.failures)
    with progress(len(entries), "looking into layers", shown=not (no_progress or quiet or json)) as advance:
        results = analyze_layers(loaded, entries, options, on_clip=advance)
    results = replace(results, failures=skipped + results.failures)
    _write(results, target, overwrite=overwrite)
    _report(results, target, quiet=quiet, json=json)
    return ExitCode.SOME_FAILED if results.failures else ExitCode.DONE


def _free_folder(base: Path, overwrite: bool) -> Path:
    """Return the first folder of a name that is free; a default one is never taken."""
    numbered = (base.with_name(f"{base.name}-{n}") for n in range(2, 10_000))
    return next(path for path in (base, *numbered) if overwrite or not path.exists())


def _write(results: LayerResults, target: Path, *, overwrite: bool) -> None:
    from ..report.figures import save_figure

    results.save(target, overwrite=overwrite)
    save_figure(results.plot(), target / "figures" / "layers.png")


def _report(results: LayerResults, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.layer_text import layer_lines

    for failure in results.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(results.document)
    elif not quiet:
        for line in layer_lines(results):
            say(line)
        say(f"wrote {target}: layers.json, layers.parquet ({results.table.num_rows:,} rows), figures/layers.png")
