"""A position that is there is read, one that is not stays at chance, and so does a shuffled one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from audioinv.errors import InputError
from audioinv.measure.budget import position_probe
from audioinv.measure.budget.position_probe import probe_position
from audioinv.sweep.activations import LayerFeed, named_layers
from tests.measure.budget.planted import Leaking, Repeating, clicks, with_part

POSITIONS = 32.0 * np.arange(8)


def features_of(part):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = with_part(part, 9)
    layers = named_layers(model, ["relu"])
    feed = LayerFeed(model, "time")
    sounds = [replace(clip, waveform=np.roll(clip.waveform, -20 * i)) for i, clip in enumerate(clicks(10))]
    maps = [feed.maps(layers, feed.turned(clip, POSITIONS))["relu"].output.double() for clip in sounds]
    return torch.stack(maps).mean(-1).numpy()


def test_a_leaking_channel_is_found_and_an_invariant_network_is_at_chance():
    leaking = probe_position("relu", features_of(Leaking()))
    assert leaking.leaks
    assert leaking.accuracy.value > 2 * leaking.chance
    assert leaking.p_value == 0.01
    steady = probe_position("relu", features_of(Repeating()))
    assert not steady.leaks
    assert steady.accuracy.low <= steady.chance <= steady.accuracy.high
    for probe in (leaking, steady):
        assert probe.control_accuracy == pytest.approx(probe.chance, abs=0.04)


def test_features_that_are_the_same_at_every_position_are_exactly_at_chance(rng):
    clips = np.repeat(rng.standard_normal((12, 1, 5)), 4, axis=1)
    assert probe_position("x", clips).accuracy.value == pytest.approx(0.25)
    rounded = clips + 1e-7 * np.arange(4)[:, None]
    assert not probe_position("x", rounded).leaks, "rounding that knows the position is no leak"


def test_noise_is_at_chance_and_rarely_called_a_leak():
    found = [probe_position("x", np.random.default_rng(i).standard_normal((12, 4, 3)), seed=i) for i in range(10)]
    assert sum(probe.leaks for probe in found) <= 2
    assert np.mean([probe.accuracy.value for probe in found]) == pytest.approx(0.25, abs=0.05)


def test_what_clips_of_a_group_share_is_not_learnt_from_one_for_the_other(rng):
    """Each group tells its positions in its own way: known groups could be read, new ones cannot."""
    groups = np.repeat(np.arange(6), 4)
    ways = rng.standard_normal((6, 4, 12))
    features = ways[groups] + 0.05 * rng.standard_normal((24, 4, 12))
    assert probe_position("x", features).accuracy.value > 0.5
    assert not probe_position("x", features, groups=groups).leaks


def test_one_group_is_not_enough():
    with pytest.raises(InputError, match=r"6 clip\(s\) in 1 group\(s\) at 4 position\(s\)"):
        probe_position("x", np.zeros((6, 4, 2)), groups=np.zeros(6))


def test_it_reads_what_scikit_learn_reads(rng):
    learnt, asked = (rng.standard_normal((n, 4, 6)) + 0.5 * np.arange(4)[:, None] for n in (20, 9))
    scaler = StandardScaler().fit(learnt.reshape(-1, 6))
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=1e-3)
    oracle.fit(scaler.transform(learnt.reshape(-1, 6)), np.tile(np.arange(4), 20))
    expected = oracle.predict(scaler.transform(asked.reshape(-1, 6))).reshape(9, 4)
    found = position_probe._read(learnt, asked)
    assert (found == expected).mean() > 0.99
    assert len(np.unique(found)) == 4
