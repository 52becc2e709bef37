"""``audioinv analyze --slide``: a window over long recordings, its answers to every stretch, detection by phase.

Conventions
-----------
Recordings slide where ``--slide`` says how far apart windows open, and also where ``--edges context`` is typed, no
shift is, and every recording has room for ten windows and more.

What is here: `choose_sliding`, `slide_recordings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .options import note, print_json, say
from .progress import progress

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import CorpusEntry
    from ..nets.model import Model
    from ..report.sliding_results import SlidingFindings
    from ..sliding_analysis import SlidingOptions

__all__ = ["choose_sliding", "slide_recordings"]


def choose_sliding(
    models: Sequence[Model],
    entries: Sequence[CorpusEntry],
    options: AnalysisOptions,
    *,
    slide: str | None,
    events: str | None,
    threshold: float,
    beside: Mapping[str, Any],
) -> SlidingOptions | None:
    """Tell whether windows slide over the inputs, rather than the inputs being shifted, and how.

    Parameters
    ----------
    models : sequence of Model
    entries : sequence of CorpusEntry
    options : AnalysisOptions
        As typed.
    slide, events, threshold
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
    if slide is None:
        every_long = options.edges == "context" and not others and all(is_long(entry, models) for entry in entries)
        if not every_long:
            if events:
                raise InputError("--events are for a recording that a window slides over; add e.g. --slide 10ms")
            return None
        note(f"long    {MANY_WINDOWS} windows or more and no shift asked for: the window slides, one hop at a time")
    elif others or options.edges not in (None, "context"):
        refused = ", ".join(others) or f"--edges {options.edges}"
        raise InputError(f"--slide moves the window over the recording as it is; leave out {refused}")
    known = read_events(events) if events else None
    return SlidingOptions(slide, threshold, known, options.batch_size, options.seed, options.engine, options.verify)


def slide_recordings(
    models: Sequence[Model],
    entries: Sequence[CorpusEntry],
    options: SlidingOptions,
    target: Path,
    *,
    provenance: Mapping[str, Any],
    overwrite: bool,
    dry_run: bool,
    loud: bool,
    shown: bool,
    json: bool,
    tracks: bool,
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
    overwrite, dry_run, loud, shown, json, tracks : bool
        As typed: whether a folder may be replaced; the plan is all that is wanted; anything but errors is printed;
        progress is; the summary is printed as JSON; label tracks are written beside.

    Returns
    -------
    int
        How many recordings failed.
    """
    from ..long_recordings import count_windows
    from ..report.label_tracks import detection_tracks, write_tracks
    from ..report.sliding_results import SlidingFolder
    from ..sliding_analysis import slide_models
    from ..sweep.allocation import keep_memory

    n_tiles = 0
    for model in models:
        count = count_windows(model, models, entries, options.every)
        n_tiles += count.n_tiles
        if dry_run or (loud and not json):
            note(f"slide   {model.spec.name}: {count.line}")
    if dry_run:
        return 0
    keep_memory()
    with SlidingFolder(target, overwrite=overwrite) as folder, progress(n_tiles, "tiles", shown=shown) as advance:
        found = slide_models(models, entries, options, keep=folder.write, on_tile=advance, provenance=provenance)
        if found.document["models"]:
            folder.finish(found)
            if tracks:
                labels = {model.spec.name: model.spec.labels for model in models}
                found_in = detection_tracks(target / "windows.parquet", labels, options.threshold)
                write_tracks(found_in, target / "labels")
    _print_found(found, target, loud=loud, json=json)
    return len(found.failures)


def _print_found(found: SlidingFindings, target: Path, *, loud: bool, json: bool) -> None:
    from ..report.sliding_text import sliding_lines

    for failure in found.failures:
        note(f"! {failure.path}: {failure.reason}")
    if json:
        print_json(found.document)
    elif found.document["models"] and loud:
        for line in sliding_lines(found):
            say(line)
        say(f"wrote {target}: windows.parquet, events.csv ({found.events.num_rows:,} rows), summary.json, run.json")
        say(f"next: audioinv plot {target} sliding")
