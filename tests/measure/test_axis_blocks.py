"""Measures of many clips are taken some at a time, of arrays on disk, and come out as if all were taken at once."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure import axis_summary, statistics
from audioinv.measure.axis_sweep import PER_CLIP, AxisSweep, per_clip
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.controls import summarize_controls
from audioinv.measure.summary import ModelFacts, summarize_model
from audioinv.nets.model import ModelSpec
from audioinv.sweep import room
from audioinv.sweep.responses import (
    SOUND_COLUMNS,
    AxisResponses,
    ClipRecord,
    ControlResponses,
    ModelResponses,
    join_models,
)
from audioinv.sweep.room import RoomOnDisk

N_CLIPS = 61
SPEC = ModelSpec("toy", 8000, 8000, tuple("abcd"))


def answered(rng, n_shifts=27):
    """Answers to labelled clips in groups of five; some clips are like others, one has no answer, some no label."""
    shifts = np.arange(n_shifts) - 13.0
    scores = rng.dirichlet(np.ones(4), size=(N_CLIPS, 1)) + 0.4 * rng.dirichlet(np.ones(4), size=(N_CLIPS, n_shifts))
    scores = (scores / scores.sum(2, keepdims=True)).astype(np.float32)
    scores[7:12], scores[20, 3] = np.eye(4, dtype=np.float32)[0], np.nan
    sound = {name: rng.random((N_CLIPS, n_shifts)) for name in SOUND_COLUMNS}
    sound["harmonicity_error"][:] = np.nan
    axes = {
        name: AxisResponses(name, unit, shifts, scores, "zero", "delay", **sound)
        for name, unit in (("time", "ms"), ("freq", "Hz"))
    }
    clips = tuple(
        ClipRecord(f"{i}.wav", 0, 1, None if i % 9 == 8 else "abcd"[scores[i, 0].argmax()], f"group {i // 5}")
        for i in range(N_CLIPS)
    )
    controls = (ControlResponses("time", "twice", 0.0, scores[:, 13] + np.float32(1e-7), np.zeros(N_CLIPS)),)
    return ModelResponses(SPEC, clips, axes, controls)


def some_of(whole, part):
    """The same of some of the clips."""
    axes = {
        name: replace(axis, **{column: getattr(axis, column)[part] for column in ("scores", *SOUND_COLUMNS)})
        for name, axis in whole.axes.items()
    }
    controls = tuple(
        replace(control, scores=control.scores[part], sound_error=control.sound_error[part])
        for control in whole.controls
    )
    return ModelResponses(whole.spec, whole.clips[part], axes, controls)


def summary_of(found, *, activation, grouped):
    clips = ClipTable.of(found.clips, SPEC.labels)
    clips = clips if grouped else replace(clips, groups=None)
    controls = summarize_controls(found, clips, rng_seed=0)
    facts = ModelFacts(8000, activation, hop_samples=16, stride_samples=64)
    return summarize_model(found.axes, clips, controls=controls, rng_seed=0, facts=facts)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(room, "BLOCK_VALUES", 3 * 27 * 4)
    monkeypatch.setattr(axis_summary, "BLOCK_VALUES", 2 * 27 * N_CLIPS)
    monkeypatch.setattr(statistics, "_AT_ONCE", 4 * N_CLIPS)


@pytest.mark.parametrize("measure", PER_CLIP)
def test_blocks_change_nothing(request, rng, measure):
    found = answered(rng)
    clips = ClipTable.of(found.clips, SPEC.labels)
    at_once = per_clip(AxisSweep("time", found.axes["time"], clips, 0), measure)
    request.getfixturevalue("small_blocks")
    np.testing.assert_array_equal(per_clip(AxisSweep("time", found.axes["time"], clips, 0), measure), at_once)
    assert at_once.shape == (N_CLIPS,)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("grouped", [True, False])
def test_a_summary_of_blocks_on_disk_is_that_of_the_whole(request, rng, tmp_path, activation, grouped):
    found = answered(rng)
    whole = summary_of(found, activation=activation, grouped=grouped)
    request.getfixturevalue("small_blocks")
    parts = ([some_of(found, slice(at, at + 7))] for at in range(0, N_CLIPS, 7))
    (joined,) = join_models(parts, N_CLIPS, RoomOnDisk(tmp_path))
    assert not list(tmp_path.iterdir())
    np.testing.assert_array_equal(joined.axes["freq"].clean, found.axes["freq"].scores[:, 13])
    assert summary_of(joined, activation=activation, grouped=grouped) == whole
    assert whole["axes"]["time"]["calibration_drift"]["low"] < whole["axes"]["time"]["calibration_drift"]["high"]
    other = some_of(found, slice(1, None))
    assert summary_of(other, activation=activation, grouped=grouped) != whole
