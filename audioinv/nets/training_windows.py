"""Labelled clips as a network is trained on them: windows, targets, and windows that are moved anew in every epoch.

Conventions
-----------
Clips are at the model's sample rate. Jitter is applied by the same operators that the analysis uses: a delay takes
what the recording holds beside the window (silence where it holds nothing), a frequency shift moves all components by
the same hertz. Windows that are not jittered always stand in one place.

What is here: `windows_of`, `targets_of`, `JitteredWindows`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..sound.axes.registry import change_along
from ..sound.clip import Clip, open_window
from ..sound.grid import ShiftGrid
from ..sound.pitch import pitch_shift
from ..sound.shifts import frequency_shift, time_shift
from .model import ModelSpec
from .training_config import TrainingConfig

__all__ = ["JitteredWindows", "targets_of", "windows_of"]


def windows_of(clips: Sequence[Clip], spec: ModelSpec) -> Tensor:
    """Return the clips as the windows that a model hears.

    Parameters
    ----------
    clips : sequence of Clip
        At the model's sample rate.
    spec : ModelSpec

    Returns
    -------
    Tensor of shape (n_clips, n_samples)
    """
    return torch.stack([torch.from_numpy(open_window(c, spec.n_samples, spec.lead_samples).waveform) for c in clips])


def targets_of(clips: Sequence[Clip], labels: Sequence[str]) -> Tensor:
    """Return the classes of clips as indices into a model's labels.

    Parameters
    ----------
    clips : sequence of Clip
        Labelled.
    labels : sequence of str

    Returns
    -------
    Tensor of shape (n_clips,), int64

    Raises
    ------
    InputError
        If a label is not the model's.
    """
    unknown = sorted({str(clip.label) for clip in clips} - set(labels))
    if unknown:
        raise InputError(f"clips are labelled {', '.join(unknown)}; the model knows {', '.join(labels)}")
    return torch.tensor([labels.index(str(clip.label)) for clip in clips])


class JitteredWindows:
    """Batches of windows, each moved anew by the operators of the analysis.

    Parameters
    ----------
    clips : sequence of Clip
    spec : ModelSpec
    config : TrainingConfig
        Its jitter of bins and its mixup are left to the training.
    """

    def __init__(self, clips: Sequence[Clip], spec: ModelSpec, config: TrainingConfig) -> None:
        self.margin = math.ceil(config.time_jitter_seconds * spec.sample_rate)
        wide = replace(spec, n_samples=spec.n_samples + 2 * self.margin, lead_samples=spec.lead_samples + self.margin)
        self.wide = windows_of(clips, wide)
        self.n_samples, self.lead, self.sample_rate = spec.n_samples, spec.lead_samples, spec.sample_rate
        self.config = config

    def draw(self, chosen: Tensor, rng: np.random.Generator) -> Tensor:
        """Return some windows, moved.

        Parameters
        ----------
        chosen : Tensor of shape (n_chosen,), int64
            Which clips.
        rng : numpy.random.Generator

        Returns
        -------
        Tensor of shape (n_chosen, n_samples)
        """
        windows: Tensor
        wide, config, n_clips = self.wide[chosen], self.config, len(chosen)
        before, windows, after = wide.split((self.margin, self.n_samples, self.margin), dim=-1)
        if self.margin:
            delays = rng.integers(-self.margin, self.margin + 1, n_clips)
            windows = time_shift(windows, delays, edges="context", before=before, after=after)
        if config.frequency_jitter_hz:
            offsets = rng.uniform(-config.frequency_jitter_hz, config.frequency_jitter_hz, n_clips)
            windows = frequency_shift(windows, offsets, self.sample_rate)
        if config.pitch_jitter_semitones:
            intervals = rng.uniform(-config.pitch_jitter_semitones, config.pitch_jitter_semitones, n_clips)
            windows = pitch_shift(windows, intervals, self.sample_rate, engine="resample", anchor_samples=self.lead)
        if config.gain_jitter_db:
            gains_db = rng.uniform(-config.gain_jitter_db, config.gain_jitter_db, n_clips)
            windows = windows * torch.as_tensor(10 ** (gains_db / 20), dtype=windows.dtype)[:, None]
        for grid in config.changes:
            windows = self._changed(windows, grid, rng)
        return windows

    def _changed(self, windows: Tensor, grid: ShiftGrid, rng: np.random.Generator) -> Tensor:
        """Change every window by an amount of its own, with noise and orders of this batch."""
        operator = change_along(grid.axis, grid.variant, seed=int(rng.integers(2**31)), anchor_samples=self.lead)
        amounts = rng.choice(grid.natural(self.sample_rate), len(windows))
        pairs = zip(windows.numpy(), amounts, strict=True)
        return torch.cat([operator.shift(Clip(window, self.sample_rate), [amount]) for window, amount in pairs])
