"""How much memory it takes to join what many clips were answered, to measure it and to write it down.

    python -m benchmarks.joining                          # 10^5 clips, 41 delays, 21 offsets, 9 intervals; 10 classes
    python -m benchmarks.joining --clips 1000 10000       # what each clip adds
    python -m benchmarks.joining --groups 500

No model runs: a journal is filled with answers made up at random, as 2000 parts, and a fresh process does with it what
``audioinv analyze`` does when all units are done. Printed is the most memory that this process ever held, and what of
it the libraries are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.corpus.entries import CorpusEntry
from audioinv.nets.model import ModelSpec, as_model
from audioinv.report.journal import Journal
from audioinv.report.parts import join_parts
from audioinv.report.results import load_results
from audioinv.sweep.responses import SOUND_COLUMNS, AxisResponses, ClipRecord, ControlResponses, ModelResponses
from audioinv.sweep.run import Sweep
from audioinv.sweep.units import Unit, cut_units
from audioinv.sweep.workers import Done

N_CLASSES = 10
SPEC = ModelSpec("made up", 16000, 16000, tuple(f"class {i}" for i in range(N_CLASSES)))
AXES = {"time": ("ms", np.linspace(-200, 200, 41)), "freq": ("Hz", np.linspace(-100, 100, 21)),
        "pitch": ("st", np.linspace(-4, 4, 9))}  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """So many clips, in so many groups; each in its own where there are none."""

    n_clips: int
    n_groups: int

    @property
    def units(self) -> list[Unit]:
        """The clips as a journal cuts them."""
        return cut_units([CorpusEntry(Path(f"clip {i:07}.wav")) for i in range(self.n_clips)])

    @property
    def receipts(self) -> list[Done]:
        """What workers hand back when all is done."""
        return [Done(unit, f"{unit.place:016x}", len(unit.sources)) for unit in self.units]

    def answers(self, unit: Unit) -> Sweep:
        """Make up answers that lean to one class and are moved a little by every shift."""
        rng = np.random.default_rng(unit.place)
        leaning = 2 * rng.standard_normal((len(unit.sources), 1, N_CLASSES))
        axes = {name: _along(name, leaning, rng) for name in AXES}
        likely = leaning[:, 0].argmax(1)
        clips = tuple(
            ClipRecord(name, 0.0, 1.0, SPEC.labels[label], f"group {label}-{int(name[5:12]) % self.n_groups}")
            if self.n_groups
            else ClipRecord(name, 0.0, 1.0, SPEC.labels[label])
            for name, label in zip(unit.clips, likely, strict=True)
        )
        twice = [
            ControlResponses(name, "twice", 0.0, axis.scores[:, axis.zero], np.zeros(len(clips)))
            for name, axis in axes.items()
        ]
        return Sweep((ModelResponses(SPEC, clips, axes, tuple(twice)),), ())


def _along(name: str, leaning: np.ndarray, rng: np.random.Generator) -> AxisResponses:
    unit, shifts = AXES[name]
    logits = leaning + rng.standard_normal((len(leaning), len(shifts), N_CLASSES)).cumsum(1) / 4
    scores = np.exp(logits - logits.max(2, keepdims=True))
    scores /= scores.sum(2, keepdims=True)
    shape = scores.shape[:2]
    sound: dict[str, Any] = {column: rng.random(shape) for column in SOUND_COLUMNS}
    return AxisResponses(name, unit, shifts, scores.astype(np.float32), "zero", "made up", **sound)


def fill(folder: Path, corpus: Corpus) -> None:
    """Write all parts of a journal."""
    with Journal(folder, "recipe", (SPEC,)) as journal:
        for unit in corpus.units:
            journal.parts.keep(f"{unit.place:016x}", corpus.answers(unit))


def gather(folder: Path, corpus: Corpus) -> None:
    """Join, measure and write down, and say how long it took and what memory it took."""
    model = as_model(
        lambda windows: windows, sample_rate=16000, labels=list(SPEC.labels), n_samples=16000, name=SPEC.name
    )
    options = AnalysisOptions({name: "0:1:1" + unit for name, (unit, _) in AXES.items()}, references=False)
    libraries, started = _status("VmHWM"), time.perf_counter()
    with Journal(folder, "recipe", (SPEC,)) as journal:
        swept = replace(join_parts(corpus.receipts, journal.parts), engines=({},))
        results = analyze_models([model], [], options, sweep=lambda *_, **__: swept)
        joined = time.perf_counter()
        measured = _status("VmHWM")
        journal.finish(results)
    print(
        f"{corpus.n_clips} clips: peak {_status('VmHWM'):.0f} MiB ({measured:.0f} before writing; libraries "
        f"{libraries:.0f}); {joined - started:.0f} s to join and measure, {time.perf_counter() - joined:.0f} s to write"
    )


def read(folder: Path) -> None:
    """Read the results back, and say what memory it took."""
    libraries = _status("VmHWM")
    load_results(folder)
    print(f"read back: peak {_status('VmHWM'):.0f} MiB (libraries {libraries:.0f})")


def _status(entry: str) -> float:
    """Return a number of this process alone, in MiB; what getrusage says includes who started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{entry}:")[1].split()[0]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, nargs="+", default=[100_000])
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--do", choices=("gather", "read"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.do:
        corpus = Corpus(asked.clips[0], asked.groups)
        gather(asked.folder, corpus) if asked.do == "gather" else read(asked.folder)
        return
    for n_clips in asked.clips:
        with tempfile.TemporaryDirectory() as place:
            fill(Path(place) / "run", Corpus(n_clips, asked.groups))
            for what in ("gather", "read"):
                command = [sys.executable, "-m", "benchmarks.joining", "--clips", str(n_clips), "--do", what]
                rest = ["--folder", str(Path(place) / "run"), "--groups", str(asked.groups)]
                subprocess.run([*command, *rest], check=True)


if __name__ == "__main__":
    main()
