"""Test signals have the frequencies, lengths and places that they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.synthetic import AMPLITUDE, chirp, click, decaying_tone, harmonic_tone, noise, partial_places, tone

RATE = 8000


def amplitude_at(signal, frequency_hz):
    """Amplitude of one component, by the DFT sum at that frequency; exact for whole numbers of periods."""
    rotation = np.exp(-2j * np.pi * frequency_hz * np.arange(len(signal)) / RATE)
    return 2 * np.abs(rotation @ signal) / len(signal)


@given(frequency_hz=st.integers(1, 3999), amplitude=st.floats(0, 1))
def test_tone_is_one_component(frequency_hz, amplitude):
    signal = tone(frequency_hz, 1.0, RATE, amplitude=amplitude)
    assert amplitude_at(signal, frequency_hz) == pytest.approx(amplitude, abs=1e-11)  # 8000 roundings of phase
    assert np.sum(signal**2) == pytest.approx(RATE * amplitude**2 / 2, rel=1e-11, abs=1e-20)


def test_tone_begins_at_its_phase():
    assert tone(1000, 0.1, RATE, phase_radians=np.pi / 2)[0] == AMPLITUDE


def test_partials_of_an_ideal_string_are_harmonic():
    assert np.array_equal(partial_places(110, 5), [110, 220, 330, 440, 550])


def test_stiffness_stretches_partials():
    places = partial_places(110, 3, inharmonicity=0.01)
    np.testing.assert_allclose(places, [110 * np.sqrt(1.01), 220 * np.sqrt(1.04), 330 * np.sqrt(1.09)], rtol=1e-15)


def test_partials_of_a_harmonic_tone_fall_as_one_over_k():
    signal = harmonic_tone(200, 4, 1.0, RATE)
    amplitudes = [amplitude_at(signal, 200 * k) for k in range(1, 5)]
    np.testing.assert_allclose(np.array(amplitudes) * [1, 2, 3, 4], AMPLITUDE / (1 + 1 / 2 + 1 / 3 + 1 / 4), rtol=1e-11)
    assert amplitude_at(signal, 1000) < 1e-11


def test_partials_beyond_nyquist_are_left_out():
    assert np.array_equal(harmonic_tone(1500, 20, 0.1, RATE), harmonic_tone(1500, 2, 0.1, RATE))


@given(fundamental_hz=st.floats(20, 3900), n_partials=st.integers(1, 30))
def test_harmonic_tone_stays_within_amplitude(fundamental_hz, n_partials):
    assert np.abs(harmonic_tone(fundamental_hz, n_partials, 0.05, RATE)).max() <= AMPLITUDE


def test_note_decays_by_e_in_its_decay_time():
    steady, note = harmonic_tone(200, 3, 1.0, RATE), decaying_tone(200, 3, 1.0, RATE, decay_seconds=0.25)
    np.testing.assert_allclose(note[::2000], steady[::2000] / np.e ** np.arange(4), rtol=1e-14)


def test_chirp_passes_through_its_frequencies():
    signal = chirp(500, 1500, 1.0, RATE)
    rising = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    periods_hz = RATE / np.diff(rising)
    assert abs(periods_hz[:5].mean() - 500) < 20
    assert abs(periods_hz[-5:].mean() - 1500) < 40
    assert len(rising) == 999  # the mean frequency is 1000 Hz; the first period begins with a sample of 0


def test_click_is_one_sample():
    signal = click(0.1, RATE, at_seconds=0.05)
    assert np.flatnonzero(signal) == [400]
    assert signal[400] == AMPLITUDE


def test_noise_is_white_and_repeatable():
    signal = noise(np.random.default_rng(3), 4.0, RATE, level_rms=0.2)
    assert np.array_equal(signal, noise(np.random.default_rng(3), 4.0, RATE, level_rms=0.2))
    assert not np.array_equal(signal, noise(np.random.default_rng(4), 4.0, RATE, level_rms=0.2))
    five_sigma = 5 / np.sqrt(len(signal))
    assert signal.std() == pytest.approx(0.2, rel=five_sigma)
    assert abs(signal.mean()) < 0.2 * five_sigma
    assert abs(np.corrcoef(signal[:-1], signal[1:])[0, 1]) < five_sigma


@pytest.mark.parametrize(
    "signal",
    [
        tone(440, 0.1234, RATE),
        harmonic_tone(440, 3, 0.1234, RATE),
        decaying_tone(440, 3, 0.1234, RATE),
        chirp(100, 200, 0.1234, RATE),
        click(0.1234, RATE),
        noise(np.random.default_rng(0), 0.1234, RATE),
    ],
    ids=["tone", "harmonic_tone", "decaying_tone", "chirp", "click", "noise"],
)
def test_length_is_the_duration(signal):
    assert signal.shape == (987,)
    assert signal.dtype == np.float64


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tone(4001, 1.0, RATE), r"frequency 4001 Hz must lie between 0 and the Nyquist 4000.0 Hz"),
        (lambda: tone(-1, 1.0, RATE), "frequency -1 Hz"),
        (lambda: chirp(100, 5000, 1.0, RATE), "frequency 5000 Hz"),
        (lambda: chirp(5000, 100, 1.0, RATE), "frequency 5000 Hz"),
        (lambda: harmonic_tone(4500, 3, 1.0, RATE), "frequency 4500.0 Hz"),
        (lambda: harmonic_tone(100, 0, 1.0, RATE), "n_partials=0 must be at least 1"),
        (lambda: tone(440, 0.0, RATE), "duration_seconds=0.0 and sample_rate=8000 must both be positive"),
        (lambda: click(1.0, 0), "sample_rate=0"),
        (lambda: click(1.0, RATE, at_seconds=1.0), "at_seconds=1.0 lies outside a signal of 1.0 s"),
        (lambda: click(1.0, RATE, at_seconds=-0.1), "at_seconds=-0.1 lies outside"),
    ],
)
def test_impossible_signals_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_the_lowest_and_the_highest_frequency_are_in_range():
    np.testing.assert_array_equal(tone(0, 0.01, RATE, phase_radians=np.pi / 2), AMPLITUDE)
    np.testing.assert_allclose(
        tone(4000, 0.001, RATE, phase_radians=np.pi / 2), AMPLITUDE * (-1.0) ** np.arange(8), rtol=1e-9
    )
    assert np.abs(tone(0.5, 1.0, RATE)).max() == pytest.approx(AMPLITUDE)
    for frequency_hz in (-0.5, 4000.5):
        with pytest.raises(InputError, match=f"frequency {frequency_hz} Hz must lie between 0 and"):
            tone(frequency_hz, 0.01, RATE)


def test_signals_peak_at_half_of_full_scale():
    assert AMPLITUDE == 0.5
    assert np.abs(chirp(1000, 2000, 0.5, RATE)).max() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("duration_seconds", [0.25, 2.0])
def test_a_chirp_is_the_integral_of_its_frequency(duration_seconds):
    seconds = np.arange(round(duration_seconds * RATE)) / RATE
    hertz = 300 + (900 - 300) * seconds / duration_seconds
    # The trapezoid rule is exact for a frequency that moves linearly.
    cycles = np.concatenate([[0], np.cumsum((hertz[1:] + hertz[:-1]) / 2 / RATE)])
    np.testing.assert_allclose(chirp(300, 900, duration_seconds, RATE), 0.5 * np.sin(2 * np.pi * cycles), atol=1e-9)


def test_a_note_decays_in_0_3_seconds_if_nothing_is_said():
    steady, note = harmonic_tone(200, 3, 0.5, RATE), decaying_tone(200, 3, 0.5, RATE)
    np.testing.assert_allclose(note, steady * np.exp(-np.arange(4000) / RATE / 0.3), rtol=1e-12)


def test_noise_is_at_a_tenth_of_full_scale_and_a_click_at_once_if_nothing_is_said():
    drawn = np.random.default_rng(1).standard_normal(800)
    np.testing.assert_allclose(noise(np.random.default_rng(1), 0.1, RATE), 0.1 * drawn)
    np.testing.assert_array_equal(click(0.001, RATE), [0.5, *[0.0] * 7])
    np.testing.assert_array_equal(click(0.001, RATE, at_seconds=0.000875), [*[0.0] * 7, 0.5])


@pytest.mark.parametrize(("fundamental_hz", "n_heard"), [(1000, 3), (1001, 3), (1333, 3), (1334, 2), (2000, 1)])
def test_partials_are_heard_below_nyquist_and_each_with_its_phase(fundamental_hz, n_heard):
    orders = np.arange(1, n_heard + 1)
    seconds = np.arange(80) / RATE
    expected = sum(np.sin(2 * np.pi * fundamental_hz * k * seconds + k) / k for k in orders) * 0.5 / sum(1 / orders)
    np.testing.assert_allclose(harmonic_tone(fundamental_hz, 9, 0.01, RATE), expected, atol=1e-12)


def test_one_partial_is_a_tone_and_one_sample_a_signal():
    np.testing.assert_array_equal(partial_places(300, 1), [300])
    np.testing.assert_array_equal(harmonic_tone(300, 1, 0.01, RATE), tone(300, 0.01, RATE, phase_radians=1.0))
    assert click(1, 1).tolist() == [0.5]
    for duration_seconds, rate in ((-1.0, 10), (1.0, -10), (0, 10)):
        with pytest.raises(InputError, match="must both be positive"):
            click(duration_seconds, rate)


def test_a_stiff_string_is_stretched_from_its_first_partial_on():
    places = partial_places(300, 3, inharmonicity=0.01)
    expected = (
        sum(np.sin(2 * np.pi * hertz * np.arange(80) / RATE + k) / k for k, hertz in enumerate(places, start=1))
        * 0.5
        / (1 + 1 / 2 + 1 / 3)
    )
    np.testing.assert_allclose(harmonic_tone(300, 3, 0.01, RATE, inharmonicity=0.01), expected, atol=1e-12)
