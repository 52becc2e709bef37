"""Order: halves exchanged by hand, segments kept whole, the way back exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.axes.order import Order, segment_places, shuffle_segments
from audioinv.sound.clip import Clip
from audioinv.sound.segments import segment_borders


def generator():
    return np.random.default_rng(11)


@settings(deadline=None)
@given(st.integers(12, 60), st.integers(0, 8))
def test_the_way_back_is_exact_also_where_segments_differ_in_length(n_samples, n_cuts):
    sound = np.arange(n_samples, dtype=float)
    shuffled = shuffle_segments(sound, n_cuts, generator())
    np.testing.assert_array_equal(np.sort(shuffled), sound)
    np.testing.assert_array_equal(shuffle_segments(shuffled, n_cuts, generator(), undo=True), sound)
    borders = segment_borders(n_samples, n_cuts + 1)
    starts = np.flatnonzero(np.diff(shuffled, prepend=-9) != 1)
    assert set(shuffled[starts].astype(int)) <= set(borders[:-1])  # segments stay whole


def test_one_cut_exchanges_the_halves_and_two_or_more_keep_not_all_neighbours():
    np.testing.assert_array_equal(shuffle_segments(np.arange(4.0), 1, generator()), [2, 3, 0, 1])
    for n_cuts in range(2, 9):
        order = shuffle_segments(np.arange(n_cuts + 1.0), n_cuts, generator())
        assert (np.diff(order) % (n_cuts + 1) != 1).any()


def test_an_order_depends_on_its_own_amount_only():
    sound = np.arange(60.0)
    together = shuffle_segments(sound, [2, 5, 9], generator())
    np.testing.assert_array_equal(together[2], shuffle_segments(sound, 9, generator()))
    assert (together[2] != shuffle_segments(sound, 9, np.random.default_rng(12))).any()


@pytest.mark.parametrize("n_cuts", [-1, 1.5])
def test_a_number_of_cuts_that_is_none_is_refused(n_cuts):
    with pytest.raises(InputError, match="whole numbers, 0 or more"):
        shuffle_segments(np.ones(4), n_cuts, generator())
    with pytest.raises(InputError, match="n_segments=9 must lie between"):
        shuffle_segments(np.ones(4), 8, generator())


def test_sounds_of_a_batch_are_cut_each_by_its_number(rng):
    sounds = rng.standard_normal((2, 12))
    found = shuffle_segments(sounds, [[0], [1], [3]], generator())
    assert found.shape == (3, 2, 12)
    np.testing.assert_array_equal(found[0], sounds)
    np.testing.assert_array_equal(found[1], np.roll(sounds, 6, axis=1))
    np.testing.assert_array_equal(found[2, 1], shuffle_segments(sounds[1], 3, generator()))
    np.testing.assert_array_equal(shuffle_segments(found[2], 3, generator(), undo=True), sounds)


def test_places_are_those_of_the_samples():
    np.testing.assert_array_equal(segment_places(5, 0, generator()), np.arange(5))
    np.testing.assert_array_equal(segment_places(5, 1, generator()), [2, 3, 4, 0, 1])
    for n_cuts in range(2, 7):
        places = segment_places(21, n_cuts, generator())
        cut = np.arange(1, n_cuts + 1) * 21 // (n_cuts + 1)
        jumps = np.flatnonzero(np.diff(places) != 1)
        assert set(places[jumps + 1]) <= {0, *cut}
        assert places.dtype == np.int64


def test_clips_and_seeds_have_orders_of_their_own(rng):
    first, second = (Clip(rng.standard_normal(90), 8000) for _ in range(2))
    places = [
        tuple(np.argsort(clip.waveform)[np.argsort(np.argsort(Order(seed).shift(clip, [8])[0].numpy()))].tolist())
        for clip in (first, second)
        for seed in (0, 1)
    ]
    assert len(set(places)) == 4
