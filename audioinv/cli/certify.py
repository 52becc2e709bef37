"""``audioinv certify``: which circular delays a network is provably invariant to, derived and then confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .clips import ClipFlags, say_nothing, skipped
from .command import ExitCode, note_failures
from .options import LoadFlags, Manners, ModelName, load_models

if TYPE_CHECKING:
    from ..corpus.entries import CorpusEntry
    from ..report.certificate_results import CertificateResults
    from ..sweep.responses import Failure

__all__ = ["certify"]


def certify(
    model: ModelName,
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
    flags: LoadFlags = LoadFlags(),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of the noise, and of the delays compared.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace certificates.")] = False,
    which: ClipFlags = ClipFlags(),
    manners: Manners = Manners(),
) -> int:
    """Derive which circular delays cannot change a model's answers, then confirm it by number.

    Ends with 1 if a certificate is refuted, and with 3 if a sound could not be used.
    """
    from ..certification import certify as certify_model
    from ..report.certificate_results import CERTIFICATE_FILES

    if out is not None:
        CERTIFICATE_FILES.check_absent(out, overwrite=overwrite)
    (loaded,) = load_models(flags.sources([model]))
    entries: tuple[CorpusEntry, ...] = ()
    lost: tuple[Failure, ...] = ()
    if inputs:
        corpus = which.read(inputs)
        entries = tuple(corpus.entries[: which.limit])
        if not entries:
            return say_nothing(inputs, corpus)
        lost = skipped(corpus)
    found = certify_model(loaded, entries, axes=axis or (), passes=passes, seed=seed)
    found = replace(found, failures=lost + found.failures)
    if out is not None:
        found.save(out, overwrite=overwrite)
    note_failures(found.failures)
    manners.tell(found.document, _lines(found, out, steps=manners.verbose))
    refuted = any(certificate.verdict == "refuted" for certificate in found.certificates)
    if found.failures:
        return ExitCode.SOME_FAILED
    return ExitCode.RULE_FAILED if refuted else ExitCode.DONE


def _lines(found: CertificateResults, out: Path | None, *, steps: bool) -> Iterator[str]:
    from ..report.certificate_text import certificate_lines

    yield from certificate_lines(found, steps=steps)
    if out is not None:
        yield f"wrote {out}: {', '.join(found.FILES.paths)}"
