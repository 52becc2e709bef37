"""One clip of a run once more: laid out as the model heard it, shifted as the run shifted it, its partials followed.

Conventions
-----------
A results folder holds scores, not sound: the clip is read again from its file. Frequencies are in hertz, shifts in the
unit they were given in. A sound without a stable pitch has no partials to follow, and says why.

What is here: `ClipWindow`, `open_clip`, `worst_clip`; `ShiftedClip`, `shift_clip`, `answers_text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFileError, InputError
from ..measure.cliptable import ClipTable
from ..measure.outcome import top1
from ..sound.audio import load_clip
from ..sound.clip import Clip, open_window
from ..sound.fundamental import Pitch, find_pitch
from ..sound.grid import ShiftGrid
from ..sound.harmonics import PartialComparison, compare_partials, harmonic_places, measure_partials
from ..sweep.plan import SweepPlan, operator_of
from .selection import choose_clip, choose_model
from .shift_amount import ShiftAmount

if TYPE_CHECKING:
    from ..nets.model import ModelSpec
    from ..sweep.responses import ClipRecord
    from .results import Results

__all__ = [
    "ClipWindow",
    "ShiftedClip",
    "answers_text",
    "open_clip",
    "shift_clip",
    "worst_clip",
]

FloatArray = npt.NDArray[np.float32]


def worst_clip(results: Results, model: str, axis: str) -> str | None:
    """Return the clip that keeps its answer least often along an axis.

    Parameters
    ----------
    results : Results
    model, axis : str

    Returns
    -------
    str or None
        None if the axis was not swept, or no clip ever changes its answer.
    """
    summary = results.document["models"][model]["axes"].get(axis, {"worst_clips": []})
    return next((clip["name"] for clip in summary["worst_clips"]), None)


@dataclass(frozen=True, eq=False)
class ClipWindow:
    """A clip as one model of a run heard it.

    Parameters
    ----------
    name : str
        What reports call the clip.
    place : int, optional
        In the results; None for a sound that was handed in.
    clip : Clip
        Laid out as the model's window, at its sample rate.
    spec : ModelSpec
    plan : SweepPlan
        How the run shifted it.
    hop_length : int, optional
        Of the model's front end, where it is known.
    """

    name: str
    place: int | None
    clip: Clip
    spec: ModelSpec
    plan: SweepPlan
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
    chosen = choose_model(results, model)
    responses, spec = results.responses[chosen], results.responses[chosen].spec
    run = results.run["models"][chosen]
    about = spec, _read_plan(results.run["plans"][chosen]), run.get("hop_samples")
    if isinstance(clip, Clip):
        laid = open_window(clip.resampled(spec.sample_rate), spec.n_samples, spec.lead_samples)
        return ClipWindow(clip.name, None, laid, *about)
    place = 0 if clip is None else choose_clip(responses, clip)
    name = ClipTable.of_responses(responses).names[place]
    return ClipWindow(name, place, _read_window(responses.clips[place], spec), *about)


def _read_window(record: ClipRecord, spec: ModelSpec) -> Clip:
    """Read the window that a record of the results names."""
    try:
        recording = load_clip(record.name, sample_rate=spec.sample_rate)
    except AudioFileError as error:
        raise InputError(
            f"{error}; drawing a clip needs its sound: run this where the analysis ran, or put the file back"
        ) from error
    return open_window(recording, spec.n_samples, -round(record.start_seconds * spec.sample_rate))


def _read_plan(stored: Mapping[str, Any]) -> SweepPlan:
    grids = tuple(ShiftGrid(grid["axis"], tuple(grid["amounts"]), grid["unit"]) for grid in stored["grids"])
    return SweepPlan(grids, stored["edges"], stored["pitch_engine"], stored["batch_size"], stored["seed"])


@dataclass(frozen=True, eq=False)
class ShiftedClip:
    """A clip before and after a shift.

    Parameters
    ----------
    window : ClipWindow
        Before.
    shift : ShiftAmount
    waveform : ndarray of shape (n_samples,)
        After.
    pitch : Pitch
        Of the clip before, or why it has none.
    partials : PartialComparison, optional
        None where there is no stable pitch.
    """

    window: ClipWindow
    shift: ShiftAmount
    waveform: FloatArray
    pitch: Pitch
    partials: PartialComparison | None


def shift_clip(window: ClipWindow, shift: ShiftAmount) -> ShiftedClip:
    """Shift a clip as the run would have, and follow its partials.

    Parameters
    ----------
    window : ClipWindow
    shift : ShiftAmount
        Need not be one of the run's.

    Returns
    -------
    ShiftedClip
    """
    clip = window.clip
    natural = shift.natural(clip.sample_rate, window.hop_length)
    shifted = operator_of(shift.axis, window.plan, window.spec).shift(clip, np.array([natural]))[0].numpy()
    pitch = find_pitch(clip.waveform, clip.sample_rate)
    if not pitch.stable:
        return ShiftedClip(window, shift, shifted, pitch, None)
    places = harmonic_places(pitch.fundamental_hz, clip.sample_rate)
    moved = {"freq": {"offset_hz": natural}, "pitch": {"interval_semitones": natural}}.get(shift.axis, {})
    before = measure_partials(clip.waveform, clip.sample_rate, places)
    return ShiftedClip(window, shift, shifted, pitch, compare_partials(before, shifted, clip.sample_rate, **moved))


def answers_text(results: Results, model: str, window: ClipWindow, shift: ShiftAmount) -> str:
    """Say what a model answers before and after a shift, where the run holds that shift.

    Parameters
    ----------
    results : Results
    model : str
    window : ClipWindow
    shift : ShiftAmount

    Returns
    -------
    str
    """
    swept = results.responses[model].axes.get(shift.axis)
    if window.place is None:
        return str(shift)
    if swept is None or swept.unit != shift.unit or shift.value not in swept.shifts:
        return f"{shift}, a shift that the run does not hold"
    places = (swept.zero, int(np.flatnonzero(swept.shifts == shift.value)[0]))
    scores = swept.scores[window.place]
    answers = top1(scores[None], swept.zero)[0]
    if answers.min() < 0:
        return f"{shift}: {model} answers with what is not a number"
    before, after = (f"{window.spec.labels[answers[at]]} ({scores[at, answers[at]]:.2f})" for at in places)
    return f"{shift}: {model} answers {before}, then {after}"
