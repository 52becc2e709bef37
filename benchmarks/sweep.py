"""What does a sweep cost beside the bare network? The naive loop, plain batches and ours, and how far ours deviates.

    python -m benchmarks.sweep                    # runs the rows that this machine has not yet run, writes the page
    python -m benchmarks.sweep --fresh            # runs all of them anew
    python -m benchmarks.sweep --only waveform    # runs the rows whose name holds this, anew
    python -m benchmarks.sweep --quick            # one round, few windows checked, no large network; keeps nothing
    python -m benchmarks.sweep --device cuda      # the same on an accelerator, kept beside

*Overhead*: the whole audit, from the sound file to the scores of all delays, divided by delays × one pass of the bare
network: no front end, norms folded into convolutions, its fastest layout, its best batch. The *naive loop* shifts,
computes librosa's mel spectrogram and runs the network one window at a time; *plain batches* are cut, looked at and run
by 16. Both are timed on a sample of the delays. *Alone*: the shared engine on a map or a waveform that is at hand, for
all delays, in passes of the bare network. *Pairs*: every delay of sounds that were shifted in frequency, beside the
batched engine. The deviation is the largest difference of a score from that of the model on
its window by itself, over all delays; for networks alone a second one, in double precision, over sixteen of them.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from audioinv.sweep.allocation import keep_memory

from .audit import Audit
from .first_result import help_cpu_seconds
from .measuring import Record, Setting, by_machine, heading, run_cases, table
from .network_alone import NetworkAlone
from .pair_grid import PairGrid
from .row import HEADINGS, Row
from .streaming import NETWORKS, in_a_process, write_sound


@dataclass(frozen=True)
class Help:
    """The command line that only says what it can do."""

    name: str = "audioinv --help, s"
    target: float = 0.3

    def measure(self, setting: Setting) -> list[Row]:
        """Return its row."""
        taken = sorted(help_cpu_seconds() for _ in range(setting.rounds))
        return [Row(self.name, "s", self.target, statistics.median(taken), taken)]


@dataclass(frozen=True)
class Hour:
    """A small network's window sliding over an hour at every hop, in fresh processes; see `benchmarks.streaming`."""

    name: str = "one hour at every hop"

    def measure(self, setting: Setting) -> list[Row]:
        """Return the CPU time of the scores, of which 9 s are 400 times real time, and the most memory ever held."""
        minutes = 60 if setting.n_checked is None else 3
        with tempfile.TemporaryDirectory() as folder:
            write_sound(Path(folder) / "hour.wav", minutes)
            network = next(iter(NETWORKS.values()))
            runs = [in_a_process("slide", network, folder) for _ in range(setting.rounds)]
        taken, peaks = (sorted(run[key] for run in runs) for key in ("cpu_s", "peak_mb"))
        taken = [seconds * 60 / minutes for seconds in taken]
        return [
            Row(f"{self.name}, CPU s", "s", 9, statistics.median(taken), taken),
            Row(f"{self.name}, peak MB", "MB", 600, max(peaks), peaks),
        ]


Case = Hour | Audit | NetworkAlone | PairGrid | Help

CASES: Sequence[Case] = (
    Audit("opaque", "4.7 M", 2, 41, 1.05),
    Audit("opaque", "0.06 M", 2, 401, 1.4),
    Audit("shared", "0.3 M", 5, 401, 0.08),
    Audit("shared", "4.7 M", 5, 401, 0.08),
    Audit("shared", "0.06 M", 10, 401, 0.06),
    Audit("shared", "0.3 M", 10, 401, 0.06),
    NetworkAlone("0.06 M", "circular", 6),
    NetworkAlone("0.06 M", "none", 6),
    NetworkAlone("0.3 M", "none", 6),
    NetworkAlone("0.06 M", "zeros", 18),
    NetworkAlone("0.3 M", "zeros", 18),
    NetworkAlone("waveform", "none", 12),
    NetworkAlone("waveform", "zeros", 18),
    PairGrid("0.3 M", 2, 101, 0.4),
    Hour(),
    Help(),
)


def text(records: Sequence[Record]) -> str:
    """Return the tables of all machines that results were kept of."""
    parts = []
    for facts, found in by_machine(records):
        rows = [Row(**row) for case in CASES for row in found.get(case.name, ())]
        missed = [f"{row.name} ({row.shortfall})" for row in rows if row.shortfall]
        parts += [heading(facts, records), table(HEADINGS, [row.cells() for row in rows])]
        parts.append(f"Met: {len(rows) - len(missed)} of {len(rows)} rows. Not met: {'; '.join(missed) or 'none'}.")
        if facts["kind"] != "cpu":
            shares = ", ".join(f"{row.name}: {1 / row.ours:.2f}" for row in rows if row.unit == "overhead")
            parts.append(f"Share of the network's pure throughput that the whole audit reaches: {shares}.")
    return "\n\n".join(parts)


def measure(case: Case, setting: Setting) -> list[dict[str, Any]]:
    """Return a case's rows, fit for JSON."""
    return [asdict(row) for row in case.measure(setting)]


def main() -> None:
    """Run what is wanted, keep it, print and write the tables."""
    keep_memory()  # as the command line does
    cases = {case.name: partial(measure, case) for case in CASES}
    run_cases("sweep", cases, text, description=__doc__, slow="4.7 M")


if __name__ == "__main__":
    main()
