"""Results of a layer analysis: in memory, as rows and as two files of a results folder.

Conventions
-----------
``layers.json`` holds the verdicts and measures of every layer and all that says how they came about;
``layers.parquet`` one row for each axis, layer, clip and shift. Both may stand in the folder of an analysis. A number
that is undefined is null.

What is here: `AxisLayers`, `LayerResults`, `LAYER_FILES`, `load_layers`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..errors import CheckpointError
from ..measure.layerwise.layer_survey import MapAxis
from ..measure.layerwise.layers import LayerSummary
from ..measure.layerwise.map_errors import MapErrors
from ..measure.layerwise.verdict import Floors, Verdict
from ..nets.model import ModelSpec
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis, with_nan, with_null

__all__ = ["LAYER_FILES", "AxisLayers", "LayerResults", "load_layers"]

_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("axis", "layer", "clip", "unit")),
        ("shift", pa.float64()),
        *((field.name, pa.float64()) for field in fields(MapErrors)),
    ]
)
LAYER_FILES = AnalysisFiles("layers", "analysis of layers", "audioinv layers", _SCHEMA)


@dataclass(frozen=True, eq=False)
class AxisLayers:
    """All layers under one kind of shift.

    Parameters
    ----------
    axis : {"time", "freq", "bins"}
    unit : str
        Of `shifts`, as given.
    shifts : tuple of float
        Ascending, with 0 among them.
    layers : tuple of LayerSummary
        In the order in which they were called.
    errors : mapping of str to tuple
        By layer, for each clip and each shift, a `MapErrors`.
    """

    axis: str
    unit: str
    shifts: tuple[float, ...]
    layers: tuple[LayerSummary, ...]
    errors: Mapping[str, tuple[tuple[MapErrors, ...], ...]]


@dataclass(frozen=True, eq=False)
class LayerResults(KeptAnalysis):
    """What an analysis of layers found.

    Parameters
    ----------
    spec : ModelSpec
        Of the model.
    clips : tuple of str
        Names of those that were analysed.
    axes : mapping of str to AxisLayers
    run : mapping
        Configuration, versions, hash of the weights, timing.
    failures : tuple of Failure
        Clips that could not be analysed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> from torch import nn
    >>> convolution = nn.Conv1d(1, 2, 5, padding=2, padding_mode="circular")
    >>> network = nn.Sequential(nn.Unflatten(-1, (1, 400)), convolution, nn.Flatten(), nn.Linear(800, 2))
    >>> model = audioinv.as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=400, activation="softmax")
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(400), 8000, name=f"noise {i}") for i in range(3)]
    >>> found: LayerResults = audioinv.layers(model, clips, time="0:3:1smp")
    >>> found.clips
    ('noise 0', 'noise 1', 'noise 2')
    >>> found.document["axes"]["time"]["shifts"]
    [0.0, 1.0, 2.0, 3.0]
    >>> found.table.num_rows == len(found.frame)
    True
    >>> "equivariant" in " ".join(found.lines)
    True
    >>> len(found.plot().axes) > 0
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['layers.json', 'layers.parquet']
    """

    spec: ModelSpec
    clips: tuple[str, ...]
    axes: Mapping[str, AxisLayers]
    run: Mapping[str, Any]
    failures: tuple[Failure, ...] = ()
    FILES = LAYER_FILES

    def _content(self) -> dict[str, Any]:
        axes = {
            name: {
                "unit": axis.unit,
                "shifts": list(axis.shifts),
                "layers": [{**asdict(layer), "text": str(layer.verdict)} for layer in axis.layers],
            }
            for name, axis in self.axes.items()
        }
        return {
            "model": asdict(self.spec),
            "clips": self.clips,
            "axes": axes,
            "failures": [asdict(failure) for failure in self.failures],
            "run": dict(self.run),
        }

    @cached_property
    def table(self) -> pa.Table:
        """One row for each axis, layer, clip and shift."""
        rows = [
            {"axis": name, "layer": layer, "clip": clip, "unit": axis.unit, "shift": shift, **asdict(errors)}
            for name, axis in self.axes.items()
            for layer, of_layer in axis.errors.items()
            for clip, of_clip in zip(self.clips, of_layer, strict=True)
            for shift, errors in zip(axis.shifts, of_clip, strict=True)
        ]
        return pa.Table.from_pylist([with_null(row) for row in rows], schema=_SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.layer_text`."""
        from .layer_text import layer_lines

        return iter(layer_lines(self))

    def plot(self) -> Any:
        """Draw the layers; see `audioinv.report.layer_figures`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .layer_figures import layers_figure

        return layers_figure(self)


def load_layers(folder: str | os.PathLike[str]) -> LayerResults:
    """Read an analysis of layers.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    LayerResults

    Raises
    ------
    CheckpointError
        If a file is missing or damaged, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> from torch import nn
    >>> convolution = nn.Conv1d(1, 2, 5, padding=2, padding_mode="circular")
    >>> network = nn.Sequential(nn.Unflatten(-1, (1, 400)), convolution, nn.Flatten(), nn.Linear(800, 2))
    >>> model = audioinv.as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=400, activation="softmax")
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(400), 8000, name=f"noise {i}") for i in range(3)]
    >>> folder = audioinv.layers(model, clips, time="0:3:1smp").save(tempfile.mkdtemp())
    >>> load_layers(folder).clips
    ('noise 0', 'noise 1', 'noise 2')
    """
    return LAYER_FILES.read(folder, _read_layers)


def _read_layers(document: dict[str, Any], table: pa.Table) -> LayerResults:
    rows, n_clips = table.to_pylist(), len(document["clips"])
    return LayerResults(
        spec=ModelSpec(**document["model"]),
        clips=tuple(document["clips"]),
        axes={name: _read_axis(name, axis, rows, n_clips) for name, axis in document["axes"].items()},
        run=document["run"],
        failures=tuple(Failure(**failure) for failure in document["failures"]),
    )


def _read_axis(name: str, stored: Mapping[str, Any], rows: list[dict[str, Any]], n_clips: int) -> AxisLayers:
    layers = tuple(_read_layer(layer) for layer in stored["layers"])
    n_shifts = len(stored["shifts"])
    errors = {}
    for layer in layers:
        of_layer = [_read_errors(row) for row in rows if (row["axis"], row["layer"]) == (name, layer.lies.layer)]
        if len(of_layer) != n_clips * n_shifts:
            raise CheckpointError(f"layer {layer.lies.layer}: rows are missing from {LAYER_FILES.paths[1]}")
        errors[layer.lies.layer] = tuple(
            tuple(of_layer[first : first + n_shifts]) for first in range(0, len(of_layer), n_shifts)
        )
    return AxisLayers(name, stored["unit"], tuple(stored["shifts"]), layers, errors)


def _read_errors(row: Mapping[str, Any]) -> MapErrors:
    return MapErrors(**{field.name: with_nan(row[field.name]) for field in fields(MapErrors)})


def _read_layer(stored: Mapping[str, Any]) -> LayerSummary:
    lies = dict(stored["lies"])
    lies["shape"] = tuple(lies["shape"])
    lies["inner"] = None if lies["inner"] is None else tuple(lies["inner"])
    numbers = {
        name: with_nan(value) for name, value in stored.items() if name not in ("lies", "verdict", "floors", "text")
    }
    floors = Floors(**{name: with_nan(value) for name, value in stored["floors"].items()})
    return LayerSummary(lies=MapAxis(**lies), verdict=Verdict(**stored["verdict"]), floors=floors, **numbers)
