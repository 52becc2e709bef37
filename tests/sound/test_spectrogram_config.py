"""What a spectrogram is made of: bins lie where librosa puts them, and what does not fit is refused."""

import librosa
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.sound.spectrogram_config import SpectrogramConfig

RATE = 16000
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
