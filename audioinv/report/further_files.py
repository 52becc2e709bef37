"""Further files in a results folder, for other programs than this: rows for a spreadsheet, label tracks, the page.

What is here: `write_further`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..corpus.cells import safe_cell
from ..sound.carried_files import outgoing
from .label_tracks import clip_tracks, write_tracks
from .page import write_page
from .results import Results

__all__ = ["write_further"]

_TEXTS = ("model", "clip", "label", "group", "pred")  # columns of the table that hold what others wrote


def write_further(results: Results, target: Path, formats: Collection[str]) -> None:
    """Write ``results.csv``, ``labels/`` or ``report.html`` into a results folder.

    Parameters
    ----------
    results : Results
    target : Path
        The folder, on this disk or in a store.
    formats : collection of {"csv", "audacity", "html"}
    """
    if not results.responses:
        return
    with outgoing(target) as folder:
        folder.mkdir(exist_ok=True)
        if "csv" in formats:
            _write_rows(results, folder / "results.csv")
        if "audacity" in formats:
            write_tracks(clip_tracks(results), folder / "labels")
        if "html" in formats:
            write_page(results, folder / "report.html")


def _write_rows(results: Results, path: Path) -> None:
    rows = results.frame.drop(columns="probs")
    told = {name: rows[name].map(safe_cell, na_action="ignore") for name in _TEXTS if name in rows}
    rows.assign(**told).to_csv(path, index=False)
