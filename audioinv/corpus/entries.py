"""Entries of a corpus: a labelled sound, what was passed over and why, and the set of both.

Conventions
-----------
Paths stay as the user gave them; one that is in no folder of this disk is a place (`audioinv.sound.places`). Times are
in seconds from the start of the file. A split is one of `SPLITS` (``val``, ``validation``, ``dev``, ``eval`` and
``training``, ``testing`` are understood). A fold is a number, written out, of a corpus that was cut for
cross-validation.

What is here: `SPLITS`, `CorpusEntry`, `Skipped`, `Corpus`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..sound.audio import load_clip
from ..sound.clip import Clip

__all__ = ["SPLITS", "SPLIT_ALIASES", "Corpus", "CorpusEntry", "Skipped", "joined", "nothing", "printable", "stretch"]

SPLITS = ("train", "valid", "test")
SPLIT_ALIASES = {name: name for name in SPLITS} | {
    "training": "train",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "eval": "test",
    "testing": "test",
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
    fold : str, optional
        The fold that its corpus puts it in.

    Raises
    ------
    InputError
        If the stretch is empty, negative or not finite.

    Examples
    --------
    >>> CorpusEntry(Path("kick.wav"), label="kick", split="Validation").split
    'valid'
    >>> import tempfile
    >>> from audioinv.sound.audio import write_audio
    >>> path = Path(tempfile.mkdtemp()) / "kick.wav"
    >>> write_audio(path, [0.0, 0.5], 8000)
    >>> CorpusEntry(path, label="kick").load().label
    'kick'
    """

    path: Path
    label: str | None = None
    group: str | None = None
    split: str | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    fold: str | None = None

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if not (math.isfinite(start) and start >= 0):
            raise InputError(f"start={start} must be a number of seconds, 0 or more")
        if end is not None and not (math.isfinite(end) and end > start):
            raise InputError(f"end={end} must be a number of seconds, after start={start}")
        if self.split is not None:
            object.__setattr__(self, "split", SPLIT_ALIASES.get(self.split.casefold(), self.split))

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
        if isinstance(self.path, Path):
            object.__setattr__(self, "path", Path(printable(self.path)))

    @property
    def told(self) -> str:
        """The reason, with the line of the manifest unless it says so itself."""
        of_lines = self.line is None or self.reason.startswith("lines ")
        return self.reason if of_lines else f"{self.reason} (line {self.line})"


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
        One of `audioinv.corpus.layouts.LAYOUTS`; joined by " + " where inputs differ.
    skipped : tuple of Skipped
        What was passed over.
    ignored_columns : tuple of str
        Columns of manifests that have no meaning here.
    evidence : tuple of str
        What showed the layout, and how much of it was there.

    Examples
    --------
    >>> kick = CorpusEntry(Path("kick.wav"), label="kick", split="train")
    >>> bell = CorpusEntry(Path("bell.wav"), label="bell", split="test")
    >>> corpus = Corpus("drums", (kick, bell))
    >>> corpus.labels, corpus.part("train").labels, corpus.failures
    (('bell', 'kick'), ('kick',), ())
    >>> [entry.label for entry in corpus]
    ['kick', 'bell']
    """

    name: str
    entries: tuple[CorpusEntry, ...] = ()
    layout: str = "files"
    skipped: tuple[Skipped, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[CorpusEntry]:
        """Go through the entries, so that a corpus may stand wherever clips are asked for."""
        return iter(self.entries)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))

    @property
    def failures(self) -> tuple[Skipped, ...]:
        """What was asked for and could not be used."""
        return tuple(skipped for skipped in self.skipped if skipped.failed)

    def part(self, split: str) -> Corpus:
        """Return the entries of one split, or of one fold.

        Parameters
        ----------
        split : str
            "train", "valid" or "test"; or ``fold3``.

        Returns
        -------
        Corpus
            Empty if no entry belongs to it.
        """
        return replace(
            self,
            entries=tuple(
                entry for entry in self.entries if split in (entry.split, entry.fold and f"fold{entry.fold}")
            ),
        )


def printable(path: Path) -> str:
    """Spell a path so that it can be written anywhere: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(str(path)).decode("utf-8", "replace")


def stretch(entry: CorpusEntry) -> object:
    """Return what makes two entries one sound by name: the file, through links, and the times."""
    return entry.path.resolve(), entry.start_seconds, entry.end_seconds


def nothing(path: Path, reason: str) -> Corpus:
    """Return the corpus of an input that cannot be used."""
    return Corpus(str(path), skipped=(Skipped(path, reason, failed=True),))


def joined(name: str, corpora: Sequence[Corpus]) -> Corpus:
    """Return several corpora as one."""
    return Corpus(
        name,
        entries=tuple(entry for corpus in corpora for entry in corpus.entries),
        layout=" + ".join(dict.fromkeys(corpus.layout for corpus in corpora if corpus.entries)) or "files",
        skipped=tuple(skipped for corpus in corpora for skipped in corpus.skipped),
        ignored_columns=tuple(dict.fromkeys(column for corpus in corpora for column in corpus.ignored_columns)),
        evidence=tuple(dict.fromkeys(line for corpus in corpora for line in corpus.evidence)),
    )
