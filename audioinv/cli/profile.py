"""``audioinv profile``: every kind of change on one page: which does the model stand, and should it."""

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
    NoProgress,
    Quiet,
    SampleRate,
    TrustPickle,
    Verbose,
    Version,
    load_models,
    note,
    print_json,
    said_of_models,
    say,
    say_nothing,
)
from .progress import progress

if TYPE_CHECKING:
    from ..report.profile_results import ProfileResults

__all__ = ["profile"]


def profile(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
    ],
    inputs: Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="CLIPS…")],
    more: Annotated[
        list[str] | None, typer.Option("-m", "--model", metavar="SPEC", help="A further model; may repeat.")
    ] = None,
    listener: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What a listener would say [default: listener.toml beside the clips]."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/MODEL-profile].")
    ] = None,
    edges: Annotated[
        str, typer.Option(metavar="context|zero|circular|noise", help="What enters at the border under a delay.")
    ] = "context",
    references: Annotated[
        bool, typer.Option("--references/--no-references", help="Profile models with known answers beside.")
    ] = True,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a profile.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first N clips only.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Change clips in every way, and set what a model's answers stand against what a listener would."""
    from ..corpus.layouts import read_sources
    from ..corpus.listener import find_listener, read_listener
    from ..nets.library import choose_device
    from ..profile_analysis import ProfileOptions, n_rounds, profile_models
    from ..report.layer_results import check_absent
    from ..report.profile_results import PROFILE, PROFILE_FILES
    from ..report.results import free_folder
    from ..sweep.responses import Failure

    declared = find_listener(inputs) if listener is None else read_listener(listener)
    options = ProfileOptions(declared, edges, references, seed)
    said = said_of_models(sample_rate, labels, activation, input_samples)
    models = load_models([model, *(more or ())], choose_device(device), said, trust_pickle=trust_pickle)
    target = out or free_folder(Path("runs") / f"{models[0].spec.name}-profile", overwrite=overwrite)
    check_absent(target, PROFILE_FILES, PROFILE, overwrite=overwrite)
    corpus = read_sources(inputs)
    entries = corpus.entries[:limit]
    if not entries:
        return say_nothing(inputs, corpus)
    skipped = tuple(Failure(str(entry.path), "find", entry.reason) for entry in corpus.failures)
    steps = len(entries) * n_rounds(declared)
    with progress(steps, "profiling", shown=not (no_progress or quiet or json)) as advance:
        results = profile_models(models, entries, options, on_clip=advance)
    results = replace(results, failures=skipped + results.failures)
    if results.changes:
        _write(results, target, overwrite=overwrite)
    _report(results, target, quiet=quiet, json=json)
    return ExitCode.SOME_FAILED if results.failures else ExitCode.DONE


def _write(results: ProfileResults, target: Path, *, overwrite: bool) -> None:
    from ..report.figures import save_figure

    results.save(target, overwrite=overwrite)
    save_figure(results.plot(), target / "figures" / "profile.png")


def _report(results: ProfileResults, target: Path, *, quiet: bool, json: bool) -> None:
    from ..report.profile_text import profile_lines

    for failure in results.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(results.document)
    elif results.changes and not quiet:
        for line in profile_lines(results):
            say(line)
        say(f"wrote {target}: profile.json, profile.parquet ({results.table.num_rows:,} rows), figures/profile.png")
