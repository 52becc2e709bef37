"""Which filters weigh all phases alike."""

import numpy as np
import pytest
import torch

from audioinv.measure.certificates.window_rules import even_factors


@pytest.mark.parametrize(
    "taps",
    [
        [1, 1],
        [1, 2, 1],
        [1, 3, 3, 1],
        [1, 4, 6, 4, 1],
        [1, 1, 1],
        [1, 2, 3, 3, 2, 1],
        [3, -1],
        [1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9],
    ],
)
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_even_factors_are_those_at_which_the_filter_keeps_the_mean_of_any_sequence(taps, dilation, rng):
    sequence = rng.standard_normal(48)
    dense = sum(tap * np.roll(sequence, place * dilation) for place, tap in enumerate(taps))
    kept = {f for f in range(2, 12) if 48 % f == 0 and abs(dense[::f].mean() - dense.mean()) < 1e-12}
    assert {f for f in even_factors(torch.tensor(taps, dtype=torch.float64), dilation) if 48 % f == 0} == kept


def test_one_uneven_filter_among_many_counts():
    assert even_factors(torch.tensor([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]])) == {2}
    assert even_factors(torch.tensor([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0001]])) == set()
