"""What in a results folder is ours: what audioinv writes there, and so what may be removed when it is replaced.

Conventions
-----------
A file is known by its name, below the folder. Whatever has another name, is a link, or is a folder that we do not make,
belongs to somebody else and is never removed. What a system leaves behind by itself is nobody's: it is no reason to
refuse a folder. Only names are looked at, on this disk as in a store.

What is here: `is_own`, `strangers`, `remove_own`; the names `RUN`, `FILES`, `PARTS`, `SHARD`, `LOCK`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from ..sound.places import ask_store, on_this_disk, store_of
from ..sound.whole_files import names_in, remove

__all__ = ["FILES", "LOCK", "PARTS", "RUN", "SHARD", "is_own", "remove_own", "strangers"]

RUN = "run.json"
FILES = ("results.parquet", RUN, "failures.csv", "summary.json")
"""Of a results folder, in the order in which they come to their place: where the last stands, all do."""
PARTS, SHARD, LOCK = "results", "shard.json", ".lock"
"""In a folder that is being written: the parts, what a share says of itself, and the lock of who writes."""

_KEPT = ("layers", "budget", "certificates", "order", "profile", "pairs")  # analyses that may stand beside a run
_FIGURES = (
    *("curves", "classes", "heatmap", "spectrogram", "harmonics", "layers", "budget", "sliding", "study", "scatter"),
    *("animation", "profile", "pairs", "surgery"),
)
_FILES = (
    *(f"{PARTS}/part-*.parquet", f"{PARTS}/part-*.tmp", *(f"{PARTS}/tmp*.tmp/{name}" for name in FILES)),
    *("labels/*.txt", "report/index.html", "report/sounds/*-unshifted.flac", "report/sounds/*-shifted.flac"),
    *(*FILES, SHARD, LOCK, "results.csv", "report.html", "surgery.json", "table.md"),
    *("windows.parquet", "events.csv"),
    *(f"{name}.{kind}{part}" for name in _KEPT for kind in ("json", "parquet") for part in ("", ".part")),
    *(f"figures/{name}.{kind}" for name in _FIGURES for kind in ("png", "svg", "pdf", "gif", "mp4")),
)
_FOLDERS = (PARTS, f"{PARTS}/tmp*.tmp", "figures", "labels", "report", "report/sounds")
_OF_SYSTEMS = (".nfs*", ".DS_Store", "Thumbs.db", "desktop.ini")
"""A file that NFS keeps while somebody has it open; what viewers of folders remember."""


def is_own(path: str) -> bool:
    """Tell whether audioinv writes a file of such a name.

    Parameters
    ----------
    path : str
        Below a results folder, with ``/`` between names.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_own("figures/curves.svg"), is_own("figures/holiday.jpg"), is_own("thesis.txt")
    (True, False, False)
    """
    return _fits(path, _FILES)


def strangers(folder: Path, inside: str = "") -> Iterator[str]:
    """Name what is not ours in a results folder.

    Parameters
    ----------
    folder : Path
        Of a run, on this disk or in a store.
    inside : str, default ""
        Where in the results folder it lies, ending in ``/``.

    Yields
    ------
    str
        The path below the results folder.
    """
    for name in sorted(names_in(folder)):
        path, place = f"{inside}{name}", folder / name
        if _is_own_folder(path, place):
            yield from strangers(place, f"{path}/")
        elif not (_is_own_file(path, place) or _fits(name, _OF_SYSTEMS)):
            yield path


def remove_own(folder: Path, inside: str = "", *, keep: Collection[str] = ()) -> None:
    """Remove what is ours in a results folder, and leave what is not, with the folders in which it lies.

    Parameters
    ----------
    folder : Path
        Of a run, on this disk or in a store.
    inside : str, default ""
        Where in the results folder it lies, ending in ``/``.
    keep : collection of str
        Names in the folder that stay.

    Raises
    ------
    InputError
        If a store does not let go of a file.
    OSError
        If this disk does not.
    """
    for name in names_in(folder) - set(keep):
        path, place = f"{inside}{name}", folder / name
        if _is_own_file(path, place):
            remove(place)
        elif inside and _fits(name, _OF_SYSTEMS):
            with suppress(OSError):
                remove(place)
        elif _is_own_folder(path, place):
            _remove_folder(place, f"{path}/")


def _remove_folder(folder: Path, inside: str) -> None:
    """Remove a folder of ours: in a store at once, where it takes no longer than one file does."""
    if not on_this_disk(folder) and not any(strangers(folder, inside)):
        remove(folder)
        return
    remove_own(folder, inside)
    if on_this_disk(folder):
        with suppress(OSError):
            folder.rmdir()


def _is_own_folder(path: str, place: Path) -> bool:
    if not _fits(path, _FOLDERS):
        return False
    if on_this_disk(place):
        return place.is_dir() and not place.is_symlink()
    with ask_store(place):
        store, name = store_of(place)
        return bool(store.isdir(name))


def _is_own_file(path: str, place: Path) -> bool:
    return is_own(path) and not (on_this_disk(place) and (place.is_dir() or place.is_symlink()))


def _fits(path: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
