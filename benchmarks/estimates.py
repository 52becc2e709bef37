"""How well does ``--dry-run`` foretell what a sweep takes? Its estimate, and the same sweep run.

    python -m benchmarks.estimates            # runs the cases that this machine has not yet run, writes the page
    python -m benchmarks.estimates --fresh    # runs all of them anew
    python -m benchmarks.estimates --quick    # one round; keeps nothing

An estimate is of one clip along one axis: passes of the model, timed on silence, and shifts, timed on noise. What is
run is `respond_to_clip` on a clip of noise with that axis alone; its controls are no part of the estimate. Each round
estimates and runs in turn, by the clock on the wall, as the estimate does; a row gives the median of the rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from audioinv.nets.library import load_model
from audioinv.nets.model import Model, as_model
from audioinv.sound.clip import Clip
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.estimate import estimate_axis
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.probing import seconds_of_pass

from .measuring import Record, Setting, by_machine, heading, run_cases, table

CASES: Sequence[tuple[str, str, str, str]] = (
    ("drums-cnn2d", "batched", "time", "-100:100:5ms"),
    ("drums-cnn2d", "batched", "freq", "-100:100:10Hz"),
    ("drums-cnn2d", "batched", "pitch", "-4:4:1st"),
    ("drums-cnn2d", "batched", "bins", "-10:10:1bins"),
    ("drums-cnn2d", "shared", "time", "-100:100:1ms"),
    ("drums-cnn2d", "shared", "time", "-2000:2000:10ms"),
    ("drums-cnn1d-mel", "batched", "time", "-100:100:1ms"),
    ("drums-cnn1d-mel", "shared", "time", "-2000:2000:10ms"),
    ("drums-cnn1d-wave", "batched", "time", "-100:100:5ms"),
    ("drums-cnn1d-wave", "shared", "time", "-100:100:1ms"),
    ("a function", "batched", "time", "-100:100:1ms"),
)


@cache
def _model(name: str) -> Model:
    if name != "a function":
        return load_model(name, device="cpu")
    return as_model(_loudness, sample_rate=16000, labels=["first", "second"], n_samples=16000, name=name)


def _loudness(waveforms: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(waveforms).reshape(len(waveforms), 2, -1).mean(-1))


def measure(case: tuple[str, str, str, str], setting: Setting) -> dict[str, Any]:
    """Estimate and run, in turn."""
    name, engine, axis, grid = case
    model = _model(name)
    noise = 0.1 * np.random.default_rng(0).standard_normal(model.spec.n_samples)
    clip = Clip(noise.astype(np.float32), model.spec.sample_rate, "noise")
    plan = replace(plan_sweep(model, {axis: grid}), engine=engine)
    chosen = choose_engines(model, plan)
    told, taken = [], []
    for _ in range(setting.rounds + 1):
        each = seconds_of_pass(model, plan.batch_size)
        told.append(estimate_axis(model, plan, plan.grids[0], chosen[axis], seconds_of_pass=each).seconds)
        started = time.perf_counter()
        respond_to_clip(model, clip, plan, chosen)
        taken.append(time.perf_counter() - started)
    ratios = sorted(a / b for a, b in zip(told[1:], taken[1:], strict=True))
    medians = (statistics.median(values[1:]) for values in (told, taken))
    return dict(zip(("estimate_s", "taken_s"), medians, strict=True)) | {"ratios": ratios}


def text(records: Sequence[Record]) -> str:
    """Return the tables of all machines that results were kept of."""
    parts = []
    for facts, found in by_machine(records):
        rows = []
        for case in CASES:
            if (row := found.get(", ".join(case))) is not None:
                low, middle, high = row["ratios"][0], statistics.median(row["ratios"]), row["ratios"][-1]
                numbers = f"{1000 * row['estimate_s']:.0f}", f"{1000 * row['taken_s']:.0f}"
                rows.append([*case, *numbers, f"{middle:.2f} ({low:.2f} … {high:.2f})"])
        titles = ("model", "engine", "axis", "shifts", "estimate, ms", "taken, ms", "ratio (lowest … highest round)")
        parts += [heading(facts, records), table(titles, rows)]
    return "\n\n".join(parts)


def main() -> None:
    """Run what is wanted, keep it, print and write the tables."""
    cases = {", ".join(case): partial(measure, case) for case in CASES}
    run_cases("estimates", cases, text, description=__doc__, slow="no case is")


if __name__ == "__main__":
    main()
