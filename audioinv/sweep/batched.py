"""The plain path: shift one clip by every amount, batch by batch, and run the model over each.

Conventions
-----------
A clip is decoded once and laid out as the model's window once; each axis then makes its shifted windows one batch
after the other, so that memory does not grow with the number of shifts. Results do not depend on the size of the
batches beyond rounding. Where an axis has the shared engine, only what it cannot answer is batched.

What is here: `respond_to_clip`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError
from ..nets.model import Model
from ..sound.clip import Clip, open_window
from ..sound.fidelity import Fidelity, bin_fidelity
from ..sound.fundamental import find_pitch
from ..sound.grid import ShiftGrid
from ..sound.harmonics import harmonic_places, measure_partials
from ..sound.operators import Operator, PitchShift, TimeShift
from ..sound.shifts import bin_shift
from ..sound.spectrogram import Spectrogram
from .accelerator import pinned
from .engines import EngineChoice, choose_engines
from .heard import ShiftedSounds
from .plan import SweepPlan, check_window, operator_of
from .precision import in_precision, sampled_rows
from .responses import AxisResponses, ClipRecord, ControlResponses, ModelResponses
from .verification import confirm_scores

__all__ = ["respond_to_clip"]

FloatArray = npt.NDArray[Any]

_MADE = 32  # windows at once, which then go through the model batch by batch
_MOVES_PARTIALS = ("freq", "pitch", "speed")


@dataclass(frozen=True, eq=False)
class _Window:
    """A clip as one model hears it, with the partials of its pitch, where it has one and they are wanted."""

    clip: Clip
    partials_hz: FloatArray | None
    sounds: ShiftedSounds


def respond_to_clip(
    model: Model,
    clip: Clip,
    plan: SweepPlan,
    engines: Mapping[str, EngineChoice] | None = None,
    sounds: ShiftedSounds | None = None,
) -> ModelResponses:
    """Return a model's scores for one clip at every shift of a plan, with the controls.

    Parameters
    ----------
    model : Model
    clip : Clip
        At any sample rate.
    plan : SweepPlan
    engines : mapping of axis to EngineChoice, optional
        From `choose_engines`, where they have been chosen for many clips; chosen for this one if not given.
    sounds : ShiftedSounds, optional
        Of this clip, where several models hear it.

    Returns
    -------
    ModelResponses
        Of one clip.

    Raises
    ------
    InputError
        If the clip holds nothing to classify.
    ModelError
        If the model answers in the wrong shape, or NaN, or an engine does not give what the model does.
    """
    spec = model.spec
    resampled = clip.resampled(spec.sample_rate)
    laid = open_window(resampled, spec.n_samples, spec.lead_samples)
    check_window(resampled, laid)
    engines = choose_engines(model, plan) if engines is None else engines
    heard = in_precision(model, plan.precision)
    with torch.inference_mode():
        wanted = any(grid.axis in _MOVES_PARTIALS for grid in plan.grids)
        window = _Window(laid, _partials_of(laid) if wanted else None, sounds or ShiftedSounds(1))
        controls = tuple(control for grid in plan.grids for control in _controls(heard, window, grid, plan))
        traces = {
            control.axis: float(control.sound_error[0]) for control in controls if control.name == "engine_at_zero"
        }
        axes = {
            grid.axis: _respond_along(heard, window, grid, plan, engines[grid.axis], traces.get(grid.axis, np.nan))
            for grid in plan.grids
        }
        if heard is not model:
            controls += tuple(again for grid in plan.grids for again in _in_float32(model, window, grid, plan))
    record = ClipRecord(clip.name, laid.start_seconds, laid.end_seconds, clip.label, clip.group)
    return ModelResponses(spec, (record,), axes, controls)


def _scores(respond: Callable[[Tensor], Tensor], inputs: Tensor, batch_size: int, device: torch.device) -> FloatArray:
    return np.concatenate([respond(part).numpy() for part in pinned(inputs, device).split(batch_size)])


def _partials_of(clip: Clip) -> FloatArray | None:
    pitch = find_pitch(clip.waveform, clip.sample_rate)
    if not pitch.stable:
        return None
    places = harmonic_places(pitch.fundamental_hz, clip.sample_rate)
    return measure_partials(clip.waveform, clip.sample_rate, places).frequencies_hz


@dataclass(frozen=True, eq=False)
class _Rows:
    """What there is to say of some of an axis' shifts."""

    index: npt.NDArray[np.intp]
    scores: FloatArray
    fidelity: Fidelity
    harmonicity_error: FloatArray


@dataclass(frozen=True, eq=False)
class _SoundAxis:
    """A clip's window moved by an operator, as a model hears it."""

    model: Model
    window: _Window
    operator: Operator
    amounts: FloatArray
    batch_size: int

    @property
    def engine(self) -> str:
        return self.operator.engine

    def hear(self, index: npt.NDArray[np.intp]) -> _Rows:
        """Make some of the shifted windows and run the model on them."""
        amounts, clip = self.amounts[index], self.window.clip
        shifted = self.window.sounds.shift(self.operator, clip, amounts)
        fidelity = self.operator.fidelity(clip, amounts, shifted, round_trip=False)
        scores = _scores(self.model.scores, shifted, self.batch_size, self.model.device)
        return _Rows(index, scores, fidelity, self._harmonicity(amounts, shifted))

    def share(self, index: npt.NDArray[np.intp], choice: EngineChoice) -> _Rows:
        """Answer some of the shifts by what their windows have in common."""
        amounts, operator = self.amounts[index], self.operator
        fidelity = operator.fidelity(self.window.clip, amounts, round_trip=False)
        raw = choice.answers(self._tape)
        scores = self.model.scores_of(raw, len(index)).numpy()
        return _Rows(index, scores, fidelity, np.full(len(index), np.nan))

    def _tape(self, first: int, last: int) -> Tensor:
        if not isinstance(self.operator, TimeShift):
            raise InputError(f"the shifts of axis {self.operator.axis} are no windows of one recording")
        return self.operator.tape(self.window.clip, first, last)[None].to(self.model.device)

    def _harmonicity(self, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        partials_hz, clip = self.window.partials_hz, self.window.clip
        if partials_hz is None or self.operator.axis not in _MOVES_PARTIALS:
            return np.full(len(amounts), np.nan)
        landing = self.operator.landing_hz(partials_hz, amounts, clip)
        return measure_partials(shifted.numpy(), clip.sample_rate, landing).harmonicity_error


@dataclass(frozen=True, eq=False)
class _BinAxis:
    """A model's own spectrogram of a clip, moved along its frequency axis."""

    model: Model
    front_end: Spectrogram
    spectrogram: Tensor
    amounts: FloatArray
    batch_size: int

    @property
    def engine(self) -> str:
        return f"{self.front_end.config.kind} bins"

    def hear(self, index: npt.NDArray[np.intp]) -> _Rows:
        """Make some of the moved spectrograms and run the model on them."""
        moved = bin_shift(self.spectrogram, self.amounts[index], fill=self.front_end.floor_db)
        return self._rows(index, _scores(self.model.scores_of_spectrogram, moved, self.batch_size, self.model.device))

    def share(self, index: npt.NDArray[np.intp], choice: EngineChoice) -> _Rows:
        """Answer some of the shifts by what the moved spectrograms have in common."""
        return self._rows(index, self.model.scores_of(choice.answers(self._tape), len(index)).numpy())

    def _rows(self, index: npt.NDArray[np.intp], scores: FloatArray) -> _Rows:
        fidelity = bin_fidelity(self.spectrogram, self.amounts[index], floor_db=self.front_end.floor_db)
        return _Rows(index, scores, fidelity, np.full(len(index), np.nan))

    def _tape(self, first: int, last: int) -> Tensor:
        beyond = (0, 0, -first, last - self.spectrogram.shape[-2])
        return torch.nn.functional.pad(self.spectrogram, beyond, value=self.front_end.floor_db)[None]


def _axis_of(model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan) -> _SoundAxis | _BinAxis:
    front_end = model.front_end
    if grid.axis == "bins" and front_end is not None:
        waveform = torch.from_numpy(window.clip.waveform).to(model.device)
        return _BinAxis(model, front_end, front_end(waveform), np.asarray(grid.amounts), plan.batch_size)
    amounts = grid.natural(model.spec.sample_rate, model.hop_samples)
    return _SoundAxis(model, window, operator_of(grid.axis, plan, model.spec), amounts, plan.batch_size)


def _shared_rows(
    axis: _SoundAxis | _BinAxis, whole: npt.NDArray[np.intp], choice: EngineChoice, plan: SweepPlan, name: str
) -> list[_Rows]:
    """Answer the whole shifts by the shared engine; by nothing where it is not to be had, or not to be trusted."""
    if not choice.plans:
        return []
    rows = axis.share(whole, choice)
    confirmed = confirm_scores(rows.scores, lambda row: axis.hear(whole[row : row + 1]).scores[0], plan, name)
    return [rows] if confirmed else []


def _respond_along(
    model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan, choice: EngineChoice, engine_error: float
) -> AxisResponses:
    axis = _axis_of(model, window, grid, plan)
    whole = np.flatnonzero(axis.amounts == np.round(axis.amounts))
    rows = _shared_rows(axis, whole, choice, plan, window.clip.name)
    left = np.setdiff1d(np.arange(len(axis.amounts)), whole) if rows else np.arange(len(axis.amounts))
    step = plan.batch_size * max(1, _MADE // plan.batch_size)
    rows += [axis.hear(left[at : at + step]) for at in range(0, len(left), step)]
    order = np.argsort(np.concatenate([part.index for part in rows]))
    fidelity = ("energy_kept", "level_change_db", "window_filled", "bandwidth_lost")
    return AxisResponses(
        axis=grid.axis,
        unit=grid.unit,
        shifts=np.asarray(grid.amounts),
        scores=np.concatenate([part.scores for part in rows])[order][None],
        edges=_edges_of(window.clip, plan) if grid.axis == "time" else "",
        engine=axis.engine,
        engine_error=np.full((1, len(order)), engine_error),
        harmonicity_error=np.concatenate([part.harmonicity_error for part in rows])[order][None],
        **{name: np.concatenate([getattr(part.fidelity, name) for part in rows])[order][None] for name in fidelity},
    )


def _edges_of(clip: Clip, plan: SweepPlan) -> str:
    """Return what enters: of a clip that is all there is of its recording, the context is silence."""
    alone = not (len(clip.before) or len(clip.after))
    return "zero" if plan.edges == "context" and alone else plan.edges


def _controls(model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan) -> list[ControlResponses]:
    """Run the sounds that should be the clip again: twice the same, through the engine at 0, there and back."""
    clip = window.clip
    original = torch.from_numpy(clip.waveform)
    sounds = [("twice", 0.0, original)]
    if grid.axis != "bins":
        operator = operator_of(grid.axis, plan, model.spec)
        if isinstance(operator, PitchShift):
            sounds.append(("engine_at_zero", 0.0, operator.engine_at_zero(clip)))
        at = max(range(len(grid.amounts)), key=lambda i: (abs(grid.amounts[i]), grid.amounts[i]))
        furthest = grid.natural(model.spec.sample_rate, model.hop_samples)[at : at + 1]
        # A delay there and back would cut the sound in the midst of the window, which no delay of the sweep does.
        if furthest[0] and grid.axis != "time" and operator.has_inverse:
            back = operator.shift_back(operator.shift(clip, furthest), clip, furthest)[0]
            sounds.append(("there_and_back", grid.amounts[at], back))
    scores = _scores(model.scores, torch.stack([sound for _, _, sound in sounds]), plan.batch_size, model.device)
    norm = original.double().norm()
    return [
        ControlResponses(
            grid.axis, name, amount, scores[i : i + 1], np.array([float((sound - original).double().norm() / norm)])
        )
        for i, (name, amount, sound) in enumerate(sounds)
    ]


def _in_float32(model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan) -> list[ControlResponses]:
    """Answer a sample of the shifts in single precision, to be held against the answers of the sweep."""
    axis, rows = _axis_of(model, window, grid, plan), sampled_rows(grid, plan.seed)
    scores, same_sound = axis.hear(rows).scores, np.zeros(1)
    return [
        ControlResponses(grid.axis, "float32", grid.amounts[row], scores[i : i + 1], same_sound)
        for i, row in enumerate(rows)
    ]
