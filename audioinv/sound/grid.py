"""Grids of shifts: ``-50:50:1ms`` as written by a user, and the amounts it stands for.

Conventions
-----------
A grid is written ``FIRST:LAST:STEPunit`` or, for one amount, ``AMOUNTunit``. Both ends are included where the
step meets them. Amounts ascend and always hold 0, the unshifted sound that everything is compared with.
Decimal arithmetic keeps 0.1 exactly 0.1. Units by axis:

======  =============================================  ====================
axis    units                                          operators count in
======  =============================================  ====================
time    ``ms``, ``s``, ``smp`` (samples), ``frame``    samples
freq    ``Hz``, ``kHz``                                hertz
pitch   ``st`` (semitones), ``ct`` (cents)             semitones
bins    ``bins``                                       spectrogram bins
======  =============================================  ====================

What is here: `ShiftGrid`, `parse_grid`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["AXES", "MAX_SHIFTS", "ShiftGrid", "parse_grid"]

AXES = ("time", "freq", "pitch", "bins")
MAX_SHIFTS = 100_000
_UNITS = {
    "time": {"ms": "ms", "s": "s", "smp": "smp", "frame": "frame", "frames": "frame"},
    "freq": {"hz": "Hz", "khz": "kHz"},
    "pitch": {"st": "st", "ct": "ct"},
    "bins": {"bins": "bins", "bin": "bins", "": "bins"},
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*:\s*({_NUMBER})\s*:\s*({_NUMBER})\s*([a-zA-Z]*)\s*")
_SINGLE = re.compile(rf"\s*({_NUMBER})\s*([a-zA-Z]*)\s*")


@dataclass(frozen=True)
class ShiftGrid:
    """The amounts to shift by along one axis.

    Parameters
    ----------
    axis : {"time", "freq", "pitch", "bins"}
    amounts : tuple of float
        In `unit`; made ascending, without repetition and with 0.
    unit : str
        One of the axis' units.

    Raises
    ------
    InputError
        If the axis or the unit is unknown, there are too many amounts, or one is no finite number.
    """

    axis: str
    amounts: tuple[float, ...]
    unit: str

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise InputError(f"axis={self.axis!r} is not one of {', '.join(AXES)}")
        if self.unit not in _UNITS[self.axis].values():
            raise InputError(f"unit={self.unit!r} does not fit the axis {self.axis}; {_known_units(self.axis)}")
        if not np.isfinite(self.amounts).all():
            raise InputError(f"the shifts of axis {self.axis} must be finite numbers")
        if len(self.amounts) > MAX_SHIFTS:
            raise InputError(f"{len(self.amounts)} shifts along {self.axis}; at most {MAX_SHIFTS}: use a coarser step")
        object.__setattr__(self, "amounts", tuple(sorted({0.0, *map(float, self.amounts)})))
        if self.axis == "bins" and any(amount != int(amount) for amount in self.amounts):
            raise InputError("bins are moved by whole numbers; give a whole step such as -4:4:1bins")

    def natural(self, sample_rate: int, hop_length: int | None = None) -> npt.NDArray[np.float64]:
        """Return the amounts in the unit that the operators count in.

        Parameters
        ----------
        sample_rate : int
            In hertz; used on the time axis.
        hop_length : int, optional
            Samples per frame; needed when the unit is ``frame``.

        Returns
        -------
        ndarray of shape (n_shifts,)
            Samples, hertz, semitones or bins.

        Raises
        ------
        InputError
            If the unit is ``frame`` and the model has no frames.

        Examples
        --------
        >>> ShiftGrid("time", (-0.5, 0.5), "ms").natural(16000)
        array([-8.,  0.,  8.])
        """
        if self.unit == "frame" and hop_length is None:
            raise InputError("shifts in frames need a model whose hop is known; give them in ms or smp")
        scales: dict[str, float] = {
            "ms": sample_rate / 1000,
            "s": sample_rate,
            "frame": hop_length or 0,
            "kHz": 1000,
            "ct": 0.01,
        }
        scale = scales.get(self.unit, 1)
        natural = np.asarray(self.amounts, dtype=np.float64) * scale
        nearest = np.round(natural)
        # 0.0625 ms is one sample at 16 kHz; binary rounding must not make it 1.0000000000000002.
        return np.where(np.abs(natural - nearest) < 1e-9 * np.maximum(1, np.abs(natural)), nearest, natural)

    def __str__(self) -> str:
        first, last = self.amounts[0], self.amounts[-1]
        return f"{first:g} … {last:g} {self.unit}, {len(self.amounts)} shifts"


def _known_units(axis: str) -> str:
    return f"known units: {', '.join(dict.fromkeys(_UNITS[axis].values()))}"


def parse_grid(axis: str, text: str) -> ShiftGrid:
    """Read a grid as a user writes it.

    Parameters
    ----------
    axis : {"time", "freq", "pitch", "bins"}
    text : str
        ``FIRST:LAST:STEPunit`` or ``AMOUNTunit``.

    Returns
    -------
    ShiftGrid

    Raises
    ------
    InputError
        If the text is not a grid, its step is not positive, or its unit does not fit the axis.

    Examples
    --------
    >>> parse_grid("time", "-0.2:0.2:0.1s").amounts
    (-0.2, -0.1, 0.0, 0.1, 0.2)
    >>> parse_grid("pitch", "50ct")
    ShiftGrid(axis='pitch', amounts=(0.0, 50.0), unit='ct')
    """
    if axis not in AXES:
        raise InputError(f"axis={axis!r} is not one of {', '.join(AXES)}")
    ranged, single = _RANGE.fullmatch(text), _SINGLE.fullmatch(text)
    if ranged:
        first, last, step = (Decimal(number) for number in ranged.groups()[:3])
        written = ranged.group(4)
    elif single:
        first = last = Decimal(single.group(1))
        step, written = Decimal(1), single.group(2)
    else:
        raise InputError(f"--{axis} {text!r} is not a grid; write FIRST:LAST:STEPunit, e.g. {_example(axis)}")
    unit = _UNITS[axis].get(written.lower())
    if unit is None:
        raise InputError(
            f"--{axis} {text!r}: the unit {written or 'is missing'!s} does not fit; {_known_units(axis)}, "
            f"e.g. {_example(axis)}"
        )
    if step <= 0 or last < first:
        raise InputError(
            f"--{axis} {text!r}: the step must be positive and FIRST not above LAST, e.g. {_example(axis)}"
        )
    count = int((last - first) / step) + 1
    if count > MAX_SHIFTS:
        raise InputError(f"--{axis} {text!r} asks for {count} shifts; at most {MAX_SHIFTS}: use a coarser step")
    return ShiftGrid(axis, tuple(float(first + step * i) for i in range(count)), unit)


def _example(axis: str) -> str:
    return {"time": "-50:50:1ms", "freq": "-100:100:10Hz", "pitch": "-2:2:0.5st", "bins": "-4:4:1bins"}[axis]
