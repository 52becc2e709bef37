"""What one clip shows beside the budget of delays: at fractions of a hop, with other edges, at other positions.

Conventions
-----------
Delays are in samples. The border is asked at the delays of the budget itself, the frame phase at eighths of a hop, the
position at eight places, evenly spread over the window and multiples of the largest stride.

What is here: `DelayStudy`, `probed_layers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...nets.model import Model
from ...sound.clip import Clip
from ...sweep.activations import LayerFeed, named_layers
from ..framephase import spectrogram_phase_change
from ..layerwise.axis_survey import SurveyedAxis
from .border import CIRCULAR
from .stages import StagePath, StageSweep

__all__ = ["EDGES", "DelayStudy", "probed_layers"]

FloatArray = npt.NDArray[np.float64]

EDGES = (CIRCULAR, "zero", "context")
_N_PHASES = 8
_N_POSITIONS = 8


@dataclass(frozen=True, eq=False)
class DelayStudy:
    """A network surveyed along time, and what is asked of it beside its budget.

    Parameters
    ----------
    surveyed : SurveyedAxis
    modules : mapping of str to Module
        The layers.
    probed : mapping of str to Module
        The layers that a position is read from.
    """

    surveyed: SurveyedAxis
    modules: Mapping[str, nn.Module]
    probed: Mapping[str, nn.Module]

    @property
    def model(self) -> Model:
        """The model itself."""
        return self.surveyed.feed.model

    @property
    def phases(self) -> FloatArray:
        """Delays from 0 to a hop; none for a model whose front end is unknown."""
        return np.linspace(0.0, self.model.hop_samples or 0, _N_PHASES + 1) if self.model.front_end else np.zeros(0)

    def phase_path(self, window: Clip) -> tuple[StagePath, FloatArray] | None:
        """Follow a clip through front end and rest, and tell how far its spectrogram changes.

        Parameters
        ----------
        window : Clip
            As long as the model's window.

        Returns
        -------
        (StagePath, ndarray of shape (n_phases,)), optional
            None for a model whose front end is unknown.
        """
        front_end = self.model.front_end
        lies = tuple(layer for layer in self.surveyed.lies if self.modules.get(layer.layer) is front_end)
        if front_end is None or not lies:
            return None
        sweep = StageSweep(self.surveyed.feed, {lies[0].layer: front_end}, lies[:1], self.phases)
        return sweep.path(window), spectrogram_phase_change(window.waveform, self.phases, front_end)

    def border_scores(self, window: Clip) -> dict[str, FloatArray]:
        """Answer the same delays with each kind of edges.

        Parameters
        ----------
        window : Clip
            As long as the model's window.

        Returns
        -------
        dict of str to ndarray of shape (n_shifts, n_classes)
        """
        found = {}
        for edges in EDGES:
            delayed = LayerFeed(self.model, "time", edges).shifted(window, self.surveyed.shifts)
            with torch.inference_mode():
                found[edges] = self.model.scores(delayed).double().numpy()
        return found

    def features(self, window: Clip) -> dict[str, FloatArray]:
        """Return the maps of the probed layers at every position, averaged over all but the channels.

        Parameters
        ----------
        window : Clip
            As long as the model's window.

        Returns
        -------
        dict of str to ndarray of shape (n_positions, n_channels)
        """
        stride = max((layer.stride for layer in self.surveyed.lies), default=1)
        n_strides = self.model.spec.n_samples // stride
        n_positions = min(_N_POSITIONS, n_strides)
        positions = stride * (np.arange(n_positions) * n_strides // n_positions)
        feed = self.surveyed.feed
        maps = feed.maps(self.probed, feed.turned(window, positions.astype(np.float64)))
        return {name: _pooled(found.output) for name, found in maps.items()}


def _pooled(maps: Tensor) -> FloatArray:
    averaged: FloatArray = (maps.flatten(2).mean(-1) if maps.ndim > 2 else maps).double().numpy()
    return averaged


def probed_layers(surveyed: SurveyedAxis, names: Sequence[str]) -> dict[str, nn.Module]:
    """Return the layers to read a position from: those asked for, or the last map that moves along.

    Parameters
    ----------
    surveyed : SurveyedAxis
    names : sequence of str
        Of modules; may be empty.

    Returns
    -------
    dict of str to Module

    Raises
    ------
    InputError
        If a name is no module of the model.
    """
    moving = [layer.layer for layer in surveyed.lies if layer.place is not None and layer.confirmed]
    chosen = tuple(names) or tuple(name for name in moving[-1:] if " (" not in name)
    return named_layers(surveyed.feed.model, chosen) if chosen else {}
