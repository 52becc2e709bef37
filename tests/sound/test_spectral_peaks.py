"""Peaks near expected places: exact on tones, and neither neighbours, side lobes nor noise are taken for them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.sound import synthetic
from audioinv.sound.harmonics import harmonic_places, measure_partials
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
