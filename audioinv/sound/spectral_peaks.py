"""Peaks of a spectrum near the places where they are expected: how partials are found.

Conventions
-----------
Rows are sounds, ``(n_rows, n_samples)``; places and peaks are of shape ``(n_rows, n_partials)``, ``nan`` where there is
none. Frequencies are in hertz, levels in decibels of a sine of full scale. A peak is the highest value of the
Hann-windowed, zero-padded spectrum near its place; its frequency and level are those of a parabola through the three
highest values in decibels.

What is here: `find_peaks`, `hann_window`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

__all__ = ["MAIN_LOBE_BINS", "SEARCH_RATIO", "find_peaks", "hann_window"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

SEARCH_RATIO = 0.03
"""A partial is searched within 3 % (51 cents) of its expected place, …"""
SEARCH_GAP = 0.4
"""… and never farther than 0.4 of the way to the nearest other expected place."""
MAIN_LOBE_BINS = 2.0
"""Half the width of a Hann window's main lobe: no place is searched more narrowly, if neighbours allow."""
FLOOR_DISTANCE_DB = 15.0
"""A peak counts if it rises this far above the median of its surroundings (noise: fewer than one place in 10,000), …"""
SOUND_DISTANCE_DB = 60.0
"""… is not weaker than this, compared with the sound as a whole, …"""
SHARPEST_DB = 15.0
"""… and one DFT bin away has not fallen by more: 5.6 in a Hann window's main lobe, over 40 in a side lobe."""
ZERO_PADDING = 3
"""Fine enough to tell a side lobe, one DFT bin wide, from a main lobe wherever the samples fall."""
N_SURROUNDINGS = 65
CHUNK_VALUES = 2**18


@dataclass(frozen=True, eq=False)
class _Search:
    """Where to look in the zero-padded spectra: all in bins, of shape (n_rows, n_partials)."""

    centre: FloatArray
    radius: FloatArray
    half_gap: FloatArray


def find_peaks(rows: npt.NDArray[np.floating], sample_rate: int, places: FloatArray) -> FloatArray:
    """Measure the peaks of each row, as many rows at once as stay in the cache.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_samples)
    sample_rate : int
        In hertz.
    places : ndarray of shape (n_rows, n_partials)
        Where to look; nan for a peak not to be looked for.

    Returns
    -------
    ndarray of shape (2, n_rows, n_partials)
        Frequencies and levels; nan where there is no peak.
    """
    n_fft = scipy.fft.next_fast_len(ZERO_PADDING * rows.shape[-1], real=True)
    step = max(1, CHUNK_VALUES // n_fft)
    starts = range(0, len(rows), step)
    parts = [_peaks(rows[i : i + step], sample_rate, places[i : i + step], n_fft) for i in starts]
    return np.concatenate(parts, axis=1) if parts else np.zeros((2, *places.shape))


def _peaks(rows: npt.NDArray[np.floating], sample_rate: int, places: FloatArray, n_fft: int) -> FloatArray:
    """Frequencies and levels of the partials of each row, of shape (2, n_rows, n_partials)."""
    n_samples = rows.shape[-1]
    padding = n_fft / n_samples
    window = hann_window(n_samples).astype(rows.dtype)
    windowed = rows * window
    spectra = scipy.fft.rfft(windowed, n_fft) * rows.dtype.type(2.0 / window.sum())
    search = _search(places, sample_rate / n_fft, padding, n_fft // 2)
    peak = _highest(spectra, search)
    left, top, right = (_level_db(spectra, peak + step) for step in (-1, 0, 1))
    curvature = left - 2 * top + right
    offset = 0.5 * (left - right) / np.where(curvature < 0, curvature, np.inf)
    levels = top - 0.25 * (left - right) * offset
    sound_db = _decibels(2 * np.mean(np.square(windowed, dtype=np.float64), axis=-1) / np.mean(window**2))
    is_peak = (top >= left) & (top >= right) & (curvature >= -2 * SHARPEST_DB / padding**2)
    is_peak &= (levels >= _floor_db(spectra, search) + FLOOR_DISTANCE_DB) & np.isfinite(search.centre)
    is_peak &= levels >= sound_db[:, None] - SOUND_DISTANCE_DB
    measured = np.stack([(peak + offset) * (sample_rate / n_fft), levels])
    return np.where(is_peak, measured, np.nan)


def _search(places: FloatArray, hz_per_bin: float, padding: float, last_bin: int) -> _Search:
    """Lay out the search; nan where a place lies outside the spectrum."""
    centre = places / hz_per_bin
    centre = np.where((centre > 0) & (centre < last_bin), centre, np.nan)
    distance = np.abs(centre[..., :, None] - centre[..., None, :])
    distance = np.where(np.isnan(distance) | np.eye(centre.shape[-1], dtype=bool), np.inf, distance)
    gap = distance.min(axis=-1)
    radius = np.minimum(SEARCH_GAP * gap, np.maximum(SEARCH_RATIO * centre, MAIN_LOBE_BINS * padding))
    return _Search(centre, radius, np.minimum(gap, centre) / 2)


def _highest(spectra: npt.NDArray[np.complexfloating], search: _Search) -> IntArray:
    """Bin of the greatest magnitude in each search range, of shape (n_rows, n_partials)."""
    reach = int(np.nanmax(search.radius, initial=0))
    steps = np.arange(-reach, reach + 1)
    bins = np.round(search.centre)[..., None] + steps
    inside = np.abs(bins - search.centre[..., None]) <= search.radius[..., None]
    level = np.where(inside, _level_db(spectra, _whole(bins)), -np.inf)
    highest: IntArray = _whole(search.centre) + steps[np.argmax(level, axis=-1)]
    return highest


def _floor_db(spectra: npt.NDArray[np.complexfloating], search: _Search) -> FloatArray:
    """Median level half-way to the neighbours on both sides, of shape (n_rows, n_partials)."""
    steps = search.half_gap[..., None] * np.linspace(-1, 1, N_SURROUNDINGS)
    floor: FloatArray = np.median(_level_db(spectra, _whole(search.centre[..., None] + steps)), axis=-1)
    return floor


def _whole(bins: FloatArray) -> IntArray:
    """Round to whole bins; nan becomes 0."""
    whole: IntArray = np.round(np.nan_to_num(bins)).astype(np.intp)
    return whole


def _level_db(spectra: npt.NDArray[np.complexfloating], bins: IntArray) -> FloatArray:
    """Levels at some bins of each row, beyond either end those of the end, of the shape of `bins`."""
    flat = np.clip(bins, 0, spectra.shape[-1] - 1).reshape(len(spectra), -1)
    values = np.take_along_axis(spectra, flat, axis=-1).reshape(bins.shape)
    return _decibels(np.square(values.real, dtype=np.float64) + np.square(values.imag, dtype=np.float64))


def _decibels(power: FloatArray) -> FloatArray:
    """Level of a power; that of 0 is finite, and far below all others."""
    level: FloatArray = 10.0 * np.log10(np.maximum(power, 1e-300))
    return level


def hann_window(n_samples: int) -> FloatArray:
    """Symmetric Hann window that is nowhere 0."""
    window: FloatArray = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n_samples) + 0.5) / n_samples)
    return window
