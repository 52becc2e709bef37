"""``audioinv study surgery``: what other downsampling would buy a model that is trained already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .clips import ClipFlags, ClipPaths, say_nothing, skipped
from .command import ExitCode, command_line, note_failures, single_values
from .options import LoadFlags, Manners, load_models
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
    inputs: ClipPaths,
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
    max_stride: Annotated[int, typer.Option(metavar="N", min=2, help="Leave larger steps as they are.")] = 8,
    time: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Delays, e.g. -50:50:1ms.")] = None,
    freq: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Frequency shifts, e.g. -100:100:10Hz.")] = None,
    pitch: Annotated[str | None, typer.Option(metavar="A:B:STEP", help="Pitch shifts, e.g. -2:2:0.5st.")] = None,
    edges: Annotated[
        str, typer.Option(metavar="context|zero|circular|noise", help="What enters at the border under a delay.")
    ] = "context",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="RUN", help="Results folder [default: runs/surgery-MODEL].")
    ] = None,
    flags: LoadFlags = LoadFlags(),
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of intervals, tests and noise.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a results folder.")] = False,
    which: ClipFlags = ClipFlags(),
    manners: Manners = Manners(),
) -> int:
    """Put other downsampling into a trained model while it runs, or average it over delays, and say what that buys.

    The model's weights stay as they are, and nothing is trained.
    """
    typed = {name: value for name, value in single_values(locals()).items() if name in _KEPT and value is not None}
    from ..analysis import AnalysisOptions
    from ..nets.library import DEFAULT_MODEL
    from ..report.results_folder import check_free, free_folder
    from ..study.surgery import save_surgery, study_surgery
    from ..study.surgery_variants import SurgeryOptions

    options = SurgeryOptions(
        replacements=_asked(replace.split(",")),
        averages=_asked(average_over or [_DELAYS]),
        along=along,
        max_stride=max_stride,
        analysis=AnalysisOptions({"time": time, "freq": freq, "pitch": pitch}, edges, seed=seed),
    )
    (loaded,) = load_models(flags.sources([model or DEFAULT_MODEL]))
    target = out or free_folder(Path("runs") / f"surgery-{loaded.spec.name}", overwrite=overwrite)
    check_free(target, overwrite=overwrite)
    corpus = which.read(inputs)
    entries = corpus.entries[: which.limit]
    if not entries:
        return say_nothing(inputs, corpus)
    provenance = {"command": command_line(), "options": typed}
    with progress(len(entries), "operating", shown=manners.shown) as advance:
        answer = study_surgery(loaded, entries, options, on_clip=advance, provenance=provenance)
    failed = skipped(corpus) + answer.results.failures
    note_failures(failed)
    if answer.document:
        save_surgery(answer, target, overwrite=overwrite)
        manners.tell(answer.document, _lines(answer, target))
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def _asked(texts: list[str]) -> tuple[str, ...]:
    """Return what was asked for; nothing if that is the word none."""
    asked = tuple(text.strip() for text in texts)
    return () if asked == ("none",) else asked


def _lines(answer: SurgeryAnswer, target: Path) -> Iterator[str]:
    from ..report.surgery_text import surgery_lines

    yield from surgery_lines(answer.document)
    yield f"wrote {target}: surgery.json, table.md, figures/surgery.png, and every answer as analyze writes them"
    yield f"next: audioinv plot {target} curves"
