"""How the maps of a network lie along the axis that is shifted: size, stride, and where the border does not reach.

Conventions
-----------
The survey runs the network on white noise, which has structure everywhere, so that what it finds belongs to the network
and not to a clip. The *stride* of a map is how far the input must be shifted for the map to move by one step. It
follows from the sizes of the maps; where rounding at the border lets several fit, each is tried on a shift that it
would make a whole lag of, and a search for the best lag confirms the best of them or does not. What is tried is the
difference that two noises make, so that whatever a layer adds at fixed places does not hide what moves. A map that is
found where it stood has no axis to move along, whatever its size. The *inner* steps of a map are those that stay the
same when only the border of the input changes: whatever happens there, be it padding, cutting or wrapping round, does
not reach them.

What is here: `MapAxis`, `survey_layers`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...sweep.activations import LayerFeed
from .equivariance import Inner, equivariance_error, inner_steps
from .lag_search import best_lag, stride_candidates

__all__ = ["MapAxis", "survey_layers"]

FloatArray = npt.NDArray[np.floating]

_NEAR_LAG = 0.25
_STAYS = 0.5  # relative error; maps that have nothing to do with each other differ by more
_REPEAT_MARGIN = 2.0
_MAX_CANDIDATES = 64


@dataclass(frozen=True)
class MapAxis:
    """How one layer's map lies along the shifted axis.

    Parameters
    ----------
    layer : str
    kind : str
        Class of the module.
    shape : tuple of int
        Of the map, without the batch.
    place : int, optional
        Axis of the map that moves along, counted from the end; None for a layer that has none.
    stride : int
        In steps of the input; of the last map that had the axis, for a layer that has none.
    confirmed : bool
        Whether the map of a shifted noise is found where the stride says.
    inner : (int, int), optional
        Steps that the border does not reach; None where it reaches all.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]
    place: int | None
    stride: int
    confirmed: bool
    inner: Inner

    @property
    def n_steps(self) -> int:
        """Steps of the map along the axis; 1 where it has none."""
        return 1 if self.place is None else self.shape[self.place]

    def rows(self, found: Tensor) -> FloatArray:
        """Return one map with the axis last, of shape (..., n_steps), in the order channels first.

        Parameters
        ----------
        found : Tensor
            Of the layer's shape.

        Returns
        -------
        ndarray
        """
        values: FloatArray = found.numpy()
        return values.reshape(-1, 1) if self.place is None else np.moveaxis(values, self.place, -1)


def survey_layers(feed: LayerFeed, layers: Mapping[str, nn.Module]) -> list[MapAxis]:
    """Find out how the maps of a network lie along an axis.

    Parameters
    ----------
    feed : LayerFeed
    layers : mapping of str to Module
        From `audioinv.sweep.activations.named_layers`.

    Returns
    -------
    list of MapAxis
        One for each layer that the shifted input passes through, in the order of the calls.
    """
    noises = [replace(feed, seed=seed).noise() for seed in (feed.seed, feed.seed + 1)]
    clean = feed.shifted(noises[0], np.zeros(1))
    known = feed.maps(layers, torch.cat([clean, clean, feed.other_borders(clean)]))

    @functools.cache
    def differences(amount: int) -> dict[str, Tensor]:
        maps = feed.maps(layers, torch.cat([feed.shifted(noise, np.array([float(amount)])) for noise in noises]))
        return {name: found.output[0] - found.output[1] for name, found in maps.items()}

    before = [(1, feed.n_steps)]
    surveyed = []
    for name, found in known.items():
        shape = tuple(found.output.shape[1:])
        place = feed.place if _has_axis(shape, feed.place) else None
        lies = MapAxis(name, found.kind, shape, place, before[-1][0], True, None)
        if place is not None:
            lies = replace(lies, inner=_inner(lies, found.output))
            lies = _with_stride(lies, differences, stride_candidates(feed.n_steps, lies.n_steps, before))
        if lies.place is not None:
            before.append((lies.stride, lies.n_steps))
        surveyed.append(lies)
    return surveyed


def _has_axis(shape: tuple[int, ...], place: int | None) -> bool:
    """Tell whether a map has an axis to move along: beside the channels, and longer than one step."""
    return place is not None and len(shape) > -place and shape[place] > 1


def _inner(lies: MapAxis, maps: Tensor) -> Inner:
    """Find the inner steps from the maps of one input, of the same again, and of inputs with other borders."""
    clean, again, *borders = (lies.rows(found) for found in maps)
    others = tuple(range(clean.ndim - 1))
    unsteady = _REPEAT_MARGIN * np.abs(again - clean).max()
    return inner_steps(np.max([np.abs(border - clean).max(axis=others) for border in borders], axis=0) > unsteady)


def _with_stride(
    lies: MapAxis, differences: Callable[[int], Mapping[str, Tensor]], candidates: Sequence[int]
) -> MapAxis:
    """Try each stride on a shift that it would make a whole lag of, and search the lag for the best."""
    reference = lies.rows(differences(0)[lies.layer])
    n_inner = lies.n_steps if lies.inner is None else lies.inner[1] - lies.inner[0]
    tried: list[tuple[int, int, FloatArray]] = []
    for stride in candidates[:_MAX_CANDIDATES]:
        lag = max(1, min(lies.n_steps // 4, n_inner // 2))
        tried.append((stride, lag, lies.rows(differences(stride * lag)[lies.layer])))
    errors = [equivariance_error(moved, reference, lag, lies.inner) for _, lag, moved in tried]
    stride, lag, moved = tried[int(np.nanargmin(errors))] if np.isfinite(errors).any() else tried[0]
    found = best_lag(moved, reference, lies.inner)[1]
    if abs(found.lag) <= _NEAR_LAG and found.error < _STAYS:
        return replace(lies, place=None, inner=None)
    return replace(lies, stride=stride, confirmed=abs(found.lag - lag) <= _NEAR_LAG)
