"""A model's window slid over a recording that never lies in memory whole, tile after tile, by the shared engine.

Conventions
-----------
Window k opens at sample ``k * spacing`` of the recording, at the model's sample rate; only windows that lie within it
whole are answered, so nothing but the recording enters. A *tile* is `TILE` windows in a row. Its sweep is planned once,
as delays over one tape (`audioinv.sweep.engines`), and run for every tile; the tapes of two tiles overlap by a *halo*,
the window's length less the spacing. Every window is answered as by itself, so that no answer depends on where tiles
or blocks end.

What is here: `SlidingPlan`, `plan_sliding`, `slide_scores`; `cut_tapes`, `count_tiles`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError, ModelError
from ..nets.model import Model
from ..sound.grid import ShiftGrid
from .engines import EngineChoice, choose_engines, read_model, split_plan
from .operations import Slide
from .plan import SweepPlan
from .verification import confirm_scores

__all__ = ["TILE", "SlidingPlan", "count_tiles", "cut_tapes", "plan_sliding", "slide_scores"]

FloatArray = npt.NDArray[Any]

TILE = 6144
"""Windows of a tile: enough that the halo weighs little, and maps of 16 channels over 64 bands are kept in memory."""
_CHECKED = 4  # tiles, of one of which a window is run by itself, so that it weighs little beside the others
_MAP_VALUES = 1 << 21  # of the long maps that a padded network holds at once: 8 MiB, and some times that in passing


@dataclass(frozen=True, eq=False)
class SlidingPlan:
    """How a model's window slides.

    Parameters
    ----------
    n_samples : int
        Length of the window.
    spacing : int
        Samples from one window to the next.
    sweep : SweepPlan
        Of one tile: its windows as delays in samples.
    choice : EngineChoice
        What answers a tile.
    stride_samples : int or None
        Total downsampling of the network, as the model states it or as it was read; None where it cannot be.
    """

    n_samples: int
    spacing: int
    sweep: SweepPlan
    choice: EngineChoice
    stride_samples: int | None

    @property
    def n_windows(self) -> int:
        """Windows of a tile."""
        return self.sweep.n_shifts

    @property
    def n_tape(self) -> int:
        """Samples that a tile reads."""
        return (self.n_windows - 1) * self.spacing + self.n_samples

    def answers(self, model: Model, tape: Tensor) -> Tensor:
        """Return the model's raw answers to the windows of a tape.

        Parameters
        ----------
        model : Model
        tape : Tensor of shape (n_samples,)
            Of a tile; shorter for the last one.

        Returns
        -------
        Tensor of shape (n_windows, n_classes)
            As many as the tape holds.
        """
        n_windows = (len(tape) - self.n_samples) // self.spacing + 1
        windows = tape.unfold(0, self.n_samples, self.spacing)
        with torch.inference_mode():
            if not self.choice.plans:
                batches = (part.contiguous() for part in windows.split(self.sweep.batch_size))
                return torch.cat([torch.as_tensor(model.respond(part)) for part in batches])
            full = torch.nn.functional.pad(tape, (0, self.n_tape - len(tape))).to(model.device)
            # Delays ascend, so the last window comes first.
            return self.choice.answers(lambda first, last: full[None, first:last]).flip(0)[:n_windows]


def count_tiles(n_windows: Sequence[int]) -> int:
    """Return how many tiles recordings come in.

    Parameters
    ----------
    n_windows : sequence of int
        Of each recording.

    Returns
    -------
    int
    """
    n_tile = min(TILE, max(n_windows, default=1))
    return sum(-(-number // n_tile) for number in n_windows)


def plan_sliding(model: Model, spacing: int, n_windows: Sequence[int], settings: SweepPlan) -> SlidingPlan:
    """Choose how the windows of recordings are answered.

    Parameters
    ----------
    model : Model
    spacing : int
        Samples from one window to the next; not beyond the window's length.
    n_windows : sequence of int
        How many each recording has.
    settings : SweepPlan
        Its engine, batch size, seed and number of checks are used; its grids are not.

    Returns
    -------
    SlidingPlan

    Raises
    ------
    InputError
        If the spacing is not between 1 and the length of the window.
    ModelError
        If ``engine="shared"`` is asked for and the network cannot be read.
    """
    spec = model.spec
    if not 1 <= spacing <= spec.n_samples:
        raise InputError(
            f"windows every {spacing} samples: it must be 1 or more, and at most the {spec.n_samples} of the window of "
            f"{spec.name}, or sound between two windows would not be heard"
        )
    n_tile = min(TILE, max(n_windows))
    delays = tuple(-float(spacing * window) for window in range(n_tile))
    tile = replace(settings, grids=(ShiftGrid("time", delays, "smp"),), edges="context")
    choice = choose_engines(model, tile, count_tiles(n_windows))["time"]
    parts = (part for whole in choice.plans for part in split_plan(whole.reading, whole, _MAP_VALUES))
    choice = replace(choice, plans=tuple(parts))
    return SlidingPlan(spec.n_samples, spacing, tile, choice, _stride_of(model, choice, tile.batch_size))


def _stride_of(model: Model, choice: EngineChoice, batch_size: int) -> int | None:
    """Return the stride that a model states, or that of the deepest map that can be read of its network."""
    if model.stride_samples or model.module is None:
        return model.stride_samples
    try:
        reading = choice.plans[0].reading if choice.plans else read_model(model, "time", batch_size)
    except ModelError:
        return None
    strides = {reading.input: 1}
    for node, operation in reading.operations.items():
        own = operation.stride if isinstance(operation, Slide) else 1
        strides[node] = own * max(strides[source] for source in operation.sources)
    # A map of one column has no stride: it is the whole window pooled.
    return max(stride for node, stride in strides.items() if reading.n_columns(node) > 1)


def slide_scores(model: Model, plan: SlidingPlan, blocks: Iterable[FloatArray], name: str) -> Iterator[FloatArray]:
    """Yield a model's scores for every window of a recording, tile by tile.

    Parameters
    ----------
    model : Model
    plan : SlidingPlan
    blocks : iterable of ndarray of shape (n_samples,)
        The recording at the model's sample rate.
    name : str
        Of the recording.

    Yields
    ------
    ndarray of shape (n_windows, n_classes), float32
        Nothing, where the recording is shorter than a window.

    Raises
    ------
    ModelError
        If the model answers in the wrong shape, or NaN, or the engine does not give what the model does.
    """
    for number, samples in enumerate(cut_tapes(blocks, plan)):
        tape = torch.from_numpy(samples)
        scores = _scores(model, plan, tape)
        doubted = plan.choice.plans and (plan.sweep.verify or number % _CHECKED == 0)
        if doubted and not _confirmed(model, plan, tape, scores, f"{name}, tile {number}"):
            plan = replace(plan, choice=replace(plan.choice, plans=(), reason="the shared engine was not confirmed"))
            scores = _scores(model, plan, tape)
        yield scores


def _scores(model: Model, plan: SlidingPlan, tape: Tensor) -> FloatArray:
    raw = plan.answers(model, tape)
    return model.scores_of(raw, len(raw)).numpy()


def _confirmed(model: Model, plan: SlidingPlan, tape: Tensor, scores: FloatArray, name: str) -> bool:
    """Tell whether some of a tile's windows have the scores that the model gives them by themselves."""

    def recompute(row: int) -> FloatArray:
        with torch.inference_mode():
            at = row * plan.spacing
            return model.scores(tape[None, at : at + plan.n_samples])[0].numpy()

    return confirm_scores(scores, recompute, plan.sweep, name)


def cut_tapes(blocks: Iterable[FloatArray], plan: SlidingPlan) -> Iterator[FloatArray]:
    """Yield the tapes of a recording's tiles, each with the halo that it shares with the next.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples,)
    plan : SlidingPlan

    Yields
    ------
    ndarray of shape (n_samples,)
        All but the last as long as a tile; the last as long as its windows.
    """
    held: list[FloatArray] = []
    n_held = 0
    for block in blocks:
        held.append(block)
        n_held += len(block)
        while n_held >= plan.n_tape:
            whole = np.concatenate(held)
            yield whole[: plan.n_tape]
            held = [whole[plan.n_windows * plan.spacing :]]
            n_held = len(held[0])
    rest = np.concatenate(held) if held else np.zeros(0, np.float32)
    n_windows = (len(rest) - plan.n_samples) // plan.spacing + 1
    if n_windows > 0:
        yield rest[: (n_windows - 1) * plan.spacing + plan.n_samples]
