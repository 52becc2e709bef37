"""Manifests: tables that name sounds, with their labels, groups, splits, folds and stretches.

Conventions
-----------
A table of `audioinv.corpus.tables`. Columns are ``path, label, group, split, fold, start, end`` in one of their usual
spellings; only ``path`` must be there, and other columns are named in `Corpus.ignored_columns`. A column ``offset`` is
the end where an ``onset`` stands beside it, and ignored where none does: elsewhere the word means a beginning.

Paths are relative to the manifest. An absolute path, or one that climbs out by ``..``, is used where that file exists
on this disk; URLs are not followed, and a manifest in an archive or a store names what lies below it. Two rows for one
stretch of one file count once; where they contradict each other, neither counts.

What is here: `Reading`, `read_manifest`, `read_rows`, `distinct_rows`, `MANIFEST_NAMES`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..sound.places import is_url, on_this_disk
from .entries import SPLIT_ALIASES, Corpus, CorpusEntry, Skipped, nothing, stretch
from .tables import Row, open_table

__all__ = [
    "AUDIOFOLDER_NAMES",
    "MANIFEST_NAMES",
    "Reading",
    "distinct_rows",
    "read_manifest",
    "read_rows",
    "why_closed",
]

MANIFEST_NAMES = tuple(f"manifest{suffix}" for suffix in (".csv", ".tsv", ".parquet", ".jsonl"))
AUDIOFOLDER_NAMES = tuple(f"metadata{suffix}" for suffix in (".csv", ".jsonl", ".parquet"))
_COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "file", "file_name", "filename", "filepath"),
    "label": ("label", "category", "class", "target", "event_label"),
    "group": ("group", "speaker", "speaker_id", "author"),
    "split": ("split", "subset"),
    "fold": ("fold",),
    "start": ("start", "start_s", "start_seconds", "onset", "begin"),
    "end": ("end", "end_s", "end_seconds", "offset"),
}
_FOLD = re.compile(r"(?:fold[ _-]?)?(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """How the rows of a table become entries.

    Parameters
    ----------
    layout : str, default "manifest"
        What the corpus is called.
    columns : mapping of str to tuple of str
        The spellings of our columns, the first that is there counts.
    n_folds : int, optional
        Of a published table: folds go from 1 to this one, and none of the columns may be missing.
    fold_folders : bool, default False
        Whether sounds lie in folders ``fold1`` and so on.
    split_folders : bool, default False
        Whether a folder that is named for a split says so, where no column does.
    kept : str, optional
        A column that must say ``true`` for a row to count.
    """

    layout: str = "manifest"
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _COLUMN_NAMES)
    n_folds: int | None = None
    fold_folders: bool = False
    split_folders: bool = False
    kept: str | None = None


_MANIFEST = Reading()
_AUDIOFOLDER = Reading("audiofolder", {**_COLUMN_NAMES, "path": ("file_name",)}, split_folders=True)


def read_manifest(manifest: Path) -> Corpus:
    """Read every row that can be used; what cannot, the manifest itself included, is skipped with its reason."""
    reading = _AUDIOFOLDER if manifest.name in AUDIOFOLDER_NAMES else _MANIFEST
    return read_rows(manifest, manifest.parent, reading)


def read_rows(table: Path, home: Path, reading: Reading) -> Corpus:
    """Read a table of sounds below a folder, as `read_manifest` does."""
    entries: dict[int, CorpusEntry] = {}
    skipped: list[Skipped] = []
    finder = _Finder(home)
    try:
        opened = open_table(table, reading.columns["path"])
        columns = _choose_columns(reading, opened.header)
        _check_columns(reading, columns)
        for row in opened.rows:
            values = {column: row.cells.get(name, "") for column, name in columns.items()}
            if not (row.fault or any(values.values())) or not _is_kept(row, reading):
                continue
            try:
                entries[row.line] = _entry_of_row(finder, row, values, reading)
            except InputError as error:
                named = home / values["path"] if values["path"] and not is_url(values["path"]) else table
                skipped.append(Skipped(named, str(error), failed=True, line=row.line))
    except (InputError, OSError) as error:
        return nothing(table, why_closed(error))
    if not entries and not skipped:
        return nothing(table, "the manifest names no file")
    distinct, repeated = distinct_rows(entries)
    ignored = tuple(name for name in opened.header if name not in (*columns.values(), reading.kept))
    told = f"{table}: {len(entries)} of {len(entries) + len(skipped)} rows name a sound that is there"
    if "label" not in columns:
        told += f"; it has no column {reading.columns['label'][0]!r} (or {', '.join(reading.columns['label'][1:])})"
    return Corpus(str(table), distinct, reading.layout, (*skipped, *repeated), ignored, (told,))


def _choose_columns(reading: Reading, header: tuple[str, ...]) -> dict[str, str]:
    """Map our columns to the header's."""
    found = {ours: name for ours, names in reading.columns.items() for name in reversed(names) if name in header}
    if found.get("end") == "offset" and found.get("start") != "onset":
        del found["end"]
    return found


def _check_columns(reading: Reading, found: Mapping[str, str]) -> None:
    missing = [names[0] for ours, names in reading.columns.items() if ours not in found]
    if reading.n_folds and missing:
        raise InputError(f"no column {', '.join(map(repr, missing))}, which {reading.layout} has")


def _is_kept(row: Row, reading: Reading) -> bool:
    return reading.kept is None or row.cells.get(reading.kept, "").casefold() == "true"


def _entry_of_row(finder: _Finder, row: Row, values: Mapping[str, str], reading: Reading) -> CorpusEntry:
    if row.fault:
        raise InputError(row.fault)
    if not values["path"]:
        raise InputError("no path")
    split, fold = _part(values, reading)
    path = finder.find(f"fold{fold}/{values['path']}" if reading.fold_folders else values["path"])
    if reading.split_folders and not split:
        folders = [finder.home.name, *path.relative_to(finder.home).parts[:-1]]
        split = next((folder for folder in folders if folder.casefold() in SPLIT_ALIASES), None)
    return CorpusEntry(
        path,
        label=values.get("label") or None,
        group=values.get("group") or None,
        split=split,
        start_seconds=_seconds("start", values.get("start") or "0"),
        end_seconds=_seconds("end", values["end"]) if values.get("end") else None,
        fold=fold,
    )


def _part(values: Mapping[str, str], reading: Reading) -> tuple[str | None, str | None]:
    """Return split and fold; either column may hold the other's."""
    split, fold = values.get("split") or None, values.get("fold") or None
    if split and not fold and _FOLD.fullmatch(split):
        split, fold = None, split
    if fold and not split and fold.casefold() in SPLIT_ALIASES:
        return fold, None
    if not fold:
        if reading.n_folds:
            raise InputError(f"no fold; it must be one of 1 to {reading.n_folds}")
        return split, None
    number = _FOLD.fullmatch(fold)
    if number is None:
        raise InputError(f"fold={fold!r} is not a number")
    if reading.n_folds and not 1 <= int(number[1]) <= reading.n_folds:
        raise InputError(f"fold={fold} is out of range; it must be one of 1 to {reading.n_folds}")
    return split, str(int(number[1]))


def _seconds(column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{column}={text!r} is not a number of seconds") from error


@dataclass(frozen=True)
class _Finder:
    """Finds the files that a table names below a folder; in a store, each folder is listed once for all its files."""

    home: Path
    listed: dict[Path, frozenset[str]] = field(default_factory=dict)

    def find(self, name: str) -> Path:
        """Find a file, though its name may be spelt with slashes as Windows does and accents as macOS does."""
        plain = name.replace("\\", "/")
        if is_url(name):
            raise InputError("a URL is not followed; write a path relative to the manifest")
        climbs = Path(plain).is_absolute() or ".." in Path(plain).parts
        if climbs and not on_this_disk(self.home):
            raise InputError("a path out of the manifest's folder; in an archive or a store it must lie below")
        spellings = (name, plain, unicodedata.normalize("NFC", plain), unicodedata.normalize("NFD", plain))
        try:
            for spelling in dict.fromkeys(spellings):
                if self._is_there(self.home / spelling):
                    return self.home / spelling
        except OSError as error:
            raise InputError(why_closed(error)) from error
        raise InputError("no such file" + (" (a path out of the manifest's folder: was it moved?)" if climbs else ""))

    def _is_there(self, path: Path) -> bool:
        if on_this_disk(path):
            return path.is_file()
        if path.parent not in self.listed:
            there = path.parent.iterdir() if path.parent.is_dir() else ()
            self.listed[path.parent] = frozenset(child.name for child in there)
        return path.name in self.listed[path.parent]


def distinct_rows(entries: Mapping[int, CorpusEntry]) -> tuple[tuple[CorpusEntry, ...], list[Skipped]]:
    """Keep one row a stretch of sound, and none where rows disagree; stretches of one recording are a group."""
    lines: dict[object, list[int]] = {}
    for line, entry in entries.items():
        lines.setdefault(stretch(entry), []).append(line)
    kept, skipped = [], []
    for first, *others in lines.values():
        same = [entries[line] for line in (first, *others)]
        if len({(entry.label, entry.group, entry.split, entry.fold) for entry in same}) == 1:
            kept.append(same[0])
            skipped += [Skipped(same[0].path, f"repeats line {first}", line=line) for line in others]
        else:
            reason = f"lines {', '.join(map(str, (first, *others)))} disagree on its label, group or split"
            skipped.append(Skipped(same[0].path, reason, failed=True, line=first))
    n_stretches = Counter(entry.path for entry in kept)
    several = {path for path, count in n_stretches.items() if count > 1}
    grouped = (
        replace(entry, group=str(entry.path)) if entry.group is None and entry.path in several else entry
        for entry in kept
    )
    return tuple(grouped), skipped


def why_closed(error: OSError | InputError) -> str:
    """Say why something was not opened: in the system's words, or in ours."""
    told = getattr(error, "strerror", None)
    return f"cannot be opened ({told})" if told else str(error)
