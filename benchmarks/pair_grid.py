"""A grid of two axes, sounds shifted in frequency and then delayed: shared beside batched."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

import numpy as np

from audioinv.sound.clip import Clip
from audioinv.sound.operators import TimeShift
from audioinv.sweep.pairs import PairSweep
from audioinv.sweep.plan import SweepPlan, plan_sweep

from .audit import HOP
from .measuring import Setting, interleaved, per_window, ratio, ratios
from .networks import SAMPLE_RATE, Listener, ReadableModel, bare_passes, best_pass, melody, realistic, vgg
from .row import Row, agreement

OFFSETS = "-20:20:20Hz"
N_OFFSETS = 3


@dataclass(frozen=True)
class PairGrid:
    """Delays by hops of a few sounds, into silence; ``plain`` is the batched engine on the same grid."""

    size: str
    duration_seconds: float
    n_delays: int
    target: float

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"pairs, {self.size}, {self.duration_seconds:g} s, {N_OFFSETS} × {self.n_delays}"

    def measure(self, setting: Setting) -> list[Row]:
        """Return its row; reading the network and planning are timed with it."""
        clip = Clip(melody(self.duration_seconds), SAMPLE_RATE, "melody")
        delays = HOP * np.linspace(-(self.n_delays // 2), self.n_delays // 2, 16).round()
        windows = TimeShift("zero").shift(clip, delays)
        network = vgg(self.size)
        network = realistic(network, Listener(network).maps(windows)).to(setting.device)
        model = ReadableModel(Listener(network), len(clip.waveform), setting.device)
        maps = Listener(network).to(setting.device).maps(windows.to(setting.device))
        last = 10 * (self.n_delays // 2)
        plan = plan_sweep(model, {"time": f"-{last}:{last}:10ms", "freq": OFFSETS}, edges="zero")

        def scores(how: SweepPlan) -> np.ndarray:
            return PairSweep(model, how).respond(clip)

        ours, plain = (replace(plan, engine=engine) for engine in ("shared", "batched"))
        n_cells = N_OFFSETS * self.n_delays
        bare, n_bare = best_pass(bare_passes(network, maps), setting)
        works = {"ours": lambda: scores(ours), "plain": lambda: scores(plain), "bare": bare}
        counts = {"ours": n_cells, "plain": n_cells, "bare": n_bare}
        times = per_window(interleaved(works, setting.rounds, setting.device), counts)
        found, alone = (scores(how).reshape(n_cells, -1) for how in (ours, replace(plain, batch_size=1)))
        return [
            Row(
                name=self.name,
                unit="overhead",
                target=self.target,
                **{way: ratio(times, way, "bare") for way in ("ours", "plain")},
                rounds=ratios(times, "ours", "bare"),
                n_delays=n_cells,
                pass_ms=1000 * statistics.median(times["bare"]),
                **agreement(found, alone),
            )
        ]
