"""The frame phase: a loop from its definition, and two planted models, of which one hears only whole hops."""

import numpy as np
import pytest
import torch

from audioinv.measure import framephase
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.spectrogram_config import SpectrogramConfig

DELAYS = np.arange(-24.0, 25.0, 4.0)


class Shrunk:
    """A front end whose levels lie closer to its floor than another's."""

    def __init__(self, front_end, share):
        self.whole, self.share = front_end, share
        self.config, self.window, self.floor_db = front_end.config, front_end.window, front_end.floor_db

    def __call__(self, waveforms):
        return self.floor_db + self.share * (self.whole(waveforms) - self.floor_db)


def scores_of(p):
    p = np.asarray(p, dtype=float)
    return np.stack([p, 1 - p], axis=-1)


def test_it_follows_its_definition(rng):
    scores = rng.dirichlet([1.0, 1.0, 1.0], size=(3, len(DELAYS)))
    zero, hop = 6, 10
    found = framephase.frame_phase_effect(scores, zero, DELAYS, hop)
    for i, clip in enumerate(scores):
        clean = clip[zero].argmax()
        changes = []
        for s, delay in enumerate(DELAYS):
            whole = [t for t, other in enumerate(DELAYS) if other == delay // hop * hop]
            if delay % hop and whole:
                changes.append(abs(clip[s, clean] - clip[whole[0], clean]))
        assert len(changes) == 5  # 4 and 8 beyond -20 and 0, 4 beyond 20; -30, -10 and 10 are not on the grid
        assert found[i] == pytest.approx(np.mean(changes))


def test_a_model_that_hears_only_whole_hops_has_no_effect_and_one_that_hears_only_phase_has_all():
    hops, phase = framephase.whole_hops_and_phase(DELAYS, 8)
    drifting = scores_of(0.5 + 0.05 * hops)[None]
    phased = scores_of(np.where(phase == 0, 0.875, 0.625))[None]
    assert framephase.frame_phase_effect(drifting, 6, DELAYS, 8) == pytest.approx([0])
    assert framephase.frame_phase_effect(phased, 6, DELAYS, 8) == pytest.approx([0.25])


def test_levels_hardly_above_the_floor_have_a_phase_too():
    """The change is relative: a front end that is quiet all over says as much as a loud one, and silence nothing."""
    config = SpectrogramConfig("linear", n_fft=64, hop_length=16, n_bins=33, edges="circular")
    click = np.eye(1, 512, 256, dtype=np.float32)[0]
    delays = np.array([8.0, 16.0])
    loud = framephase.spectrogram_phase_change(click, delays, Spectrogram(config))
    quiet = Spectrogram(config)
    size = float((quiet(torch.as_tensor(click)[None]) - quiet.floor_db).norm())
    shrunk = Shrunk(quiet, 0.5 / size)
    assert framephase.spectrogram_phase_change(click, delays, shrunk) == pytest.approx(loud, rel=1e-4)
    assert np.isnan(framephase.spectrogram_phase_change(0 * click, delays, Spectrogram(config))).all()


def test_rounding_makes_no_phase():
    hops, phase = framephase.whole_hops_and_phase(np.array([-160 - 1e-9, -1e-9, 160 + 1e-9, 159.5]), 160)
    assert hops.tolist() == [-1, 0, 1, 0]
    assert phase.tolist() == [0, 0, 0, 159.5]


def test_a_grid_of_whole_hops_has_no_phase_to_tell_of():
    assert np.isnan(framephase.frame_phase_effect(scores_of([[0.5, 0.75]]), 0, np.array([0.0, 8.0]), 8)).all()
    assert np.isnan(framephase.frame_phase_effect(scores_of([[0.5]]), 0, np.array([0.0]), 8)).all()
