"""Filters: everything outside a band turned down, as by a wall, a small loudspeaker or a telephone.

Keeps time, order and what lies in the band. The amount is how far the rest is turned down, in decibels; 0 is neutral,
60 leaves a thousandth. The inverse turns it up again by as much; amounts add.

=================  ============================================================
name               what is left alone
=================  ============================================================
``low``            below 1000 Hz; ``low2000`` below 2000 Hz, and so on
``high``           above 1000 Hz; ``high300`` above 300 Hz, and so on
``band``           500 to 2000 Hz; ``band200-800`` 200 to 800 Hz, and so on
``telephone``      300 to 3400 Hz (the band of ITU-T G.712)
=================  ============================================================

Conventions
-----------
Beyond an edge of the band the attenuation in decibels grows to its full amount within a third of an octave, as a raised
cosine over the logarithm of frequency. The phase is not touched: the spectrum of the whole window is weighted, so the
ringing of a steep edge goes both ways in time and wraps around at the ends.

What is here: `attenuate_outside`, `Filter`, `PassBand`, `read_band`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..arrays import as_amounts, as_tensor, like_input
from ..clip import Clip
from .change import Change, keep_neutral

__all__ = ["Filter", "PassBand", "attenuate_outside", "read_band"]

FloatArray = npt.NDArray[np.float64]

_GONE_DB = 20.0
_TRANSITION_OCTAVES = 1 / 3
_NAME = re.compile(r"(low|high|band|telephone)(\d+)?(?:-(\d+))?")


@dataclass(frozen=True)
class PassBand:
    """The band that a filter leaves alone.

    Parameters
    ----------
    low_hz : float, default 0
    high_hz : float, default infinity

    Raises
    ------
    InputError
        If the band is empty.
    """

    low_hz: float = 0.0
    high_hz: float = float("inf")

    def __post_init__(self) -> None:
        if not 0 <= self.low_hz < self.high_hz:
            raise InputError(f"a band from {self.low_hz:g} to {self.high_hz:g} Hz is empty; give the lower edge first")

    def outside(self, frequency_hz: FloatArray) -> FloatArray:
        """Return how far frequencies lie outside.

        Parameters
        ----------
        frequency_hz : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
            0 inside, 1 from a third of an octave beyond an edge on.

        Examples
        --------
        >>> PassBand(300.0, 3400.0).outside(np.array([0.0, 300.0, 1000.0, 8000.0]))
        array([1., 0., 0., 1.])
        """
        audible = np.maximum(frequency_hz, 1e-9)
        below = np.log2(max(self.low_hz, 1e-12) / audible)
        above = np.log2(audible / self.high_hz) if np.isfinite(self.high_hz) else -np.ones_like(audible)
        beyond = np.clip(np.maximum(below, above) / _TRANSITION_OCTAVES, 0, 1)
        return np.asarray((1 - np.cos(np.pi * beyond)) / 2)


def read_band(name: str) -> PassBand:
    """Return the band that a filter's name stands for.

    Parameters
    ----------
    name : str
        ``low``, ``high``, ``band`` or ``telephone``, the first three with hertz behind it if need be.

    Returns
    -------
    PassBand

    Raises
    ------
    InputError
        If the name is none of these.

    Examples
    --------
    >>> read_band("band200-800")
    PassBand(low_hz=200.0, high_hz=800.0)
    """
    found = _NAME.fullmatch(name)
    kind, first, last = found.groups() if found else ("", None, None)
    if not found or (last is None) != (first is None or kind != "band") or (kind == "telephone" and first):
        raise InputError(f"filter {name!r} is unknown; write low, low2000, high300, band200-800 or telephone")
    edge = float(first or 1000)
    bands = {
        "low": (0.0, edge),
        "high": (edge, float("inf")),
        "band": (float(first or 500), float(last or 2000)),
        "telephone": (300.0, 3400.0),
    }
    return PassBand(*bands[kind])


def attenuate_outside(waveform: Any, attenuation_db: Any, sample_rate: float, band: PassBand) -> Any:
    """Turn down what lies outside a band.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    attenuation_db : float or array
        Positive turns down, negative up.
    sample_rate : float
        In hertz.
    band : PassBand

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If the whole spectrum lies inside the band, or outside.

    Examples
    --------
    >>> tone = np.cos(2 * np.pi * 4000 * np.arange(16000) / 16000)
    >>> bool(np.allclose(attenuate_outside(tone, 20.0, 16000, PassBand(0, 1000)), tone / 10))
    True
    """
    samples = as_tensor(waveform)
    depths = as_amounts(attenuation_db, samples)
    n_samples = samples.shape[-1]
    outside = band.outside(np.fft.rfftfreq(n_samples, 1 / sample_rate).astype(np.float64))
    if not (outside.any() and (outside < 1).any()):
        raise InputError(
            f"a filter of {band.low_hz:g} to {band.high_hz:g} Hz changes nothing or everything at {sample_rate:g} Hz; "
            "choose edges below half the sample rate"
        )
    gain = 10 ** (-depths[..., None] / 20 * torch.from_numpy(outside).to(samples.device))
    filtered = torch.fft.irfft(torch.fft.rfft(samples.double()) * gain, n=n_samples)
    return like_input(keep_neutral(samples, depths, filtered), waveform)


@dataclass(frozen=True)
class Filter(Change):
    """Attenuation outside a band, in decibels; see `attenuate_outside`.

    Parameters
    ----------
    engine : str, default "telephone"
        The band by name; see `read_band`.
    """

    engine: str = "telephone"
    axis = "filter"
    has_inverse = True

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip at each attenuation."""
        return self._attenuated(torch.from_numpy(clip.waveform), amounts, clip)

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return sounds with the rest turned up again."""
        return self._attenuated(shifted, -np.asarray(amounts), clip)

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components where they were; ``nan`` where they are turned down by more than 20 dB."""
        places = super().landing_hz(frequency_hz, amounts, clip)
        gone = np.outer(amounts, read_band(self.engine).outside(frequency_hz)) > _GONE_DB
        return np.where(gone, np.nan, places)

    def _attenuated(self, samples: Tensor, amounts: Any, clip: Clip) -> Tensor:
        filtered: Tensor = attenuate_outside(samples, amounts, clip.sample_rate, read_band(self.engine))
        return filtered
