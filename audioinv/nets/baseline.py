"""The baseline that a trained model must beat: MFCC statistics and logistic regression.

Conventions
-----------
Windows are ``(n_clips, n_samples)``, the very windows that the model hears. Features are the mean and the
standard deviation over time of 20 mel-frequency cepstral coefficients (librosa), standardised.

What is here: `mfcc_statistics`, `baseline_predictions`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["baseline_predictions", "mfcc_statistics"]

N_MFCC = 20


def mfcc_statistics(windows: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """Return mean and deviation over time of each cepstral coefficient.

    Parameters
    ----------
    windows : ndarray of shape (n_clips, n_samples)
    sample_rate : int
        In hertz.

    Returns
    -------
    ndarray of shape (n_clips, 40)
    """
    import librosa

    # One clip at a time: librosa cuts off 80 dB below the loudest sound of all that it is given at once.
    coefficients = [
        librosa.feature.mfcc(y=window, sr=sample_rate, n_mfcc=N_MFCC, n_fft=512, hop_length=160, n_mels=64)
        for window in windows
    ]
    return np.stack([np.concatenate([found.mean(-1), found.std(-1)]) for found in coefficients])


def baseline_predictions(
    train_windows: npt.NDArray[np.float32],
    train_labels: Sequence[str],
    test_windows: npt.NDArray[np.float32],
    sample_rate: int,
) -> list[str]:
    """Fit the baseline on one set of windows and return its answers on another.

    Parameters
    ----------
    train_windows : ndarray of shape (n_clips, n_samples)
    train_labels : sequence of str
    test_windows : ndarray of shape (n_clips, n_samples)
    sample_rate : int
        In hertz.

    Returns
    -------
    list of str
        One label for each test window.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
    classifier.fit(mfcc_statistics(train_windows, sample_rate), list(train_labels))
    return [str(label) for label in classifier.predict(mfcc_statistics(test_windows, sample_rate))]
