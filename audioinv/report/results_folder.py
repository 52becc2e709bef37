"""Where a results folder may be written, and how its files come to their place.

Conventions
-----------
A folder that stands is replaced only where that is asked for, and only what of it is ours
(`audioinv.report.belongings`). Its last file comes last: where that stands, the folder is whole.

What is here: `check_there`, `check_free`, `free_folder`, `unfinished`, `install_results`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import CheckpointError, InputError
from ..sound.places import on_this_disk
from ..sound.whole_files import move_whole, names_in, read_whole, refuse_url, remove
from .belongings import FILES, LOCK, PARTS, RUN, SHARD, is_own, remove_own, strangers

__all__ = ["check_free", "check_there", "free_folder", "install_results", "unfinished"]


def install_results(finished: Path, folder: Path, files: Sequence[str] = FILES) -> None:
    """Bring the files of a results folder to their place; what of ours stood there goes, and the last comes last.

    Parameters
    ----------
    finished : Path
        Where they were written; on the disk of the folder, if that is on one.
    folder : Path
    files : sequence of str
        The last is the one that is there only if all are.
    """
    remove_own(folder, keep=(PARTS, LOCK, *files))
    remove(folder / files[-1])
    for name in files:
        move_whole(finished / name, folder / name)


def unfinished(folder: Path) -> bool:
    """Tell whether a folder holds a run that was begun and not finished, and nothing else.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    names = {name for name in names_in(folder) if is_own(name) or name == PARTS}
    if not names & {LOCK, PARTS} or not names <= {LOCK, PARTS, SHARD, *FILES[:-1]}:
        return False
    return not any(strangers(folder))


def check_there(folder: Path, command: str) -> None:
    """Refuse to read where there is nothing at all.

    Parameters
    ----------
    folder : Path
        On this disk, or in a store, which knows of no folder that is empty.
    command : str
        What writes such a folder.

    Raises
    ------
    CheckpointError
        If it does not exist.
    """
    if not (folder.exists() if on_this_disk(folder) else names_in(folder)):
        raise CheckpointError(f"{folder} does not exist; give a folder that {command} wrote")


def check_free(target: Path, *, overwrite: bool, resumable: bool = False) -> None:
    """Refuse to write where something else stands.

    Parameters
    ----------
    target : Path
    overwrite : bool
        Whether a results folder may be replaced.
    resumable : bool, default False
        Whether who asks goes on with an unfinished run.

    Raises
    ------
    InputError
        If the place is taken.
    """
    refuse_url(target)
    if on_this_disk(target) and target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file; give a folder (-o)")
    content = names_in(target)
    if not content:
        return
    begun = unfinished(target)
    if begun and resumable:
        return
    if not overwrite:
        raise InputError(f"{target} exists already; give another folder (-o), or replace it (--overwrite)")
    if not begun and not (FILES[-1] in content and b'"audioinv"' in (read_whole(target / RUN) or b"")):
        raise InputError(f"{target} is no results folder, so --overwrite does not touch it; give another folder (-o)")
    if stranger := next(strangers(target), None):
        raise InputError(
            f"{target} holds {stranger}, which audioinv did not write, so --overwrite does not touch it; move that "
            "away, or give another folder (-o)"
        )


def free_folder(base: Path, *, overwrite: bool = False, resumable: Callable[[Path], bool] | None = None) -> Path:
    """Return the first of ``base``, ``base-2``, … that may be written.

    Parameters
    ----------
    base : Path
    overwrite : bool, default False
        Whether `base` itself may be replaced.
    resumable : callable, optional
        Tells of a folder whether who asks can go on with what was begun in it.

    Returns
    -------
    Path
    """
    names = itertools.chain([base], (base.with_name(f"{base.name}-{n}") for n in itertools.count(2)))
    return next(
        path
        for path in names
        if overwrite or not path.exists() or (resumable is not None and unfinished(path) and resumable(path))
    )
