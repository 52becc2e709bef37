"""What a sweep yields: the model's scores at every shift of every clip, and the controls beside them.

Conventions
-----------
Shifts ascend and contain 0. Scores are ordered ``(n_clips, n_shifts, n_classes)``; columns that describe the
shifted sound are ordered ``(n_clips, n_shifts)`` and are ``nan`` where they do not apply.

What is here: `AxisResponses`, `ControlResponses`, `ClipRecord`, `ModelResponses`, `Failure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..nets.model import ModelSpec

__all__ = ["AxisResponses", "ClipRecord", "ControlResponses", "Failure", "ModelResponses", "stack_clips"]

FloatArray = npt.NDArray[np.floating]

_PER_SHIFT = ("energy_kept", "level_change_db", "window_filled", "harmonicity_error")


@dataclass(frozen=True, eq=False)
class AxisResponses:
    """Scores of one model along one axis.

    Parameters
    ----------
    axis : {"time", "freq", "pitch", "bins"}
        What was shifted.
    unit : str
        Unit of `shifts`, as the user gave it: ``"ms"``, ``"Hz"``, ``"st"``, ``"bins"``.
    shifts : ndarray of shape (n_shifts,)
        Ascending, with 0 among them.
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
        Probabilities, or whatever the model's activation yields.
    edges : str
        What entered at the border: ``"zero"``, ``"circular"``, ``"context"``, ``"noise"``; ``""`` off the time axis.
    engine : str
        What shifted the sound.
    energy_kept, level_change_db, window_filled, harmonicity_error : ndarray of shape (n_clips, n_shifts)
        Share of the sound's energy still there; change of level in dB; share of the window that is padding; see
        `audioinv.sound.harmonics`.

    Raises
    ------
    InputError
        If shapes disagree, shifts do not ascend, or 0 is not among them.
    """

    axis: str
    unit: str
    shifts: FloatArray
    scores: FloatArray
    edges: str
    engine: str
    energy_kept: FloatArray
    level_change_db: FloatArray
    window_filled: FloatArray
    harmonicity_error: FloatArray

    def __post_init__(self) -> None:
        n_clips, n_shifts = self.scores.shape[:2]
        if self.shifts.shape != (n_shifts,):
            raise InputError(f"{len(self.shifts)} shifts, but scores of shape {self.scores.shape}")
        for name in _PER_SHIFT:
            if getattr(self, name).shape != (n_clips, n_shifts):
                raise InputError(f"{name} has shape {getattr(self, name).shape}; it must be {(n_clips, n_shifts)}")
        if not (np.diff(self.shifts) > 0).all() or 0 not in self.shifts:
            raise InputError(f"the shifts of axis {self.axis} must ascend and contain 0: {self.shifts}")

    @property
    def zero(self) -> int:
        """Index of the unshifted column."""
        return int(np.flatnonzero(self.shifts == 0)[0])


@dataclass(frozen=True, eq=False)
class ControlResponses:
    """Scores for a sound that should be the same again: what the tool itself does to the answers.

    Parameters
    ----------
    axis : str
    name : {"twice", "engine_at_zero", "there_and_back"}
        The same input a second time; the engine at amount 0; the largest shift and back.
    amount : float
        In the axis' unit.
    scores : ndarray of shape (n_clips, n_classes)
    sound_error : ndarray of shape (n_clips,)
        Relative difference between this sound and the clip.
    """

    axis: str
    name: str
    amount: float
    scores: FloatArray
    sound_error: FloatArray


@dataclass(frozen=True)
class ClipRecord:
    """Which stretch of sound one row of scores stands for; times in seconds from the start of the recording."""

    name: str
    start_seconds: float
    end_seconds: float
    label: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Failure:
    """A sound that was not analysed: where it failed and why."""

    path: str
    stage: str
    reason: str


@dataclass(frozen=True, eq=False)
class ModelResponses:
    """Everything that one model answered.

    Parameters
    ----------
    spec : ModelSpec
    clips : tuple of ClipRecord
    axes : mapping of str to AxisResponses
    controls : tuple of ControlResponses
    """

    spec: ModelSpec
    clips: tuple[ClipRecord, ...]
    axes: Mapping[str, AxisResponses] = field(default_factory=dict)
    controls: tuple[ControlResponses, ...] = ()


def stack_clips(parts: Sequence[ModelResponses]) -> ModelResponses:
    """Join the responses of one model to several clips, in order.

    Parameters
    ----------
    parts : sequence of ModelResponses
        Of the same model, axes and shifts.

    Returns
    -------
    ModelResponses

    Raises
    ------
    InputError
        If there is nothing to join.
    """
    if not parts:
        raise InputError("no responses to join")
    first = parts[0]
    axes = {axis: _stack(_same_edges([part.axes[axis] for part in parts])) for axis in first.axes}
    controls = tuple(_stack([part.controls[i] for part in parts]) for i in range(len(first.controls)))
    return replace(first, clips=tuple(clip for part in parts for clip in part.clips), axes=axes, controls=controls)


def _same_edges(parts: Sequence[AxisResponses]) -> Sequence[AxisResponses]:
    """Name what enters for all clips: where some have surroundings, the context of the others is silence."""
    if len({part.edges for part in parts}) == 1:
        return parts
    return [replace(part, edges="context") for part in parts]


_Stackable = TypeVar("_Stackable", AxisResponses, ControlResponses)


def _stack(parts: Sequence[_Stackable]) -> _Stackable:
    names = [entry.name for entry in fields(parts[0]) if entry.name != "shifts"]
    arrays = [name for name in names if isinstance(getattr(parts[0], name), np.ndarray)]
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return replace(parts[0], **joined)
