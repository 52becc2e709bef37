"""Every error of a map at one shift: each from its own definition, and only where it is defined."""

import numpy as np
import pytest

from audioinv.measure.layerwise import equivariance
from audioinv.measure.layerwise.equivariance import aligned_pair, moved_along
from audioinv.measure.layerwise.map_errors import compare_maps


@pytest.mark.parametrize(("lag", "inner"), [(2.0, None), (-1.0, (3, 20)), (0.5, (3, 20))])
def test_each_error_is_that_of_its_definition(rng, lag, inner):
    reference, shifted = rng.standard_normal((2, 3, 24)).astype(np.float32)
    found = compare_maps(shifted, reference, lag, inner)
    shifted, reference = shifted.astype(np.float64), reference.astype(np.float64)
    pair = aligned_pair(shifted, reference, lag, inner)
    assert found.invariance_error == equivariance.relative_error(shifted, reference)
    assert found.invariance_error_max == equivariance.max_error(shifted, reference)
    assert found.cosine_distance == equivariance.cosine_distance(shifted, reference)
    assert found.expected_lag == lag
    assert found.equivariance_error == equivariance.relative_error(*pair)
    assert found.psnr_db == equivariance.psnr_db(*pair)
    assert found.commutation_error == equivariance.commutation_error(shifted, reference, lag)
    assert found.best_lag_error <= found.whole_lag_error


def test_without_an_axis_only_staying_is_defined(rng):
    reference, shifted = rng.standard_normal((2, 3, 24))
    found = compare_maps(shifted, reference, np.nan)
    assert found.invariance_error == equivariance.relative_error(shifted, reference)
    rest = (found.expected_lag, found.equivariance_error, found.psnr_db, found.commutation_error, found.best_lag_error)
    assert np.isnan(rest).all()


def test_agreement_counts_at_whole_lags_only(rng):
    reference = rng.standard_normal((3, 24))
    assert np.isnan(compare_maps(moved_along(reference, 0.5), reference, 0.5).framewise_agreement)
    assert compare_maps(reference, reference, 0.0).framewise_agreement == 1
