"""Grids of two axes: a sound changed along one, then along the other; a model's scores at every pair of amounts.

Conventions
-----------
Of the two axes the later in `audioinv.sound.grid.AXES` comes first: noise is laid over a sound, which is then delayed;
a sound echoes before a telephone takes it. Bins are moved last, as they are of the model's spectrogram. The order
matters only where the two do not commute. With one amount at 0 the other axis is as in a sweep of its own.

Under a delay something enters. With ``edges="context"`` it is what the change makes of the recording around the window,
taken as one sound with it; the window itself is changed as without a delay, so that where the two meet a tone may jump
in phase, and noise is drawn anew.

Delays of one changed sound are windows of one tape; so the shared engine takes the sounds as a batch of tapes, which
share their network, and each tape shares what its windows have in common. Moved bins make another network for each
amount, which is read by itself.

What is here: `PairSweep`.
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
from ..nets.threads import use_threads
from ..nets.wrapped import WrappedModel
from ..sound.clip import Clip, open_window
from ..sound.grid import ShiftGrid
from ..sound.operators import Operator, TimeShift
from .engines import EngineChoice, choose_engines
from .plan import SweepPlan, check_window, operator_of
from .verification import confirm_scores

__all__ = ["PairSweep"]

FloatArray = npt.NDArray[Any]

_SURROUNDINGS = 4096  # samples, of which a fractional delay takes account


class _MovedBins(WrappedModel):
    """A model that hears its spectrogram moved up by some bins."""

    def __init__(self, model: Model, n_bins_up: int) -> None:
        super().__init__(model)
        front_end = model.front_end
        if front_end is None:
            raise InputError(
                f"bins needs a model whose spectrogram is known; {model.spec.name} takes the waveform itself"
            )
        self._spectrogram = front_end
        self._up = max(-front_end.config.n_bins, min(n_bins_up, front_end.config.n_bins))

    def respond(self, waveforms: Tensor) -> Tensor:
        return self.respond_to_spectrogram(self._spectrogram(waveforms.to(self.device)))

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        moved = nn.functional.pad(spectrograms, (0, 0, self._up, -self._up), value=self._spectrogram.floor_db)
        return super().respond_to_spectrogram(moved)


@dataclass(frozen=True, eq=False)
class PairSweep:
    """A grid of two axes, planned once for any number of clips.

    Parameters
    ----------
    model : Model
    plan : SweepPlan
        With two grids. Of `plan_sweep`, time is the first of them wherever it stands. In single precision only.
    n_clips : int, default 1
        How many clips there will be at least.

    Raises
    ------
    InputError
        If the plan has not two grids, or asks for another precision.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> def first_half_louder(waveforms):
    ...     halves = (waveforms**2).reshape(len(waveforms), 2, 400).mean(-1)
    ...     return (halves / halves.sum(-1, keepdims=True)).astype(np.float32)
    >>> model = as_model(first_half_louder, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> clip = Clip(np.sin(np.arange(800) / 9).astype(np.float32) * (np.arange(800) < 400), 8000)
    >>> plan = SweepPlan((ShiftGrid("time", (200.0,), "smp"), ShiftGrid("freq", (100.0,), "Hz")))
    >>> PairSweep(model, plan).respond(clip)[..., 0].round(1)
    array([[1. , 1. ],
           [0.5, 0.5]], dtype=float32)
    """

    model: Model
    plan: SweepPlan
    n_clips: int = 1

    def __post_init__(self) -> None:
        if len(self.plan.grids) != 2:
            raise InputError(f"a pair is of two axes; the plan has {len(self.plan.grids)}")
        if self.plan.precision != "float32":
            raise InputError(f"precision={self.plan.precision} is not for pairs of axes; leave it out")

    @property
    def _swapped(self) -> bool:
        """Whether the first axis is the one whose changes are made first."""
        return self.plan.grids[0].axis == "bins"

    @property
    def _last(self) -> ShiftGrid:
        """The axis along which windows are taken of each changed sound."""
        return self.plan.grids[1 if self._swapped else 0]

    @property
    def _first(self) -> ShiftGrid:
        """The axis along which sounds are changed, or the spectrogram is moved."""
        return self.plan.grids[0 if self._swapped else 1]

    def _amounts(self, grid: ShiftGrid) -> FloatArray:
        return grid.natural(self.model.spec.sample_rate, self.model.hop_samples)

    @cached_property
    def engines(self) -> tuple[tuple[Model, EngineChoice], ...]:
        """What answers along the last axis: one for all changed sounds, or one for each number of bins."""
        plan, amounts = replace(self.plan, grids=(self._last,)), self._amounts(self._first)
        models, n_sounds = [self.model], len(amounts)
        if self._first.axis == "bins":
            models, n_sounds = [_MovedBins(self.model, int(amount)) for amount in amounts], 1
        axis = self._last.axis
        return tuple((model, choose_engines(model, plan, self.n_clips * n_sounds)[axis]) for model in models)

    def respond(self, clip: Clip) -> FloatArray:
        """Return the model's scores for one clip at every pair.

        Parameters
        ----------
        clip : Clip
            At any sample rate.

        Returns
        -------
        ndarray of shape (n_first, n_second, n_classes)
            In the order of the plan's grids.

        Raises
        ------
        InputError
            If the clip holds nothing to classify, or an amount cannot be applied.
        ModelError
            If the model answers in the wrong shape, or NaN, or an engine does not give what the model does.
        """
        laid = self._window(clip)
        with use_threads(self.plan.threads), torch.inference_mode():
            sounds = [laid] if self._first.axis == "bins" else self._changed(laid)
            scores = np.concatenate([self._answers(model, sounds, choice) for model, choice in self.engines])
        return scores if self._swapped else scores.swapaxes(0, 1)

    def respond_again(self, clip: Clip) -> FloatArray:
        """Return what the model says when it hears the unchanged clip once more.

        Parameters
        ----------
        clip : Clip
            At any sample rate.

        Returns
        -------
        ndarray of shape (n_classes,)
        """
        with use_threads(self.plan.threads), torch.inference_mode():
            scores: FloatArray = self.model.scores(torch.from_numpy(self._window(clip).waveform)[None])[0].numpy()
        return scores

    def _window(self, clip: Clip) -> Clip:
        spec = self.model.spec
        resampled = clip.resampled(spec.sample_rate)
        laid = open_window(resampled, spec.n_samples, spec.lead_samples)
        check_window(resampled, laid)
        return laid

    def _changed(self, window: Clip) -> list[Clip]:
        operator, amounts = operator_of(self._first.axis, self.plan, self.model.spec), self._amounts(self._first)
        changed = [replace(window, waveform=row.numpy()) for row in operator.shift(window, amounts)]
        alone = not (len(window.before) or len(window.after))
        if alone or self.plan.edges != "context" or self._last.axis != "time":
            return changed
        reach = int(np.ceil(np.abs(self._amounts(self._last)).max())) + _SURROUNDINGS
        parts = (window.before[-reach:], window.waveform, window.after[:reach])
        opens, ends = len(parts[0]), len(parts[0]) + len(window.waveform)
        whole = replace(window, waveform=np.concatenate(parts), before=parts[0][:0], after=parts[0][:0])
        rows = _anchored(operator, opens).shift(whole, amounts).numpy()
        pairs = zip(changed, rows, strict=True)
        return [replace(sound, before=row[:opens], after=row[ends:]) for sound, row in pairs]

    def _answers(self, model: Model, sounds: Sequence[Clip], choice: EngineChoice) -> FloatArray:
        """Return scores of shape (n_sounds, n_last, n_classes)."""
        operator, amounts = operator_of(self._last.axis, self.plan, model.spec), self._amounts(self._last)
        whole = np.flatnonzero(amounts == np.round(amounts))

        def tapes(first: int, last: int) -> Tensor:
            shift = TimeShift(self.plan.edges, self.plan.seed)
            return torch.stack([shift.tape(sound, first, last) for sound in sounds]).to(model.device)

        def hear(sound: Clip, wanted: npt.NDArray[np.intp]) -> FloatArray:
            windows = operator.shift(sound, amounts[wanted]).split(self.plan.batch_size)
            return np.concatenate([model.scores(some).numpy() for some in windows])

        def alone(row: int) -> FloatArray:
            sound, at = divmod(row, len(whole))
            found: FloatArray = hear(sounds[sound], whole[at : at + 1])[0]
            return found

        scores = np.empty((len(sounds), len(amounts), len(model.spec.labels)), dtype=np.float32)
        left = np.arange(len(amounts))
        if choice.plans:
            raw = choice.answers(tapes)
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
