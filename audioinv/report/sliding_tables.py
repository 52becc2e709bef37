"""The tables of a window slid over recordings: one row a window, one row an event.

Conventions
-----------
Of windows: `model`, `clip` (the recording), `start_s`, `end_s` (of the window, from the start of the file),
`phase_samples` (start of the window, counted from that of the first, modulo the network's stride; null where that is
not known), `pred`, `p_pred`, `probs`; for each model, recording and window, in this order.

Of events: `model`, `clip`, and the fields of `audioinv.measure.detection_summary.EventRow`; what is undefined is null,
and empty in ``events.csv``.

What is here: `WINDOWS`, `windows_table`, `events_table`, `write_events`, `read_events`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc

from ..corpus.cells import plain_cell, safe_cell
from ..measure.detection_summary import EventRow
from ..measure.event_windows import SlidingWindows
from ..nets.model import Model
from .results import SCHEMA_VERSION

__all__ = ["WINDOWS", "events_table", "read_events", "windows_table", "write_events"]

_TEXT = pa.dictionary(pa.int32(), pa.string())
WINDOWS = pa.schema(
    [
        ("model", _TEXT),
        ("clip", _TEXT),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("phase_samples", pa.int64()),
        ("pred", _TEXT),
        ("p_pred", pa.float32()),
        ("probs", pa.list_(pa.float32())),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
"""Columns of windows, and the version that they are of."""
_DIGITS = 9  # behind the point, of seconds and shares
_EVENTS = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "clip", "label")),
        *((field.name, pa.float64()) for field in fields(EventRow) if field.name != "label"),
    ]
)


def windows_table(
    model: Model, clip: str, windows: SlidingWindows, first: int, scores: npt.NDArray[np.floating]
) -> pa.Table:
    """Lay out a model's answers to windows in a row.

    Parameters
    ----------
    model : Model
    clip : str
        Name of the recording.
    windows : SlidingWindows
        All of the recording.
    first : int
        The number of the first that was answered.
    scores : ndarray of shape (n_windows, n_classes)

    Returns
    -------
    pyarrow.Table
    """
    n_rows, n_classes = scores.shape
    at = (first + np.arange(n_rows)) * windows.spacing_samples
    starts = windows.start_seconds + at / windows.sample_rate
    best = scores.argmax(axis=1)
    stride = windows.stride_samples
    columns = [
        _repeated(model.spec.name, n_rows),
        _repeated(clip, n_rows),
        _column(starts, pa.float64()),
        _column(starts + windows.n_samples / windows.sample_rate, pa.float64()),
        _column(at % stride, pa.int64()) if stride else pa.nulls(n_rows, pa.int64()),
        pa.DictionaryArray.from_arrays(_column(best.astype(np.int32), pa.int32()), _texts(model.spec.labels)),
        _column(scores[np.arange(n_rows), best].astype(np.float32), pa.float32()),
        pa.ListArray.from_arrays(
            _column(np.arange(n_rows + 1, dtype=np.int32) * n_classes, pa.int32()),
            _column(scores.astype(np.float32, copy=False).ravel(), pa.float32()),
        ),
    ]
    return pa.table(columns, schema=WINDOWS)


def events_table(model: str, rows: Iterable[tuple[str, EventRow]]) -> pa.Table:
    """Lay out the events that a model was to detect.

    Parameters
    ----------
    model : str
    rows : iterable of (str, EventRow)
        With the name of the recording.

    Returns
    -------
    pyarrow.Table
    """
    found = list(rows)
    clips, labels = [clip for clip, _ in found], [row.label for _, row in found]
    texts = {"model": [model] * len(found), "clip": clips, "label": labels}
    columns = [
        _texts(texts[field.name])
        if field.name in texts
        else _known(np.array([getattr(row, field.name) for _, row in found], dtype=np.float64))
        for field in _EVENTS
    ]
    return pa.table(columns, schema=_EVENTS)


def _known(values: npt.NDArray[np.float64]) -> pa.Array:
    """Return numbers as a column that is empty where they are not known."""
    known = np.packbits(~np.isnan(values), bitorder="little")
    return pa.Array.from_buffers(pa.float64(), len(values), [pa.py_buffer(known), pa.py_buffer(values.round(_DIGITS))])


def _repeated(text: str, n_rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(_column(np.zeros(n_rows, np.int32), pa.int32()), _texts([text]))


def _column(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Return numbers of that kind as a column; `pyarrow.array` would load pandas to see whether they are its own."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _texts(texts: Sequence[str]) -> pa.Array:
    parts = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(parts), pa.py_buffer(ends), pa.py_buffer(b"".join(parts)))


def write_events(path: Path, events: pa.Table) -> None:
    """Write events as CSV, in which no text acts as a formula.

    Parameters
    ----------
    path : Path
    events : pyarrow.Table
        From `events_table`.
    """
    pc.write_csv(_each_text(events, safe_cell), path)


def read_events(path: Path) -> pa.Table:
    """Read what `write_events` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pyarrow.Table
    """
    types = {field.name: field.type for field in _EVENTS}
    convert = pc.ConvertOptions(column_types=types, strings_can_be_null=False)
    return _each_text(pc.read_csv(path, convert_options=convert).select(_EVENTS.names), plain_cell)


def _each_text(events: pa.Table, change: Callable[[str], str]) -> pa.Table:
    """Return a table of which every text is changed."""
    for place, field in enumerate(events.schema):
        if field.type == pa.string():
            changed = _texts([text and change(text) for text in events[field.name].to_pylist()])
            events = events.set_column(place, field, changed)
    return events
