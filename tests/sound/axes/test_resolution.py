"""Resolution: scipy's resampler, rounding by hand, codecs by the error that they may make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audioinv.errors import InputError
from audioinv.sound.axes.resolution import Resolution, lower_rate, round_bits, through_codec
from audioinv.sound.clip import Clip

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


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        (lower_rate, 0, 8),
        (round_bits, 0, 15),
        (lambda sound, amount: through_codec(sound, amount, SAMPLE_RATE), 0, 100),
    ],
    ids=["rate", "bits", "codec"],
)
def test_the_range_of_amounts_includes_its_ends(change, least, most):
    sound = (np.sin(np.arange(4000) / 9) / 2).astype(np.float32)
    found = change(sound, [least, most])
    np.testing.assert_array_equal(found[0], sound)
    assert np.abs(found[1] - sound).max() > 0.01
    for beyond in (least - 0.01, most + 0.01):
        with pytest.raises(InputError, match="must lie between 0"):
            change(sound, [1, beyond])


def test_one_bit_is_left_of_sixteen():
    np.testing.assert_array_equal(round_bits(np.array([-0.9, -0.1, 0.1, 0.9]), 15), [-1, 0, 0, 0])
    np.testing.assert_array_equal(round_bits(np.array([-3.0, 0.3, 3.0]), [0.0, 13.0]), [[-3, 0.3, 3], [-1, 0.25, 0.75]])


def test_components_stay_below_half_the_lower_rate():
    clip, hertz = Clip(np.zeros(9), SAMPLE_RATE), np.array([1999.0, 2000, 3999, 4000, 7999])
    landing = Resolution("rate").landing_hz(hertz, np.array([0.0, 1, 2]), clip)
    np.testing.assert_array_equal(landing, np.where(hertz < [[8000], [4000], [2000]], hertz, np.nan))
    for engine in ("bits", "vorbis"):
        np.testing.assert_array_equal(Resolution(engine).landing_hz(hertz, np.array([9.0]), clip), [hertz])


@pytest.mark.parametrize("n_samples", [1001, 1002, 1003, 1005])
def test_a_lower_rate_keeps_any_length(n_samples):
    sound = np.sin(np.arange(n_samples) / 9).astype(np.float32)
    for octaves in (0.3, 1.0, 1.7):
        found = lower_rate(sound, octaves)
        assert found.shape == (n_samples,)
        np.testing.assert_allclose(found[300:-300], sound[300:-300], atol=5e-3)
