"""Responses with planted scores, as a sweep would yield them."""

from functools import partial

import numpy as np
import pytest

from audioinv.sweep.responses import SOUND_COLUMNS, AxisResponses
from tests.measure.sides import make_side

UNITS = {"time": "ms", "freq": "Hz", "pitch": "st", "bins": "bins"}


@pytest.fixture
def make_responses():
    def make(scores, shifts, axis="time", **columns):
        scores = np.asarray(scores, dtype=float)
        fidelity = {
            name: np.asarray(columns.pop(name, np.full(scores.shape[:2], np.nan)), dtype=float)
            for name in SOUND_COLUMNS
        }
        assert not columns
        return AxisResponses(
            axis=axis,
            unit=UNITS[axis],
            shifts=np.asarray(shifts, dtype=float),
            scores=scores,
            edges="zero" if axis == "time" else "",
            engine="planted",
            **fidelity,
        )

    return make


@pytest.fixture
def side(make_responses):
    return partial(make_side, make_responses)
