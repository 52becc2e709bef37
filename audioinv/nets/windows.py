"""Short windows over a longer stretch of sound, for models that take less at once than there is to hear.

Conventions
-----------
Waveforms are ``(batch, n_samples)``, windows ``(batch, n_windows, n_samples)``, answers to them
``(batch, n_windows, n_classes)``. Nothing is scaled or tapered.

What is here: `Windows`, `ENDINGS`, `POOLINGS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import InputError

__all__ = ["ENDINGS", "POOLINGS", "Windows"]

ENDINGS = ("pad", "drop")
POOLINGS = ("mean", "max", "energy")


@dataclass(frozen=True)
class Windows:
    """How windows are laid over sound, and how the answers to them become one.

    Parameters
    ----------
    n_samples : int
        Of one window: what the model takes at once.
    hop_samples : int
        From one window to the next.
    context_samples : int, default 0
        Silence before the sound, which the first window begins with.
    ending : {"pad", "drop"}, default "pad"
        Whether a last window that the sound does not fill is filled with silence, or left out.
    pooling : {"mean", "max", "energy"}, default "mean"
        Of the scores: their mean, the largest of each class, or a mean weighted by the energy of the windows, which
        lets silence say nothing; where all is silent it is the mean.

    Raises
    ------
    InputError
        If a number is out of range or a word unknown.
    """

    n_samples: int
    hop_samples: int
    context_samples: int = 0
    ending: str = "pad"
    pooling: str = "mean"

    def __post_init__(self) -> None:
        if not 0 < self.hop_samples <= self.n_samples:
            raise InputError(f"hop_samples={self.hop_samples} must lie within the window of {self.n_samples} samples")
        if not 0 <= self.context_samples < self.n_samples:
            raise InputError(f"context_samples={self.context_samples} must be less than a window, {self.n_samples}")
        if self.ending not in ENDINGS:
            raise InputError(f"ending={self.ending!r} is not one of {', '.join(ENDINGS)}")
        if self.pooling not in POOLINGS:
            raise InputError(f"pooling={self.pooling!r} is not one of {', '.join(POOLINGS)}")

    def count(self, n_samples: int) -> int:
        """Return how many windows a stretch of sound has, at least one.

        Parameters
        ----------
        n_samples : int

        Returns
        -------
        int

        Examples
        --------
        >>> Windows(4, 3).count(10), Windows(4, 3).count(11), Windows(4, 3, ending="drop").count(11)
        (3, 4, 3)
        """
        beyond_first = max(0, self.context_samples + n_samples - self.n_samples)
        whole = beyond_first // self.hop_samples
        return 1 + (whole if self.ending == "drop" else -(-beyond_first // self.hop_samples))

    def lay(self, waveforms: Tensor) -> Tensor:
        """Cut sound into windows.

        Parameters
        ----------
        waveforms : Tensor of shape (batch, n_samples)

        Returns
        -------
        Tensor of shape (batch, n_windows, window_samples)

        Examples
        --------
        >>> Windows(3, 2, context_samples=1).lay(torch.tensor([[1.0, 2.0, 3.0]]))
        tensor([[[0., 1., 2.],
                 [2., 3., 0.]]])
        """
        taken = (self.count(waveforms.shape[-1]) - 1) * self.hop_samples + self.n_samples
        missing = taken - self.context_samples - waveforms.shape[-1]  # negative where an ending is dropped
        return functional.pad(waveforms, (self.context_samples, missing)).unfold(-1, self.n_samples, self.hop_samples)

    def pool(self, scores: Tensor, windows: Tensor) -> Tensor:
        """Make one answer of the answers to all windows.

        Parameters
        ----------
        scores : Tensor of shape (batch, n_windows, n_classes)
        windows : Tensor of shape (batch, n_windows, window_samples)

        Returns
        -------
        Tensor of shape (batch, n_classes)

        Examples
        --------
        >>> scores = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
        >>> Windows(1, 1, pooling="energy").pool(scores, torch.tensor([[[3.0], [1.0]]]))
        tensor([[0.9000, 0.1000]])
        """
        if self.pooling == "max":
            return scores.amax(1)
        if self.pooling == "mean":
            return scores.mean(1)
        energy = windows.square().sum(-1, keepdim=True)
        energy = torch.where(energy.sum(1, keepdim=True) > 0, energy, torch.ones_like(energy))
        return (scores * energy).sum(1) / energy.sum(1)
