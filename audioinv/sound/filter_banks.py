"""Filter banks: what gathers the power of a DFT into mel bands or logarithmic bins, made with librosa.

Conventions
-----------
A bank is of shape ``(n_bins, n_fft // 2 + 1)`` and float32, as librosa makes its filters; it multiplies power.

What is here: `filter_matrix`.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError
from .spectrogram_config import SpectrogramConfig

__all__ = ["filter_matrix"]

FloatArray = npt.NDArray[np.float64]


def filter_matrix(config: SpectrogramConfig) -> Tensor:
    """Build the matrix that gathers DFT power into mel bands or logarithmic bins, with librosa.

    The log axis takes the squared magnitude responses of librosa's wavelets, as a pseudo-CQT does with magnitudes.
    Power is what keeps the level of a tone the same from bin to bin. Where a constant Q would need filters longer than
    `n_fft`, they are widened by the least constant bandwidth that makes them fit (a variable-Q transform).

    Parameters
    ----------
    config : SpectrogramConfig
        Of kind "mel" or "log".

    Returns
    -------
    Tensor of shape (n_bins, n_fft // 2 + 1), float32

    Raises
    ------
    InputError
        If the axis is linear, or mel bands are narrower than the DFT can fill.

    References
    ----------
    .. [1] Slaney, Auditory Toolbox, 1998 (the mel scale of `librosa.filters.mel`).
    .. [2] Schörkhuber, Klapuri, Holighaus & Dörfler, A Matlab toolbox for efficient perfect reconstruction
       time-frequency transforms with log-frequency resolution, 2014 (variable Q).

    Examples
    --------
    >>> filter_matrix(SpectrogramConfig(n_bins=40)).shape
    torch.Size([40, 257])
    """
    if config.kind == "linear":
        raise InputError("the linear axis has no filter matrix")
    rows = _mel_rows(config) if config.kind == "mel" else _log_rows(config)
    return torch.from_numpy(rows.astype(np.float32))


def _mel_rows(config: SpectrogramConfig) -> FloatArray:
    """Slaney's triangular mel bands, of unit area in hertz."""
    import librosa  # Takes seconds; a saved classifier brings its filters along and never comes here.

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa warns of empty bands; they are refused below
        rows: FloatArray = librosa.filters.mel(
            sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_bins, fmin=config.fmin, fmax=config.highest_hz
        )
    n_empty = int((rows.max(axis=1) == 0).sum())
    if n_empty:
        raise InputError(
            f"{n_empty} of n_bins={config.n_bins} mel bands hold no bin of the DFT at n_fft={config.n_fft}; "
            f"lower n_bins or raise n_fft"
        )
    return rows


def _log_rows(config: SpectrogramConfig) -> FloatArray:
    """Squared magnitude responses of wavelets at the log-spaced centres."""
    import librosa

    step = 2.0 ** (2.0 / (config.bins_per_octave or 1))
    alpha = (step - 1) / (step + 1)  # bandwidth over centre frequency, as librosa has it
    gamma_hz = max(0.0, config.sample_rate / (config.n_fft - 1) - alpha * config.fmin)
    wavelets, _ = librosa.filters.wavelet(
        freqs=config.bin_hz,
        sr=config.sample_rate,
        alpha=alpha,
        gamma=gamma_hz,
        pad_fft=False,
        dtype=np.complex128,
    )
    response = np.abs(np.fft.fft(wavelets, n=config.n_fft))[:, : config.n_fft // 2 + 1]
    return np.square(response, dtype=np.float64)
