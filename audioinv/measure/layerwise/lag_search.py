"""How far a map moved, and what that says about the stride of its layer.

Conventions
-----------
As in `measure.layerwise.equivariance`: maps are ``(..., n_steps)``, a lag is in steps of the map, `inner` is the range
of steps that the border of the input does not reach.

What is here: `LagFit`, `best_lag`, `stride_candidates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from .equivariance import Inner, equivariance_error, kept_steps, moved_along, relative_error

__all__ = ["LagFit", "best_lag", "stride_candidates"]

FloatArray = npt.NDArray[np.floating]

_FRACTIONS = np.arange(-7, 8) / 8
_SEARCH_ROWS = 64  # of a map, enough to place a fraction of a step


@dataclass(frozen=True)
class LagFit:
    """A lag, and how well a map is explained by it.

    Parameters
    ----------
    lag : float
        In steps of the map.
    error : float
        Relative equivariance error at this lag.
    """

    lag: float
    error: float


def best_lag(shifted: FloatArray, reference: FloatArray, inner: Inner = None) -> tuple[LagFit, LagFit]:
    """Search the lag at which the reference explains the shifted map best: #22 at the best lag.

    Whole lags are searched up to half the map, or half of its inner steps; then eighths of a step around the best.

    Parameters
    ----------
    shifted, reference : ndarray of shape (..., n_steps)
    inner : (int, int), optional

    Returns
    -------
    (LagFit, LagFit)
        The best whole lag, and the best of all; of equally good ones the shortest. ``nan`` for a map without values.

    Examples
    --------
    >>> click = np.eye(1, 16, 5)
    >>> best_lag(np.roll(click, 3, axis=-1), click)
    (LagFit(lag=3.0, error=0.0), LagFit(lag=3.0, error=0.0))
    """
    n_steps = reference.shape[-1]
    lags = np.array(sorted(range(-(n_steps // 2), n_steps // 2 + 1), key=abs))
    if inner is not None:
        lags = lags[2 * np.abs(lags) <= inner[1] - inner[0]]
    errors = _squared_errors(shifted, reference, inner)[lags]
    if not np.isfinite(errors).any():
        return LagFit(np.nan, np.nan), LagFit(np.nan, np.nan)
    coarse = float(lags[np.argmax(errors < np.nanmin(errors) + 1e-12)])
    whole = LagFit(coarse, equivariance_error(shifted, reference, coarse, inner))
    return whole, _refined(shifted, reference, whole, inner)


def _squared_errors(shifted: FloatArray, reference: FloatArray, inner: Inner) -> FloatArray:
    """Return squared relative errors at every whole lag, negative ones counted from the end.

    The sum of squared differences at a lag is a sum of three correlations, which the DFT gives at all lags at once.
    """
    n_steps = reference.shape[-1]
    size = n_steps if inner is None else 2 * n_steps
    mask = np.zeros(n_steps)
    mask[slice(*inner) if inner else slice(None)] = 1.0
    before = reference.reshape(-1, n_steps).astype(np.float64) * mask
    after = shifted.reshape(-1, n_steps).astype(np.float64) * mask

    def spectrum(rows: FloatArray) -> npt.NDArray[np.complexfloating]:
        return np.asarray(np.fft.rfft(rows, size))

    cross = (spectrum(after) * spectrum(before).conj()).sum(0)
    energy_after = spectrum((after**2).sum(0)) * spectrum(mask).conj()
    energy_before = spectrum(mask) * spectrum((before**2).sum(0)).conj()
    numerator = np.fft.irfft(energy_after + energy_before - 2 * cross, size)
    denominator = np.fft.irfft(energy_before, size)
    audible = denominator > 1e-12 * denominator.max()
    errors = np.full(size, np.nan)
    np.divide(np.maximum(numerator, 0), denominator, out=errors, where=audible)
    return errors


def _refined(shifted: FloatArray, reference: FloatArray, whole: LagFit, inner: Inner) -> LagFit:
    """Try eighths of a step around a whole lag, on some of the rows."""
    n_steps = reference.shape[-1]
    rows = np.linspace(0, reference.size // n_steps - 1, min(_SEARCH_ROWS, reference.size // n_steps)).astype(int)
    before, after = reference.reshape(-1, n_steps)[rows], shifted.reshape(-1, n_steps)[rows]
    lags = whole.lag + _FRACTIONS
    moved = moved_along(before, lags[:, None])
    errors = [
        relative_error(after[:, kept], expected[:, kept])
        for lag, expected in zip(lags, moved, strict=True)
        for kept in [kept_steps(inner, n_steps, lag)]
    ]
    if not np.isfinite(errors).any():
        return whole
    lag = float(lags[int(np.nanargmin(errors))])
    fit = LagFit(lag, equivariance_error(shifted, reference, lag, inner))
    return fit if fit.error < whole.error else whole


def stride_candidates(n_input: int, n_steps: int, before: Sequence[tuple[int, int]]) -> list[int]:
    """Return the strides that a map's size allows, the likeliest first.

    Parameters
    ----------
    n_input : int
        Steps of the input.
    n_steps : int
        Steps of the map; more than one.
    before : sequence of (int, int)
        Stride and size of the maps that came before, the input's ``(1, n_input)`` first.

    Returns
    -------
    list of int
        Multiples of the stride of the last map before that was no smaller, as strides multiply along a network.
        Rounding at the border makes a size fit several.

    Examples
    --------
    >>> stride_candidates(16000, 126, [(1, 16000)])
    [127, 126, 128]
    >>> stride_candidates(16000, 63, [(1, 16000), (128, 126)])
    [256]
    """
    stride, size = next((found for found in reversed(before) if found[1] >= n_steps), (1, n_input))
    likeliest = stride * size / n_steps
    fewest, most = n_input / (n_steps + 1), n_input / (n_steps - 1)
    multiples = [stride * k for k in range(1, ceil(most / stride) + 1) if fewest <= stride * k <= most]
    return sorted(multiples or [stride * max(1, round(size / n_steps))], key=lambda found: abs(found - likeliest))
