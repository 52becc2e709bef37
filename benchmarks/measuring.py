"""What the benchmarks of speed have in common: the clock, the machine's name, and where results are kept.

Everything that is compared is called in turn, A B C A B C, in one process with one thread, so that a busy machine
slows all of it alike; a ratio is the median of the rounds' ratios. On a CPU the clock is that of the process, on an
accelerator the wall's, waited for. Results are kept in ``benchmarks/results`` with the machine that they were taken
on, so that a table can be put together from several runs, and its block in ``docs/benchmarks.md`` written from it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"

Work = Callable[[], object]
Rounds = dict[Any, list[float]]
Record = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """Where to measure, in how many rounds, and of how many delays the deviation is computed: of all if None."""

    device: str = "cpu"
    rounds: int = 9
    n_checked: int | None = None

    @property
    def batches(self) -> tuple[int, ...]:
        """Sizes among which a network's best batch is looked for."""
        return (1, 4, 8, 16) if self.device == "cpu" else (16, 64, 256, 512)

    @property
    def usual_batch(self) -> int:
        """What is usually taken without looking."""
        return 16 if self.device == "cpu" else 256


def seconds(work: Work, device: str = "cpu") -> float:
    """Return the time of one call: of the process on a CPU, of the wall on an accelerator."""
    if device == "cpu":
        started = time.process_time()
        work()
        return time.process_time() - started
    torch.cuda.synchronize(device)
    started = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - started


def interleaved(works: Mapping[Any, Work], rounds: int, device: str = "cpu") -> Rounds:
    """Return the times of each, all called in turn, a first round left out."""
    taken = [{name: seconds(work, device) for name, work in works.items()} for _ in range(rounds + 1)]
    return {name: [each[name] for each in taken[1:]] for name in works}


def per_window(times: Rounds, counts: Mapping[str, float]) -> Rounds:
    """Return times divided by how many windows each work answered."""
    return {name: [each / counts[name] for each in taken] for name, taken in times.items()}


def ratios(times: Rounds, name: str, to: str) -> list[float]:
    """Return one time by another in each round, in ascending order."""
    return sorted(a / b for a, b in zip(times[name], times[to], strict=True))


def ratio(times: Rounds, name: str, to: str) -> float:
    """Return the median over the rounds of one time by another."""
    return statistics.median(ratios(times, name, to))


def machine(device: str = "cpu") -> dict[str, Any]:
    """Return what the figures of a run hang on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    found = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in lines if ":" in line}
    if device == "cpu":
        vector = next((flag for flag in ("avx512f", "avx2") if flag in found.get("flags", "").split()), "")
        name = " ".join(filter(None, (found.get("model name") or platform.processor(), vector)))
    else:
        name = torch.cuda.get_device_name(device)
    kind = torch.device(device).type
    return {
        "kind": kind,
        "device": name,
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def machine_line(facts: Mapping[str, Any]) -> str:
    """Say in one line what `machine` found."""
    return f"{facts['device']}, {facts['cores']} cores, torch {facts['torch']}, Python {facts['python']}"


def heading(facts: Mapping[str, Any], records: Sequence[Record]) -> str:
    """Name the machine, and how busy it was otherwise when its cases began."""
    loads = [record["load_before"] for record in records if record["machine"] == facts]
    return f"{machine_line(facts)}; load average {min(loads):.1f} to {max(loads):.1f} as the rows began"


def kept(name: str) -> list[dict[str, Any]]:
    """Return the results that earlier runs kept."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def keep(name: str, results: Sequence[Mapping[str, Any]]) -> None:
    """Keep results, in place of what was kept before."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, ["---"] * len(headings), *rows))


def write_block(mark: str, text: str, path: Path | None = None) -> None:
    """Put a text between its marks in a page, if none is given in that of the benchmarks."""
    path = path or PAGE
    page = path.read_text(encoding="utf-8")
    first, last = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, found, rest = page.partition(first)
    _, ended, after = rest.partition(last)
    if not (found and ended):
        raise SystemExit(f"{path.name} has no {first} … {last} to write between; put them where the table belongs")
    path.write_text(f"{before}{first}\n\n{text}\n\n{last}{after}", encoding="utf-8")


Cases = Mapping[str, Callable[[Setting], Any]]


def run_cases(name: str, cases: Cases, text: Callable[[Sequence[Record]], str], *, description: str, slow: str) -> None:
    """Run what the command line asks for, keep it, print it and write it into the page.

    Parameters
    ----------
    name : str
        Of the file of results, and of the marks in the page.
    cases : mapping of str to callable
        From a name to what measures the case; what comes back must be fit for JSON.
    text : callable
        From all records kept to what stands in the page.
    description : str
        For ``--help``.
    slow : str
        What the names hold of cases that ``--quick`` leaves out.
    """
    options = _options(description)
    torch.set_num_threads(1)
    facts = machine(options.device)
    records: list[Record] = [] if options.quick else kept(name)
    setting = Setting(options.device, 1, 32) if options.quick else Setting(options.device)
    for case in _wanted(cases, options, slow, {r["case"] for r in records if r["machine"] == facts}):
        load = os.getloadavg()[0]
        print(f"{case} …", file=sys.stderr, flush=True)
        found = cases[case](setting)
        records = [r for r in records if (r["case"], r["machine"]) != (case, facts)]
        records.append({"case": case, "machine": facts, "load_before": round(load, 2), "found": found})
        if not options.quick:
            keep(name, records)
    print(text(records))
    if not options.quick:
        write_block(name, text(records))


def _options(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="PART", help="run cases whose name holds this, anew")
    parser.add_argument("--fresh", action="store_true", help="run all cases anew")
    parser.add_argument("--quick", action="store_true", help="one round, no slow cases; keep nothing")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def _wanted(cases: Cases, options: argparse.Namespace, slow: str, done: set[str]) -> list[str]:
    if options.only:
        return [case for case in cases if any(part in case for part in options.only)]
    if options.quick:
        return [case for case in cases if slow not in case]
    return [case for case in cases if options.fresh or case not in done]


def by_machine(records: Sequence[Record]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each machine with what was found on it, by case."""
    grouped: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for record in records:
        facts = record["machine"]
        grouped.setdefault(machine_line(facts), (facts, {}))[1][record["case"]] = record["found"]
    return list(grouped.values())
