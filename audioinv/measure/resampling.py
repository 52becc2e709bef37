"""What a bootstrap of clips resamples, how it draws, and which percentiles it reads.

Conventions
-----------
A *unit* is what is drawn with replacement: the group that clips share, or the clip. Tables are ordered
``(n_clips, n_points)``; what is drawn are sums over the clips of a unit, so that one draw moves whole groups.

What is here: `MIN_GROUPS`, `Sample`, `take_sample`, `resampled_sums`, `tail_probability`, `unseen_share`,
`same_clips`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from ..errors import InputError

__all__ = [
    "MIN_GROUPS",
    "Sample",
    "Unit",
    "resampled_sums",
    "same_clips",
    "tail_probability",
    "take_sample",
    "unseen_share",
]

FloatArray = npt.NDArray[np.float64]
Unit = Literal["group", "clip"]
Rows = TypeVar("Rows", FloatArray, sparse.csr_array)

MIN_GROUPS = 10
_MAX_WEIGHTS = 1 << 22  # weights held at once: 32 MiB
_COLUMNS = 16  # by which rows are told apart at once


@dataclass(frozen=True, eq=False)
class Sample:
    """The clips that have a value, and the unit that each of them belongs to.

    Parameters
    ----------
    values : ndarray of shape (n, n_points)
        Without ``nan``.
    codes : ndarray of shape (n,)
        The unit of each clip, from 0 to `n_units` - 1.
    n_units, n_groups : int
        Units to draw from, and groups among the clips.
    unit : {"group", "clip"}
    n_undefined : int
        Clips left out because they had no value.
    """

    values: FloatArray
    codes: npt.NDArray[np.intp]
    n_units: int
    n_groups: int
    unit: Unit
    n_undefined: int

    @property
    def n(self) -> int:
        """Clips that have a value."""
        return len(self.values)

    def per_unit(self, columns: Rows) -> Rows:
        """Sum columns over the clips of each unit.

        Parameters
        ----------
        columns : ndarray or sparse array of shape (n, n_columns)

        Returns
        -------
        ndarray or sparse array of shape (n_units, n_columns)
            The columns themselves, where each clip is a unit.
        """
        if self.unit == "clip":
            return columns
        if isinstance(columns, sparse.csr_array):
            places = (self.codes, np.arange(self.n))
            summed: Rows = sparse.csr_array((np.ones(self.n), places), (self.n_units, self.n)) @ columns
            return summed
        sums = np.zeros((self.n_units, columns.shape[1]))
        np.add.at(sums, self.codes, columns)
        return sums


def take_sample(values: npt.ArrayLike, groups: npt.ArrayLike | None, *, min_groups: int = MIN_GROUPS) -> Sample:
    """Leave clips without a value out, and decide what is resampled.

    Groups are, unless there are none or fewer than `min_groups` of them although there are more clips.

    Parameters
    ----------
    values : array of shape (n_clips, n_points)
        A clip with ``nan`` at any point is left out.
    groups : array of shape (n_clips,), optional
    min_groups : int, default `MIN_GROUPS`

    Returns
    -------
    Sample

    Raises
    ------
    InputError
        If lengths disagree.

    Examples
    --------
    >>> sample = take_sample([[1.0], [np.nan], [0.0]], ["kit 1", "kit 1", "kit 1"])
    >>> sample.unit, sample.n, sample.n_groups, sample.n_undefined
    ('clip', 2, 1, 1)
    """
    table = np.asarray(values, dtype=float)
    names = np.arange(len(table)) if groups is None else np.asarray(groups)
    if names.shape != table.shape[:1]:
        raise InputError(f"{len(table)} values but groups of shape {names.shape}; every clip needs one group")
    defined = ~np.isnan(table).any(axis=1)
    n = int(defined.sum())
    found, codes = np.unique(names[defined], return_inverse=True)
    by_clip = groups is None or (len(found) < min_groups and n > len(found))
    return Sample(
        values=table[defined],
        codes=np.arange(n) if by_clip else codes,
        n_units=n if by_clip else len(found),
        n_groups=len(found),
        unit="clip" if by_clip else "group",
        n_undefined=len(table) - n,
    )


def resampled_sums(rows: FloatArray | sparse.csr_array, rng: np.random.Generator, n_resamples: int) -> FloatArray:
    """Totals of rows drawn with replacement, as many as there are.

    Equal rows are interchangeable, so it is enough to draw how often each kind of row comes up. The totals then
    do not depend on the order of the rows either.

    Parameters
    ----------
    rows : ndarray or sparse array of shape (n_units, n_columns)
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    ndarray of shape (n_resamples, n_columns)

    Examples
    --------
    >>> resampled_sums(np.array([[2.0], [2.0], [2.0]]), np.random.default_rng(0), 2)
    array([[6.],
           [6.]])
    """
    n_units = rows.shape[0]
    places, n_of_kind = _kinds(rows)
    kinds, share = rows[places], n_of_kind / n_units
    at_once = max(1, _MAX_WEIGHTS // len(places))
    parts = [min(at_once, n_resamples - start) for start in range(0, n_resamples, at_once)]
    return np.concatenate([rng.multinomial(n_units, share, size=part).astype(float) @ kinds for part in parts])


def _kinds(rows: FloatArray | sparse.csr_array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where the different rows stand, in their own order, and how often there is each.

    Some columns are looked at after the others: where they tell all rows apart, the rest need not be.
    """
    n_units, n_columns = rows.shape
    kind_of = order = np.zeros(n_units, np.intp)
    differs = np.zeros(n_units, np.bool_)
    for at in range(0, n_columns, _COLUMNS):
        some = rows[:, at : at + _COLUMNS]
        table = some.toarray() if isinstance(some, sparse.csr_array) else some
        order = np.lexsort((*table.T[::-1], kind_of))
        ahead, behind = order[:-1], order[1:]
        differs[1:] = (kind_of[ahead] != kind_of[behind]) | (table[ahead] != table[behind]).any(axis=1)
        kind_of = np.empty_like(order)
        kind_of[order] = np.cumsum(differs)
        if differs[1:].all():
            break
    differs[:1] = True
    return order[differs], np.bincount(kind_of)


def tail_probability(n_units: float, confidence: float) -> float:
    """Probability below the lower percentile of a bootstrap of few units.

    Parameters
    ----------
    n_units : float
        Above 1: one more than the degrees of freedom, which need not be whole.
    confidence : float

    Returns
    -------
    float
        Below (1 - `confidence`) / 2, and near it for many units.

    References
    ----------
    .. [1] Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015
       (expanded percentiles).

    Examples
    --------
    >>> round(tail_probability(10, 0.95), 4), round(tail_probability(1000, 0.95), 4)
    (0.0086, 0.0248)
    """
    student = stats.t.ppf((1 - confidence) / 2, n_units - 1)
    return float(stats.norm.cdf(np.sqrt(n_units / (n_units - 1)) * student))


def unseen_share(n_units: int, confidence: float) -> float:
    """Largest share of different units that a sample of equal ones may have missed (rule of three).

    If a share u of all units is different, `n_units` show none of them with probability (1 - u)^n_units.

    Parameters
    ----------
    n_units : int
    confidence : float

    Returns
    -------
    float

    References
    ----------
    .. [1] Clopper & Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26, 1934 (no failure seen).

    Examples
    --------
    >>> round(unseen_share(12, 0.95), 3)
    0.265
    """
    return float(1 - ((1 - confidence) / 2) ** (1 / n_units))


def same_clips(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two columns as arrays.

    Parameters
    ----------
    a, b : array of shape (n_clips,)

    Returns
    -------
    a : ndarray of shape (n_clips,), float64
    b : ndarray of shape (n_clips,), float64

    Raises
    ------
    InputError
        If they cannot be of the same clips.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape:
        raise InputError(f"columns of shapes {first.shape} and {second.shape}; both need one value for each clip")
    return first, second
