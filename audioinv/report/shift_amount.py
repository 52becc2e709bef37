"""One shift of a sound, as a figure shows it: how far, in the user's unit and in the operators'.

Conventions
-----------
An amount keeps the unit it was given in; `ShiftAmount.natural` gives it in samples, hertz or semitones. Positive is
later, or higher.

What is here: `SOUND_AXES`, `ShiftAmount`, `read_amount`, `choose_shift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from ..sound.grid import ShiftGrid, parse_grid
from .selection import choose_axis
from .text import amount

if TYPE_CHECKING:
    from .results import Results

__all__ = ["SOUND_AXES", "ShiftAmount", "choose_shift", "read_amount"]

SOUND_AXES = ("time", "freq", "pitch")
"""The axes along which sound itself is shifted; bins are moved inside a model."""


@dataclass(frozen=True)
class ShiftAmount:
    """How far a sound is shifted.

    Parameters
    ----------
    axis : {"time", "freq", "pitch"}
    value : float
        In `unit`.
    unit : str

    Raises
    ------
    InputError
        If the axis is not one of `SOUND_AXES`, or the unit does not fit it.

    Examples
    --------
    >>> str(ShiftAmount("freq", 50.0, "Hz"))
    '+50 Hz'
    """

    axis: str
    value: float
    unit: str

    def __post_init__(self) -> None:
        if self.axis not in SOUND_AXES:
            raise InputError(f"axis {self.axis!r} shifts no sound that could be drawn; choose one of time, freq, pitch")
        ShiftGrid(self.axis, (self.value,), self.unit)

    def natural(self, sample_rate: int, hop_length: int | None = None) -> float:
        """Return the amount in samples, hertz or semitones, as the operators count.

        Parameters
        ----------
        sample_rate : int
            In hertz.
        hop_length : int, optional
            Samples per frame, where the unit is ``frame``.

        Returns
        -------
        float
        """
        grid = ShiftGrid(self.axis, (self.value,), self.unit)
        return float(grid.natural(sample_rate, hop_length)[grid.amounts.index(self.value)])

    def __str__(self) -> str:
        return amount(self.value, self.unit)


def read_amount(axis: str, text: str) -> ShiftAmount:
    """Read one shift as a user writes it.

    Parameters
    ----------
    axis : {"time", "freq", "pitch"}
    text : str
        Such as ``50Hz``.

    Returns
    -------
    ShiftAmount

    Raises
    ------
    InputError
        If the text is no amount, or a range, or its unit does not fit.

    Examples
    --------
    >>> read_amount("time", "-0.5s")
    ShiftAmount(axis='time', value=-0.5, unit='s')
    """
    grid = parse_grid(axis, text)
    amounts = [value for value in grid.amounts if value]
    if len(amounts) > 1:
        example = f"{amounts[-1]:g}{grid.unit}"
        raise InputError(f"{axis}={text!r} is a range; a figure of a sound shows one shift, such as {example}")
    return ShiftAmount(axis, amounts[0] if amounts else 0.0, grid.unit)


def choose_shift(
    results: Results, model: str, *, axis: str | None = None, given: Mapping[str, str | None]
) -> ShiftAmount:
    """Return the shift that is meant: the one given, else the worst of the run along an axis.

    Parameters
    ----------
    results : Results
    model : str
    axis : {"time", "freq", "pitch"}, optional
        Frequency, pitch or time, whichever was swept first in this order, if not given.
    given : mapping of axis to str
        At most one amount as a user writes it; None where nothing was written.

    Returns
    -------
    ShiftAmount

    Raises
    ------
    InputError
        If several amounts are given, or the axis was not swept or moves no sound.
    """
    asked = {name: text for name, text in given.items() if text is not None}
    along = [*asked] if axis is None else sorted({axis, *asked})
    if len(along) > 1:
        raise InputError(f"a figure of a sound shows one shift, not shifts in {' and '.join(along)}; choose one")
    if asked:
        return read_amount(*next(iter(asked.items())))
    swept = results.responses[model].axes
    preferred = next((name for name in ("freq", "pitch", "time") if name in swept), None)
    chosen = choose_axis(results.responses[model], axis or preferred)
    worst = results.document["models"][model]["axes"][chosen]["worst_shift"]["shift"]
    return ShiftAmount(chosen, float(swept[chosen].shifts[-1]) if worst is None else worst, swept[chosen].unit)
