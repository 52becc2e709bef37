"""What the parts of an untrained network do to a delay: whether the map moves along, and whether anything stays.

Conventions
-----------
Real sounds, delayed in a circle, in float64, as spectrograms whose silence is 0; weights are random, since nothing here
depends on their values. Two errors are measured, both relative to the size of the map: `moves_along_error`, of the map
of the delayed sound against the moved map of the undelayed one, and `change`, of the same against the map as it was. A
mechanism whose map is one column has nowhere to move: the two are one. Delays are in frames of the spectrogram.

What is here: `MECHANISMS`, `measure_mechanism`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..nets.training_windows import windows_of
from ..sound.shifts import time_shift
from ..sound.spectrogram import Spectrogram
from .design import Variant
from .measures import CellMeasures
from .tasks import open_task

__all__ = ["MECHANISMS", "measure_mechanism"]

_N_CHANNELS, _KERNEL = 8, 5


@dataclass(frozen=True)
class Mechanism:
    """A stack of layers and the delays to try it with.

    Parameters
    ----------
    stride : int
        Of the convolution.
    delays : tuple of float
        In frames.
    rectified : bool, default True
        Whether a ReLU follows the convolution.
    pooled : bool, default False
        Whether a global average over time ends it.
    """

    stride: int
    delays: tuple[float, ...]
    rectified: bool = True
    pooled: bool = False

    def layers(self, n_bins: int) -> nn.Sequential:
        """Return the layers, with weights drawn from torch's generator."""
        padding = {"padding": _KERNEL // 2, "padding_mode": "circular"}
        stack: list[nn.Module] = [nn.Conv1d(n_bins, _N_CHANNELS, _KERNEL, self.stride, **padding)]  # type: ignore[arg-type]
        stack += [nn.ReLU()] * self.rectified + [nn.AdaptiveAvgPool1d(1)] * self.pooled
        return nn.Sequential(*stack).double()


_WHOLE, _ODD, _EVEN, _PARTS = (1.0, 2.0, 5.0, 12.0), (1.0, 5.0, 11.0), (2.0, 6.0, 12.0), (0.3, 2.5, 5.4)

MECHANISMS: Mapping[str, Mechanism] = {
    "convolution, whole frames": Mechanism(1, _WHOLE, rectified=False),
    "convolution + ReLU, whole frames": Mechanism(1, _WHOLE),
    "convolution, parts of a frame": Mechanism(1, _PARTS, rectified=False),
    "convolution + ReLU, parts of a frame": Mechanism(1, _PARTS),
    "every second column, even delays": Mechanism(2, _EVEN),
    "every second column, odd delays": Mechanism(2, _ODD),
    "global average after stride 1": Mechanism(1, _WHOLE, pooled=True),
    "global average after every second column": Mechanism(2, _ODD, pooled=True),
}
"""What is tried, by the words that name it."""


def measure_mechanism(task: str, variant: Variant, seed: int, quick: bool) -> CellMeasures:
    """Measure what a mechanism does to delays of a task's test sounds.

    Parameters
    ----------
    task : str
    variant : Variant
        Named as in `MECHANISMS`.
    seed : int
        Of the weights.
    quick : bool
        Fewer sounds.

    Returns
    -------
    CellMeasures
        ``moves_along_error`` and ``change`` of every clip, averaged over the delays.
    """
    sounds = open_task(task, quick=quick)
    mechanism = MECHANISMS[variant.name]
    spectrograms = Spectrogram(sounds.front_end)(windows_of(sounds.test, sounds.spec).double())
    spectrograms = spectrograms - sounds.front_end.floor_db
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        layers = mechanism.layers(sounds.front_end.n_bins)
        before = layers(spectrograms)
        errors = np.array(
            [_errors(layers, spectrograms, before, delay, mechanism.stride) for delay in mechanism.delays]
        )
    moved, changed = errors.mean(axis=0)
    names = tuple(clip.name for clip in sounds.test)
    return CellMeasures(
        names, tuple(clip.group for clip in sounds.test), {"moves_along_error": moved, "change": changed}
    )


def _errors(
    layers: Callable[[Tensor], Tensor], inputs: Tensor, before: Tensor, delay: float, stride: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return how far the map is from the moved one, and from the unmoved one, for each clip."""
    after = layers(time_shift(inputs, delay, edges="circular"))
    moved = time_shift(before, delay / stride, edges="circular") if before.shape[-1] > 1 else before
    found = [
        ((after - expected).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)) for expected in (moved, before)
    ]
    return found[0].numpy(), found[1].numpy()
