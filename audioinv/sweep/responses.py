"""What a sweep yields: the model's scores at every shift of every clip, and the controls beside them.

Conventions
-----------
Shifts ascend and contain 0. Scores are ordered ``(n_clips, n_shifts, n_classes)``; columns that describe the
shifted sound are ordered ``(n_clips, n_shifts)`` and are ``nan`` where they do not apply.

What is here: `AxisResponses`, `ControlResponses`, `ClipRecord`, `ModelResponses`, `Failure`; `stack_clips`,
`join_models`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..nets.model import ModelSpec
from .room import blocks_of, let_go

__all__ = [
    "SOUND_COLUMNS",
    "AxisResponses",
    "ClipRecord",
    "ControlResponses",
    "Failure",
    "ModelResponses",
    "join_models",
    "stack_clips",
]

FloatArray = npt.NDArray[np.floating]
MakeRoom = Callable[[tuple[int, ...], np.dtype[Any]], npt.NDArray[Any]]

SOUND_COLUMNS = (
    "energy_kept", "level_change_db", "window_filled", "harmonicity_error", "bandwidth_lost", "engine_error"
)  # fmt: skip


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
    bandwidth_lost, engine_error : ndarray of shape (n_clips, n_shifts)
        Share of the clip's band that has no place any more; relative difference between the clip and what the engine
        makes of it at 0, the same at every shift.

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
    bandwidth_lost: FloatArray
    engine_error: FloatArray

    def __post_init__(self) -> None:
        n_clips, n_shifts = self.scores.shape[:2]
        if self.shifts.shape != (n_shifts,):
            raise InputError(f"{len(self.shifts)} shifts, but scores of shape {self.scores.shape}")
        for name in SOUND_COLUMNS:
            if getattr(self, name).shape != (n_clips, n_shifts):
                raise InputError(f"{name} has shape {getattr(self, name).shape}; it must be {(n_clips, n_shifts)}")
        if not (np.diff(self.shifts) > 0).all() or 0 not in self.shifts:
            raise InputError(f"the shifts of axis {self.axis} must ascend and contain 0: {self.shifts}")

    @property
    def zero(self) -> int:
        """Index of the unshifted column."""
        return int(np.flatnonzero(self.shifts == 0)[0])

    @cached_property
    def clean(self) -> FloatArray:
        """Scores of the unshifted clips, (n_clips, n_classes)."""
        return np.concatenate([self.scores[some, self.zero].copy() for some in blocks_of(self.scores)])


@dataclass(frozen=True, eq=False)
class ControlResponses:
    """Scores for a sound that should be the same again: what the tool itself does to the answers.

    Parameters
    ----------
    axis : str
    name : {"twice", "engine_at_zero", "there_and_back", "float32"}
        The same input a second time; the engine at amount 0; the largest shift and back; a shift in single precision,
        beside a sweep in another.
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

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


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

    @property
    def onsets_seconds(self) -> list[float]:
        """Where each clip begins in its recording: a window opens before it, by a lead that is the model's own."""
        lead = self.spec.lead_samples / self.spec.sample_rate
        return [clip.start_seconds + lead for clip in self.clips]


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
    return join_models(([part] for part in parts), sum(len(part.clips) for part in parts))[0]


def join_models(
    parts: Iterable[Sequence[ModelResponses]], n_clips: int, make_room: MakeRoom = np.empty
) -> tuple[ModelResponses, ...]:
    """Join the responses of several models to many clips, in order.

    Parts are dropped as they are read, so that everything lies there once.

    Parameters
    ----------
    parts : iterable of sequence of ModelResponses
        For one stretch of the clips after the other, what each model answered; of the same models, axes and shifts.
    n_clips : int
        In all parts together.
    make_room : callable, default `numpy.empty`
        From shape and dtype to an array; `audioinv.sweep.room.RoomOnDisk` where they may be too large for memory.

    Returns
    -------
    tuple of ModelResponses
        One for each model; empty if there is no part.
    """
    joined: list[ModelResponses] = []
    clips: list[list[ClipRecord]] = []  # of each model: windows of their own begin and end elsewhere
    edges: dict[tuple[int, str], set[str]] = {}
    for models in parts:
        joined = joined or [_enlarge(model, n_clips, make_room) for model in models]
        clips = clips or [[] for _ in models]
        for number, (room, model) in enumerate(zip(joined, models, strict=True)):
            _fill(room, model, len(clips[number]))
            clips[number].extend(models[0].clips if model.clips == models[0].clips else model.clips)
            for axis in model.axes.values():
                edges.setdefault((number, axis.axis), set()).add(axis.edges)
    # Where some clips have surroundings, what enters is the context of all: that of the others is silence.
    return tuple(
        replace(
            room,
            clips=tuple(clips[number]),
            axes={
                name: replace(axis, edges=axis.edges if len(edges[number, name]) == 1 else "context")
                for name, axis in room.axes.items()
            },
        )
        for number, room in enumerate(joined)
    )


_Stackable = TypeVar("_Stackable", AxisResponses, ControlResponses)


def _arrays(found: AxisResponses | ControlResponses) -> list[str]:
    """Name the arrays that have a row for each clip."""
    named = [entry.name for entry in fields(found) if entry.name != "shifts"]
    return [name for name in named if isinstance(getattr(found, name), np.ndarray)]


def _enlarge(model: ModelResponses, n_clips: int, make_room: MakeRoom) -> ModelResponses:
    def enlarge(found: _Stackable) -> _Stackable:
        room: dict[str, Any] = {}
        for name in _arrays(found):
            values: FloatArray = getattr(found, name)
            room[name] = make_room((n_clips, *values.shape[1:]), values.dtype)
        return replace(found, **room)

    axes = {name: enlarge(axis) for name, axis in model.axes.items()}
    return replace(model, axes=axes, controls=tuple(enlarge(control) for control in model.controls))


def _fill(room: ModelResponses, model: ModelResponses, first: int) -> None:
    kept: list[AxisResponses | ControlResponses] = [*(room.axes[name] for name in model.axes), *room.controls]
    new: list[AxisResponses | ControlResponses] = [*model.axes.values(), *model.controls]
    for whole, part in zip(kept, new, strict=True):
        for name in _arrays(part):
            array: FloatArray = getattr(whole, name)
            array[first : first + len(model.clips)] = getattr(part, name)
            let_go(array)
