"""Whether a layer's map stays, or moves along, when its input is shifted: errors of invariance and of equivariance.

Conventions
-----------
`reference` is the map of the unshifted input, `shifted` that of the input shifted by s steps. Both are
``(..., n_steps)``, the last axis being the one that is shifted along. A *lag* is how far the map moved, in steps of
the map, later or upwards being positive; a layer of stride r is expected to move by s / r. A lag that is not whole is
applied as a band-limited delay [1]_. `inner` is the half-open range of steps that the border of the input does not
reach: a step is compared where both it and the step it came from lie inside. None compares the whole map, wrapped
around. Errors are relative, 0 is best, and ``nan`` where there is nothing to compare or nothing to be relative to.
Numbers after # count the catalogue of definitions.

What is here: `relative_error`, `max_error`, `cosine_distance`; `aligned_pair`, `psnr_db`, `framewise_agreement`;
`equivariance_error`, `commutation_error`; `inner_steps`, `kept_steps`, `moved_along`.

References
----------
.. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 8.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np
import numpy.typing as npt

from ...sound.shifts import time_shift

__all__ = [
    "Inner",
    "aligned_pair",
    "commutation_error",
    "cosine_distance",
    "equivariance_error",
    "framewise_agreement",
    "inner_steps",
    "kept_steps",
    "max_error",
    "moved_along",
    "psnr_db",
    "relative_error",
]

FloatArray = npt.NDArray[np.floating]
Inner = tuple[int, int] | None


def relative_error(found: FloatArray, expected: FloatArray) -> float:
    """Euclidean distance relative to the norm of what is expected: #21, and #22 after alignment.

    Parameters
    ----------
    found, expected : ndarray of the same shape

    Returns
    -------
    float
        ``nan`` where `expected` is 0 throughout, or empty.

    References
    ----------
    .. [1] Mallat, Group invariant scattering, 2012.

    Examples
    --------
    >>> relative_error(np.array([3.0, 4.0]), np.array([0.0, 4.0]))
    0.75
    """
    return _ratio(np.linalg.norm((found - expected).ravel()), np.linalg.norm(expected.ravel()))


def max_error(found: FloatArray, expected: FloatArray) -> float:
    """Largest difference relative to the largest value that is expected: #21 in the maximum norm.

    Parameters
    ----------
    found, expected : ndarray of the same shape

    Returns
    -------
    float
        ``nan`` where `expected` is 0 throughout, or empty.

    Examples
    --------
    >>> max_error(np.array([3.0, 4.0]), np.array([0.0, 4.0]))
    0.75
    """
    return _ratio(np.abs(found - expected).max(initial=0.0), np.abs(expected).max(initial=0.0))


def cosine_distance(found: FloatArray, expected: FloatArray) -> float:
    """One minus the cosine of the angle between two maps: #21 blind to a change of level.

    Parameters
    ----------
    found, expected : ndarray of the same shape

    Returns
    -------
    float
        0 to 2; ``nan`` where either is 0 throughout.

    Examples
    --------
    >>> cosine_distance(np.array([2.0, 0.0]), np.array([1.0, 0.0]))
    0.0
    """
    sizes = [float(np.linalg.norm(side.ravel())) for side in (found, expected)]
    if not all(sizes):
        return float("nan")
    # Half the squared distance on the unit sphere is the same number, and exactly 0 for equal maps.
    return float(((found / sizes[0] - expected / sizes[1]) ** 2).sum() / 2)


def _ratio(part: float | np.floating, whole: float | np.floating) -> float:
    return float(part) / float(whole) if whole else float("nan")


def inner_steps(touched: npt.NDArray[np.bool_]) -> Inner:
    """Return the longest run of steps that the border does not reach.

    Parameters
    ----------
    touched : ndarray of shape (n_steps,), bool
        Where the map changes when the sound at the border of the input does.

    Returns
    -------
    (int, int) or None
        First step and one past the last; None if the border reaches every step.

    Examples
    --------
    >>> inner_steps(np.array([True, False, False, True]))
    (1, 3)
    """
    edges = np.flatnonzero(np.concatenate([[True], touched, [True]]))
    longest = int(np.argmax(np.diff(edges)))
    first, last = int(edges[longest]), int(edges[longest + 1]) - 1
    return (first, last) if last > first else None


def kept_steps(inner: Inner, n_steps: int, lags: float | FloatArray) -> slice:
    """Return the steps of a shifted map that can be compared at a lag, or at each of several.

    Parameters
    ----------
    inner : (int, int) or None
        Steps that the border does not reach; None for all, wrapped around.
    n_steps : int
    lags : float or ndarray
        In steps.

    Returns
    -------
    slice
        Empty if no step and its origin lie inside.

    Examples
    --------
    >>> kept_steps((2, 10), 12, 1.5), kept_steps((2, 10), 12, -1), kept_steps(None, 12, 3)
    (slice(4, 10, None), slice(2, 9, None), slice(0, 12, None))
    """
    if inner is None:
        return slice(0, n_steps)
    first = inner[0] + max(0, ceil(np.max(lags)))
    return slice(first, max(first, inner[1] + min(0, floor(np.min(lags)))))


def moved_along(maps: FloatArray, lag: float | FloatArray) -> FloatArray:
    """Move maps by a lag, wrapped around; by the opposite lag, undo the shift of a map as same-equivariance (#27) asks.

    Parameters
    ----------
    maps : ndarray of shape (..., n_steps)
    lag : float or ndarray
        That broadcasts against the leading axes.

    Returns
    -------
    ndarray of shape (..., n_steps)

    Examples
    --------
    >>> moved_along(np.array([1.0, 2.0, 3.0]), 1)
    array([3., 1., 2.])
    """
    moved: FloatArray = time_shift(np.asarray(maps, dtype=np.float64), lag, edges="circular")
    return moved


def aligned_pair(
    shifted: FloatArray, reference: FloatArray, lag: float, inner: Inner = None
) -> tuple[FloatArray, FloatArray]:
    """Return what can be compared of a shifted map, and the reference moved by a lag beside it.

    Parameters
    ----------
    shifted, reference : ndarray of shape (..., n_steps)
    lag : float
        Expected is the shift divided by the stride.
    inner : (int, int), optional
        Steps that the border does not reach; all, wrapped around, if not given.

    Returns
    -------
    (ndarray, ndarray)
        What was found and what was expected, of the same shape; empty if no step and its origin lie inside.

    Examples
    --------
    >>> aligned_pair(np.array([9.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0]), 1, (0, 3))
    (array([1., 2.]), array([1., 2.]))
    """
    kept = kept_steps(inner, reference.shape[-1], lag)
    return shifted[..., kept].astype(np.float64), moved_along(reference, lag)[..., kept]


def equivariance_error(shifted: FloatArray, reference: FloatArray, lag: float, inner: Inner = None) -> float:
    """Relative distance between the map of the shifted input and the map moved by a lag: #22.

    Parameters
    ----------
    shifted, reference : ndarray of shape (..., n_steps)
    lag : float
        Expected is the shift divided by the stride.
    inner : (int, int), optional
        Steps that the border does not reach; all, wrapped around, if not given.

    Returns
    -------
    float
        ``nan`` where no step can be compared, or the map is 0.

    References
    ----------
    .. [1] Karras et al., Alias-Free Generative Adversarial Networks, 2021 (EQ-T).

    Examples
    --------
    >>> reference = np.array([1.0, 2.0, 4.0])
    >>> equivariance_error(np.roll(reference, 1), reference, 1), equivariance_error(reference, reference, 0)
    (0.0, 0.0)
    """
    return relative_error(*aligned_pair(shifted, reference, lag, inner))


def psnr_db(found: FloatArray, expected: FloatArray) -> float:
    """Peak signal-to-noise ratio of an aligned pair: #23, the EQ-T form of #22.

    Parameters
    ----------
    found, expected : ndarray of the same shape
        From `aligned_pair`.

    Returns
    -------
    float
        ``10 log10(range² / mean square error)``, the range being that of `expected`. ``nan`` where the error is 0, as
        no finite ratio stands for it, or the range is.

    References
    ----------
    .. [1] Karras et al., Alias-Free Generative Adversarial Networks, 2021.

    Examples
    --------
    >>> round(psnr_db(np.array([0.0, 0.9, 0.0, 0.1]), np.array([0.0, 1.0, 0.0, 0.0])), 1)
    23.0
    """
    if not expected.size:
        return float("nan")
    error, peak = float(np.mean((found - expected) ** 2)), float(np.ptp(expected))
    return float(10 * np.log10(peak**2 / error)) if error and peak else float("nan")


def framewise_agreement(found: FloatArray, expected: FloatArray) -> float:
    """Share of places of an aligned pair at which the same channel is the strongest: #32.

    Parameters
    ----------
    found, expected : ndarray of shape (n_channels, ..., n_steps)
        From `aligned_pair`.

    Returns
    -------
    float
        ``nan`` with a single channel or nothing to compare.

    References
    ----------
    .. [1] Rojas-Gomez et al., Learnable Polyphase Sampling, 2022 (mASSC).

    Examples
    --------
    >>> scores = np.array([[0.9, 0.2, 0.4], [0.1, 0.8, 0.6]])
    >>> framewise_agreement(scores, scores), framewise_agreement(scores[::-1], scores)
    (1.0, 0.0)
    """
    if expected.ndim < 2 or len(expected) < 2 or not expected.size:
        return float("nan")
    return float((found.argmax(0) == expected.argmax(0)).mean())


def commutation_error(shifted: FloatArray, reference: FloatArray, lag: float) -> float:
    """Largest difference on the whole map, wrapped around, relative to its peak: #33.

    Where `equivariance_error` sets the border aside, this one shows what it does.

    Parameters
    ----------
    shifted, reference : ndarray of shape (..., n_steps)
    lag : float

    Returns
    -------
    float
        0 to rounding for a circular convolution; ``nan`` where the map is 0.

    Examples
    --------
    >>> commutation_error(np.array([4.0, 1.0, 2.5]), np.array([1.0, 2.0, 4.0]), 1)
    0.125
    """
    return max_error(*aligned_pair(shifted, reference, lag))
