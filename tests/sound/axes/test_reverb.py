"""Reverberation: a direct convolution, the decay by Schroeder's integral, the energy of the echoes."""

import numpy as np
import pytest
import torch
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.axes.reverb import Reverb, add_reverb, room_response
from audioinv.sound.clip import Clip

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


def test_the_response_is_that_of_a_loop():
    noise, rate = np.random.default_rng(4).standard_normal((2, 30)), 50
    found = room_response(torch.tensor([0.4, 0.0]), rate, noise).numpy()
    powers = 10 ** (-6 * np.arange(1, 4000) / rate / 0.4)  # of an endless tail, without its first sample
    scale = 0.4 / 0.5 / powers.sum()
    for k in range(1, 30):
        assert found[0, k] == pytest.approx(noise[0, k] * np.sqrt(scale * 10 ** (-6 * k / rate / 0.4)), rel=1e-6)
    np.testing.assert_array_equal(found[:, 0], 1)
    assert not found[1, 1:].any()


def test_no_echo_comes_round_to_the_beginning(rng):
    late = np.zeros(50)
    late[49] = 1
    np.testing.assert_allclose(add_reverb(late, 3.0, 8000, np.random.default_rng(0)), late, atol=1e-12)


def test_each_sound_of_a_batch_has_echoes_of_its_own(rng):
    sounds = np.tile(np.eye(1, 80), (2, 1))
    first, second = add_reverb(sounds, 0.1, 8000, np.random.default_rng(0))
    assert (first[1:] != second[1:]).all()
    shared = add_reverb(sounds[0], [0.0, 0.1, 0.2], 8000, np.random.default_rng(0))
    np.testing.assert_array_equal(shared[0], sounds[0])
    np.testing.assert_array_equal(np.sign(shared[1]), np.sign(shared[2]))  # one noise at all amounts
    clip = Clip(sounds[0], 8000)
    assert not torch.equal(Reverb(0).shift(clip, [0.1]), Reverb(1).shift(clip, [0.1]))
    np.testing.assert_array_equal(Reverb().energy_kept(clip, np.ones(2), torch.empty(0)), [1, 1])
    assert np.isnan(Reverb().energy_kept(Clip(np.zeros(5), 8000), np.ones(2), torch.empty(0))).all()
