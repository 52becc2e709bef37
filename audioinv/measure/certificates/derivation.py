"""Derive from a network's layers under which circular delays of its input its answers cannot change.

Conventions
-----------
The network is run on noise and followed, operation by operation (`following`), by the laws of
`motion`. It is run twice, on different noise: a network that takes another way, or brings other
constants along, depends on its input in a manner that is not followed, and nothing is derived. What is derived holds
for every input of that size.

What is here: `Derivation`, `derive`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .following import Run, follow
from .motion import Lost, Still

__all__ = ["Derivation", "derive"]


@dataclass(frozen=True)
class Derivation:
    """What follows from the layers of a network for circular delays of its input.

    Parameters
    ----------
    period : int
        Length of the input along the axis of the delay, in its places.
    modulus : int, optional
        The answers do not change at any multiple of it. None if nothing can be derived.
    reason : str
        Why nothing can be derived; empty where something was.
    steps : tuple of str
        The layers at which something was lost or gained, in their order.
    """

    period: int
    modulus: int | None
    reason: str = ""
    steps: tuple[str, ...] = ()

    @property
    def claim(self) -> str:
        """What was derived, in words; the unit of a place is left to the reader."""
        if self.modulus is None:
            return f"nothing can be derived: {self.reason}"
        if self.modulus == 1:
            return "invariant to every circular delay"
        return f"invariant to every circular delay that is a multiple of {self.modulus}"


def derive(respond: Callable[[Tensor], Any], input_shape: Sequence[int], dim: int = -1) -> Derivation:
    """Derive the circular delays under which the answers of a network do not change.

    Parameters
    ----------
    respond : callable
        Takes a batch of inputs, returns answers of shape (batch, ...): a module in evaluation mode, or a method of a
        model that calls one.
    input_shape : sequence of int
        One input, without the batch.
    dim : int, default -1
        The axis of the delay, counted from the last.

    Returns
    -------
    Derivation

    Examples
    --------
    >>> from torch import nn
    >>> circular = nn.Conv1d(1, 4, 3, padding=1, padding_mode="circular")
    >>> network = nn.Sequential(circular, nn.ReLU(), nn.AvgPool1d(4), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    >>> derive(network, (1, 64)).claim
    'invariant to every circular delay that is a multiple of 4'
    >>> derive(nn.Sequential(nn.Conv1d(1, 4, 3, padding=1), nn.AdaptiveAvgPool1d(1)), (1, 64)).reason
    '0 (Conv1d): conv1d: it pads with zeros, which do not move along'
    """
    first, second = (follow(respond, input_shape, dim, seed) for seed in (0, 1))
    period, answer = int(input_shape[dim]), first.answer
    if isinstance(answer, Still) and not _same(first, second):
        answer = Lost("another input takes another way through the network, or brings other constants along")
    if answer is None:
        answer = Lost("it answers with something else than operations of torch made of its input")
    if isinstance(answer, Lost):
        return Derivation(period, None, answer.reason, tuple(first.steps))
    if not isinstance(answer, Still):
        return Derivation(period, None, "the answers move along with the input", tuple(first.steps))
    if answer.modulus == period:
        reason = "the strides multiply to the whole window, and a delay by that is none"
        return Derivation(period, None, reason, tuple(first.steps))
    return Derivation(period, answer.modulus, steps=tuple(first.steps))


def _same(one: Run, other: Run) -> bool:
    """Compare two runs: the same operations, and the same constants beside the followed tensors."""
    return [name for name, _ in one.log] == [name for name, _ in other.log] and all(
        len(left) == len(right) and all(map(_equal, left, right))
        for (_, left), (_, right) in zip(one.log, other.log, strict=True)
    )


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return left is right or torch.equal(left, right)
    return left is right or bool(left == right)
