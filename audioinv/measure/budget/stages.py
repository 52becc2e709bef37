"""The stages of a model, each fed an exactly shifted output of the one before.

Conventions
-----------
Shifts are circular, in steps of the input (samples or bins), so that every map has an *exactly shifted* one: the map of
the clip moved by shift / stride, by a band-limited fraction where that is not whole. A layer without the axis has the
map of the clip itself: nothing after it can move along. Stages stand in the order in which they are called, the
*answer* last: what functions make of the last layer's map.

A model is run on the shifted clip with the maps of the first k stages replaced by their exactly shifted ones, for every
k. Between one run and the next a single stage has been relieved of its own error, so that the difference of the two
answers is what that stage's error makes of the answer, through all that comes after as it is. Stages before count as
exact, stages after do not. The first run is the model's answer to the shifted clip, the last one its answer to the
clip: the differences add up to the whole change.

A spectrogram that we know is two stages. Its *border*: what the whole hops of a delay change. Its *framing*: what is
left, the fraction of a hop [1]_. A layer whose stride is not confirmed, and that does not keep the steps of one before,
is no stage of its own, as nobody can say where its map should lie; what it does counts to the next one.

What is here: `Stage`, `StagePath`, `StageSweep`; `exactly_moved`, `relative_errors`.

References
----------
.. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., ch. 10: the short-time transform is sampled every
       hop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...errors import InputError
from ...sound.clip import Clip
from ...sound.shifts import time_shift
from ...sweep.activations import LayerFeed
from ...sweep.substitution import SubstitutedRun, run_with
from ..framephase import whole_hops_and_phase
from ..layerwise.layer_survey import MapAxis

__all__ = ["ANSWER", "Stage", "StagePath", "StageSweep", "exactly_moved", "relative_errors"]

FloatArray = npt.NDArray[np.float64]

ANSWER = "answer"
_SHIFTS_AT_ONCE = 16


@dataclass(frozen=True)
class Stage:
    """A part of a model that can be held responsible.

    Parameters
    ----------
    name : str
    kind : str
        Class of the module; empty for the answer.
    stride : int
        Of its map, in steps of the input.
    holds : tuple of str, default ()
        Layers just before that are no stages of their own, and count to this one.
    """

    name: str
    kind: str
    stride: int
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StagePath:
    """The way of one clip's answer from the shifted sound back to the unshifted one, stage by stage.

    Parameters
    ----------
    scores : ndarray of shape (n_shifts, n_stages + 1, n_classes)
        With the first 0, 1, 2, … stages exact.
    own_errors : ndarray of shape (n_shifts, n_stages)
        Distance between what a stage hands on, given exactly shifted maps, and its own exactly shifted map, relative to
        the latter; ``nan`` where that is 0.
    """

    scores: FloatArray
    own_errors: FloatArray


def exactly_moved(maps: Tensor, lags: npt.ArrayLike, place: int) -> Tensor:
    """Move maps along one of their axes, wrapped around.

    Parameters
    ----------
    maps : Tensor of shape (n or 1, ...)
    lags : array of shape (n,)
        In steps; a fraction is applied as a band-limited delay.
    place : int
        Of the axis, counted from the end.

    Returns
    -------
    Tensor of shape (n, ...)

    Examples
    --------
    >>> exactly_moved(torch.tensor([[[1.0, 2.0, 3.0]]]), [0, 1], -1)[:, 0]
    tensor([[1., 2., 3.],
            [3., 1., 2.]])
    """
    rows = maps.movedim(place, -1)
    by_row = np.asarray(lags, dtype=np.float64).reshape(-1, *[1] * (rows.ndim - 2))
    moved: Tensor = time_shift(rows, by_row, edges="circular")
    return moved.movedim(-1, place)


@dataclass(frozen=True, eq=False)
class StageSweep:
    """A surveyed network and the shifts it is followed at.

    Parameters
    ----------
    feed : LayerFeed
        Along time or bins.
    modules : mapping of str to Module
        The layers.
    lies : tuple of MapAxis
        How their maps lie, from `audioinv.measure.layerwise.layer_survey.survey_layers`.
    shifts : ndarray of shape (n_shifts,)
        In steps of the input, with 0 among them: what changes there is no shift's doing.

    Raises
    ------
    InputError
        If the shift is one in hertz, which moves no map exactly.
    """

    feed: LayerFeed
    modules: Mapping[str, nn.Module]
    lies: tuple[MapAxis, ...]
    shifts: FloatArray

    def __post_init__(self) -> None:
        if self.feed.place is None:
            raise InputError(f"axis={self.feed.axis} moves no map exactly; the budget takes time and bins")

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, the answer last."""
        found: list[Stage] = []
        passed: list[str] = []
        for layer in self.lies:
            if layer not in self._exact_layers:
                passed.append(layer.layer)
                continue
            parts = ("border", "framing") if self._is_front_end(layer) else ("",)
            for part in parts:
                name = f"{layer.layer}: {part}" if part else layer.layer
                found.append(Stage(name, layer.kind, layer.stride, tuple(passed)))
                passed = []
        stride = self.lies[-1].stride if self.lies else 1
        return (*found, Stage(ANSWER, "", stride, tuple(passed)))

    def path(self, window: Clip) -> StagePath:
        """Follow the answer to one clip through the stages.

        Parameters
        ----------
        window : Clip
            As long as the model's window.

        Returns
        -------
        StagePath
        """
        firsts = range(0, len(self.shifts), _SHIFTS_AT_ONCE)
        parts = [self._part(window, self.shifts[first : first + _SHIFTS_AT_ONCE]) for first in firsts]
        return StagePath(
            np.concatenate([part.scores for part in parts]), np.concatenate([part.own_errors for part in parts])
        )

    def _part(self, window: Clip, shifts: FloatArray) -> StagePath:
        # The clip itself in every batch: sums over batches of other sizes round differently.
        amounts = np.concatenate([[0.0], shifts])
        inputs = self.feed.turned(window, amounts)
        run = self._run(inputs, {}, [layer.layer for layer in self._exact_layers])
        clean = run.scores[:1].expand(len(amounts), -1)
        steps = list(self._exact_maps(window, {name: found[:1] for name, found in run.maps.items()}, amounts))
        given: dict[str, Tensor] = {}
        scores, errors = [run.scores], []
        for place, (layer, exact) in enumerate(steps):
            errors.append(relative_errors(run.maps[layer], exact))
            given[layer] = exact
            run = self._run(inputs, given, [following for following, _ in steps[place + 1 : place + 2]])
            scores.append(run.scores)
        errors.append(relative_errors(run.scores, clean))
        path = torch.stack([*scores, clean], dim=1).double().numpy()
        return StagePath(path[1:], np.stack(errors, axis=1)[1:])

    def _run(self, inputs: Tensor, given: Mapping[str, Tensor], watched: list[str]) -> SubstitutedRun:
        return run_with(self.feed, self.modules, inputs, given, watched)

    @cached_property
    def _exact_layers(self) -> list[MapAxis]:
        """The layers of which one can say where their map should lie: by its lag, or as it keeps the steps it gets."""
        found: list[MapAxis] = []
        known: set[tuple[int, int]] = set()
        for layer in self.lies:
            if layer.place is None or layer.confirmed or (layer.n_steps, layer.stride) in known:
                found.append(layer)
                known.add((layer.n_steps, layer.stride))
        return found

    def _is_front_end(self, layer: MapAxis) -> bool:
        front_end = self.feed.model.front_end
        return front_end is not None and self.feed.axis == "time" and self.modules.get(layer.layer) is front_end

    def _exact_maps(
        self, window: Clip, clean: Mapping[str, Tensor], amounts: FloatArray
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the layer and the exactly shifted map of every stage but the answer."""
        for layer in self._exact_layers:
            found = clean[layer.layer]
            if layer.place is None:
                yield layer.layer, found.expand(len(amounts), *found.shape[1:])
                continue
            if self._is_front_end(layer):
                yield layer.layer, self._framed(window, amounts, layer)
            yield layer.layer, exactly_moved(found, amounts / layer.stride, layer.place)

    def _framed(self, window: Clip, amounts: FloatArray, layer: MapAxis) -> Tensor:
        """Return the spectrograms of delays by less than a hop, moved by the whole hops that are left."""
        n_hops, phases = whole_hops_and_phase(amounts, layer.stride)
        with torch.inference_mode():
            maps = self.modules[layer.layer](self.feed.turned(window, phases).to(self.feed.model.device)).cpu()
        return exactly_moved(maps, n_hops, -1)  # along time, the last axis


def relative_errors(found: Tensor, exact: Tensor) -> FloatArray:
    """Distance of each map from what it should be, relative to the latter.

    Parameters
    ----------
    found, exact : Tensor of shape (n, ...)

    Returns
    -------
    ndarray of shape (n,)
        ``nan`` where `exact` is 0 throughout.

    Examples
    --------
    >>> relative_errors(torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[0.0, 4.0], [0.0, 0.0]]))
    array([0.75,  nan])
    """
    off = (found.double() - exact.double()).flatten(1).norm(dim=1)
    size = exact.double().flatten(1).norm(dim=1)
    errors: FloatArray = torch.where(size > 0, off / size, torch.nan).numpy()
    return errors
