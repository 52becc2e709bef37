"""What a published data set is to a reader of folders.

What is here: `Published`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..entries import Corpus

__all__ = ["Published"]


@dataclass(frozen=True)
class Published:
    """A layout that one data set has.

    Parameters
    ----------
    name : str
    sign : str
        What shows it, in words.
    claims : callable
        Tells by the names in a folder whether it is this layout's root.
    read : callable
        Reads that folder.
    table : str, default ""
        The list of its sounds below the root, where it may be given in place of the folder.
    only_asked : bool, default False
        Whether it is a choice from another one, that is read where it is asked for.
    """

    name: str
    sign: str
    claims: Callable[[Mapping[str, Path]], bool]
    read: Callable[[Path], Corpus]
    table: str = ""
    only_asked: bool = False
