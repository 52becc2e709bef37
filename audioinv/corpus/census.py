"""The census: what a corpus holds, said before anything is done with it.

Conventions
-----------
Durations are in seconds, of the stretches rather than of the files that hold them. A file counts as readable by
its header; damage further in is found when it is decoded. An unknown number is ``nan``, and ``null`` in JSON.

What is here: `Durations`, `Census`, `take_census`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..counts import count_text
from ..errors import AudioFileError
from ..sound.decoding import Header, read_header
from .duplicates import equal_sounds
from .entries import SPLITS, Corpus, CorpusEntry, Skipped

__all__ = ["Census", "Durations", "take_census"]

_SHOWN = 12  # more names than this in one line are not read


@dataclass(frozen=True)
class Durations:
    """Lengths of a set of sounds.

    Parameters
    ----------
    shortest, median, longest, total : float
        In seconds; ``nan`` (and a total of 0) if there is no sound.
    """

    shortest: float
    median: float
    longest: float
    total: float


@dataclass(frozen=True)
class Census:
    """What a corpus holds.

    Parameters
    ----------
    name, layout : str
        The corpus's own.
    n_clips, n_files, n_readable : int
        Entries; files that hold them; entries whose file opens and holds their stretch.
    n_unlabelled : int
        Entries without a label.
    labels : mapping of str to int
        Entries of each class, by name.
    groups : mapping of str to int
        Groups that each class is spread over; an entry without a group does not count.
    n_groups : int
        Groups in all.
    splits, folds : mapping of str to int
        Entries of each declared split, and of each fold.
    durations : Durations
        Of the readable entries.
    sample_rates, channels : mapping of int to int
        Readable files by sample rate in hertz, and by number of channels.
    evidence : tuple of str
        What showed the layout, and how much of it was there.
    ignored_columns : tuple of str
        Columns of manifests that have no meaning here.
    unreadable, skipped : tuple of Skipped
        What cannot be opened; what was passed over while reading the corpus.
    equal : tuple of tuple of str, optional
        Paths of sounds that are equal to each other; not given if nobody looked.
    """

    name: str
    layout: str
    n_clips: int
    n_files: int
    n_readable: int
    n_unlabelled: int
    labels: Mapping[str, int]
    groups: Mapping[str, int]
    n_groups: int
    splits: Mapping[str, int]
    folds: Mapping[str, int]
    durations: Durations
    sample_rates: Mapping[int, int]
    channels: Mapping[int, int]
    evidence: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    unreadable: tuple[Skipped, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    equal: tuple[tuple[str, ...], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the census as JSON knows it: text keys, paths as text, ``None`` for what is unknown.

        Returns
        -------
        dict
        """
        known: dict[str, Any] = _plain(asdict(self))
        return known

    def lines(self) -> list[str]:
        """Render the census for people.

        Returns
        -------
        list of str
            One line a fact; facts that say nothing are left out.
        """
        unlabelled = f"; {self.n_unlabelled} without a label" if self.n_unlabelled and self.labels else ""
        facts = {
            "classes": f"{len(self.labels)}: {_counts(self.labels)}{unlabelled}" if self.labels else "",
            "groups": self._groups_line(),
            "splits": _counts(self.splits),
            "folds": _counts(self.folds),
            "durations": self._durations_line(),
            "sample rates": _counts(self.sample_rates, "Hz"),
            "channels": _counts(self.channels) if set(self.channels) - {1} else "",
            "ignored": f"columns {', '.join(self.ignored_columns)}" if self.ignored_columns else "",
            "equal sounds": self._equal_line(),
        }
        clips, files = count_text(self.n_clips, "clip"), count_text(self.n_files, "file")
        first = f"{self.name}: {clips} in {files} ({self.layout})"
        told = [f"  {fact:<13} {text}" for fact, text in facts.items() if text]
        found = [f"  {'found by':<13} {line.removeprefix(f'{self.name}/')}" for line in _first(self.evidence)]
        return [first, *found, *told, *_reasons("unreadable", self.unreadable), *_reasons("skipped", self.skipped)]

    def _groups_line(self) -> str:
        if not self.n_groups:
            return ""
        if not self.groups:
            return str(self.n_groups)
        fewest = min(self.groups, key=lambda label: self.groups[label])
        return f"{self.n_groups}; fewest in {fewest}: {self.groups[fewest]}"

    def _durations_line(self) -> str:
        if not self.n_readable:
            return ""
        known = self.durations
        spread = f"{known.shortest:.3f} to {known.longest:.3f} s, median {known.median:.3f} s"
        return f"{spread}, {known.total:.1f} s in all"

    def _equal_line(self) -> str:
        if self.equal is None:
            return ""
        repeats = sum(len(paths) - 1 for paths in self.equal)
        clips = "1 clip repeats" if repeats == 1 else f"{repeats} clips repeat"
        return f"{clips} the sound of another" if repeats else "none"


def take_census(corpus: Corpus, *, hashes: Mapping[CorpusEntry, str] | None = None) -> Census:
    """Count what a corpus holds. Headers are read, nothing is decoded.

    Parameters
    ----------
    corpus : Corpus
    hashes : mapping of CorpusEntry to str, optional
        From `audioinv.corpus.duplicates.content_hashes`, which decodes everything; without it nobody looks for equal
        sounds.

    Returns
    -------
    Census

    Examples
    --------
    >>> take_census(Corpus("nothing")).lines()
    ['nothing: 0 clips in 0 files (files)']
    """
    headers = {path: _header(path) for path in dict.fromkeys(entry.path for entry in corpus.entries)}
    lengths = {entry: _length(entry, headers[entry.path]) for entry in corpus.entries}
    readable = [length for length in lengths.values() if isinstance(length, float)]
    opened = [header for header in headers.values() if isinstance(header, Header)]
    labelled = [entry for entry in corpus.entries if entry.label is not None]
    grouped = {(entry.label, entry.group) for entry in corpus.entries if entry.group is not None}
    n_groups = Counter(label for label, _ in grouped)
    splits = Counter(entry.split for entry in corpus.entries if entry.split is not None)
    folds = Counter(entry.fold for entry in corpus.entries if entry.fold is not None)
    return Census(
        name=corpus.name,
        layout=corpus.layout,
        n_clips=len(corpus.entries),
        n_files=len(headers),
        n_readable=len(readable),
        n_unlabelled=len(corpus.entries) - len(labelled),
        labels=_sorted(entry.label for entry in labelled if entry.label is not None),
        groups={label: n_groups[label] for label in corpus.labels},
        n_groups=len({group for _, group in grouped}),
        folds=dict(sorted(folds.items(), key=lambda fold: int(fold[0]))),
        splits={split: splits[split] for split in dict.fromkeys((*SPLITS, *sorted(splits))) if split in splits},
        durations=_durations(readable),
        sample_rates=_sorted(header.sample_rate for header in opened),
        channels=_sorted(header.n_channels for header in opened),
        evidence=corpus.evidence,
        ignored_columns=corpus.ignored_columns,
        unreadable=tuple(length for length in lengths.values() if isinstance(length, Skipped)),
        skipped=corpus.skipped,
        equal=None if hashes is None else _equal_paths(corpus, hashes),
    )


def _header(path: Path) -> Header | Skipped:
    try:
        header = read_header(path)
    except AudioFileError as error:
        return Skipped(path, str(error).removeprefix(f"{path}: ").partition(";")[0], failed=True)
    return header if header.n_samples else Skipped(path, "holds no samples", failed=True)


def _length(entry: CorpusEntry, header: Header | Skipped) -> float | Skipped:
    """Length of an entry in seconds, or why it has none; a stretch may end half a sample late, as in `load_clip`."""
    if isinstance(header, Skipped):
        return header
    whole = header.n_samples / header.sample_rate
    end = whole if entry.end_seconds is None else entry.end_seconds
    if not entry.start_seconds < end <= whole + 0.5 / header.sample_rate:
        reason = f"it lies outside the file's {whole:.3f} s; start and end are in seconds"
        return Skipped(entry.path, reason, failed=True)
    return end - entry.start_seconds


def _durations(seconds: list[float]) -> Durations:
    if not seconds:
        return Durations(math.nan, math.nan, math.nan, 0.0)
    return Durations(min(seconds), float(np.median(seconds)), max(seconds), math.fsum(seconds))


def _sorted(values: Iterable[Any]) -> dict[Any, int]:
    return dict(sorted(Counter(values).items()))


def _equal_paths(corpus: Corpus, hashes: Mapping[CorpusEntry, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(entry.path) for entry in same) for same in equal_sounds(corpus.entries, hashes))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _counts(counts: Mapping[Any, int], unit: str = "") -> str:
    return ", ".join(_first([f"{key}{f' {unit}' if unit else ''} ({count})" for key, count in counts.items()]))


def _first(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [*lines[:_SHOWN], *more]


def _reasons(fact: str, skipped: Iterable[Skipped]) -> list[str]:
    """One line a reason, with how many and the first of them."""
    by_reason: dict[str, list[str]] = {}
    for item in skipped:
        at = "" if item.line is None else f" at line {item.line}"
        by_reason.setdefault(item.reason, []).append(f"{item.path}{at}")
    return [
        f"  {fact:<13} {len(places)}: {reason} ({places[0]}{', …' if len(places) > 1 else ''})"
        for reason, places in by_reason.items()
    ]
