"""What a listener would say of changes to the sounds of a corpus: declared beside it, never measured.

A file ``listener.toml`` in the folder of a corpus, or in the one above, lists changes:

.. code-block:: toml

    corpus = "single drum strokes; which drum is it?"

    [[change]]
    axis = "gain"
    grid = "-20:20:5dB"
    listener = "invariant"
    why = "a drum struck softly is the same drum"

``invariant``: over all of the grid the answer should stay. ``change``: at its far end the answer should be another.
``unknown``: swept, but not judged. Nothing is guessed: without a file every change is unknown.

What is here: `ListenerFile`, `Expectation`, `read_listener`, `find_listener`, `NO_LISTENER`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..errors import InputError
from ..sound.grid import ShiftGrid, parse_grid

__all__ = ["LISTENER_NAME", "NO_LISTENER", "Expectation", "ListenerFile", "find_listener", "read_listener"]

LISTENER_NAME = "listener.toml"
Wish = Literal["invariant", "change", "unknown"]


@dataclass(frozen=True)
class Expectation:
    """A change of sound, and what a listener would say of it.

    Parameters
    ----------
    grid : ShiftGrid
        Which amounts.
    listener : {"invariant", "change", "unknown"}, default "unknown"
    why : str, optional
        In words.

    Raises
    ------
    InputError
        If the listener's word is none of these, or the grid holds no change.

    Examples
    --------
    >>> Expectation(parse_grid("gain", "-20:20:5dB"), "invariant", "a soft stroke is the same drum").listener
    'invariant'
    """

    grid: ShiftGrid
    listener: Wish = "unknown"
    why: str = ""

    def __post_init__(self) -> None:
        if self.listener not in get_args(Wish):
            raise InputError(f"listener={self.listener!r} is not one of {', '.join(get_args(Wish))}")
        if not any(self.grid.amounts):
            raise InputError(f"the grid of {self.grid.axis} holds no change; give an amount other than 0")


@dataclass(frozen=True)
class ListenerFile:
    """What is declared for a corpus.

    Parameters
    ----------
    corpus : str
        What is asked of a sound, in words.
    expectations : tuple of Expectation
        At least one.
    source : str, optional
        The file; empty where there was none.

    Raises
    ------
    InputError
        If nothing is declared.

    Examples
    --------
    >>> wish = Expectation(parse_grid("gain", "-20:20:5dB"), "invariant")
    >>> listener = ListenerFile("which drum is it?", (wish,))
    >>> listener.expectations[0].grid.axis, listener.author
    ('gain', 'the caller')
    """

    corpus: str
    expectations: tuple[Expectation, ...]
    source: str = ""

    def __post_init__(self) -> None:
        if not self.expectations:
            raise InputError(f"{self.source or 'the listener'} declares no change; write [[change]] with axis and grid")

    @property
    def author(self) -> str:
        """The file; where there was none, "the caller" of whom a wish came, or "nobody"."""
        wished = any(one.listener != "unknown" for one in self.expectations)
        return self.source or ("the caller" if wished else "nobody")


def read_listener(path: str | os.PathLike[str]) -> ListenerFile:
    """Read what is declared for a corpus.

    Parameters
    ----------
    path : str or path
        A TOML file as above.

    Returns
    -------
    ListenerFile

    Raises
    ------
    InputError
        If the file cannot be read, or a change is not as above.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "listener.toml"
    >>> _ = path.write_text("change = [{axis = 'gain', grid = '-20:20:5dB', listener = 'invariant'}]")
    >>> read_listener(path).expectations[0].listener
    'invariant'
    """
    source = os.fspath(path)
    try:
        found = tomllib.loads(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{source} cannot be read as TOML ({error})") from error
    expectations = tuple(_read_change(source, place, change) for place, change in enumerate(found.get("change", ()), 1))
    return ListenerFile(str(found.get("corpus", "")), expectations, source)


def _read_change(source: str, place: int, change: object) -> Expectation:
    if not isinstance(change, dict) or not {"axis", "grid"} <= set(change) <= {"axis", "grid", "listener", "why"}:
        raise InputError(f"{source}: change {place} needs axis and grid, and may have listener and why; got {change}")
    texts = {name: str(value) for name, value in change.items()}
    try:
        wish: Wish = texts.get("listener", "unknown")  # type: ignore[assignment]
        return Expectation(parse_grid(texts["axis"], texts["grid"]), wish, texts.get("why", ""))
    except InputError as error:
        raise InputError(f"{source}: change {place}: {error}") from error


def find_listener(inputs: Sequence[str | os.PathLike[str]]) -> ListenerFile:
    """Find what is declared for the first of some inputs.

    Parameters
    ----------
    inputs : sequence of str or path
        Folders or files of a corpus.

    Returns
    -------
    ListenerFile
        `NO_LISTENER` where nothing is declared.
    """
    for first in map(Path, inputs[:1]):
        for folder in (first, first.parent, first.parent.parent):
            if (folder / LISTENER_NAME).is_file():
                return read_listener(folder / LISTENER_NAME)
    return NO_LISTENER


_GRIDS = (
    ("time", "-100:100:20ms"),
    ("freq", "-100:100:25Hz"),
    ("pitch", "-4:4:1st"),
    ("stretch", "-20:20:5%"),
    ("speed", "-20:20:5%"),
    ("gain", "-20:20:5dB"),
    ("gain", "clip:0:20:5dB"),
    ("noise", "0:40:5dB"),
    ("noise", "pink:0:40:5dB"),
    ("filter", "telephone:0:60:10dB"),
    ("reverb", "0:1:0.2s"),
    ("mask", "0:100:20ms"),
    ("mask", "0:2:0.5oct"),
    ("reverse", "0:100:20ms"),
    ("order", "0:7:1cuts"),
    ("polarity", "180deg"),
    ("resolution", "0:2:0.5oct"),
    ("resolution", "0:12:2bit"),
    ("resolution", "vorbis:0:100:25%"),
)
NO_LISTENER = ListenerFile("", tuple(Expectation(parse_grid(axis, text)) for axis, text in _GRIDS))
"""Every axis over a usual range, and nothing said of any."""
