"""Whether a network's pooled features tell where in the window a sound stands.

Conventions
-----------
`features` are ``(n_clips, n_positions, n_features)``: every clip at every one of the same positions. A linear
classifier (Fisher's discriminant, its covariance shrunk a little as a ridge would [3]_) learns the positions on some of
the clips and is asked about others, so that no clip is in both. Chance is one over the number of positions. The
*control* learns from positions that were shuffled within each clip: where nothing can be learnt it stands at chance,
and its spread says how far from chance luck alone goes [1]_.

What is here: `PositionProbe`, `probe_position`.

References
----------
.. [1] Ojala & Garriga, Permutation Tests for Studying Classifier Performance, JMLR 11, 2010.
.. [2] Islam, Jia & Bruce, How Much Position Information Do Convolutional Neural Networks Encode?, ICLR 2020.
.. [3] Friedman, Regularized Discriminant Analysis, JASA 84, 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..statistics import Estimate, estimate_mean

__all__ = ["PositionProbe", "probe_position"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

_N_FOLDS = 5
_SHRINKAGE = 1e-3  # of the covariance of standardized features; what is smaller than its root is not read
_N_SHUFFLED = 99
_ALPHA = 0.05


@dataclass(frozen=True)
class PositionProbe:
    """How well a position can be read from a layer.

    Parameters
    ----------
    layer : str
    n_positions : int
    accuracy : Estimate
        Share of positions read right, on clips that the probe did not learn from.
    chance : float
    control_accuracy : float
        Mean with shuffled positions.
    p_value : float
        Share of the shuffled probes, this one counted, that do as well.
    """

    layer: str
    n_positions: int
    accuracy: Estimate
    chance: float
    control_accuracy: float
    p_value: float

    @property
    def leaks(self) -> bool:
        """Whether position can be read: more than by luck, and the interval lies above chance."""
        return self.p_value <= _ALPHA and self.accuracy.low > self.chance


def probe_position(
    layer: str, features: FloatArray, *, groups: npt.ArrayLike | None = None, seed: int = 0
) -> PositionProbe:
    """Try to read the position of clips from the features of a layer.

    Parameters
    ----------
    layer : str
        Whose features these are.
    features : ndarray of shape (n_clips, n_positions, n_features)
    groups : array of shape (n_clips,), optional
        Clips of one group are learnt from together, or not at all.
    seed : int, default 0
        Of folds, shuffling and interval.

    Returns
    -------
    PositionProbe

    Raises
    ------
    InputError
        If there are fewer than two clips or groups, or two positions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> telling = np.arange(4.0)[:, None] + 0.1 * rng.standard_normal((20, 4, 1))
    >>> round(probe_position("a", telling).accuracy.value, 1), probe_position("b", telling[:, :1] + 0 * telling).leaks
    (1.0, False)
    """
    n_clips, n_positions, _ = features.shape
    codes = np.arange(n_clips) if groups is None else np.asarray(groups)
    if min(len(np.unique(codes)), n_positions) < 2:
        raise InputError(
            f"{n_clips} clip(s) in {len(np.unique(codes))} group(s) at {n_positions} position(s): two groups and two "
            "positions are needed, as the probe learns from some clips and is asked about others"
        )
    rng = np.random.default_rng(seed)
    folds = _folds(codes, rng)
    truth = np.tile(np.arange(n_positions), (n_clips, 1))
    right = _read_right(features, truth, folds)
    shuffled = [_read_right(features, rng.permuted(truth, axis=1), folds).mean() for _ in range(_N_SHUFFLED)]
    return PositionProbe(
        layer,
        n_positions,
        accuracy=estimate_mean(right, groups, rng=rng),
        chance=1 / n_positions,
        control_accuracy=float(np.mean(shuffled)),
        p_value=float((1 + np.sum(np.array(shuffled) >= right.mean() - 1e-12)) / (1 + _N_SHUFFLED)),
    )


def _folds(codes: npt.NDArray[np.generic], rng: np.random.Generator) -> IntArray:
    """Deal groups out to folds, of shape (n_clips,)."""
    groups, of_clip = np.unique(codes, return_inverse=True)
    dealt = rng.permutation(len(groups)) % min(_N_FOLDS, len(groups))
    return np.asarray(dealt[of_clip])


def _read_right(features: FloatArray, positions: IntArray, folds: IntArray) -> npt.NDArray[np.float64]:
    """Return the share of each clip's positions that are read right, of shape (n_clips,)."""
    right = np.empty(positions.shape)
    for fold in np.unique(folds):
        asked = folds == fold
        by_position = np.take_along_axis(features[~asked], np.argsort(positions[~asked], axis=1)[..., None], axis=1)
        right[asked] = _read(by_position.astype(np.float64), features[asked]) == positions[asked]
    return np.asarray(right.mean(axis=1))


def _read(learnt: npt.NDArray[np.float64], asked: FloatArray) -> IntArray:
    """Read the positions of clips by Fisher's discriminant; `learnt` has them in order, (n_clips, n_positions, …)."""
    centre, scale = learnt.mean(axis=(0, 1)), learnt.std(axis=(0, 1))
    learnt, asked = ((found - centre) / np.where(scale > 0, scale, 1.0) for found in (learnt, asked))
    means = learnt.mean(axis=0)
    within = (learnt - means).reshape(-1, learnt.shape[-1])
    covariance = within.T @ within / len(within)
    level = np.trace(covariance) / len(covariance)
    if not level:  # constant features; any weights will do
        return np.zeros(asked.shape[:2], dtype=np.intp)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(len(covariance))
    weights = np.linalg.solve(shrunk, means.T)
    return np.asarray((asked @ weights - (means.T * weights).sum(axis=0) / 2).argmax(axis=-1))
