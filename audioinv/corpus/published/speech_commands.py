"""Speech Commands: a folder for each word, and lists of what is for validation and for testing.

Conventions
-----------
What neither list names is for training. The speaker, of whom a file's name holds a hash before ``_nohash_``, is the
group; the lists were made from that hash, so that nobody is in two of them.

What is here: `SPEECH_COMMANDS`.

References
----------
.. [1] Warden, Speech Commands: a dataset for limited-vocabulary speech recognition, arXiv:1804.03209, 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...errors import InputError
from ...sound.places import read_text
from ..entries import Corpus, CorpusEntry, Skipped, nothing
from ..manifests import why_closed
from ..trees import look_below, names_in
from .layout import Published

__all__ = ["SPEECH_COMMANDS"]

_LISTS = {"validation_list.txt": "valid", "testing_list.txt": "test"}
_NOISE = "_background_noise_"


def _claims(names: Mapping[str, Path]) -> bool:
    return set(_LISTS) <= set(names)


def _read(root: Path) -> Corpus:
    try:
        lists = {name: _read_list(root / name) for name in _LISTS}
        folders = [child for child in names_in(root).values() if child.is_dir()]
    except (InputError, OSError) as error:
        return nothing(root, why_closed(error))
    found = [look_below(folder) for folder in folders if folder.name != _NOISE]
    sounds = {path.relative_to(root).as_posix(): path for each in found for path in each.files}
    skipped = [passed for each in found for passed in each.skipped]
    skipped += [Skipped(folder, "noise to mix in, no word") for folder in folders if folder.name == _NOISE]
    twice = set.intersection(*map(set, lists.values()))
    skipped += [Skipped(root / name, "in both lists", failed=True) for name in sorted(twice)]
    evidence = []
    for listing, lines in lists.items():
        absent = {name: line for name, line in lines.items() if name not in sounds}
        skipped += [Skipped(root / name, f"no such file, but in {listing}", True, n) for name, n in absent.items()]
        evidence.append(f"{root / listing}: {len(lines) - len(absent)} of {len(lines)} names are there")
    split_of = {name: _LISTS[listing] for listing, lines in lists.items() for name in lines}
    entries = tuple(_entry(path, name, split_of) for name, path in sounds.items() if name not in twice)
    return Corpus(str(root), entries, "Speech Commands", tuple(skipped), evidence=tuple(evidence))


def _read_list(path: Path) -> dict[str, int]:
    """Return the names in a list, with their lines."""
    lines = enumerate(read_text(path).splitlines(), 1)
    return {text.strip(): number for number, text in lines if text.strip()}


def _entry(path: Path, name: str, split_of: Mapping[str, str]) -> CorpusEntry:
    speaker, marked, _ = path.stem.partition("_nohash_")
    return CorpusEntry(path, name.partition("/")[0], speaker if marked else None, split_of.get(name, "train"))


SPEECH_COMMANDS = Published("Speech Commands", " and ".join(_LISTS), _claims, _read)
