"""The units of a layer that are followed, and that their shift can be undone."""

import numpy as np

from audioinv.measure.layerwise.layer_records import choose_units
from audioinv.measure.layerwise.layer_survey import MapAxis

SHIFTS = np.array([0.0, 2.0, 3.0, 4.0])


def lies(inner=None, place=-1):
    return MapAxis("planted", "Planted", (3, 24), place, 2, True, inner)


def test_followed_units_are_drawn_once_and_can_be_compared_at_every_shift(rng):
    layer = lies((3, 20))
    sample = choose_units(layer, np.array([-4.0, 0.0, 6.0]), 10_000, rng)
    assert sample.anywhere.tolist() == list(range(72))
    assert sorted(set(sample.movable % 24)) == list(range(5, 17))
    reference = rng.standard_normal((3, 24))
    shifted = np.roll(reference, 3, axis=-1)
    np.testing.assert_array_equal(sample.undone(shifted, 3.0), reference.ravel()[sample.movable])
    assert len(choose_units(layer, SHIFTS, 7, rng).anywhere) == 7
    assert not len(choose_units(layer, np.array([0.0, 60.0]), 7, rng).movable)
    assert not len(choose_units(lies(place=None), SHIFTS, 7, rng).movable)
