"""How long a newcomer waits: the time from command to summary, split by stage.

Run with ``python -m benchmarks.first_result [CLIPS]``. Each round starts a fresh process, as a user does. Times are
wall-clock seconds, the median over rounds; the first round, with cold caches, is printed apart.
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 4
STAGES = ("start and plan", "decode, shift, model", "measures", "write and print")


def one_round(clips: str) -> dict[str, float]:
    """Return seconds by stage of one run of ``audioinv analyze CLIPS``."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.perf_counter()
        command = [sys.executable, "-m", "audioinv", "analyze", clips, "-o", str(run), "--no-progress"]
        subprocess.run(command, check=True, capture_output=True)
        total = time.perf_counter() - started
        found = json.loads((run / "run.json").read_text())
    timing = found["timing"]
    seconds = {
        "start and plan": found["ready_s"],
        "decode, shift, model": timing["sweep_s"],
        "measures": timing["measure_s"],
    }
    # The rest: starting Python, importing, writing the folder, printing.
    return {**seconds, "write and print": total - sum(seconds.values()), "total": total}


def help_cpu_seconds() -> float:
    """Return the CPU time of ``audioinv --help``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "audioinv", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    clips = sys.argv[1:] or ["clips/drums/kick/cubix_bd-fat.flac", "clips/drums"]
    print(f"{platform.machine()}, Python {platform.python_version()}, {ROUNDS} rounds, seconds of wall time\n")
    print("| clips | " + " | ".join((*STAGES, "total", "first round")) + " |")
    print("|---" * (len(STAGES) + 3) + "|")
    for source in clips:
        rounds = [one_round(source) for _ in range(ROUNDS)]
        medians = [statistics.median(r[stage] for r in rounds[1:]) for stage in (*STAGES, "total")]
        cells = [f"{value:.2f}" for value in (*medians, rounds[0]["total"])]
        print(f"| {source} | " + " | ".join(cells) + " |", flush=True)
    print(f"\naudioinv --help: {statistics.median(help_cpu_seconds() for _ in range(5)):.2f} s of CPU time")


if __name__ == "__main__":
    main()
