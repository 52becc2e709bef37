"""What a sweep will take: passes of the network, time and memory, from a short probe of the model's rate.

Conventions
-----------
Time is of one clip along one axis, in seconds, on this machine as busy as it is: a pass is timed, an operator is
timed on a few shifts, and a network's share is predicted by counts (`audioinv.sweep.cost`). Where that comes to a
moment, the sweep itself is run on noise and timed: what is not counted, controls and columns of fidelity among it,
weighs most there. Memory is what comes on top of the model and of the process, in bytes.

What is here: `Estimate`, `estimate_axis`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..nets.model import Model
from ..sound.clip import Clip
from ..sound.grid import ShiftGrid
from .batched import respond_to_clip
from .cost import shared_values
from .engines import EngineChoice
from .plan import SweepPlan, operator_of
from .probing import largest_map

__all__ = ["Estimate", "estimate_axis"]

_BYTES = 4  # of a value in single precision
_MAPS = 3  # of a batch at once: what a layer takes, makes, and the one before, which goes when the next is made
_LEVEL = 0.1
_MOMENT = 0.2  # seconds
_SHIFTS = 4  # enough that what is done once for all of them weighs as little as in a sweep


@dataclass(frozen=True)
class Estimate:
    """What one axis takes of one clip.

    Parameters
    ----------
    passes : float
        Of the network over one window.
    seconds : float
    n_bytes : int
    """

    passes: float
    seconds: float
    n_bytes: int

    @property
    def text(self) -> str:
        """The estimate for people."""
        return f"estimated {self.passes:.3g} passes, {self.seconds:.2g} s a clip, {max(1, self.n_bytes >> 20)} MB"


def estimate_axis(
    model: Model, plan: SweepPlan, grid: ShiftGrid, choice: EngineChoice, *, seconds_of_pass: float
) -> Estimate:
    """Say what one axis of a sweep will take of one clip.

    Parameters
    ----------
    model : Model
    plan : SweepPlan
    grid : ShiftGrid
        One of the plan's.
    choice : EngineChoice
        From `choose_engines`, for this axis.
    seconds_of_pass : float
        From `audioinv.sweep.probing.seconds_of_pass`.

    Returns
    -------
    Estimate
    """
    n_batched = len(grid.amounts)
    passes, n_bytes = 0.0, _BYTES * _MAPS * plan.batch_size * largest_map(model)
    if choice.plans and choice.cost is not None:
        n_batched -= len(choice.offsets)
        passes += choice.cost.passes + 1 + plan.verify
        n_bytes = max(n_bytes if n_batched else 0, _BYTES * max(shared_values(part) for part in choice.plans))
    passes += n_batched
    shifting = n_batched * _seconds_of_shift(model, plan, grid) if n_batched and grid.axis != "bins" else 0.0
    windows = _BYTES * min(len(grid.amounts), plan.batch_size) * model.spec.n_samples
    seconds = passes * seconds_of_pass + shifting
    if seconds < _MOMENT:
        alone, clip = replace(plan, grids=(grid,)), _noise(model, plan)
        seconds = _seconds_of(lambda: respond_to_clip(model, clip, alone, {grid.axis: choice}))
    return Estimate(passes, seconds, n_bytes + windows)


def _noise(model: Model, plan: SweepPlan) -> Clip:
    """Return a clip that fills the model's window."""
    samples = _LEVEL * np.random.default_rng(plan.seed).standard_normal(model.spec.n_samples)
    return Clip(samples.astype(np.float32), model.spec.sample_rate, "noise")


def _seconds_of(work: Callable[[], object]) -> float:
    """Time some work by the clock on the wall, a first time left out."""
    for _ in range(2):
        started = time.perf_counter()
        work()
    return time.perf_counter() - started


def _seconds_of_shift(model: Model, plan: SweepPlan, grid: ShiftGrid) -> float:
    """Time the largest shifts on noise, some at once as the sweep makes them."""
    clip, operator = _noise(model, plan), operator_of(grid.axis, plan, model.spec)
    amounts = grid.natural(model.spec.sample_rate, model.hop_samples)[-_SHIFTS:]
    return _seconds_of(lambda: operator.shift(clip, amounts)) / len(amounts)
