"""A position that is there is read, one that is not stays at chance, and so does a shuffled one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from audioinv.errors import InputError
from audioinv.measure.budget import position_probe
from audioinv.measure.budget.position_probe import PositionProbe, probe_position
from audioinv.measure.statistics import Estimate
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
    found = probe_position("x", clips)
    assert found.accuracy.value == found.control_accuracy == pytest.approx(0.25)
    assert found.p_value == 1, "every shuffled probe does as well"
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


def test_two_groups_and_two_positions_are_enough_and_one_is_not():
    for shape, groups, said in (
        ((6, 4, 2), np.zeros(6), r"6 clip\(s\) in 1 group\(s\) at 4 position\(s\)"),
        ((1, 4, 2), None, r"1 clip\(s\) in 1 group\(s\) at 4"),
        ((6, 1, 2), None, r"6 clip\(s\) in 6 group\(s\) at 1"),
    ):
        with pytest.raises(InputError, match=said):
            probe_position("x", np.zeros(shape), groups=groups)
    least = probe_position("x", np.zeros((2, 2, 3)))
    assert (least.n_positions, least.chance, least.accuracy.value) == (2, 0.5, 0.5)
    assert probe_position("x", np.zeros((6, 2, 1)), groups=np.repeat([0, 1], 3)).accuracy.n_groups == 2


@pytest.mark.parametrize(
    ("p_value", "low", "leaks"), [(0.05, 0.3, True), (0.06, 0.3, False), (0.01, 0.25, False), (0.01, 0.2501, True)]
)
def test_a_leak_is_more_than_luck_and_more_than_chance(p_value, low, leaks):
    accuracy = Estimate(0.5, low, 0.7, 12, 12, "clip")
    assert PositionProbe("x", 4, accuracy, 0.25, 0.26, p_value).leaks == leaks


@pytest.mark.parametrize(("n_groups", "n_folds"), [(2, 2), (3, 3), (11, 5)])
def test_groups_are_dealt_out_evenly_and_stay_together(n_groups, n_folds):
    codes = np.arange(4 * n_groups) % n_groups + 7
    folds = position_probe._folds(codes, np.random.default_rng(0))
    of_group = {code: set(folds[codes == code]) for code in codes}
    assert all(len(found) == 1 for found in of_group.values())
    sizes = np.unique([found.pop() for found in of_group.values()], return_counts=True)[1]
    assert len(sizes) == n_folds
    assert sizes.max() - sizes.min() <= 1


def test_the_unit_of_features_and_what_is_constant_do_not_matter(rng):
    learnt, asked = (rng.standard_normal((n, 4, 6)) + 0.5 * np.arange(4)[:, None] for n in (20, 9))
    expected = position_probe._read(learnt, asked)
    unit, offset = 10.0 ** np.arange(-3, 3), rng.standard_normal(6)
    np.testing.assert_array_equal(position_probe._read(learnt * unit + offset, asked * unit + offset), expected)
    constant = [np.concatenate([found, np.full((*found.shape[:2], 1), 3.0)], axis=-1) for found in (learnt, asked)]
    assert (position_probe._read(*constant) == expected).mean() > 0.95  # the mean variance, and so the ridge, is less


def test_the_seed_is_0_unless_given(rng):
    features = rng.standard_normal((12, 3, 2)) + np.arange(3)[:, None]
    assert (
        probe_position("x", features) == probe_position("x", features, seed=0) != probe_position("x", features, seed=1)
    )


def test_it_reads_what_scikit_learn_reads(rng):
    learnt, asked = (rng.standard_normal((n, 4, 6)) + 0.5 * np.arange(4)[:, None] for n in (20, 9))
    scaler = StandardScaler().fit(learnt.reshape(-1, 6))
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=1e-3)
    oracle.fit(scaler.transform(learnt.reshape(-1, 6)), np.tile(np.arange(4), 20))
    expected = oracle.predict(scaler.transform(asked.reshape(-1, 6))).reshape(9, 4)
    found = position_probe._read(learnt, asked)
    assert (found == expected).mean() > 0.99
    assert len(np.unique(found)) == 4
