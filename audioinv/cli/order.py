"""``audioinv order``: does a model hear the order of sounds, or only which sounds there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Activation,
    Config,
    ExitCode,
    InputSamples,
    Json,
    Labels,
    Layout,
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

if TYPE_CHECKING:
    from ..report.order_results import OrderResult

__all__ = ["order"]


def order(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
    ],
    inputs: Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="CLIPS…")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/MODEL-order].")
    ] = None,
    segments: Annotated[int, typer.Option(min=3, metavar="N", help="Pieces that a clip is cut into.")] = 4,
    orders: Annotated[int, typer.Option(min=1, metavar="N", help="Shuffles that are tried.")] = 8,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an analysis of order.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first N clips only.")] = None,
    layout: Layout = None,
    split: Split = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Shuffle, rotate, reverse and join clips, and say how many answers that changes."""
    from ..nets.library import choose_device
    from ..order_analysis import analyze_order
    from ..report.order_results import ORDER_FILES, OrderOptions
    from ..report.results import free_folder
    from ..sweep.responses import Failure

    said = said_of_models(sample_rate, labels, activation, input_samples)
    (loaded,) = load_models([model], choose_device(device), said, trust_pickle=trust_pickle)
    target = out or free_folder(Path("runs") / f"{loaded.spec.name}-order", overwrite=overwrite)
    ORDER_FILES.check_absent(target, overwrite=overwrite)
    corpus = read_inputs(inputs, layout, split)
    if not corpus.entries:
        return say_nothing(inputs, corpus)
    found = analyze_order(loaded, corpus.entries[:limit], OrderOptions(n_segments=segments, n_orders=orders, seed=seed))
    skipped = tuple(Failure(str(entry.path), "find", entry.reason) for entry in corpus.failures)
    found = replace(found, failures=skipped + found.failures)
    found.save(target, overwrite=overwrite)
    _report(found, target, quiet=quiet, json=json)
    return ExitCode.SOME_FAILED if found.failures else ExitCode.DONE


def _report(found: OrderResult, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.order_text import order_lines

    for failure in found.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(found.document)
    elif not quiet:
        for line in order_lines(found):
            say(line)
        say(f"wrote {target}: {', '.join(found.FILES.paths)}")
