"""Results to report on: two small models over a few notes, with one clip that fails."""

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE = 8000


def centroid(waveforms):
    """Answer low or high by the spectral centroid: blind to delay, not to frequency."""
    power = np.abs(np.fft.rfft(waveforms)) ** 2
    hertz = np.fft.rfftfreq(waveforms.shape[-1], 1 / SAMPLE_RATE)
    mean = (power * hertz).sum(-1) / power.sum(-1)
    high = 1 / (1 + np.exp(-(mean - 700) / 50))
    return np.stack([1 - high, high], axis=-1).astype(np.float32)


def first_half(waveforms):
    """Answer by which half is louder: blind to frequency, not to delay."""
    early, late = (waveforms**2).reshape(len(waveforms), 2, -1).mean(-1).T + 1e-9
    return np.stack([early, late], axis=-1).astype(np.float32) / (early + late)[:, None]


@pytest.fixture(scope="session")
def models():
    options = {"sample_rate": SAMPLE_RATE, "labels": ["low", "high"], "n_samples": 2000}
    return [as_model(centroid, name="centroid", **options), as_model(first_half, name="<b>half</b>", **options)]


@pytest.fixture(scope="session")
def results(models):
    rng = np.random.default_rng(3)
    clips = [Clip(np.zeros(2000, np.float32), SAMPLE_RATE, "silence")]
    for i in range(24):
        label = ("low", "high")[i % 2]
        fundamental = {"low": 120, "high": 400}[label] + 8 * i
        note = 0.2 * harmonic_tone(fundamental, 4, duration_seconds=0.12, sample_rate=SAMPLE_RATE)
        sound = np.concatenate([np.zeros(100 + 20 * i), note, np.zeros(940 - 20 * i)]) + 1e-4 * rng.standard_normal(
            2000
        )
        clips.append(Clip(sound.astype(np.float32), SAMPLE_RATE, f"notes/{label}/{i}.wav", label, f"player {i // 2}"))
    options = AnalysisOptions({"time": "-40:80:20ms", "freq": "-200:200:100Hz", "pitch": "-2:2:2st"}, edges="zero")
    return analyze_models(models, clips, options)
