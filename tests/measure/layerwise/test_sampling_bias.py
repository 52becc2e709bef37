"""Maximum-sampling bias: torch's pools, a direct loop, and windows that say nothing."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from audioinv.measure.layerwise.sampling_bias import maximum_sampling_bias


def test_pools_of_torch(rng):
    maps = torch.from_numpy(np.abs(rng.standard_normal((3, 9, 50))))
    assert maximum_sampling_bias(maps.numpy(), functional.max_pool2d(maps, 2).numpy(), 2) == 1
    assert maximum_sampling_bias(maps.numpy(), functional.avg_pool2d(maps, 2).numpy(), 2) == 0
    assert maximum_sampling_bias(maps.numpy(), maps[..., 4:49:5].numpy(), 1) == pytest.approx(0.2, abs=0.1)
    assert maximum_sampling_bias(-maps.numpy(), functional.max_pool2d(-maps, 2).numpy(), 2) == 0


def test_a_loop_over_windows(rng):
    maps = rng.integers(-2, 3, (2, 6, 7)).astype(float)
    kept = maps[:, ::3, ::2][:, :2, :3]
    hits = []
    for c, f, t in np.ndindex(kept.shape):
        window = maps[c, 3 * f : 3 * f + 3, 2 * t : 2 * t + 2].ravel()
        if window.min() < window.max():
            hits.append(kept[c, f, t] == max(window, key=abs))
    assert maximum_sampling_bias(maps, kept, 2) == pytest.approx(np.mean(hits))
    assert 0 < np.mean(hits) < 1


def test_windows_of_equal_values_do_not_count():
    assert np.isnan(maximum_sampling_bias(np.zeros((2, 8)), np.zeros((2, 4)), 1))
    assert maximum_sampling_bias(np.array([0.0, 0, 1, 2]), np.array([0.0, 1]), 1) == 0
