"""The frame-phase sweep: known answers, and whose the change is."""

import numpy as np
import pytest
import torch

from audioinv.measure.budget.phase_sweep import summarize_phases
from audioinv.measure.budget.stages import StagePath, StageSweep
from audioinv.measure.framephase import spectrogram_phase_change
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.spectrogram_config import SpectrogramConfig
from tests.measure.budget.planted import bursts, spectral, sweep_of


def front_end(**config):
    return Spectrogram(
        SpectrogramConfig(**{"sample_rate": 16000, "n_fft": 512, "hop_length": 128, "edges": "circular", **config})
    )


def test_a_click_at_half_a_hop_changes_a_log_mel_by_half_its_norm_and_a_whole_hop_by_nothing():
    click = np.eye(1, 5120, 2560, dtype=np.float32)[0]
    half, whole, three = spectrogram_phase_change(click, np.array([64.0, 128.0, 384.0]), front_end())
    assert half == pytest.approx(0.5, abs=0.05)
    assert (whole, three) == (0, 0)


def test_a_tone_changes_by_little_and_the_change_is_that_of_its_definition(rng):
    tone = np.sin(2 * np.pi * 500 * np.arange(5120) / 16000).astype(np.float32)
    assert spectrogram_phase_change(tone, np.array([64.0]), front_end())[0] < 0.05
    noise = rng.standard_normal(5120).astype(np.float32)
    made = front_end()
    levels, later = (made(torch.from_numpy(sound)).numpy() + 80.0 for sound in (noise, np.roll(noise, 300)))
    expected = np.linalg.norm(later - np.roll(levels, 2, axis=-1)) / np.linalg.norm(levels)
    assert spectrogram_phase_change(noise, np.array([300.0]), made)[0] == pytest.approx(expected, rel=1e-5)


def test_silence_has_no_change_and_a_padded_front_end_changes_at_whole_hops_too(rng):
    assert np.isnan(spectrogram_phase_change(np.zeros(5120, np.float32), np.array([64.0]), front_end())).all()
    noise = rng.standard_normal(5120).astype(np.float32)
    assert spectrogram_phase_change(noise, np.array([1280.0]), front_end(edges="zero"))[0] > 0.01


def phases_of(model):
    sweep = sweep_of(model, "time", "0:16:2smp")
    lies = sweep.lies[:1]
    only = StageSweep(sweep.feed, {lies[0].layer: sweep.modules[lies[0].layer]}, lies, sweep.shifts)
    paths = [only.path(clip) for clip in bursts()]
    changes = [spectrogram_phase_change(clip.waveform, sweep.shifts, model.front_end) for clip in bursts()]
    return summarize_phases(paths, changes, sweep.shifts)


def test_between_whole_hops_the_change_is_the_front_ends_where_the_rest_moves_along():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found, flat = phases_of(spectral(hop=16)), phases_of(spectral(hop=16, head="flatten"))
    assert found.delays_samples == tuple(range(0, 17, 2))
    assert found.hop_samples == 16
    assert found.model_change[0] == found.spectrogram_change[0] == found.spectrogram_change[-1] == 0
    assert found.model_change[-1] < 1e-6 < found.model_change[4]
    assert np.isnan(found.front_end_share[0])
    assert found.share.value > 0.9
    assert flat.share.value < 0.2, "a flatten head changes by whole hops, which the front end has no part in"


def test_shares_are_those_of_the_path(rng):
    scores = rng.standard_normal((4, 3, 4, 2))
    paths = [StagePath(path, np.zeros((3, 3))) for path in scores]
    changes = rng.random((4, 3))
    found = summarize_phases(paths, list(changes), np.array([0.0, 4.0, 8.0]))
    whole, made = scores[:, :, 0] - scores[:, :, -1], scores[:, :, 0] - scores[:, :, -2]
    assert found.share.value == pytest.approx((whole * made).sum() / (whole**2).sum())
    assert found.front_end_share[1] == pytest.approx((whole * made)[:, 1].sum() / (whole**2)[:, 1].sum())
    assert found.model_change[1] == pytest.approx(np.linalg.norm(whole[:, 1], axis=-1).mean())
    assert found.spectrogram_change == pytest.approx(tuple(np.mean(changes[:, k]) for k in range(3)))
    assert (found.hop_samples, found.delays_samples) == (8, (0, 4, 8))
    assert len(found.front_end_share) == len(found.model_change) == 3


def test_the_seed_is_that_of_the_interval_and_0_unless_given(rng):
    paths = [StagePath(path, np.zeros((3, 3))) for path in rng.standard_normal((12, 3, 4, 2))]

    def share(**seed):
        return summarize_phases(paths, [np.zeros(3)] * 12, np.array([0.0, 4.0, 8.0]), **seed).share

    assert share() == share(seed=0) != share(seed=1)
