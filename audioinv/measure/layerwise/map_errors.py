"""How the map of a shifted clip differs from that of the clip: every error of one layer at one shift.

Conventions
-----------
As in `equivariance`, next door. A number that is undefined is ``nan``.

What is here: `MapErrors`, `compare_maps`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .equivariance import (
    Inner,
    aligned_pair,
    commutation_error,
    cosine_distance,
    framewise_agreement,
    max_error,
    psnr_db,
    relative_error,
)
from .lag_search import best_lag

__all__ = ["MapErrors", "compare_maps"]

FloatArray = npt.NDArray[np.floating]

_NAN = float("nan")


@dataclass(frozen=True)
class MapErrors:
    """How the map of a shifted clip differs from that of the clip.

    Parameters
    ----------
    invariance_error, invariance_error_max, cosine_distance : float
        To the map as it stood: Euclidean, largest value, angle (#21).
    expected_lag : float
        Shift by stride, in steps of the map; ``nan`` for a layer without the axis, as is all that follows.
    equivariance_error, psnr_db, framewise_agreement : float
        To the map moved by the expected lag (#22, #23, #32), away from the border; agreement at whole lags only.
    commutation_error : float
        The same on the whole map, wrapped around, in the maximum norm (#33): what the border does as well.
    whole_lag, whole_lag_error, best_lag, best_lag_error : float
        The whole lag that fits best, the lag that does, and the equivariance errors there (#22).
    """

    invariance_error: float
    invariance_error_max: float
    cosine_distance: float
    expected_lag: float = _NAN
    equivariance_error: float = _NAN
    psnr_db: float = _NAN
    framewise_agreement: float = _NAN
    commutation_error: float = _NAN
    whole_lag: float = _NAN
    whole_lag_error: float = _NAN
    best_lag: float = _NAN
    best_lag_error: float = _NAN


def compare_maps(shifted: FloatArray, reference: FloatArray, lag: float, inner: Inner = None) -> MapErrors:
    """Compare the map of a shifted clip with that of the clip.

    Parameters
    ----------
    shifted, reference : ndarray of shape (..., n_steps)
    lag : float
        Expected; ``nan`` for a layer that has no axis to move along.
    inner : (int, int), optional
        Steps that the border does not reach.

    Returns
    -------
    MapErrors

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = rng.standard_normal((3, 16))
    >>> errors = compare_maps(np.roll(reference, 2, axis=-1), reference, 2.0)
    >>> errors.equivariance_error, errors.best_lag, errors.framewise_agreement
    (0.0, 2.0, 1.0)
    """
    found, expected = shifted.astype(np.float64), reference.astype(np.float64)
    stays = relative_error(found, expected), max_error(found, expected), cosine_distance(found, expected)
    if lag != lag:
        return MapErrors(*stays)
    pair = aligned_pair(found, expected, lag, inner)
    whole, best = best_lag(found, expected, inner)
    return MapErrors(
        *stays,
        expected_lag=lag,
        equivariance_error=relative_error(*pair),
        psnr_db=psnr_db(*pair),
        framewise_agreement=framewise_agreement(*pair) if lag == round(lag) else _NAN,
        commutation_error=commutation_error(found, expected, lag),
        whole_lag=whole.lag,
        whole_lag_error=whole.error,
        best_lag=best.lag,
        best_lag_error=best.error,
    )
