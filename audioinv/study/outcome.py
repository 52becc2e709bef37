"""From the cells of a study to its answer: rows with intervals, and what became of the expectations.

Conventions
-----------
The document is plain JSON data. A number is the dictionary of an `Estimate` over seeds and clips, with the mean of each
seed beside it; ``null`` where it is undefined, and ``warnings`` then says why. A difference is paired: the same seeds
and the same clips of both variants. An expectation is *reproduced* where the whole 95 % interval of the difference is
on its side, *refuted* where it is on the other, *undecided* otherwise. What should be equal is so, too, where every
single value is within the margin.

What is here: `summarize_study`, `CONSTANT`, `judge`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..measure.crossed import crossed_curve, crossed_mean
from ..measure.statistics import Estimate
from .design import Expectation, Study, words_of
from .measures import CellMeasures
from .tasks import TASKS

__all__ = ["CONSTANT", "SCHEMA_VERSION", "judge", "summarize_study"]

FloatArray = npt.NDArray[np.float64]
Measured = Mapping[tuple[str, str], Sequence[CellMeasures]]

SCHEMA_VERSION = 1
CONSTANT = "always the same answer"
"""The control of every study of classifiers: consistent without merit."""
_DIGITS = 6
_UNBOUNDED = ("harmonicity_error", "moves_along_error", "change")


def summarize_study(study: Study, measured: Measured, seeds: Sequence[int]) -> dict[str, Any]:
    """Turn the values of all cells into the content of ``study.json``.

    Parameters
    ----------
    study : Study
    measured : mapping of (task, variant) to sequence of CellMeasures
        One for each seed, in the order of `seeds`; the control has one alone.
    seeds : sequence of int

    Returns
    -------
    dict
        Plain JSON data: question, variants, rows, expectations, curves, warnings.
    """
    rows = [_row(study, task, variant, cells, measured) for (task, variant), cells in measured.items()]
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "question": study.question,
        "note": study.note,
        "tasks": {task: TASKS[task] for task in study.tasks},
        "reference": study.reference,
        "variants": [asdict(variant) for variant in study.variants],
        "probes": [asdict(probe) for probe in study.probes],
        "shown": [{"measure": name, "words": words_of(study, name)} for name in study.shown],
        "across": {"measure": study.across, "words": words_of(study, study.across)} if study.across else None,
        "seeds": list(seeds),
        "rows": rows,
        "curves": _curves(study, measured),
        "expectations": _judged(study, measured),
        "warnings": _warnings(rows, seeds),
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def _rng(*names: str) -> np.random.Generator:
    """Return a number's own generator, so that adding a variant or a measure changes no other interval."""
    return np.random.default_rng(zlib.crc32(".".join(names).encode()))


def _stacked(cells: Sequence[CellMeasures], measure: str) -> FloatArray:
    return np.stack([cell.values[measure] for cell in cells]).astype(float)


def _bounds(measure: str, cell: CellMeasures, lowest: float = 0.0) -> tuple[float, float] | None:
    """Return what a share lies between. A few averages that agree say nothing of what was not tried: no bounds then."""
    unbounded = measure.rpartition(".")[2] in _UNBOUNDED or len(cell.names) == 1
    return None if unbounded else (lowest, 1.0)


def _row(study: Study, task: str, variant: str, cells: Sequence[CellMeasures], measured: Measured) -> dict[str, Any]:
    reference = measured[task, study.reference]
    measures = {}
    for name in cells[0].values:
        values = _stacked(cells, name)
        estimate = crossed_mean(
            values, cells[0].group_codes, rng=_rng(task, variant, name), bounds=_bounds(name, cells[0])
        )
        measures[name] = {**asdict(estimate), "by_seed": [_mean(row) for row in values]}
        if variant not in (study.reference, CONSTANT) and name in reference[0].values:
            against = _difference(values, _stacked(reference, name), cells[0], name, task, variant, name, "difference")
            measures[name]["difference"] = asdict(against)
    return {
        "task": task,
        "variant": variant,
        "family": next((found.family for found in study.variants if found.name == variant), ""),
        "n_seeds": len(cells),
        "measures": measures,
        "facts": dict(cells[0].facts),
    }


def _mean(values: FloatArray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else math.nan


def _difference(
    left: FloatArray, right: FloatArray | np.float64, cell: CellMeasures, measure: str, *names: str
) -> Estimate:
    """Average left minus right, seed by seed and clip by clip."""
    return crossed_mean(left - right, cell.group_codes, rng=_rng(*names), bounds=_bounds(measure, cell, -1.0))


def _curves(study: Study, measured: Measured) -> list[dict[str, Any]]:
    """Average accuracy and consistency at every shift of the probes that the figure draws."""
    found = []
    grids = {probe.name: probe.grid for probe in study.probes}
    for probe in study.curves:
        for (task, variant), cells in measured.items():
            entry: dict[str, Any] = {"probe": probe, "task": task, "variant": variant}
            entry |= {"shifts": list(grids[probe].amounts), "axis": grids[probe].axis, "unit": grids[probe].unit}
            for kind in ("consistency", "accuracy"):
                values = np.stack([cell.curves[f"{probe}.{kind}"] for cell in cells])
                curve = crossed_curve(values, cells[0].group_codes, rng=_rng(task, variant, probe, kind))
                entry[kind] = {"value": curve.value, "low": curve.low, "high": curve.high}
            found.append(entry)
    return found


def _judged(study: Study, measured: Measured) -> list[dict[str, Any]]:
    return [
        _decide(study, expectation, task, measured)
        for expectation in study.expectations
        for task in expectation.tasks or study.tasks
    ]


def _decide(study: Study, expectation: Expectation, task: str, measured: Measured) -> dict[str, Any]:
    measure, other_measure = expectation.measure, expectation.right_measure or expectation.measure
    cells = measured[task, expectation.left]
    left = _stacked(cells, measure)
    other = expectation.right
    right = _stacked(measured[task, other], other_measure) if isinstance(other, str) else np.float64(other)
    difference = _difference(left, right, cells[0], measure, task, expectation.claim)
    return {
        **asdict(expectation),
        "task": task,
        "words": words_of(study, measure),
        "right_words": words_of(study, other_measure),
        "left_value": _mean(left),
        "right_value": _mean(np.atleast_1d(right)),
        "difference": asdict(difference),
        "verdict": judge(expectation, difference, left - right),
    }


def judge(expectation: Expectation, difference: Estimate, values: FloatArray) -> str:
    """Say what became of an expectation.

    Parameters
    ----------
    expectation : Expectation
    difference : Estimate
        Left minus right.
    values : ndarray
        The differences themselves, for every seed and clip.

    Returns
    -------
    {"reproduced", "refuted", "undecided"}

    Examples
    --------
    >>> claim = Expectation("max pooling is steadier", "max", "stride", "hops.consistency")
    >>> judge(claim, Estimate(0.2, 0.1, 0.3, 20, 20, "clip"), np.array([0.2]))
    'reproduced'
    """
    low, high, margin = difference.low, difference.high, expectation.margin
    furthest = float(np.abs(values[~np.isnan(values)]).max(initial=-math.inf))
    if furthest < 0:
        return "undecided"
    if expectation.relation == "exactly":
        return "reproduced" if furthest == 0 else "refuted"
    if expectation.relation == "equal":
        within = (-margin <= low and high <= margin) or furthest <= margin
        return "reproduced" if within else "refuted" if low > margin or high < -margin else "undecided"
    return "reproduced" if low > 0 else "refuted" if high < 0 else "undecided"


def _warnings(rows: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> list[str]:
    found = []
    if len(seeds) < 5:
        n_seeds = count_text(len(seeds), "seed")
        found.append(f"{n_seeds}: intervals may be too narrow where seeds differ; a claim needs five")
    for row in rows:
        for name, measure in row["measures"].items():
            if math.isnan(measure["value"]):
                found.append(f"{row['task']}, {row['variant']}: {name} is undefined: no clip has a value")
    return found


def _plain(data: Any) -> Any:
    """Turn arrays and NumPy numbers into JSON data, mappings into dictionaries, and what is not finite into None."""
    if isinstance(data, Mapping):
        return {str(key): _plain(entry) for key, entry in data.items()}
    if isinstance(data, (np.ndarray, np.generic)):
        return _plain(data.tolist())
    if isinstance(data, (list, tuple)):
        return [_plain(entry) for entry in data]
    if isinstance(data, float):
        return float(f"{data:.{_DIGITS}g}") if math.isfinite(data) else None
    return data
