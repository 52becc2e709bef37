"""Shared answers against the plain ones: a few shifts of every clip computed again, window by window.

Conventions
-----------
A score may differ by 5e-6, or that share of itself where it is above 1: the rounding of single precision in sums
taken in another order. More is no rounding but a fault of the engine, or a model whose answer to one window depends
on the others of its batch.

What is here: `confirm_scores`.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from .plan import SweepPlan

__all__ = ["TOLERANCE", "confirm_scores"]

FloatArray = npt.NDArray[Any]

TOLERANCE = 5e-6
_ALWAYS = 1


def confirm_scores(scores: FloatArray, recompute: Callable[[int], FloatArray], plan: SweepPlan, name: str) -> bool:
    """Tell whether shared scores are those of the model.

    Parameters
    ----------
    scores : ndarray of shape (n_shifts, n_classes)
    recompute : callable
        From a row to its scores, of shape (n_classes,), by one window and nothing else.
    plan : SweepPlan
        Says how many rows beside the one that always is computed again, and where they are drawn from.
    name : str
        Of the clip.

    Returns
    -------
    bool
        False, with a warning, where the sweep may fall back on the batched engine.

    Raises
    ------
    ModelError
        If they are not, and the user asked for the shared engine, or for the check.
    """
    rng = np.random.default_rng([plan.seed, zlib.crc32(name.encode())])
    rows = rng.choice(len(scores), size=min(len(scores), _ALWAYS + plan.verify), replace=False)
    for row in rows:
        expected = recompute(int(row))
        deviation = np.abs(scores[row] - expected) / np.maximum(1, np.abs(expected))
        if not deviation.max() <= TOLERANCE:
            text = (
                f"{name}: the shared engine differs from the model itself by {deviation.max():.1e} "
                f"(allowed: {TOLERANCE:g}); its answers may depend on what else is in a batch"
            )
            if plan.engine == "shared" or plan.verify:
                raise ModelError(f"{text}; use engine=batched (--engine), and please report it")
            warnings.warn(f"{text}; this clip was batched", stacklevel=2)
            return False
    return True
