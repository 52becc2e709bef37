"""How fast an hour of sound is heard at every hop, how much memory that takes, and how much many clips take.

Run with ``python -m benchmarks.streaming`` (``--quick`` takes three minutes of sound and 2,000 clips). Every row is a
process of its own, so that its peak memory (resident, in MB) is its own; ``import`` is that of one that only loads the
libraries and the model. One thread.

*Hour*: ``audioinv analyze --slide`` over an hour of noise and tones at 16 kHz, from the file to the results folder. The
factor is seconds of sound for each second: *scores* counts CPU time of decoding, answering and writing, *whole* that of
the process from its start to its end, wall time.

*Manifest*: the same short clips over and over, 3 delays each, as ``analyze`` collects them. Memory for each clip is the
slope between half of them and all, so that what is there anyway does not count.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATE = 16000
NETWORKS = {
    "0.06 M, nothing padded": "unpadded",
    "drums-cnn1d-mel (shipped)": "drums-cnn1d-mel",
    "drums-cnn1d-wave (shipped)": "drums-cnn1d-wave",
    "drums-cnn2d (shipped)": "drums-cnn2d",
}


def make_model(name: str):  # noqa: ANN201
    """Return a shipped model, or an untrained network like them without padding anywhere: weights cost no time."""
    import torch
    from torch import nn

    from audioinv.nets.library import load_model
    from audioinv.nets.model import as_model

    if name != "unpadded":
        return load_model(name, device="cpu")

    class Unpadded(nn.Module):
        """A spectrogram without padded frames, 64 bands, four stages of convolution and pooling, an average."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("taper", torch.hann_window(512))
            self.register_buffer("bands", torch.rand(64, 257) / 257)
            stages: list[nn.Module] = []
            for n_in, n_out in itertools.pairwise((1, 16, 32, 64, 64)):
                stages += [nn.Conv2d(n_in, n_out, 3, padding=(1, 0)), nn.BatchNorm2d(n_out), nn.ReLU(), nn.MaxPool2d(2)]
            self.stages, self.head = nn.Sequential(*stages), nn.Linear(64, 10)

        def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
            """Return answers of shape (batch, 10)."""
            spectrum = torch.stft(waveforms, 512, 160, window=self.taper, center=False, return_complex=True)
            maps = torch.log(self.bands @ spectrum.abs().square() + 1e-5)[:, None]
            return self.head(self.stages(maps).mean((2, 3)))

    torch.manual_seed(0)
    labels = tuple("abcdefghij")
    return as_model(Unpadded(), sample_rate=RATE, labels=labels, n_samples=2 * RATE, activation="softmax", name=name)


def peak_megabytes() -> float:
    """Return the largest memory that this process has held; what `getrusage` says counts the parent's as well."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def slide_one(name: str, sound: Path, folder: Path) -> dict[str, float]:
    """Slide over a file into a results folder; times and memory of this process."""
    import torch

    from audioinv.corpus.entries import CorpusEntry
    from audioinv.report.sliding_results import SlidingFolder
    from audioinv.sliding_analysis import SlidingOptions, slide_models
    from audioinv.sweep.allocation import keep_memory

    torch.set_num_threads(1)
    keep_memory()  # as the command line does
    model = make_model(name)
    loaded = peak_megabytes()
    started = time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as made, SlidingFolder(Path(made) / name) as writer:
        found = slide_models([model], [CorpusEntry(sound)], SlidingOptions(), keep=writer.write)
        scored = time.process_time() - started
        writer.finish(found)
    return {"import_mb": loaded, "cpu_s": scored, "peak_mb": peak_megabytes(), **found.summary}


def analyze_many(n_clips: int) -> dict[str, float]:
    """Analyse the shipped drums over and over; memory of this process."""
    from audioinv.analysis import AnalysisOptions, analyze_models
    from audioinv.corpus.layouts import read_corpus
    from audioinv.nets.library import load_model, shipped_folder

    entries = read_corpus(shipped_folder("clips") / "drums").entries
    many = list(itertools.islice(itertools.cycle(entries), n_clips))
    options = AnalysisOptions({"time": "-10:10:10ms"}, engine="batched", references=False)
    loaded, started = peak_megabytes(), time.process_time()
    analyze_models([load_model("drums-constant", device="cpu")], many, options)
    return {"import_mb": loaded, "cpu_s": time.process_time() - started, "peak_mb": peak_megabytes()}


def in_a_process(*arguments: str) -> dict[str, float]:
    """Run one row in a process of its own and return what it says."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.streaming", "--row", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "wall_s": time.perf_counter() - started}


def write_sound(path: Path, minutes: int) -> None:
    """Write noise with a tone now and then, minute by minute."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1) as sound:
        for _ in range(minutes):
            samples = 0.02 * rng.standard_normal(60 * RATE)
            for onset in rng.integers(0, 59 * RATE, 20):
                samples[onset : onset + 4000] += 0.2 * np.sin(np.arange(4000) * rng.uniform(0.05, 1.0))
            sound.write(samples)


def print_hour(minutes: int) -> None:
    """Print the table of sliding."""
    titles = ("network", "windows", "CPU s", "scores, × real time", "whole, × real time", "import MB", "peak MB")
    print(f"\n| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
    with tempfile.TemporaryDirectory() as folder:
        write_sound(Path(folder) / "hour.wav", minutes)
        for title, name in NETWORKS.items():
            row = in_a_process("slide", name, folder)
            factor, whole = (60 * minutes / row[key] for key in ("cpu_s", "wall_s"))
            cells = f"{row['n_windows']:,} | {row['cpu_s']:.1f} | {factor:.0f} | {whole:.0f}"
            print(f"| {title} | {cells} | {row['import_mb']:.0f} | {row['peak_mb']:.0f} |", flush=True)


def print_manifest(n_clips: int) -> None:
    """Print the table of clips."""
    print(f"\n| clips | CPU s | import MB | peak MB | kB a clip |\n{'|---' * 5}|")
    half, whole = (in_a_process("clips", str(number)) for number in (n_clips // 2, n_clips))
    slope = 1000 * (whole["peak_mb"] - half["peak_mb"]) / (n_clips - n_clips // 2)
    cells = f"{whole['cpu_s']:.0f} | {whole['import_mb']:.0f} | {whole['peak_mb']:.0f} | {slope:.2f}"
    print(f"| {n_clips:,} | {cells} |", flush=True)


def main() -> None:
    """Print both tables, or make one row of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--row", nargs="+")
    arguments = parser.parse_args()
    if arguments.row:
        kind, *rest = arguments.row
        made = (
            slide_one(rest[0], Path(rest[1]) / "hour.wav", Path(rest[1]))
            if kind == "slide"
            else analyze_many(int(rest[0]))
        )
        print(json.dumps(made))
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, one thread")
    print_hour(3 if arguments.quick else 60)
    print_manifest(2_000 if arguments.quick else 100_000)


if __name__ == "__main__":
    main()
