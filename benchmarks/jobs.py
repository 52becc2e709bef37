"""What a journal, a second job and a cluster cost, and what they bring.

    python -m benchmarks.jobs              # 500 clips; some minutes, on a machine that does nothing else
    python -m benchmarks.jobs --clips 40   # to see that it runs
    python -m benchmarks.jobs --ray        # and what a cluster on this machine costs

The clips are copies of the shipped drums, the model is the default one, the shifts those of a plain
``audioinv analyze``. *Overhead* is the CPU time of a sweep that keeps a journal over one that does not, both with one
thread, in turn, over a fifth of the clips. *Efficiency* is the wall time of one job over twice that of two, from
the call to the last part; *once running* leaves out the time until the first part, in which a worker loads its
libraries and its models. *Per unit* is what handing out a unit costs that is no work at all.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from audioinv.analysis import AnalysisOptions, plan_model
from audioinv.corpus.entries import CorpusEntry
from audioinv.journalled_run import JournalledRun
from audioinv.nets.library import DEFAULT_MODEL, load_model, shipped_folder
from audioinv.nets.threads import use_threads
from audioinv.sweep import units
from audioinv.sweep.cluster import RayActors
from audioinv.sweep.crews import Processes
from audioinv.sweep.run import sweep_clips
from audioinv.sweep.spawning import start_server
from audioinv.sweep.units import Unit
from audioinv.sweep.workers import Crew, Done, hand_out
from audioinv.work_order import ModelSource

SHARE = 5
"""Of so many clips one is swept to see what a journal costs."""


def copies(folder: Path, n_clips: int) -> list[CorpusEntry]:
    """Copy shipped drums, so that every clip is a file of its own."""
    shipped = sorted((shipped_folder("clips") / "drums").rglob("*.flac"))
    for i in range(n_clips):
        shutil.copyfile(shipped[i % len(shipped)], folder / f"{i:05}.flac")
    return [CorpusEntry(path) for path in sorted(folder.glob("*.flac"))]


@dataclass(frozen=True)
class Walls:
    """Seconds of a run from its call to its first part, and to its last."""

    first: float
    last: float


def sweep(entries: Sequence[CorpusEntry], jobs: int | None, cluster: str = "local") -> Walls:
    """Sweep with a journal, as ``audioinv analyze`` does before it counts."""
    model = load_model(DEFAULT_MODEL)
    seen: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        out = Path(folder) / "run"
        with JournalledRun(out, sources=(ModelSource(DEFAULT_MODEL),), jobs=jobs, cluster=cluster) as run:
            pairs = [(model, plan_model(model, AnalysisOptions()))]
            run.sweep(pairs, entries, on_clip=lambda _: seen.append(time.perf_counter() - started))
    return Walls(seen[0], seen[-1])


def journal_overhead(entries: Sequence[CorpusEntry]) -> float:
    """Return the CPU time of sweeps that keep a journal, relative to sweeps that do not, minus 1."""
    model = load_model(DEFAULT_MODEL)
    pairs, ratios = [(model, plan_model(model, AnalysisOptions()))], []
    for _ in range(3):
        started = time.process_time()
        with use_threads(1):
            sweep_clips(pairs, entries)
        plain = time.process_time() - started
        as_cut = patch.object(units, "FEW", units.FEW // SHARE)  # into units as large as those of all clips
        with as_cut, tempfile.TemporaryDirectory() as folder, JournalledRun(Path(folder) / "run") as run:
            started = time.process_time()
            run.sweep(pairs, entries)
            ratios.append((time.process_time() - started) / plain)
    return statistics.median(ratios) - 1


class Idle:
    """A worker that does nothing, to see what it costs to ask it."""

    def open(self) -> Idle:
        """Be ready."""
        return self

    def do(self, unit: Unit) -> Done:
        """Say that it is done."""
        return Done(unit, "nothing")


def cost_of_asking(crew: Callable[[Idle], Crew], n_units: int = 2000) -> Walls:
    """Return the seconds until the first receipt, and for each further unit."""
    many = [Unit(place, (CorpusEntry(Path("x.wav")),)) for place in range(n_units)]
    started = time.perf_counter()
    times = [time.perf_counter() - started for _ in hand_out(many, crew(Idle()))]
    return Walls(times[0], (times[-1] - times[n_units // 2]) / (n_units - 1 - n_units // 2))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--ray", action="store_true")
    asked = parser.parse_args()
    start_server()  # as the command does before it loads anything itself
    with tempfile.TemporaryDirectory() as folder:
        entries = copies(Path(folder), asked.clips)
        overhead = journal_overhead(entries[: max(5, asked.clips // SHARE)])
        one, two = sweep(entries, 1), sweep(entries, 2)
        print(f"{asked.clips} clips, {DEFAULT_MODEL}, default shifts")
        print(f"journal: {100 * overhead:+.1f} % CPU time; {1000 * one.last / asked.clips:.1f} ms a clip, one job")
        running = (one.last - one.first) / (2 * (two.last - two.first))
        print(
            f"two jobs: {one.last:.1f} s -> {two.last:.1f} s, efficiency {one.last / (2 * two.last):.2f}; "
            f"{running:.2f} once running; first part after {two.first:.1f} s"
        )
        asking = cost_of_asking(lambda idle: Processes(idle, 2))
        print(f"two processes: start {asking.first:.1f} s, {1e6 * asking.last:.0f} us a unit")
        if asked.ray:
            asking = cost_of_asking(lambda idle: RayActors(idle, 2))
            print(f"two Ray actors: start {asking.first:.1f} s, {1e6 * asking.last:.0f} us a unit")
            ray = sweep(entries, 2, "ray")
            print(f"two Ray actors: {ray.last:.1f} s, efficiency {one.last / (2 * ray.last):.2f}")


if __name__ == "__main__":
    main()
