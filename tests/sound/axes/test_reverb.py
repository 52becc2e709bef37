"""Reverberation: a direct convolution, the decay by Schroeder's integral, the energy of the echoes."""

import numpy as np
import pytest
import torch
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.axes.reverb import add_reverb, room_response

SAMPLE_RATE = 8000


def response(t60_seconds, seed=0, n_samples=16000):
    noise = np.random.default_rng(seed).standard_normal(n_samples)
    return room_response(torch.tensor(t60_seconds), SAMPLE_RATE, noise).numpy()


def test_it_is_the_direct_convolution_cut_to_the_window(rng):
    sound = rng.standard_normal(700)
    noise = np.random.default_rng(3).standard_normal(700)
    room = room_response(torch.tensor(0.1, dtype=torch.float64), SAMPLE_RATE, noise).numpy()
    wet = add_reverb(sound, 0.1, SAMPLE_RATE, np.random.default_rng(3))
    np.testing.assert_allclose(wet, np.convolve(sound, room)[:700], atol=1e-12)
    np.testing.assert_allclose(wet, signal.fftconvolve(sound, room)[:700], atol=1e-12)


@pytest.mark.parametrize("t60_seconds", [0.1, 0.5, 1.0])
def test_the_echoes_fall_by_60_decibels_in_the_decay_time(t60_seconds):
    energy = np.mean([response(t60_seconds, seed)[1:] ** 2 for seed in range(20)], axis=0)
    left = 10 * np.log10(np.cumsum(energy[::-1])[::-1])  # Schroeder's backward integral
    fitted = np.flatnonzero((left < left[0] - 5) & (left > left[0] - 35))
    slope = np.polyfit(fitted / SAMPLE_RATE, left[fitted], 1)[0]
    assert -60 / slope == pytest.approx(t60_seconds, rel=0.05)


@pytest.mark.parametrize("t60_seconds", [0.05, 0.5, 1.0])
def test_the_energy_of_the_echoes_grows_with_the_decay_time(t60_seconds):
    energy = np.mean([(response(t60_seconds, seed)[1:] ** 2).sum() for seed in range(100)])
    assert energy == pytest.approx(t60_seconds / 0.5, rel=0.1)
    assert response(t60_seconds)[0] == 1


def test_a_short_decay_is_nearly_none_and_linear_in_the_sound(rng):
    sound = rng.standard_normal(4000)

    def wet(waveform, seconds):
        return add_reverb(waveform, seconds, SAMPLE_RATE, np.random.default_rng(0))

    assert np.linalg.norm(wet(sound, 1e-5) - sound) < 0.01 * np.linalg.norm(sound)
    np.testing.assert_allclose(wet(-3 * sound, 0.3), -3 * wet(sound, 0.3), atol=1e-9)
    assert not wet(np.r_[np.zeros(100), sound], 0.3)[:99].round(9).any()  # no echo before the sound


def test_a_negative_time_is_refused():
    with pytest.raises(InputError, match="0 is no room"):
        add_reverb(np.ones(4), -0.1, SAMPLE_RATE, np.random.default_rng(0))
