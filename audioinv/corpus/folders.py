"""Folders: an input of any layout becomes entries, and what is there besides is told.

Conventions
-----------
Those of `audioinv.corpus.layouts`. One layout alone may be asked for; then what is not laid out so is passed over.

What is here: `FolderReader`, `SIGNS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..sound.places import ask_store, on_this_disk
from .annotations import read_annotations
from .entries import SPLIT_ALIASES, Corpus, CorpusEntry, Skipped, joined, nothing
from .manifests import AUDIOFOLDER_NAMES, MANIFEST_NAMES, read_manifest, why_closed
from .published.known import PUBLISHED
from .published.layout import Published
from .tables import TABLE_SUFFIXES, open_table
from .trees import look_below, names_in

__all__ = ["SIGNS", "FolderReader"]

SIGNS: Mapping[str, str] = {
    **{each.name: each.sign for each in PUBLISHED},
    "manifest": "manifest.csv (tsv, parquet, jsonl)",
    "audiofolder": "metadata.csv (jsonl, parquet) with a column file_name",
    "annotated recordings": "label track or selection table beside a sound",
    "folder per class": "folder of sounds",
    "files": "sound file",
}
"""What shows each layout."""
_PLAIN = ("folder per class", "files")
_LISTS = {"manifest": MANIFEST_NAMES, "audiofolder": AUDIOFOLDER_NAMES}


@dataclass(frozen=True)
class _Listed:
    """What a folder lists of the sounds below it, by the file."""

    corpus: Corpus
    rows: Mapping[Path, tuple[CorpusEntry, ...]]


@dataclass(frozen=True)
class FolderReader:
    """Reads inputs one after the other; what stands above them is read once.

    Parameters
    ----------
    wanted : str, optional
        The one layout that is asked for.
    """

    wanted: str | None = None
    _above: dict[Path, _Listed] = field(default_factory=dict, init=False)

    def read_source(self, path: Path) -> Corpus:
        """Read an input, or say why it cannot be.

        Parameters
        ----------
        path : Path

        Returns
        -------
        Corpus
        """
        try:
            with ask_store(path):
                return self._read_anything(path)
        except OSError as error:  # a folder above it that may not be searched, a name too long for the system
            return nothing(path, why_closed(error).removeprefix(f"{path}: "))

    def _read_anything(self, path: Path) -> Corpus:
        if not path.exists():
            return nothing(path, "no such file or folder")
        if path.is_dir():
            return self._read_folder(path if on_this_disk(path) else _inner(path))
        if path.suffix.lower() in TABLE_SUFFIXES:
            return self._read_table(path)
        if not path.is_file():
            return nothing(path, "not a regular file")
        home = path.absolute().parent
        if path.suffix.lower() == ".txt" and (told := self._read_text(path)):
            return told
        rows = self._find_above(path, [home, home.parent])
        return rows or Corpus(str(path), (CorpusEntry(path),))

    def _read_table(self, path: Path) -> Corpus:
        for each in self._published:
            root = path.parent.parent
            if each.table and path == root / each.table:
                return each.read(root)
        return read_manifest(path)

    def _read_text(self, path: Path) -> Corpus | None:
        """Read a label track, with the sounds beside it, if it is one."""
        sounds = [sound for sound in look_below(path.parent).files if sound.parent == path.parent]
        found = read_annotations(sounds, [path])
        return found.corpus if found.texts else None

    @property
    def _published(self) -> list[Published]:
        return [each for each in PUBLISHED if self.wanted == each.name or not (self.wanted or each.only_asked)]

    @property
    def _list_names(self) -> tuple[str, ...]:
        """Names that are looked for as lists of sounds."""
        return tuple(name for layout, names in _LISTS.items() if self.wanted in (None, layout) for name in names)

    def _claim(self, folder: Path, names: Mapping[str, Path]) -> Corpus | None:
        """Read a published data set; refuse a folder that may be meant in two ways."""
        found = {each.sign: each for each in self._published if each.claims(names)}
        lists = [name for name in self._list_names if name in names and _is_list(names[name])]
        signs = [f"{each.name} ({sign})" for sign, each in found.items()]
        signs += [f"{'audiofolder' if name in AUDIOFOLDER_NAMES else 'manifest'} ({name})" for name in lists]
        if len(signs) > 1:
            either = " and like ".join(signs)
            return nothing(folder, f"looks like {either}; say which with --layout NAME, or give the list itself")
        return next((each.read(folder) for each in found.values()), None)

    def _read_folder(self, folder: Path) -> Corpus:
        """Read published sets, then what manifests name, then the sounds that no manifest governs."""
        found = look_below(folder, manifests=frozenset(self._list_names), claim=self._claim)
        passed = found.skipped
        lists = [path for path in found.files if path.name in self._list_names]
        passed += [Skipped(path, "not a list of sounds: no column file_name") for path in lists if not _is_list(path)]
        tables = {path.parent: (path, read_manifest(path)) for path in lists if _is_list(path)}
        nearest = _nearest_manifest({home: corpus for home, (_, corpus) in tables.items()})
        named = [
            replace(table, entries=tuple(row for row in table.entries if nearest[row.path.resolve()] == home))
            for home, (_, table) in tables.items()
        ]
        loose = []
        for path in (path for path in found.files if path.name not in self._list_names):
            home = next((parent for parent in path.parents if parent in tables), None)
            if path.resolve() in nearest:
                continue
            if home is None:
                loose.append(path)
            else:
                passed.append(Skipped(path, f"no row in {tables[home][0]}"))
        corpus = joined(str(folder), [*found.claimed, *named, *self._read_loose(folder, loose, passed)])
        passed += self._missing(folder, corpus, nothing_there=not (found.claimed or lists or loose))
        return replace(corpus, skipped=corpus.skipped + tuple(passed))

    def _missing(self, folder: Path, corpus: Corpus, *, nothing_there: bool) -> list[Skipped]:
        if nothing_there:
            return [Skipped(folder, "no sound file below it", failed=True)]
        if self.wanted and not corpus.entries and not corpus.failures:
            return [Skipped(folder, f"not laid out as {self.wanted}: no {SIGNS[self.wanted]}", failed=True)]
        return []

    def _read_loose(self, root: Path, files: Sequence[Path], passed: list[Skipped]) -> Iterator[Corpus]:
        """Read files without a manifest of their own: by one above, by texts beside, by class folders, or plainly."""
        home = root.absolute().parent
        rows = {path: self._find_above(path, [home]) for path in files}
        yield from (corpus for corpus in rows.values() if corpus)
        others = [path for path in files if not rows[path]]
        if self.wanted in (None, "annotated recordings"):
            texts = [each.path for each in passed if each.path.suffix.lower() == ".txt"]
            found = read_annotations(others, texts)
            yield found.corpus
            passed[:] = [each for each in passed if each.path not in found.texts]
            others = [path for path in others if path not in found.sounds]
        if self.wanted not in (None, *_PLAIN):
            passed += [Skipped(path, f"not laid out as {self.wanted}") for path in others]
            return
        entries = tuple(map(CorpusEntry, others)) if self.wanted == "files" else _by_class_folder(root, others)
        labelled = any(entry.label is not None for entry in entries)
        told = _told(root, entries) if labelled else ()
        yield Corpus(str(root), entries, "folder per class" if labelled else "files", evidence=told)

    def _find_above(self, path: Path, homes: Sequence[Path]) -> Corpus | None:
        """Find what the first folder in `homes` that lists a file says of it."""
        if not on_this_disk(path) or self.wanted in _PLAIN:
            return None
        for home in homes:
            if home not in self._above:
                self._above[home] = self._read_listed(home)
            listed = self._above[home]
            if rows := listed.rows.get(path.resolve()):
                entries = tuple(replace(row, path=path) for row in rows)
                return Corpus(str(path), entries, listed.corpus.layout, evidence=listed.corpus.evidence)
        return None

    def _read_listed(self, home: Path) -> _Listed:
        """Read what lists sounds in a folder; nobody asked for it, so that what cannot be read is as if not there."""
        try:
            names = names_in(home)
        except OSError:
            names = {}
        found = self._claim(home, names)
        lists = [names[name] for name in self._list_names if name in names and _is_list(names[name])]
        if found is None:
            found = read_manifest(lists[0]) if lists else Corpus(str(home))
        rows: dict[Path, tuple[CorpusEntry, ...]] = {}
        for entry in found.entries:
            rows[entry.path.resolve()] = (*rows.get(entry.path.resolve(), ()), entry)
        return _Listed(found, rows)


def _is_list(path: Path) -> bool:
    """Tell whether a file is a list of sounds by more than its name, where others use that name too."""
    if path.name not in AUDIOFOLDER_NAMES:
        return True
    try:
        return "file_name" in open_table(path, ("file_name",)).header
    except (InputError, OSError):
        return False


def _inner(folder: Path) -> Path:
    """Return the one folder that an archive holds, if that is all and it is no class: a data set in its wrapper."""
    children = [child for name, child in names_in(folder).items() if name != "__MACOSX"]
    if len(children) != 1 or not children[0].is_dir():
        return folder
    inside = names_in(children[0]).values()
    return children[0] if any(child.is_dir() for child in inside) else folder


def _nearest_manifest(tables: Mapping[Path, Corpus]) -> dict[Path, Path]:
    """Map each file that manifests name, usable or not, to the folder of the deepest one that names it."""
    nearest = {}
    for home in sorted(tables, key=lambda home: len(home.parts)):
        nearest.update({skipped.path.resolve(): home for skipped in tables[home].skipped})
        nearest.update({entry.path.resolve(): home for entry in tables[home].entries})
    return nearest


def _by_class_folder(root: Path, files: Sequence[Path]) -> tuple[CorpusEntry, ...]:
    folders = {path: path.relative_to(root).parts[:-1] for path in files}
    split_first = all(len(names) > 1 and names[0].casefold() in SPLIT_ALIASES for names in folders.values())
    if split_first:
        return tuple(CorpusEntry(path, label=names[1], split=names[0]) for path, names in folders.items())
    return tuple(CorpusEntry(path, label=names[0] if names else None) for path, names in folders.items())


def _told(root: Path, entries: Sequence[CorpusEntry]) -> tuple[str]:
    n_labelled = sum(entry.label is not None for entry in entries)
    splits = ", below folders of splits" if entries[0].split else ""
    return (f"{root}: {n_labelled} of {len(entries)} sounds lie in a folder that names their class{splits}",)
