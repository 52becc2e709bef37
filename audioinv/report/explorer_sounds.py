"""The sounds of the page's explorer: a clip at the shifts that matter, and at the others.

Conventions
-----------
16-bit FLAC at the rate of the model that heard the clip. Delayed windows are cut from one tape (`TimeShift.tape`), so
that every delay of the sweep can be heard; any other change is a sound of its own, at the shifts where an answer flips,
the ends, half-way to them and 0 first.

What is here: `Sound`, `make_sounds`, `encode_sound`, `SILENT`.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from ..sound.fundamental import Pitch
from ..sound.grid import ShiftGrid
from ..sound.harmonics import compare_partials, harmonic_places, measure_partials
from ..sound.operators import TimeShift
from ..sweep.plan import operator_of
from .page_script import rounded
from .replay import ClipWindow

__all__ = ["SILENT", "Sound", "encode_sound", "make_sounds"]

FloatArray = npt.NDArray[np.floating]

_MOVED = {"freq": "offset_hz", "pitch": "interval_semitones"}
"""Axes that move partials to where they can be followed, and how `compare_partials` calls the amount."""
SILENT = ("bins",)
"""Axes that move a model's spectrogram, not the sound."""


@dataclass(frozen=True, eq=False)
class Sound:
    """One sound to store: of an axis, at a place of its grid; None for the tape of all delays."""

    axis: str
    place: int | None
    waveform: FloatArray


def make_sounds(
    window: ClipWindow, grid: ShiftGrid, content: dict[str, Any], pitch: Pitch
) -> tuple[list[Sound], list[Sound]]:
    """Make the sounds of an axis: those that matter, and the others; note where delays are cut and partials lie.

    Parameters
    ----------
    window : ClipWindow
    grid : ShiftGrid
        Of the axis.
    content : dict
        Of the axis, for the page's script: shifts and answers; receives ``cuts`` or ``partials``.
    pitch : Pitch
        Of the clip.

    Returns
    -------
    wanted : list of Sound
    further : list of Sound
    """
    axis, natural = grid.axis, grid.natural(window.clip.sample_rate, window.hop_length)
    operator = operator_of(axis, window.plan, window.spec)
    if isinstance(operator, TimeShift):
        delays = np.round(natural).astype(int)
        first, last = -int(delays.max()), len(window.clip.waveform) - int(delays.min())
        content["cuts"] = [int(delay) for delay in delays.max() - delays]
        tape = operator.tape(window.clip, first, last).numpy()
        return [Sound(axis, None, tape)], []
    matter = _places_that_matter(content)
    order = [*matter, *(place for place in range(len(natural)) if place not in matter)]
    waveforms = operator.shift(window.clip, natural[order]).numpy()
    if pitch.stable and axis in _MOVED:
        content["partials"] = _partials(window, axis, dict(zip(order, waveforms, strict=True)), natural, pitch)
    sounds = [Sound(axis, place, waveform) for place, waveform in zip(order, waveforms, strict=True)]
    return sounds[: len(matter)], sounds[len(matter) :]


def _places_that_matter(content: dict[str, Any]) -> list[int]:
    """Return 0, both ends, half-way to them, and on either side the first shift at which each model's answer flips."""
    zero, last = content["zero"], len(content["shifts"]) - 1
    places = {zero, 0, last, zero // 2, (zero + last + 1) // 2}
    for found in content["answers"]:
        top = found["top"]
        for side in (range(zero - 1, -1, -1), range(zero + 1, last + 1)):
            flipped = next((place for place in side if top[place] != top[zero]), None)
            if flipped is not None:
                places.add(flipped)
    return sorted(places)


def _partials(
    window: ClipWindow, axis: str, waveforms: dict[int, FloatArray], natural: FloatArray, pitch: Pitch
) -> dict[str, list[float | None]]:
    """Measure where the partials of a pitched sound lie after each shift, in hertz."""
    rate = window.clip.sample_rate
    before = measure_partials(window.clip.waveform, rate, harmonic_places(pitch.fundamental_hz, rate))
    found = {
        place: compare_partials(before, waveform, rate, **{_MOVED[axis]: float(natural[place])}).after.frequencies_hz
        for place, waveform in waveforms.items()
    }
    return {str(place): [rounded(value, 1) for value in hertz.tolist()] for place, hertz in found.items()}


def encode_sound(sound: Sound, gain: float, rate: int) -> str:
    """Return a sound as it stands on the page.

    Parameters
    ----------
    sound : Sound
    gain : float
    rate : int
        In hertz.

    Returns
    -------
    str
        FLAC of 16 bits, base64.
    """
    with io.BytesIO() as stream:
        soundfile.write(stream, gain * sound.waveform, rate, format="FLAC", subtype="PCM_16")
        return base64.b64encode(stream.getvalue()).decode("ascii")
