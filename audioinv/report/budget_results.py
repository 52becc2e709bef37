"""Results of an error budget: in memory, as rows and as two files of a results folder.

Conventions
-----------
``budget.json`` holds what every stage does, the frame-phase sweep, the border and the position probe;
``budget.parquet`` one row for each axis, stage, clip and shift. A number that is undefined is null.

What is here: `AxisBudget`, `BudgetResults`, `BUDGET_FILES`, `load_budget`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import CheckpointError
from ..measure.budget.attribution import BudgetSummary, StageChanges, StageSummary
from ..measure.budget.border import BorderEffect
from ..measure.budget.phase_sweep import PhaseSweep
from ..measure.budget.position_probe import PositionProbe
from ..measure.budget.stages import Stage
from ..measure.statistics import Estimate
from ..nets.model import ModelSpec
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis, with_nan

__all__ = ["BUDGET_FILES", "AxisBudget", "BudgetResults", "load_budget"]

FloatArray = npt.NDArray[np.float64]

_MEASURES = tuple(field.name for field in fields(StageChanges))
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("axis", "stage", "clip", "unit")),
        *((name, pa.float64()) for name in ("shift", "own_error", *_MEASURES)),
    ]
)
BUDGET_FILES = AnalysisFiles("budget", "error budget", "audioinv layers --budget", _SCHEMA)


@dataclass(frozen=True, eq=False)
class AxisBudget:
    """All stages under one kind of shift.

    Parameters
    ----------
    axis : {"time", "bins", "pitch"}
    unit : str
        Of `shifts`, as given.
    shifts : tuple of float
        Ascending, with 0 among them.
    summary : BudgetSummary
    own_errors : ndarray of shape (n_clips, n_shifts, n_stages)
    changes : StageChanges
        What each stage makes of each answer.
    """

    axis: str
    unit: str
    shifts: tuple[float, ...]
    summary: BudgetSummary
    own_errors: FloatArray
    changes: StageChanges


@dataclass(frozen=True, eq=False)
class BudgetResults(KeptAnalysis):
    """An error budget, and what was measured beside it.

    Parameters
    ----------
    spec : ModelSpec
        Of the model.
    clips : tuple of str
        Names of those that were analysed.
    axes : mapping of str to AxisBudget
    phases : PhaseSweep, optional
        None without delays, or for a model whose front end is unknown.
    border : tuple of BorderEffect
        Empty without delays.
    probes : tuple of PositionProbe
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
    >>> found: BudgetResults = audioinv.budget(model, clips, time="0:8:4smp")
    >>> found.axes["time"].summary.culprit, found.document["clips"]
    ('2', ['noise 0', 'noise 1', 'noise 2'])
    >>> found.table.num_rows == len(found.frame)
    True
    >>> any("time" in line for line in found.lines)
    True
    >>> len(found.plot().axes) > 0
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['budget.json', 'budget.parquet']
    """

    spec: ModelSpec
    clips: tuple[str, ...]
    axes: Mapping[str, AxisBudget]
    phases: PhaseSweep | None
    border: tuple[BorderEffect, ...]
    probes: tuple[PositionProbe, ...]
    run: Mapping[str, Any]
    failures: tuple[Failure, ...] = ()
    FILES = BUDGET_FILES

    def _content(self) -> dict[str, Any]:
        axes = {
            name: {"unit": axis.unit, "shifts": list(axis.shifts), **asdict(axis.summary)}
            for name, axis in self.axes.items()
        }
        return {
            "model": asdict(self.spec),
            "clips": self.clips,
            "axes": axes,
            "phases": None if self.phases is None else asdict(self.phases),
            "border": [asdict(effect) for effect in self.border],
            "probes": [{**asdict(probe), "leaks": probe.leaks} for probe in self.probes],
            "failures": [asdict(failure) for failure in self.failures],
            "run": dict(self.run),
        }

    @cached_property
    def table(self) -> pa.Table:
        """One row for each axis, stage, clip and shift."""
        return pa.concat_tables([_SCHEMA.empty_table(), *(self._rows(axis) for axis in self.axes.values())])

    def _rows(self, axis: AxisBudget) -> pa.Table:
        names = [stage.stage.name for stage in axis.summary.stages]
        of_stage, of_clip, of_shift = (
            index.ravel() for index in np.indices((len(names), len(self.clips), len(axis.shifts)))
        )
        measures = {"own_error": axis.own_errors, **{name: getattr(axis.changes, name) for name in _MEASURES}}
        columns: dict[str, Any] = {
            "axis": [axis.axis] * len(of_stage),
            "stage": np.array(names)[of_stage],
            "clip": np.array(self.clips)[of_clip],
            "unit": [axis.unit] * len(of_stage),
            "shift": np.array(axis.shifts)[of_shift],
            **{name: values[of_clip, of_shift, of_stage] for name, values in measures.items()},
        }
        return pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()}, _SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.budget_text`."""
        from .budget_text import budget_lines

        return iter(budget_lines(self))

    def plot(self) -> Any:
        """Draw the budget; see `audioinv.report.budget_figure`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .budget_figure import budget_figure

        return budget_figure(self)


def load_budget(folder: str | os.PathLike[str]) -> BudgetResults:
    """Read an error budget.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    BudgetResults

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
    >>> folder = audioinv.budget(model, clips, time="0:8:4smp").save(tempfile.mkdtemp())
    >>> load_budget(folder).axes["time"].summary.culprit
    '2'
    """
    return BUDGET_FILES.read(folder, _read_budget)


def _read_budget(document: dict[str, Any], table: pa.Table) -> BudgetResults:
    clips, phases = tuple(document["clips"]), document["phases"]
    return BudgetResults(
        spec=ModelSpec(**document["model"]),
        clips=clips,
        axes={name: _read_axis(name, axis, table, len(clips)) for name, axis in document["axes"].items()},
        phases=None if phases is None else _read(PhaseSweep, phases),
        border=tuple(_read(BorderEffect, effect) for effect in document["border"]),
        probes=tuple(
            _read(PositionProbe, {name: value for name, value in probe.items() if name != "leaks"})
            for probe in document["probes"]
        ),
        run=document["run"],
        failures=tuple(Failure(**failure) for failure in document["failures"]),
    )


def _read_axis(name: str, stored: Mapping[str, Any], table: pa.Table, n_clips: int) -> AxisBudget:
    rows = table.filter(pc.equal(table["axis"], name))
    shape = (len(stored["stages"]), n_clips, len(stored["shifts"]))
    if rows.num_rows != np.prod(shape):
        raise CheckpointError(f"axis {name}: rows are missing from {BUDGET_FILES.paths[1]}")

    def column(measure: str) -> FloatArray:
        return np.moveaxis(rows[measure].to_numpy().reshape(shape), 0, -1)

    numbers = {key: value for key, value in stored.items() if key not in ("unit", "shifts", "stages", "culprit")}
    summary = BudgetSummary(
        stages=tuple(_read_stage(stage) for stage in stored["stages"]),
        culprit=stored["culprit"],
        **_numbers(numbers),
    )
    changes = StageChanges(**{measure: column(measure) for measure in _MEASURES})
    return AxisBudget(name, stored["unit"], tuple(stored["shifts"]), summary, column("own_error"), changes)


def _read_stage(stored: Mapping[str, Any]) -> StageSummary:
    stage = {**stored["stage"], "holds": tuple(stored["stage"]["holds"])}
    return StageSummary(stage=Stage(**stage), **_numbers({k: v for k, v in stored.items() if k != "stage"}))


def _read(kind: type[Any], stored: Mapping[str, Any]) -> Any:
    return kind(**_numbers(stored))


def _numbers(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers, texts, lists of numbers and estimates as they were before they were written."""
    return {name: _value(value) for name, value in stored.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return Estimate(**_numbers(value))
    return _series(value) if isinstance(value, list) else with_nan(value)


def _series(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(with_nan(value) for value in values)
