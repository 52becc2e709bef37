"""A network surveyed along an axis, and what to shift it by.

Conventions
-----------
Without a grid, delays and bins are the strides of the network's own maps, twice the largest, and along time a quarter
and a half of the smallest.

What is here: `SurveyedAxis`, `survey_axis`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import nn

from ...errors import InputError
from ...sound.grid import ShiftGrid, parse_grid
from ...sweep.activations import LayerFeed
from .layer_survey import MapAxis, survey_layers

__all__ = ["SurveyedAxis", "survey_axis"]

_OFFSETS_HZ = (25.0, 50.0, 100.0)
_UNITS = {"time": "smp", "freq": "Hz", "bins": "bins"}
_EXAMPLES = {"time": "0:320:160smp", "freq": "50Hz", "bins": "-4:4:1bins"}


@dataclass(frozen=True, eq=False)
class SurveyedAxis:
    """How the maps of a network lie along an axis, and what to shift by.

    Parameters
    ----------
    feed : LayerFeed
    grid : ShiftGrid
    shifts : ndarray of shape (n_shifts,)
        The same in steps of the input.
    lies : tuple of MapAxis
    """

    feed: LayerFeed
    grid: ShiftGrid
    shifts: npt.NDArray[np.float64]
    lies: tuple[MapAxis, ...]


def survey_axis(feed: LayerFeed, grid: str | ShiftGrid | None, modules: Mapping[str, nn.Module]) -> SurveyedAxis:
    """Survey a network along an axis, and choose the shifts.

    Parameters
    ----------
    feed : LayerFeed
    grid : str or ShiftGrid, optional
        The network's own strides if not given.
    modules : mapping of str to Module
        The layers.

    Returns
    -------
    SurveyedAxis

    Raises
    ------
    InputError
        If the grid cannot be read, is one along another axis, or holds no shift.
    """
    axis, model = feed.axis, feed.model
    lies = survey_layers(feed, modules)
    own = _own_strides(feed, lies) if grid is None else grid
    made = own if isinstance(own, ShiftGrid) else parse_grid(axis, own)
    if made.axis != axis:
        raise InputError(f"{axis}={made} is not a grid along {axis}")
    shifts = made.natural(model.spec.sample_rate, model.hop_samples)
    if len(shifts) < 2:
        raise InputError(f"{axis} holds no shift other than 0; give one such as {_EXAMPLES[axis]}")
    return SurveyedAxis(feed, made, shifts, tuple(lies))


def _own_strides(feed: LayerFeed, lies: Sequence[MapAxis]) -> ShiftGrid:
    """Return the strides of the maps, twice the largest, and along time a quarter and a half of the smallest."""
    if feed.axis == "freq":
        return ShiftGrid("freq", tuple(hz for hz in _OFFSETS_HZ if hz < feed.model.spec.sample_rate / 8), "Hz")
    strides = {float(layer.stride) for layer in lies if layer.place is not None} or {1.0}
    strides = {stride for stride in strides | {2 * max(strides)} if stride <= feed.n_steps / 4} | {min(strides)}
    between = {min(strides) / 4, min(strides) / 2} if feed.axis == "time" else set()
    return ShiftGrid(feed.axis, tuple(strides | between), _UNITS[feed.axis])
