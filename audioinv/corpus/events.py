"""Events: when in a recording something sounds, and what, as people write it down.

Conventions
-----------
Times are in seconds from the start of the file. Three formats are read. An Audacity label track has lines of onset, end
and label, separated by tabs; lines that begin with a backslash, where Audacity keeps frequencies, are passed over. A
Raven selection table is separated by tabs under a header with ``Begin Time (s)``; where it spans several files, their
names and the times in them stand in ``Begin File`` and ``File Offset (s)``. A CSV has a header with ``onset``,
``label`` and, where events last, ``end``, in one of their usual spellings (those of DCASE among them). An event without
an end is a moment.

What is here: `Event`, `read_events`, `format_of`.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

from ..errors import InputError
from ..sound.places import find_place, read_text
from .cells import plain_cell

__all__ = ["Event", "format_of", "read_events"]

_COLUMN_NAMES = {
    "onset": ("onset", "onset_s", "onset_seconds", "start", "start_s", "start_seconds", "begin time (s)"),
    "end": ("end", "end_s", "end_seconds", "offset", "offset_s", "offset_seconds", "end time (s)"),
    "label": ("label", "event_label", "class", "category", "annotation", "species", "common name", "call type", "type"),
    "recording": ("begin file",),
    "onset in file": ("file offset (s)",),
}
_TRACK = re.compile(r"\d+(\.\d*)?\t\d+(\.\d*)?(\t|$)")
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Event:
    """Something that sounds in a recording.

    Parameters
    ----------
    label : str
    onset_seconds : float
    end_seconds : float
    recording : str, optional
        Name of the file, where the table says it.
    line : int, optional
        Where it stands in the table.

    Raises
    ------
    InputError
        If the label is empty, or times are not numbers of 0 or more in their order.

    Examples
    --------
    >>> Event("dog", 1.5, 2.0)
    Event(label='dog', onset_seconds=1.5, end_seconds=2.0)
    """

    label: str
    onset_seconds: float
    end_seconds: float
    recording: str = field(default="", repr=False)
    line: int = field(default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.label:
            raise InputError("the event has no label")
        if not (math.isfinite(self.end_seconds) and 0 <= self.onset_seconds <= self.end_seconds):
            raise InputError(f"onset {self.onset_seconds} s and end {self.end_seconds} s must be 0 or more, in order")


def read_events(path: str | os.PathLike[str]) -> tuple[Event, ...]:
    """Read an Audacity label track, a Raven selection table or a CSV of events.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    tuple of Event
        In the order of their onsets.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is no event.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels.txt"
    >>> _ = path.write_text(chr(9).join(["1.5", "2.0", "dog"]))
    >>> read_events(path)
    (Event(label='dog', onset_seconds=1.5, end_seconds=2.0),)
    """
    try:
        text = read_text(find_place(path))
    except (OSError, InputError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    header = _read_header(lines[0][1]) if lines else None
    events = []
    for number, line in lines[1:] if header else lines:
        if header or not line.startswith("\\"):
            try:
                events.append(replace(_read_row(line, header) if header else _read_track(line), line=number))
            except (InputError, ValueError, IndexError) as error:
                expected = "ONSET<tab>END<tab>LABEL, or a CSV with a header of onset, end, label"
                raise InputError(f"{path}, line {number}: {error}; an event is {expected}") from error
    if not events:
        raise InputError(f"{path}: holds no events")
    return tuple(sorted(events, key=lambda event: event.onset_seconds))


def format_of(path: Path) -> str | None:
    """Tell whether a text holds events of a recording, by its first line.

    Parameters
    ----------
    path : Path

    Returns
    -------
    {"Audacity labels", "Raven selections"} or None
    """
    try:
        first = next((line for line in read_text(path).splitlines() if line.strip()), "")
    except (OSError, InputError):
        return None
    names = [name.strip().casefold() for name in first.split("\t")]
    if {"begin time (s)", "end time (s)"} <= set(names):
        return "Raven selections"
    return "Audacity labels" if _TRACK.match(first) else None


@dataclass(frozen=True)
class _Header:
    """How the lines of a CSV are cut, and where onset, label and end stand."""

    separator: str
    places: dict[str, int]


def _read_header(line: str) -> _Header | None:
    for separator in _SEPARATORS:
        names = [name.strip().casefold() for name in line.split(separator)]
        spelt = {ours: [name for name in spellings if name in names] for ours, spellings in _COLUMN_NAMES.items()}
        if spelt["onset"] and spelt["label"]:
            return _Header(separator, {ours: names.index(found[0]) for ours, found in spelt.items() if found})
    return None


def _read_row(line: str, header: _Header) -> Event:
    (cells,) = csv.reader(io.StringIO(line), delimiter=header.separator)
    values = {name: cells[place].strip() for name, place in header.places.items()}
    onset = float(values["onset"])
    end = float(values.get("end") or onset)
    if in_file := values.get("onset in file"):
        onset, end = float(in_file), float(in_file) + end - onset
    return Event(values["label"], onset, end, PureWindowsPath(values.get("recording", "")).name)


def _read_track(line: str) -> Event:
    onset, end, label = line.split("\t", 2)
    return Event(plain_cell(label.strip()), float(onset), float(end))
