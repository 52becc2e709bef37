"""Periods of a response over delay, and what in the network has the same period.

A network that keeps one frame in `r` answers a delay of `r` samples as it answers none, so strides and hops leave their
period in the curve.

Conventions
-----------
Curves are ordered ``(n_clips, n_shifts)`` over delays of equal steps. Periods and steps share a unit. The spectra of
the clips are averaged, not the clips, because each has a phase of its own. A bin is a peak where it stands out of its
neighbours, slope allowed for, by more than chance lets it, over all bins together.

What is here: `CurvePeak`, `find_periods`, `explain_period`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal, special, stats

from ..sweep.room import blocks_of
from .multiplicity import holm

__all__ = ["CurvePeak", "explain_period", "find_periods"]

FloatArray = npt.NDArray[np.floating]

MIN_SHIFTS = 24
MAX_PEAKS = 3
_FIRST_BIN = 2  # what is slower was taken out with the straight line
_NEIGHBOURS = 11
_WORTH = 5  # bins whose mean would tell the level as well as the median of eleven does
_LEVEL = 0.01
_MIN_RATIO = 3.0
_MAX_HARMONIC = 3


@dataclass(frozen=True)
class CurvePeak:
    """One period of a response.

    Parameters
    ----------
    period : float
        In the unit of the delays.
    share : float
        Of the curve's variance, less its straight line, that is in this peak.
    p_value : float
        Chance of a peak as high anywhere in the spectrum, if neighbouring bins were alike; Holm over the bins.
    """

    period: float
    share: float
    p_value: float


def find_periods(curves: FloatArray, step: float, *, n_units: int) -> list[CurvePeak]:
    """Find the periods that stand out in responses over delay.

    Parameters
    ----------
    curves : ndarray of shape (n_clips, n_shifts)
        A clip with ``nan`` is left out.
    step : float
        From one delay to the next. A period below two steps cannot be seen, and folds onto a longer one.
    n_units : int
        Independent clips, or groups of clips, among them.

    Returns
    -------
    list of CurvePeak
        At most three, the strongest first; empty with fewer than 24 delays, or curves that do not vary.

    References
    ----------
    .. [1] Percival & Walden, Spectral Analysis for Physical Applications, 1993, chapter 6 (a periodogram's bins are
       exponential, their mean over units a gamma variable, and the ratio of two such means one of Fisher's F).

    Examples
    --------
    >>> delays = np.arange(64)
    >>> peak, *others = find_periods(np.cos(2 * np.pi * delays / 8)[None] + 0.01 * np.sin(delays**2), 0.5, n_units=1)
    >>> round(peak.period, 2), peak.share > 0.9
    (4.0, True)
    """
    known = curves[~np.isnan(curves).any(axis=1)]
    n_shifts = curves.shape[1]
    if n_shifts < MIN_SHIFTS or not len(known):
        return []
    power = _mean_power(known)[_FIRST_BIN:]
    if not power.sum() > len(power) * np.finfo(float).eps * np.square(known).mean():
        return []
    ratio = _above_neighbours(power)
    median = special.gammaincinv(n_units, 0.5)
    p_values = holm(stats.f.sf(ratio * median, 2 * n_units, 2 * n_units * _WORTH))
    around = np.convolve(power, np.ones(3), mode="same") / power.sum()
    highest = power >= ndimage.maximum_filter(power, 3, mode="nearest")
    peaks = np.flatnonzero(highest & (p_values < _LEVEL) & (ratio > _MIN_RATIO))
    peaks = peaks[np.argsort(-power[peaks])][:MAX_PEAKS]
    return [
        CurvePeak(n_shifts * step / int(index + _FIRST_BIN), float(around[index]), float(p_values[index]))
        for index in peaks
    ]


def _above_neighbours(power: FloatArray) -> FloatArray:
    """Return each bin relative to the median of its neighbours, once a slope of the whole spectrum is taken out."""
    logarithms = np.log(np.maximum(power, power.max() * np.finfo(float).eps ** 2))
    octaves = np.log(np.arange(_FIRST_BIN, _FIRST_BIN + len(power)))
    level = logarithms - stats.theilslopes(logarithms, octaves).slope * octaves  # a slope that no peak bends
    ratio: FloatArray = np.exp(level - ndimage.median_filter(level, _NEIGHBOURS, mode="reflect"))
    return ratio


def _mean_power(curves: FloatArray) -> FloatArray:
    """Return the mean periodogram of curves without their straight line, under a Hann window."""
    hann = signal.windows.hann(curves.shape[1], sym=False)
    spectra = (
        np.fft.rfft(signal.detrend(curves[some].astype(float), axis=1) * hann, axis=1) for some in blocks_of(curves)
    )
    power: FloatArray = np.sum([np.square(np.abs(some)).sum(axis=0) for some in spectra], axis=0) / len(curves)
    return power


def explain_period(period: float, candidates: Mapping[str, float], *, reach: float, step: float) -> str | None:
    """Name what a network was built with that has this period, or a whole fraction of it.

    Parameters
    ----------
    period : float
    candidates : mapping of str to float
        Hop and strides by name, in the unit of the period.
    reach : float
        Of the delays, from first to last: a frequency is known to half of 1 / `reach`.
    step : float
        Candidates that vary faster than the delays can follow, or more slowly than they reach, explain nothing.

    Returns
    -------
    str or None
        ``"hop"``, or ``"hop / 2"`` for its first overtone; None where nothing fits.

    Examples
    --------
    >>> explain_period(10.1, {"hop": 10.0, "stride": 40.0}, reach=200.0, step=1.0)
    'hop'
    >>> explain_period(5.0, {"hop": 10.0}, reach=200.0, step=1.0)
    'hop / 2'
    >>> explain_period(7.0, {"hop": 10.0}, reach=200.0, step=1.0) is None
    True
    """
    for harmonic in range(1, _MAX_HARMONIC + 1):
        for name, built in candidates.items():
            seen = 2 * step <= built / harmonic and built <= reach / 2
            if seen and abs(1 / period - harmonic / built) <= 0.5 / reach:
                return name if harmonic == 1 else f"{name} / {harmonic}"
    return None
