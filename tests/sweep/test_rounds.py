"""Rounds of sweeps: every grid is answered as in a sweep of its own; a clip that fails in one is left out of all."""

import numpy as np
import pytest

from audioinv.corpus.entries import CorpusEntry
from audioinv.nets.model import as_model
from audioinv.sound.audio import write_audio
from audioinv.sound.clip import Clip
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


def test_one_silent_stretch_of_a_recording_takes_only_itself_away(model, clips, tmp_path):
    stretches = [clips[0].waveform, clips[1].waveform, np.zeros(400, np.float32), clips[3].waveform]
    write_audio(tmp_path / "events.wav", np.concatenate(stretches).clip(-1, 1), 8000)
    starts = (0.0, 0.05, 0.1, 0.15)
    entries = [CorpusEntry(tmp_path / "events.wav", start_seconds=at, end_seconds=at + 0.05) for at in starts]
    found = sweep_rounds([model], [entries[2], *entries], GRIDS, edges="zero", seed=0)
    assert [failure.path for failure in found.failures] == [str(tmp_path / "events.wav")] * 2
    alone = sweep_rounds([model], [entries[0], entries[1], entries[3]], GRIDS, edges="zero", seed=0)
    for (responses,), (expected,) in zip(found.responses, alone.responses, strict=True):
        assert [clip.start_seconds for clip in responses.clips] == [0.0, 0.05, 0.15]
        for name, axis in responses.axes.items():
            np.testing.assert_array_equal(axis.scores, expected.axes[name].scores)


def test_controls_lose_the_clips_that_their_sweep_loses(model, clips, tmp_path):
    named = [Clip(clip.waveform, 8000, "same.wav") for clip in clips[:3]]
    write_audio(tmp_path / "last.wav", clips[3].waveform.clip(-1, 1), 8000)
    heard = []

    def lose_one(name):
        heard.append(name)
        if len(heard) == 4:  # the first round is over
            (tmp_path / "last.wav").unlink()

    entries = [*named, CorpusEntry(tmp_path / "last.wav")]
    found = sweep_rounds([model], entries, GRIDS, edges="zero", seed=0, on_clip=lose_one)
    assert len(found.failures) == 1
    for (responses,) in found.responses:
        twice = [control for control in responses.controls if control.name == "twice"]
        assert twice
        for control in twice:
            assert (len(control.scores), len(control.sound_error)) == (3, 3)
            np.testing.assert_allclose(control.scores, responses.axes[control.axis].clean, rtol=1e-6)
