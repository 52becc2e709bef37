"""``audioinv study surgery``: what other downsampling would buy a model that is trained already."""

from __future__ import annotations

import shlex
import sys
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
    from ..study.surgery import SurgeryAnswer

__all__ = ["surgery"]

_REPLACED, _DELAYS = "blur3,average,polyphase", "-10:10:5ms"
_KEPT = (
    "model",
    "replace",
    "average_over",
    "along",
    "max_stride",
    "time",
    "freq",
    "pitch",
    "edges",
    "seed",
    "limit",
)
"""What makes the numbers, and stands in run.json to be done again."""


def surgery(
    inputs: Annotated[list[Path], typer.Argument(help="Sound files, folders, manifests.", metavar="CLIPS…")],
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", metavar="SPEC", help="A shipped model's name, a file, a folder or module:attr."),
    ] = None,
    replace: Annotated[
        str,
        typer.Option(metavar="KIND,…", help="In place of its downsampling: blurN, average, polyphase, or none."),
    ] = _REPLACED,
    average_over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A:B:STEP", help="Delays to average its scores over; may repeat, or none [default: -10:10:5ms]."
        ),
    ] = None,
    along: Annotated[
        str,
        typer.Option(
            metavar="both|columns|rows", help="Which axes of maps; columns is the last, rows the one before it."
        ),
    ] = "both",
    max_stride: Annotated[int, typer.Option(min=2, help="Leave larger steps as they are.")] = 8,
    time: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Delays, e.g. -50:50:1ms.")] = None,
    freq: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Frequency shifts, e.g. -100:100:10Hz.")] = None,
    pitch: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Pitch shifts, e.g. -2:2:0.5st.")] = None,
    edges: Annotated[
        str, typer.Option(metavar="context|zero|circular|noise", help="What enters at the border under a delay.")
    ] = "context",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/surgery-MODEL].")
    ] = None,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Of intervals, tests and noise.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
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
    """Put other downsampling into a trained model while it runs, or average it over delays, and say what that buys.

    The model's weights stay as they are, and nothing is trained.
    """
    from ..analysis import AnalysisOptions
    from ..nets.library import DEFAULT_MODEL, choose_device
    from ..report.results import check_free, free_folder
    from ..study.surgery import study_surgery
    from ..study.surgery_variants import SurgeryOptions

    typed = {name: value for name, value in locals().items() if name in _KEPT and value is not None}
    options = SurgeryOptions(
        replacements=_asked(replace.split(",")),
        averages=_asked(average_over or [_DELAYS]),
        along=along,
        max_stride=max_stride,
        analysis=AnalysisOptions({"time": time, "freq": freq, "pitch": pitch}, edges, seed=seed),
    )
    said = said_of_models(sample_rate, labels, activation, input_samples)
    loaded = load_models([model or DEFAULT_MODEL], choose_device(device), said, trust_pickle=trust_pickle)[0]
    target = out or free_folder(Path("runs") / f"surgery-{loaded.spec.name}", overwrite=overwrite)
    check_free(target, overwrite=overwrite)
    corpus = read_inputs(inputs, layout, split)
    entries = corpus.entries[:limit]
    if not entries:
        return say_nothing(inputs, corpus)
    provenance = {"command": shlex.join(["audioinv", *sys.argv[1:]]), "options": typed}
    with progress(len(entries), "operating", shown=not (no_progress or quiet or json)) as advance:
        answer = study_surgery(loaded, entries, options, on_clip=advance, provenance=provenance)
    failed = [(str(one.path), one.reason) for one in corpus.failures]
    failed += [(one.path, one.reason) for one in answer.results.failures]
    for path, reason in failed:
        note(f"! {path}: {reason}")
    if answer.document:
        _report(answer, target, overwrite=overwrite, quiet=quiet, json=json)
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def _asked(texts: list[str]) -> tuple[str, ...]:
    """Return what was asked for; nothing if that is the word none."""
    asked = tuple(text.strip() for text in texts)
    return () if asked == ("none",) else asked


def _report(answer: SurgeryAnswer, target: Path, *, overwrite: bool, quiet: bool, json: bool) -> None:
    from ..report.surgery_text import surgery_lines
    from ..study.surgery import save_surgery

    save_surgery(answer, target, overwrite=overwrite)
    if json:
        print_json(answer.document)
    elif not quiet:
        for line in surgery_lines(answer.document):
            say(line)
        say(f"wrote {target}: surgery.json, table.md, figures/surgery.png, and every answer as analyze writes them")
        say(f"next: audioinv plot {target} curves")
