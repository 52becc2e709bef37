"""What a pitch engine makes of a model's answers, apart from the pitch.

Conventions
-----------
A path as in `audioinv.measure.budget.stages`, with sounds in place of maps. Its entries are the answers to the sound
transposed, to the sound transposed and back again, to what the engine makes of it at interval 0, and to the clip. So
the first stage is what the other *pitch* makes of the answer; the second what the engine does on the way, *there and
back*; the third its trace *at 0*. Two passes of an engine leave more traces than one, so that the second stage is
rather too large, and the first rather too small.

What is here: `ENGINE_STAGES`, `engine_path`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from ...nets.model import Model
from ...sound.clip import Clip
from ...sound.operators import PitchShift
from .stages import Stage, StagePath, relative_errors

__all__ = ["ENGINE_STAGES", "engine_path"]

FloatArray = npt.NDArray[np.float64]

ENGINE_STAGES = tuple(Stage(name, "", 1) for name in ("pitch", "engine: there and back", "engine: at 0"))


def engine_path(model: Model, window: Clip, intervals_semitones: FloatArray, operator: PitchShift) -> StagePath:
    """Follow the answer to one clip from a transposition back to the clip.

    Parameters
    ----------
    model : Model
    window : Clip
        As long as the model's window.
    intervals_semitones : ndarray of shape (n_shifts,)
        With 0 among them, where the engine does not run.
    operator : PitchShift

    Returns
    -------
    StagePath
        Own errors are those of the sound: ``nan`` for the pitch, which is meant to change.
    """
    shifted = operator.shift(window, intervals_semitones)
    back = operator.shift_back(shifted, window, intervals_semitones)
    clean = torch.from_numpy(window.waveform).expand_as(shifted)
    moves = torch.from_numpy(intervals_semitones != 0)[:, None]
    at_zero = torch.where(moves, operator.engine_at_zero(window), clean)
    sounds = torch.stack([shifted, back, at_zero, clean], dim=1)
    with torch.inference_mode():
        scores = model.scores(sounds.flatten(0, 1)).unflatten(0, sounds.shape[:2])
    unknown = np.full(len(intervals_semitones), np.nan)
    errors = [unknown, relative_errors(back, at_zero), relative_errors(at_zero, clean)]
    return StagePath(scores.double().numpy(), np.stack(errors, axis=1))
