"""Files that go through this disk on their way from or to a store, because a library reads or writes them here only.

Conventions
-----------
What lies on this disk already is used where it is. Copies are gone as soon as they are not needed any more.

What is here: `incoming`, `outgoing`, `disk_near`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .places import ask_store, on_this_disk, store_of
from .whole_files import move_whole

__all__ = ["disk_near", "incoming", "outgoing"]


@contextmanager
def incoming(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """Have files of a folder on this disk for as long as they are read.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Of the files.

    Yields
    ------
    Path
        The folder itself, if it is on this disk.

    Raises
    ------
    AudioFileError
        If a store does not give them.
    """
    if on_this_disk(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="audioinv-") as here:
        with ask_store(folder):
            store, base = store_of(folder)
            for name in names:
                store.get_file(f"{base}/{name}", str(Path(here) / name))
        yield Path(here)


@contextmanager
def outgoing(place: Path) -> Iterator[Path]:
    """Have a name on this disk for a file or a folder that is to be written, and bring it to its place in the end.

    Parameters
    ----------
    place : Path

    Yields
    ------
    Path
        The place itself, if it is on this disk.

    Raises
    ------
    InputError
        If a store does not take it.
    """
    if on_this_disk(place):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="audioinv-") as folder:
        here = Path(folder) / place.name
        yield here
        for file in sorted(path for path in (here, *here.rglob("*")) if path.is_file()):
            move_whole(file, place.joinpath(*file.relative_to(here).parts))


def disk_near(folder: Path) -> Path:
    """Return a folder of this disk for what is made before it can go into a folder, or is too large for memory.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Path
        The folder itself, if it is on this disk; else that for temporary files.
    """
    return folder if on_this_disk(folder) else Path(tempfile.gettempdir())
