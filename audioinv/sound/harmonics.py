"""Partials and harmonicity: what a shift does to the inner proportions of a sound.

Conventions
-----------
Frequencies are in hertz, levels in decibels of a sine of full scale. Partial `k` of a harmonic sound of fundamental
``f`` lies at ``k * f``; its order is ``k``. Arrays of partials end in the axis ``n_partials``, and waveforms in
``n_samples``; the axes before these go together, ``(n_shifts, n_partials)`` with ``(n_shifts, n_samples)``. A partial
that is not there, or cannot be told apart, is ``nan``. A partial that a shift moves to 0 Hz or the Nyquist frequency
or beyond is dropped, not folded.

A pitch shift multiplies all partials and keeps them harmonic. A frequency shift adds the same hertz to all and does
not: +50 Hz makes 220, 440, 660, … into 270, 490, 710, …, whose ratios are 1, 1.815, 2.630, ….

What is here: `harmonic_places`, `moved_places`, `measure_partials`, `harmonicity_error`, `compare_partials`, and the
results `Partials`, `PartialComparison`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .spectral_peaks import find_peaks

__all__ = [
    "PartialComparison",
    "Partials",
    "compare_partials",
    "harmonic_places",
    "harmonicity_error",
    "measure_partials",
    "moved_places",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Partials:
    """Partials of one sound or of several, as measured.

    Parameters
    ----------
    orders : ndarray of shape (n_partials,)
        1 for the fundamental; orders stay with their partials when a shift moves them.
    expected_hz : ndarray of shape (..., n_partials)
        Where they were looked for; nan if dropped.
    frequencies_hz, levels_db : ndarray of shape (..., n_partials)
        Where they were found, and how strong; nan if missing. 0 dB is a sine of full scale.
    """

    orders: IntArray
    expected_hz: FloatArray
    frequencies_hz: FloatArray
    levels_db: FloatArray

    @property
    def ratios(self) -> FloatArray:
        """Frequencies over that of the lowest measured partial, of shape (..., n_partials)."""
        first = np.argmax(np.isfinite(self.frequencies_hz), axis=-1, keepdims=True)
        return self.frequencies_hz / np.take_along_axis(self.frequencies_hz, first, axis=-1)

    @property
    def harmonicity_error(self) -> FloatArray:
        """See `harmonicity_error`; of shape (...)."""
        return harmonicity_error(self.frequencies_hz, self.orders)


@dataclass(frozen=True, eq=False)
class PartialComparison:
    """Partials of a sound before and after a shift, of the same orders.

    Parameters
    ----------
    before, after : Partials
        `after` knows where the shift should have put them (`Partials.expected_hz`).
    """

    before: Partials
    after: Partials


def harmonic_places(fundamental_hz: float, sample_rate: int, *, n_partials: int = 10) -> FloatArray:
    """Return where the partials of a harmonic sound lie.

    Parameters
    ----------
    fundamental_hz : float
    sample_rate : int
        In hertz.
    n_partials : int, default 10

    Returns
    -------
    ndarray of shape (n_partials,), hertz
        nan for those not below the Nyquist frequency.

    Examples
    --------
    >>> harmonic_places(220, 1500, n_partials=4)
    array([220., 440., 660.,  nan])
    """
    return moved_places(fundamental_hz * np.arange(1.0, n_partials + 1), sample_rate)


def moved_places(
    frequencies_hz: npt.ArrayLike,
    sample_rate: int,
    *,
    offset_hz: npt.ArrayLike = 0.0,
    interval_semitones: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Return where a frequency shift or a pitch shift puts partials.

    Parameters
    ----------
    frequencies_hz : array of shape (n_partials,)
        Where they are.
    sample_rate : int
        In hertz.
    offset_hz, interval_semitones : float or array of shape (...), default 0
        What is added to every partial, after what multiplies every partial.

    Returns
    -------
    ndarray of shape (..., n_partials), hertz
        nan for partials that leave the band between 0 Hz and the Nyquist frequency: dropped, not folded.

    Examples
    --------
    >>> moved_places([220, 440, 660], 16000, offset_hz=50)
    array([270., 490., 710.])
    >>> moved_places([220, 440], 16000, interval_semitones=[-12, 12])
    array([[110., 220.],
           [440., 880.]])
    """
    ratio = 2.0 ** (np.asarray(interval_semitones, dtype=np.float64)[..., None] / 12.0)
    moved = np.asarray(frequencies_hz, dtype=np.float64) * ratio + np.asarray(offset_hz, dtype=np.float64)[..., None]
    return np.where((moved > 0) & (moved < sample_rate / 2), moved, np.nan)


def harmonicity_error(frequencies_hz: npt.ArrayLike, orders: npt.ArrayLike) -> FloatArray:
    """Measure how far partials are from the nearest harmonic series.

    ``sqrt(mean((f_k / (k f_1) - 1)**2))`` over the measured partials, every one with the same weight, however strong
    it is. ``f_1`` is the fundamental that makes this least: with ``u_k = f_k / k``, ``f_1 = sum(u**2) / sum(u)``. A
    pitch shift leaves it 0, a frequency shift does not.

    Parameters
    ----------
    frequencies_hz : array of shape (..., n_partials)
        nan where missing.
    orders : array of shape (n_partials,)

    Returns
    -------
    ndarray of shape (...), or float
        Between 0 and 1; nan with fewer than two partials, since one is always harmonic.

    Examples
    --------
    >>> float(harmonicity_error([220, 440, 660], [1, 2, 3]))
    0.0
    >>> round(float(harmonicity_error([270, 490, 710], [1, 2, 3])), 3)
    0.056
    """
    per_order = np.asarray(frequencies_hz, dtype=np.float64) / np.asarray(orders)
    n_measured = np.sum(np.isfinite(per_order), axis=-1)
    enough = n_measured >= 2
    total = np.where(enough, np.nansum(per_order, axis=-1), np.nan)
    fundamental = np.nansum(per_order**2, axis=-1) / total
    squares = np.nansum((per_order / fundamental[..., None] - 1.0) ** 2, axis=-1)
    error: FloatArray = np.sqrt(np.where(enough, squares, np.nan) / n_measured)
    return error


def measure_partials(
    waveforms: npt.ArrayLike, sample_rate: int, expected_hz: npt.ArrayLike, *, orders: npt.ArrayLike | None = None
) -> Partials:
    """Find partials near the places where they are expected.

    A partial is the highest peak of the Hann-windowed, zero-padded spectrum of the whole waveform within 3 % of its
    place, at least two DFT bins and at most 0.4 of the way to the next expected partial; its frequency and level are
    those of a parabola through the three highest values in decibels. It counts if it is no side lobe, stands 15 dB
    above the median of its surroundings (half-way to its neighbours) and is not more than 60 dB below the whole
    sound. Looked for at `harmonic_places`, the partials of an inharmonic sound are therefore missing rather than found
    far off, and its `harmonicity_error` stays below 0.03 though not at 0.

    Parameters
    ----------
    waveforms : array of shape (..., n_samples)
    sample_rate : int
        In hertz.
    expected_hz : array of shape (..., n_partials) or (n_partials,)
        See `harmonic_places` and `moved_places`; nan for a partial not to be looked for.
    orders : array of shape (n_partials,), optional
        1, 2, 3, … if not given.

    Returns
    -------
    Partials
        Missing, and nan, is also what lies within two DFT bins (2 / duration) of 0 Hz or the Nyquist frequency, or
        within five of a neighbour: the main lobe fills its surroundings.

    Raises
    ------
    InputError
        If the shapes do not go together, or there is no sample or no partial.

    References
    ----------
    .. [1] J. O. Smith, Spectral Audio Signal Processing, "Quadratic interpolation of spectral peaks".

    Examples
    --------
    >>> sound = np.sin(2 * np.pi * 270 * np.arange(8000) / 8000)
    >>> measure_partials(sound, 8000, [270, 490]).frequencies_hz.round(2)
    array([270.,  nan])
    """
    sounds, places = np.asarray(waveforms), np.asarray(expected_hz, dtype=np.float64)
    if sounds.dtype != np.float32:
        sounds = sounds.astype(np.float64)
    if not (sounds.ndim and places.ndim and sounds.shape[-1] and places.shape[-1]):
        raise InputError(f"waveforms {sounds.shape} and expected_hz {places.shape} must hold samples and partials")
    if places.ndim > 1 and places.shape[:-1] != sounds.shape[:-1]:
        raise InputError(f"waveforms {sounds.shape} and expected_hz {places.shape} must agree but for the last axis")
    places = np.broadcast_to(places, (*sounds.shape[:-1], places.shape[-1]))
    numbers = np.arange(1, places.shape[-1] + 1) if orders is None else np.asarray(orders)
    if numbers.shape != places.shape[-1:]:
        raise InputError(f"orders of shape {numbers.shape} must be one for each of {places.shape[-1]} partials")
    rows = sounds.reshape(-1, sounds.shape[-1])
    peaks = find_peaks(rows, sample_rate, places.reshape(len(rows), -1))
    return Partials(numbers.astype(np.intp), places, *(part.reshape(places.shape) for part in peaks))


def compare_partials(
    before: Partials,
    waveform: npt.ArrayLike,
    sample_rate: int,
    *,
    offset_hz: float = 0.0,
    interval_semitones: float = 0.0,
) -> PartialComparison:
    """Measure the partials of a shifted sound where the shift should have put them.

    Parameters
    ----------
    before : Partials
        Of the sound before the shift, of shape (n_partials,).
    waveform : array of shape (n_samples,)
        The sound after it.
    sample_rate : int
        In hertz.
    offset_hz, interval_semitones : float, default 0
        The shift.

    Returns
    -------
    PartialComparison

    Examples
    --------
    >>> seconds = np.arange(8000) / 8000
    >>> sound = np.sin(2 * np.pi * 220 * seconds) + np.sin(2 * np.pi * 440 * seconds)
    >>> shifted = np.sin(2 * np.pi * 270 * seconds) + np.sin(2 * np.pi * 490 * seconds)
    >>> before = measure_partials(sound, 8000, [220, 440])
    >>> compare_partials(before, shifted, 8000, offset_hz=50).after.ratios.round(3)
    array([1.   , 1.815])
    """
    places = moved_places(
        before.frequencies_hz, sample_rate, offset_hz=offset_hz, interval_semitones=interval_semitones
    )
    return PartialComparison(before, measure_partials(waveform, sample_rate, places, orders=before.orders))
