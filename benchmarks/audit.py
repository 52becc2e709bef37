"""Whole sweeps of one file, from decoding to the scores of all delays, beside the naive loop and plain batches."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch
from torch import Tensor, nn

from audioinv.nets.model import Model, as_model
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.clip import Clip
from audioinv.sound.operators import TimeShift
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.run import Sweep, sweep_clips

from .measuring import Rounds, Setting, Work, interleaved, per_window, ratio, ratios
from .networks import (
    LABELS,
    SAMPLE_RATE,
    Listener,
    ReadableModel,
    bare_passes,
    best_pass,
    fused,
    melody,
    opaque,
    realistic,
    scaled,
    vgg,
)
from .row import Row, agreement

HOP = 160  # samples; 10 ms
N_NAIVE = 8


@dataclass(frozen=True)
class Audit:
    """A sweep of one file by a model that is ``opaque`` or can be ``shared``."""

    kind: str
    size: str
    duration_seconds: float
    n_delays: int
    target: float

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"{self.kind}, {self.size}, {self.duration_seconds:g} s"

    def measure(self, setting: Setting) -> list[Row]:
        """Return its row; of an opaque model also the one beside the model itself, its front end included."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "melody.wav"
            write_audio(path, melody(self.duration_seconds), SAMPLE_RATE)
            return _AuditRun(self, setting, path).rows()


@dataclass(frozen=True)
class _AuditRun:
    """An audit with its file, networks and windows at hand."""

    case: Audit
    setting: Setting
    path: Path

    def rows(self) -> list[Row]:
        setting = self.setting
        listener = Listener(self.network).to(setting.device)
        maps = listener.maps(self.windows(max(setting.batches)).to(setting.device))
        works: dict[str, Work] = {"ours": self.sweep, "naive": self.naive, "plain": self.plain}
        counts = {"ours": self.case.n_delays, "naive": N_NAIVE, "plain": 2 * setting.usual_batch}
        units = {"bare": (self.case.name, bare_passes(self.network, maps))}
        if self.case.kind == "opaque":
            units["itself"] = (f"{self.case.name}, beside the model itself", self.opaque_passes)
        for unit, (_, passes) in units.items():
            works[unit], counts[unit] = best_pass(passes, setting)
        times = per_window(interleaved(works, setting.rounds, setting.device), counts)
        return [self.row(times, unit, name) for unit, (name, _) in units.items()]

    def row(self, times: Rounds, unit: str, name: str) -> Row:
        cost = self.found.engines[0]["time"].cost
        return Row(
            name=name,
            unit="overhead",
            target=self.case.target,
            **{way: ratio(times, way, unit) for way in ("ours", "naive", "plain")},
            rounds=ratios(times, "ours", unit),
            n_delays=self.case.n_delays,
            pass_ms=1000 * statistics.median(times[unit]),
            predicted=cost.passes / self.case.n_delays if cost else None,
            **self.agreement,
        )

    @cached_property
    def clip(self) -> Clip:
        return load_clip(self.path)

    @cached_property
    def delays(self) -> np.ndarray:
        return HOP * (np.arange(self.case.n_delays) - self.case.n_delays // 2.0)

    @cached_property
    def network(self) -> nn.Module:
        network = vgg(self.case.size)
        return realistic(network, Listener(network).maps(self.windows(16))).to(self.setting.device)

    @cached_property
    def fast_listener(self) -> Listener:
        return Listener(fused(self.network)).to(self.setting.device).eval()

    @cached_property
    def model(self) -> Model:
        n_samples = len(self.clip.waveform)
        if self.case.kind == "shared":
            return ReadableModel(Listener(self.network), n_samples, self.setting.device)
        function = opaque(self.fast_listener, self.setting.device)
        return as_model(function, sample_rate=SAMPLE_RATE, labels=LABELS, n_samples=n_samples)

    def opaque_passes(self, size: int) -> Work:
        windows = self.windows(size)
        return lambda: self.model.scores(windows)

    def chosen(self, n_windows: int) -> np.ndarray:
        """Return delays, evenly chosen."""
        return self.delays[np.linspace(0, len(self.delays) - 1, n_windows).round().astype(int)]

    def windows(self, n_windows: int) -> Tensor:
        return TimeShift("zero").shift(self.clip, self.chosen(n_windows))

    def sweep(self) -> Sweep:
        last = 5 * (self.case.n_delays - 1)
        plan = plan_sweep(self.model, {"time": f"-{last}:{last}:10ms"}, edges="zero")
        plan = replace(plan, engine="shared" if self.case.kind == "shared" else "auto")
        return sweep_clips([(self.model, plan)], [load_clip(self.path)])

    def naive(self) -> np.ndarray:
        """Shift, look at and run one window after the other, as a user's first loop does."""
        config, answers = self.fast_listener.front_end.config, []
        with torch.no_grad():
            for window in self.windows(N_NAIVE).numpy():
                power = librosa.feature.melspectrogram(
                    y=window,
                    sr=SAMPLE_RATE,
                    n_fft=config.n_fft,
                    hop_length=config.hop_length,
                    n_mels=config.n_bins,
                    fmin=config.fmin,
                    fmax=config.highest_hz,
                    pad_mode="constant",
                )
                decibels = librosa.power_to_db(power, amin=10 ** (config.floor_db / 10), top_db=None)
                maps = scaled(torch.from_numpy(decibels).to(self.setting.device))
                answers.append(self.network(maps[None, None]).cpu().numpy())
        return np.concatenate(answers)

    def plain(self) -> Tensor:
        """Cut, look at and run windows in batches, with norms folded: today's best practice."""
        n_samples, size = len(self.clip.waveform), self.setting.usual_batch
        tape = torch.nn.functional.pad(torch.from_numpy(self.clip.waveform), (n_samples, n_samples))
        starts = (n_samples - self.chosen(2 * size)).astype(int)
        with torch.inference_mode():
            batches = (
                torch.stack([tape[start : start + n_samples] for start in part])
                for part in (starts[:size], starts[size:])
            )
            return torch.cat([self.fast_listener(batch.to(self.setting.device)).cpu() for batch in batches])

    @cached_property
    def found(self) -> Sweep:
        return self.sweep()

    @cached_property
    def agreement(self) -> dict[str, Any]:
        """Compare with every window by itself, and the naive loop's sample with the same windows."""
        rows = np.random.default_rng(0).permutation(self.case.n_delays)[: self.setting.n_checked]
        with torch.inference_mode():
            alone = [self.model.scores(TimeShift("zero").shift(self.clip, self.delays[[row]])).numpy() for row in rows]
            sample = self.model.scores(self.windows(N_NAIVE)).numpy()
        scores = self.found.responses[0].axes["time"].scores[0][rows]
        librosa_deviation = float(np.abs(self.naive() - sample).max())
        return {**agreement(scores, np.concatenate(alone)), "librosa_deviation": librosa_deviation}
