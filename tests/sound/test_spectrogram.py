"""Spectrograms against librosa, SciPy and arithmetic; what a delay, a gain and a transposition must do to them."""

import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import ShortTimeFFT, get_window

from audioinv.errors import InputError
from audioinv.sound import synthetic
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.spectrogram_config import SpectrogramConfig

RATE = 16000
LINEAR = SpectrogramConfig(kind="linear", n_fft=512, hop_length=128, n_bins=257, floor_db=-120.0)
MEL = SpectrogramConfig(kind="mel", n_fft=512, hop_length=160, n_bins=40, floor_db=-120.0)
LOG = SpectrogramConfig(kind="log", n_fft=2048, hop_length=128, n_bins=60, fmin=150.0, bins_per_octave=12)
EVERY_AXIS = pytest.mark.parametrize("config", [LINEAR, MEL, LOG], ids=lambda config: config.kind)
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def noise(n_samples=4000, seed=0):
    return synthetic.noise(np.random.default_rng(seed), n_samples / RATE, RATE)


def levels(config, waveform, dtype=torch.float64):
    return Spectrogram(config)(torch.as_tensor(waveform, dtype=dtype)).numpy()


def power(level_db):
    return 10 ** (level_db / 10)


def assert_power_equal(level_db, expected_power, n_eps):
    """Compare powers to `n_eps` epsilons of the largest: an FFT's error is relative to its loudest bin."""
    tolerance = n_eps * np.finfo(level_db.dtype).eps * expected_power.max()
    np.testing.assert_allclose(power(level_db.astype(np.float64)), expected_power, rtol=0, atol=tolerance)


def assert_levels_equal(level_db, expected_db):
    """Compare decibels of the same frames, whose sums a matrix product may take in another order."""
    np.testing.assert_allclose(level_db, expected_db, rtol=0, atol=100 * 16 * np.finfo(np.float64).eps)


def window(config):
    return Spectrogram(config).window.numpy().astype(np.float64)


# An FFT of 512 rounds 9 times, squaring and the logarithm (whose value, near 40 dB, is stored to 40 eps) cost the rest.
@DTYPES
def test_linear_axis_is_librosa_stft(dtype):
    expected = librosa.stft(noise(), n_fft=512, hop_length=128, window=window(LINEAR), pad_mode="constant")
    assert_power_equal(levels(LINEAR, noise(), dtype), np.abs(expected) ** 2, n_eps=64)


def test_linear_axis_is_scipy_short_time_fft():
    stft = ShortTimeFFT(window(LINEAR), hop=128, fs=RATE, fft_mode="onesided")
    n_frames = 1 + 4000 // 128
    expected = np.abs(stft.stft(noise(), p0=0, p1=n_frames, padding="zeros")) ** 2
    assert_power_equal(levels(LINEAR, noise()), expected, n_eps=64)


def test_window_is_periodic_hann():
    assert np.abs(window(LINEAR) - get_window("hann", 512, fftbins=True)).max() <= np.finfo(np.float32).eps / 2


def test_lowest_bins_are_kept_on_a_shorter_linear_axis():
    shorter = SpectrogramConfig(kind="linear", n_fft=512, hop_length=128, n_bins=100, floor_db=-120.0)
    assert np.array_equal(levels(shorter, noise()), levels(LINEAR, noise())[:100])


@DTYPES
@pytest.mark.parametrize("edges", [(0.0, None), (100.0, 6000.0)])
def test_mel_axis_is_librosa_melspectrogram(dtype, edges):
    config = SpectrogramConfig(n_fft=512, hop_length=160, n_bins=32, fmin=edges[0], fmax=edges[1], floor_db=-120.0)
    expected = librosa.feature.melspectrogram(
        y=noise(),
        sr=RATE,
        n_fft=512,
        hop_length=160,
        window=window(config),
        pad_mode="constant",
        n_mels=32,
        fmin=edges[0],
        fmax=edges[1],
    )
    assert_power_equal(levels(config, noise(), dtype), expected, n_eps=64)


def wavelet_response(config, centre_hz, frequency_hz):
    """|W(f)|² of a Hann-windowed complex exponential of unit area, by the sum that defines it."""
    alpha = np.tanh(np.log(2) / config.bins_per_octave)  # (r² − 1)/(r² + 1) with r = 2^(1/bins_per_octave)
    bandwidth_hz = max(alpha * centre_hz, alpha * (centre_hz - config.fmin) + RATE / (config.n_fft - 1))
    length = RATE / bandwidth_hz
    times = np.arange(-length // 2, length // 2)
    hann = get_window("hann", len(times))
    rotation = np.exp(2j * np.pi * np.outer(centre_hz - frequency_hz, times) / RATE)
    return np.abs(rotation @ hann / hann.sum()) ** 2


@pytest.mark.parametrize("n_fft", [256, 1024, 640], ids=["variable Q", "constant Q", "no power of two"])
def test_log_axis_is_the_power_in_each_wavelet_band(n_fft):
    config = SpectrogramConfig(kind="log", n_fft=n_fft, hop_length=128, n_bins=24, fmin=440.0, bins_per_octave=12)
    frequency_hz = librosa.fft_frequencies(sr=RATE, n_fft=n_fft)
    bands = np.stack([wavelet_response(config, centre_hz, frequency_hz) for centre_hz in config.bin_hz])
    sound = noise(20000)
    stft = librosa.stft(sound, n_fft=n_fft, hop_length=128, window=window(config), pad_mode="constant")
    tolerance = 8 * np.finfo(np.float32).eps  # the matrix is stored in float32, and librosa's phasor drifts a little
    np.testing.assert_allclose(power(levels(config, sound)), bands @ np.abs(stft) ** 2, rtol=tolerance)


@EVERY_AXIS
@settings(max_examples=20, deadline=None)
@given(n_hops=st.integers(0, 15))
def test_delay_by_whole_hops_moves_frames(config, n_hops):
    original = noise()
    delay_samples = n_hops * config.hop_length
    delayed = np.concatenate([np.zeros(delay_samples), original])[: len(original)]
    before, after = levels(config, original), levels(config, delayed)
    n_whole = (len(original) - config.n_fft // 2) // config.hop_length + 1  # later frames lost samples at the end
    assert_levels_equal(after[:, n_hops:n_whole], before[:, : max(n_whole - n_hops, 0)])


CIRCULAR = pytest.mark.parametrize(
    "config", [replace(config, edges="circular") for config in (LINEAR, MEL, LOG)], ids=lambda config: config.kind
)


@CIRCULAR
def test_circular_delay_by_whole_hops_rolls_the_frames(config):
    original = noise(32 * config.hop_length)
    frames = levels(config, original)
    for n_hops in range(32):
        rolled = levels(config, np.roll(original, n_hops * config.hop_length))
        assert_levels_equal(rolled, np.roll(frames, n_hops, axis=1))
    zero = replace(config, edges="zero")
    apart = levels(zero, np.roll(original, config.hop_length)) - np.roll(levels(zero, original), 1, axis=1)
    assert np.abs(apart).max() > 1  # the control: with silence around it, the ends differ


@pytest.mark.parametrize("n_samples", [128, 256, 4096], ids=lambda n: f"{n} samples")
def test_circular_frames_are_librosas_of_the_sound_repeated(n_samples):
    config, sound = replace(LINEAR, edges="circular", floor_db=-200.0), noise(n_samples)
    repeated = np.tile(sound, 9)
    start = (4 * n_samples - 256) % n_samples  # where a frame centred on a first sample begins, in whole periods
    stft = librosa.stft(repeated[start:], n_fft=512, hop_length=128, window=window(config), center=False)
    assert_power_equal(levels(config, sound), np.abs(stft[:, : n_samples // 128]) ** 2, n_eps=64)


@CIRCULAR
def test_circular_frames_are_counted(config):
    front_end = Spectrogram(config)
    n_samples = 7 * config.hop_length
    assert front_end(torch.zeros(2, n_samples)).shape == (2, config.n_bins, 7)
    assert front_end.n_frames(n_samples) == config.n_frames(n_samples) == len(front_end.frame_seconds(n_samples)) == 7
    for odd in (n_samples + 1, n_samples - 1):
        with pytest.raises(
            InputError, match=rf"n_samples={odd} is no multiple of hop_length=\d+; {n_samples} would be"
        ):
            front_end(torch.zeros(odd))


@EVERY_AXIS
def test_delay_by_half_a_hop_is_no_move_of_frames(config):
    here = synthetic.click(0.25, RATE, at_seconds=0.125)
    half = np.roll(here, config.hop_length // 2)
    before, after = levels(config, here), levels(config, half)
    closest_db = min(np.abs(after - np.roll(before, n_frames, axis=1)).max() for n_frames in (-1, 0, 1))
    assert closest_db > 1


@EVERY_AXIS
def test_gain_adds_decibels(config):
    change_db = levels(config, 0.1 * noise()) - levels(config, noise())
    np.testing.assert_allclose(change_db, -20, atol=1e-9)  # log10 of powers that differ by 1e-2, far above the floor


@EVERY_AXIS
def test_tone_peaks_in_its_bin(config):
    for index in range(5, config.n_bins - 5, 7):
        spacing_hz = np.diff(config.bin_hz)[index - 1 : index + 1].min()
        for frequency_hz in config.bin_hz[index] + spacing_hz * np.array([-0.2, 0.0, 0.2]):
            spectrum = levels(config, synthetic.tone(frequency_hz, 0.3, RATE))[:, 18]
            assert np.argmax(spectrum) == index == np.argmin(np.abs(config.bin_hz - frequency_hz))


def test_level_of_a_tone_is_the_same_in_every_log_bin():
    peaks = [levels(LOG, synthetic.tone(hertz, 0.3, RATE))[:, 18].max() for hertz in LOG.bin_hz[3:-3]]
    assert np.ptp(peaks) < 1


@EVERY_AXIS
@settings(max_examples=20, deadline=None)
@given(n_hops=st.integers(1, 20), surplus=st.sampled_from([-1, 0, 1]))
def test_axes_are_as_long_as_the_spectrogram(config, n_hops, surplus):
    front_end = Spectrogram(config)
    n_samples = n_hops * config.hop_length + surplus
    shape = front_end(torch.zeros(2, n_samples)).shape
    assert shape == (2, len(front_end.bin_hz), front_end.n_frames(n_samples))
    assert len(front_end.frame_seconds(n_samples)) == shape[-1]


def test_frames_lie_where_the_sound_is():
    front_end = Spectrogram(LINEAR)
    energy = power(levels(LINEAR, synthetic.click(0.25, RATE, at_seconds=10 * 128 / RATE))).sum(axis=0)
    assert front_end.frame_seconds(4000)[np.argmax(energy)] == pytest.approx(10 * 128 / RATE)
    assert front_end.seconds_per_frame == pytest.approx(0.008)


@EVERY_AXIS
@DTYPES
def test_silence_is_exactly_the_floor_and_dtype_stays(config, dtype):
    silence = Spectrogram(config)(torch.zeros(1000, dtype=dtype))
    assert silence.dtype == dtype
    assert (silence == Spectrogram(config).floor_db).all()


@EVERY_AXIS
def test_gradient_of_silence_is_finite(config):
    waveform = torch.zeros(1000, requires_grad=True)
    Spectrogram(config)(waveform).sum().backward()
    assert torch.isfinite(waveform.grad).all()


@EVERY_AXIS
def test_a_sample_reaches_only_the_frames_that_hold_it(config):
    quiet, loud = noise(), noise()
    loud[2000] += 100.0
    changed = (levels(config, quiet) != levels(config, loud)).any(axis=0)
    centres = np.arange(len(changed)) * config.hop_length
    inside = np.abs(centres - 2000) < config.n_fft // 2
    assert np.array_equal(changed, inside)


@EVERY_AXIS
def test_batch_is_its_rows(config):
    batch = torch.from_numpy(np.stack([noise(seed=seed) for seed in range(6)]).reshape(2, 3, -1))
    whole = Spectrogram(config)(batch)
    alone = Spectrogram(config)(batch[1, 2])
    assert_levels_equal(whole[1, 2], alone)


@EVERY_AXIS
def test_uncentred_frames_are_slices_of_one_bank(config):
    front_end = Spectrogram(config)
    waveform = torch.from_numpy(noise(6000))
    bank = front_end.uncentred(waveform)
    start = 3 * config.hop_length
    window_of_it = front_end.uncentred(waveform[start : start + 4000])
    assert_levels_equal(window_of_it, bank[:, 3 : 3 + window_of_it.shape[-1]])


def correlation_at_lag(before, after, lag):
    return np.corrcoef(before[: len(before) - lag], after[lag:])[0, 1]


def middle_spectrum(config, fundamental_hz, offset_hz=0.0):
    partials = [synthetic.tone(k * fundamental_hz + offset_hz, 0.5, RATE, amplitude=0.1 / k) for k in range(1, 9)]
    return levels(config, sum(partials))[:, 30]


def test_transposition_is_translation_on_the_log_axis():
    before = middle_spectrum(LOG, 220)
    after = middle_spectrum(LOG, 220 * 2 ** (4 / 12))
    lags = [correlation_at_lag(before, after, lag) for lag in range(12)]
    assert np.argmax(lags) == 4
    assert lags[4] > 0.99


def test_constant_offset_is_no_translation_on_the_log_axis():
    before = middle_spectrum(LOG, 220)
    after = middle_spectrum(LOG, 220, offset_hz=57)
    assert max(correlation_at_lag(before, after, lag) for lag in range(12)) < 0.9


def test_transposition_is_no_translation_on_the_linear_axis():
    linear = SpectrogramConfig(kind="linear", n_fft=2048, n_bins=300)
    before = middle_spectrum(linear, 220)
    after = middle_spectrum(linear, 220 * 2 ** (4 / 12))
    assert max(correlation_at_lag(before, after, lag) for lag in range(60)) < 0.9


@pytest.mark.parametrize("config", [MEL, LOG], ids=["mel", "log"])
def test_saved_filters_spare_librosa(config, monkeypatch):
    saved = Spectrogram(config).state_dict()
    assert list(saved) == ["filters"]
    monkeypatch.setitem(sys.modules, "librosa", None)
    restored = Spectrogram(config, filters=torch.zeros_like(saved["filters"]))
    restored.load_state_dict(saved)
    assert torch.equal(restored.filters, saved["filters"])
    with pytest.raises(ImportError):
        Spectrogram(config)


def test_linear_axis_saves_nothing():
    assert not Spectrogram(LINEAR).state_dict()


@EVERY_AXIS
def test_forward_can_be_traced(config):
    front_end = Spectrogram(config)
    waveform = torch.from_numpy(noise()).float()
    assert torch.equal(torch.fx.symbolic_trace(front_end)(waveform), front_end(waveform))


def test_wrong_filters_are_refused():
    with pytest.raises(InputError, match=r"filters of shape \(40, 100\) do not fit the mel axis"):
        Spectrogram(MEL, filters=torch.zeros(40, 100))
