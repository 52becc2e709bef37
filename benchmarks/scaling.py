"""How time and memory of a sweep grow with clips, shifts, seconds and parameters.

    python -m benchmarks.scaling                    # measures what is missing, writes page and docs/images/scaling.png
    python -m benchmarks.scaling --fresh            # measures all of it anew
    python -m benchmarks.scaling --only memory      # measures what holds this in its name, anew
    python -m benchmarks.scaling --quick            # one round, no memory; keeps nothing
    python -m benchmarks.scaling --device cuda

One quantity grows, the others stay: one clip, a window of 2 s, 101 delays by 10 ms into silence, a network of 0.06 M
parameters. Time is that of the whole sweep, all points and both engines called in turn; memory is the peak of a fresh
process that does nothing else. The *exponent* is the slope of log cost over log quantity; *fixed* and *each more* are
the line that fits best relative to the cost. Intervals are 95 % of Student's t over the points, which are medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from audioinv.report.figure_style import PAGE_INCHES, model_style, new_figure, styled
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.clip import Clip
from audioinv.sweep.allocation import keep_memory
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.run import sweep_clips

from .measuring import PAGE, Record, Setting, Work, by_machine, heading, interleaved, kept, run_cases, table
from .networks import SAMPLE_RATE, Listener, ReadableModel, Vgg, melody, realistic

ENGINES = ("batched", "shared")
FIGURE = PAGE.parent / "images" / "scaling.png"


@dataclass(frozen=True)
class Load:
    """What a sweep has to do; delays are 10 ms apart, unless all of them shall lie within a given span."""

    n_clips: int = 1
    n_shifts: int = 101
    duration_seconds: float = 2
    width: float = 1
    span_ms: float | None = None

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of the network; 0.06 M parameters at a width of 1."""
        return tuple(round(self.width * n) for n in (16, 32, 64, 64))

    @property
    def grid(self) -> str:
        """The delays, as a user types them."""
        span = self.span_ms or 10 * (self.n_shifts - 1)
        return f"-{span / 2:g}:{span / 2:g}:{span / (self.n_shifts - 1):g}ms"

    def sweep(self, folder: Path, device: str) -> Callable[[str], Work]:
        """Return, for an engine, the whole sweep; its clips are files, read when their turn comes."""
        path = folder / f"{self.duration_seconds:g}.wav"
        write_audio(path, melody(self.duration_seconds), SAMPLE_RATE)
        network = Vgg(self.channels, depth=1)
        listener = Listener(network)
        realistic(network, listener.maps(_batch(load_clip(path))))
        model = ReadableModel(listener, round(self.duration_seconds * SAMPLE_RATE), device)
        plan = plan_sweep(model, {"time": self.grid}, edges="zero")
        return lambda engine: lambda: sweep_clips([(model, replace(plan, engine=engine))], self.clips(path))

    def clips(self, path: Path) -> Iterator[Clip]:
        """Read the clips, one after the other."""
        return (load_clip(path) for _ in range(self.n_clips))


def _batch(clip: Clip) -> Any:
    return torch.from_numpy(clip.waveform)[None]


@dataclass(frozen=True)
class Axis:
    """One quantity that grows."""

    name: str
    field: str
    values: Sequence[float]
    label: str
    each: str
    base: Load = Load()

    def quantities(self) -> list[float]:
        """Return what stands on the axis: the value, or for a network's width how many million parameters it makes."""
        if self.field != "width":
            return list(self.values)
        networks = (Vgg(Load(width=width).channels, depth=1) for width in self.values)
        return [sum(weight.numel() for weight in network.parameters()) / 1e6 for network in networks]

    @property
    def loads(self) -> list[Load]:
        """What the sweeps along this axis have to do."""
        return [replace(self.base, **{self.field: value}) for value in self.values]


COST = (
    Axis("clips", "n_clips", (1, 2, 4, 8, 16), "clips", "clip"),
    Axis("shifts", "n_shifts", (21, 41, 101, 201, 401), "shifts", "shift"),
    Axis("seconds", "duration_seconds", (1, 2, 5, 10), "window, s", "second"),
    Axis("parameters", "width", (0.5, 1, 2, 4, 8), "parameters, million", "million"),
)
MEMORY = (
    Axis("memory, clips", "n_clips", (1, 8, 64), "clips", "clip"),
    Axis("memory, shifts", "n_shifts", (21, 641, 6401), "shifts within ±3.2 s", "shift", Load(span_ms=6400)),
)


def measure_cost(axis: Axis, setting: Setting) -> dict[str, list[float]]:
    """Return the median times of the sweeps along an axis, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        sweeps = [load.sweep(Path(folder), setting.device) for load in axis.loads]
        works = {(engine, i): sweep(engine) for i, sweep in enumerate(sweeps) for engine in ENGINES}
        times = interleaved(works, setting.rounds, setting.device)
    medians = {place: statistics.median(taken) for place, taken in times.items()}
    found = {engine: [medians[engine, i] for i in range(len(sweeps))] for engine in ENGINES}
    return {"quantities": axis.quantities(), **found}


def measure_memory(axis: Axis, setting: Setting) -> dict[str, list[float]]:
    """Return the peaks of fresh processes that sweep along an axis, in MiB."""

    def peak(load: Load, engine: str) -> float:
        work = {"load": asdict(load), "engine": engine, "device": setting.device}
        command = [sys.executable, "-m", "benchmarks.scaling", "--peak", json.dumps(work)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    found = {engine: [peak(load, engine) for load in axis.loads] for engine in ENGINES}
    return {"quantities": axis.quantities(), **found}


def print_peak(work: Mapping[str, Any]) -> None:
    """Run one sweep and print the most memory that this process ever held, in MiB."""
    torch.set_num_threads(1)
    keep_memory()
    with tempfile.TemporaryDirectory() as folder:
        Load(**work["load"]).sweep(Path(folder), work["device"])(work["engine"])()
    # Of this program alone; what getrusage says includes the process that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


@dataclass(frozen=True)
class Fit:
    """A slope, its 95 % interval, and where the line begins."""

    slope: float
    half_width: float
    intercept: float

    def text(self, scale: float = 1) -> str:
        """Return the slope ± half its interval, of which two digits are shown."""
        half_width = scale * self.half_width
        digits = max(0, 1 - floor(log10(half_width)))
        return f"{scale * self.slope:.{digits}f} ± {half_width:.{digits}f}"


def fit_line(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Fit:
    """Return the least-squares line through points of given weights, with Student's interval of its slope."""
    columns = np.stack([x, np.ones_like(x)], 1) * weights[:, None]
    solution, *_ = np.linalg.lstsq(columns, y * weights, rcond=None)
    n_free = len(x) - 2
    left = y * weights - columns @ solution
    variance = (left @ left) / n_free * np.linalg.inv(columns.T @ columns)[0, 0]
    return Fit(solution[0], stats.t.ppf(0.975, n_free) * np.sqrt(variance), solution[1])


def fits(found: Mapping[str, list[float]], engine: str) -> tuple[Fit, Fit]:
    """Return the slope of log cost over log quantity, and the line of cost over quantity."""
    x, y = np.array(found["quantities"]), np.array(found[engine])
    return fit_line(np.log(x), np.log(y), np.ones_like(x)), fit_line(x, y, 1 / y)


def text(records: Sequence[Record]) -> str:
    """Return the tables of all machines that results were kept of."""
    parts = []
    for facts, found in by_machine(records):
        costs = [_cost_row(axis, found[axis.name], e) for axis in COST if axis.name in found for e in ENGINES]
        peaks = [_memory_row(axis, found[axis.name], e) for axis in MEMORY if axis.name in found for e in ENGINES]
        parts.append(heading(facts, records))
        parts.append(table(("time against", "engine", "range", "exponent", "fixed, ms", "each more, ms"), costs))
        if peaks:
            parts.append(table(("memory against", "engine", "range", "peaks, MiB", "each more, KiB"), peaks))
    return "\n\n".join(parts)


def _cost_row(axis: Axis, found: Mapping[str, list[float]], engine: str) -> list[str]:
    power, line = fits(found, engine)
    return [
        axis.label,
        engine,
        _range(found),
        power.text(),
        f"{1000 * line.intercept:.1f}",
        f"{line.text(1000)} a {axis.each}",
    ]


def _memory_row(axis: Axis, found: Mapping[str, list[float]], engine: str) -> list[str]:
    x, y = np.array(found["quantities"]), np.array(found[engine])
    each = (y[-1] - y[0]) / (x[-1] - x[0])
    peaks = ", ".join(f"{peak:.0f}" for peak in y)
    return [axis.label, engine, _range(found), peaks, f"{1024 * each:.0f} a {axis.each}"]


def _range(found: Mapping[str, list[float]]) -> str:
    return ", ".join(f"{quantity:.2g}" if quantity % 1 else f"{quantity:g}" for quantity in found["quantities"])


@styled
def draw(found: Mapping[str, Any]) -> None:
    """Draw time and memory of one machine."""
    figure = new_figure(PAGE_INCHES, 4.4)
    times = [time for axis in COST for engine in ENGINES for time in found[axis.name][engine]]
    for ax, axis in zip(figure.subplots(2, 3).flat, (*COST, *MEMORY), strict=True):
        for index, engine in enumerate(ENGINES):
            style = model_style(index)
            x, y = found[axis.name]["quantities"], found[axis.name][engine]
            ax.plot(x, y, color=style.colour, linestyle=style.dashes, marker=style.marker, markersize=4, label=engine)
        ax.set(xscale="log", xlabel=axis.label)
        ax.set_xticks(x, [f"{quantity:.1g}" if quantity < 1 else f"{quantity:.0f}" for quantity in x])
        if axis in MEMORY:
            ax.set(ylabel="peak memory, MiB", ylim=(0, 1.3 * max(y)))
        else:
            ax.set(ylabel="time, s", yscale="log", ylim=(min(times) / 1.5, max(times) * 1.5))
            ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    figure.axes[0].legend()
    figure.savefig(FIGURE, dpi=150)


def main() -> None:
    """Measure what is wanted, write page and figure."""
    if sys.argv[1:2] == ["--peak"]:
        print_peak(json.loads(sys.argv[2]))
        return
    keep_memory()  # as the command line does
    cases = {axis.name: partial(measure_cost, axis) for axis in COST}
    cases |= {axis.name: partial(measure_memory, axis) for axis in MEMORY}
    run_cases("scaling", cases, text, description=__doc__, slow="memory")
    for facts, found in by_machine(kept("scaling")):
        if facts["kind"] == "cpu" and set(found) == set(cases):
            draw(found)


if __name__ == "__main__":
    main()
