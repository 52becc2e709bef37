"""Peaks near expected places: exact on tones, and neither neighbours, side lobes nor noise are taken for them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.sound import synthetic
from audioinv.sound.harmonics import harmonic_places, measure_partials
from audioinv.sound.spectral_peaks import _floor_db, _highest, _level_db, _Search, _search, find_peaks, hann_window
from tests.sound.notes import INTERPOLATION_HZ, ORDERS, RATE, SECONDS, partials_at


@settings(deadline=None, max_examples=50)
@given(frequency_hz=st.floats(60, 7900), level_db=st.floats(-60, 0))
def test_lone_tone_is_measured_exactly(frequency_hz, level_db):
    sound = synthetic.tone(frequency_hz, SECONDS, RATE, amplitude=10 ** (level_db / 20))
    found = measure_partials(sound, RATE, [frequency_hz * 1.01])
    assert found.frequencies_hz[0] == pytest.approx(frequency_hz, abs=INTERPOLATION_HZ)
    assert found.levels_db[0] == pytest.approx(level_db, abs=0.02)


def test_absent_partials_are_missing():
    odd = partials_at(220 * ORDERS[::2])
    found = measure_partials(odd, RATE, 220 * ORDERS)
    np.testing.assert_array_equal(np.isfinite(found.frequencies_hz), [True, False, True, False, True])


@pytest.mark.parametrize("offset_hz", [40, 110, 180])
def test_neighbour_is_not_taken_for_a_partial(offset_hz):
    found = measure_partials(partials_at(220 * ORDERS + offset_hz), RATE, 220 * ORDERS)
    assert np.isnan(found.frequencies_hz).all()


def test_neighbour_of_a_high_partial_is_not_taken_for_it():
    orders = np.arange(15, 20)  # 3 % of 3300 Hz is almost half the spacing, and of 4180 Hz more
    found = measure_partials(partials_at(220 * (orders + 0.45)), RATE, 220 * orders)
    assert np.isnan(found.frequencies_hz).all()


@pytest.mark.parametrize("duration_seconds", [0.1, 0.2, 0.4])
def test_side_lobe_is_not_taken_for_a_partial(duration_seconds):
    for distance_bins in np.arange(5.0, 12.0, 0.2):
        beside = synthetic.tone(220 + distance_bins / duration_seconds, duration_seconds, RATE)
        assert np.isnan(measure_partials(beside, RATE, [220]).frequencies_hz[0])


@pytest.mark.parametrize(("level_db", "is_found"), [(-55, True), (-65, False)])
def test_partials_far_below_the_strongest_do_not_count(level_db, is_found):
    sound = synthetic.tone(220, SECONDS, RATE) + 10 ** (level_db / 20) * synthetic.tone(440, SECONDS, RATE)
    assert np.isfinite(measure_partials(sound, RATE, [220, 440]).frequencies_hz[1]) == is_found


@pytest.mark.parametrize(("amplitude", "is_found"), [(0.02, True), (0.001, False)])
def test_partials_below_the_noise_do_not_count(amplitude, is_found):
    hiss = synthetic.noise(np.random.default_rng(5), SECONDS, RATE, level_rms=0.1)
    sound = hiss + synthetic.tone(440, SECONDS, RATE, amplitude=amplitude)
    assert np.isfinite(measure_partials(sound, RATE, [440]).frequencies_hz[0]) == is_found


def test_noise_has_no_partials():
    generator = np.random.default_rng(6)
    hiss = np.stack([synthetic.noise(generator, SECONDS, RATE) for _ in range(100)])
    found = measure_partials(hiss, RATE, harmonic_places(220, RATE))
    assert np.isnan(found.frequencies_hz).all()
    assert np.isnan(found.harmonicity_error).all()


def test_silence_has_no_partials():
    assert np.isnan(measure_partials(np.zeros(4000), RATE, [220, 440]).levels_db).all()


@pytest.mark.parametrize(("duration_seconds", "is_found"), [(0.03, True), (0.02, False)])
def test_partials_closer_than_five_bins_are_not_told_apart(duration_seconds, is_found):
    found = measure_partials(partials_at(220 * ORDERS, duration_seconds), RATE, 220 * ORDERS)
    assert np.isfinite(found.frequencies_hz[:2]).any() == is_found


@pytest.mark.parametrize("place_hz", [2.0, 7999.0])
def test_partials_at_the_ends_of_the_band_are_not_measured(place_hz):
    assert np.isnan(measure_partials(synthetic.tone(place_hz, SECONDS, RATE), RATE, [place_hz]).frequencies_hz[0])


@pytest.mark.parametrize("place_hz", [-10.0, 0.0, 8000.0, 8010.0])
def test_places_outside_the_band_are_not_searched(place_hz):
    near = synthetic.tone(20, SECONDS, RATE) + synthetic.tone(7990, SECONDS, RATE)
    assert np.isnan(measure_partials(near, RATE, [place_hz]).frequencies_hz[0])


def test_many_rows_are_measured_as_few():
    sound = partials_at(220 * ORDERS, 0.05)
    places = harmonic_places(220, RATE, n_partials=5)
    many = measure_partials(np.tile(sound, (600, 1)), RATE, places)  # more than one chunk
    few = measure_partials(sound, RATE, places)
    np.testing.assert_allclose(many.frequencies_hz, np.tile(few.frequencies_hz, (600, 1)), rtol=1e-12)


def test_the_window_is_hanns_between_its_samples():
    places = (np.arange(7) + 0.5) / 7
    np.testing.assert_allclose(hann_window(7), np.sin(np.pi * places) ** 2, rtol=1e-12)
    assert hann_window(4).min() > 0


def test_a_search_reaches_three_percent_or_two_bins_but_not_to_a_neighbour():
    places = np.array([[40.0, 1000, 2000, 2010, np.nan, 4000], [-1, 0, 100, 3999, 7000, 1e5], [1.5, *[np.nan] * 5]])
    search = _search(places, 2.0, 3.0, 2000)  # bins of 2 Hz, three of them for one of the DFT
    np.testing.assert_array_equal(search.centre[0], [20, 500, 1000, 1005, np.nan, np.nan])
    np.testing.assert_allclose(search.radius[0, :4], [6, 15, 2, 2])  # 2 · 3 bins; 3 %; 0.4 of the way
    np.testing.assert_allclose(search.half_gap[0, :4], [10, 240, 2.5, 2.5])  # no farther than 0 Hz
    np.testing.assert_array_equal(search.centre[1], [np.nan, np.nan, 50, 1999.5, np.nan, np.nan])
    np.testing.assert_allclose(search.radius[1, 2:4], [6, 0.03 * 1999.5])
    np.testing.assert_array_equal(search.centre[2, 0], 0.75)  # within the first bin, next to 0 Hz


def test_a_peak_is_measured_in_each_row_of_a_long_sound():
    # One row is longer than what is taken at once.
    sounds = np.stack([synthetic.tone(hertz, 6, RATE) for hertz in (220.3, 331.7)])
    found = find_peaks(sounds, RATE, np.array([[220.0, 660], [331, 900]]))
    np.testing.assert_allclose(found[0], [[220.3, np.nan], [331.7, np.nan]], atol=1e-3)
    np.testing.assert_allclose(found[1], [[20 * np.log10(0.5), np.nan]] * 2, atol=0.01)


def test_no_sound_has_no_peaks():
    assert find_peaks(np.zeros((0, 100)), RATE, np.zeros((0, 3))).shape == (2, 0, 3)


@pytest.mark.parametrize(("level_db", "is_found"), [(-59.5, True), (-60.5, False)])
def test_a_partial_may_be_sixty_decibels_below_the_whole_sound(level_db, is_found):
    sound = synthetic.tone(1000, SECONDS, RATE) + 10 ** (level_db / 20) * synthetic.tone(3000, SECONDS, RATE)
    assert np.isfinite(measure_partials(sound, RATE, [1000, 3000]).frequencies_hz[1]) == is_found


@pytest.mark.parametrize(("off_percent", "is_found"), [(2.95, True), (3.05, False), (-2.95, True), (-3.05, False)])
def test_a_partial_is_searched_within_three_percent_of_its_place(off_percent, is_found):
    sound = synthetic.tone(4000 * (1 + off_percent / 100), SECONDS, RATE)
    assert np.isfinite(measure_partials(sound, RATE, [4000]).frequencies_hz[0]) == is_found


def level_at(sound, frequency_hz):
    """Level of a Hann-windowed sound at any frequency, by the sum that defines it."""
    window = np.sin(np.pi * (np.arange(len(sound)) + 0.5) / len(sound)) ** 2
    rotation = np.exp(-2j * np.pi * frequency_hz * np.arange(len(sound)) / RATE)
    return 20 * np.log10(2 * np.abs(rotation @ (window * sound)) / window.sum())


def test_a_peak_that_falls_by_more_than_fifteen_decibels_in_a_bin_is_no_main_lobe():
    # A tone that is faded out in its middle has a narrower peak than a steady one.
    times = np.arange(4000) / RATE
    found = {}
    for depth in np.linspace(0, 1.25, 26):
        sound = np.cos(2 * np.pi * 1000 * times) * (1 - depth * np.cos(2 * np.pi * (times - 0.125) / 0.25)) / 4
        left, top, right = (level_at(sound, 1000 + step * 4 / 3) for step in (-1, 0, 1))  # a third of a bin
        fall_db = 9 * (2 * top - left - right) / 2
        found[fall_db] = np.isfinite(measure_partials(sound, RATE, [1000]).frequencies_hz[0])
    assert min(found) < 6 < 14 < sorted(found)[-4] < 15 < sorted(found)[-3] < 16 < max(found)
    assert all(is_found == (fall_db < 15) for fall_db, is_found in found.items())


@pytest.mark.parametrize(("below_db", "is_found"), [(15.4, True), (14.6, False)])
def test_a_peak_stands_fifteen_decibels_above_the_median_around_it(below_db, is_found):
    sound = synthetic.tone(1000, 0.25, RATE)
    click = np.eye(1, 4000, 2000)[0]  # as strong at all frequencies
    sound += click * 0.5 * 10 ** ((0 - below_db - level_at(click, 3000)) / 20)
    assert np.isfinite(measure_partials(sound, RATE, [1000]).frequencies_hz[0]) == is_found


def test_levels_are_those_of_the_bins_and_beyond_the_ends_those_of_the_ends():
    spectra = np.array([[1, 10, 100, 1000, 10j], [3 + 4j, 0, 1, 1, 1]])
    bins = np.array([[[-7, 0], [3, 4], [5, 90]], [[0, 1], [2, 3], [0, 0]]])
    levels = _level_db(spectra, bins)
    np.testing.assert_allclose(levels[0], [[0, 0], [60, 20], [20, 20]])
    np.testing.assert_allclose(levels[1], [[20 * np.log10(5), -3000], [0, 0], [20 * np.log10(5)] * 2])


def test_the_highest_bin_within_reach_and_the_median_half_way_to_the_neighbours():
    slope = 10 ** (np.arange(101) / 20)[None]  # a decibel a bin
    search = _Search(np.array([[50.0, 20.4, np.nan]]), np.array([[6.9, 3.5, np.nan]]), np.array([[20.0, 7.0, np.nan]]))
    np.testing.assert_array_equal(_highest(slope, search)[0, :2], [56, 23])
    np.testing.assert_array_equal(_highest(slope[:, ::-1], search)[0, :2], [44, 17])
    np.testing.assert_allclose(_floor_db(slope, search)[0, :2], [50, 20], atol=0.5)
    stairs = np.where(np.abs(np.arange(101) - 50) <= 15, 10.0, 1.0)[None]
    assert _floor_db(stairs, search)[0, 0] == 20  # three quarters of what is within 20 bins
    stairs = np.where(np.abs(np.arange(101) - 50) <= 8, 10.0, 1.0)[None]
    assert _floor_db(stairs, search)[0, 0] == 0
