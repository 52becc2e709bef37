"""Partials and harmonicity: known answers, SciPy beside them, and the traps of tracking by place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.signal import hilbert

from audioinv.errors import InputError
from audioinv.sound.harmonics import (
    Partials,
    compare_partials,
    harmonic_places,
    harmonicity_error,
    measure_partials,
    moved_places,
)
from tests.sound.notes import INTERPOLATION_HZ, ORDERS, RATE, cents, partials_at


def single_sideband(waveform, offset_hz):
    seconds = np.arange(len(waveform)) / RATE
    return np.real(hilbert(waveform) * np.exp(2j * np.pi * offset_hz * seconds))


# harmonicity_error


@given(
    frequencies=st.lists(st.floats(20, 8000), min_size=2, max_size=12),
    scale=st.floats(0.1, 10),
)
def test_harmonicity_error_is_the_least_that_any_fundamental_leaves(frequencies, scale):
    orders = np.arange(1, len(frequencies) + 1)
    found = harmonicity_error(frequencies, orders)
    per_order = np.array(frequencies) / orders

    def root_mean_square(fundamental):
        return np.sqrt(np.mean((per_order / fundamental - 1) ** 2))

    best = minimize_scalar(root_mean_square, bounds=(per_order.min(), 2 * per_order.max() ** 2 / per_order.min()))
    assert 0 <= found < 1
    assert found <= best.fun + 1e-12
    assert found == pytest.approx(best.fun, abs=1e-4)
    assert harmonicity_error(scale * np.array(frequencies), orders) == pytest.approx(found, abs=1e-12)


def test_harmonicity_error_of_two_partials_by_hand():
    # u = 200, 100: f_1 = 50000 / 300; deviations 0.2 and -0.4; root of the mean of 0.04 and 0.16
    assert harmonicity_error([200, 200], [1, 2]) == pytest.approx(np.sqrt(0.1))


@pytest.mark.parametrize("semitones", [-12, -0.5, 0, 0.3, 7])
def test_transposed_partials_stay_harmonic(semitones):
    places = moved_places(220 * ORDERS, RATE, interval_semitones=semitones)
    assert harmonicity_error(places, ORDERS) < 8 * np.finfo(float).eps


def test_offset_partials_do_not_stay_harmonic():
    offsets = np.array([10, 50, 100, 200])
    errors = harmonicity_error(moved_places(220 * ORDERS, RATE, offset_hz=offsets), ORDERS)
    assert errors.shape == (4,)
    assert (np.diff(errors) > 0).all()
    assert errors[0] > 0.01


def test_missing_partials_do_not_count():
    assert harmonicity_error([270, np.nan, 710], [1, 2, 3]) == harmonicity_error([270, 710], [1, 3])


def test_orders_count():
    assert harmonicity_error([660, 880, 1100], [3, 4, 5]) == 0
    assert harmonicity_error([660, 880, 1100], [1, 2, 3]) > 0.1


@pytest.mark.parametrize("frequencies", [[220], [np.nan, 440, np.nan], [np.nan, np.nan]])
def test_fewer_than_two_partials_have_no_harmonicity(frequencies):
    assert np.isnan(harmonicity_error(frequencies, np.arange(1, len(frequencies) + 1)))


# places


def test_partials_that_leave_the_band_are_dropped_and_not_folded():
    down = moved_places([220, 440, 660], RATE, offset_hz=-440)
    np.testing.assert_array_equal(down, [np.nan, np.nan, 220])
    up = moved_places([7000, 7500], RATE, offset_hz=500)
    np.testing.assert_array_equal(up, [7500, np.nan])
    np.testing.assert_array_equal(moved_places([5000], RATE, interval_semitones=12), [np.nan])


def test_places_of_many_shifts_at_once():
    both = moved_places([220, 440], RATE, offset_hz=[0, 50, 100])
    np.testing.assert_array_equal(both, [[220, 440], [270, 490], [320, 540]])
    octaves = moved_places([220, 440], RATE, interval_semitones=[-12, 0, 24])
    np.testing.assert_array_equal(octaves, [[110, 220], [220, 440], [880, 1760]])


# measure_partials


def test_frequency_shift_moves_partials_where_arithmetic_says():
    shifted = single_sideband(partials_at(220 * ORDERS), 50)
    found = measure_partials(shifted, RATE, moved_places(220 * ORDERS, RATE, offset_hz=50))
    np.testing.assert_allclose(found.frequencies_hz, [270, 490, 710, 930, 1150], atol=2 * INTERPOLATION_HZ)
    np.testing.assert_allclose(found.ratios, (220 * ORDERS + 50) / 270, rtol=1e-4)
    expected_error = harmonicity_error(220 * ORDERS + 50, ORDERS)
    assert expected_error > 0.05
    assert found.harmonicity_error == pytest.approx(expected_error, abs=1e-4)


def test_transposition_keeps_the_ratios():
    found = measure_partials(partials_at(277.18 * ORDERS), RATE, moved_places(220 * ORDERS, RATE, interval_semitones=4))
    np.testing.assert_allclose(found.ratios, ORDERS, rtol=1e-4)
    assert found.harmonicity_error < 1e-4


def test_delay_leaves_partials_where_they_are():
    sound = partials_at(220 * ORDERS)
    delayed = np.concatenate([np.zeros(1234), sound])[: len(sound)]
    found = measure_partials(delayed, RATE, harmonic_places(220, RATE, n_partials=5))
    np.testing.assert_allclose(found.frequencies_hz, 220 * ORDERS, atol=0.1)
    assert found.harmonicity_error < 1e-3


def test_batch_is_its_rows():
    offsets = np.array([-100.0, 0.0, 30.0, 150.0])
    sounds = np.stack([partials_at(220 * ORDERS + offset) for offset in offsets])
    places = moved_places(220 * ORDERS, RATE, offset_hz=offsets)
    together = measure_partials(sounds, RATE, places)
    for row, sound in enumerate(sounds):
        alone = measure_partials(sound, RATE, places[row])
        np.testing.assert_allclose(together.frequencies_hz[row], alone.frequencies_hz, rtol=1e-12)
        np.testing.assert_allclose(together.levels_db[row], alone.levels_db, atol=1e-10)
    assert together.harmonicity_error.shape == (4,)
    assert together.harmonicity_error[1] < 1e-5 < 0.01 < together.harmonicity_error[2]


def test_leading_axes_are_kept():
    sounds = np.tile(partials_at(220 * ORDERS), (2, 3, 1))
    assert measure_partials(sounds, RATE, 220 * ORDERS).frequencies_hz.shape == (2, 3, 5)


def test_single_precision_is_enough():
    sound = partials_at(220 * ORDERS)
    fine, coarse = (measure_partials(sound.astype(dtype), RATE, 220 * ORDERS) for dtype in (np.float64, np.float32))
    np.testing.assert_allclose(coarse.frequencies_hz, fine.frequencies_hz, rtol=8 * np.finfo(np.float32).eps)
    np.testing.assert_allclose(coarse.levels_db, fine.levels_db, rtol=8 * np.finfo(np.float32).eps)


def test_nothing_is_found_where_a_folded_partial_would_be():
    # 220 Hz moved by -300 Hz folds to 80 Hz; it is dropped, though 80 Hz sounds.
    sound = partials_at([80, 140, 360, 580, 800])
    found = measure_partials(sound, RATE, moved_places(220 * ORDERS, RATE, offset_hz=-300))
    np.testing.assert_array_equal(np.isfinite(found.frequencies_hz), [False, True, True, True, True])
    assert found.ratios[1] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_input_is_untouched(dtype):
    sound = partials_at(220 * ORDERS).astype(dtype)
    kept = sound.copy()
    measure_partials(sound, RATE, 220 * ORDERS)
    assert np.array_equal(sound, kept)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((0,), (5,), None), "must hold samples and partials"),
        (((100,), (0,), None), "must hold samples and partials"),
        (((3, 100), (2, 5), None), "must agree but for the last axis"),
        (((100,), (5,), (4,)), r"orders of shape \(4,\) must be one for each of 5 partials"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, message):
    sound, places, orders = (None if shape is None else np.ones(shape) for shape in shapes)
    with pytest.raises(InputError, match=message):
        measure_partials(sound, RATE, places, orders=orders)


# compare_partials


def test_comparison_reads_off_a_frequency_shift():
    sound = partials_at(220 * ORDERS)
    before = measure_partials(sound, RATE, 220 * ORDERS)
    comparison = compare_partials(before, 0.5 * single_sideband(sound, 50), RATE, offset_hz=50)
    np.testing.assert_allclose(comparison.after.expected_hz, 220 * ORDERS + 50, rtol=1e-4)
    assert np.abs(cents(comparison.after.frequencies_hz, comparison.after.expected_hz)).max() < 0.1
    np.testing.assert_allclose(comparison.after.levels_db - before.levels_db, 20 * np.log10(0.5), atol=0.05)
    assert comparison.before.harmonicity_error < 1e-4
    assert comparison.after.harmonicity_error > 0.05


def test_comparison_keeps_orders_and_sees_a_shift_that_went_astray():
    before = measure_partials(partials_at(660 * ORDERS[:3]), RATE, 660 * ORDERS[:3], orders=[3, 6, 9])
    after = compare_partials(before, partials_at(665 * ORDERS[:3]), RATE, interval_semitones=0)
    np.testing.assert_array_equal(after.after.orders, [3, 6, 9])
    np.testing.assert_allclose(after.after.expected_hz, 660 * ORDERS[:3], rtol=1e-4)
    np.testing.assert_allclose(cents(after.after.frequencies_hz, 660 * ORDERS[:3]), cents(665, 660), atol=0.1)


def test_ratios_are_those_of_each_row_and_begin_with_the_lowest_that_is_there():
    found = np.array([[[220.0, 440, 660]], [[np.nan, 300, 450]]])
    partials = Partials(np.arange(1, 4), found, found, found)
    np.testing.assert_array_equal(partials.ratios, [[[1, 2, 3]], [[np.nan, 1, 1.5]]])
    np.testing.assert_allclose(partials.harmonicity_error, [[0], [harmonicity_error([150, 150], [1, 1])]], atol=1e-12)


def test_ten_partials_are_looked_for_if_nothing_is_said():
    np.testing.assert_array_equal(harmonic_places(700, RATE), [*(700.0 * np.arange(1, 11))])
    np.testing.assert_array_equal(harmonic_places(900, RATE)[-2:], [np.nan, np.nan])


def test_orders_are_counted_from_one_and_kept_where_they_are_given():
    sounds = np.stack([partials_at(220 * ORDERS[:3])] * 2)
    np.testing.assert_array_equal(measure_partials(sounds, RATE, 220 * ORDERS[:3]).orders, [1, 2, 3])
    given = measure_partials(sounds, RATE, 220 * ORDERS[:3], orders=[2.0, 4.0, 6.0])
    np.testing.assert_array_equal(given.orders, [2, 4, 6])
    assert given.orders.dtype == np.intp
    assert given.expected_hz.shape == (2, 3)


def test_whole_numbers_are_samples_too():
    sound = np.round(20_000 * partials_at([500.0])).astype(np.int16)
    found = measure_partials(sound, RATE, [500.0])
    np.testing.assert_allclose(found.frequencies_hz, 500, atol=INTERPOLATION_HZ)
    np.testing.assert_allclose(found.levels_db, 20 * np.log10(20_000 * 0.2), atol=0.02)


def test_an_offset_is_added_after_an_interval():
    np.testing.assert_allclose(
        moved_places([100, 300], RATE, offset_hz=[7, -50], interval_semitones=[12, 0]), [[207, 607], [50, 250]]
    )


def test_a_number_is_no_sound_and_no_place():
    for sound, places in ((np.float64(1.0), [100.0]), (np.ones(100), 100.0)):
        with pytest.raises(InputError, match="must hold samples and partials"):
            measure_partials(sound, RATE, places)
