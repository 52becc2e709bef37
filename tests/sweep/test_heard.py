"""Shifted windows that several models share: made once, the same as each for itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from audioinv.nets.model import as_model
from audioinv.sound import pitch
from audioinv.sound.clip import Clip
from audioinv.sound.operators import PitchShift, TimeShift
from audioinv.sweep.heard import ShiftedSounds
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.run import sweep_clips

AMOUNTS = np.array([-2.0, 0.0, 1.0, 2.0])


@pytest.fixture
def clip(rng):
    return Clip((0.1 * rng.standard_normal(4000)).astype(np.float32), 16000, "noise")


@pytest.fixture
def made(monkeypatch):
    """The intervals that the engine was asked for."""
    intervals, run = [], pitch.run_engine
    monkeypatch.setattr(pitch, "run_engine", lambda *args, **kwargs: intervals.append(args[1]) or run(*args, **kwargs))
    return intervals


def test_what_was_made_is_not_made_again(clip, made):
    sounds, operator = ShiftedSounds(2), PitchShift()
    first = sounds.shift(operator, clip, AMOUNTS)
    assert made == [-2, 1, 2]
    again = sounds.shift(operator, clip, np.array([2.0, 3.0]))
    assert made == [-2, 1, 2, 3]
    torch.testing.assert_close(torch.cat([first, again]), operator.shift(clip, [*AMOUNTS, 2, 3]), rtol=0, atol=0)


def test_other_sounds_engines_and_anchors_are_told_apart(clip, made):
    sounds = ShiftedSounds(2)
    louder = replace(clip, waveform=2 * clip.waveform)
    for operator in (PitchShift(), PitchShift("resample"), PitchShift("resample", 400)):
        for sound in (clip, louder):
            torch.testing.assert_close(sounds.shift(operator, sound, AMOUNTS), operator.shift(sound, AMOUNTS))
    assert len(made) == 2 * 6 * 3


def test_nothing_is_kept_for_one_model_nor_beyond_the_bound(clip, made):
    operator = PitchShift("resample")
    for sounds in (ShiftedSounds(1), ShiftedSounds(2, n_values=2 * 4000)):
        made.clear()
        for _ in range(2):
            for amount in (1.0, 2.0, 3.0):
                sounds.shift(operator, clip, np.array([amount]))
        assert len(made) == 6
    kept = ShiftedSounds(2, n_values=3 * 4000)
    made.clear()
    for _ in range(2):
        for amount in (1.0, 2.0, 3.0):
            kept.shift(operator, clip, np.array([amount]))
    assert len(made) == 3
    assert ShiftedSounds(2).shift(TimeShift(), clip, AMOUNTS).shape == (4, 4000)


@pytest.mark.parametrize(("n_samples", "n_made"), [(4000, 4), (3000, 8)], ids=["same window", "another"])
def test_models_of_one_run_share_the_sounds(clip, made, n_samples, n_made):
    def louder(waveforms):
        halves = np.array_split(np.square(waveforms), 2, axis=-1)
        return np.stack([half.mean(-1) for half in halves], -1).astype(np.float32)

    models = [
        as_model(louder, sample_rate=16000, labels="ab", n_samples=length, name=name)
        for name, length in (("one", 4000), ("two", n_samples))
    ]
    plans = [(model, plan_sweep(model, {"pitch": "-2:2:1st"})) for model in models]
    together = sweep_clips(plans, [clip]).responses
    assert len([interval for interval in made if interval in (-2, -1, 1, 2)]) - 2 * 2 == n_made  # and there and back
    for plan, response in zip(plans, together, strict=True):
        alone = sweep_clips([plan], [clip]).responses[0]
        np.testing.assert_array_equal(response.axes["pitch"].scores, alone.axes["pitch"].scores)
