"""The shifts of sound behind one door: what a sweep applies, and how faithful each is.

Conventions
-----------
An operator works on a `Clip` laid out as a model's window, takes amounts in its natural unit (samples, hertz or
semitones) of shape ``(n_shifts,)`` and returns ``(n_shifts, n_samples)``. Whatever it does to a sound beside
what it says, it reports as `audioinv.sound.fidelity.Fidelity`, so that its own traces cannot pass for a model's
sensitivity.

What is here: `Operator`, `TimeShift`, `FrequencyShift`, `PitchShift`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .clip import Clip
from .edges import surroundings
from .fidelity import Fidelity, energy, energy_ratio, filled_bands, level_change_db
from .harmonics import moved_places
from .pitch import pitch_shift, run_engine, semitones_to_ratio
from .shifts import frequency_shift, time_shift

__all__ = ["FrequencyShift", "Operator", "PitchShift", "TimeShift"]

FloatArray = npt.NDArray[np.float64]


class Operator(ABC):
    """A shift of sound along one axis."""

    axis: str
    engine: str

    @property
    def has_inverse(self) -> bool:
        """Whether `shift_back` leads back, up to what left the window."""
        return True

    @abstractmethod
    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip shifted by each amount, of shape (n_shifts, n_samples)."""

    @abstractmethod
    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return shifted sounds moved back by their amounts, of shape (n_shifts, n_samples)."""

    @abstractmethod
    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return where components land, of shape (n_shifts, n_components)."""

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the share of the clip's energy left at each amount, of shape (n_shifts,)."""
        return energy_ratio(energy(shifted), energy(torch.from_numpy(clip.waveform)))

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that is padding at each amount, of shape (n_shifts,)."""
        return np.zeros(len(amounts))

    def bandwidth_lost(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the clip's band that has no place at each amount, of shape (n_shifts,)."""
        filled = filled_bands(clip)
        if not len(filled):
            return np.full(len(amounts), np.nan)
        return np.asarray(np.isnan(self.landing_hz(filled, amounts, clip)).mean(axis=1))

    def fidelity(self, clip: Clip, amounts: Any, shifted: Tensor | None = None, *, round_trip: bool = True) -> Fidelity:
        """Measure what the operator does to one clip beside shifting it.

        Parameters
        ----------
        clip : Clip
        amounts : array of shape (n_shifts,)
            In the operator's natural unit.
        shifted : Tensor of shape (n_shifts, n_samples), optional
            Saves computing it again.
        round_trip : bool, default True
            Whether to shift back as well; `round_trip_error` is ``nan`` otherwise.

        Returns
        -------
        Fidelity
        """
        amounts = np.atleast_1d(np.asarray(amounts, dtype=np.float64))
        shifted = self.shift(clip, amounts) if shifted is None else shifted
        there_and_back = round_trip and self.has_inverse
        error = self._round_trip_error(clip, amounts, shifted) if there_and_back else np.full(len(amounts), np.nan)
        return Fidelity(
            energy_kept=self.energy_kept(clip, amounts, shifted),
            level_change_db=level_change_db(shifted, clip),
            window_filled=self.window_filled(clip, amounts),
            bandwidth_lost=self.bandwidth_lost(clip, amounts),
            round_trip_error=error,
        )

    def _round_trip_error(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        original = torch.from_numpy(clip.waveform)
        residue = self.shift_back(shifted, clip, amounts) - original
        return np.asarray(np.sqrt(energy_ratio(energy(residue), energy(original))))


@dataclass(frozen=True)
class TimeShift(Operator):
    """Delay in samples, with a rule for what enters at the border; see `audioinv.sound.shifts.time_shift`.

    Parameters
    ----------
    edges : {"zero", "circular", "context", "noise"}, default "zero"
    seed : int, default 0
        Of the noise that enters with ``edges="noise"``; the same noise at every delay.
    """

    edges: str = "zero"
    seed: int = 0
    axis = "time"
    engine = "delay"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip delayed by each amount of samples."""
        rng = np.random.default_rng(self.seed)
        delayed: Tensor = time_shift(
            torch.from_numpy(clip.waveform),
            amounts,
            edges=self.edges,
            before=clip.before,
            after=clip.after,
            rng=rng,
        )
        return delayed

    def tape(self, clip: Clip, first: int, last: int) -> Tensor:
        """Return the sound that delayed windows are cut from.

        Parameters
        ----------
        clip : Clip
        first, last : int
            From which sample to which, counted from the start of the window that is not delayed.

        Returns
        -------
        Tensor of shape (last - first,)
            The window that is delayed by ``-first`` samples stands at its start.
        """
        samples = torch.from_numpy(clip.waveform)
        if self.edges == "circular":
            return samples[torch.arange(first, last) % len(samples)]
        rng = np.random.default_rng(self.seed)
        before, after = surroundings(samples, edges=self.edges, before=clip.before, after=clip.after, rng=rng)
        recording = torch.cat([before, samples, after])
        opens = len(before)
        return torch.nn.functional.pad(recording, (-(opens + first), opens + last - len(recording)))

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return delayed sounds advanced again; what left the window stays lost unless it is circular."""
        edges = "circular" if self.edges == "circular" else "zero"
        advanced: Tensor = time_shift(shifted, -np.asarray(amounts), edges=edges)
        return advanced

    def fidelity(self, clip: Clip, amounts: Any, shifted: Tensor | None = None, *, round_trip: bool = True) -> Fidelity:
        """Measure what delays do to one clip beside delaying it; whole ones without making a window.

        Parameters
        ----------
        clip : Clip
        amounts : array of shape (n_shifts,)
            In samples.
        shifted : Tensor of shape (n_shifts, n_samples), optional
            Saves computing it again, where it is needed.
        round_trip : bool, default True
            Whether to shift back as well.

        Returns
        -------
        Fidelity
        """
        amounts = np.atleast_1d(np.asarray(amounts, dtype=np.float64))
        if round_trip or (amounts != np.round(amounts)).any():
            return super().fidelity(clip, amounts, shifted, round_trip=round_trip)
        ratio = self._power_ratio(clip, amounts)
        circular = self.edges == "circular"
        return Fidelity(
            energy_kept=ratio if circular else self.energy_kept(clip, amounts, torch.empty(0)),
            level_change_db=10 * np.log10(np.where(ratio > 0, ratio, np.nan)),
            window_filled=self.window_filled(clip, amounts),
            bandwidth_lost=self.bandwidth_lost(clip, amounts),
            round_trip_error=np.full(len(amounts), np.nan),
        )

    def _power_ratio(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the power of windows at whole delays over that of the clip, by running sums over the tape."""
        n_samples = len(clip.waveform)
        furthest = n_samples + max(n_samples, len(clip.before), len(clip.after))  # beyond it all is silence
        # A circle holds the same wherever it is opened.
        starts = np.zeros_like(amounts) if self.edges == "circular" else np.clip(-amounts, -furthest, furthest)
        starts = np.append(starts, 0).astype(np.int64)
        tape = self.tape(clip, int(starts.min()), int(starts.max()) + n_samples).double().numpy()
        sums = np.concatenate([[0.0], np.cumsum(tape**2)])
        starts -= starts.min()
        power = sums[starts + n_samples] - sums[starts]
        return energy_ratio(power[:-1], power[-1:])

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components where they were: a delay moves no frequency."""
        return np.broadcast_to(frequency_hz, (len(amounts), len(frequency_hz)))

    def bandwidth_lost(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return 0: a delay takes no frequency away."""
        return np.zeros(len(amounts))

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the share of the clip's energy that a delay leaves in the window."""
        if self.edges == "circular":
            return super().energy_kept(clip, amounts, shifted)
        square = np.concatenate([[0.0], np.cumsum(clip.waveform.astype(np.float64) ** 2)])
        n_samples = len(clip.waveform)
        first = np.clip(-amounts, 0, n_samples)
        last = np.clip(n_samples - amounts, 0, n_samples)
        places = np.arange(n_samples + 1)
        return energy_ratio(np.interp(last, places, square) - np.interp(first, places, square), square[-1])

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that is neither the clip nor the recording around it."""
        if self.edges == "circular":
            return np.zeros(len(amounts))
        known = np.where(amounts > 0, len(clip.before), len(clip.after)) if self.edges == "context" else 0
        n_samples = len(clip.waveform)
        return np.clip(np.abs(amounts) - known, 0, n_samples) / n_samples


@dataclass(frozen=True)
class FrequencyShift(Operator):
    """All components moved by the same hertz; see `audioinv.sound.shifts.frequency_shift`."""

    axis = "freq"
    engine = "ssb"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip moved by each amount of hertz."""
        moved: Tensor = frequency_shift(torch.from_numpy(clip.waveform), amounts, clip.sample_rate)
        return moved

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return shifted sounds moved back; what crossed 0 Hz or Nyquist stays lost."""
        back: Tensor = frequency_shift(shifted, -np.asarray(amounts), clip.sample_rate)
        return back

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components plus the offset; ``nan`` where they would cross 0 Hz or Nyquist."""
        return moved_places(frequency_hz, clip.sample_rate, offset_hz=amounts)


@dataclass(frozen=True)
class PitchShift(Operator):
    """All components multiplied by the same ratio; see `audioinv.sound.pitch.pitch_shift`.

    Parameters
    ----------
    engine : {"signalsmith", "resample", "world"}, default "signalsmith"
    anchor_samples : int, default 0
        The moment that stays in place when the duration changes.
    """

    engine: str = "signalsmith"
    anchor_samples: int = 0
    axis = "pitch"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip moved by each interval in semitones."""
        return self._moved(torch.from_numpy(clip.waveform), amounts, clip)

    def shift_back(self, shifted: Tensor, clip: Clip, amounts: Any) -> Tensor:
        """Return shifted sounds sent through the engine a second time, by the opposite interval."""
        return self._moved(shifted, -np.asarray(amounts), clip)

    def _moved(self, samples: Tensor, amounts: Any, clip: Clip) -> Tensor:
        moved: Tensor = pitch_shift(
            samples, amounts, clip.sample_rate, engine=self.engine, anchor_samples=self.anchor_samples
        )
        return moved

    def engine_at_zero(self, clip: Clip) -> Tensor:
        """Return what the engine makes of a clip at interval 0: its own trace, nothing else.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        Tensor of shape (n_samples,)
        """
        return torch.from_numpy(
            run_engine(clip.waveform, 0.0, clip.sample_rate, engine=self.engine, anchor_samples=self.anchor_samples)
        )

    def landing_hz(self, frequency_hz: FloatArray, amounts: FloatArray, clip: Clip) -> FloatArray:
        """Return the components times the ratio; ``nan`` where they would pass Nyquist."""
        return moved_places(frequency_hz, clip.sample_rate, interval_semitones=amounts)

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return the energy left; for ``resample`` corrected for the change of duration."""
        kept = super().energy_kept(clip, amounts, shifted)
        return np.asarray(kept * semitones_to_ratio(amounts)) if self.engine == "resample" else kept

    def window_filled(self, clip: Clip, amounts: FloatArray) -> FloatArray:
        """Return the share of the window that a sound made shorter leaves silent."""
        if self.engine != "resample":
            return np.zeros(len(amounts))
        return np.asarray(np.maximum(1 - 1 / semitones_to_ratio(amounts), 0))
