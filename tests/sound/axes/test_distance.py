"""One scale: distances against librosa's own log-mel spectrogram, and noise that is its own equivalent."""

import librosa
import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.sound.axes.distance import log_mel_distance, snr_equivalents
from audioinv.sound.axes.noise import add_noise
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE = 16000


@pytest.fixture
def sound():
    tone = harmonic_tone(220.0, 8, duration_seconds=0.5, sample_rate=SAMPLE_RATE)
    return torch.from_numpy(np.pad(0.3 * tone * np.hanning(len(tone)), (800, 800)).astype(np.float32))


def by_librosa(changed, original, rate=SAMPLE_RATE, n_fft=512, n_mels=64):
    levels = [
        librosa.power_to_db(
            librosa.feature.melspectrogram(
                y=np.asarray(found, np.float64),
                sr=rate,
                n_fft=n_fft,
                hop_length=n_fft // 4,
                n_mels=n_mels,
                pad_mode="constant",
            ),
            amin=1e-20,
            top_db=None,
        )
        for found in (changed, original)
    ]
    floor = levels[1].max() - 60
    return np.sqrt(((np.maximum(levels[0], floor) - np.maximum(levels[1], floor)) ** 2).mean())


def test_librosa_finds_the_same_distance(sound, rng):
    changed = torch.stack(
        [sound / 2, sound.roll(200), sound + 0.01 * torch.from_numpy(rng.standard_normal(len(sound)))]
    )
    expected = [by_librosa(row, sound) for row in changed]
    np.testing.assert_allclose(log_mel_distance(changed, sound, SAMPLE_RATE), expected, rtol=1e-4)


def test_the_sound_itself_and_its_negative_are_no_distance_away(sound):
    np.testing.assert_array_equal(log_mel_distance(torch.stack([sound, -sound]), sound, SAMPLE_RATE), [0, 0])


@pytest.mark.parametrize("snr_db", [-10.0, 7.0, 20.0, 40.0])
def test_white_noise_is_its_own_equivalent(sound, snr_db):
    noisy = add_noise(sound, [100 * 10 ** (-snr_db / 20)], np.random.default_rng(9))
    found = snr_equivalents(log_mel_distance(noisy, sound, SAMPLE_RATE), sound, SAMPLE_RATE)
    assert found[0] == pytest.approx(snr_db, abs=1.0)  # another noise than the ladder's


def test_what_no_noise_equals_is_not_a_number(sound):
    found = snr_equivalents(np.array([0.0, 1000.0, np.nan]), sound, SAMPLE_RATE)
    assert np.isnan(found).all()
    silence = torch.zeros(1000)
    assert np.isnan(log_mel_distance(silence[None], silence, SAMPLE_RATE)).all()
    assert np.isnan(snr_equivalents(np.ones(2), silence, SAMPLE_RATE)).all()


def test_other_lengths_are_refused(sound):
    with pytest.raises(InputError, match="cannot be compared with"):
        log_mel_distance(sound[None, 1:], sound, SAMPLE_RATE)


@pytest.mark.parametrize(("rate", "n_fft", "n_mels"), [(8000, 256, 32), (11025, 256, 32), (44100, 1024, 64)])
def test_frames_last_32_milliseconds_at_every_rate_and_a_band_holds_a_bin(rng, rate, n_fft, n_mels):
    original = rng.standard_normal(4000) * np.linspace(0.01, 1, 4000)
    changed = original + 0.03 * rng.standard_normal(4000)
    found = log_mel_distance(torch.from_numpy(changed)[None], torch.from_numpy(original), rate)
    np.testing.assert_allclose(found, [by_librosa(changed, original, rate, n_fft, n_mels)], rtol=1e-4)


def test_the_scale_goes_from_minus_20_to_60_decibels(sound):
    ratios = np.array([-20.3, -19.7, 0, 7.5, 59.7, 60.3])
    noisy = add_noise(
        sound, 100 * 10 ** (-ratios / 20), np.random.default_rng(0)
    )  # the noise that the scale is made of
    found = snr_equivalents(log_mel_distance(noisy, sound, SAMPLE_RATE), sound, SAMPLE_RATE)
    np.testing.assert_allclose(found[1:5], ratios[1:5], atol=0.05)
    np.testing.assert_allclose(found[2:4], [0, 7.5], atol=1e-5)
    assert np.isnan(found[[0, 5]]).all()
