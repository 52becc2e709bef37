"""What one clip shows of the layers of a network, at every shift.

Conventions
-----------
A clip is worked on a few shifts at a time; of its maps only errors are kept, and a sample of the units, drawn once for
all clips. Units whose shift is undone are drawn from the steps that can be compared at every shift.

What is here: `UnitSample`, `choose_units`, `LayerSweep`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from ...sound.clip import Clip
from ...sweep.activations import LayerFeed, LayerMap
from .equivariance import kept_steps, moved_along
from .layer_survey import MapAxis
from .layers import LayerRecord
from .local_error import local_error, rate_moving_along, rate_of_differences
from .map_errors import MapErrors, compare_maps
from .sampling_bias import maximum_sampling_bias

__all__ = ["LayerSweep", "UnitSample", "choose_units"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]

_SHIFTS_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class UnitSample:
    """Which units of a layer's map are followed.

    Parameters
    ----------
    anywhere : ndarray of int
        Places in the flattened map, axis last.
    movable : ndarray of int
        Places that can be compared at every shift once it is undone; empty where there are none.
    """

    anywhere: IntArray
    movable: IntArray

    def values(self, found: FloatArray) -> FloatArray:
        """Return the units of a map of shape (..., n_steps)."""
        return found.ravel()[self.anywhere]

    def undone(self, found: FloatArray, lag: float) -> FloatArray:
        """Return the units of a map whose shift by a lag has been undone."""
        return moved_along(found, -lag).ravel()[self.movable]


def choose_units(lies: MapAxis, shifts: FloatArray, max_units: int, rng: np.random.Generator) -> UnitSample:
    """Draw the units of a layer that are followed over clips and shifts.

    Parameters
    ----------
    lies : MapAxis
    shifts : ndarray of shape (n_shifts,)
        In steps of the input.
    max_units : int
    rng : numpy.random.Generator

    Returns
    -------
    UnitSample
    """
    places = np.arange(int(np.prod(lies.shape))).reshape(-1, lies.n_steps)
    kept = kept_steps(lies.inner, lies.n_steps, -shifts / lies.stride)
    movable = places[:, kept].ravel() if lies.place is not None else places[:0].ravel()

    def draw(given: IntArray) -> IntArray:
        return np.sort(rng.choice(given, min(max_units, len(given)), replace=False))

    return UnitSample(draw(places.ravel()), draw(movable))


@dataclass(frozen=True, eq=False)
class LayerSweep:
    """One kind of shift on its way through a surveyed network.

    Parameters
    ----------
    feed : LayerFeed
    modules : mapping of str to Module
        The layers.
    lies : tuple of MapAxis
        How their maps lie, from `layer_survey.survey_layers`.
    shifts : ndarray of shape (n_shifts,)
        In steps of the input: samples, hertz or bins; with 0 among them.
    units : mapping of str to UnitSample
        By layer.
    """

    feed: LayerFeed
    modules: Mapping[str, nn.Module]
    lies: tuple[MapAxis, ...]
    shifts: FloatArray
    units: Mapping[str, UnitSample]

    def records(self, window: Clip) -> dict[str, LayerRecord]:
        """Return what one clip shows of every layer.

        Parameters
        ----------
        window : Clip
            As long as the model's window.

        Returns
        -------
        dict of str to LayerRecord
        """
        found: dict[str, list[_Followed]] = {layer.layer: [] for layer in self.lies}
        for first in range(0, len(self.shifts), _SHIFTS_AT_ONCE):
            shifts = self.shifts[first : first + _SHIFTS_AT_ONCE]
            # The clip itself, twice, in every batch: sums over batches of other sizes round differently.
            inputs = self.feed.shifted(window, np.concatenate([[0.0, 0.0], shifts]))
            maps = self.feed.maps(self.modules, inputs)
            for layer in self.lies:
                found[layer.layer] += self._follow(layer, maps[layer.layer].output, shifts)
            last = maps
        rates = self._rates(window)
        return {layer.layer: _record(layer, found[layer.layer], last[layer.layer], rates) for layer in self.lies}

    def _follow(self, layer: MapAxis, maps: Tensor, shifts: FloatArray) -> list[_Followed]:
        reference = layer.rows(maps[0])
        followed = []
        for shift, found in zip(shifts, maps[2:], strict=True):
            lag = shift / layer.stride if layer.place is not None else np.nan
            values = reference if shift == 0 else layer.rows(found)
            sample = self.units[layer.layer]
            errors = compare_maps(values, reference, float(lag), layer.inner)
            undone = sample.undone(values, float(lag)) if len(sample.movable) else np.zeros(0)
            followed.append(_Followed(errors, sample.values(values), undone))
        return followed

    def _rates(self, window: Clip) -> _Rates:
        """Differentiate at shift 0, by the derivative where the network has one."""
        step = {"time": 1000 / self.feed.model.spec.sample_rate}.get(self.feed.axis, 1.0)
        around = self.feed.shifted(window, np.array([-2.0, -1.0, 1.0, 2.0]))
        differences = {
            name: rate_of_differences(found.output, step)
            for name, found in self.feed.maps(self.modules, around).items()
        }
        clean = self.feed.shifted(window, np.zeros(1))
        exact = self.feed.rates(self.modules, clean, rate_of_differences(around, step).values[None])
        values = {name: rate.values if exact is None else exact[name][0] for name, rate in differences.items()}
        return _Rates(step, values, {name: rate.disagreement for name, rate in differences.items()})


@dataclass(frozen=True, eq=False)
class _Followed:
    """One layer's map at one shift: its errors, and the followed units as they stand and with the shift undone."""

    errors: MapErrors
    units: FloatArray
    undone: FloatArray


@dataclass(frozen=True, eq=False)
class _Rates:
    """Derivatives of all layers at shift 0, per millisecond, bin or hertz: `step` of which is one step of the input."""

    step: float
    values: Mapping[str, Tensor]
    disagreement: Mapping[str, float]


def _record(layer: MapAxis, followed: Sequence[_Followed], maps: LayerMap, rates: _Rates) -> LayerRecord:
    clean, again = (layer.rows(found).astype(np.float64) for found in maps.output[:2])
    rate = layer.rows(rates.values[layer.layer])
    along = np.nan
    if layer.place is not None:
        moving = rate_moving_along(rate, clean, 1 / (layer.stride * rates.step))
        along = local_error(moving, layer.inner)
    return LayerRecord(
        errors=tuple(found.errors for found in followed),
        units=np.stack([found.units for found in followed]),
        undone=np.stack([found.undone for found in followed]),
        repeat_difference=float(np.sqrt(np.mean((again - clean) ** 2))),
        level=float(np.sqrt(np.mean(clean**2))),
        local_invariance_error=local_error(rate),
        local_equivariance_error=along,
        local_disagreement=rates.disagreement[layer.layer],
        sampling_bias=_sampling_bias(maps),
    )


def _sampling_bias(maps: LayerMap) -> float:
    if maps.pooled is None:
        return float("nan")
    return maximum_sampling_bias(maps.pooled[0].numpy(), maps.output[0].numpy(), maps.output.ndim - 2)
