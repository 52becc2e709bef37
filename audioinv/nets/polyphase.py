"""The choice of a phase: of the ways to take every factor-th value of a map, the one of largest norm.

Conventions
-----------
Maps are ``(batch, channels, n_time)`` or ``(batch, channels, n_bins, n_time)``; an axis is counted from the last. Ties
between phases go to the first. Two phases of equal norm and unlike content are the one case in which the choice does
not follow a circular delay.

What is here: `largest_phase`, and its two steps `strongest_phase` and `keep_phase`.

References
----------
.. [1] Chaman & Dokmanić, Truly Shift-Invariant Convolutional Neural Networks, 2021.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

__all__ = ["keep_phase", "largest_phase", "strongest_phase"]


def largest_phase(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Keep, of each example, the polyphase component of largest l2 norm over its channels and the other axis.

    Parameters
    ----------
    maps : Tensor of shape (batch, channels, ...)
    axis : int
        Negative: counted from the last.
    factor : int
        Divides the size of that axis.

    Returns
    -------
    Tensor
        ``maps[..., phase::factor]`` along the axis, `phase` chosen for each example; the lowest of equal ones.

    Examples
    --------
    >>> largest_phase(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), -1, 2)
    tensor([[[2., 4.]]])
    """
    if has_torch_function_unary(maps):  # whoever follows a network's operations sees this one as a whole
        return handle_torch_function(largest_phase, (maps,), maps, axis, factor)
    return keep_phase(maps, axis, factor, strongest_phase(maps, axis, factor))


def strongest_phase(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Return which polyphase component `largest_phase` keeps of each example.

    Parameters
    ----------
    maps, axis, factor
        As of `largest_phase`.

    Returns
    -------
    Tensor of shape (batch,)
        From 0 to ``factor - 1``.
    """
    return _phases(maps, axis, factor).detach().square().flatten(2).sum(-1).argmax(1)


def keep_phase(maps: Tensor, axis: int, factor: int, phase: Tensor) -> Tensor:
    """Keep one polyphase component of each example.

    Parameters
    ----------
    maps, axis, factor
        As of `largest_phase`.
    phase : Tensor of shape (batch,)

    Returns
    -------
    Tensor
    """
    kept: Tensor = _phases(maps, axis, factor)[torch.arange(len(maps), device=maps.device), phase]
    return kept


def _phases(maps: Tensor, axis: int, factor: int) -> Tensor:
    """Split maps into their polyphase components along an axis, (batch, factor, ...)."""
    phases: Tensor = maps.unflatten(axis, (-1, factor)).movedim(axis, 1)
    return phases
