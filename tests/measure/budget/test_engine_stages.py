"""An artefact of a pitch engine is found at the engine, and a model that hears pitch is found out itself."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from audioinv.measure.budget.attribution import summarize_budget
from audioinv.measure.budget.engine_stages import ENGINE_STAGES, engine_path
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from audioinv.sound.operators import PitchShift
from audioinv.sound.synthetic import harmonic_tone

RATE, N = 8000, 4000
INTERVALS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


@dataclass(frozen=True)
class Buzzing(PitchShift):
    """An engine that leaves a buzz at 3 kHz, at interval 0 too if so told."""

    engine: str = "resample"
    at_rest: bool = True

    def _buzz(self, samples):
        return samples + 0.1 * torch.sin(2 * torch.pi * 3000 / RATE * torch.arange(samples.shape[-1]))

    def _moved(self, samples, amounts, clip):
        moved = super()._moved(samples, amounts, clip)
        return torch.where(torch.as_tensor(amounts != 0)[:, None], self._buzz(moved), moved)

    def engine_at_zero(self, clip):
        return self._buzz(super().engine_at_zero(clip)) if self.at_rest else super().engine_at_zero(clip)


def shares_of_power(low_hz, high_hz):
    """Make a model that hears how much of a sound lies in a band."""

    def function(waveforms):
        power = np.abs(np.fft.rfft(waveforms * np.hanning(N))) ** 2
        hertz = np.fft.rfftfreq(N, 1 / RATE)
        inside = power[:, (hertz > low_hz) & (hertz < high_hz)].sum(1) / power.sum(1)
        return np.stack([inside, 1 - inside], axis=1).astype(np.float32)

    return as_model(function, sample_rate=RATE, labels=["in", "out"], n_samples=N)


@pytest.fixture
def clips():
    made = []
    for i in range(6):
        tone = 0.3 * harmonic_tone(200.0 + 30 * i, 3, duration_seconds=N / RATE, sample_rate=RATE)
        fading = np.concatenate([np.ones(N // 2), np.zeros(N - N // 2)])  # what lasts longer is not cut
        made.append(Clip((tone[:N] * fading).astype(np.float32), RATE, name=f"tone {i}"))
    return made


def budget(model, clips, operator):
    paths = [engine_path(model, clip, INTERVALS, operator) for clip in clips]
    return summarize_budget(ENGINE_STAGES, paths, INTERVALS)


HEARS_BUZZ, HEARS_PITCH = shares_of_power(2500, 3500), shares_of_power(0, 330)


def test_an_artefact_is_located_at_the_engine_and_its_clean_twin_is_blamed_for_nothing(clips):
    found = budget(HEARS_BUZZ, clips, Buzzing())
    assert found.culprit == "engine: at 0"
    assert found.blamed.share.value > 0.5
    found = budget(HEARS_BUZZ, clips, Buzzing(at_rest=False))
    assert found.culprit == "engine: there and back"
    # Two passes buzz twice as loud, which is four times the power.
    assert found.blamed.share.value > 1
    twin = budget(HEARS_BUZZ, clips, PitchShift("resample"))
    assert twin.total.value < 0.01 * found.total.value


def test_control_a_model_that_hears_the_pitch_is_blamed_itself(clips):
    found = budget(HEARS_PITCH, clips, PitchShift("resample"))
    assert found.culprit == "pitch"
    assert found.blamed.share.value > 0.9


def test_the_vocoder_that_we_have_leaves_a_trace_that_resampling_does_not(clips):
    errors = {
        engine: budget(HEARS_BUZZ, clips, PitchShift(engine)).stages[2].own_error
        for engine in ("signalsmith", "resample")
    }
    assert errors["resample"] < 1e-6 < 0.001 < errors["signalsmith"]


def test_every_interval_counts_alike_be_it_odd_or_even(clips):
    _, there_and_back, at_zero = budget(HEARS_BUZZ, clips[:1], Buzzing()).stages
    paths = engine_path(HEARS_BUZZ, clips[0], INTERVALS, Buzzing())
    expected = paths.own_errors[[0, 1, 3, 4], 1:].mean(0)
    assert (there_and_back.own_error, at_zero.own_error) == pytest.approx(tuple(expected))
    assert np.isnan([there_and_back.own_error_between, at_zero.own_error_between]).all()


def test_the_path_leads_from_the_transposed_sound_to_the_clip(clips):
    clip, operator = clips[0], PitchShift("signalsmith")
    found = engine_path(HEARS_PITCH, clip, INTERVALS, operator)
    up = operator.shift(clip, INTERVALS)
    back = operator.shift_back(up, clip, INTERVALS)
    engine = operator.engine_at_zero(clip)
    sounds = [up[4], back[4], engine, torch.from_numpy(clip.waveform)]
    np.testing.assert_allclose(found.scores[4], HEARS_PITCH.scores(torch.stack(sounds)).numpy(), atol=1e-6)
    assert (found.scores[2] == found.scores[2, :1]).all(), "at interval 0 the engine does not run"
    assert np.isnan(found.own_errors[:, 0]).all()
    expected = np.linalg.norm(back[4] - engine) / np.linalg.norm(engine)
    assert found.own_errors[4, 1] == pytest.approx(expected, rel=1e-5)
    trace = np.linalg.norm(engine - sounds[3]) / np.linalg.norm(sounds[3])
    assert found.own_errors[[0, 4], 2] == pytest.approx(trace, rel=1e-5)
    assert (found.own_errors[2, 1:] == 0).all()
    down = [up[0], back[0], engine, sounds[3]]
    np.testing.assert_allclose(found.scores[0], HEARS_PITCH.scores(torch.stack(down)).numpy(), atol=1e-6)
