"""The search for a lag: planted lags, a loop over all of them, and the strides that sizes allow."""

import numpy as np
import pytest

from audioinv.measure.layerwise.equivariance import equivariance_error, moved_along
from audioinv.measure.layerwise.lag_search import best_lag, stride_candidates


def smooth(rng, *shape):
    """Return maps without the upper quarter of their band, which a fraction of a step moves without loss."""
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    spectrum[..., 3 * spectrum.shape[-1] // 4 :] = 0
    return np.fft.irfft(spectrum, shape[-1])


@pytest.mark.parametrize("inner", [None, (3, 29)])
@pytest.mark.parametrize("lag", [-3.0, 0.0, 5.0, 2.25, -2.875, 3.125])
def test_a_planted_lag_is_found(rng, lag, inner):
    reference = smooth(rng, 2, 3, 32)
    shifted = moved_along(reference, lag)
    whole, best = best_lag(shifted, reference, inner)
    assert best.lag == lag
    assert best.error < 1e-12
    assert whole.lag == round(lag)
    assert (whole.error < 1e-12) == (lag == round(lag))


@pytest.mark.parametrize("inner", [None, (2, 17)])
def test_whole_lags_are_searched_as_a_loop_would(rng, inner):
    reach = 10 if inner is None else 7
    for _ in range(40):
        shifted, reference = rng.standard_normal((2, 3, 20))
        errors = {lag: equivariance_error(shifted, reference, lag, inner) for lag in range(-reach, reach + 1)}
        whole, best = best_lag(shifted, reference, inner)
        assert errors[int(whole.lag)] == min(errors.values())
        assert whole.error == pytest.approx(min(errors.values()))
        assert best.error <= whole.error


@pytest.mark.parametrize(
    ("n_steps", "inner", "reach"), [(9, None, 4), (12, None, 6), (20, (2, 16), 7), (20, (4, 17), 6)]
)
def test_lags_reach_up_to_half_the_map_or_half_its_inner_steps_and_no_further(rng, n_steps, inner, reach):
    reference = rng.standard_normal((2, n_steps))
    for lag in (reach, -reach):
        found = best_lag(np.roll(reference, lag, axis=-1), reference, inner)[0].lag
        assert found % n_steps == lag % n_steps
    beyond = best_lag(np.roll(reference, reach + 1, axis=-1), reference, inner)[0].lag
    assert abs(beyond) <= reach
    assert (beyond % n_steps == reach + 1) == (inner is None)


@pytest.mark.parametrize(("moved", "lag"), [(1, 1), (2, 2), (3, -2), (4, -1), (5, 0)])
def test_of_equally_good_lags_the_shortest_is_taken(rng, moved, lag):
    reference = 10 + np.tile(rng.standard_normal((2, 5)), 4)
    whole, best = best_lag(np.roll(reference, moved, axis=-1), reference)
    assert (whole.lag, best.lag) == (lag, lag)


@pytest.mark.parametrize("level", [1e-9, 1e9])
def test_the_level_of_a_map_does_not_matter(rng, level):
    shifted, reference = (smooth(rng, 3, 20) for _ in range(2))
    expected = best_lag(shifted, reference, (2, 17))
    for found, known in zip(best_lag(level * shifted, level * reference, (2, 17)), expected, strict=True):
        assert (found.lag, found.error) == (known.lag, pytest.approx(known.error))


def test_a_lag_that_leaves_silence_alone_to_compare_is_none():
    """Moved later, this click leaves the inner steps, and there silence fits silence."""
    click = 0.3 * np.eye(1, 12, 9)
    whole, best = best_lag(np.roll(click, -3, axis=-1), click, (2, 10))
    assert (whole.lag, best.lag) == (-3, -3)
    assert whole.error == 0
    assert best_lag(np.eye(1, 12, 2), click, (2, 10))[0].lag <= 0


@pytest.mark.parametrize("row", range(5))
def test_a_fraction_is_found_on_whichever_row_it_shows(rng, row):
    reference = np.zeros((5, 32))
    reference[row] = smooth(rng, 32)
    assert best_lag(moved_along(reference, 2.25), reference)[1].lag == 2.25


def test_a_map_without_values_has_no_lag():
    assert all(np.isnan([fit.lag, fit.error]).all() for fit in best_lag(np.zeros((1, 8)), np.zeros((1, 8))))


def test_strides_multiply_along_the_network():
    assert stride_candidates(16000, 101, [(1, 16000)])[:2] == [158, 159]
    assert 160 in stride_candidates(16000, 101, [(1, 16000)])
    assert stride_candidates(16000, 50, [(1, 16000), (160, 101)]) == [320]
    assert stride_candidates(16000, 77, [(1, 16000), (100, 160)]) == [200]  # no multiple of 100 gives 77 steps
    assert stride_candidates(64, 64, [(1, 64), (2, 32)]) == [1]


def test_strides_are_all_that_the_size_allows_and_the_likeliest_first():
    """Of n steps out of N: from N / (n + 1) to N / (n - 1), and likeliest what the two sizes divide to."""
    assert stride_candidates(12, 3, [(1, 12)]) == [4, 3, 5, 6]
    assert stride_candidates(12, 2, [(1, 12), (4, 3)]) == [4, 8, 12]
    assert stride_candidates(24, 2, [(1, 24), (4, 6)]) == [12, 8, 16, 20, 24]
    assert stride_candidates(16000, 101, [(1, 16000), (160, 101)]) == [160]
    assert stride_candidates(100, 200, [(1, 100)]) == [1]  # a map that has grown
