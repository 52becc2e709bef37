"""Where the time axis of a sweep meets the grids of the models: hops of front ends, strides of networks.

Conventions
-----------
A rule is a distance in the unit of the sweep's delays, converted from the samples that ``run.json`` gives. A network
whose answer depends on where a sound lies between two steps of its grid repeats itself at multiples of its stride.

What is here: `TimeRule`, `time_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..sound.grid import ShiftGrid
from .wording import shown_name

if TYPE_CHECKING:
    from .results import Results

__all__ = ["TimeRule", "time_rules"]

_MAX_NAMED = 2
_MAX_RULES = {"hop": 30, "network stride": 7}
"""On each side of 0; more would blacken the panel, and only the first is drawn."""


@dataclass(frozen=True)
class TimeRule:
    """A distance on the time axis that belongs to models.

    Parameters
    ----------
    kind : {"hop", "network stride"}
    amount : float
        In `unit`.
    unit : str
    reach : float
        The largest shift of the sweep in either direction.
    owners : tuple of str, default ()
        The models it belongs to; none where it is all.
    """

    kind: str
    amount: float
    unit: str
    reach: float
    owners: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Say what the rule is, whose, and whether it lies in the panel at all."""
        named = ", ".join(shown_name(name, 20) for name in self.owners[:_MAX_NAMED])
        more = len(self.owners) - _MAX_NAMED
        owner = f" ({named}{f' and {more} more' if more > 0 else ''})" if self.owners else ""
        return f"{self.kind} {self.amount:.4g} {self.unit}{owner}{', beyond this range' * (self.reach < self.amount)}"

    @property
    def places(self) -> list[float]:
        """All multiples within reach, or the first alone where these would be too many."""
        n_multiples = int(self.reach / self.amount * (1 + 1e-9))
        n_drawn = n_multiples if n_multiples <= _MAX_RULES[self.kind] else 1
        return [k * self.amount for k in range(-n_drawn, n_drawn + 1) if k]


def time_rules(results: Results, names: Sequence[str]) -> list[TimeRule]:
    """Collect hops and strides of models in the unit of the time axis, each once.

    Parameters
    ----------
    results : Results
    names : sequence of str
        Of models that were swept along time, in one unit.

    Returns
    -------
    list of TimeRule
        Of what ``run.json`` knows.
    """
    rules = []
    for kind, key in (("hop", "hop_samples"), ("network stride", "stride_samples")):
        owners: dict[float, list[str]] = {}
        for name in names:
            amount = _in_unit(results, name, key)
            if amount:
                owners.setdefault(amount, []).append(name)
        for amount, having in sorted(owners.items()):
            summary = results.document["models"][having[0]]["axes"]["time"]
            reach = float(np.abs(summary["shifts"]).max())
            rules.append(TimeRule(kind, amount, summary["unit"], reach, () if having == list(names) else tuple(having)))
    return rules


def _in_unit(results: Results, name: str, key: str) -> float | None:
    """Return a number of samples from ``run.json`` in the unit of the model's delays; None where it is not known."""
    known = results.run.get("models", {}).get(name, {})
    unit = results.document["models"][name]["axes"]["time"]["unit"]
    if known.get(key) is None or (unit == "frame" and known.get("hop_samples") is None):
        return None
    spec = results.responses[name].spec
    one = ShiftGrid("time", (1.0,), unit).natural(spec.sample_rate, known.get("hop_samples"))[-1]
    return float(known[key] / one)
