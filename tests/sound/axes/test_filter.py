"""Filters: tones by their place, the response against a direct sum, a group under addition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from audioinv.errors import InputError
from audioinv.sound.axes.filter import Filter, PassBand, attenuate_outside, read_band
from audioinv.sound.clip import Clip

SAMPLE_RATE = 16000
depths = st.floats(-40, 40)


def tone(hertz):
    return np.cos(2 * np.pi * hertz * np.arange(1600) / SAMPLE_RATE)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("low", 900, 1300),
        ("high300", 310, 230),
        ("band200-800", 500, 100),
        ("band", 1990, 2600),
        ("telephone", 3400, 4300),
    ],
)
def test_tones_inside_stay_and_tones_outside_go_down_by_the_amount(name, inside, outside):
    band = read_band(name)
    np.testing.assert_allclose(attenuate_outside(tone(inside), 30.0, SAMPLE_RATE, band), tone(inside), atol=1e-12)
    expected = tone(outside) * 10 ** (-30 / 20)
    np.testing.assert_allclose(attenuate_outside(tone(outside), 30.0, SAMPLE_RATE, band), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "low_hz", "high_hz"),
    [("low", 0, 1000), ("high", 1000, np.inf), ("band", 500, 2000), ("telephone", 300, 3400), ("high300", 300, np.inf)],
)
def test_a_name_says_the_edges(name, low_hz, high_hz):
    assert read_band(name) == PassBand(low_hz, high_hz)


def test_half_way_through_the_transition_half_of_the_decibels():
    hertz = 1000 * 2 ** (1 / 6)
    assert PassBand(0, 1000).outside(np.array([hertz]))[0] == pytest.approx(0.5)
    assert PassBand(1000).outside(np.array([1000 * 2 ** (-1 / 6)]))[0] == pytest.approx(0.5)


def test_it_is_the_circular_convolution_with_its_own_response(rng):
    sound, click = rng.standard_normal(256), np.eye(1, 256)[0]
    response = attenuate_outside(click, 20.0, SAMPLE_RATE, read_band("telephone"))
    directly = linalg.circulant(response) @ sound
    np.testing.assert_allclose(attenuate_outside(sound, 20.0, SAMPLE_RATE, read_band("telephone")), directly)
    np.testing.assert_allclose(response[1:], response[:0:-1])  # symmetric in time: no phase


@given(depths, depths)
def test_amounts_add(first, second):
    sound, band = np.random.default_rng(0).standard_normal(64), read_band("low")
    twice = attenuate_outside(attenuate_outside(sound, first, SAMPLE_RATE, band), second, SAMPLE_RATE, band)
    once = attenuate_outside(sound, first + second, SAMPLE_RATE, band)
    np.testing.assert_allclose(twice, once, rtol=1e-9, atol=1e-9 * 10 ** (80 / 20))


@pytest.mark.parametrize("name", ["", "lows", "telephone300", "band500", "low1-2", "band800-200", "low0"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InputError, match=r"unknown|empty"):
        read_band(name)


def test_a_band_that_holds_all_or_nothing_is_refused():
    for band in (PassBand(0, 9000), PassBand(12000)):
        with pytest.raises(InputError, match="changes nothing or everything at 16000 Hz"):
            attenuate_outside(tone(500), 10.0, SAMPLE_RATE, band)


def test_what_lies_at_zero_hertz_is_below_every_edge_but_zero():
    low = np.array([0.0, 0.1, 0.5, 1.0])
    np.testing.assert_array_equal(PassBand(0, 1000).outside(low), 0)
    np.testing.assert_array_equal(PassBand().outside(low), 0)
    np.testing.assert_array_equal(PassBand(0.3).outside(low), [1, 1, 0, 0])
    np.testing.assert_allclose(
        PassBand(100, 800).outside(np.array([100 * 2 ** (-1 / 12), 800 * 2 ** (1 / 4), 1100])),
        [0.146447, 0.853553, 1],
        rtol=1e-5,
    )


@pytest.mark.parametrize("edges", [(5.0, 5.0), (-1.0, 5.0), (6.0, 5.0), (np.inf, np.inf)])
def test_a_band_begins_at_zero_or_above_and_is_not_empty(edges):
    with pytest.raises(InputError, match=f"a band from {edges[0]:g} to {edges[1]:g} Hz is empty"):
        PassBand(*edges)


def test_components_are_gone_beyond_twenty_decibels():
    clip, hertz = Clip(np.zeros(9), SAMPLE_RATE), np.array([100.0, 1000, 5000])
    landing = Filter("telephone").landing_hz(hertz, np.array([-60.0, 20.0, 20.5]), clip)
    np.testing.assert_array_equal(landing, [hertz, hertz, [np.nan, 1000, np.nan]])


def test_sounds_of_a_batch_are_filtered_each_by_its_amount(rng):
    sounds = rng.standard_normal((2, 401))
    found = attenuate_outside(sounds, [[3.0], [0.0], [-9.0]], SAMPLE_RATE, read_band("low"))
    assert found.shape == (3, 2, 401)
    np.testing.assert_array_equal(found[1], sounds)
    np.testing.assert_allclose(found[2, 1], attenuate_outside(sounds[1], -9.0, SAMPLE_RATE, read_band("low")))
    np.testing.assert_allclose(np.fft.rfft(found[0, 0])[-1], np.fft.rfft(sounds[0])[-1] * 10 ** (-3 / 20))
