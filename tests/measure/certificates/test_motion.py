"""The laws of motion on their own: how moduli combine, and what cannot be followed."""

import pytest

from audioinv.measure.certificates.motion import CannotFollow, Moving, Still

SOUND = Moving.of(48, -1)


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


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: SOUND.every(5, 9), "48 places cannot be taken in steps of 5"),
        (lambda: SOUND.slid(3).whole(), "46 of 48 places: some are missing"),
        (lambda: Moving.together([SOUND, SOUND.every(2, 24)]), "do not match"),
        (lambda: SOUND.slid(2).largest_phase(2), "some are missing"),
    ],
)
def test_what_cannot_be_followed(attempt, words):
    with pytest.raises(CannotFollow, match=words):
        attempt()
