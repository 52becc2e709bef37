"""Results of a layer analysis: in memory, as rows and as two files of a results folder.

Conventions
-----------
``layers.json`` holds the verdicts and measures of every layer and all that says how they came about;
``layers.parquet`` one row for each axis, layer, clip and shift. Both may stand in the folder of an analysis. A number
that is undefined is null. Files are written beside their place and renamed when complete.

What is here: `AxisLayers`, `LayerResults`, `load_layers`; `check_absent`, `write_pair`, `with_null` and `with_nan`, for
any such pair of files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import CheckpointError, InputError
from ..measure.layerwise.layer_survey import MapAxis
from ..measure.layerwise.layers import LayerSummary, MapErrors
from ..measure.layerwise.verdict import Floors, Verdict
from ..nets.model import ModelSpec
from ..sweep.responses import Failure

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LAYERS",
    "LAYER_FILES",
    "AxisLayers",
    "LayerResults",
    "check_absent",
    "load_layers",
    "with_nan",
    "with_null",
    "write_pair",
]

SCHEMA_VERSION = 1
LAYERS = "an analysis of layers"
LAYER_FILES = ("layers.json", "layers.parquet")


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
class LayerResults:
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
    """

    spec: ModelSpec
    clips: tuple[str, ...]
    axes: Mapping[str, AxisLayers]
    run: Mapping[str, Any]
    failures: tuple[Failure, ...] = ()

    def _repr_html_(self) -> str:
        from .layer_text import layer_lines
        from .wording import lines_html

        return lines_html(layer_lines(self))

    @property
    def document(self) -> dict[str, Any]:
        """The content of ``layers.json``."""
        axes = {
            name: {
                "unit": axis.unit,
                "shifts": list(axis.shifts),
                "layers": [{**asdict(layer), "text": str(layer.verdict)} for layer in axis.layers],
            }
            for name, axis in self.axes.items()
        }
        content = {
            "schema_version": SCHEMA_VERSION,
            "model": asdict(self.spec),
            "clips": list(self.clips),
            "axes": axes,
            "failures": [asdict(failure) for failure in self.failures],
            "run": dict(self.run),
        }
        document: dict[str, Any] = with_null(content)
        return document

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

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same rows for pandas."""
        return self.table.to_pandas()

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the two files into a folder, beside whatever stands there.

        Parameters
        ----------
        folder : str or path
        overwrite : bool, default False
            Whether files of an earlier analysis of layers may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If they stand there already.
        """
        target = Path(folder)
        check_absent(target, LAYER_FILES, LAYERS, overwrite=overwrite)
        write_pair(target, LAYER_FILES, self.document, self.table)
        return target

    def plot(self) -> Any:
        """Draw the layers; see `audioinv.report.layer_figures`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .layer_figures import layers_figure

        return layers_figure(self)


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("axis", "layer", "clip", "unit")),
        ("shift", pa.float64()),
        *((field.name, pa.float64()) for field in fields(MapErrors)),
    ]
)


def check_absent(target: Path, files: Sequence[str], what: str, *, overwrite: bool) -> None:
    """Refuse to write where an analysis of the kind stands.

    Parameters
    ----------
    target : Path
    files : sequence of str
        Names of its files.
    what : str
        What it is called.
    overwrite : bool

    Raises
    ------
    InputError
        If one of the files is there and may not be replaced, or the place is a file.
    """
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file; -o names a folder")
    if not overwrite and any((target / name).exists() for name in files):
        raise InputError(f"{target} holds {what} already; give another -o, or --overwrite")


def write_pair(target: Path, files: Sequence[str], document: Mapping[str, Any], table: pa.Table) -> None:
    """Write a document and a table beside their places, and rename them when complete.

    Parameters
    ----------
    target : Path
        Folder; made if it is not there.
    files : sequence of str
        Names of the document and of the table.
    document : mapping
    table : pyarrow.Table
    """
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    unfinished = [target / f"{name}.part" for name in files]
    unfinished[0].write_text(text, encoding="utf-8")
    pq.write_table(table, unfinished[1], compression="zstd")
    for part in reversed(unfinished):
        part.replace(part.with_suffix(""))


def with_null(content: Any) -> Any:
    """Return JSON data with null for what is not a number.

    Parameters
    ----------
    content : JSON data

    Returns
    -------
    JSON data
    """
    if isinstance(content, dict):
        return {key: with_null(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [with_null(value) for value in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content


def with_nan(value: Any) -> Any:
    """Return what `with_null` was made of: ``nan`` for null.

    Parameters
    ----------
    value : float, optional

    Returns
    -------
    float
    """
    return float("nan") if value is None else value


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
    """
    source = Path(folder)
    missing = [name for name in LAYER_FILES if not (source / name).is_file()]
    if missing:
        raise CheckpointError(f"{source} holds no analysis of layers ({', '.join(missing)} missing): audioinv layers")
    try:
        document = json.loads((source / LAYER_FILES[0]).read_text(encoding="utf-8"))
        if document["schema_version"] > SCHEMA_VERSION:
            raise CheckpointError(f"{source} was written by a newer audioinv; upgrade it")
        rows = pq.read_table(source / LAYER_FILES[1], schema=_SCHEMA).to_pylist()
        n_clips = len(document["clips"])
        return LayerResults(
            spec=ModelSpec(**document["model"]),
            clips=tuple(document["clips"]),
            axes={name: _read_axis(name, axis, rows, n_clips) for name, axis in document["axes"].items()},
            run=document["run"],
            failures=tuple(Failure(**failure) for failure in document["failures"]),
        )
    except (KeyError, TypeError, ValueError, pa.ArrowException, OSError) as error:
        raise CheckpointError(f"{source}: damaged analysis of layers ({error})") from error


def _read_axis(name: str, stored: Mapping[str, Any], rows: list[dict[str, Any]], n_clips: int) -> AxisLayers:
    layers = tuple(_read_layer(layer) for layer in stored["layers"])
    n_shifts = len(stored["shifts"])
    errors = {}
    for layer in layers:
        of_layer = [_read_errors(row) for row in rows if (row["axis"], row["layer"]) == (name, layer.lies.layer)]
        if len(of_layer) != n_clips * n_shifts:
            raise CheckpointError(f"layer {layer.lies.layer}: rows are missing from {LAYER_FILES[1]}")
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
