"""AudioMNIST: spoken digits, in a folder for each speaker.

Conventions
-----------
A file is named ``DIGIT_SPEAKER_N`` and lies in the folder of its speaker, who is the group. Without the names, folders
of speakers would pass for folders of classes; so they are a sign even where ``audioMNIST_meta.txt`` is missing.

What is here: `AUDIOMNIST`.

References
----------
.. [1] Becker, Vielhaben, Ackermann, Müller, Lapuschkin & Samek, AudioMNIST: exploring explainable artificial
   intelligence for audio analysis on a simple benchmark, Journal of the Franklin Institute 361(1), 2024.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import InputError
from ...sound.audio import AUDIO_SUFFIXES
from ...sound.places import read_text
from ..entries import Corpus, CorpusEntry, Skipped
from ..manifests import why_closed
from ..trees import look_below, names_in
from .layout import Published

__all__ = ["AUDIOMNIST"]

_META = "audioMNIST_meta.txt"
_SPEAKER = re.compile(r"\d{2,}")
_STEM = re.compile(r"(\d)_(\d{2,})_\d+")


def _claims(names: Mapping[str, Path]) -> bool:
    if _META in names:
        return True
    speakers = [path for name, path in names.items() if _SPEAKER.fullmatch(name) and path.is_dir()]
    return bool(speakers) and any(_label(path) is not None for path in names_in(speakers[0]).values())


def _label(path: Path) -> str | None:
    """Return the digit that is said in a file, if it is named as it should be and where it should be."""
    found = _STEM.fullmatch(path.stem)
    if path.suffix.lower() not in AUDIO_SUFFIXES or found is None or found[2] != path.parent.name:
        return None
    return found[1]


def _read(root: Path) -> Corpus:
    found = look_below(root)
    digits = {path: _label(path) for path in found.files}
    entries = tuple(CorpusEntry(path, digit, path.parent.name) for path, digit in digits.items() if digit is not None)
    skipped = [passed for passed in found.skipped if passed.path.name != _META]
    odd = [path for path, digit in digits.items() if digit is None]
    skipped += [Skipped(path, "not named DIGIT_SPEAKER_N in the folder of its speaker", failed=True) for path in odd]
    evidence = [f"{root}: {len(entries)} of {len(digits)} sounds are named DIGIT_SPEAKER_N, by folders of speakers"]
    if (root / _META).is_file():
        told, absent = _compare_meta(root, entries)
        evidence.append(told)
        skipped += absent
    return Corpus(str(root), entries, "AudioMNIST", tuple(skipped), evidence=tuple(evidence))


def _compare_meta(root: Path, entries: Sequence[CorpusEntry]) -> tuple[str, list[Skipped]]:
    """Say how many of the speakers that are described are there, and who is not."""
    meta = root / _META
    try:
        described = json.loads(read_text(meta))
        speakers = sorted(described) if isinstance(described, dict) else []
    except (InputError, OSError) as error:
        return f"{meta}: cannot be read", [Skipped(meta, why_closed(error), failed=True)]
    except ValueError as error:
        return f"{meta}: cannot be read", [Skipped(meta, f"not JSON ({error})", failed=True)]
    there = {entry.group for entry in entries}
    absent = [speaker for speaker in speakers if speaker not in there]
    told = f"{meta}: {len(speakers) - len(absent)} of {len(speakers)} speakers are there"
    return told, [Skipped(root / speaker, f"no sound, but a speaker of {_META}", failed=True) for speaker in absent]


AUDIOMNIST = Published("AudioMNIST", f"{_META}, or DIGIT_SPEAKER_N in folders of speakers", _claims, _read)
