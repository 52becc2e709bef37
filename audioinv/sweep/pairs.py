"""Grids of two axes: a sound changed along one, then delayed; a model's scores at every pair of amounts.

Conventions
-----------
The other change comes first, of the recording as far as it may enter the window, and of the model's spectrogram where
bins are moved last; the order matters only where the two do not commute. Amounts count in what operators count in:
samples, hertz, semitones, bins. Delays of one changed sound are windows of one tape; so the shared engine takes the
sounds as a batch of tapes, which share their network, and each tape shares what its windows have in common. Moved bins
make another network for each amount, which is read by itself.

What is here: `PairSweep`, `respond_on_grid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..nets.model import Model
from ..sound.audio import Clip, open_window
from ..sound.grid import ShiftGrid
from ..sound.operators import Operator, TimeShift
from .engines import EngineChoice, choose_engines
from .plan import SweepPlan, check_window, operator_of
from .verification import confirm_scores

__all__ = ["PairSweep", "respond_on_grid"]

FloatArray = npt.NDArray[Any]


class _MovedBins(Model):
    """A model that hears its spectrogram moved up by some bins."""

    def __init__(self, model: Model, n_bins_up: int) -> None:
        super().__init__(model.spec)
        front_end = model.front_end
        if front_end is None:
            raise InputError(f"bins need a model whose spectrogram we know; {model.spec.name} does not show it")
        self._model, self._front_end = model, front_end
        self._up = max(-front_end.config.n_bins, min(n_bins_up, front_end.config.n_bins))

    @property
    def module(self) -> nn.Module | None:
        return self._model.module

    @property
    def device(self) -> torch.device:
        return self._model.device

    def respond(self, waveforms: Tensor) -> Tensor:
        spectrogram = self._front_end(waveforms.to(self.device))
        moved = nn.functional.pad(spectrogram, (0, 0, self._up, -self._up), value=self._front_end.floor_db)
        return self._model.respond_to_spectrogram(moved)


@dataclass(frozen=True, eq=False)
class PairSweep:
    """A grid of delays and another change, planned once for any number of clips.

    Parameters
    ----------
    model : Model
    time_amounts : array of shape (n_time,)
        Delays in samples, in any order.
    other_axis : str
        Any axis but time.
    other_amounts : array of shape (n_other,)
        In the natural unit of that axis.
    plan : SweepPlan
        Its edges, engines, batch size, seed and number of checks are used, and the variant of the other axis where it
        has a grid of it.
    n_clips : int, default 1
        How many clips there will be at least.
    """

    model: Model
    time_amounts: npt.ArrayLike
    other_axis: str
    other_amounts: npt.ArrayLike
    plan: SweepPlan
    n_clips: int = 1

    @cached_property
    def _delays(self) -> ShiftGrid:
        return ShiftGrid("time", tuple(np.asarray(self.time_amounts, dtype=np.float64)), "smp")

    @cached_property
    def _others(self) -> FloatArray:
        return np.atleast_1d(np.asarray(self.other_amounts, dtype=np.float64))

    @cached_property
    def engines(self) -> tuple[tuple[Model, EngineChoice], ...]:
        """What answers the delays: one for all changed sounds, or one for each number of bins."""
        plan, n_tapes = replace(self.plan, grids=(self._delays,)), len(self._others)
        models = [self.model]
        if self.other_axis == "bins":
            models, n_tapes = [_MovedBins(self.model, int(amount)) for amount in self._others], 1
        return tuple((model, choose_engines(model, plan, self.n_clips * n_tapes)["time"]) for model in models)

    def respond(self, clip: Clip) -> FloatArray:
        """Return the model's scores for one clip at every pair.

        Parameters
        ----------
        clip : Clip
            At any sample rate.

        Returns
        -------
        ndarray of shape (n_time, n_other, n_classes)

        Raises
        ------
        InputError
            If the clip holds nothing to classify, or an amount cannot be applied.
        ModelError
            If the model answers in the wrong shape, or NaN, or an engine does not give what the model does.
        """
        spec = self.model.spec
        resampled = clip.resampled(spec.sample_rate)
        laid = open_window(resampled, spec.n_samples, spec.lead_samples)
        check_window(resampled, laid)
        with torch.inference_mode():
            sounds = [laid] if self.other_axis == "bins" else self._changed(laid)
            scores = [self._delayed(model, sounds, choice) for model, choice in self.engines]
        amounts = np.asarray(self._delays.amounts)
        rows = np.searchsorted(amounts, np.asarray(self.time_amounts, dtype=np.float64))
        return np.concatenate(scores)[:, rows].swapaxes(0, 1)

    def _changed(self, window: Clip) -> list[Clip]:
        operator = operator_of(self.other_axis, self.plan, self.model.spec)
        if self.plan.edges != "context":
            return [replace(window, waveform=row.numpy()) for row in operator.shift(window, self._others)]
        parts = (window.before, window.waveform, window.after)
        opens, ends = len(window.before), len(window.before) + len(window.waveform)
        whole = replace(window, waveform=np.concatenate(parts), before=parts[0][:0], after=parts[0][:0])
        rows = _anchored(operator, opens).shift(whole, self._others).numpy()
        return [replace(window, before=row[:opens], waveform=row[opens:ends], after=row[ends:]) for row in rows]

    def _delayed(self, model: Model, sounds: Sequence[Clip], choice: EngineChoice) -> FloatArray:
        """Return scores of shape (n_sounds, n_delays, n_classes)."""
        shift, delays = TimeShift(self.plan.edges, self.plan.seed), np.asarray(self._delays.amounts)
        whole = np.flatnonzero(delays == np.round(delays))

        def tapes(first: int, last: int) -> Tensor:
            return torch.stack([shift.tape(sound, first, last) for sound in sounds])

        def hear(sound: Clip, wanted: npt.NDArray[np.intp]) -> FloatArray:
            windows = shift.shift(sound, delays[wanted]).split(self.plan.batch_size)
            return np.concatenate([model.scores(some).numpy() for some in windows])

        def alone(row: int) -> FloatArray:
            sound, delay = divmod(row, len(whole))
            found: FloatArray = hear(sounds[sound], whole[delay : delay + 1])[0]
            return found

        scores = np.empty((len(sounds), len(delays), len(model.spec.labels)), dtype=np.float32)
        left = np.arange(len(delays))
        if choice.plans:
            raw = choice.answers(lambda first, last: tapes(first, last).to(model.device))
            shared = model.scores_of(raw, len(raw)).numpy()
            if confirm_scores(shared, alone, self.plan, sounds[0].name):
                scores[:, whole] = shared.reshape(len(sounds), len(whole), -1)
                left = np.setdiff1d(left, whole)
        if len(left):
            scores[:, left] = np.stack([hear(sound, left) for sound in sounds])
        return scores


def _anchored(operator: Operator, later: int) -> Operator:
    """Return an operator that keeps the same moment in place in a recording that begins sooner by some samples."""
    if not hasattr(operator, "anchor_samples"):
        return operator
    moved: Operator = replace(operator, anchor_samples=operator.anchor_samples + later)  # type: ignore[type-var]
    return moved


def respond_on_grid(
    model: Model,
    clip: Clip,
    time_amounts: npt.ArrayLike,
    other_axis: str,
    other_amounts: npt.ArrayLike,
    plan: SweepPlan,
) -> FloatArray:
    """Return a model's scores for one clip at every pair of a delay and another change.

    Parameters
    ----------
    model : Model
    clip : Clip
        At any sample rate.
    time_amounts : array of shape (n_time,)
        Delays in samples.
    other_axis : str
        Any axis but time.
    other_amounts : array of shape (n_other,)
        In the natural unit of that axis.
    plan : SweepPlan
        See `PairSweep`, which is what to use for many clips.

    Returns
    -------
    ndarray of shape (n_time, n_other, n_classes)

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> def first_half_louder(waveforms):
    ...     halves = (waveforms**2).reshape(len(waveforms), 2, 400).mean(-1)
    ...     return (halves / halves.sum(-1, keepdims=True)).astype(np.float32)
    >>> model = as_model(first_half_louder, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> clip = Clip(np.sin(np.arange(800) / 9).astype(np.float32) * (np.arange(800) < 400), 8000)
    >>> plan = SweepPlan((ShiftGrid("time", (0.0,), "smp"),))
    >>> respond_on_grid(model, clip, [0, 200], "freq", [0, 100], plan)[..., 0].round(1)
    array([[1. , 1. ],
           [0.5, 0.5]], dtype=float32)
    """
    return PairSweep(model, time_amounts, other_axis, other_amounts, plan).respond(clip)
