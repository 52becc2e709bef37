"""Layouts: how labelled audio lies on disk, and how a list of inputs becomes one list of entries.

Conventions
-----------
Paths stay as the user gave them. Times are in seconds from the start of the file. Order is that of the inputs;
below a folder first the rows of its manifests, then the other sound files, sorted.

What could not be used is never lost and never raised: it is in `Corpus.skipped` with its reason. A corpus without
entries is therefore a normal outcome: nothing to analyse.

Three layouts are known:

manifest
    A CSV, named itself or as ``manifest.csv`` in a folder; see `audioinv.corpus.manifests`. Of several manifests the
    nearest to a sound that names it wins, and a manifest is also looked for above: within two levels of a sound given
    alone, one level above a folder.
folder per class
    The label is the first folder below the root, or the second where every first one is named for a split.
files
    No label, group or split.

What is here: `read_corpus`, `read_sources`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..sound.audio import AUDIO_SUFFIXES
from .entries import SPLIT_ALIASES, Corpus, CorpusEntry, Skipped, nothing, printable, stretch
from .manifests import MANIFEST_NAME, MANIFEST_SUFFIXES, read_manifest, why_closed

__all__ = ["read_corpus", "read_sources"]


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
    read = _joined(" ".join(map(printable, paths)), [_read_source(path, above) for path in paths])
    kept: dict[object, CorpusEntry] = {}
    repeated = []
    for entry in read.entries:
        key = stretch(entry)
        if printable(entry.path) != str(entry.path):
            repeated.append(Skipped(entry.path, "its name is not valid UTF-8; rename it", failed=True))
            continue
        if key in kept:
            repeated.append(Skipped(entry.path, "given more than once"))
        if key not in kept or (kept[key].label is None and entry.label is not None):
            kept[key] = entry
    return replace(read, entries=tuple(kept.values()), skipped=read.skipped + tuple(repeated))


_RowsByFolder = dict[Path, dict[Path, list[CorpusEntry]]]


def _joined(name: str, corpora: Sequence[Corpus]) -> Corpus:
    return Corpus(
        name,
        entries=tuple(entry for corpus in corpora for entry in corpus.entries),
        layout=" + ".join(dict.fromkeys(corpus.layout for corpus in corpora if corpus.entries)) or "files",
        skipped=tuple(skipped for corpus in corpora for skipped in corpus.skipped),
        ignored_columns=tuple(dict.fromkeys(column for corpus in corpora for column in corpus.ignored_columns)),
    )


def _read_source(path: Path, above: _RowsByFolder) -> Corpus:
    try:
        return _read_anything(path, above)
    except OSError as error:  # a folder above it that may not be searched, a name too long for the system
        return nothing(path, why_closed(error))


def _read_anything(path: Path, above: _RowsByFolder) -> Corpus:
    if not path.exists():
        return nothing(path, "no such file or folder")
    if path.is_dir():
        return _read_folder(path, above)
    if path.suffix.lower() in MANIFEST_SUFFIXES:
        return read_manifest(path)
    if not path.is_file():
        return nothing(path, "not a regular file")
    home = path.absolute().parent
    rows = _rows_above(path, [home, home.parent], above)
    return Corpus(str(path), rows, "manifest") if rows else Corpus(str(path), (CorpusEntry(path),))


def _read_folder(folder: Path, above: _RowsByFolder) -> Corpus:
    """Read what manifests below a folder name, then the sounds that no manifest governs."""
    found = list(_walk(folder))
    passed = [item for item in found if isinstance(item, Skipped)]
    paths = [item for item in found if isinstance(item, Path)]
    tables = {path.parent: read_manifest(path) for path in paths if path.name == MANIFEST_NAME}
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
        yield Skipped(folder, why_closed(error), failed=True)
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
    split_first = all(len(names) > 1 and names[0].casefold() in SPLIT_ALIASES for names in folders.values())
    if split_first:
        return tuple(CorpusEntry(path, label=names[1], split=names[0]) for path, names in folders.items())
    return tuple(CorpusEntry(path, label=names[0] if names else None) for path, names in folders.items())


def _rows_above(path: Path, homes: Sequence[Path], above: _RowsByFolder) -> tuple[CorpusEntry, ...]:
    """Rows of the first manifest in `homes` that names a file; each manifest is read once into `above`."""
    for home in homes:
        if home not in above:
            rows: dict[Path, list[CorpusEntry]] = {}
            for row in read_manifest(home / MANIFEST_NAME).entries:  # none, where there is no manifest
                rows.setdefault(row.path.resolve(), []).append(row)
            above[home] = rows
        if named := above[home].get(path.resolve()):
            return tuple(replace(row, path=path) for row in named)
    return ()
