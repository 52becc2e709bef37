"""What does a sweep cost beside the bare network, window by window and shared? Ratios from interleaved rounds.

Run with ``python -m benchmarks.sweep`` (``--quick`` leaves the largest network out). Two tables, one thread, CPU
time of the process, so that a busy machine slows both sides of a ratio alike.

*Audit*: from the sound file to the scores of all delays, divided by delays × one pass of the bare network (without
its front end, in its fastest layout and best batch). *Network alone*: the shared engine on a map or a waveform that
is at hand, in passes of the network. The deviation is the largest difference of a score (or raw answer) from that of
a window by itself, over a sample of the delays.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from audioinv.nets.architectures import mel_front_end
from audioinv.nets.model import Model, as_model
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.operators import TimeShift
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.lattice import Lattice
from audioinv.sweep.plan import SweepPlan, plan_sweep
from audioinv.sweep.reading import read_network
from audioinv.sweep.run import sweep_clips
from audioinv.sweep.shared import plan_sharing, respond_shared

SAMPLE_RATE, N_DELAYS, ROUNDS, SAMPLE = 16000, 401, 3, 12
CHANNELS = {"0.06 M": (16, 32, 64, 64), "0.3 M": (16, 32, 64, 128), "4.7 M": (64, 128, 256, 512)}


class Vgg(nn.Module):
    """Stages of 3 × 3 convolutions and a pool, an average over everything, a linear layer."""

    def __init__(self, size: str, padding: str = "zeros") -> None:
        super().__init__()
        stages: list[nn.Module] = []
        n_in = 1
        mode, reach = ("zeros", (1, 0)) if padding == "none" else (padding, (1, 1))
        for n_out in CHANNELS[size]:
            for _ in range(1 if size == "0.06 M" else 2):
                stages.append(nn.Conv2d(n_in, n_out, 3, padding=reach, padding_mode=mode, bias=False))
                stages += [nn.BatchNorm2d(n_out), nn.ReLU()]
                n_in = n_out
            stages.append(nn.MaxPool2d(2))
        self.stages, self.head = nn.Sequential(*stages), nn.Linear(n_in, 10)

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits for maps of shape (batch, 1, n_bins, n_frames)."""
        return self.head(self.stages(maps).mean((2, 3)))


class WaveNetwork(nn.Module):
    """Four stages on the waveform, by 4 each, as M5 of Dai et al. (2017)."""

    def __init__(self, padded: bool) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for n_in, n_out in ((1, 128), (128, 128), (128, 256), (256, 512)):
            kernel, stride = (80, 4) if n_in == 1 else (3, 1)
            reach = (38 if n_in == 1 else 1) if padded else 0
            stages += [nn.Conv1d(n_in, n_out, kernel, stride, reach), nn.BatchNorm1d(n_out), nn.ReLU(), nn.MaxPool1d(4)]
        self.stages, self.head = nn.Sequential(*stages), nn.Linear(512, 10)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits for waveforms of shape (batch, 1, n_samples)."""
        return self.head(self.stages(waveforms).mean(-1))


class Listener(nn.Module):
    """A log-mel front end before a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.front_end = Spectrogram(mel_front_end(SAMPLE_RATE))
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits for waveforms of shape (batch, n_samples)."""
        maps = (self.front_end(waveforms)[:, None] + 20) / 30
        return self.network(maps.clone(memory_format=torch.channels_last))


def realistic(network: nn.Module) -> nn.Module:
    """Weights and statistics under which a map neither dies nor explodes."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d)):
            module.weight.data.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=generator)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_var.uniform_(0.7, 1.3, generator=generator)
    return network.eval().requires_grad_(False)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def interleaved(*works: Callable[[], object]) -> list[float]:
    """Return the median CPU time of each, all called in turn, a first round left out."""
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS + 1)]
    return [statistics.median(column) for column in zip(*rounds[1:], strict=True)]


def bare_pass(network: nn.Module, inputs: Tensor) -> Callable[[int], Callable[[], object]]:
    """Return the bare network on a batch, in the layout that its kernels like."""
    fast = copy.deepcopy(network)
    if inputs.ndim == 4:
        fast = fast.to(memory_format=torch.channels_last)
        inputs = torch.empty(inputs.shape, memory_format=torch.channels_last).copy_(inputs)
    return lambda batch: torch.inference_mode()(lambda: fast(inputs[:batch]))


def best_batch(passes: Callable[[int], Callable[[], object]]) -> int:
    """Return the batch at which a window is cheapest."""
    sizes = (1, 4, 8, 16)
    return min(sizes, key=lambda size: interleaved(passes(size))[0] / size)


@dataclass(frozen=True)
class Audit:
    """A whole sweep of one file by one engine."""

    size: str
    duration_seconds: float
    engine: str
    n_delays: int
    most: float

    def row(self, folder: Path) -> list[str]:
        """Return its row of the table."""
        n_samples = int(self.duration_seconds * SAMPLE_RATE)
        path = folder / f"{n_samples}.wav"
        rng = np.random.default_rng(0)
        write_audio(path, 0.2 * rng.standard_normal(n_samples).clip(-3, 3), SAMPLE_RATE)
        network = realistic(Vgg(self.size))
        listener = Listener(network).eval()
        model = as_model(listener, sample_rate=SAMPLE_RATE, labels="abcdefghij", n_samples=n_samples, name=self.size)
        last = 5 * (self.n_delays - 1)
        plan = plan_sweep(model, {"time": f"-{last}:{last}:10ms"}, edges="zero")
        plan = replace(plan, engine=self.engine)
        engines = choose_engines(model, plan)
        inputs = (listener.front_end(torch.randn(16, n_samples))[:, None] + 20) / 30
        passes = bare_pass(network, inputs)
        batch = best_batch(passes)
        audit, bare = interleaved(lambda: sweep_clips([(model, plan)], [load_clip(path)]), passes(batch))
        overhead = audit / (self.n_delays * bare / batch)
        predicted = engines["time"].cost
        return [
            f"{self.size}, {self.duration_seconds:g} s, {self.engine}",
            f"{self.n_delays}",
            f"{1000 * bare / batch:.1f}",
            f"{1000 * audit:.0f}",
            f"{overhead:.3f}",
            f"≤ {self.most:g}",
            f"{predicted.passes / self.n_delays:.3f}" if predicted else "–",
            f"{deviation(model, plan, path):.1e}",
        ]


def deviation(model: Model, plan: SweepPlan, path: Path) -> float:
    """Return how far scores are from those of a window by itself, over a sample of the delays."""
    clip = load_clip(path)
    found = sweep_clips([(model, plan)], [clip]).responses[0].axes["time"].scores[0]
    delays = plan.grids[0].natural(SAMPLE_RATE)
    rows = np.random.default_rng(0).choice(len(delays), size=SAMPLE, replace=False)
    with torch.inference_mode():
        alone = [model.scores(TimeShift("zero").shift(clip, delays[row : row + 1])).numpy()[0] for row in rows]
    return float(np.abs(found[rows] - alone).max())


def alone_row(name: str, network: nn.Module, shape: tuple[int, ...], step: int, wraps: bool, most: float) -> list[str]:
    """Return the row of a network by itself: `shape` is one window, `step` the distance of two."""
    network, n_columns = realistic(network), shape[-1]
    offsets = sorted(step * i % n_columns if wraps else step * i for i in range(N_DELAYS))
    plan = plan_sharing(read_network(network, (16, *shape)), Lattice(tuple(offsets), n_columns if wraps else None))
    long = n_columns if wraps else n_columns + offsets[-1]
    tape = torch.randn(1, *shape[:-1], long, generator=torch.Generator().manual_seed(0))
    around = torch.cat([tape, tape], -1) if wraps else tape
    windows = torch.cat([around[..., offset : offset + n_columns] for offset in offsets[:16]])
    passes = bare_pass(network, windows)
    batch = best_batch(passes)
    with torch.inference_mode():
        shared, bare = interleaved(lambda: respond_shared(plan, tape), passes(batch))
        worst = (respond_shared(plan, tape)[:16] - torch.cat([network(window[None]) for window in windows])).abs().max()
    return [name, f"{1000 * bare / batch:.1f}", f"{shared / (bare / batch):.1f}", f"≤ {most:g}", f"{worst:.1e}"]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    print(f"{platform.machine()}, one thread, CPU time, median of {ROUNDS} interleaved rounds\n")
    audits = [
        Audit("0.06 M", 2, "batched", 101, 1.4),
        Audit("0.06 M", 10, "shared", N_DELAYS, 0.06),
        Audit("0.3 M", 5, "shared", N_DELAYS, 0.08),
        Audit("0.3 M", 10, "shared", N_DELAYS, 0.06),
    ]
    if not quick:
        audits += [Audit("4.7 M", 2, "batched", 21, 1.05), Audit("4.7 M", 5, "shared", N_DELAYS, 0.08)]
    print("| audit | delays | one pass, ms | audit, ms | overhead | to reach | predicted | deviation |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for audit in audits:
            print(f"| {' | '.join(audit.row(Path(folder)))} |", flush=True)
    print("\n| network alone, 401 delays | one pass, ms | passes | to reach | deviation |\n|---|---|---|---|---|")
    frames, samples = (1, 64, 1008), (1, 32000)
    for row in [
        ("0.06 M, circular", Vgg("0.06 M", "circular"), frames, 1, True, 6),
        ("0.06 M, unpadded", Vgg("0.06 M", "none"), frames, 1, False, 6),
        ("0.3 M, unpadded", Vgg("0.3 M", "none"), frames, 1, False, 6),
        ("0.06 M, zeros", Vgg("0.06 M"), frames, 1, False, 18),
        ("0.3 M, zeros", Vgg("0.3 M"), frames, 1, False, 18),
        ("waveform, unpadded", WaveNetwork(False), samples, 160, False, 12),
        ("waveform, zeros", WaveNetwork(True), samples, 160, False, 18),
    ]:
        print(f"| {' | '.join(alone_row(*row))} |", flush=True)


if __name__ == "__main__":
    main()
