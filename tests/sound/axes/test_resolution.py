"""Resolution: scipy's resampler, rounding by hand, codecs by the error that they may make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.axes.resolution import lower_rate, round_bits, through_codec

SAMPLE_RATE = 16000


def test_scipy_brings_the_same_down_and_up(rng):
    sound = rng.standard_normal(8000).astype(np.float32)
    reference = signal.resample_poly(signal.resample_poly(sound, 1, 4), 4, 1)
    found = np.fft.rfft(lower_rate(sound, 2.0) * np.hanning(8000))
    wanted = np.fft.rfft(reference * np.hanning(8000))
    hertz = np.fft.rfftfreq(8000, 1 / SAMPLE_RATE)
    kept, gone = hertz < 1700, hertz > 2100  # the new Nyquist frequency is 2000 Hz
    assert np.linalg.norm((found - wanted)[kept]) < 0.03 * np.linalg.norm(wanted[kept])
    assert np.linalg.norm(found[gone]) < 0.01 * np.linalg.norm(np.fft.rfft(sound * np.hanning(8000))[gone])


@given(st.integers(1, 15), st.lists(st.floats(-1.2, 1.2), min_size=1, max_size=20))
def test_rounding_by_hand(taken, values):
    left = 16 - taken
    levels = np.arange(-(2 ** (left - 1)), 2 ** (left - 1)) / 2 ** (left - 1)
    found = round_bits(np.array(values), taken)
    assert np.isin(found, levels).all()
    nearest = np.abs(np.array(values)[:, None] - levels).min(axis=1)
    np.testing.assert_allclose(np.abs(found - values), nearest, atol=1e-12)


def test_noise_of_rounding_is_6_decibels_a_bit(rng):
    sound = rng.uniform(-0.9, 0.9, 50_000)
    errors = [np.sqrt(((round_bits(sound, taken) - sound) ** 2).mean()) for taken in (4, 8)]
    np.testing.assert_allclose(errors, [2.0 ** (taken - 15) / np.sqrt(12) for taken in (4, 8)], rtol=0.02)


@pytest.mark.parametrize("codec", ["vorbis", "mp3", "opus"])
def test_codecs_keep_place_and_length_and_lose_more_the_more_they_compress(codec, rng):
    envelope = np.exp(-np.arange(8000) / 800)
    sound = (0.3 * envelope * signal.lfilter([1], [1, -0.9], rng.standard_normal(8000))).astype(np.float32)
    sound /= 2 * np.abs(sound).max()
    coded = through_codec(sound, [0.0, 5.0, 100.0], SAMPLE_RATE, codec=codec)
    np.testing.assert_array_equal(coded[0], sound)
    errors = np.linalg.norm(coded - sound, axis=1) / np.linalg.norm(sound)
    assert 0 < errors[1] < errors[2] < 1.1
    lag = int(np.argmax(signal.correlate(coded[1], sound, mode="full"))) - len(sound) + 1
    assert lag == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda sound: lower_rate(sound, -1.0), "octaves=-1.0 must lie between 0"),
        (lambda sound: round_bits(sound, 16.0), "leaves one bit"),
        (lambda sound: through_codec(sound, 101.0, SAMPLE_RATE), "between 0, not coded, and 100"),
        (lambda sound: through_codec(sound, 50.0, SAMPLE_RATE, codec="aac"), "codec='aac' is not one of"),
        (lambda sound: through_codec(sound, 50.0, 22050, codec="opus"), "opus cannot code at 22050 Hz"),
    ],
)
def test_what_cannot_be_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call(np.ones(100, np.float32))
