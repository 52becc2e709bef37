"""The plain path: shift one clip by every amount, and run the model over the batch.

Conventions
-----------
A clip is decoded once and laid out as the model's window once; each axis then makes its shifted windows in one
go and the model sees them in chunks. Results do not depend on the size of the chunks beyond rounding.

What is here: `respond_to_clip`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..nets.model import Model
from ..sound.audio import Clip, open_window
from ..sound.fundamental import find_pitch
from ..sound.grid import ShiftGrid
from ..sound.harmonics import harmonic_places, measure_partials
from ..sound.operators import Operator, PitchShift, bin_fidelity
from ..sound.shifts import bin_shift
from .plan import SweepPlan, check_window, operator_of
from .responses import AxisResponses, ClipRecord, ControlResponses, ModelResponses

__all__ = ["respond_to_clip"]

FloatArray = npt.NDArray[Any]

_MOVES_PARTIALS = ("freq", "pitch")


@dataclass(frozen=True, eq=False)
class _Window:
    """A clip as one model hears it, with the partials of its pitch, where it has one and they are wanted."""

    clip: Clip
    partials_hz: FloatArray | None


def respond_to_clip(model: Model, clip: Clip, plan: SweepPlan) -> ModelResponses:
    """Return a model's scores for one clip at every shift of a plan, with the controls.

    Parameters
    ----------
    model : Model
    clip : Clip
        At any sample rate.
    plan : SweepPlan

    Returns
    -------
    ModelResponses
        Of one clip.

    Raises
    ------
    InputError
        If the clip holds nothing to classify.
    ModelError
        If the model answers in the wrong shape, or NaN.
    """
    spec = model.spec
    resampled = clip.resampled(spec.sample_rate)
    laid = open_window(resampled, spec.n_samples, spec.lead_samples)
    check_window(resampled, laid)
    with torch.inference_mode():
        wanted = any(grid.axis in _MOVES_PARTIALS for grid in plan.grids)
        window = _Window(laid, _partials_of(laid) if wanted else None)
        axes = {grid.axis: _respond_along(model, window, grid, plan) for grid in plan.grids}
        controls = tuple(control for grid in plan.grids for control in _controls(model, window, grid, plan))
    record = ClipRecord(clip.name, laid.start_seconds, laid.end_seconds, clip.label, clip.group)
    return ModelResponses(spec, (record,), axes, controls)


def _scores(respond: Callable[[Tensor], Tensor], inputs: Tensor, batch_size: int) -> FloatArray:
    return np.concatenate([respond(part).numpy() for part in inputs.split(batch_size)])


def _partials_of(clip: Clip) -> FloatArray | None:
    pitch = find_pitch(clip.waveform, clip.sample_rate)
    if not pitch.stable:
        return None
    places = harmonic_places(pitch.fundamental_hz, clip.sample_rate)
    return measure_partials(clip.waveform, clip.sample_rate, places).frequencies_hz


def _respond_along(model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan) -> AxisResponses:
    amounts = grid.natural(model.spec.sample_rate, model.hop_samples)
    if grid.axis == "bins":
        return _respond_to_bins(model, window, grid, plan)
    operator = operator_of(grid.axis, plan, model.spec)
    shifted = operator.shift(window.clip, amounts)
    scores = _scores(model.scores, shifted, plan.batch_size)
    fidelity = operator.fidelity(window.clip, amounts, shifted, round_trip=False)
    return AxisResponses(
        axis=grid.axis,
        unit=grid.unit,
        shifts=np.asarray(grid.amounts),
        scores=scores[None],
        edges=_edges_of(window.clip, plan) if grid.axis == "time" else "",
        engine=operator.engine,
        energy_kept=fidelity.energy_kept[None],
        level_change_db=fidelity.level_change_db[None],
        window_filled=fidelity.window_filled[None],
        harmonicity_error=_harmonicity(operator, window, amounts, shifted)[None],
    )


def _edges_of(clip: Clip, plan: SweepPlan) -> str:
    """Return what enters: of a clip that is all there is of its recording, the context is silence."""
    alone = not (len(clip.before) or len(clip.after))
    return "zero" if plan.edges == "context" and alone else plan.edges


def _harmonicity(operator: Operator, window: _Window, amounts: FloatArray, shifted: Tensor) -> FloatArray:
    if window.partials_hz is None or operator.axis not in _MOVES_PARTIALS:
        return np.full(len(amounts), np.nan)
    landing = operator.landing_hz(window.partials_hz, amounts, window.clip)
    return measure_partials(shifted.numpy(), window.clip.sample_rate, landing).harmonicity_error


def _respond_to_bins(model: Model, window: _Window, grid: ShiftGrid, plan: SweepPlan) -> AxisResponses:
    front_end = model.front_end
    if front_end is None:
        return _respond_along(model, window, grid, plan)
    waveform = torch.from_numpy(window.clip.waveform).to(model.device)
    spectrogram = front_end(waveform)
    amounts = np.asarray(grid.amounts)
    shifted = bin_shift(spectrogram, amounts, fill=front_end.floor_db)
    fidelity = bin_fidelity(spectrogram, amounts, floor_db=front_end.floor_db)
    return AxisResponses(
        axis="bins",
        unit=grid.unit,
        shifts=amounts,
        scores=_scores(model.scores_of_spectrogram, shifted, plan.batch_size)[None],
        edges="",
        engine=f"{front_end.config.kind} bins",
        energy_kept=fidelity.energy_kept[None],
        level_change_db=fidelity.level_change_db[None],
        window_filled=fidelity.window_filled[None],
        harmonicity_error=np.full((1, len(amounts)), np.nan),
    )


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
        if furthest[0] and grid.axis != "time":
            back = operator.shift_back(operator.shift(clip, furthest), clip, furthest)[0]
            sounds.append(("there_and_back", grid.amounts[at], back))
    scores = _scores(model.scores, torch.stack([sound for _, _, sound in sounds]), plan.batch_size)
    norm = original.double().norm()
    return [
        ControlResponses(
            grid.axis, name, amount, scores[i : i + 1], np.array([float((sound - original).double().norm() / norm)])
        )
        for i, (name, amount, sound) in enumerate(sounds)
    ]
