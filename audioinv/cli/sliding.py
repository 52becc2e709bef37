"""``audioinv analyze --slide``: a window over long recordings, its answers to every stretch, detection by phase.

Conventions
-----------
Recordings slide where ``--slide`` says how far apart windows open, and also where ``--edges context`` is typed, no
shift is, and every recording has room for ten windows and more.

What is here: `SlidingFlags`, `choose_sliding`, `slide_recordings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..counts import count_text
from ..errors import InputError
from .command import note, note_failures
from .options import Manners
from .progress import progress

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import CorpusEntry
    from ..nets.model import Model
    from ..report.sliding_results import SlidingFindings
    from ..sliding_analysis import SlidingOptions

__all__ = ["SlidingFlags", "choose_sliding", "slide_recordings"]

_LONG = "For long recordings"


@dataclass(frozen=True)
class SlidingFlags:
    """How a window slides over long recordings."""

    slide: Annotated[
        str | None,
        typer.Option(
            metavar="EVERY", help="Slide the window over a recording, e.g. 10ms, 1frame.", rich_help_panel=_LONG
        ),
    ] = None
    events: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What sounds in it: Audacity labels or a CSV.", rich_help_panel=_LONG),
    ] = None
    threshold: Annotated[
        float, typer.Option(metavar="SCORE", help="From which score on a window detects.", rich_help_panel=_LONG)
    ] = 0.5


def choose_sliding(
    models: Sequence[Model],
    entries: Sequence[CorpusEntry],
    options: AnalysisOptions,
    flags: SlidingFlags,
    beside: Mapping[str, Any],
) -> SlidingOptions | None:
    """Tell whether windows slide over the inputs, rather than the inputs being shifted, and how.

    Parameters
    ----------
    models : sequence of Model
    entries : sequence of CorpusEntry
    options : AnalysisOptions
        As typed.
    flags : SlidingFlags
        As typed.
    beside : mapping
        Options that have no place beside sliding, by name, with what was typed.

    Returns
    -------
    SlidingOptions or None
        None where the inputs are shifted.

    Raises
    ------
    InputError
        If options do not go together.
    """
    from ..corpus.events import read_events
    from ..long_recordings import MANY_WINDOWS, is_long
    from ..sliding_analysis import SlidingOptions

    others = [f"--{name}" for name, value in {**options.grids, **beside}.items() if value]
    if flags.slide is None:
        every_long = options.edges == "context" and not others and all(is_long(entry, models) for entry in entries)
        if not every_long:
            if flags.events:
                raise InputError("--events are for a recording that a window slides over; add e.g. --slide 10ms")
            return None
        note(f"long    {MANY_WINDOWS} windows or more and no shift asked for: the window slides, one hop at a time")
    elif others or options.edges not in (None, "context"):
        refused = ", ".join(others) or f"--edges {options.edges}"
        raise InputError(f"--slide moves the window over the recording as it is; leave out {refused}")
    known = read_events(flags.events) if flags.events else None
    return SlidingOptions(
        flags.slide, flags.threshold, known, options.batch_size, options.seed, options.engine, options.verify
    )


def slide_recordings(
    models: Sequence[Model],
    entries: Sequence[CorpusEntry],
    options: SlidingOptions,
    target: Path,
    *,
    provenance: Mapping[str, Any],
    overwrite: bool,
    dry_run: bool,
    tracks: bool,
    manners: Manners,
) -> int:
    """Slide, write the results folder while at it, and print the summary.

    Parameters
    ----------
    models : sequence of Model
    entries : sequence of CorpusEntry
    options : SlidingOptions
    target : Path
    provenance : mapping
        Joins ``run.json``.
    overwrite, dry_run, tracks : bool
        Whether a folder may be replaced; the plan is all that is wanted; label tracks are written beside.
    manners : Manners

    Returns
    -------
    int
        How many recordings failed.
    """
    from ..long_recordings import count_windows
    from ..report.label_tracks import detection_tracks, write_tracks
    from ..report.sliding_results import SlidingFolder
    from ..sliding_analysis import plan_recordings, slide_models

    n_tiles = 0
    for model in models:
        count = count_windows(model, models, entries, options.every)
        n_tiles += count.n_tiles
        if dry_run or manners.talk:
            note(f"slide   {model.spec.name}: {count.line}")
        if count.n_windows and manners.talk and (manners.verbose or dry_run):
            note(f"engine  {plan_recordings(model, entries, options).choice.line}")
    if dry_run:
        return 0
    with (
        SlidingFolder(target, overwrite=overwrite) as folder,
        progress(n_tiles, "tiles", shown=manners.shown) as advance,
    ):
        found = slide_models(models, entries, options, keep=folder.write, on_tile=advance, provenance=provenance)
        if found.document["models"]:
            folder.finish(found)
            if tracks:
                labels = {model.spec.name: model.spec.labels for model in models}
                found_in = detection_tracks(target / "windows.parquet", labels, options.threshold)
                write_tracks(found_in, target / "labels")
    note_failures(found.failures)
    manners.tell(found.document, _lines(found, target))
    return len(found.failures)


def _lines(found: SlidingFindings, target: Path) -> Iterator[str]:
    from ..report.sliding_text import sliding_lines

    if found.document["models"]:
        yield from sliding_lines(found)
        rows = count_text(found.events.num_rows, "row")
        yield f"wrote {target}: windows.parquet, events.csv ({rows}), summary.json, run.json"
        yield f"next: audioinv plot {target} sliding"
