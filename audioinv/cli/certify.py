"""``audioinv certify``: which circular delays a network is provably invariant to, derived and then confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_json,
    read_inputs,
    said_of_models,
    say,
    say_nothing,
)

if TYPE_CHECKING:
    from ..report.certificate_results import Certification

__all__ = ["certify"]


def certify(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a file, a folder or module:attr.", metavar="MODEL")
    ],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(help="Sound to confirm on [default: noise and shipped clips].", metavar="[CLIPS…]"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="RUN", help="Folder to keep it in, for audioinv report [default: none]."),
    ] = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(metavar="time|frames|bins", help="What is delayed; may repeat [default: all the model has]."),
    ] = None,
    passes: Annotated[int, typer.Option(min=1, metavar="N", help="Phases measured for each clip at most.")] = 256,
    sample_rate: SampleRate = None,
    labels: Labels = None,
    activation: Activation = None,
    input_samples: InputSamples = None,
    trust_pickle: TrustPickle = False,
    device: Annotated[str, typer.Option("-d", "--device", metavar="auto|cpu|cuda|mps")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace certificates.")] = False,
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
    """Derive which circular delays cannot change a model's answers, then confirm it by number.

    Ends with 1 if a certificate is refuted.
    """
    from ..certification import certify as certify_model
    from ..nets.library import choose_device
    from ..report.certificate_results import CERTIFICATE_FILES

    if out is not None:
        CERTIFICATE_FILES.check_absent(out, overwrite=overwrite)
    said = said_of_models(sample_rate, labels, activation, input_samples)
    (loaded,) = load_models([model], choose_device(device), said, trust_pickle=trust_pickle)
    entries: tuple[Any, ...] = ()
    if inputs:
        corpus = read_inputs(inputs, layout, split)
        entries = tuple(corpus.entries[:limit])
        if not entries:
            return say_nothing(inputs, corpus)
    found = certify_model(loaded, entries, axes=axis or (), max_phases=passes, seed=seed)
    if out is not None:
        found.save(out, overwrite=overwrite)
    _report(found, out, steps=verbose, quiet=quiet, json=json)
    refuted = any(certificate.verdict == "refuted" for certificate in found.certificates)
    return ExitCode.RULE_FAILED if refuted else ExitCode.DONE


def _report(found: Certification, out: Path | None, *, steps: bool, quiet: bool, json: bool) -> None:
    from ..report.certificate_text import certificate_lines

    if json:
        print_json(found.document)
    elif not quiet:
        for line in certificate_lines(found, steps=steps):
            say(line)
        if out is not None:
            say(f"wrote {out}: {', '.join(found.FILES.paths)}")
