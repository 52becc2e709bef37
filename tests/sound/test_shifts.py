"""Shift operators: identities by hand, relations by hypothesis, oracles from scipy."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.shifts import bin_shift, frequency_shift, time_shift
from audioinv.sound.synthetic import harmonic_tone, tone

SAMPLE_RATE = 16000
EPS32, EPS64 = np.finfo(np.float32).eps, np.finfo(np.float64).eps
FOUR = np.array([1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("delay", "edges", "expected"),
    [
        (1, "zero", [0, 1, 2, 3]),
        (-1, "zero", [2, 3, 4, 0]),
        (4, "zero", [0, 0, 0, 0]),
        (9, "zero", [0, 0, 0, 0]),
        (-9, "zero", [0, 0, 0, 0]),
        (1, "circular", [4, 1, 2, 3]),
        (-5, "circular", [2, 3, 4, 1]),
        (1, "context", [-1, 1, 2, 3]),
        (2, "context", [-2, -1, 1, 2]),
        (3, "context", [0, -2, -1, 1]),
        (-2, "context", [3, 4, 5, 0]),
    ],
)
def test_four_samples(delay, edges, expected):
    context = {"before": np.array([-2.0, -1.0]), "after": np.array([5.0])} if edges == "context" else {}
    np.testing.assert_array_equal(time_shift(FOUR, delay, edges=edges, **context), expected)


@pytest.mark.parametrize("edges", ["zero", "circular", "noise", "context"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_amount_zero_is_the_very_input(rng, edges, dtype):
    sound = rng.standard_normal((2, 501)).astype(dtype)
    same = time_shift(sound, 0.0, edges=edges, rng=rng, before=sound[:, :9], after=sound[:, :9])
    np.testing.assert_array_equal(same, sound)
    assert same.dtype == dtype
    np.testing.assert_array_equal(frequency_shift(sound, 0.0, SAMPLE_RATE), sound)


sounds = (
    st.integers(2, 65)
    .flatmap(
        lambda n: st.tuples(
            st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).standard_normal(n)),
            st.sampled_from([np.float32, np.float64]),
        )
    )
    .map(lambda pair: pair[0].astype(pair[1]))
)


@given(sounds, st.integers(-70, 70), st.integers(-70, 70))
def test_whole_circular_delays_add_exactly(sound, first, second):
    twice = time_shift(time_shift(sound, first, edges="circular"), second, edges="circular")
    np.testing.assert_array_equal(twice, time_shift(sound, first + second, edges="circular"))


@given(sounds, st.integers(0, 70))
def test_exactly_k_zeros_enter(sound, delay):
    later = time_shift(sound, delay)
    k = min(delay, len(sound))
    np.testing.assert_array_equal(later[:k], 0)
    np.testing.assert_array_equal(later[k:], sound[: len(sound) - k])


@given(sounds, st.floats(-30, 30))
def test_circular_fraction_keeps_the_spectrum_and_is_undone(sound, delay):
    later = time_shift(sound, delay, edges="circular")
    # Rounding of two transforms of a few dozen samples, in the sound's own precision.
    tolerance = 64 * np.finfo(sound.dtype).eps * np.abs(sound).sum()
    before, after = (np.abs(np.fft.rfft(x.astype(float))) for x in (sound, later))
    # At Nyquist only the cosine part of a fractional delay is real, so that bin alone may shrink.
    inner = slice(None, -1 if len(sound) % 2 == 0 and delay % 1 else None)
    np.testing.assert_allclose(after[inner], before[inner], atol=tolerance)
    if inner.stop is None:
        np.testing.assert_allclose(time_shift(later, -delay, edges="circular"), sound, atol=tolerance)


@given(sounds, st.floats(-20, 20))
def test_circular_delay_agrees_with_scipy(sound, delay):
    spectrum = np.fft.fft(sound.astype(float))
    expected = np.fft.ifft(scipy.ndimage.fourier_shift(spectrum, delay)).real
    tolerance = 64 * np.finfo(sound.dtype).eps * np.abs(sound).sum()
    np.testing.assert_allclose(time_shift(sound, delay, edges="circular"), expected, atol=tolerance)


def test_fractional_delay_moves_a_band_limited_sound_by_just_that(rng):
    seconds = np.arange(4000) / SAMPLE_RATE
    envelope = np.exp(-(((seconds - 0.125) / 0.02) ** 2))
    sound = envelope * np.sin(2 * np.pi * 1000 * (seconds - 0.125))
    late = seconds - 0.125 - 3.37 / SAMPLE_RATE
    expected = np.exp(-((late / 0.02) ** 2)) * np.sin(2 * np.pi * 1000 * late)
    # The pulse has no energy at the borders, so the delay is exact to rounding.
    np.testing.assert_allclose(time_shift(sound, 3.37), expected, atol=1e-12)
    nearest = time_shift(sound, 3)
    assert np.abs(nearest - expected).max() > 0.1  # the control: whole samples do not do


def test_context_is_a_window_that_slides_over_the_recording(rng):
    recording = rng.standard_normal(300)
    window, before, after = recording[100:200], recording[:100], recording[200:]
    for delay in (-99, -7, 0, 42, 100):
        slid = time_shift(window, delay, edges="context", before=before, after=after)
        np.testing.assert_array_equal(slid, recording[100 - delay : 200 - delay])


@pytest.mark.parametrize("shift", [lambda x, a: time_shift(x, a), lambda x, a: frequency_shift(x, a, SAMPLE_RATE)])
def test_batches_are_the_single_sounds(rng, shift):
    sounds = rng.standard_normal((3, 257))
    amounts = np.array([0.0, 2.5, -41.0])
    together = shift(sounds, amounts)
    spread = shift(sounds[0], amounts)
    for i, amount in enumerate(amounts):
        np.testing.assert_allclose(together[i], shift(sounds[i], amount), atol=1e-13)
        np.testing.assert_allclose(spread[i], shift(sounds[0], amount), atol=1e-13)


def test_input_is_not_touched_and_kind_is_kept(rng):
    sound = rng.standard_normal(64)
    kept = sound.copy()
    tensor = torch.from_numpy(sound.astype(np.float32))
    for edges in ("zero", "circular"):
        assert isinstance(time_shift(sound, 3.5, edges=edges), np.ndarray)
        assert isinstance(time_shift(tensor, 3.5, edges=edges), torch.Tensor)
        assert time_shift(tensor, 3.5, edges=edges).dtype == torch.float32
    frequency_shift(sound, 100.0, SAMPLE_RATE)
    np.testing.assert_array_equal(sound, kept)


@pytest.mark.parametrize("n_samples", [800, 801])
@pytest.mark.parametrize(("dtype", "eps"), [(np.float32, EPS32), (np.float64, EPS64)])
def test_frequency_shift_is_the_real_part_of_scipys_analytic_signal_turned(rng, n_samples, dtype, eps):
    # Band-limited so that nothing crosses 0 Hz or Nyquist, where the plain product would fold.
    band = scipy.signal.butter(8, [2000, 5000], "bandpass", fs=SAMPLE_RATE, output="sos")
    sound = scipy.signal.sosfiltfilt(band, rng.standard_normal(n_samples))
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    sound = np.fft.irfft(np.where((hertz > 1000) & (hertz < 6000), spectrum, 0), n_samples).astype(dtype)
    turn = np.exp(2j * np.pi * 310 * np.arange(n_samples) / SAMPLE_RATE)
    expected = (scipy.signal.hilbert(sound.astype(float)) * turn).real
    np.testing.assert_allclose(
        frequency_shift(sound, 310.0, SAMPLE_RATE), expected, atol=64 * eps * np.abs(sound).max()
    )


@example(0, 300)
@example(8000, -300)
@given(st.integers(0, 8000), st.integers(-9000, 9000))
@settings(deadline=None)
def test_a_tone_lands_where_theory_says_or_is_gone(frequency_hz, offset_hz):
    sound = np.cos(2 * np.pi * frequency_hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    moved = frequency_shift(sound, offset_hz, SAMPLE_RATE)
    landing = frequency_hz + offset_hz
    spectrum = np.abs(np.fft.rfft(moved)) / (SAMPLE_RATE / 2)
    if 0 < landing < SAMPLE_RATE // 2:
        assert int(spectrum.argmax()) == landing
        assert spectrum[landing] == pytest.approx(1.0, abs=1e-9)
    elif not 0 <= landing <= SAMPLE_RATE // 2:
        assert spectrum.max() < 1e-9  # removed, not folded back


def test_control_the_naive_product_folds_what_we_remove():
    sound = tone(100.0, duration_seconds=1.0, sample_rate=SAMPLE_RATE)
    naive = (scipy.signal.hilbert(sound) * np.exp(-2j * np.pi * 300 * np.arange(len(sound)) / SAMPLE_RATE)).real
    ours = frequency_shift(sound, -300.0, SAMPLE_RATE)
    assert np.sum(ours**2) < 1e-12 * np.sum(sound**2)
    assert np.sum(naive**2) > 0.9 * np.sum(sound**2)


def test_frequency_shift_is_undone_while_nothing_crosses_the_band(rng):
    sound = harmonic_tone(400.0, 8, duration_seconds=0.5, sample_rate=SAMPLE_RATE)
    for whole_bins in (100.0, -200.0):
        back = frequency_shift(frequency_shift(sound, whole_bins, SAMPLE_RATE), -whole_bins, SAMPLE_RATE)
        assert np.linalg.norm(back - sound) < 1e-9 * np.linalg.norm(sound)
    lost = frequency_shift(frequency_shift(sound, -500.0, SAMPLE_RATE), 500.0, SAMPLE_RATE)
    assert np.linalg.norm(lost - sound) > 0.1 * np.linalg.norm(sound)  # the control: one partial went below 0 Hz


def test_offsets_add():
    sound = harmonic_tone(400.0, 5, duration_seconds=0.5, sample_rate=SAMPLE_RATE)
    twice = frequency_shift(frequency_shift(sound, 60.0, SAMPLE_RATE), 40.0, SAMPLE_RATE)
    np.testing.assert_allclose(twice, frequency_shift(sound, 100.0, SAMPLE_RATE), atol=1e-10)


@given(st.integers(-8, 8), st.integers(-8, 8))
def test_bin_shift_moves_rows_and_fills(first, second):
    spectrogram = np.arange(12.0).reshape(6, 2) + 1
    moved = bin_shift(spectrogram, first, fill=-80.0)
    expected = np.full_like(spectrogram, -80.0)
    for row in range(6):
        if 0 <= row - first < 6:
            expected[row] = spectrogram[row - first]
    np.testing.assert_array_equal(moved, expected)
    pair = bin_shift(spectrogram, [first, second], fill=-80.0)
    np.testing.assert_array_equal(pair[0], moved)
    np.testing.assert_array_equal(pair[1], bin_shift(spectrogram, second, fill=-80.0))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: time_shift(FOUR, np.nan), "finite"),
        (lambda: time_shift(FOUR.reshape(2, 2), [1, 2, 3]), "do not broadcast"),
        (lambda: time_shift(np.float64(1.0), 1), r"of shape \(\.\.\., n_samples\)"),
        (lambda: frequency_shift(FOUR, 1.0, 0), "sample_rate=0 must be positive|positive number"),
        (lambda: bin_shift(FOUR.reshape(2, 2), 0.5), "whole bins"),
        (lambda: bin_shift(FOUR, 1), "n_bins, n_frames"),
    ],
)
def test_errors_say_what_is_wrong(call, words):
    with pytest.raises(InputError, match=words):
        call()


@given(
    st.integers(1, 3),
    st.integers(2, 40),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["zero", "circular", "context", "noise"]),
    st.one_of(st.integers(-50, 50), st.floats(-50, 50)),
)
@settings(deadline=None)
def test_channels_lengths_and_dtypes_go_through_alike(n_channels, n_samples, dtype, edges, amount):
    rng = np.random.default_rng(n_samples)
    sounds = rng.standard_normal((n_channels, n_samples)).astype(dtype)
    around = rng.standard_normal((n_channels, 7)).astype(dtype)
    noise = {"rng": np.random.default_rng(1)} if edges == "noise" else {}
    together = time_shift(sounds, amount, edges=edges, before=around, after=around, **noise)
    assert together.shape == sounds.shape
    assert together.dtype == dtype
    moved = frequency_shift(sounds, amount, SAMPLE_RATE)
    assert moved.dtype == dtype
    tolerance = 1e3 * np.finfo(dtype).eps
    for channel in range(n_channels):
        np.testing.assert_allclose(
            moved[channel], frequency_shift(sounds[channel], amount, SAMPLE_RATE), atol=tolerance
        )
        if edges != "noise":  # noise is drawn anew for each channel
            context = {"before": around[channel], "after": around[channel]}
            alone = time_shift(sounds[channel], amount, edges=edges, **context)
            np.testing.assert_allclose(together[channel], alone, atol=tolerance)


@pytest.mark.parametrize(("n_away", "is_heard"), [(4095, True), (4096, True), (4097, False)])
def test_a_fraction_hears_4096_samples_on_either_side(n_away, is_heard):
    before, after = np.zeros(5000), np.zeros(5000)
    window = np.zeros(10)
    before[-n_away] = 1e6
    assert time_shift(window, 0.5, edges="context", before=before, after=after).any() == is_heard
    before[:] = 0
    after[n_away - 1] = 1e6
    assert time_shift(window, 0.5, edges="context", before=before, after=after).any() == is_heard


@pytest.mark.parametrize("amount", [0.5, 2.5, -3.25, 31.0, -24.0, 40.0, -40.0])
def test_channels_hear_their_own_recording(rng, amount):
    sounds, before, after = rng.standard_normal((2, 9)), rng.standard_normal((2, 30)), rng.standard_normal((2, 20))
    found = time_shift(sounds, amount, edges="context", before=before, after=after)
    for channel in range(2):
        whole = np.concatenate([np.zeros(9000), before[channel], sounds[channel], after[channel], np.zeros(9000)])
        index = np.arange(9030, 9039) - amount
        # The sinc of a band-limited delay, summed directly; the transform repeats it after 8 000 samples.
        expected = [(whole * np.sinc(place - np.arange(len(whole)))).sum() for place in index]
        np.testing.assert_allclose(found[channel], expected, atol=2e-3 if amount % 1 else 1e-12)


def test_no_delay_makes_no_window_and_no_sound_an_empty_one():
    for edges in ("zero", "circular"):
        assert time_shift(FOUR, np.zeros((2, 0)), edges=edges).shape == (2, 0, 4)
    for shape in ((0,), (2, 0)):
        assert time_shift(np.zeros(shape), 3.0).shape == shape


@pytest.mark.parametrize("delays", [[9, 3, 2], [-7, -4, -5], [-60, 2, 60], [50, 60], [-50, -60], [0, 1]])
def test_whole_delays_are_windows_of_the_recording_wherever_they_lie(rng, delays):
    before, sound, after = rng.standard_normal(5), rng.standard_normal(4), rng.standard_normal(3)
    whole = np.concatenate([np.zeros(70), before, sound, after, np.zeros(70)])
    expected = [whole[75 - delay : 79 - delay] for delay in delays]
    np.testing.assert_array_equal(time_shift(sound, delays, edges="context", before=before, after=after), expected)


@pytest.mark.parametrize("n_samples", [6, 7])
def test_a_component_may_land_on_zero_hertz_and_on_nyquist(n_samples):
    cosine = np.cos(2 * np.pi * np.arange(n_samples) / n_samples)
    np.testing.assert_allclose(frequency_shift(cosine, -1.0, n_samples), 1, atol=1e-12)
    assert np.abs(frequency_shift(cosine, -1.01, n_samples)).max() < 1e-12
    np.testing.assert_allclose(frequency_shift(np.ones(n_samples), 1.0, n_samples), cosine, atol=1e-12)
    assert np.abs(frequency_shift(np.ones(n_samples), -0.01, n_samples)).max() < 1e-12
    highest = np.cos(np.pi * np.arange(6))  # the Nyquist frequency itself
    np.testing.assert_allclose(frequency_shift(highest, -3.0, 6.0), 1, atol=1e-12)
    assert np.abs(frequency_shift(highest, 0.01, 6.0)).max() < 1e-12
    np.testing.assert_allclose(frequency_shift(np.cos(2 * np.pi * np.arange(6) / 6), 2.0, 6.0), highest, atol=1e-12)


def test_bins_of_a_batch_move_by_amounts_of_their_own(rng):
    spectrograms = rng.standard_normal((2, 1, 5, 3))
    found = bin_shift(spectrograms, [[1, -2, 9]] * 2, fill=-7.0)
    assert found.shape == (2, 3, 5, 3)
    for i in range(2):
        for j, amount in enumerate((1, -2, 9)):
            np.testing.assert_array_equal(found[i, j], bin_shift(spectrograms[i, 0], amount, fill=-7.0))
    np.testing.assert_array_equal(found[1, 1], np.concatenate([spectrograms[1, 0, 2:], np.full((2, 3), -7.0)]))
    assert (bin_shift(np.ones((4, 2)), 1)[0] == 0).all()
