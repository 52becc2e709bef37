"""What is measured of one cell: one value for each test clip, and curves over the shifts.

Conventions
-----------
Values have shape ``(n_clips,)``, curves ``(n_clips, n_shifts)``; both are ``nan`` where a clip has none. Names are
``accuracy``, ``PROBE.MEASURE`` and, of curves, ``PROBE.accuracy`` and ``PROBE.consistency``.

What is here: `CellMeasures`, `measure_responses`, `constant_control`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..measure import drift, outcome
from ..measure.cliptable import ClipTable
from ..sweep.responses import AxisResponses, ModelResponses

__all__ = ["CellMeasures", "constant_control", "measure_responses"]

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class CellMeasures:
    """One value for each clip and measure.

    Parameters
    ----------
    names : tuple of str
        Of the clips, or of whatever else a study repeats its measurement over.
    groups : tuple of (str or None)
        Clips that share one are not independent; a clip without one stands alone.
    values : mapping of str to ndarray of shape (n_clips,)
    curves : mapping of str to ndarray of shape (n_clips, n_shifts)
    facts : mapping
        Of the network: ``n_parameters``, ``n_multiplications``, ``receptive_field``, as far as there are any.
    """

    names: tuple[str, ...]
    groups: tuple[str | None, ...]
    values: Mapping[str, FloatArray]
    curves: Mapping[str, FloatArray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def group_codes(self) -> npt.NDArray[np.intp] | None:
        """A number for each clip's group, (n_clips,); None where no clip has a group."""
        return ClipTable(self.names, ("",), groups=self.groups).group_codes


def measure_responses(probed: Mapping[str, ModelResponses], facts: Mapping[str, Any]) -> CellMeasures:
    """Measure a classifier's answers along every probe.

    Parameters
    ----------
    probed : mapping of str to ModelResponses
        By the probe's name; of the same clips, each along one axis.
    facts : mapping
        Of the network.

    Returns
    -------
    CellMeasures
    """
    values: dict[str, FloatArray] = {}
    curves: dict[str, FloatArray] = {}
    for probe, responses in probed.items():
        clips = ClipTable.of_responses(responses)
        (axis,) = responses.axes.values()
        answers = outcome.top1(axis.scores, axis.zero)
        right = outcome.correctness(answers, clips.targets)
        values.setdefault("accuracy", right[:, axis.zero])
        curves[f"{probe}.accuracy"] = right
        curves[f"{probe}.consistency"] = outcome.agreement(answers, axis.zero)
        found = {
            "consistency": outcome.consistency(answers, axis.zero),
            "worst_accuracy": outcome.worst_accuracy(answers, clips.targets),
            "mean_accuracy": outcome.mean_over_shifts(right),
            "top1_change": outcome.top1_change(answers),
            "mac_neighbours": drift.neighbour_change(axis.scores, axis.zero),
        }
        if axis.axis in ("freq", "pitch"):
            found["harmonicity_error"] = _over_shifts(axis)
        values.update({f"{probe}.{measure}": column for measure, column in found.items()})
    return CellMeasures(clips.names, tuple(clip.group for clip in responses.clips), values, curves, facts)


def _over_shifts(axis: AxisResponses) -> FloatArray:
    """Average the harmonicity error over the shifts other than 0; ``nan`` for a clip without a steady pitch."""
    return outcome.mean_over_shifts(np.delete(axis.harmonicity_error, axis.zero, axis=1))


def constant_control(probed: Mapping[str, ModelResponses]) -> CellMeasures:
    """Measure what always gives one answer, the most frequent label: no clip is right by merit, and none ever changes.

    Parameters
    ----------
    probed : mapping of str to ModelResponses
        Of any network: the clips and the shifts count, the scores do not.

    Returns
    -------
    CellMeasures
    """
    held = {}
    for probe, responses in probed.items():
        (most, _), *_ = Counter(clip.label for clip in responses.clips).most_common(1)
        score = np.array([float(label == most) for label in responses.spec.labels])
        axes = {
            name: replace(axis, scores=np.broadcast_to(score, axis.scores.shape))
            for name, axis in responses.axes.items()
        }
        held[probe] = replace(responses, axes=axes)
    return measure_responses(held, {"n_parameters": 0, "n_multiplications": 0})
