"""Is the sweep slower than the plain batched loop that anybody would write? Ratios from interleaved rounds.

Run with ``python -m benchmarks.batched``. Both decode the same clips once and run the same network over the same
delayed windows; the loop does nothing else, the sweep also measures partials and fidelity and runs its controls. One
thread, CPU time of the process; the deviation is the largest difference of any score between the two.
"""

from __future__ import annotations

import platform
import statistics
import time

import numpy as np
import torch

from audioinv.corpus.layouts import read_corpus
from audioinv.nets.library import load_model, shipped_folder
from audioinv.nets.model import Model
from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip, open_window
from audioinv.sweep.plan import SweepPlan, plan_sweep
from audioinv.sweep.run import sweep_clips

N_CLIPS, ROUNDS, BATCH = 12, 5, 16
MODELS = ("drums-cnn1d-wave", "drums-cnn1d-mel", "drums-cnn2d")


def plain_loop(model: Model, clips: list[Clip], delays: np.ndarray) -> np.ndarray:
    """Shift by copying, stack, run in batches: today's usual practice."""
    spec, scores = model.spec, []
    with torch.inference_mode():
        for clip in clips:
            recording = open_window(clip, spec.n_samples + 2 * spec.lead_samples, 2 * spec.lead_samples).waveform
            starts = spec.lead_samples - delays.astype(int)
            windows = torch.from_numpy(np.stack([recording[s : s + spec.n_samples] for s in starts]))
            scores.append(torch.cat([model.scores(part) for part in windows.split(BATCH)]).numpy())
    return np.stack(scores)


def sweep(model: Model, plan: SweepPlan, clips: list[Clip]) -> np.ndarray:
    """Return the scores of our own sweep."""
    return sweep_clips([(model, plan)], clips).responses[0].axes["time"].scores


def compare(model: Model, plan: SweepPlan, clips: list[Clip]) -> list[str]:
    """Return one row of the table: both ways in turn, so that a busy machine slows both alike."""
    delays = plan.grids[0].natural(16000)
    loop, ours = [], []
    for _ in range(ROUNDS + 1):
        started = time.process_time()
        expected = plain_loop(model, clips, delays)
        between = time.process_time()
        found = sweep(model, plan, clips)
        loop.append(between - started)
        ours.append(time.process_time() - between)
    plain, full = (1000 * statistics.median(seconds[1:]) / N_CLIPS for seconds in (loop, ours))
    deviation = np.abs(found - expected).max()
    return [model.spec.name, f"{len(delays)}", f"{plain:.1f}", f"{full:.1f}", f"{full / plain:.2f}", f"{deviation:.1e}"]


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    entries = read_corpus(shipped_folder("clips") / "drums").entries[:N_CLIPS]
    clips = [load_clip(entry.path, sample_rate=16000) for entry in entries]
    print(
        f"{platform.machine()}, {N_CLIPS} clips of 1 s, one thread, CPU time, median of {ROUNDS} interleaved rounds\n"
    )
    print(
        "| model | delays | plain loop, ms a clip | sweep, ms a clip | ratio | deviation |\n|---|---|---|---|---|---|"
    )
    for name in MODELS:
        model = load_model(name)
        for grid in ("-200:200:10ms", "-200:200:1ms"):
            row = compare(model, plan_sweep(model, {"time": grid}, batch_size=BATCH), clips)
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
