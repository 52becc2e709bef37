"""Test signals whose pitch, partials and position are known exactly.

Conventions
-----------
A signal is a float64 array of shape ``(n_samples,)`` with ``n_samples = round(duration_seconds * sample_rate)``,
at full scale ±1; unless told otherwise it peaks at half of that at most. Frequencies are in hertz and lie between
0 and the Nyquist frequency: nothing here aliases. Randomness comes from the `rng` that is handed in.

What is here: `partial_places`, `tone`, `harmonic_tone`, `decaying_tone`, `chirp`, `click`, `noise`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["chirp", "click", "decaying_tone", "harmonic_tone", "noise", "partial_places", "tone"]

FloatArray = npt.NDArray[np.float64]

AMPLITUDE = 0.5


def partial_places(fundamental_hz: float, n_partials: int, *, inharmonicity: float = 0.0) -> FloatArray:
    """Frequencies of the partials of an ideal string, stiff or not.

    Parameters
    ----------
    fundamental_hz : float
        Spacing of the partials of the same string without stiffness.
    n_partials : int
        At least 1.
    inharmonicity : float, default 0
        Stiffness B of the string: partial k lies at ``k * fundamental_hz * sqrt(1 + B * k**2)``. About 0.0004 for
        the middle of a piano.

    Returns
    -------
    ndarray of shape (n_partials,), hertz

    Raises
    ------
    InputError
        If `n_partials` is below 1.

    References
    ----------
    .. [1] Fletcher & Rossing, The Physics of Musical Instruments, section 2.18.

    Examples
    --------
    >>> partial_places(220, 4)
    array([220., 440., 660., 880.])
    """
    if n_partials < 1:
        raise InputError(f"n_partials={n_partials} must be at least 1")
    orders = np.arange(1, n_partials + 1, dtype=np.float64)
    places: FloatArray = orders * fundamental_hz * np.sqrt(1.0 + inharmonicity * orders**2)
    return places


def tone(
    frequency_hz: float,
    duration_seconds: float,
    sample_rate: int,
    *,
    amplitude: float = AMPLITUDE,
    phase_radians: float = 0.0,
) -> FloatArray:
    """One steady sine.

    Parameters
    ----------
    frequency_hz : float
    duration_seconds : float
    sample_rate : int
        In hertz.
    amplitude : float, default 0.5
    phase_radians : float, default 0
        Phase at the first sample.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If the frequency lies outside 0 … Nyquist, or the duration or the sample rate is not positive.

    Examples
    --------
    >>> tone(2000, 0.0005, 8000).round(3)
    array([ 0. ,  0.5,  0. , -0.5])
    """
    seconds = _seconds(duration_seconds, sample_rate)
    _require_below_nyquist(frequency_hz, sample_rate)
    return amplitude * np.sin(2 * np.pi * frequency_hz * seconds + phase_radians)


def harmonic_tone(
    fundamental_hz: float,
    n_partials: int,
    duration_seconds: float,
    sample_rate: int,
    *,
    inharmonicity: float = 0.0,
) -> FloatArray:
    """Steady tone of several partials, whose amplitudes fall as 1/k.

    Partials that would lie at or beyond the Nyquist frequency are left out.

    Parameters
    ----------
    fundamental_hz : float
    n_partials : int
    duration_seconds : float
    sample_rate : int
        In hertz.
    inharmonicity : float, default 0
        Stretches the partials; see `partial_places`.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If there is no partial, the fundamental lies outside 0 … Nyquist, or the duration or the sample rate
        is not positive.

    Examples
    --------
    >>> sound = harmonic_tone(100, 3, 0.1, 8000)
    >>> bool(np.abs(sound[:80] - sound[80:160]).max() < 1e-12)
    True
    """
    places = partial_places(fundamental_hz, n_partials, inharmonicity=inharmonicity)
    _require_below_nyquist(float(places[0]), sample_rate)
    orders = np.flatnonzero(places < sample_rate / 2) + 1
    share = AMPLITUDE / np.sum(1.0 / orders)
    sound = np.zeros_like(_seconds(duration_seconds, sample_rate))
    for k in orders:
        amplitude = share / k
        sound += tone(places[k - 1], duration_seconds, sample_rate, amplitude=amplitude, phase_radians=float(k))
    return sound


def decaying_tone(
    fundamental_hz: float,
    n_partials: int,
    duration_seconds: float,
    sample_rate: int,
    *,
    decay_seconds: float = 0.3,
) -> FloatArray:
    """Note as of a plucked string: harmonic partials that die away together.

    Parameters
    ----------
    fundamental_hz : float
    n_partials : int
    duration_seconds : float
    sample_rate : int
        In hertz.
    decay_seconds : float, default 0.3
        Time in which the amplitude falls to 1/e.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        As `harmonic_tone`.

    Examples
    --------
    >>> note = decaying_tone(220, 5, 0.9, 8000, decay_seconds=0.3)
    >>> bool(np.abs(note[-800:]).max() < 0.1 * np.abs(note[:800]).max())
    True
    """
    steady = harmonic_tone(fundamental_hz, n_partials, duration_seconds, sample_rate)
    return steady * np.exp(-_seconds(duration_seconds, sample_rate) / decay_seconds)


def chirp(start_hz: float, end_hz: float, duration_seconds: float, sample_rate: int) -> FloatArray:
    """Sine whose frequency moves linearly from `start_hz` to `end_hz`.

    Parameters
    ----------
    start_hz, end_hz : float
    duration_seconds : float
    sample_rate : int
        In hertz.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If a frequency lies outside 0 … Nyquist, or the duration or the sample rate is not positive.

    Examples
    --------
    >>> bool(np.allclose(chirp(500, 500, 0.1, 8000), tone(500, 0.1, 8000)))
    True
    """
    seconds = _seconds(duration_seconds, sample_rate)
    _require_below_nyquist(start_hz, sample_rate)
    _require_below_nyquist(end_hz, sample_rate)
    slope = (end_hz - start_hz) / duration_seconds
    return AMPLITUDE * np.sin(2 * np.pi * (start_hz + slope * seconds / 2) * seconds)


def click(duration_seconds: float, sample_rate: int, *, at_seconds: float = 0.0) -> FloatArray:
    """Silence with one sample of `AMPLITUDE`.

    Parameters
    ----------
    duration_seconds : float
    sample_rate : int
        In hertz.
    at_seconds : float, default 0
        Where the sample is; rounded to the nearest one.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If the click would fall outside the signal, or the duration or the sample rate is not positive.

    Examples
    --------
    >>> click(0.0005, 8000, at_seconds=0.00025)
    array([0. , 0. , 0.5, 0. ])
    """
    signal = np.zeros_like(_seconds(duration_seconds, sample_rate))
    place = round(at_seconds * sample_rate)
    if not 0 <= place < len(signal):
        raise InputError(f"at_seconds={at_seconds} lies outside a signal of {duration_seconds} s")
    signal[place] = AMPLITUDE
    return signal


def noise(rng: np.random.Generator, duration_seconds: float, sample_rate: int, *, level_rms: float = 0.1) -> FloatArray:
    """White Gaussian noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.
    duration_seconds : float
    sample_rate : int
        In hertz.
    level_rms : float, default 0.1
        Standard deviation of the samples.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If the duration or the sample rate is not positive.

    Examples
    --------
    >>> noise(np.random.default_rng(0), 0.5, 8000).shape
    (4000,)
    """
    return level_rms * rng.standard_normal(len(_seconds(duration_seconds, sample_rate)))


def _seconds(duration_seconds: float, sample_rate: int) -> FloatArray:
    """Return the times of the samples, of shape (n_samples,)."""
    if not (duration_seconds > 0 and sample_rate > 0):
        raise InputError(f"duration_seconds={duration_seconds} and sample_rate={sample_rate} must both be positive")
    times: FloatArray = np.arange(round(duration_seconds * sample_rate)) / sample_rate
    return times


def _require_below_nyquist(frequency_hz: float, sample_rate: int) -> None:
    """Refuse a frequency that the sample rate cannot carry."""
    if not 0 <= frequency_hz <= sample_rate / 2:
        raise InputError(f"frequency {frequency_hz} Hz must lie between 0 and the Nyquist {sample_rate / 2} Hz")
