"""Confirm by number what a network's layers promise for circular delays, and say how it came out.

Conventions
-----------
Delays are circular and count in places of the input: samples, frames or bins. A promise of modulus S says that a delay
and that delay plus any multiple of S give the same answer. The answer is then a function of the delay modulo S, so one
pass for each of the S phases proves the answers at all T delays of a clip. That is what is confirmed: every phase is
measured, and for each a second delay, drawn at random among the T / S that share it, has to agree. Where there are more
phases than passes are allowed, phases are drawn at random, and what was not covered is counted.

Deviations are relative: the largest change of any answer over the largest answer to the clip. A promise is exact in
real numbers; in floating point a sum in another order differs. `TOLERANCE_EPS` gives room for it, in units of the
type's epsilon. In float64 it is 2^20, 2e-10 of an answer: the logarithm of a quiet frame can magnify rounding a
million times, while what breaks a promise (a border, a phase, a place) moves answers by 1e-6 and more. Float32 has room
for 2^12 only, 5e-4 of an answer, and is used where a model does not run in float64.

What is here: `Certificate`, `Confirmation`, `Pair`, `confirm`, `TOLERANCE_EPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import ModelError
from .derivation import Derivation

__all__ = ["TOLERANCE_EPS", "Certificate", "Confirmation", "Pair", "confirm"]

IntArray = npt.NDArray[np.int64]

TOLERANCE_EPS = {torch.float64: 2.0**20, torch.float32: 2.0**12}

_CHUNK = 16
_LEAST_PAIRS = 32  # of delays that must agree, however few the phases


@dataclass(frozen=True)
class Pair:
    """Two delays of one clip, and how far the answers to them differ.

    Parameters
    ----------
    clip : int
        Its place among the inputs.
    first, second : int
        The delays, in places.
    deviation : float
        Relative to the largest answer to the clip.
    """

    clip: int
    first: int
    second: int
    deviation: float


@dataclass(frozen=True)
class Confirmation:
    """What was measured for a promise of some modulus.

    Parameters
    ----------
    modulus : int
        S: delays that differ by a multiple of it should give the same answer.
    n_clips, n_delays : int
        How many clips, and how many circular delays each has.
    n_phases : int
        How many of the S phases were measured.
    n_pairs : int
        How many pairs of delays of one phase were compared, over all clips.
    n_passes : int
        How often the model answered for each clip.
    precision : {"float64", "float32"}
    tolerance : float
        How far two answers may differ by rounding.
    worst : Pair
        Of the delays that should agree.
    between : Pair
        Of delay 0 and a phase that need not agree with it, what differs most: what the promise leaves out.
    """

    modulus: int
    n_clips: int
    n_delays: int
    n_phases: int
    n_pairs: int
    n_passes: int
    precision: str
    tolerance: float
    worst: Pair
    between: Pair

    @property
    def holds(self) -> bool:
        """Whether all that should agree did."""
        return self.worst.deviation <= self.tolerance

    @property
    def n_covered(self) -> int:
        """How many delays of each clip the measured phases stand for."""
        return self.n_phases * (self.n_delays // self.modulus)


@dataclass(frozen=True)
class Certificate:
    """What was derived and what was measured for one axis of a model's input.

    Parameters
    ----------
    axis : {"time", "frames", "bins"}
        Delays of the waveform; of its spectrogram, by whole frames; or along the bins.
    place : str
        What one place of the axis is called, in the plural.
    seconds : float or None
        How long one place is; None for bins.
    derivation : Derivation
    confirmation : Confirmation
        Of the derived modulus; where nothing was derived, of invariance to every delay.
    """

    axis: str
    place: str
    seconds: float | None
    derivation: Derivation
    confirmation: Confirmation

    @property
    def verdict(self) -> str:
        """One of "certified", "measured only" and "refuted".

        Certified is what was derived and then confirmed. Measured only: nothing could be derived, and no measured delay
        changed an answer, which is no proof. Refuted: two answers differ that were derived to be the same; or nothing
        was derived, and a delay changes an answer.
        """
        if not self.confirmation.holds:
            return "refuted"
        return "measured only" if self.derivation.modulus is None else "certified"


def confirm(
    respond: Callable[[Tensor], Tensor],
    inputs: Tensor,
    modulus: int,
    *,
    dim: int = -1,
    max_phases: int = 256,
    rng: np.random.Generator,
) -> Confirmation:
    """Measure whether the answers to delayed inputs depend on the delay modulo `modulus` only.

    Parameters
    ----------
    respond : callable
        Takes a batch of inputs, returns answers of shape (batch, n_classes).
    inputs : Tensor of shape (n_clips, ...)
        In the type to compute in.
    modulus : int
        Divides the size of the inputs along `dim`.
    dim : int, default -1
        The axis of the delay.
    max_phases : int, default 256
        How many phases of each clip to measure at most.
    rng : numpy.random.Generator
        Draws the delays that are compared, and the phases where there are too many.

    Returns
    -------
    Confirmation

    Raises
    ------
    ModelError
        If an answer is NaN or infinite.

    Examples
    --------
    >>> def blocks_of_four(x):
    ...     return x.unflatten(-1, (-1, 4)).mean(-1).amax(-1, keepdim=True)
    >>> found = confirm(blocks_of_four, torch.randn(2, 64, dtype=torch.float64), 4, rng=np.random.default_rng(0))
    >>> found.holds, found.n_phases, found.n_covered, found.between.deviation > 0.1
    (True, 4, 64, True)
    """
    n_delays = int(inputs.shape[dim])
    worst, between = [], []
    with torch.no_grad():
        for clip, sound in enumerate(inputs):
            phases = _draw_phases(modulus, max_phases, rng)
            pairs = _draw_pairs(phases, modulus, n_delays, rng)
            second = _respond_delayed(respond, sound, dim, pairs[:, 1])
            first = _respond_delayed(respond, sound, dim, phases)
            again = first[np.searchsorted(phases, pairs[:, 0])]
            scale = float(torch.cat([first, second]).abs().max()) or 1.0
            worst.append(_largest(clip, pairs, (second - again).abs() / scale))
            from_start = np.stack([np.zeros_like(phases), phases], axis=1)
            between.append(_largest(clip, from_start, (first - first[:1]).abs() / scale))
    return Confirmation(
        modulus=modulus,
        n_clips=len(inputs),
        n_delays=n_delays,
        n_phases=len(phases),
        n_pairs=len(pairs) * len(inputs),
        n_passes=len(phases) + len(pairs),
        precision=str(inputs.dtype).removeprefix("torch."),
        tolerance=TOLERANCE_EPS[inputs.dtype] * torch.finfo(inputs.dtype).eps,
        worst=max(worst, key=lambda pair: pair.deviation),
        between=max(between, key=lambda pair: pair.deviation),
    )


def _draw_phases(modulus: int, max_phases: int, rng: np.random.Generator) -> IntArray:
    """Return all phases, or as many as are allowed, with 0 among them, in rising order."""
    if modulus <= max_phases:
        return np.arange(modulus)
    return np.sort(np.r_[0, 1 + rng.choice(modulus - 1, max_phases - 1, replace=False)])


def _draw_pairs(phases: IntArray, modulus: int, n_delays: int, rng: np.random.Generator) -> IntArray:
    """Return (n_pairs, 2) delays that should agree: the same input twice, the least step, and random ones."""
    turns = n_delays // modulus
    first = np.resize(phases, max(len(phases), _LEAST_PAIRS))
    drawn = np.stack([first, first + modulus * rng.integers(1, turns + 1, len(first))], axis=1)
    return np.concatenate([[[0, 0], [0, modulus]], drawn])


def _respond_delayed(respond: Callable[[Tensor], Tensor], sound: Tensor, dim: int, delays: IntArray) -> Tensor:
    """Return the answers to one input at many delays, (n_delays, n_classes)."""
    parts = []
    for start in range(0, len(delays), _CHUNK):
        rolled = [sound.roll(int(delay), dim) for delay in delays[start : start + _CHUNK]]
        parts.append(respond(torch.stack(rolled)).flatten(1).to(sound.dtype))
    answers = torch.cat(parts)
    if not bool(torch.isfinite(answers).all()):
        raise ModelError("the model answered with NaN or infinity; nothing can be confirmed")
    return answers


def _largest(clip: int, delays: IntArray, deviations: Tensor) -> Pair:
    each = deviations.amax(1)
    at = int(each.argmax())
    return Pair(clip, int(delays[at, 0]), int(delays[at, 1]), float(each[at]))
