"""Filter banks: librosa's own mel bands, and what has none or would leave one empty. Log bands are tested in use."""

import librosa
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.sound.filter_banks import filter_matrix
from audioinv.sound.spectrogram import Spectrogram
from audioinv.sound.spectrogram_config import SpectrogramConfig


@pytest.mark.parametrize("edges", [(0.0, None), (100.0, 5000.0)])
def test_mel_bands_are_librosas(edges):
    config = SpectrogramConfig(n_bins=32, fmin=edges[0], fmax=edges[1])
    expected = librosa.filters.mel(sr=16000, n_fft=512, n_mels=32, fmin=edges[0], fmax=edges[1])
    np.testing.assert_array_equal(filter_matrix(config).numpy(), expected.astype(np.float32))


def test_empty_mel_bands_are_refused():
    with pytest.warns(UserWarning, match="Empty filters"):
        n_empty = int((~librosa.filters.mel(sr=16000, n_fft=256, n_mels=128).any(axis=1)).sum())
    said = rf"^{n_empty} of n_bins=128 mel bands hold no bin .* lower n_bins or raise n_fft"
    with pytest.raises(InputError, match=said):
        Spectrogram(SpectrogramConfig(n_fft=256, n_bins=128))


def test_the_linear_axis_has_none():
    with pytest.raises(InputError, match="linear axis has no filter matrix"):
        filter_matrix(SpectrogramConfig(kind="linear", n_bins=10))
