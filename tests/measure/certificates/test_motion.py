"""The laws of motion on their own: how moduli combine, and what cannot be followed."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure.certificates.motion import CannotFollow, Moving, Still

SOUND = Moving.of(48, -1)
KNOWN = replace(SOUND, exact=8, any_roll=4, mean=2, maximum=1, cover=3, even=frozenset({2, 3, 6}))


def facts(motion):
    return motion.exact, motion.any_roll, motion.mean, motion.maximum


def test_every_fth_place_keeps_what_the_window_before_it_allows():
    assert facts(SOUND.every(3, 16)) == (3, 3, 3, 3)
    assert facts(SOUND.covered(3).every(3, 16)) == (3, 3, 3, 1)
    assert facts(SOUND.covered(2).every(3, 16)) == (3, 3, 3, 3)
    assert facts(SOUND.covered(2).covered(2).every(3, 16)) == (3, 3, 3, 1)
    assert facts(SOUND.covered(4).every(2, 24).every(2, 12)) == (4, 4, 4, 1)
    assert facts(SOUND.covered(3).every(2, 24).every(2, 12)) == (4, 4, 4, 4)


def test_a_reduction_to_one_place_is_the_maximum():
    assert facts(SOUND.covered(48).every(48, 1)) == (1, 1, 48, 1)


def test_phases_are_chosen_up_to_a_roll_and_only_like_rolls_join():
    first, other = SOUND.largest_phase(2), SOUND.largest_phase(2)
    assert facts(first) == (2, 1, 1, 1)
    assert facts(first.largest_phase(2)) == (4, 1, 1, 1)
    assert facts(first.every(2, 12)) == (4, 4, 4, 4)
    assert facts(Moving.together([first, first.reordered()]))[:2] == (2, 1)
    assert facts(Moving.together([first, other]))[:2] == (2, 2)


def test_moduli_join_at_their_least_common_multiple():
    joined = Moving.together([SOUND.every(4, 12)], [Still(6)])
    assert (joined.step, *facts(joined)) == (4, 12, 12, 12, 12)


def test_of_the_input_everything_is_known():
    motion = Moving.of(48, -2)
    assert (motion.period, motion.dim, motion.n_places, motion.n_seen, motion.step) == (48, -2, 48, 48, 1)
    assert (motion.inner, motion.cover, motion.even, facts(motion)) == (1, 1, frozenset(), (1, 1, 1, 1))
    assert motion.whole() is motion


def test_what_each_kind_of_function_leaves():
    """Of exact 8, some roll 4, mean 2 and maximum 1."""
    assert facts(KNOWN.reordered()) == (8, 4, 4, 4)
    assert facts(KNOWN.increased()) == (8, 4, 4, 1)
    assert facts(KNOWN.linear()) == (8, 4, 2, 4)
    assert [motion.cover for motion in (KNOWN.reordered(), KNOWN.increased(), KNOWN.linear())] == [1, 3, 1]
    assert [len(motion.even) for motion in (KNOWN.reordered(), KNOWN.increased(), KNOWN.linear())] == [0, 0, 3]
    wider = KNOWN.covered(4)
    assert (wider.cover, wider.even, facts(wider)) == (6, frozenset(), (8, 4, 4, 1))
    assert KNOWN.covered(1).cover == 3


def test_a_filter_that_weighs_all_phases_alike_keeps_the_mean():
    even = replace(SOUND, even=frozenset({2, 3, 6}))
    assert facts(even.every(2, 24)) == (2, 2, 1, 2)
    assert facts(even.every(2, 24).every(3, 8)) == (6, 6, 1, 6)
    assert facts(even.every(3, 16).every(2, 8)) == (6, 6, 1, 6)
    assert facts(even.every(2, 24).every(2, 12)) == (4, 4, 4, 4)
    assert facts(even.every(4, 12)) == (4, 4, 4, 4)


def test_a_window_after_a_stride_is_counted_in_places_that_are_left():
    assert facts(SOUND.every(3, 16).covered(2).every(2, 8)) == (6, 6, 6, 3)
    assert facts(SOUND.every(3, 16).every(2, 8)) == (6, 6, 6, 6)
    assert facts(SOUND.covered(2).every(3, 16).covered(2).every(2, 8)) == (6, 6, 6, 3)
    assert facts(SOUND.covered(7).every(3, 16).every(2, 8)) == (6, 6, 6, 1)


def test_moduli_of_a_stride_join_those_before():
    assert facts(replace(SOUND, exact=3, any_roll=3, mean=3, maximum=3).every(2, 24)) == (6, 6, 6, 6)
    assert facts(KNOWN.every(1, 40)) == facts(KNOWN)
    assert KNOWN.every(1, 40).n_seen == 40


def test_the_one_place_that_is_left_is_the_mean_and_the_maximum_where_these_are_known():
    assert facts(SOUND.every(48, 1)) == (48, 48, 48, 48)
    assert facts(replace(SOUND, even=frozenset({48})).every(48, 1)) == (1, 1, 1, 48)
    both = replace(SOUND, exact=12, any_roll=12, mean=4, maximum=6, even=frozenset({48}), cover=48)
    assert facts(both.every(48, 1)) == (2, 2, 4, 6)
    assert facts(SOUND.largest_phase(48)) == (1, 1, 1, 1)
    assert facts(replace(SOUND, exact=3).largest_phase(2)) == (6, 1, 1, 1)


@pytest.mark.parametrize(("width", "stride", "dilation"), [(1, 1, 1), (3, 1, 1), (3, 2, 1), (2, 3, 4), (4, 2, 3)])
def test_a_window_is_seen_as_often_as_it_fits(width, stride, dilation):
    reach = (width - 1) * dilation
    fits = [first for first in range(0, 48, stride) if first + reach < 48]
    found = SOUND.slid(width, stride, dilation)
    assert (found.n_seen, found.n_places, found.step) == (len(fits), 48 // stride, stride)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(48), reach + 1)[::stride, ::dilation]
    assert windows.shape == (found.n_seen, width)


def test_two_maps_know_what_both_know():
    one = replace(SOUND, exact=4, any_roll=2, mean=2, maximum=1, cover=3, even=frozenset({2, 3}))
    other = replace(SOUND, exact=6, any_roll=3, mean=1, maximum=3, cover=2, even=frozenset({3, 6}))
    joined = Moving.together([one, other])
    assert (facts(joined), joined.cover, joined.even) == ((12, 6, 2, 6), 1, {3})
    assert facts(Moving.together([one], [Still(3), Still(2)])) == (12, 6, 6, 6)
    rolls = replace(one, roll="chosen")
    assert Moving.together([rolls, replace(other, roll="chosen")]).roll == "chosen"
    apart = Moving.together([rolls, other])
    assert (apart.roll, facts(apart)) == (None, (12, 12, 2, 12))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: SOUND.every(5, 9), "48 places cannot be taken in steps of 5"),
        (lambda: SOUND.slid(3).whole(), "46 of 48 places: some are missing"),
        (lambda: Moving.together([SOUND, SOUND.every(2, 24)]), "do not match"),
        (lambda: SOUND.slid(2).largest_phase(2), "some are missing"),
        (lambda: replace(SOUND, n_seen=50).whole(), "50 of 48 places: some are there twice after padding"),
        (lambda: Moving.together([SOUND, replace(SOUND, dim=-2)]), "do not match"),
        (lambda: Moving.together([SOUND, replace(SOUND, n_seen=47)]), "do not match"),
        (lambda: Moving.together([SOUND, replace(SOUND, inner=2)]), "do not match"),
    ],
)
def test_what_cannot_be_followed(attempt, words):
    with pytest.raises(CannotFollow, match=words):
        attempt()
