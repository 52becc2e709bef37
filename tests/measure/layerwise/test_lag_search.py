"""The search for a lag: planted lags, a loop over all of them, and the strides that sizes allow."""

import numpy as np
import pytest

from audioinv.measure.layerwise.equivariance import equivariance_error, moved_along
from audioinv.measure.layerwise.lag_search import best_lag, stride_candidates


@pytest.mark.parametrize("inner", [None, (3, 29)])
@pytest.mark.parametrize("lag", [-3.0, 0.0, 5.0, 2.25])
def test_a_planted_lag_is_found(rng, lag, inner):
    spectrum = np.fft.rfft(rng.standard_normal((2, 32)))
    spectrum[:, 12:] = 0
    reference = np.fft.irfft(spectrum)
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


def test_a_map_without_values_has_no_lag():
    assert all(np.isnan([fit.lag, fit.error]).all() for fit in best_lag(np.zeros((1, 8)), np.zeros((1, 8))))


def test_strides_multiply_along_the_network():
    assert stride_candidates(16000, 101, [(1, 16000)])[:2] == [158, 159]
    assert 160 in stride_candidates(16000, 101, [(1, 16000)])
    assert stride_candidates(16000, 50, [(1, 16000), (160, 101)]) == [320]
    assert stride_candidates(16000, 77, [(1, 16000), (100, 160)]) == [200]  # no multiple of 100 gives 77 steps
    assert stride_candidates(64, 64, [(1, 64), (2, 32)]) == [1]
