"""Responses as a tidy table, one row for each model, clip, axis and shift, and back again.

Conventions
-----------
Columns are those of the results folder's contract; rows are ordered by model, axis, clip and shift. Times are in
seconds, `shift` is in `unit`, levels in decibels. A number that does not apply is null. The table alone, with the
specs of the models, gives the responses back exactly.

What is here: `to_table`, `from_table`, `SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import CheckpointError
from ..measure import drift, outcome
from ..measure.cliptable import ClipTable
from ..nets.model import ModelSpec
from ..sweep.responses import AxisResponses, ClipRecord, ModelResponses

__all__ = ["SCHEMA", "from_table", "to_table"]

_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("model", _TEXT),
        ("clip", _TEXT),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("label", _TEXT),
        ("group", _TEXT),
        ("axis", _TEXT),
        ("unit", _TEXT),
        ("shift", pa.float64()),
        ("edges", _TEXT),
        ("engine", _TEXT),
        ("pred", _TEXT),
        ("p_pred", pa.float32()),
        ("p_label", pa.float32()),
        ("margin", pa.float32()),
        ("same_as_zero", pa.bool_()),
        ("js_divergence", pa.float64()),
        ("energy_kept", pa.float64()),
        ("level_change_db", pa.float64()),
        ("window_filled", pa.float64()),
        ("harmonicity_error", pa.float64()),
        ("probs", pa.list_(pa.float32())),
    ]
)
_SOUND_COLUMNS = ("energy_kept", "level_change_db", "window_filled", "harmonicity_error")


def to_table(models: Iterable[ModelResponses]) -> pa.Table:
    """Lay out responses as rows.

    Parameters
    ----------
    models : iterable of ModelResponses

    Returns
    -------
    pyarrow.Table
        Of schema `SCHEMA`.
    """
    parts = [_axis_table(model, axis) for model in models for axis in model.axes.values()]
    return pa.concat_tables(parts).unify_dictionaries() if parts else SCHEMA.empty_table()


def _axis_table(model: ModelResponses, axis: AxisResponses) -> pa.Table:
    n_clips, n_shifts, n_classes = axis.scores.shape
    n_rows = n_clips * n_shifts
    clips = ClipTable.of(model.clips, model.spec.labels)
    answers = outcome.top1(axis.scores, axis.zero)
    best = np.take_along_axis(axis.scores, answers[..., None], -1)[..., 0]

    def constant(text: str) -> pa.Array:
        return pa.array([text] * n_rows, pa.string())

    def for_clips(values: Iterable[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(np.repeat(np.array(list(values), dtype=object), n_shifts), kind)

    def numbers(values: npt.NDArray[Any]) -> pa.Array:
        flat = np.asarray(values).ravel()
        return pa.array(flat, mask=np.isnan(flat))

    columns = {
        "model": constant(model.spec.name),
        "clip": for_clips((clip.name for clip in model.clips), pa.string()),
        "start_s": for_clips((clip.start_seconds for clip in model.clips), pa.float64()),
        "end_s": for_clips((clip.end_seconds for clip in model.clips), pa.float64()),
        "label": for_clips((clip.label for clip in model.clips), pa.string()),
        "group": for_clips((clip.group for clip in model.clips), pa.string()),
        "axis": constant(axis.axis),
        "unit": constant(axis.unit),
        "shift": pa.array(np.tile(axis.shifts, n_clips)),
        "edges": constant(axis.edges),
        "engine": constant(axis.engine),
        "pred": pa.array(np.array(model.spec.labels, dtype=object)[answers].ravel(), pa.string()),
        "p_pred": numbers(best),
        "p_label": numbers(drift.class_scores(axis.scores, clips.targets)),
        "margin": numbers(drift.margin(axis.scores)),
        "same_as_zero": pa.array((answers == answers[:, [axis.zero]]).ravel()),
        "js_divergence": numbers(drift.js_divergence(axis.scores, axis.zero)),
        **{name: numbers(getattr(axis, name)) for name in _SOUND_COLUMNS},
        "probs": pa.ListArray.from_arrays(
            pa.array(np.arange(0, n_rows * n_classes + 1, n_classes, dtype=np.int32)),
            pa.array(axis.scores.astype(np.float32).ravel()),
        ),
    }
    return pa.table([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


def from_table(table: pa.Table, specs: Mapping[str, ModelSpec]) -> dict[str, ModelResponses]:
    """Read responses back from their table.

    Parameters
    ----------
    table : pyarrow.Table
        As `to_table` makes it.
    specs : mapping of str to ModelSpec
        By the model's name.

    Returns
    -------
    dict of str to ModelResponses
        Without controls, which the table does not hold.

    Raises
    ------
    CheckpointError
        If columns are missing, rows are missing, or a model has no spec.
    """
    missing = set(SCHEMA.names) - set(table.column_names)
    if missing:
        raise CheckpointError(f"the results table lacks the columns {', '.join(sorted(missing))}")
    found: dict[str, ModelResponses] = {}
    for name in pc.unique(table["model"]).to_pylist():
        if name not in specs:
            raise CheckpointError(f"the results table holds model {name}, of which run.json knows nothing")
        rows = table.filter(pc.equal(table["model"], name))
        axes = {}
        for axis in pc.unique(rows["axis"]).to_pylist():
            of_axis = rows.filter(pc.equal(rows["axis"], axis))
            axes[axis] = _read_axis(of_axis, specs[name])
            clips = _read_clips(of_axis, len(axes[axis].shifts))
        found[name] = ModelResponses(specs[name], clips, axes)
    return found


def _read_axis(rows: pa.Table, spec: ModelSpec) -> AxisResponses:
    shifts = np.unique(rows["shift"].to_numpy())
    n_clips, left = divmod(len(rows), len(shifts))
    values = rows["probs"].combine_chunks().flatten().to_numpy()
    if left or len(values) != len(rows) * len(spec.labels):
        raise CheckpointError(f"axis {rows['axis'][0].as_py()} of model {spec.name}: rows are missing from the table")
    first = {name: rows[name][0].as_py() for name in ("axis", "unit", "edges", "engine")}
    sound = {name: rows[name].to_numpy().astype(np.float64).reshape(n_clips, len(shifts)) for name in _SOUND_COLUMNS}
    return AxisResponses(shifts=shifts, scores=values.reshape(n_clips, len(shifts), -1), **first, **sound)


def _read_clips(rows: pa.Table, n_shifts: int) -> tuple[ClipRecord, ...]:
    firsts = rows.select(["clip", "start_s", "end_s", "label", "group"]).take(np.arange(0, len(rows), n_shifts))
    return tuple(ClipRecord(*row.values()) for row in firsts.to_pylist())
