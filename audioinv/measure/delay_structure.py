"""What a curve over delay owes to the frames and strides that a model is built with.

Conventions
-----------
Delays come in the unit of their sweep; hops and strides in samples. What is not known of a model is None, and what
would need it is then undefined.

What is here: `ModelFacts`, `frame_phase`, `periods`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..sound.grid import ShiftGrid
from ..sweep.room import blocks_of
from .drift import class_scores
from .framephase import frame_phase_effect
from .outcome import top1
from .periodicity import MIN_SHIFTS, explain_period, find_periods

if TYPE_CHECKING:
    from ..sweep.responses import AxisResponses

__all__ = ["ModelFacts", "frame_phase", "periods"]

FloatArray = npt.NDArray[np.floating]

_STEP_TOLERANCE = 1e-6  # relative


@dataclass(frozen=True)
class ModelFacts:
    """What a summary needs to know of how a model is built.

    Parameters
    ----------
    sample_rate : int
        In hertz.
    activation : {"softmax", "sigmoid", "none"}, default "none"
        ``"sigmoid"`` where several labels can be on at once.
    hop_samples, stride_samples : int, optional
        Of the front end, and of all layers together.
    """

    sample_rate: int
    activation: str = "none"
    hop_samples: int | None = None
    stride_samples: int | None = None


def frame_phase(responses: AxisResponses, facts: ModelFacts) -> FloatArray:
    """Effect of the frame phase on each clip, as `audioinv.measure.framephase.frame_phase_effect` defines it.

    Parameters
    ----------
    responses : AxisResponses
        Along time.
    facts : ModelFacts
        With a hop.

    Returns
    -------
    ndarray of shape (n_clips,)
        ``nan`` where the delays hold no whole hop together with a fraction beyond it.
    """
    hop = facts.hop_samples or 0
    delays = ShiftGrid("time", tuple(responses.shifts), responses.unit).natural(facts.sample_rate, hop)
    return frame_phase_effect(responses.scores, responses.zero, delays, hop)


def periods(responses: AxisResponses, facts: ModelFacts, *, n_units: int) -> list[dict[str, Any]] | None:
    """Periods of the clean answer's score over delay, and what of the model explains them.

    Parameters
    ----------
    responses : AxisResponses
        Along time.
    facts : ModelFacts
    n_units : int
        Independent clips, or groups of clips.

    Returns
    -------
    list of dict, or None
        ``period`` in the unit of the delays, ``share`` of the variance, ``p_value``, and ``matches``, where something
        has this period. None instead of a list with fewer than 24 delays or steps that differ.
    """
    shifts = responses.shifts
    steps = np.diff(shifts)
    if len(shifts) < MIN_SHIFTS or np.ptp(steps) > _STEP_TOLERANCE * steps.max():
        return None
    scores, zero = responses.scores, responses.zero
    curves = np.concatenate(
        [class_scores(scores[some], top1(scores[some], zero)[:, zero]) for some in blocks_of(scores)]
    )
    step, reach = float(steps.mean()), float(shifts[-1] - shifts[0])
    _, unit_samples = ShiftGrid("time", (0.0, 1.0), responses.unit).natural(facts.sample_rate, facts.hop_samples)
    built = {name: samples / float(unit_samples) for name, samples in _built_periods(facts).items()}
    found = []
    for peak in find_periods(curves, step, n_units=n_units):
        matches = explain_period(peak.period, built, reach=reach, step=step)
        found.append({**asdict(peak), **({"matches": matches} if matches else {})})
    return found


def _built_periods(facts: ModelFacts) -> Mapping[str, int]:
    """Return the hop and the strides that layers can have, from the shortest, in samples."""
    hop, stride = facts.hop_samples, facts.stride_samples
    found = {"hop": hop} if hop else {}
    if stride:
        base = hop or 1
        found |= {f"{factor} hops" if hop else f"{factor} samples": factor * base for factor in _divisors(stride, base)}
        if stride > (hop or 0):
            found["total stride"] = stride
    return found


def _divisors(stride: int, base: int) -> list[int]:
    """Return the factors between 1 and the whole ratio of stride to base that divide it."""
    ratio, left = divmod(stride, base)
    return [] if left else [factor for factor in range(2, ratio) if ratio % factor == 0]
