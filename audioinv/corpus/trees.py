"""Trees: what lies below a folder, sound or not, in an order that does not depend on the disk.

Conventions
-----------
Folders that are links are not entered. What is passed over is told with its reason.

What is here: `look_below`, `Found`, `names_in`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..sound.audio import AUDIO_SUFFIXES
from ..sound.places import is_archive
from .entries import Corpus, Skipped
from .manifests import why_closed
from .tables import TABLE_SUFFIXES

__all__ = ["Claim", "Found", "look_below", "names_in"]

Claim = Callable[[Path, Mapping[str, Path]], Corpus | None]
"""Reads a folder, with all that is below it, if it knows how; it is given the names in the folder."""


def names_in(folder: Path) -> dict[str, Path]:
    """Return what a folder holds by name, sorted, without what is hidden.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to Path

    Raises
    ------
    OSError
        If it cannot be listed.
    """
    return {child.name: child for child in sorted(folder.iterdir()) if not child.name.startswith(".")}


@dataclass(frozen=True)
class Found:
    """What lies below a folder.

    Parameters
    ----------
    files : list of Path
        Sounds and manifests, folder by folder, sorted by name.
    skipped : list of Skipped
        What was passed over.
    claimed : list of Corpus
        Of folders that somebody knew how to read.
    """

    files: list[Path] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    claimed: list[Corpus] = field(default_factory=list)


def look_below(folder: Path, *, manifests: frozenset[str] = frozenset(), claim: Claim | None = None) -> Found:
    """Find sound files, manifests and what is neither.

    Parameters
    ----------
    folder : Path
    manifests : frozenset of str, optional
        Names of files that count though they are no sound.
    claim : callable, optional
        Asked of each folder; where it answers, its answer counts and the folder is not entered.

    Returns
    -------
    Found
    """
    found = Found()
    _look(folder, found, manifests, claim)
    return found


def _look(folder: Path, found: Found, manifests: frozenset[str], claim: Claim | None) -> None:
    try:
        claimed = claim(folder, names_in(folder)) if claim else None
        children = [] if claimed else sorted(folder.iterdir())
        passed_over = [_passed_over(child, manifests) for child in children]
    except OSError as error:
        found.skipped.append(Skipped(folder, why_closed(error), failed=True))
        return
    if claimed:
        found.claimed.append(claimed)
    for child, passed in zip(children, passed_over, strict=True):
        if passed is not None:
            found.skipped.append(passed)
        elif child.is_dir():
            _look(child, found, manifests, claim)
        else:
            found.files.append(child)


def _passed_over(path: Path, manifests: frozenset[str]) -> Skipped | None:
    if path.name.startswith("."):  # among them the ._kick.wav that macOS leaves in archives
        return Skipped(path, "hidden")
    if path.is_dir():
        return Skipped(path, "a linked folder; name it as an input to read it") if path.is_symlink() else None
    if path.name not in manifests and path.suffix.lower() not in AUDIO_SUFFIXES:
        is_more = is_archive(path) or path.suffix.lower() in TABLE_SUFFIXES
        return Skipped(path, "not a sound file" + ("; name it as an input to read what it holds" if is_more else ""))
    return None if path.is_file() else Skipped(path, "a broken link, or no regular file", failed=True)
