"""Rounds of sweeps: every grid is answered as in a sweep of its own; a clip that fails in one is left out of all."""

import numpy as np
import pytest

from audioinv.corpus.entries import CorpusEntry
from audioinv.nets.model import as_model
from audioinv.sound.audio import Clip, write_audio
from audioinv.sound.grid import parse_grid
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.rounds import deal_rounds, sweep_rounds
from audioinv.sweep.run import sweep_clips

GRIDS = [parse_grid(*one) for one in [("gain", "6dB"), ("gain", "clip:20dB"), ("polarity", "180deg"), ("gain", "-6dB")]]


def peak_and_power(waveforms):
    return np.stack([waveforms.max(-1), (waveforms**2).mean(-1)], axis=-1)


@pytest.fixture
def model():
    return as_model(peak_and_power, sample_rate=8000, labels="ab", n_samples=400, activation="none")


@pytest.fixture
def clips(rng):
    return [Clip((0.3 * rng.standard_normal(400)).astype(np.float32), 8000, f"{i}.wav") for i in range(4)]


def test_rounds_are_as_few_as_there_can_be():
    assert deal_rounds(GRIDS) == [[0, 2], [1], [3]]
    assert deal_rounds([]) == []


def test_every_grid_is_answered_as_in_a_sweep_of_its_own(model, clips):
    found = sweep_rounds([model], clips, GRIDS, edges="zero", seed=3)
    assert not found.failures
    for grid, (responses,) in zip(GRIDS, found.responses, strict=True):
        plan = plan_sweep(model, {grid.axis: grid}, edges="zero", seed=3)
        (alone,) = sweep_clips([(model, plan)], clips).responses
        np.testing.assert_array_equal(responses.axes[grid.axis].scores, alone.axes[grid.axis].scores)
    gains = [found.responses[place][0].axes["gain"].scores for place in (0, 1, 3)]
    assert not np.allclose(gains[0], gains[1])  # control: they are not one grid three times
    assert not np.allclose(gains[0], gains[2])


def test_a_clip_that_fails_in_a_later_round_is_left_out_of_the_first(model, clips, tmp_path):
    for clip in clips:
        write_audio(tmp_path / clip.name, clip.waveform.clip(-1, 1), 8000)
    entries = [CorpusEntry(tmp_path / clip.name) for clip in clips]
    heard = []

    def lose_one(name):
        heard.append(name)
        if len(heard) == len(clips):  # the first round is over
            (tmp_path / "2.wav").unlink()

    found = sweep_rounds([model], entries, GRIDS, edges="zero", seed=0, on_clip=lose_one)
    assert [(failure.path, failure.stage) for failure in found.failures] == [(str(tmp_path / "2.wav"), "read")]
    assert len(heard) == 4 + 4 + 3
    for (responses,) in found.responses:
        assert [clip.name for clip in responses.clips] == [str(tmp_path / f"{i}.wav") for i in (0, 1, 3)]
        assert all(len(axis.scores) == 3 for axis in responses.axes.values())
    for path in tmp_path.iterdir():
        path.unlink()
    assert sweep_rounds([model], entries, GRIDS, edges="zero", seed=0).responses == ()
