"""Measures of many clips are taken some at a time, and come out as if all were taken at once."""

import numpy as np
import pytest

from audioinv.measure import axis_summary
from audioinv.measure.axis_summary import PER_CLIP, AxisSweep, per_clip
from audioinv.measure.cliptable import ClipTable
from audioinv.sweep.responses import SOUND_COLUMNS, AxisResponses


@pytest.mark.parametrize("measure", PER_CLIP)
def test_blocks_change_nothing(monkeypatch, rng, measure):
    scores = rng.dirichlet(np.ones(4), size=(11, 5)).astype(np.float32)
    sound = {name: rng.random((11, 5)) for name in SOUND_COLUMNS}
    responses = AxisResponses("time", "ms", np.arange(-2.0, 3.0), scores, "zero", "delay", **sound)
    clips = ClipTable(tuple(map(str, range(11))), tuple("abcd"), labels=(*"abcdabcdab", None))
    at_once = per_clip(AxisSweep("time", responses, clips, 0), measure)
    monkeypatch.setattr(axis_summary, "_BLOCK_VALUES", 3 * 5 * 4)
    np.testing.assert_array_equal(per_clip(AxisSweep("time", responses, clips, 0), measure), at_once)
    assert at_once.shape == (11,)
