"""One clip of a run once more: laid out as the model heard it, shifted as the run shifted it, its partials followed.

Conventions
-----------
A results folder holds scores, not sound: the clip is read again from its file. A sound without a stable pitch has no
partials to follow, and says why. Frequencies are in hertz, shifts in the unit they were given in.

What is here: `ShiftAmount`, `read_amount`; `ClipWindow`, `open_clip`; `ShiftedClip`, `replay_shift`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from ..errors import AudioFileError, InputError
from ..measure.cliptable import ClipTable
from ..sound.audio import Clip, load_clip, open_window
from ..sound.grid import ShiftGrid, parse_grid
from ..sound.harmonics import (
    PartialComparison,
    Pitch,
    compare_partials,
    find_pitch,
    harmonic_places,
    measure_partials,
)
from ..sweep.plan import SweepPlan, operator_of
from .selection import choose_clip, choose_model
from .text import amount as written

if TYPE_CHECKING:
    from ..nets.model import ModelSpec
    from ..sweep.responses import ClipRecord
    from .results import Results

__all__ = ["ClipWindow", "ShiftAmount", "ShiftedClip", "open_clip", "read_amount", "replay_shift"]

FloatArray = npt.NDArray[np.float32]

SHIFTS_OF_SOUND = ("time", "freq", "pitch")


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
        If the axis is not one along which sound itself is shifted, or the unit does not fit it.

    Examples
    --------
    >>> str(ShiftAmount("freq", 50.0, "Hz"))
    '+50 Hz'
    """

    axis: str
    value: float
    unit: str

    def __post_init__(self) -> None:
        if self.axis not in SHIFTS_OF_SOUND:
            raise InputError(f"axis {self.axis!r} moves no sound; a figure of a sound needs {_SHIFTS_TEXT}")
        ShiftGrid(self.axis, (self.value,), self.unit)

    @property
    def grid(self) -> ShiftGrid:
        """The grid that holds this amount, and 0."""
        return ShiftGrid(self.axis, (self.value,), self.unit)

    def natural(self, sample_rate: int, hop_length: int | None) -> float:
        """Return the amount in samples, hertz or semitones."""
        place = self.grid.amounts.index(self.value)
        return float(self.grid.natural(sample_rate, hop_length)[place])

    def __str__(self) -> str:
        return written(self.value, self.unit)


_SHIFTS_TEXT = "one of time, freq, pitch"


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
    amounts = [amount for amount in grid.amounts if amount]
    if len(amounts) > 1:
        raise InputError(f"--{axis} {text!r} is a range; a figure of a sound shows one shift")
    return ShiftAmount(axis, amounts[0] if amounts else 0.0, grid.unit)


@dataclass(frozen=True, eq=False)
class ClipWindow:
    """A clip as one model of a run heard it.

    Parameters
    ----------
    name : str
        What reports call the clip.
    clip : Clip
        Laid out as the model's window, at its sample rate.
    spec : ModelSpec
    run : mapping
        What ``run.json`` says of how the model was swept.
    hop_length : int or None
        Of the model's front end, where it is known.
    """

    name: str
    clip: Clip
    spec: ModelSpec
    plan: Any
    hop_length: int | None


def open_clip(results: Results, clip: str | Clip | None = None, *, model: str | None = None) -> ClipWindow:
    """Lay out a clip of a run as a model heard it.

    Parameters
    ----------
    results : Results
    clip : str or Clip, optional
        A name among the results, or the sound itself where it came from no file. The first if not given.
    model : str, optional
        May be left out where there is a single one.

    Returns
    -------
    ClipWindow

    Raises
    ------
    InputError
        If the clip or the model is unknown, or the clip's file is not where it was.
    """
    name = choose_model(results, model)
    responses = results.responses[name]
    plan = results.run["plans"][name]
    hop_length = results.run["models"][name].get("hop_samples")
    spec = responses.spec
    if isinstance(clip, Clip):
        laid = open_window(clip.resampled(spec.sample_rate), spec.n_samples, spec.lead_samples)
        return ClipWindow(clip.name, laid, spec, plan, hop_length)
    place = 0 if clip is None else choose_clip(responses, clip)
    called = ClipTable.of(responses.clips, spec.labels).names[place]
    return ClipWindow(called, _read_window(responses.clips[place], spec), spec, plan, hop_length)
