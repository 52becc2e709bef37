"""The frame-phase sweep: circular delays within one hop, and how much of what they change the front end makes.

Conventions
-----------
A delay by a whole hop moves the frames and nothing else; at a fraction of a hop the frames fall on other places of the
sound. Paths are those of `audioinv.measure.budget.stages`, of a sweep that knows the front end as its only layer: its
border, its framing, and the rest of the model.

What is here: `PhaseSweep`, `summarize_phases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..statistics import Estimate
from .attribution import change_shares
from .stages import StagePath

__all__ = ["PhaseSweep", "summarize_phases"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PhaseSweep:
    """What delays within a hop change, averaged over clips.

    Parameters
    ----------
    hop_samples : int
    delays_samples : tuple of float
        From 0 to the hop.
    spectrogram_change : tuple of float
        From `audioinv.measure.framephase.spectrogram_phase_change`; one for each delay.
    model_change : tuple of float
        Mean Euclidean change of the scores.
    front_end_share : tuple of float
        Of that change; ``nan`` where there is none.
    share : Estimate
        The same over all delays.
    """

    hop_samples: int
    delays_samples: tuple[float, ...]
    spectrogram_change: tuple[float, ...]
    model_change: tuple[float, ...]
    front_end_share: tuple[float, ...]
    share: Estimate


def summarize_phases(
    paths: Sequence[StagePath],
    spectrogram_changes: Sequence[FloatArray],
    delays_samples: FloatArray,
    *,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
) -> PhaseSweep:
    """Sum up a frame-phase sweep.

    Parameters
    ----------
    paths : sequence of StagePath
        One a clip; the last stage is everything after the front end.
    spectrogram_changes : sequence of ndarray of shape (n_delays,)
        One a clip.
    delays_samples : ndarray of shape (n_delays,)
        From 0 to a whole hop.
    groups : array of shape (n_clips,), optional
        Which clips belong together.
    seed : int, default 0
        Of the interval.

    Returns
    -------
    PhaseSweep
    """
    scores = np.stack([path.scores for path in paths])[:, :, [0, -2, -1]]
    rng = np.random.default_rng(seed)
    changes = np.linalg.norm(scores[:, :, 0] - scores[:, :, -1], axis=-1).mean(0)
    by_delay = [change_shares(scores[:, [place]], groups, rng)[0].value for place in range(len(delays_samples))]
    return PhaseSweep(
        hop_samples=int(delays_samples[-1]),
        delays_samples=tuple(delays_samples.tolist()),
        spectrogram_change=tuple(np.mean(spectrogram_changes, axis=0).tolist()),
        model_change=tuple(changes.tolist()),
        front_end_share=tuple(by_delay),
        share=change_shares(scores, groups, rng)[0],
    )
