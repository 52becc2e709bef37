"""What a shift does to calibration: whether the model still knows how sure it may be.

Conventions
-----------
As in `audioinv.measure.outcome`; `scores` must be probabilities that sum to 1, and a clip needs a label: where either
fails a value is ``nan``. A *drift* is the mean over the non-zero shifts minus the value at 0, so a model that is badly
calibrated from the start, and stays so, has none. Positive is worse.

What is here: `brier_score`, `log_loss`, `calibration_error`, `drift`, `bootstrap_calibration_drift`, `MAX_LOG_LOSS`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .divergence import is_distribution
from .drift import class_scores
from .outcome import mean_over_shifts
from .resampling import resampled_sums, tail_probability, take_sample
from .statistics import Estimate

__all__ = [
    "MAX_LOG_LOSS",
    "bootstrap_calibration_drift",
    "brier_score",
    "calibration_error",
    "drift",
    "log_loss",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

N_BINS = 15
_SMALLEST = float(np.finfo(np.float32).eps)  # what a model computes in cannot tell smaller probabilities from 0
MAX_LOG_LOSS = -float(np.log(_SMALLEST))
_ROUNDING = 1e-12


def brier_score(scores: FloatArray, targets: IntArray) -> FloatArray:
    """Squared distance of the probabilities from certainty of the label.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
    targets : ndarray of shape (n_clips,), int

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        Σ (p_c - 1[c is the label])² over classes, in [0, 2].

    References
    ----------
    .. [1] Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> brier_score(np.array([[[0.75, 0.25]]]), np.array([0]))
    array([[0.125]])
    """
    of_label = class_scores(scores, targets)
    squares = np.square(scores, dtype=float).sum(axis=2) - 2 * of_label + 1
    return np.where(is_distribution(scores), squares, np.nan)


def log_loss(scores: FloatArray, targets: IntArray) -> FloatArray:
    """Negative logarithm of the label's probability.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_shifts, n_classes)
        A probability below 1.2e-7, single precision's epsilon, counts as that.
    targets : ndarray of shape (n_clips,), int

    Returns
    -------
    ndarray of shape (n_clips, n_shifts)
        In nats, in [0, 15.9].

    Examples
    --------
    >>> log_loss(np.array([[[1.0, 0.0]]]), np.array([1])).round(2)
    array([[15.94]])
    """
    of_label = np.clip(class_scores(scores, targets), _SMALLEST, 1.0)
    return np.where(is_distribution(scores), -np.log(of_label), np.nan)


def calibration_error(confidence: FloatArray, correct: FloatArray, n_bins: int = N_BINS) -> FloatArray:
    """Mean difference of confidence and accuracy over bins of equal width: the expected calibration error.

    Parameters
    ----------
    confidence : ndarray of shape (n_clips, n_shifts)
        The highest probability, in [0, 1].
    correct : ndarray of shape (n_clips, n_shifts)
        1 or 0. A clip with ``nan`` is left out.
    n_bins : int, default 15
        Of ((b - 1) / n_bins, b / n_bins]; 0 falls into the first.

    Returns
    -------
    ndarray of shape (n_shifts,)
        Σ_b share of clips in b x |accuracy in b - mean confidence in b|, in [0, 1]; biased upwards with few clips.

    References
    ----------
    .. [1] Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Examples
    --------
    >>> calibration_error(np.array([[0.75], [0.75]]), np.array([[1.0], [0.0]]))
    array([0.25])
    """
    known = ~np.isnan(confidence + correct).any(axis=1)
    if not known.any():
        return np.full(confidence.shape[1], np.nan)
    gaps = _gaps(confidence[known], correct[known], n_bins).mean(axis=0)
    error: FloatArray = np.abs(gaps).reshape(-1, n_bins).sum(axis=1)
    return error


def _gaps(confidence: FloatArray, correct: FloatArray, n_bins: int) -> sparse.csr_array:
    """Return confidence minus correctness in the bin that it falls into, (n_clips, n_shifts * n_bins)."""
    n_clips, n_shifts = confidence.shape
    bins = np.clip(np.ceil(confidence * n_bins) - 1, 0, n_bins - 1).astype(np.int32)
    bins += n_bins * np.arange(n_shifts, dtype=np.int32)
    starts = np.arange(0, n_clips * n_shifts + 1, n_shifts)
    return sparse.csr_array(((confidence - correct).ravel(), bins.ravel(), starts), (n_clips, n_shifts * n_bins))


def drift(values: FloatArray, zero: int) -> FloatArray:
    """Mean over the non-zero shifts minus the value at 0: #17.

    Parameters
    ----------
    values : ndarray of shape (n_clips, n_shifts)
        Of `brier_score` or `log_loss`.
    zero : int

    Returns
    -------
    ndarray of shape (n_clips,)

    References
    ----------
    .. [1] AudioClaw-C: error of calibration, Brier score and log loss under corruption.

    Examples
    --------
    >>> drift(np.array([[0.5, 0.25, 0.5]]), 1)
    array([0.25])
    """
    return mean_over_shifts(np.delete(values, zero, axis=1)) - values[:, zero]


def bootstrap_calibration_drift(
    confidence: FloatArray,
    correct: FloatArray,
    zero: int,
    groups: npt.ArrayLike | None,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
) -> Estimate:
    """Mean calibration error of the non-zero shifts minus that at 0, with an interval from resampled groups: #17.

    Parameters
    ----------
    confidence, correct
        As in `calibration_error`, with `N_BINS` bins.
    zero : int
    groups, rng, n_resamples
        As in `audioinv.measure.statistics.estimate_curve`.

    Returns
    -------
    Estimate
        In [-1, 1]; the bias of few clips is nearly the same on both sides and mostly cancels. Without an interval where
        every resample gives the same, as those of an invariant model do: that says nothing of other clips.
    """
    n_shifts = confidence.shape[1]
    sample = take_sample(np.hstack([confidence, correct]), groups)
    counts = (sample.n, sample.n_groups, sample.unit, sample.n_undefined)
    if n_shifts < 2 or not sample.n:
        return Estimate(np.nan, np.nan, np.nan, *counts)

    def of_sums(sums: FloatArray) -> FloatArray:
        gaps = (sums[:, :-1] / sums[:, -1:]).reshape(len(sums), n_shifts, N_BINS)
        return drift(np.abs(gaps).sum(axis=2), zero)

    gaps = _gaps(sample.values[:, :n_shifts], sample.values[:, n_shifts:], N_BINS)
    rows = sample.per_unit(sparse.csr_array(sparse.hstack([gaps, np.ones((sample.n, 1))], "csr")))
    del sample, gaps  # of many clips the largest things there are, beside the rows
    value = of_sums(rows.sum(axis=0)[None]).item()
    if rows.shape[0] < 2:
        return Estimate(value, np.nan, np.nan, *counts)
    tail = tail_probability(rows.shape[0], 0.95)
    drifts = of_sums(resampled_sums(rows, rng, n_resamples))
    if np.ptp(drifts) <= _ROUNDING:
        return Estimate(value, np.nan, np.nan, *counts)
    low, high = np.quantile(drifts, [tail, 1 - tail])
    return Estimate(value, float(low), float(high), *counts)
