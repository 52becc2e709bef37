"""The shared engine on a network by itself: a map or a waveform that is at hand, and windows over it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audioinv.sweep.lattice import Lattice
from audioinv.sweep.reading import read_network
from audioinv.sweep.shared import plan_sharing, respond_shared

from .audit import HOP, N_NAIVE
from .measuring import Setting, interleaved, per_window, ratio, ratios
from .networks import WaveNetwork, bare_passes, best_pass, realistic, vgg
from .row import Row, agreement

N_DELAYS, N_CHECKED_FLOAT64 = 401, 16
MAPS, WAVEFORMS = (1, 64, 1008), (1, 32000)  # 10 s of spectrogram, 2 s of sound


@dataclass(frozen=True)
class NetworkAlone:
    """A network by its size, or ``waveform``, and its padding: ``circular``, ``zeros`` or ``none``."""

    size: str
    padding: str
    target: float

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"alone, {self.size}, {'unpadded' if self.padding == 'none' else self.padding}"

    def measure(self, setting: Setting) -> list[Row]:
        """Return its row."""
        run = _Run(self, setting)
        works = {"ours": run.shared, "naive": run.naive}
        counts = {"ours": 1.0, "naive": N_NAIVE / N_DELAYS}
        works["bare"], counts["bare"] = best_pass(bare_passes(run.network, run.windows), setting)
        times = per_window(interleaved(works, setting.rounds, setting.device), counts)
        return [
            Row(
                name=self.name,
                unit="passes",
                target=self.target,
                **{way: ratio(times, way, "bare") for way in ("ours", "naive")},
                rounds=ratios(times, "ours", "bare"),
                plain=N_DELAYS,
                n_delays=N_DELAYS,
                pass_ms=1000 * statistics.median(times["bare"]),
                **run.agreement(),
            )
        ]


class _Run:
    """A network laid out over its tape, and the windows that a loop would cut from it."""

    def __init__(self, case: NetworkAlone, setting: Setting) -> None:
        wave = case.size == "waveform"
        shape, step = (WAVEFORMS, HOP) if wave else (MAPS, 1)
        wraps, n_columns = case.padding == "circular", shape[-1]
        offsets = tuple(step * i for i in range(N_DELAYS))
        length = n_columns if wraps else n_columns + offsets[-1]
        tape = torch.randn(1, *shape[:-1], length, generator=torch.Generator().manual_seed(0))
        around = torch.cat([tape, tape], -1) if wraps else tape
        windows = around.unfold(-1, n_columns, step).movedim(-2, 0).squeeze(1)[:N_DELAYS]
        network = WaveNetwork(case.padding) if wave else vgg(case.size, case.padding)
        self.setting, self.lattice = setting, Lattice(offsets, n_columns if wraps else None)
        self.network = realistic(network, windows[::25]).to(setting.device)
        self.tape, self.windows = tape.to(setting.device), windows.to(setting.device)
        self.plan = self.laid_out(self.network)

    def laid_out(self, network: nn.Module) -> Any:
        return plan_sharing(read_network(network, (16, *self.windows.shape[1:])), self.lattice)

    def shared(self) -> Tensor:
        with torch.inference_mode():
            return respond_shared(self.plan, self.tape)

    def naive(self, rows: Any = range(N_NAIVE)) -> Tensor:
        with torch.inference_mode():
            return torch.cat([self.network(self.windows[row : row + 1]) for row in rows])

    def agreement(self) -> dict[str, Any]:
        """Compare with every window by itself; in double precision with some."""
        rows = np.random.default_rng(0).permutation(N_DELAYS)[: self.setting.n_checked]
        found = agreement(self.shared()[rows].cpu().numpy(), self.naive(rows).cpu().numpy())
        self.network, self.tape, self.windows = self.network.double(), self.tape.double(), self.windows.double()
        self.plan = self.laid_out(self.network)
        few = rows[:N_CHECKED_FLOAT64]
        worst = (self.shared()[few] - self.naive(few)).abs().max()
        return {**found, "deviation_float64": float(worst)}
