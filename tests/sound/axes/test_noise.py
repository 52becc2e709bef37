"""Noise: exact ratios, colours against a periodogram, recordings by place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.audio import write_audio
from audioinv.sound.axes.noise import Noise, add_noise
from audioinv.sound.clip import Clip


def generator():
    return np.random.default_rng(5)


@given(st.floats(-20, 80))
def test_the_ratio_is_exact(snr_db):
    sound = np.sin(np.arange(4000) / 9)
    noise = add_noise(sound, 100 * 10 ** (-snr_db / 20), generator()) - sound
    assert 10 * np.log10((sound**2).mean() / (noise**2).mean()) == pytest.approx(snr_db, abs=1e-6)


def test_amounts_scale_one_and_the_same_noise(rng):
    sound = rng.standard_normal(1000)
    weak, strong = add_noise(sound, [1.0, 50.0], generator()) - sound
    np.testing.assert_allclose(50 * weak, strong, atol=1e-10)
    other = add_noise(sound, 50.0, np.random.default_rng(6)) - sound
    assert abs(np.corrcoef(strong, other)[0, 1]) < 0.15


def test_sounds_of_a_batch_get_noises_of_their_own(rng):
    sounds = np.tile(rng.standard_normal(1000), (2, 1))
    first, second = add_noise(sounds, 10.0, generator()) - sounds
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15


@pytest.mark.parametrize(("colour", "slope"), [("white", 0.0), ("pink", -1.0)])
def test_the_colour_is_the_slope_of_the_spectrum(colour, slope):
    sound = np.sin(np.arange(200_000) / 9)
    noise = add_noise(sound, 100.0, generator(), colour=colour) - sound
    hertz, power = signal.welch(noise, 16000, nperseg=4096)
    band = (hertz > 50) & (hertz < 6000)
    found = np.polyfit(np.log(hertz[band]), np.log(power[band]), 1)[0]
    assert found == pytest.approx(slope, abs=0.05)


def test_a_recording_goes_on_from_its_start(tmp_path):
    recording = np.array([1.0, 2.0, 4.0, 8.0])
    noise = add_noise(np.ones(6), 100.0, generator(), recording=recording) - 1
    assert (noise > 0).all()  # added, not taken away
    steps = np.log2(noise / noise.min())
    np.testing.assert_allclose(np.diff(steps) % 4, 1)  # 1 → 2 → 4 → 8 → 1, wherever it began
    write_audio(tmp_path / "fan.wav", 0.1 * recording, 8000)
    heard = Noise(str(tmp_path / "fan.wav")).shift(Clip(np.ones(6), 8000), [0.0, 100.0])[1].numpy() - 1
    assert np.sqrt((heard**2).mean()) == pytest.approx(1, rel=1e-3)
    (tmp_path / "fan.wav").unlink()  # it is read once, not for every clip
    assert Noise(str(tmp_path / "fan.wav")).shift(Clip(np.ones(6), 8000), [100.0]).shape == (1, 6)


def test_silence_stays_silent():
    assert not add_noise(np.zeros(100), 50.0, generator()).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_percent": -1.0}, "must be 0 or more"),
        ({"colour": "blue"}, "colour='blue' is not one of white, pink"),
        ({"recording": np.zeros(9)}, "not silent"),
        ({"recording": np.r_[np.zeros(500), 1]}, "silent for a whole window"),
    ],
)
def test_what_cannot_be_is_said(options, message):
    with pytest.raises(InputError, match=message):
        add_noise(np.ones(3), **{"noise_percent": 10.0, "rng": generator(), **options})


def test_all_of_the_sound_is_kept_under_noise(rng):
    clip = Clip(rng.standard_normal(500).astype(np.float32), 8000)
    fidelity = Noise().fidelity(clip, [0.0, 100.0])
    np.testing.assert_array_equal(fidelity.energy_kept, 1)
    assert fidelity.level_change_db[1] == pytest.approx(3.0, abs=0.5)


@pytest.mark.parametrize("n_samples", [63, 64])
def test_pink_is_white_less_three_decibels_an_octave_and_nothing_at_zero_hertz(n_samples):
    sounds = np.ones((2, n_samples))
    white, pink = (np.fft.rfft(add_noise(sounds, 10.0, generator(), colour=colour) - 1) for colour in ("white", "pink"))
    np.testing.assert_allclose(pink[:, 0], 0, atol=1e-12)
    inner = slice(1, None if n_samples % 2 else -1)
    ratio = (pink / white)[:, inner] * np.sqrt(np.arange(n_samples // 2 + 1)[inner])
    np.testing.assert_allclose(ratio / ratio[:, :1], 1, atol=1e-9)


def test_noise_is_as_loud_as_each_sound_of_a_batch(rng):
    sounds = rng.standard_normal((3, 500)) * [[1.0], [0.01], [0.0]]
    noise = add_noise(sounds, [[50.0], [200.0]], generator()) - sounds
    levels = np.sqrt((sounds**2).mean(-1))
    np.testing.assert_allclose(np.sqrt((noise**2).mean(-1)), [0.5 * levels, 2 * levels], atol=1e-12)


def test_a_recording_may_begin_anywhere_for_every_sound():
    recording = np.array([1.0, 2.0, 4.0])
    noise = add_noise(np.ones((60, 3)), 100.0, generator(), recording=recording) - 1
    firsts = np.round(np.log2(noise[:, 0] / noise.min(axis=1))).astype(int)
    assert set(firsts) == {0, 1, 2}
    with pytest.raises(InputError, match="silent for a whole window"):
        add_noise(np.ones((60, 2)), 10.0, generator(), recording=np.array([0.0, 0, 0, 0, 1]))
    with pytest.raises(InputError, match=r"must be mono and not silent; got shape \(2, 9\)"):
        add_noise(np.ones(3), 10.0, generator(), recording=np.ones((2, 9)))


def test_an_engine_that_is_no_colour_is_a_recording():
    clip = Clip(np.ones(50), 8000)
    white, pink = (Noise(colour, seed=4).shift(clip, [30.0]) for colour in ("white", "pink"))
    assert not np.allclose(white, pink)
    assert not np.allclose(white, Noise("white", seed=5).shift(clip, [30.0]))
    assert np.isnan(Noise().energy_kept(Clip(np.zeros(5), 8000), np.ones(2), white)).all()
