"""Variation of units: loops from the definitions, numbers that tmeasures gives, dead units, and bounds."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.measure.layerwise.unit_variance import distance_to_unshifted, unit_distances, unit_variances

N, T, U = np.ogrid[0:4, 0:3, 0:3]
ACTIVATIONS = ((3 * N * N + 5 * T * T + 2 * N * T + 7 * U * N + U * T) % 11).astype(float)
UNDONE = ((2 * N * N + 3 * T + N * T + 5 * U * N) % 7).astype(float)


def test_known_answers_of_tmeasures():
    """Written down once from tmeasures 1.2.11 (TransformationVariance…, SampleVariance…, …SameEquivariance)."""
    found = unit_variances(ACTIVATIONS)
    np.testing.assert_allclose(found.over_shifts, [3.318681748108, 2.270215425066, 2.056759563682], rtol=1e-12)
    np.testing.assert_allclose(found.over_clips, [2.440487637055, 2.682762178629, 2.430744433282], rtol=1e-12)
    np.testing.assert_allclose(found.normalized, [1.359843704069, 0.846223136419, 0.846143895475], rtol=1e-11)
    same = unit_variances(UNDONE)
    np.testing.assert_allclose(same.over_shifts, [2.149569369472, 2.020416499867, 2.149569369472], rtol=1e-12)
    np.testing.assert_allclose(same.over_clips, [1.715900354296, 2.077711352833, 2.067187372905], rtol=1e-12)
    np.testing.assert_allclose(same.normalized, [1.252735547312, 0.972424055494, 1.039852215453], rtol=1e-11)


@st.composite
def activations(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(2, 5)), draw(st.integers(2, 5)), draw(st.integers(1, 4)))
    return rng.integers(-3, 4, shape).astype(float)


@settings(deadline=None)
@given(activations())
def test_variances_and_distances_follow_their_definitions(values):
    n_clips, n_shifts, n_units = values.shape

    def deviation(numbers):
        mean = sum(numbers) / len(numbers)
        return (sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)) ** 0.5

    def distance(numbers):
        return np.mean([abs(a - b) for a, b in combinations(numbers, 2)])

    for measure, spread in ((unit_variances, deviation), (unit_distances, distance)):
        found = measure(values)
        for u in range(n_units):
            over_shifts = np.mean([spread(values[n, :, u]) for n in range(n_clips)])
            over_clips = np.mean([spread(values[:, t, u]) for t in range(n_shifts)])
            assert found.over_shifts[u] == pytest.approx(over_shifts, abs=1e-12)
            assert found.over_clips[u] == pytest.approx(over_clips, abs=1e-12)
            assert np.isnan(found.normalized[u]) == found.dead[u] == (over_clips < 1e-12)


@pytest.mark.parametrize("n_clips", [3, 5])  # the mean of three 0.1 is not 0.1
@pytest.mark.parametrize("measure", [unit_variances, unit_distances])
def test_a_dead_unit_is_excluded_and_not_called_normal(rng, measure, n_clips):
    living = rng.standard_normal((n_clips, 4, 1))
    only_the_shift = np.broadcast_to(np.array([0.1, 0.3, 0.7, 0.2])[None, :, None], (n_clips, 4, 1))
    found = measure(np.concatenate([living, np.full((n_clips, 4, 1), 0.1), only_the_shift], axis=-1))
    assert found.dead.tolist() == [False, True, True]
    assert found.layer_ratio == pytest.approx(measure(living).layer_ratio)
    assert np.isnan(measure(np.full((n_clips, 4, 2), 0.1)).layer_ratio)


def test_an_invariant_unit_has_ratio_zero_and_a_random_one_about_one(rng):
    steady = np.repeat(rng.standard_normal((8, 1, 1)), 6, axis=1)
    assert unit_variances(steady).layer_ratio == 0
    assert unit_distances(steady).layer_ratio == 0
    assert unit_variances(rng.standard_normal((40, 40, 20))).layer_ratio == pytest.approx(1, abs=0.02)


def test_scale_and_offset_do_not_matter(rng):
    values = rng.standard_normal((4, 3, 5))
    for measure in (unit_variances, unit_distances):
        assert measure(1000 + 7 * values).layer_ratio == pytest.approx(measure(values).layer_ratio)


def test_distance_to_unshifted_is_a_root_mean_square(rng):
    values = rng.standard_normal((4, 3, 2))
    expected = [
        np.mean([(values[n, t, u] - values[n, 1, u]) ** 2 for n in range(4) for t in (0, 2)]) ** 0.5 for u in range(2)
    ]
    np.testing.assert_allclose(distance_to_unshifted(values, 1), expected)


@pytest.mark.parametrize("shape", [(1, 3, 2), (3, 1, 2), (3, 3)])
def test_one_clip_or_one_shift_does_not_vary(shape):
    for measure in (unit_variances, unit_distances):
        with pytest.raises(InputError, match="two clips and two shifts"):
            measure(np.zeros(shape))
        assert measure(np.zeros((2, 2, 1))).dead.all()
