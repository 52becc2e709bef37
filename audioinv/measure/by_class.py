"""Which classes a shift moves more than others, told so that it holds for all classes together.

Conventions
-----------
One value a clip, between 0 and 1 (a difference of two: -1 and 1), and the class of each clip by its index, -1 for none.
Several classes are looked at together, and the more there are the likelier one stands out by chance: flags are
simultaneous (Bonferroni), p values adjusted (Benjamini and Hochberg).

What is here: `ClassEstimate`, `estimate_classes`, `compare_classes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .multiplicity import benjamini_hochberg
from .pairing import sign_flip_test
from .statistics import Estimate, estimate_mean

__all__ = ["ClassEstimate", "compare_classes", "estimate_classes"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class ClassEstimate:
    """The average of one class, and whether it differs from that of the other clips.

    Parameters
    ----------
    name : str
    estimate : Estimate
        With its own 95 % interval.
    stands_out : {"below", "above", "no"}
        On which side of the clips of other classes: where the intervals of the differences, wide enough to hold for all
        classes together at 95 %, leave 0 out. A class of too few groups for an interval over them never does.
    """

    name: str
    estimate: Estimate
    stands_out: str


def estimate_classes(
    values: FloatArray,
    classes: IntArray,
    names: Sequence[str],
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
) -> tuple[ClassEstimate, ...]:
    """Average a measure within each class, and flag the classes that differ from the rest.

    Parameters
    ----------
    values : ndarray of shape (n_clips,)
        Between 0 and 1; clips with ``nan`` are left out.
    classes : ndarray of shape (n_clips,), int
        Index into `names`; clips with -1 are left out.
    names : sequence of str
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator

    Returns
    -------
    tuple of ClassEstimate
        Of the classes that have clips, in the order of `names`.

    References
    ----------
    .. [1] Newcombe, Interval Estimation for the Difference between Independent Proportions, Statistics in Medicine 17,
       1998 (method 10: a difference from the intervals of both sides).

    Examples
    --------
    >>> values = np.repeat([1.0, 0.9, 0.2], 20) - np.tile([0.0, 0.1], 30)
    >>> found = estimate_classes(
    ...     values, np.repeat([0, 1, 2], 20), ("hat", "kick", "snare"), None, rng=np.random.default_rng(0)
    ... )
    >>> [(one.name, one.stands_out) for one in found]
    [('hat', 'above'), ('kick', 'above'), ('snare', 'below')]
    """
    known = (classes >= 0) & ~np.isnan(values)
    found = np.unique(classes[known])
    codes = None if groups is None else np.asarray(groups)

    def average(rows: npt.NDArray[np.bool_], confidence: float) -> Estimate:
        return estimate_mean(values[rows], None if codes is None else codes[rows], rng=rng, confidence=confidence)

    def side(index: np.intp) -> str:
        together = 1 - 0.05 / len(found)
        one, rest = (average(known & rows, together) for rows in (classes == index, classes != index))
        return "no" if codes is not None and one.unit == "clip" else _side(one, rest)

    return tuple(
        ClassEstimate(name=names[index], estimate=average(known & (classes == index), 0.95), stands_out=side(index))
        for index in found
    )


def _side(one: Estimate, rest: Estimate) -> str:
    """Tell on which side of the rest an average lies, if the interval of the difference leaves 0 out."""
    difference = one.value - rest.value
    low = difference - np.hypot(one.value - one.low, rest.high - rest.value)
    high = difference + np.hypot(one.high - one.value, rest.value - rest.low)
    return "above" if low > 0 else "below" if high < 0 else "no"


def compare_classes(
    differences: FloatArray,
    classes: IntArray,
    n_classes: int,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
) -> FloatArray:
    """Test within each class whether two models differ on its clips.

    Parameters
    ----------
    differences : ndarray of shape (n_clips,)
    classes : ndarray of shape (n_clips,), int
    n_classes : int
    groups : array of shape (n_clips,), optional
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_classes,)
        p values of sign-flip tests, adjusted by Benjamini and Hochberg; ``nan`` for a class without clips.

    Examples
    --------
    >>> better, equal = np.full(8, 0.25), np.tile([0.1, -0.1], 4)
    >>> of_classes = np.repeat([0, 2], 8)
    >>> compare_classes(np.append(better, equal), of_classes, 3, None, rng=np.random.default_rng(0)).round(3)
    array([0.016,   nan, 1.   ])
    """
    codes = None if groups is None else np.asarray(groups)
    p_values = [
        float(sign_flip_test(differences[rows], None if codes is None else codes[rows], rng=rng))
        for rows in (classes == index for index in range(n_classes))
    ]
    return benjamini_hochberg(p_values)
