"""Layouts: how labelled audio lies on disk, and how a list of inputs becomes one list of entries.

Conventions
-----------
Paths stay as the user gave them. Times are in seconds from the start of the file. Order is that of the inputs;
below a folder first what published data sets in it hold, then the rows of its manifests, then the other sound files,
sorted.

What could not be used is never lost and never raised: it is in `Corpus.skipped` with its reason. A corpus without
entries is therefore a normal outcome: nothing to analyse. What showed the layout is in `Corpus.evidence`.

An input is a sound, a folder, a table, an archive or a URL (`audioinv.sound.places`). These layouts are found by
themselves, in any folder below an input:

published data sets
    Each by files of its own; see `audioinv.corpus.published`.
manifest
    A table, named itself or as ``manifest.csv`` (tsv, parquet, jsonl) in a folder; see `audioinv.corpus.manifests`. Of
    several manifests the nearest to a sound that names it wins, and one is also looked for above: within two levels of
    a sound given alone, one level above a folder.
audiofolder
    As Hugging Face has it: ``metadata.csv`` (jsonl, parquet) with a column ``file_name``, read as a manifest.
annotated recordings
    Label tracks and selection tables beside sounds; see `audioinv.corpus.annotations`.
folder per class
    The label is the first folder below the root, or the second where every first one is named for a split.
files
    No label, group or split.

A folder that shows two of the first three is refused: which one is meant has to be said.

What is here: `LAYOUTS`, `layout_named`, `is_corpus`, `read_corpus`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..sound.places import find_place, is_archive, is_url
from .entries import Corpus, CorpusEntry, Skipped, joined, printable, stretch
from .events import format_of
from .folders import SIGNS, FolderReader
from .tables import TABLE_SUFFIXES

__all__ = ["LAYOUTS", "is_corpus", "layout_named", "read_corpus"]

LAYOUTS = tuple(SIGNS)
"""What a corpus can be laid out as."""


def layout_named(text: str) -> str:
    """Return the layout that somebody means, however it is spelt.

    Parameters
    ----------
    text : str
        Case, spaces, hyphens and underscores do not matter.

    Returns
    -------
    str
        One of `LAYOUTS`.

    Raises
    ------
    InputError
        If it is none of them.

    Examples
    --------
    >>> layout_named("speech-commands")
    'Speech Commands'
    """
    plain = {"".join(filter(str.isalnum, name)).casefold(): name for name in LAYOUTS}
    found = plain.get("".join(filter(str.isalnum, text)).casefold())
    if found is None:
        raise InputError(f"layout {text!r} is not one of {', '.join(LAYOUTS)}")
    return found


def is_corpus(source: str | os.PathLike[str]) -> bool:
    """Tell what may hold several sounds from a sound.

    Parameters
    ----------
    source : str or path

    Returns
    -------
    bool
        True of a folder, a table, an archive, a URL, and a text that tells of events.

    Examples
    --------
    >>> is_corpus("s3://bucket/clips"), is_corpus("clip.wav")
    (True, False)
    """
    path = Path(source)
    if is_url(source) or path.is_dir() or path.suffix.lower() in TABLE_SUFFIXES:
        return True
    return path.is_file() and (is_archive(path) or (path.suffix.lower() == ".txt" and format_of(path) is not None))


def read_corpus(*sources: str | os.PathLike[str], layout: str | None = None) -> Corpus:
    """Read any mixture of folders, manifests, archives, URLs and sound files as one corpus.

    Parameters
    ----------
    *sources : str or path
        In the order in which their entries will stand. What is given twice counts once, with its label if it has
        one in either place.
    layout : str, optional
        One of `LAYOUTS`, to look for that one alone; found by itself if not given.

    Returns
    -------
    Corpus
        Without entries, if there is nothing to analyse; `Corpus.skipped` says why.

    Raises
    ------
    InputError
        If the layout is unknown, or a URL needs a library that is not there.

    Examples
    --------
    >>> import tempfile
    >>> from audioinv.sound.audio import write_audio
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "kick").mkdir()
    >>> write_audio(root / "kick" / "a.wav", [0.0, 0.5], 8000)
    >>> read_corpus(root / "kick" / "a.wav", root).entries[0].label
    'kick'
    >>> read_corpus("no/such/folder").skipped[0].reason
    'no such file or folder'
    """
    paths = [find_place(source) for source in sources]
    reader = FolderReader(None if layout is None else layout_named(layout))
    read = joined(" ".join(map(printable, paths)), [reader.read_source(path) for path in paths])
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
