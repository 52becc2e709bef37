"""Changes of order: four samples by hand, relations over drawn sounds, and a rotation as an independent delay."""

from math import factorial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.segments import (
    draw_orders,
    insert_silence,
    join_sounds,
    permute_segments,
    play_backwards,
    rotations,
    segment_borders,
)
from audioinv.sound.shifts import time_shift

FOUR = np.array([1.0, 2.0, 3.0, 4.0])


@st.composite
def cut_sounds(draw):
    n_segments = draw(st.integers(1, 6))
    n_samples = draw(st.integers(n_segments, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return rng.standard_normal(n_samples).astype(dtype), rng.permutation(n_segments)


def test_four_samples_by_hand():
    assert permute_segments(FOUR, [1, 0]).tolist() == [3, 4, 1, 2]
    assert permute_segments(FOUR, [3, 0, 2, 1]).tolist() == [4, 1, 3, 2]
    assert permute_segments(FOUR, [[0, 1], [1, 0]]).tolist() == [[1, 2, 3, 4], [3, 4, 1, 2]]
    assert play_backwards(FOUR).tolist() == [4, 3, 2, 1]
    assert join_sounds(FOUR[:2], FOUR[2:], 1).tolist() == [1, 2, 0, 3, 4]
    assert join_sounds(FOUR[2:], FOUR[:2]).tolist() == [3, 4, 1, 2]
    assert insert_silence(FOUR, 2, 2).tolist() == [1, 2, 0, 0, 3, 4]
    assert insert_silence(FOUR[:3], 2, 1).tolist() == [1, 0, 2, 3]  # the first of three samples is the first half


@given(st.integers(1, 60), st.integers(1, 60))
def test_borders_are_as_even_as_whole_samples_allow(n_samples, n_segments):
    n_segments = min(n_segments, n_samples)
    borders = segment_borders(n_samples, n_segments)
    assert (borders[0], borders[-1]) == (0, n_samples)
    assert set(np.diff(borders)) <= {n_samples // n_segments, -(-n_samples // n_segments)}


@settings(deadline=None)
@given(cut_sounds())
def test_a_permutation_plays_the_segments_in_the_order_asked_for(cut):
    sound, order = cut
    before = sound.copy()
    n = len(order)
    pieces = [sound[i * len(sound) // n : (i + 1) * len(sound) // n] for i in range(n)]
    found = permute_segments(sound, order)
    np.testing.assert_array_equal(found, np.concatenate([pieces[i] for i in order]))
    assert found.dtype == sound.dtype
    np.testing.assert_array_equal(np.sort(found), np.sort(sound))  # not a sample more or less
    np.testing.assert_array_equal(permute_segments(sound, np.arange(n)), sound)
    np.testing.assert_array_equal(sound, before)


@settings(deadline=None)
@given(cut_sounds(), st.integers(1, 5))
def test_where_segments_are_equal_the_inverse_order_undoes(cut, length):
    order = cut[1]
    sound = np.random.default_rng(length).standard_normal(length * len(order))
    np.testing.assert_array_equal(permute_segments(permute_segments(sound, order), np.argsort(order)), sound)


def test_a_rotation_is_a_circular_delay_and_a_permutation_is_none(rng):
    sound = torch.from_numpy(rng.standard_normal((3, 20)))
    for steps, order in enumerate(rotations(5), start=1):
        assert torch.equal(permute_segments(sound, order), time_shift(sound, -4.0 * steps, edges="circular"))
    every_delay = time_shift(sound[0], np.arange(20), edges="circular")
    shuffled = permute_segments(sound[0], draw_orders(5, 30, rng))
    assert not (shuffled[:, None] == every_delay[None]).all(-1).any()


def test_orders_broadcast_against_channels(rng):
    sounds, orders = rng.standard_normal((2, 1, 12)), np.stack([rng.permutation(4) for _ in range(3)])
    found = permute_segments(sounds, orders)
    assert found.shape == (2, 3, 12)
    for channel in range(2):
        for i, order in enumerate(orders):
            np.testing.assert_array_equal(found[channel, i], permute_segments(sounds[channel, 0], order))


def test_backwards_twice_is_forwards_and_keeps_the_spectrum(rng):
    sound = rng.standard_normal((2, 15))
    np.testing.assert_array_equal(play_backwards(play_backwards(sound)), sound)
    spectra = [np.abs(np.fft.rfft(x)) for x in (sound, play_backwards(sound))]
    np.testing.assert_allclose(*spectra, atol=1e-12)
    shuffled = permute_segments(sound, [2, 0, 1, 4, 3])  # the control: another order does not keep it
    assert np.abs(np.abs(np.fft.rfft(shuffled)) - spectra[0]).max() > 0.1


@settings(deadline=None)
@given(cut_sounds(), st.integers(0, 7))
def test_silence_goes_between_segments_and_nowhere_else(cut, gap):
    sound, order = cut
    n = len(order)
    expected = []
    for i in range(n):
        expected += [*([0.0] * gap * (i > 0)), *sound[i * len(sound) // n : (i + 1) * len(sound) // n]]
    found = insert_silence(sound, n, gap)
    assert found.tolist() == expected
    assert found.dtype == sound.dtype
    if gap == 0:
        np.testing.assert_array_equal(found, sound)


@pytest.mark.parametrize("gap", [0, 3])
def test_two_halves_set_apart_are_two_sounds_joined(rng, gap):
    sounds = torch.from_numpy(rng.standard_normal((2, 3, 10)).astype(np.float32))
    joined = join_sounds(sounds[..., :5], sounds[..., 5:], gap)
    assert torch.equal(joined, insert_silence(sounds, 2, gap))
    assert joined.dtype == torch.float32
    one, many = sounds[0, 0], sounds[0]
    assert torch.equal(join_sounds(one, many, gap)[2], join_sounds(one, many[2], gap))


def test_drawn_orders_are_different_and_none_keeps_all_neighbours(rng):
    for n_segments in (3, 4, 5):
        n_all = factorial(n_segments) - n_segments
        orders = draw_orders(n_segments, 10_000, rng)
        assert len({tuple(order) for order in orders}) == len(orders) == n_all
        kept = {tuple(order) for order in [np.arange(n_segments), *rotations(n_segments)]}
        assert len(kept) == n_segments
        assert not kept & {tuple(order) for order in orders}
    few = draw_orders(6, 4, np.random.default_rng(3))
    assert few.shape == (4, 6)
    np.testing.assert_array_equal(few, draw_orders(6, 4, np.random.default_rng(3)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: segment_borders(3, 4), "between 1 and the 3 samples"),
        (lambda: permute_segments(FOUR, [0, 2]), "names each of its segments once"),
        (lambda: permute_segments(FOUR, 0), "names each of its segments once"),
        (lambda: permute_segments(FOUR, [4, 3, 2, 1, 0]), "n_segments=5"),
        (lambda: permute_segments(np.ones((2, 4)), [[0, 1]] * 3), "do not broadcast"),
        (lambda: join_sounds(FOUR, FOUR, -1), "gap_samples=-1"),
        (lambda: insert_silence(FOUR, 2, 0.5), "gap_samples=0.5"),
        (lambda: draw_orders(2, 1, np.random.default_rng(0)), "at least 3"),
        (lambda: draw_orders(3, 0, np.random.default_rng(0)), "at least 1"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(InputError, match=text):
        call()


def test_a_sound_joined_to_another_keeps_its_kind():
    first, second = np.float32([1, 2]), np.array([0.1, 3.0])
    joined = join_sounds(first, second, 1)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, np.float32([1, 2, 0, 0.1, 3]))
    assert join_sounds(second, first).dtype == np.float64
    many = join_sounds(np.zeros((3, 1, 2)), np.ones((2, 4)), 3)
    assert many.shape == (3, 2, 9)
    np.testing.assert_array_equal(many.sum(-1), 4)


@pytest.mark.parametrize("n_segments", [0, -1, 4])
def test_a_sound_of_three_samples_has_one_to_three_segments(n_segments):
    assert (segment_borders(3, 1).tolist(), segment_borders(3, 3).tolist()) == ([0, 3], [0, 1, 2, 3])
    with pytest.raises(InputError, match=f"n_segments={n_segments} must lie between 1 and the 3 samples"):
        segment_borders(3, n_segments)


def test_the_same_silence_goes_into_every_sound_of_a_batch(rng):
    sounds = rng.standard_normal((2, 3, 7))
    found = insert_silence(sounds, 3, 2)
    assert found.shape == (2, 3, 11)
    np.testing.assert_array_equal(found[1, 2], insert_silence(sounds[1, 2], 3, 2))
    np.testing.assert_array_equal(found[1, 2], [*sounds[1, 2, :2], 0, 0, *sounds[1, 2, 2:4], 0, 0, *sounds[1, 2, 4:]])
    with pytest.raises(InputError, match=r"gap_samples=-0\.5 must be a whole number"):
        insert_silence(sounds, 3, -0.5)


def test_one_order_and_all_orders_can_be_drawn(rng):
    assert draw_orders(3, 1, rng).shape == (1, 3)
    assert {tuple(order) for order in draw_orders(3, 3, rng)} == {(0, 2, 1), (1, 0, 2), (2, 1, 0)}
