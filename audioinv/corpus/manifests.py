"""Manifests: tables that name sounds, with their labels, groups, splits and stretches.

Conventions
-----------
A CSV separated by comma, semicolon or tab, in UTF-8, with or without a byte-order mark. Columns are ``path, label,
group, split, start, end`` in one of their usual spellings; only ``path`` must be there, and other columns are named in
`Corpus.ignored_columns`. Paths are relative to the manifest. An absolute path, or one that climbs out by ``..``, is
used where that file exists. Two rows for one stretch of one file count once; where they contradict each other, neither
counts.

What is here: `read_manifest`, `MANIFEST_NAME`, `MANIFEST_SUFFIXES`.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError
from .entries import Corpus, CorpusEntry, Skipped, nothing, stretch

__all__ = ["MANIFEST_NAME", "MANIFEST_SUFFIXES", "read_manifest", "why_closed"]

MANIFEST_NAME = "manifest.csv"
MANIFEST_SUFFIXES = frozenset({".csv", ".tsv"})
_COLUMN_NAMES = {
    "path": ("path", "file", "file_name", "filename", "filepath"),
    "label": ("label", "category", "class"),
    "group": ("group",),
    "split": ("split",),
    "start": ("start", "start_s", "start_seconds"),
    "end": ("end", "end_s", "end_seconds"),
}


def read_manifest(manifest: Path) -> Corpus:
    """Read every row that can be used; what cannot, the manifest itself included, is skipped with its reason."""
    entries, skipped = {}, []
    try:
        reader, columns = _open_manifest(manifest)
        for cells in reader:
            values = {column: (cells[name] or "").strip() for column, name in columns.items()}
            if not any(values.values()):
                continue
            path = manifest.parent / (values["path"] or manifest.name)
            try:
                entries[reader.line_num] = _entry_of_row(manifest.parent, values, too_long=None in cells)
            except InputError as error:
                skipped.append(Skipped(path, str(error), failed=True, line=reader.line_num))
    except (InputError, csv.Error) as error:
        return nothing(manifest, str(error))
    if not entries and not skipped:
        return nothing(manifest, "the manifest names no file")
    distinct, repeated = _distinct_rows(entries)
    ignored = tuple(name for name in reader.fieldnames or () if name not in columns.values())
    return Corpus(str(manifest), distinct, "manifest", (*skipped, *repeated), ignored)


def _open_manifest(manifest: Path) -> tuple[csv.DictReader[str], dict[str, str]]:
    """Read with the first separator under which the header names a path; map our columns to the header's."""
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text; save it again as CSV in UTF-8") from error
    except OSError as error:
        raise InputError(why_closed(error)) from error
    if "\0" in text:
        raise InputError("not UTF-8 text; save it again as CSV in UTF-8")
    if not text.strip():
        raise InputError("the manifest is empty")
    for separator in ",;\t":
        reader = csv.DictReader(io.StringIO(text), delimiter=separator)
        header = reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or ()]
        columns = {ours: name for ours, names in _COLUMN_NAMES.items() for name in reversed(names) if name in header}
        if "path" in columns:
            return reader, columns
    first = text.partition("\n")[0].strip()
    raise InputError(
        f"its first line {first[:80]!r} has no column 'path' (or {', '.join(_COLUMN_NAMES['path'][1:])}); "
        "columns are separated by comma, semicolon or tab"
    )


def _entry_of_row(home: Path, values: Mapping[str, str], *, too_long: bool) -> CorpusEntry:
    if too_long:
        raise InputError("more cells than columns; put a value that holds the separator in quotes")
    if not values["path"]:
        raise InputError("no path")
    return CorpusEntry(
        _find(home, values["path"]),
        label=values.get("label") or None,
        group=values.get("group") or None,
        split=values.get("split") or None,
        start_seconds=_seconds("start", values.get("start") or "0"),
        end_seconds=_seconds("end", values["end"]) if values.get("end") else None,
    )


def _seconds(column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{column}={text!r} is not a number of seconds") from error


def _find(home: Path, name: str) -> Path:
    """Find a file that a manifest names, though it may spell slashes as Windows and accents as macOS does."""
    plain = name.replace("\\", "/")
    spellings = (name, plain, unicodedata.normalize("NFC", plain), unicodedata.normalize("NFD", plain))
    try:
        for spelling in spellings:
            if (home / spelling).is_file():
                return home / spelling
    except OSError as error:
        raise InputError(why_closed(error)) from error
    climbs = Path(plain).is_absolute() or ".." in Path(plain).parts
    raise InputError("no such file" + (" (a path out of the manifest's folder: was it moved?)" if climbs else ""))


def _distinct_rows(entries: Mapping[int, CorpusEntry]) -> tuple[tuple[CorpusEntry, ...], list[Skipped]]:
    """Keep one row a stretch of sound, and none where rows disagree."""
    lines: dict[object, list[int]] = {}
    for line, entry in entries.items():
        lines.setdefault(stretch(entry), []).append(line)
    kept, skipped = [], []
    for first, *others in lines.values():
        same = [entries[line] for line in (first, *others)]
        if len({(entry.label, entry.group, entry.split) for entry in same}) == 1:
            kept.append(same[0])
            skipped += [Skipped(same[0].path, f"repeats line {first}", line=line) for line in others]
        else:
            reason = f"lines {', '.join(map(str, (first, *others)))} disagree on its label, group or split"
            skipped.append(Skipped(same[0].path, reason, failed=True, line=first))
    return tuple(kept), skipped


def why_closed(error: OSError) -> str:
    """Say why the system did not open something."""
    return f"cannot be opened ({error.strerror})"
