"""Responses as a tidy table, one row for each model, clip, axis and shift, and back again.

Conventions
-----------
Columns are those of the results folder's contract; rows are ordered by model, axis, clip and shift. Times are in
seconds, `shift` is in `unit`, levels in decibels. A number that does not apply is null. The table alone, with the
specs of the models, gives the responses back exactly.

What is here: `to_table`, `table_parts`, `from_table`, `read_table`, `SCHEMA`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import CheckpointError
from ..measure import drift, outcome
from ..measure.cliptable import ClipTable
from ..measure.divergence import js_divergence
from ..nets.model import ModelSpec
from ..sweep.responses import SOUND_COLUMNS, AxisResponses, ClipRecord, ModelResponses, stack_clips
from ..sweep.room import let_go

__all__ = ["SCHEMA", "from_table", "read_table", "table_parts", "to_table"]

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
        ("bandwidth_lost", pa.float64()),
        ("engine_error", pa.float64()),
        ("probs", pa.list_(pa.float32())),
    ]
)
_ADDED = ("bandwidth_lost", "engine_error")  # older folders lack them
_FOLLOWS = ("pred", "p_pred", "p_label", "margin", "same_as_zero", "js_divergence")  # from scores and labels


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
    parts = list(table_parts(models))
    return pa.concat_tables(parts).unify_dictionaries() if parts else SCHEMA.empty_table()


def table_parts(models: Iterable[ModelResponses], n_rows: int = 1 << 17) -> Iterator[pa.Table]:
    """Lay out responses as rows, some clips at a time, so that a large table need not lie in memory.

    Parameters
    ----------
    models : iterable of ModelResponses
    n_rows : int, default 2 ** 17
        Roughly, of a part.

    Yields
    ------
    pyarrow.Table
        Of schema `SCHEMA`; all of them in turn are the table.
    """
    for model in models:
        for axis in model.axes.values():
            n_clips = max(1, n_rows // len(axis.shifts))
            for first in range(0, len(model.clips), n_clips):
                yield _axis_table(model, axis, slice(first, first + n_clips))
                for name in ("scores", *SOUND_COLUMNS):
                    let_go(getattr(axis, name))


def _axis_table(model: ModelResponses, axis: AxisResponses, some: slice) -> pa.Table:
    arrays: dict[str, Any] = {name: getattr(axis, name)[some] for name in ("scores", *SOUND_COLUMNS)}
    axis = replace(axis, **arrays)
    columns = {
        **_what(model.spec.name, model.clips[some], axis),
        **_answers(model.spec.labels, model.clips[some], axis),
        **{name: _numbers(getattr(axis, name)) for name in SOUND_COLUMNS},
    }
    return pa.table([_as_type(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)


def _what(model: str, clips: Sequence[ClipRecord], axis: AxisResponses) -> dict[str, pa.Array]:
    """Return the columns that say what was answered to: which clip, shifted how."""
    n_clips, n_shifts, _ = axis.scores.shape
    clip_of_row = pa.array(np.repeat(np.arange(n_clips), n_shifts))

    def constant(text: str) -> pa.Array:
        return pa.DictionaryArray.from_arrays(
            np.zeros(n_clips * n_shifts, dtype=np.int32), pa.array([text], pa.string())
        )

    def texts_of(values: Iterable[str | None]) -> pa.Array:
        known = pa.array(values, pa.string()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(known.indices.take(clip_of_row), known.dictionary)

    def times_of(values: Iterable[float]) -> pa.Array:
        return pa.array(np.repeat(np.fromiter(values, np.float64), n_shifts))

    return {
        "model": constant(model),
        "clip": texts_of([clip.name for clip in clips]),
        "start_s": times_of(clip.start_seconds for clip in clips),
        "end_s": times_of(clip.end_seconds for clip in clips),
        "label": texts_of([clip.label for clip in clips]),
        "group": texts_of([clip.group for clip in clips]),
        "axis": constant(axis.axis),
        "unit": constant(axis.unit),
        "shift": pa.array(np.tile(axis.shifts, n_clips)),
        "edges": constant(axis.edges),
        "engine": constant(axis.engine),
    }


def _answers(labels: Sequence[str], clips: Sequence[ClipRecord], axis: AxisResponses) -> dict[str, pa.Array]:
    """Return the columns that say what was answered."""
    n_classes = axis.scores.shape[-1]
    answers = outcome.top1(axis.scores, axis.zero)
    targets = ClipTable.of(clips, labels).targets
    return {
        "pred": pa.array(np.array(labels, dtype=object)[answers].ravel(), pa.string()),
        "p_pred": _numbers(np.take_along_axis(axis.scores, answers[..., None], -1)[..., 0]),
        "p_label": _numbers(drift.class_scores(axis.scores, targets)),
        "margin": _numbers(drift.margin(axis.scores)),
        "same_as_zero": pa.array((answers == answers[:, [axis.zero]]).ravel()),
        "js_divergence": _numbers(js_divergence(axis.scores, axis.zero)),
        "probs": pa.ListArray.from_arrays(
            pa.array(np.arange(0, axis.scores.size + 1, n_classes, dtype=np.int32)),
            pa.array(axis.scores.astype(np.float32).ravel()),
        ),
    }


def _numbers(values: npt.NDArray[Any]) -> pa.Array:
    flat = np.asarray(values).ravel()
    return pa.array(flat, mask=np.isnan(flat))


def _as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)


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
    _refuse_gaps({*table.column_names, *_FOLLOWS})
    found: dict[str, ModelResponses] = {}
    for name, rows in _runs(table, "model"):
        if name not in specs:
            raise CheckpointError(f"the results table holds model {name}, of which run.json knows nothing")
        axes = {}
        for axis, of_axis in _runs(rows, "axis"):
            axes[axis] = _read_axis(of_axis, specs[name])
            clips = _read_clips(of_axis, len(axes[axis].shifts))
        found[name] = ModelResponses(specs[name], clips, axes)
    return found


def read_table(path: Path, specs: Mapping[str, ModelSpec]) -> dict[str, ModelResponses]:
    """Read responses back from a file, some clips at a time where its row groups are of whole clips, as ours are.

    Parameters
    ----------
    path : Path
    specs : mapping of str to ModelSpec
        By the model's name.

    Returns
    -------
    dict of str to ModelResponses
        As from `from_table`, which says what is raised.
    """
    with pq.ParquetFile(path) as file:
        _refuse_gaps(file.schema_arrow.names)
        needed = [name for name in file.schema_arrow.names if name not in _FOLLOWS]
        groups = (file.read_row_group(number, columns=needed) for number in range(file.num_row_groups))
        found: dict[str, ModelResponses] = {}
        for key, parts in itertools.groupby(groups, _model_and_axis):
            if key is None or key in ((name, axis) for name, model in found.items() for axis in model.axes):
                return from_table(file.read(columns=needed), specs)
            joined = stack_clips([from_table(rows, specs)[key[0]] for rows in parts])
            before = found[key[0]].axes if key[0] in found else {}
            found[key[0]] = replace(joined, axes={**before, **joined.axes})
    return found


def _model_and_axis(rows: pa.Table) -> tuple[str, str] | None:
    """Name the model and the axis that rows are of; None if they are of several, or end amid a clip."""
    names = [rows[column].cast(pa.string()).unique().to_pylist() for column in ("model", "axis")]
    shifts = rows["shift"].to_numpy()
    n_shifts = max(1, len(np.unique(shifts)))
    whole = not len(rows) % n_shifts and (shifts.reshape(-1, n_shifts) == shifts[:n_shifts]).all()
    return (names[0][0], names[1][0]) if whole and [len(found) for found in names] == [1, 1] else None


def _refuse_gaps(columns: Iterable[str]) -> None:
    missing = set(SCHEMA.names) - set(columns) - set(_ADDED)
    if missing:
        raise CheckpointError(f"the results table lacks the columns {', '.join(sorted(missing))}")


def _runs(table: pa.Table, column: str) -> Iterator[tuple[str, pa.Table]]:
    """Split rows where a column changes, without copying them."""
    runs = pc.run_end_encode(table[column].cast(pa.string()).combine_chunks())
    names, ends = runs.values.to_pylist(), runs.run_ends.to_pylist()
    if len(set(names)) < len(names):
        raise CheckpointError(f"rows of the results table are out of order: one {column} stands in two places")
    for name, start, end in zip(names, [0, *ends], ends, strict=False):
        yield name, table.slice(start, end - start)


def _read_axis(rows: pa.Table, spec: ModelSpec) -> AxisResponses:
    shifts = np.unique(rows["shift"].to_numpy())
    n_clips, left = divmod(len(rows), len(shifts))
    values = rows["probs"].combine_chunks().flatten().to_numpy()
    if left or len(values) != len(rows) * len(spec.labels):
        raise CheckpointError(f"axis {rows['axis'][0].as_py()} of model {spec.name}: rows are missing from the table")
    first = {name: rows[name][0].as_py() for name in ("axis", "unit", "edges", "engine")}
    sound: dict[str, Any] = {name: _column(rows, name).reshape(n_clips, len(shifts)) for name in SOUND_COLUMNS}
    return AxisResponses(shifts=shifts, scores=values.reshape(n_clips, len(shifts), -1), **first, **sound)


def _column(rows: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Return numbers, ``nan`` where they are null or were not yet told when the folder was written."""
    if name not in rows.column_names:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].to_numpy().astype(np.float64))


def _read_clips(rows: pa.Table, n_shifts: int) -> tuple[ClipRecord, ...]:
    firsts = rows.select(["clip", "start_s", "end_s", "label", "group"]).take(np.arange(0, len(rows), n_shifts))
    return tuple(ClipRecord(*row.values()) for row in firsts.to_pylist())
