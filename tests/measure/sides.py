"""Two models that were tried on the same clips, with planted answers."""

from dataclasses import replace

import numpy as np

from audioinv.measure.matching import Compared
from audioinv.nets.model import ModelSpec
from audioinv.sweep.responses import ClipRecord, ModelResponses

SHIFTS = np.arange(-50.0, 51.0, 10.0)
LABELS = ("hat", "kick", "snare")
CLEAN = np.arange(24) % 3


def answers(n_flipping=0, beyond=30):
    """All right at 0; the first clips answer another class from some shift on, either way."""
    found = np.repeat(CLEAN[:, None], len(SHIFTS), axis=1)
    found[:n_flipping, np.abs(SHIFTS) >= beyond] = (CLEAN[:n_flipping, None] + 1) % 3
    return found


def row_of(found, measure, axis="time"):
    return next(row for row in found.differences if (row.axis, row.measure) == (axis, measure))


def make_side(make_responses, given, name="m", axes=("time",), clips=24, **options):
    records = tuple(ClipRecord(f"{i}.wav", 0.0, 1.0, LABELS[CLEAN[i]], f"kit {i // 2}") for i in range(clips))
    scores = np.eye(3)[given][:clips]
    shifts = options.pop("shifts", SHIFTS)
    swept = {axis: replace(make_responses(scores, shifts, axis), **options) for axis in axes}
    return Compared(name, ModelResponses(ModelSpec(name, 8000, 100, LABELS), records, swept))
