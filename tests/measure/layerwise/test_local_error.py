"""Local errors: closed forms of moving waves, and differences whose error falls as it should."""

import numpy as np
import pytest

from audioinv.measure.layerwise.equivariance import moved_along
from audioinv.measure.layerwise.local_error import local_error, rate_moving_along, rate_of_differences

PLACES = np.arange(32)


def wave(moved):
    angle = 2 * np.pi * (PLACES - moved) / 32
    return np.stack([np.sin(angle) + 0.3 * np.cos(5 * angle), np.cos(2 * angle)])


def around(function, step):
    return np.stack([function(h) for h in (-2 * step, -step, step, 2 * step)])


def test_two_steps_are_exact_to_fourth_order_and_say_how_far_they_agree():
    exact = np.cos(1.0)
    rates = [rate_of_differences(around(lambda h: np.sin(1.0 + h), step), step) for step in (0.2, 0.1)]
    errors = [abs(float(rate.values) - exact) for rate in rates]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.05)
    assert rates[0].disagreement / rates[1].disagreement == pytest.approx(4, rel=0.05)
    assert np.isnan(rate_of_differences(np.ones((4, 3)), 1.0).disagreement)


def test_the_disagreement_is_between_the_slopes_at_one_and_two_steps(rng):
    shifted = rng.standard_normal((4, 2, 3))
    fine, coarse = (shifted[2] - shifted[1]) / 0.2, (shifted[3] - shifted[0]) / 0.4
    found = rate_of_differences(shifted, 0.1)
    assert found.disagreement == pytest.approx(np.linalg.norm(coarse - fine) / np.linalg.norm(fine))
    np.testing.assert_allclose(found.values, fine + (fine - coarse) / 3)


@pytest.mark.parametrize("n_steps", [8, 9])
def test_the_slope_is_that_of_the_map_moved_by_very_little(rng, n_steps):
    reference = rng.standard_normal((2, 3, n_steps))  # up to the alternating component, if there is one
    rate = rng.standard_normal((2, 3, n_steps))
    forwards = (moved_along(reference, 1e-4) - moved_along(reference, -1e-4)) / 2e-4
    np.testing.assert_allclose(rate_moving_along(rate, reference, 0.7), rate - 0.7 * forwards, atol=1e-6)


@pytest.mark.parametrize("n_unit", [1.0, 0.25])
def test_a_map_that_only_moves_has_a_rate_but_no_equivariance_error(n_unit):
    rate = rate_of_differences(around(lambda t: wave(n_unit * t), 1e-3), 1e-3).values
    assert local_error(rate) > 1e-3 * n_unit**2
    assert local_error(rate_moving_along(rate, wave(0), n_unit)) < 1e-18
    assert local_error(rate_moving_along(rate, wave(0), 1.5 * n_unit)) > 1e-4 * n_unit**2


def test_the_error_is_the_mean_square_and_not_the_mean_size(rng):
    rate = rng.standard_normal((3, 9))
    assert local_error(rate, (2, 7)) == pytest.approx(np.mean([x**2 for x in rate[:, 2:7].flat]))
    assert local_error(2 * rate) == pytest.approx(4 * local_error(rate))


def test_a_growing_map_shows_its_growth_alone():
    rate = rate_of_differences(around(lambda t: (1 + 0.5 * t) * wave(t), 1e-3), 1e-3).values
    np.testing.assert_allclose(rate_moving_along(rate, wave(0), 1.0), 0.5 * wave(0), atol=1e-9)
