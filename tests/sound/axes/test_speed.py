"""Speed: clicks and tones land where the ratio says, and a phase-exact reference agrees."""

import numpy as np
import pytest
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.axes.speed import Speed, change_speed
from audioinv.sound.clip import Clip

SAMPLE_RATE = 16000


@pytest.mark.parametrize("percent", [-37.5, 25.0, 100.0])
def test_it_is_the_sound_read_at_another_pace(percent):
    places, ratio = np.arange(8000), 1 + percent / 100

    def chirp(place):
        return np.sin(2 * np.pi * (200 + 0.01 * place) * place / SAMPLE_RATE)

    faster = change_speed(chirp(places).astype(np.float32), percent, SAMPLE_RATE)
    heard = slice(500, int(min(8000, 8000 / ratio)) - 500)
    np.testing.assert_allclose(faster[heard], chirp(places * ratio)[heard], atol=5e-3)


def test_scipy_resamples_to_the_same(rng):
    band = signal.butter(6, 2000, fs=SAMPLE_RATE, output="sos")
    sound = signal.sosfiltfilt(band, rng.standard_normal(8000)).astype(np.float32)
    reference = signal.resample_poly(sound, 4, 5)
    faster = change_speed(sound, 25.0, SAMPLE_RATE)
    error = np.linalg.norm((faster[:6400] - reference)[300:-300]) / np.linalg.norm(reference)
    assert error < 5e-3


def test_the_anchor_stays_and_the_rest_comes_earlier():
    sound = np.zeros(8000, np.float32)
    sound[[1000, 5000]] = 1
    faster = change_speed(sound, 100.0, SAMPLE_RATE, anchor_samples=1000)
    assert [int(np.abs(faster[:2000]).argmax()), 2000 + int(np.abs(faster[2000:]).argmax())] == [1000, 3000]


def test_a_faster_sound_leaves_silence_and_a_slower_one_is_cut():
    fidelity = Speed().fidelity(Clip(np.ones(16000, np.float32), SAMPLE_RATE), [-50.0, 0.0, 25.0, 100.0])
    np.testing.assert_allclose(fidelity.window_filled, [0, 0, 0.2, 0.5])
    np.testing.assert_allclose(fidelity.energy_kept[1:], 1, atol=0.01)  # nothing is lost but silence is gained


def test_what_cannot_be():
    with pytest.raises(InputError, match="above −100"):
        change_speed(np.ones(100), -100.0, SAMPLE_RATE)


def test_sixteen_times_as_fast_or_slow_and_no_more():
    for percent in (1500.0, -93.75):
        assert change_speed(np.ones(100, np.float32), percent, SAMPLE_RATE).shape == (100,)
    for percent in (1510.0, -93.8, -99.9):
        with pytest.raises(InputError, match="within ±48"):
            change_speed(np.ones(100, np.float32), percent, SAMPLE_RATE)
    for percent in (-100.0, -150.0):
        with pytest.raises(InputError, match="must be above −100; at −100 nothing plays"):
            change_speed(np.ones(100, np.float32), percent, SAMPLE_RATE)


def test_components_land_at_the_ratio():
    clip = Clip(np.zeros(9), SAMPLE_RATE)
    landing = Speed().landing_hz(np.array([100.0, 5000]), np.array([-50.0, 0, 100]), clip)
    np.testing.assert_allclose(landing, [[50, 2500], [100, 5000], [200, np.nan]])
    np.testing.assert_allclose(Speed().duration_ratio(np.array([-50.0, 0, 25, 100])), [2, 1, 0.8, 0.5])
