"""Results as label tracks, to look at beside the sound in an editor such as Audacity.

Conventions
-----------
A track is one text file for a model and a recording: a line a stretch, with start, end (seconds from the start of the
recording) and a text, between tabs; `audioinv.corpus.events.read_events` reads it again. Tracks stand in ``labels/``.

What is here: `LabelledStretch`, `clip_tracks`, `detection_tracks`, `write_tracks`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from ..corpus.cells import safe_cell

if TYPE_CHECKING:
    import pandas as pd

    from .results import Results

__all__ = ["LabelledStretch", "clip_tracks", "detection_tracks", "write_tracks"]

Tracks = dict[tuple[str, str], list["LabelledStretch"]]
"""By model and recording."""


@dataclass(frozen=True)
class LabelledStretch:
    """A stretch of a recording and what to say of it."""

    start_s: float
    end_s: float
    text: str


def clip_tracks(results: Results) -> Tracks:
    """Say of each clip what it was taken for, and how often that stayed under shifts.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict of (str, str) to list of LabelledStretch
        By model and recording.
    """
    tracks: Tracks = {}
    stretches = results.frame.groupby(["model", "clip", "start_s", "end_s"], sort=False, observed=True)
    for (model, clip, start, end), rows in stretches:
        clean = rows[rows["shift"] == 0].iloc[0]
        kept = rows[rows["shift"] != 0].groupby("axis", sort=False, observed=True)["same_as_zero"].mean()
        taken = clean.pred if clean.label in (None, clean.pred) else f"{clean.label} taken for {clean.pred}"
        told = [taken, *(f"{axis} {share:.2f}" for axis, share in kept.items())]
        tracks.setdefault((model, clip), []).append(LabelledStretch(start, end, " · ".join(told)))
    return tracks


def detection_tracks(windows: Path, labels: Mapping[str, Sequence[str]], threshold: float) -> Tracks:
    """Say which classes were detected from when to when, where a window slid.

    Parameters
    ----------
    windows : Path
        ``windows.parquet``, read a batch at a time.
    labels : mapping of str to sequence of str
        The classes of each model, in the order of its scores.
    threshold : float
        From which score on a window detects a class.

    Returns
    -------
    dict of (str, str) to list of LabelledStretch
        By model and recording, in the order of their starts. Windows that follow each other and detect a class are one
        stretch, from the start of the first to the end of the last; its text is the class.
    """
    found: dict[tuple[str, str], _Detected] = {}
    for batch in pq.ParquetFile(windows).iter_batches(columns=["model", "clip", "start_s", "end_s", "probs"]):
        frame = batch.to_pandas()
        for (model, clip), rows in frame.groupby(["model", "clip"], sort=False, observed=True):
            found.setdefault((model, clip), _Detected()).add(rows, threshold)
    return {(model, clip): each.stretches(labels[model]) for (model, clip), each in found.items()}


class _Detected:
    """The windows of a recording that detect a class: numbers and times of those alone."""

    def __init__(self) -> None:
        self._n_windows = 0
        self._times: dict[int, list[tuple[int, float, float]]] = {}

    def add(self, rows: pd.DataFrame, threshold: float) -> None:
        scores = np.stack(rows["probs"].to_numpy())
        starts, ends = rows["start_s"].to_numpy(), rows["end_s"].to_numpy()
        for row, label in zip(*np.nonzero(scores >= threshold), strict=True):
            window = self._n_windows + int(row), float(starts[row]), float(ends[row])
            self._times.setdefault(int(label), []).append(window)
        self._n_windows += len(rows)

    def stretches(self, labels: Sequence[str]) -> list[LabelledStretch]:
        joined = []
        for label, windows in self._times.items():
            first = windows[0]
            for window, following in itertools.zip_longest(windows, windows[1:]):
                if following is None or following[0] != window[0] + 1:
                    joined.append(LabelledStretch(first[1], window[2], labels[label]))
                    first = following
        return sorted(joined, key=lambda stretch: stretch.start_s)


def write_tracks(tracks: Mapping[tuple[str, str], Iterable[LabelledStretch]], folder: Path) -> None:
    """Write a file a track.

    Parameters
    ----------
    tracks : mapping of (str, str) to iterable of LabelledStretch
    folder : Path
        Made if it is not there. Files are named for recording and model, in letters that every file system takes.
    """
    folder.mkdir(exist_ok=True)
    taken: set[str] = set()
    for (model, recording), stretches in tracks.items():
        stem = re.sub(r"[^\w.-]+", "-", f"{Path(recording).with_suffix('')}.{model}").strip("-.")[-100:]
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        lines = [
            f"{each.start_s:.6f}\t{each.end_s:.6f}\t{safe_cell(' '.join(each.text.split()))}\n" for each in stretches
        ]
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
