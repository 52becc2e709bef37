"""How large the changes of a grid are, on the scale that all axes share.

Conventions
-----------
Sounds are windows as the model hears them, at its sample rate. See `audioinv.sound.axes.distance`.

What is here: `change_sizes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..nets.model import Model
from ..sound.axes.distance import log_mel_distance, snr_equivalents
from ..sound.clip import Clip, open_window
from ..sound.grid import ShiftGrid
from .plan import SweepPlan, operator_of

__all__ = ["change_sizes"]

FloatArray = npt.NDArray[np.float64]


def change_sizes(
    grid: ShiftGrid, plan: SweepPlan, model: Model, clips: Sequence[Clip]
) -> tuple[FloatArray, FloatArray]:
    """Return how far the amounts of a grid move sounds.

    Parameters
    ----------
    grid : ShiftGrid
        One of the plan's.
    plan : SweepPlan
    model : Model
        Whose window is laid over the clips.
    clips : sequence of Clip
        At the model's sample rate.

    Returns
    -------
    log_mel_db : ndarray of shape (n_shifts,)
        Mean log-mel distance; ``nan`` where most clips have none, and along bins, which moves no sound.
    snr_equivalent_db : ndarray of shape (n_shifts,)
        Median of the ratios at which white noise moves as far; ``nan`` where most clips have none.
    """
    spec, shape = model.spec, (len(clips), len(grid.amounts))
    distances, equivalents = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, clip in enumerate(clips if grid.axis != "bins" else ()):
        window = open_window(clip, spec.n_samples, spec.lead_samples)
        original = torch.from_numpy(window.waveform)
        changed = operator_of(grid.axis, plan, spec).shift(window, grid.natural(spec.sample_rate, model.hop_samples))
        distances[row] = log_mel_distance(changed, original, spec.sample_rate)
        equivalents[row] = snr_equivalents(distances[row], original, spec.sample_rate)
    return _of_most(distances, np.mean), _of_most(equivalents, np.median)


def _of_most(values: FloatArray, average: Callable[..., Any]) -> FloatArray:
    """Average over the clips that have a value, where most of them do."""
    known = ~np.isnan(values)
    columns = [
        average(column[has]) if 2 * has.sum() > len(has) else np.nan
        for column, has in zip(values.T, known.T, strict=True)
    ]
    return np.array(columns, dtype=np.float64)
