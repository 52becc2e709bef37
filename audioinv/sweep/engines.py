"""Which engine answers a sweep along one axis, and what it makes of it: the cheapest that gives the exact answers.

Conventions
-----------
The *batched* engine makes every shifted window and runs the model on it; it is the definition of a sweep. The
*shared* engine computes once what windows have in common (`audioinv.sweep.shared`), for shifts by whole samples or
whole bins; shifts by a fraction are batched whatever the engine. Both give the same scores up to the rounding of
sums taken in another order, which is checked on every clip.

What is here: `EngineChoice`, `choose_engines`, `read_model`, `split_plan`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..nets.model import Model
from ..sound.grid import ShiftGrid
from .cost import Cost, predict
from .lattice import Lattice
from .plan import SweepPlan
from .probing import count_fitting, probe_model
from .reading import Reading, read_network
from .shared import BLOCK, WORTH_SHARING, SharedPlan, plan_sharing, respond_shared
from .tracing import shape_of

__all__ = ["EngineChoice", "choose_engines", "read_model", "split_plan"]

FloatArray = npt.NDArray[Any]

READ_BATCH = 16
"""Windows at once for what is not shared, unless its maps are so small that more go together."""
_WORTH_READING = 5e10  # multiply-adds, about a second; to load what reads a network takes about as long
_LEAST_TILE = 4  # windows
_MAP_VALUES = 1 << 26  # of the long maps that are held at once: 256 MiB in single precision


@dataclass(frozen=True, eq=False)
class EngineChoice:
    """The engine for one axis of one sweep.

    Parameters
    ----------
    axis : str
    reason : str
        Why this engine.
    offsets : ndarray of int
        Where the window of each whole shift opens on the tape, in the order of the shifts.
    plans : tuple of SharedPlan
        For stretches of the tape, in ascending order; empty for the batched engine.
    cost : Cost, optional
        Predicted, where the network was read.
    """

    axis: str
    reason: str
    offsets: npt.NDArray[np.int64]
    plans: tuple[SharedPlan, ...] = ()
    cost: Cost | None = None

    @property
    def engine(self) -> str:
        """``"shared"`` or ``"batched"``."""
        return "shared" if self.plans else "batched"

    @property
    def facts(self) -> dict[str, Any]:
        """The choice for ``run.json``: engine, reason, and what it was predicted to cost in passes of the network."""
        return {"engine": self.engine, "reason": self.reason, "passes": self.cost.passes if self.cost else None}

    @property
    def line(self) -> str:
        """The choice in one line for people."""
        return f"{self.axis}: {self.engine}, {self.reason}"

    def answers(self, tape_between: Callable[[int, int], Tensor]) -> Tensor:
        """Return the network's raw answers at the whole shifts.

        Parameters
        ----------
        tape_between : callable
            From the first and last place of a stretch to the tapes there, of shape (n_tapes, …).

        Returns
        -------
        Tensor of shape (n_tapes * n_whole_shifts, n_classes), tape by tape
        """
        parts = []
        for plan in self.plans:
            tape, layout = plan.reading.input, plan.layouts[plan.reading.input]
            tapes = tape_between(layout.first, layout.first + layout.length).to(tape.meta["val"].dtype)
            parts.append(respond_shared(plan, tapes).unflatten(0, (len(tapes), -1)))
        order = np.argsort(np.argsort(self.offsets, kind="stable"))
        return torch.cat(parts, 1)[:, torch.from_numpy(order)].flatten(0, 1)


class _Answers(nn.Module):
    """A model as a network from windows of sound, or from spectrograms, to raw answers."""

    def __init__(self, model: Model, axis: str) -> None:
        super().__init__()
        self.network = model.module
        self.respond = model.respond_to_spectrogram if axis == "bins" else model.respond
        self.training = False  # of this shell alone; what the network says of itself stands

    def forward(self, inputs: Tensor) -> Tensor:
        return self.respond(inputs)


def choose_engines(model: Model, plan: SweepPlan, n_clips: int = 1) -> dict[str, EngineChoice]:
    """Choose the engine for each axis of a sweep.

    Parameters
    ----------
    model : Model
    plan : SweepPlan
    n_clips : int, default 1
        How many clips there will be at least: reading a network takes a moment, which must pay.

    Returns
    -------
    dict of str to EngineChoice

    Raises
    ------
    ModelError
        If ``engine="shared"`` is asked for and the network cannot be read.
    """
    return {grid.axis: _choose(model, plan, grid, n_clips) for grid in plan.grids}


def _choose(model: Model, plan: SweepPlan, grid: ShiftGrid, n_clips: int) -> EngineChoice:
    amounts = grid.natural(model.spec.sample_rate, model.hop_samples)
    whole = amounts[amounts == np.round(amounts)].astype(np.int64)
    wraps = grid.axis == "time" and plan.edges == "circular"
    offsets = -whole % model.spec.n_samples if wraps else -whole
    obstacle = _obstacle(model, plan, grid.axis, n_clips * len(whole))
    if obstacle:
        return EngineChoice(grid.axis, obstacle, offsets)
    lattice = Lattice(tuple(sorted(map(int, offsets))), model.spec.n_samples if wraps else None)
    try:
        laid = _lay_out(model, grid.axis, lattice, plan.batch_size)
    except ModelError as error:
        if plan.engine == "shared":
            raise ModelError(f"model {model.spec.name}: the network {error}; use engine=batched (--engine)") from error
        return EngineChoice(grid.axis, f"the network {error}", offsets)
    cost = predict(laid)
    if len(laid.layouts) == 1 or (plan.engine == "auto" and cost.shared > WORTH_SHARING * cost.batched):
        return EngineChoice(grid.axis, _why_not(laid.reading), offsets, cost=cost)
    reason = f"about {cost.passes:.1f} passes of the network for {len(whole)} shifts"
    return EngineChoice(grid.axis, reason, offsets, split_plan(laid.reading, laid), cost)


def _lay_out(model: Model, axis: str, lattice: Lattice, batch_size: int) -> SharedPlan:
    """Read a network and lay it out; what is not shared, mostly a head, in batches as large as its maps allow."""
    usual, most = max(READ_BATCH, batch_size), 1 << (len(lattice.offsets).bit_length() - 1)
    large = max(usual, min(BLOCK, most))
    laid = plan_sharing(read_model(model, axis, large), lattice)
    fitting, wanted = count_fitting(laid.largest_whole, model.device), large
    if fitting < large:
        wanted = usual
    elif fitting >= most and not laid.bordered:
        wanted = max(large, most)
    return laid if wanted == large else plan_sharing(read_model(model, axis, wanted), lattice)


def _obstacle(model: Model, plan: SweepPlan, axis: str, n_windows: int) -> str:
    """Say what speaks against sharing before the network is read."""
    if plan.engine == "batched":
        return "as asked"
    if plan.precision != "float32":
        return f"in {plan.precision}, which is not exact"
    if axis not in ("time", "bins"):
        return "each shift makes another sound"
    probe = probe_model(model) if plan.engine == "auto" else None
    if probe is not None and n_windows * probe.multiply_adds < _WORTH_READING:
        return "too little work to be worth reading the network"
    return ""


def read_model(model: Model, axis: str = "time", batch_size: int = READ_BATCH) -> Reading:
    """Read a model from its input on: which of its operations windows share, and what stands in the way.

    Parameters
    ----------
    model : Model
    axis : {"time", "bins"}, default "time"
        What slides: a window over sound, or over the bins of the model's own spectrogram.
    batch_size : int, default 16
        At which runs what is not shared.

    Returns
    -------
    Reading

    Raises
    ------
    ModelError
        If the network is not at hand, or cannot be read.
    """
    if model.module is None:
        raise ModelError("is not at hand")
    shape: tuple[int, ...] = (model.spec.n_samples,)
    front_end = model.front_end
    if axis == "bins" and front_end is not None:
        shape = (front_end.config.n_bins, front_end.n_frames(model.spec.n_samples))
    return read_network(_Answers(model, axis), (batch_size, *shape), axis=1)


def _why_not(reading: Reading) -> str:
    names = reading.traced.names
    ends = [f"{names[node]} {why}" for node, why in reading.obstacles.items()]
    return f"windows have too little in common before {ends[0]}" if ends else "windows have too little in common"


def split_plan(reading: Reading, plan: SharedPlan, max_values: int = _MAP_VALUES) -> tuple[SharedPlan, ...]:
    """Split a plan into stretches of the tape whose long maps fit into memory together.

    Parameters
    ----------
    reading : Reading
    plan : SharedPlan
    max_values : int
        Of the long maps that are held at once.

    Returns
    -------
    tuple of SharedPlan
        In ascending order of their stretches.
    """
    offsets, period = plan.lattice.offsets, plan.lattice.period
    held = sum(
        plan.layouts[node].length * prod(shape_of(node)[1:]) / plan.layouts[node].n_columns for node in plan.kept
    )
    if held <= max_values or len(offsets) < _LEAST_TILE or period is not None:
        return (plan,)
    middle = len(offsets) // 2
    halves = [plan_sharing(reading, Lattice(part)) for part in (offsets[:middle], offsets[middle:])]
    fills_batches = len(offsets) >= 2 * reading.batch_size
    if not fills_batches and any(half.layouts.keys() != plan.layouts.keys() for half in halves):
        return (plan,)  # what is no longer shared would run in batches that are not full
    return tuple(tile for half in halves for tile in split_plan(reading, half, max_values))
