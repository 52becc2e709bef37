"""Shares of one run, done apart from each other: what each says of itself, and whether they make a whole.

Conventions
-----------
A share is every N-th unit of the corpus. Its folder holds the parts and, once all of them are there, ``shard.json``:
which share it is, the command that it is a share of, and the clips that nobody could finish. Shares are joined where
the sounds and the models are at hand, because each part is held against the sound that it is of.

What is here: `Shard`, `write_shard`, `find_shard`, `read_shards`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, InputError
from ..sound.whole_files import find_folder, names_in, read_whole, write_whole
from .belongings import PARTS, SHARD
from .declared import UNREADABLE, why
from .documents import check_document
from .results_folder import check_there
from .seal import sealed, unsealed

__all__ = ["Shard", "find_shard", "read_shards", "write_shard"]


@dataclass(frozen=True)
class Shard:
    """A share of a run that is done.

    Parameters
    ----------
    number, n_shards : int
        Which of how many, from 1.
    recipe : str
        Of the run.
    inputs : tuple of str
        As typed.
    options : mapping of str to str, number or list
        As typed, by name.
    given_up : tuple of str
        Clips that nobody could finish.
    """

    number: int
    n_shards: int
    recipe: str
    inputs: tuple[str, ...]
    options: Mapping[str, Any]
    given_up: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.n_shards:
            raise InputError(f"shard {self.number}/{self.n_shards} must be I/N with I from 1 to N")
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "given_up", tuple(self.given_up))

    def __str__(self) -> str:
        return f"{self.number}/{self.n_shards}"


def write_shard(folder: Path, shard: Shard) -> None:
    """Write what a share says of itself.

    Parameters
    ----------
    folder : Path
        Of the share.
    shard : Shard
    """
    write_whole(folder / SHARD, sealed(asdict(shard), folder / SHARD))


def read_shards(folders: Sequence[Path]) -> tuple[Shard, ...]:
    """Read shares, and refuse those that do not make one whole.

    Parameters
    ----------
    folders : sequence of Path

    Returns
    -------
    tuple of Shard
        One for each folder.

    Raises
    ------
    InputError
        If a share is missing, stands twice, or is of another run.
    CheckpointError
        If a folder is no share, or not finished.
    """
    folders = [find_folder(folder) for folder in folders]
    shards = tuple(_read(folder) for folder in folders)
    first, places = shards[0], dict[int, Path]()
    for folder, shard in zip(folders, shards, strict=True):
        if (shard.recipe, shard.n_shards) != (first.recipe, first.n_shards):
            raise InputError(
                f"{folder} (shard {shard}) and {folders[0]} (shard {first}) are of different runs: parameters, models, "
                "versions or the number of shards differ"
            )
        if shard.number in places:
            raise InputError(f"shard {shard} stands twice, in {places[shard.number]} and {folder}; give one of them")
        places[shard.number] = folder
    missing = [str(number) for number in range(1, first.n_shards + 1) if number not in places]
    if missing:
        raise InputError(f"of {first.n_shards} shards {', '.join(missing)} missing; give all of them")
    return shards


def find_shard(folder: Path) -> Shard | None:
    """Read what a share says of itself, if it is finished.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Shard or None

    Raises
    ------
    CheckpointError
        If it is damaged.
    """
    path = folder / SHARD
    content = read_whole(path)
    if content is None:
        return None
    try:
        shard = Shard(**unsealed(content, path))
    except UNREADABLE as error:
        raise CheckpointError(f"{path} is damaged ({why(error)}); give the command of this shard again") from error
    check_document(shard, Shard, path)
    return shard


def _read(folder: Path) -> Shard:
    check_there(folder, "audioinv analyze --shard")
    shard = find_shard(folder)
    if shard is None:
        begun = PARTS in names_in(folder)
        state = "is a shard that is not finished; give its command again" if begun else "is no shard"
        raise CheckpointError(f"{folder} {state} ({SHARD} is missing)")
    return shard
