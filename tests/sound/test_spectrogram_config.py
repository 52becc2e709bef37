"""What a spectrogram is made of: bins lie where librosa puts them, and what does not fit is refused."""

import librosa
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.sound.spectrogram_config import SpectrogramConfig

RATE = 16000
NYQUIST_BINS = 1 + 7 * 12  # seven octaves above 62.5 Hz lies 8 kHz
LINEAR = SpectrogramConfig(kind="linear", n_fft=512, hop_length=128, n_bins=257)
MEL = SpectrogramConfig(kind="mel", n_fft=512, hop_length=160, n_bins=40)
LOG = SpectrogramConfig(kind="log", n_fft=2048, hop_length=128, n_bins=60, fmin=150.0, bins_per_octave=12)


@pytest.mark.parametrize(
    ("config", "expected_hz"),
    [
        (LINEAR, librosa.fft_frequencies(sr=RATE, n_fft=512)),
        (MEL, librosa.mel_frequencies(42, fmin=0, fmax=RATE / 2)[1:-1]),
        (LOG, librosa.cqt_frequencies(60, fmin=150, bins_per_octave=12)),
    ],
    ids=["linear", "mel", "log"],
)
def test_bins_lie_where_librosa_puts_them(config, expected_hz):
    np.testing.assert_allclose(config.bin_hz, expected_hz, rtol=8 * np.finfo(float).eps)


def test_the_highest_frequency_is_that_of_the_axis():
    assert (LINEAR.highest_hz, MEL.highest_hz) == (RATE / 2, RATE / 2)
    assert SpectrogramConfig(fmax=5000.0, n_bins=40).highest_hz == 5000
    assert LOG.highest_hz == pytest.approx(150 * 2 ** (59 / 12))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "bark"}, "kind='bark' must be one of linear, mel, log"),
        ({"edges": "context"}, "edges='context' must be one of zero, circular"),
        ({"n_fft": 0}, "n_fft=0 must be at least 1"),
        ({"n_fft": 511}, "n_fft=511 must be even"),
        ({"hop_length": 1024}, "not below hop_length=1024"),
        ({"floor_db": float("-inf")}, "floor_db=-inf"),
        ({"kind": "linear", "n_bins": 257, "fmax": 4000.0}, "fmax=4000.0 is for the mel axis only"),
        ({"bins_per_octave": 12}, "bins_per_octave=12 is for the log axis only"),
        ({"fmax": 9000.0}, "does not hold"),
        ({"fmin": 4000.0, "fmax": 4000.0}, "does not hold"),
        ({"kind": "linear", "n_bins": 258}, "n_bins=258 <= n_fft / 2"),
        ({"kind": "linear", "n_bins": 10, "fmin": 20.0}, "fmin=20.0 to be 0"),
        ({"kind": "log", "bins_per_octave": 12}, "fmin=0.0 above 0"),
        ({"kind": "log", "fmin": 100.0}, "bins_per_octave=None of at least 1"),
        ({"kind": "log", "fmin": 100.0, "bins_per_octave": 8}, "would lie at 23"),
    ],
)
def test_config_refuses(options, message):
    with pytest.raises(InputError, match=message):
        SpectrogramConfig(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 1, "n_fft": 2, "hop_length": 1, "n_bins": 1},
        {"hop_length": 512},
        {"floor_db": -200.0},
        {"floor_db": 200.0},
        {"fmax": 8000.0},
        {"fmin": 0.0, "fmax": 0.5},
        {"kind": "linear", "n_bins": 257},
        {"kind": "log", "fmin": 62.5, "bins_per_octave": 12, "n_bins": NYQUIST_BINS - 1},
        {"kind": "log", "fmin": 0.5, "bins_per_octave": 1, "n_bins": 2},
        {"edges": "circular"},
    ],
)
def test_what_lies_just_within_the_bounds_is_taken(options):
    config = SpectrogramConfig(**options)
    assert {name: getattr(config, name) for name in options} == options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "sample_rate=0 must be at least 1"),
        ({"hop_length": 0}, "hop_length=0 must be at least 1"),
        ({"n_bins": 0}, "n_bins=0 must be at least 1"),
        ({"hop_length": 513}, "not below hop_length=513"),
        ({"floor_db": -200.5}, "floor_db=-200.5 must lie between"),
        ({"floor_db": 200.5}, "floor_db=200.5 must lie between"),
        ({"floor_db": float("nan")}, "floor_db=nan must lie between"),
        ({"fmin": -0.5}, "0 <= fmin=-0.5"),
        ({"fmax": 8000.5}, "fmax=8000.5"),
        ({"fmin": 8000.0}, "does not hold"),
        ({"kind": "log", "fmin": 62.5, "bins_per_octave": 12, "n_bins": NYQUIST_BINS}, "would lie at 8000 Hz, not be"),
        ({"kind": "log", "fmin": 100.0, "bins_per_octave": 0, "n_bins": 2}, "bins_per_octave=0 of at least 1"),
        ({"kind": "log", "fmin": -100.0, "bins_per_octave": 1, "n_bins": 2}, "fmin=-100.0 above 0"),
        ({"kind": "linear", "n_bins": 10, "bins_per_octave": 12}, "is for the log axis only"),
        ({"kind": "log", "fmin": 100.0, "bins_per_octave": 12, "fmax": 200.0}, "is for the mel axis only"),
        ({"kind": "linear", "n_bins": 10, "fmin": -1.0}, "fmin=-1.0 to be 0"),
    ],
)
def test_what_lies_just_beyond_them_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        SpectrogramConfig(**options)


def test_what_is_not_said_is_what_the_documentation_says():
    config = SpectrogramConfig()
    assert (config.kind, config.sample_rate, config.n_fft, config.hop_length, config.n_bins) == (
        "mel",
        16000,
        512,
        128,
        64,
    )
    assert (config.fmin, config.fmax, config.bins_per_octave) == (0.0, None, None)
    assert (config.floor_db, config.edges) == (-80.0, "zero")


@pytest.mark.parametrize("edges", [(40.0, 900.0), (900.0, 1100.0), (1000.0, 6400.0), (200.0, 7600.0)])
def test_mel_bins_lie_where_librosa_puts_them_on_either_side_of_the_break(edges):
    config = SpectrogramConfig(fmin=edges[0], fmax=edges[1], n_bins=7)
    expected = librosa.mel_frequencies(9, fmin=edges[0], fmax=edges[1])[1:-1]
    np.testing.assert_allclose(config.bin_hz, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("n_samples", "zero", "circular"),
    [(0, 1, 0), (127, 1, "128"), (128, 2, 1), (1000, 8, "1024"), (1024, 9, 8), (1, 1, "128")],
)
def test_frames_of_a_waveform_are_counted(n_samples, zero, circular):
    assert SpectrogramConfig().n_frames(n_samples) == zero
    wrapped = SpectrogramConfig(edges="circular")
    if isinstance(circular, int):
        assert wrapped.n_frames(n_samples) == circular
    else:
        with pytest.raises(
            InputError, match=f"n_samples={n_samples} is no multiple of hop_length=128; {circular} would"
        ):
            wrapped.n_frames(n_samples)
