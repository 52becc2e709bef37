"""Duplicates: entries of a corpus that hold the same sound, whatever they are called.

Conventions
-----------
Two sounds are equal when their decoded 16-bit samples are, silence at either end apart (`Clip.content_hash`). Two kits
that share a recording leak though their names differ, so duplicates go before a corpus is split.

What is here: `content_hashes`, `equal_sounds`, `drop_duplicates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..errors import AudioFileError, InputError
from .entries import Corpus, CorpusEntry, Skipped

__all__ = ["content_hashes", "drop_duplicates", "equal_sounds"]


def content_hashes(corpus: Corpus) -> dict[CorpusEntry, str]:
    """Hash the decoded sound of every entry. Decodes everything.

    Parameters
    ----------
    corpus : Corpus

    Returns
    -------
    dict of CorpusEntry to str
        Without the entries that cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> content_hashes(Corpus("gone", (CorpusEntry(Path("gone.wav")),)))
    {}
    """
    hashes = {}
    for entry in corpus.entries:
        try:
            hashes[entry] = entry.load().content_hash()
        except (AudioFileError, InputError):
            continue
    return hashes


def equal_sounds(entries: Iterable[CorpusEntry], hashes: Mapping[CorpusEntry, str]) -> list[list[CorpusEntry]]:
    """Gather the entries that hold the same sound.

    Parameters
    ----------
    entries : iterable of CorpusEntry
    hashes : mapping of CorpusEntry to str
        From `content_hashes`. An entry without a hash is equal to none.

    Returns
    -------
    list of list of CorpusEntry
        Each of two or more, in the order of `entries`.

    Examples
    --------
    >>> from pathlib import Path
    >>> hashes = {CorpusEntry(Path(name)): name.lower() for name in ("a", "b", "A")}
    >>> [[str(entry.path) for entry in same] for same in equal_sounds(hashes, hashes)]
    [['a', 'A']]
    """
    by_hash: dict[str, list[CorpusEntry]] = {}
    for entry in entries:
        if entry in hashes:
            by_hash.setdefault(hashes[entry], []).append(entry)
    return [same for same in by_hash.values() if len(same) > 1]


def drop_duplicates(corpus: Corpus, hashes: Mapping[CorpusEntry, str]) -> Corpus:
    """Keep the first of equal sounds, and none of those whose labels contradict each other.

    Parameters
    ----------
    corpus : Corpus
    hashes : mapping of CorpusEntry to str
        From `content_hashes`. An entry without a hash is kept.

    Returns
    -------
    Corpus
        What was dropped is in `Corpus.skipped` with its reason. A first one without a label gives way to the
        first that has one.

    Examples
    --------
    >>> from pathlib import Path
    >>> once, again = CorpusEntry(Path("a.wav"), label="kick"), CorpusEntry(Path("b.wav"), label="kick")
    >>> drop_duplicates(Corpus("drums", (once, again)), {once: "beef", again: "beef"}).skipped[0].reason
    'the same sound as a.wav'
    """
    dropped: dict[CorpusEntry, str] = {}
    for same in equal_sounds(corpus.entries, hashes):
        labels = sorted({entry.label for entry in same if entry.label is not None})
        first = next((entry for entry in same if entry.label is not None), same[0])
        for entry in same:
            if len(labels) > 1:
                twin = next(other for other in same if other.label != entry.label)
                dropped[entry] = f"labelled {entry.label}, but {twin.path} is the same sound and labelled {twin.label}"
            elif entry != first:
                dropped[entry] = f"the same sound as {first.path}"
    skipped = tuple(Skipped(entry.path, reason) for entry, reason in dropped.items())
    kept = dict.fromkeys(entry for entry in corpus.entries if entry not in dropped)
    return replace(corpus, entries=tuple(kept), skipped=corpus.skipped + skipped)
