"""Errors of invariance and equivariance: loops from the definitions, SciPy, and controls that must fail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine

from audioinv.measure.layerwise.equivariance import (
    aligned_pair,
    commutation_error,
    cosine_distance,
    equivariance_error,
    framewise_agreement,
    inner_steps,
    kept_steps,
    max_error,
    moved_along,
    psnr_db,
    relative_error,
)


@st.composite
def pairs(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(6, 24)))
    return rng.standard_normal(shape), rng.standard_normal(shape), draw(st.integers(-5, 5))


@settings(deadline=None)
@given(pairs())
def test_errors_of_invariance_follow_their_definitions(drawn):
    found, expected, _ = drawn
    square = sum((a - b) ** 2 for a, b in zip(found.flat, expected.flat, strict=True))
    assert relative_error(found, expected) == pytest.approx((square / sum(b * b for b in expected.flat)) ** 0.5)
    largest = max(abs(a - b) for a, b in zip(found.flat, expected.flat, strict=True))
    assert max_error(found, expected) == pytest.approx(largest / max(abs(b) for b in expected.flat))
    assert cosine_distance(found, expected) == pytest.approx(cosine(found.ravel(), expected.ravel()))


@settings(deadline=None)
@given(pairs(), st.integers(0, 4), st.integers(0, 4))
def test_equivariance_compares_each_inner_step_with_where_it_came_from(drawn, left, right):
    shifted, reference, lag = drawn
    n = reference.shape[-1]
    inner = (left, n - right)
    kept = [k for k in range(n) if left <= k < n - right and left <= k - lag < n - right]
    found = equivariance_error(shifted, reference, lag, inner)
    if not kept:
        assert np.isnan(found)
        return
    square = sum((shifted[c, k] - reference[c, k - lag]) ** 2 for c in range(len(shifted)) for k in kept)
    scale = sum(reference[c, k - lag] ** 2 for c in range(len(shifted)) for k in kept)
    assert found == pytest.approx((square / scale) ** 0.5)
    assert range(n)[kept_steps(inner, n, lag)] == range(kept[0], kept[-1] + 1)


@settings(deadline=None)
@given(pairs())
def test_the_whole_map_wraps_around(drawn):
    _, reference, lag = drawn
    assert equivariance_error(np.roll(reference, lag, axis=-1), reference, lag) == 0
    assert commutation_error(np.roll(reference, lag, axis=-1), reference, lag) == 0
    other = np.roll(reference, lag + 1, axis=-1)
    expected = np.abs(other - np.roll(reference, lag, axis=-1)).max() / np.abs(reference).max()
    assert commutation_error(other, reference, lag) == pytest.approx(expected)
    assert expected > 0


def test_a_fractional_lag_is_a_band_limited_delay():
    places = np.arange(16)

    def wave(delay):
        return np.cos(2 * np.pi * 3 * (places - delay) / 16) + np.sin(2 * np.pi * (places - delay) / 16)

    assert equivariance_error(wave(0.3), wave(0), 0.3) < 1e-14
    assert equivariance_error(wave(0.3), wave(0), 0.4) > 0.05
    np.testing.assert_allclose(moved_along(wave(0.3), -0.3), wave(0), atol=1e-14)


def test_undefined_is_nan():
    zeros, ones = np.zeros(4), np.ones(4)
    assert np.isnan([relative_error(ones, zeros), max_error(ones, zeros), cosine_distance(ones, zeros)]).all()
    assert np.isnan([psnr_db(ones, ones), psnr_db(zeros, ones), psnr_db(ones[:0], ones[:0])]).all()
    assert np.isnan([framewise_agreement(ones[None], ones[None]), equivariance_error(ones, ones, 9, (0, 4))]).all()
    assert np.isnan(
        [framewise_agreement(ones, ones), framewise_agreement(ones[:, None][:, :0], ones[:, None][:, :0])]
    ).all()
    assert np.isnan([relative_error(ones[:0], ones[:0]), max_error(ones[:0], ones[:0])]).all()


def test_the_level_of_a_map_does_not_matter(rng):
    found, expected = rng.standard_normal((2, 3, 2, 10))
    for measure in (relative_error, max_error, cosine_distance, psnr_db, framewise_agreement):
        assert measure(1e-6 * found, 1e-6 * expected) == pytest.approx(measure(found, expected))
    assert commutation_error(1e-6 * found, 1e-6 * expected, 2) == pytest.approx(commutation_error(found, expected, 2))


def test_psnr_and_agreement_follow_their_definitions(rng):
    found, expected = rng.standard_normal((2, 3, 2, 10))
    peak = expected.max() - expected.min()
    mse = np.mean([(a - b) ** 2 for a, b in zip(found.flat, expected.flat, strict=True)])
    assert psnr_db(found, expected) == pytest.approx(10 * np.log10(peak**2 / mse))
    same = [
        max(range(3), key=lambda c: found[c, f, k]) == max(range(3), key=lambda c: expected[c, f, k])
        for f in range(2)
        for k in range(10)
    ]
    assert framewise_agreement(found, expected) == pytest.approx(np.mean(same))
    assert 0 < np.mean(same) < 1


def test_aligned_pair_moves_the_reference_not_the_shifted_map(rng):
    shifted, reference = rng.standard_normal((2, 4, 3, 9))
    found, expected = aligned_pair(shifted, reference, 2, (1, 8))
    np.testing.assert_array_equal(found, shifted[..., 3:8])
    np.testing.assert_array_equal(expected, reference[..., 1:6])
    assert [side.shape for side in aligned_pair(shifted, reference, 2)] == [(4, 3, 9)] * 2


def test_a_fraction_of_a_step_needs_the_whole_step():
    assert kept_steps((2, 10), 12, -1.5) == slice(2, 8)
    assert kept_steps((2, 10), 12, np.array([-1.5, 0.0, 0.5])) == slice(3, 8)
    assert kept_steps((2, 10), 12, np.array([0.5, 2.5])) == slice(5, 10)
    assert kept_steps((2, 10), 12, np.array([-0.5, -2.5])) == slice(2, 7)


@pytest.mark.parametrize(
    ("touched", "inner"),
    [("1100010011", (2, 5)), ("0000", (0, 4)), ("111", None), ("0001", (0, 3)), ("1011", (1, 2)), ("01001", (2, 4))],
)
def test_inner_steps_are_the_longest_untouched_run(touched, inner):
    assert inner_steps(np.array([mark == "1" for mark in touched])) == inner
