"""Annotated recordings: sounds beside which a text says what is heard when, each event an entry.

Conventions
-----------
An Audacity label track ``NAME.txt`` belongs to the sound ``NAME`` in its folder; so does a Raven selection table
``NAME.Table.1.selections.txt``, unless its column ``Begin File`` names another sound of the folder. Two views of one
selection count once. Where any sound of a folder has such a text, the sounds without one are passed over.

What is here: `Annotated`, `read_annotations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .entries import Corpus, CorpusEntry, Skipped, joined
from .events import Event, format_of, read_events
from .manifests import distinct_rows

__all__ = ["Annotated", "read_annotations"]


@dataclass(frozen=True)
class Annotated:
    """What texts say of sounds.

    Parameters
    ----------
    corpus : Corpus
    texts : frozenset of Path
        Those that were read.
    sounds : frozenset of Path
        Those that lie beside them.
    """

    corpus: Corpus
    texts: frozenset[Path]
    sounds: frozenset[Path]


def read_annotations(sounds: Sequence[Path], texts: Sequence[Path]) -> Annotated:
    """Read the events that texts beside sounds tell of.

    Parameters
    ----------
    sounds, texts : sequence of Path
        In any folders; only what is in the same one belongs together.

    Returns
    -------
    Annotated
        Empty, where no text tells of events.
    """
    by_folder: dict[Path, dict[str, Path]] = {}
    for sound in sounds:
        by_folder.setdefault(sound.parent, {})[sound.name] = sound
    kinds = {text: format_of(text) for text in texts if text.parent in by_folder}
    read = {text: kind for text, kind in kinds.items() if kind}
    corpora = [_read_text(text, kind, by_folder[text.parent]) for text, kind in read.items()]
    beside = [sound for folder in {text.parent for text in read} for sound in by_folder[folder].values()]
    heard = {entry.path for corpus in corpora for entry in corpus.entries}
    silent = tuple(Skipped(sound, "no event of it is told beside it") for sound in beside if sound not in heard)
    corpora.append(Corpus("", skipped=silent))
    return Annotated(joined("", corpora), frozenset(read), frozenset(beside))


def _read_text(text: Path, kind: str, sounds: Mapping[str, Path]) -> Corpus:
    try:
        events = read_events(text)
    except InputError as error:
        reason = str(error).removeprefix(f"{text}, ").removeprefix(f"{text}: ")
        return Corpus(str(text), skipped=(Skipped(text, reason, failed=True),))
    entries: dict[int, CorpusEntry] = {}
    skipped = []
    for event in events:
        try:
            entries[event.line] = _entry(event, text, sounds)
        except InputError as error:
            skipped.append(Skipped(text, str(error), failed=True, line=event.line))
    distinct, repeated = distinct_rows(dict(sorted(entries.items())))
    told = f"{text}: {kind}, {len(entries)} of {len(events)} events have their sound beside it"
    return Corpus(str(text), distinct, "annotated recordings", (*skipped, *repeated), evidence=(told,))


def _entry(event: Event, text: Path, sounds: Mapping[str, Path]) -> CorpusEntry:
    if event.end_seconds == event.onset_seconds:
        raise InputError(f"{event.label!r} marks a moment, not a stretch; give it a length")
    named = [event.recording] if event.recording else [name for name in sounds if _belongs(text.name, sounds[name])]
    if not named or named[0] not in sounds:
        raise InputError(f"no sound {event.recording or text.stem!r} beside it")
    sound = sounds[max(named, key=len)]
    return CorpusEntry(sound, event.label, start_seconds=event.onset_seconds, end_seconds=event.end_seconds)


def _belongs(text: str, sound: Path) -> bool:
    return text.startswith((f"{sound.stem}.", f"{sound.name}."))
