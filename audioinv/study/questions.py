"""The questions that `audioinv study` answers, in the order in which they are best read.

What is here: `STUDIES`, `find_study`.
"""

from __future__ import annotations

from ..errors import InputError
from .design import Study
from .frequency_questions import DIMENSION, FREQUENCY, INVARIANCE_WANTED
from .pooling_questions import EQUIVARIANCE, HEAD, NO_POOLING, POOLING
from .time_questions import ANTIALIAS, AUGMENTATION, ORDER

__all__ = ["STUDIES", "find_study"]

_ALL = (
    EQUIVARIANCE,
    POOLING,
    HEAD,
    NO_POOLING,
    DIMENSION,
    ANTIALIAS,
    AUGMENTATION,
    ORDER,
    FREQUENCY,
    INVARIANCE_WANTED,
)
STUDIES: dict[str, Study] = {study.name: study for study in _ALL}
"""By name."""


def find_study(name: str) -> Study:
    """Return a study by its name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> find_study("head").reference
    'average'
    """
    if name not in STUDIES:
        raise InputError(f"study {name!r} is not one of {', '.join(STUDIES)}, all")
    return STUDIES[name]
