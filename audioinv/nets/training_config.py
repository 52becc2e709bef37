"""How a classifier is trained: schedule, jitter and seed, checked once.

Conventions
-----------
Jitter reaches as far as it says either way, and is drawn evenly for each clip and epoch.

What is here: `TrainingConfig`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InputError
from ..sound.grid import ShiftGrid

__all__ = ["TrainingConfig"]

_JITTERS = (
    "time_jitter_seconds",
    "frequency_jitter_hz",
    "pitch_jitter_semitones",
    "bin_jitter",
    "gain_jitter_db",
    "mixup",
)
_WITH_JITTER = ("time", "freq", "pitch", "bins")


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Parameters
    ----------
    epochs : int, default 60
        At most.
    batch_size : int, default 32
    learning_rate : float, default 2e-3
        Peak of the one-cycle schedule.
    weight_decay : float, default 0.02
    patience : int, default 20
        Epochs without a lower validation loss after which training stops.
    time_jitter_seconds, frequency_jitter_hz : float, default 0
        Largest delay and largest offset, either way, drawn evenly for each clip and epoch.
    pitch_jitter_semitones : float, default 0
        Largest interval, either way, by resampling: a kit or an instrument tuned otherwise.
    bin_jitter : int, default 0
        Largest move of the spectrogram in bins, either way.
    gain_jitter_db : float, default 0
        Largest change of level, either way.
    changes : tuple of ShiftGrid, default ()
        Further changes of sound, along the axes of `audioinv.sound.axes`: for each clip and epoch one amount of each
        grid, drawn evenly; 0, no change, is one of them.
    mixup : float, default 0
        Parameter of the beta distribution by which pairs of clips and their labels are mixed [1]_; 0 mixes none.
    seed : int, default 0
        Of weights, order and jitter.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin & Lopez-Paz, mixup: Beyond Empirical Risk Minimization, 2018.

    Examples
    --------
    >>> TrainingConfig(epochs=20, time_jitter_seconds=0.02).epochs
    20
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    patience: int = 20
    time_jitter_seconds: float = 0.0
    frequency_jitter_hz: float = 0.0
    pitch_jitter_semitones: float = 0.0
    bin_jitter: int = 0
    gain_jitter_db: float = 0.0
    changes: tuple[ShiftGrid, ...] = ()
    mixup: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "learning_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name}={getattr(self, name)} must be positive and finite")
        for name in ("weight_decay", *_JITTERS):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name}={getattr(self, name)} must not be negative, and finite")
        with_jitter = [grid.axis for grid in self.changes if grid.axis in _WITH_JITTER]
        if with_jitter:
            raise InputError(f"changes along {', '.join(with_jitter)} have a jitter of their own; use that")
