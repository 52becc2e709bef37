"""Layouts: how labelled audio lies on disk, and how a list of inputs becomes one list of entries.

Conventions
-----------
Paths stay as the user gave them. Times are in seconds from the start of the file. Order is that of the inputs;
below a folder first the rows of its manifests, then the other sound files, sorted. A split is one of `SPLITS`
(``val``, ``validation``, ``dev``, ``eval`` and ``training``, ``testing`` are understood).

What could not be used is never lost and never raised: it is in `Corpus.skipped` with its reason. A corpus without
entries is therefore a normal outcome: nothing to analyse.

Three layouts are known:

manifest
    A CSV, named itself or as ``manifest.csv`` in a folder. Its columns are ``path, label, group, split, start, end``;
    only ``path`` must be there, and other columns are named in `Corpus.ignored_columns`. Separated by comma,
    semicolon or tab, in UTF-8, with or without a byte-order mark. Paths are relative to the manifest. An absolute
    path, or one that climbs out by ``..``, is used where that file exists. Two rows for one stretch of one file
    count once; where they contradict each other, neither counts. Of several manifests the nearest to a sound that
    names it wins, and a manifest is also looked for above: within two levels of a sound given alone, one level
    above a folder.
folder per class
    The label is the first folder below the root, or the second where every first one is named for a split.
files
    No label, group or split.

What is here: `CorpusEntry`, `Skipped`, `Corpus`, `read_corpus`, `read_sources`.
"""

from __future__ import annotations

import csv
import io
import math
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..sound.audio import AUDIO_SUFFIXES, Clip, load_clip

__all__ = ["SPLITS", "Corpus", "CorpusEntry", "Skipped", "read_corpus", "read_sources"]

SPLITS = ("train", "valid", "test")
_SPLIT_ALIASES = {name: name for name in SPLITS} | {
    "training": "train",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "eval": "test",
    "testing": "test",
}
MANIFEST_NAME = "manifest.csv"
_MANIFEST_SUFFIXES = frozenset({".csv", ".tsv"})
_COLUMN_NAMES = {
    "path": ("path", "file", "file_name", "filename", "filepath"),
    "label": ("label", "category", "class"),
    "group": ("group",),
    "split": ("split",),
    "start": ("start", "start_s", "start_seconds"),
    "end": ("end", "end_s", "end_seconds"),
}


@dataclass(frozen=True)
class CorpusEntry:
    """A labelled sound file, or a stretch of one.

    Parameters
    ----------
    path : Path
        As the user gave it.
    label, group : str, optional
        Its class, and the recording, speaker or kit that it shares with other entries.
    split : str, optional
        The part that it was declared to belong to. Usual spellings become one of `SPLITS`; others stay as they are.
    start_seconds : float, default 0
        Where the stretch begins in the file.
    end_seconds : float, optional
        Where it ends; the end of the file if not given.

    Raises
    ------
    InputError
        If the stretch is empty, negative or not finite.

    Examples
    --------
    >>> CorpusEntry(Path("kick.wav"), label="kick", split="Validation").split
    'valid'
    """

    path: Path
    label: str | None = None
    group: str | None = None
    split: str | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if not (math.isfinite(start) and start >= 0):
            raise InputError(f"start={start} must be a number of seconds, 0 or more")
        if end is not None and not (math.isfinite(end) and end > start):
            raise InputError(f"end={end} must be a number of seconds, after start={start}")
        if self.split is not None:
            object.__setattr__(self, "split", _SPLIT_ALIASES.get(self.split.casefold(), self.split))

    def load(self, sample_rate: int | None = None) -> Clip:
        """Read the entry's sound.

        Parameters
        ----------
        sample_rate : int, optional
            Resample to this many hertz; the file's own rate if not given.

        Returns
        -------
        Clip

        Raises
        ------
        AudioFileError
            If the file cannot be read.
        InputError
            If the stretch lies outside the file.
        """
        return load_clip(
            self.path,
            sample_rate=sample_rate,
            start_seconds=self.start_seconds,
            end_seconds=self.end_seconds,
            label=self.label,
            group=self.group,
        )


@dataclass(frozen=True)
class Skipped:
    """Something that was passed over, and why.

    Parameters
    ----------
    path : Path
        A file, a folder or a manifest.
    reason : str
        In words, for the census and the list of failures.
    failed : bool, default False
        Whether the user asked for it and it could not be used, as against a file that is no sound.
    line : int, optional
        Line of the manifest that names it.
    """

    path: Path
    reason: str
    failed: bool = False
    line: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(_printable(self.path)))


@dataclass(frozen=True)
class Corpus:
    """A set of labelled sounds.

    Parameters
    ----------
    name : str
        The inputs that it was read from.
    entries : tuple of CorpusEntry
        May be empty: nothing to analyse.
    layout : str, default "files"
        "manifest", "folder per class" or "files"; joined by " + " where inputs differ.
    skipped : tuple of Skipped
        What was passed over.
    ignored_columns : tuple of str
        Columns of manifests that have no meaning here.
    """

    name: str
    entries: tuple[CorpusEntry, ...] = ()
    layout: str = "files"
    skipped: tuple[Skipped, ...] = ()
    ignored_columns: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))

    @property
    def failures(self) -> tuple[Skipped, ...]:
        """What was asked for and could not be used."""
        return tuple(skipped for skipped in self.skipped if skipped.failed)

    def part(self, split: str) -> Corpus:
        """Return the entries of one split.

        Parameters
        ----------
        split : {"train", "valid", "test"}

        Returns
        -------
        Corpus
            Empty if no entry belongs to that split.
        """
        return replace(self, entries=tuple(entry for entry in self.entries if entry.split == split))


def read_corpus(source: str | os.PathLike[str]) -> Corpus:
    """Read one folder, manifest or sound file.

    Parameters
    ----------
    source : str or path

    Returns
    -------
    Corpus

    Examples
    --------
    >>> read_corpus("no/such/folder").skipped[0].reason
    'no such file or folder'
    """
    return read_sources([source])


def read_sources(sources: Iterable[str | os.PathLike[str]]) -> Corpus:
    """Read any mixture of folders, manifests and sound files as one corpus.

    Parameters
    ----------
    sources : iterable of str or path
        In the order in which their entries will stand. What is given twice counts once, with its label if it has
        one in either place.

    Returns
    -------
    Corpus
        Without entries, if there is nothing to analyse; `Corpus.skipped` says why.

    Examples
    --------
    >>> import tempfile
    >>> from audioinv.sound.audio import write_audio
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "kick").mkdir()
    >>> write_audio(root / "kick" / "a.wav", [0.0, 0.5], 8000)
    >>> read_sources([root / "kick" / "a.wav", root]).entries[0].label
    'kick'
    """
    paths = [Path(source) for source in sources]
    above: _RowsByFolder = {}
    read = _joined(" ".join(map(_printable, paths)), [_read_source(path, above) for path in paths])
    kept: dict[object, CorpusEntry] = {}
    repeated = []
    for entry in read.entries:
        stretch = _stretch(entry)
        if _printable(entry.path) != str(entry.path):
            repeated.append(Skipped(entry.path, "its name is not valid UTF-8; rename it", failed=True))
            continue
        if stretch in kept:
            repeated.append(Skipped(entry.path, "given more than once"))
        if stretch not in kept or (kept[stretch].label is None and entry.label is not None):
            kept[stretch] = entry
    return replace(read, entries=tuple(kept.values()), skipped=read.skipped + tuple(repeated))


_RowsByFolder = dict[Path, dict[Path, list[CorpusEntry]]]


def _printable(path: Path) -> str:
    """Spell a path so that it can be written anywhere: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _joined(name: str, corpora: Sequence[Corpus]) -> Corpus:
    return Corpus(
        name,
        entries=tuple(entry for corpus in corpora for entry in corpus.entries),
        layout=" + ".join(dict.fromkeys(corpus.layout for corpus in corpora if corpus.entries)) or "files",
        skipped=tuple(skipped for corpus in corpora for skipped in corpus.skipped),
        ignored_columns=tuple(dict.fromkeys(column for corpus in corpora for column in corpus.ignored_columns)),
    )


def _stretch(entry: CorpusEntry) -> object:
    """Return what makes two entries one sound by name: the file, through links, and the times."""
    return entry.path.resolve(), entry.start_seconds, entry.end_seconds


def _nothing(path: Path, reason: str) -> Corpus:
    return Corpus(str(path), skipped=(Skipped(path, reason, failed=True),))


def _read_source(path: Path, above: _RowsByFolder) -> Corpus:
    try:
        return _read_anything(path, above)
    except OSError as error:  # a folder above it that may not be searched, a name too long for the system
        return _nothing(path, _why_closed(error))


def _why_closed(error: OSError) -> str:
    return f"cannot be opened ({error.strerror})"


def _read_anything(path: Path, above: _RowsByFolder) -> Corpus:
    if not path.exists():
        return _nothing(path, "no such file or folder")
    if path.is_dir():
        return _read_folder(path, above)
    if path.suffix.lower() in _MANIFEST_SUFFIXES:
        return _read_manifest(path)
    if not path.is_file():
        return _nothing(path, "not a regular file")
    home = path.absolute().parent
    rows = _rows_above(path, [home, home.parent], above)
    return Corpus(str(path), rows, "manifest") if rows else Corpus(str(path), (CorpusEntry(path),))


def _read_folder(folder: Path, above: _RowsByFolder) -> Corpus:
    """Read what manifests below a folder name, then the sounds that no manifest governs."""
    found = list(_walk(folder))
    passed = [item for item in found if isinstance(item, Skipped)]
    paths = [item for item in found if isinstance(item, Path)]
    tables = {path.parent: _read_manifest(path) for path in paths if path.name == MANIFEST_NAME}
    nearest = _nearest_manifest(tables)
    named = [
        replace(table, entries=tuple(row for row in table.entries if nearest[row.path.resolve()] == home))
        for home, table in tables.items()
    ]
    loose = []
    for path in paths:
        if path.name == MANIFEST_NAME or path.resolve() in nearest:
            continue
        home = next((parent for parent in path.parents if parent in tables), None)
        if home is None:
            loose.append(path)
        else:
            passed.append(Skipped(path, f"no row in {home / MANIFEST_NAME}"))
    corpus = _joined(str(folder), [*named, *_read_loose(folder, loose, above)])
    if not paths:
        passed.append(Skipped(folder, "no sound file below it", failed=True))
    return replace(corpus, skipped=corpus.skipped + tuple(passed))


def _walk(folder: Path) -> Iterator[Path | Skipped]:
    """Yield sound files, manifests and what was passed over, sorted as `find_audio` sorts."""
    try:
        children = {child: _passed_over(child) for child in sorted(folder.iterdir())}
    except OSError as error:
        yield Skipped(folder, _why_closed(error), failed=True)
        return
    for child, passed_over in children.items():
        if passed_over is not None:
            yield passed_over
        elif child.is_dir():
            yield from _walk(child)
        else:
            yield child


def _passed_over(path: Path) -> Skipped | None:
    if path.name.startswith("."):  # among them the ._kick.wav that macOS leaves in archives
        return Skipped(path, "hidden")
    if path.is_dir():
        return Skipped(path, "a linked folder; name it as an input to read it") if path.is_symlink() else None
    if path.name != MANIFEST_NAME and path.suffix.lower() not in AUDIO_SUFFIXES:
        return Skipped(path, "not a sound file")
    return None if path.is_file() else Skipped(path, "a broken link, or no regular file", failed=True)


def _nearest_manifest(tables: Mapping[Path, Corpus]) -> dict[Path, Path]:
    """Map each file that manifests name, usable or not, to the folder of the deepest one that names it."""
    nearest = {}
    for home in sorted(tables, key=lambda home: len(home.parts)):
        nearest.update({skipped.path.resolve(): home for skipped in tables[home].skipped})
        nearest.update({entry.path.resolve(): home for entry in tables[home].entries})
    return nearest


def _read_loose(root: Path, files: Sequence[Path], above: _RowsByFolder) -> Iterator[Corpus]:
    """Read files without a manifest of their own: by one above, by class folders, or plainly."""
    home = root.absolute().parent
    rows = {path: _rows_above(path, [home], above) for path in files}
    for path in files:
        if rows[path]:
            yield Corpus(str(path), rows[path], "manifest")
    entries = _by_class_folder(root, [path for path in files if not rows[path]])
    labelled = any(entry.label is not None for entry in entries)
    yield Corpus(str(root), entries, "folder per class" if labelled else "files")


def _by_class_folder(root: Path, files: Sequence[Path]) -> tuple[CorpusEntry, ...]:
    folders = {path: path.relative_to(root).parts[:-1] for path in files}
    split_first = all(len(names) > 1 and names[0].casefold() in _SPLIT_ALIASES for names in folders.values())
    if split_first:
        return tuple(CorpusEntry(path, label=names[1], split=names[0]) for path, names in folders.items())
    return tuple(CorpusEntry(path, label=names[0] if names else None) for path, names in folders.items())


def _rows_above(path: Path, homes: Sequence[Path], above: _RowsByFolder) -> tuple[CorpusEntry, ...]:
    """Rows of the first manifest in `homes` that names a file; each manifest is read once into `above`."""
    for home in homes:
        if home not in above:
            rows: dict[Path, list[CorpusEntry]] = {}
            for row in _read_manifest(home / MANIFEST_NAME).entries:  # none, where there is no manifest
                rows.setdefault(row.path.resolve(), []).append(row)
            above[home] = rows
        if named := above[home].get(path.resolve()):
            return tuple(replace(row, path=path) for row in named)
    return ()


def _read_manifest(manifest: Path) -> Corpus:
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
        return _nothing(manifest, str(error))
    if not entries and not skipped:
        return _nothing(manifest, "the manifest names no file")
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
        raise InputError(_why_closed(error)) from error
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
        raise InputError(_why_closed(error)) from error
    climbs = Path(plain).is_absolute() or ".." in Path(plain).parts
    raise InputError("no such file" + (" (a path out of the manifest's folder: was it moved?)" if climbs else ""))


def _distinct_rows(entries: Mapping[int, CorpusEntry]) -> tuple[tuple[CorpusEntry, ...], list[Skipped]]:
    """Keep one row a stretch of sound, and none where rows disagree."""
    lines: dict[object, list[int]] = {}
    for line, entry in entries.items():
        lines.setdefault(_stretch(entry), []).append(line)
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
