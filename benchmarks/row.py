"""One row of the table of sweeps: what was measured, what was to be reached, and how far answers deviate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCES = {"deviation": 5e-6, "deviation_float64": 1e-12}
SURE = 1e-5  # margin above which the best class is no matter of rounding


@dataclass(frozen=True)
class Row:
    """A case. What was measured is in the row's unit: ``overhead``, ``passes`` of the bare network, ``s`` or ``MB``."""

    name: str
    unit: str
    target: float
    ours: float
    rounds: Sequence[float] = ()
    naive: float | None = None
    plain: float | None = None
    n_delays: int | None = None
    pass_ms: float | None = None
    predicted: float | None = None
    deviation: float | None = None
    deviation_float64: float | None = None
    top1_equal: float | None = None
    n_sure: int | None = None
    n_answers: int | None = None
    librosa_deviation: float | None = None

    @property
    def fast(self) -> bool:
        """Whether the target is reached."""
        return self.ours <= self.target

    @property
    def exact(self) -> bool:
        """Whether the answers are those of every window by itself, up to rounding."""
        deviations = ((getattr(self, name), most) for name, most in TOLERANCES.items())
        return self.top1_equal in (None, 1.0) and all(found is None or found <= most for found, most in deviations)

    @property
    def verdict(self) -> str:
        """Whether the case is met, in words."""
        if self.fast and self.exact:
            return "met"
        return "not met" if self.exact else "not exact"

    @property
    def shortfall(self) -> str:
        """Why the case is not met, in words; empty if it is."""
        slow = "" if self.fast else f"{100 * (self.ours / self.target - 1):.1f} % over"
        return ", ".join(filter(None, (slow, "" if self.exact else "not exact")))

    def cells(self) -> list[str]:
        """Return the row of the table."""
        digits = {"overhead": 3, "passes": 1, "s": 2, "MB": 0}[self.unit]
        naive, plain, ours, predicted, *rounds = (
            _cell(time, f".{digits}f") for time in (self.naive, self.plain, self.ours, self.predicted, *self.rounds)
        )
        deviations = [self.deviation, self.deviation_float64]
        return [
            self.name,
            _cell(self.n_delays, "d"),
            _cell(self.pass_ms, ".1f"),
            naive,
            plain,
            f"{ours} ({rounds[0]} … {rounds[-1]})" if rounds else ours,
            predicted,
            f"≤ {self.target:g}",
            self.verdict,
            " / ".join(_cell(found, ".1e") for found in deviations if found is not None) or "–",
            "–" if self.top1_equal is None else f"{round(self.top1_equal * self.n_sure)} of {self.n_sure}",
        ]


HEADINGS: Sequence[str] = (
    "case",
    "delays",
    "one pass, ms",
    "naive loop",
    "plain batches",
    "ours (lowest … highest round)",
    "predicted",
    "to reach",
    "verdict",
    "deviation",
    "top-1 equal",
)


def _cell(value: float | None, digits: str) -> str:
    return "–" if value is None else format(value, digits)


def agreement(found: np.ndarray, expected: np.ndarray) -> dict[str, Any]:
    """Return deviation, the share of sure answers that agree, and how many classes ever win."""
    second, first = np.sort(expected, axis=1)[:, -2:].T
    sure = first - second > SURE
    same = (found.argmax(1) == expected.argmax(1))[sure]
    return {
        "deviation": float(np.abs(found - expected).max()),
        "top1_equal": float(same.mean()),
        "n_sure": int(sure.sum()),
        "n_answers": len(np.unique(expected.argmax(1))),
    }
