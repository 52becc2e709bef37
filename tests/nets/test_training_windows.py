"""Windows of training: jitter shows the recording, and changes are drawn for each clip from their grid."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.model import ModelSpec
from audioinv.nets.training_config import TrainingConfig
from audioinv.nets.training_windows import JitteredWindows, targets_of, windows_of
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid

SAMPLE_RATE = 8000


def test_changes_are_drawn_for_each_clip_from_their_grid(rng):
    clips = [Clip(rng.standard_normal(1500).astype(np.float32), SAMPLE_RATE, str(i), "low") for i in range(60)]
    spec = ModelSpec("toy", SAMPLE_RATE, 1500, ("low",))
    config = TrainingConfig(changes=(parse_grid("gain", "-20:20:20dB"), parse_grid("polarity", "180deg")))
    source = JitteredWindows(clips, spec, config)
    seen = source.draw(torch.arange(60), rng) / source.wide
    ratios = {round(float(row.mean()), 3) for row in seen}
    assert torch.allclose(seen, seen.mean(1, keepdim=True).expand_as(seen), rtol=1e-4)  # one amount for a whole clip
    assert ratios == {0.1, 1.0, 10.0, -0.1, -1.0, -10.0}
    assert not torch.equal(source.draw(torch.arange(60), rng) / source.wide, seen)
    noisy = JitteredWindows(clips, spec, TrainingConfig(changes=(parse_grid("noise", "20dB"),)))
    first, second = (noisy.draw(torch.arange(60), rng) - noisy.wide for _ in range(2))
    both = (first.abs().sum(1) > 0) & (second.abs().sum(1) > 0)
    assert 5 < both.sum() < 30  # one half of the half
    assert not torch.isclose(first[both], second[both]).all(1).any()  # other noise in another epoch


def test_time_jitter_shows_the_recording_around_the_window(rng):
    recording = np.arange(1.0, 4001.0, dtype=np.float32)
    clip = Clip(recording[1000:3000], SAMPLE_RATE, "a", "low", before=recording[:1000], after=recording[3000:])
    spec = ModelSpec("toy", SAMPLE_RATE, 1500, ("low",), lead_samples=100)
    source = JitteredWindows([clip], spec, TrainingConfig(time_jitter_seconds=0.05))
    seen = set()
    for _ in range(40):
        window = source.draw(torch.tensor([0]), rng)[0].numpy()
        np.testing.assert_array_equal(np.diff(window), 1)  # a stretch of the ramp, never a border of zeros
        seen.add(int(901 - window[0]))
    assert min(seen) < -200
    assert max(seen) > 200
    assert max(map(abs, seen)) <= 400


def test_windows_and_targets_are_those_of_the_model():
    spec = ModelSpec("toy", SAMPLE_RATE, 4, ("low", "high"), lead_samples=1)
    clips = [Clip(np.float32([1, 2]), SAMPLE_RATE, "a", "high"), Clip(np.ones(9, np.float32), SAMPLE_RATE, "b", "low")]
    assert windows_of(clips, spec).tolist() == [[0, 1, 2, 0], [0, 1, 1, 1]]
    assert targets_of(clips, spec.labels).tolist() == [1, 0]
    with pytest.raises(InputError, match="labelled high; the model knows low"):
        targets_of(clips, ("low",))
