"""The documents that are read as they stand: what of them is used, and so has to be as it was written.

Conventions
-----------
``summary.json`` has a JSON Schema, which ships with the package. Of the others, what is read again is declared here
(`audioinv.report.declared`); they may hold more. Documents that become dataclasses are held against those.

What is here: `RunRecord`, `SlidingRecord`, `SlidingSummary`, `StudyAnswer`; `check_document`, `check_version`,
`check_summary`, `summary_schema`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from ..errors import CheckpointError
from ..measure import summary as home_of_schema
from .declared import misfit

__all__ = [
    "RunRecord",
    "SlidingRecord",
    "SlidingSummary",
    "StudyAnswer",
    "check_document",
    "check_summary",
    "check_version",
    "summary_schema",
]

_REMEDY = "restore it, or run it again"
_MOST_LETTERS = 120


class _Heard(TypedDict, total=False):
    clips: tuple[object, ...] | Mapping[str, object] | None


class _Versioned(_Heard):
    schema_version: int


class _Spec(TypedDict):
    labels: tuple[str, ...]


class _Model(TypedDict):
    spec: _Spec
    hop_samples: int | None
    stride_samples: int | None


class _Grid(TypedDict):
    axis: str
    amounts: tuple[float, ...]
    unit: str


class _Plan(TypedDict):
    grids: tuple[_Grid, ...]
    edges: str
    pitch_engine: str
    batch_size: int
    seed: object  # a whole number of any size


class _Typed(TypedDict, total=False):
    command: str
    options: Mapping[str, Any]


class _Versions(TypedDict):
    audioinv: str


class SlidingRecord(_Typed):
    """``run.json`` of recordings that a window slid over."""

    models: Mapping[str, _Model]
    versions: _Versions


class _Data(TypedDict):
    sha256: str


class RunRecord(SlidingRecord):
    """``run.json`` of an analysis."""

    plans: Mapping[str, _Plan]
    device: tuple[str, ...]
    data: _Data


class _Estimate(TypedDict):
    value: float | None
    low: float | None
    high: float | None


class _Estimates(TypedDict):
    value: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class _Detections(TypedDict):
    n_recordings: int
    n_windows: int
    window_s: float
    every_ms: float
    stride_ms: float | None
    threshold: float
    events: str
    n_events: int
    phases_ms: tuple[float, ...]
    detection_rate: _Estimate
    detection_rate_by_phase: _Estimates
    partly_found: _Estimate
    phase_loss: _Estimate
    mean_delay_s: _Estimate
    delay_by_phase_s: tuple[float | None, ...]
    delay_spread_s: _Estimate
    excess_spread_s: _Estimate
    active_outside: Mapping[str, float | None] | None


class _Slid(TypedDict):
    sliding: _Detections
    warnings: tuple[str, ...]


class SlidingSummary(TypedDict):
    """``summary.json`` of recordings that a window slid over."""

    models: Mapping[str, _Slid]


class _Shown(TypedDict):
    measure: str
    words: str


class _Variant(TypedDict):
    name: str
    family: str


class _Compared(TypedDict, total=False):
    difference: _Estimate | None


class _Measured(_Estimate, _Compared):
    by_seed: tuple[float | None, ...]


class _Row(TypedDict):
    task: str
    variant: str
    n_seeds: int
    measures: Mapping[str, _Measured]
    facts: Mapping[str, object]


class _Expected(TypedDict):
    claim: str
    task: str
    words: str
    left: str
    left_value: float | None
    right: str | float
    right_words: str
    right_value: float | None
    relation: str
    difference: _Estimate | None
    verdict: str


class _Curve(TypedDict):
    probe: str
    task: str
    variant: str
    axis: str
    unit: str
    shifts: tuple[float, ...]
    accuracy: _Estimates


class StudyAnswer(TypedDict):
    """``study.json``."""

    study: str
    question: str
    finding: str
    note: str
    reference: str
    seeds: tuple[int, ...]
    warnings: tuple[str, ...]
    expectations: tuple[_Expected, ...]
    tasks: Mapping[str, str]
    variants: tuple[_Variant, ...]
    rows: tuple[_Row, ...]
    shown: tuple[_Shown, ...]
    across: _Shown | None
    curves: tuple[_Curve, ...]


def check_document(document: object, kind: Any, place: Path) -> None:
    """Refuse a document of which something is missing or is not what it should be.

    Parameters
    ----------
    document : JSON data
    kind : annotation
        What it is declared to be: a class of this module, or the dataclass that it has become.
    place : Path
        Of the document.

    Raises
    ------
    CheckpointError
        With its name, the first such value and the rule.

    Examples
    --------
    >>> check_document({"models": {}}, SlidingRecord, Path("run/run.json"))
    Traceback (most recent call last):
    audioinv.errors.CheckpointError: run/run.json is damaged: versions is missing; restore it, or run it again
    """
    if wrong := misfit(document, kind):
        raise CheckpointError(f"{place} is damaged: {wrong}; {_REMEDY}")


def check_version(document: Any, known: int, place: Path) -> None:
    """Refuse a document of a version that is not known here.

    Parameters
    ----------
    document : JSON data
    known : int
        The newest that is known.
    place : Path
        Of the document.

    Raises
    ------
    CheckpointError
        If it is newer, or has none.
    """
    check_document(document, _Versioned, place)
    if document["schema_version"] > known:
        raise CheckpointError(f"{place} was written by a newer audioinv; upgrade it")


def check_summary(document: object, place: Path) -> None:
    """Refuse a ``summary.json`` that is not as its schema has it.

    Parameters
    ----------
    document : JSON data
    place : Path
        Of the document.

    Raises
    ------
    CheckpointError
        With its name, the value and the rule.

    Examples
    --------
    >>> check_summary({"schema_version": 1, "run": {}, "models": []}, Path("run/summary.json"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    audioinv.errors.CheckpointError: run/summary.json is damaged: models: [] is not of type 'object'; restore it, ...
    """
    import jsonschema

    found = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(summary_schema()).iter_errors(document))
    if found is None:
        return
    where, rule = ".".join(map(str, found.absolute_path)), found.message
    if len(rule) > _MOST_LETTERS:
        rule = f"a value that does not fit {found.validator}={found.validator_value!r}"[:_MOST_LETTERS]
    raise CheckpointError(f"{place} is damaged: {f'{where}: ' if where else ''}{rule}; {_REMEDY}")


@functools.cache
def summary_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``summary.json``.

    Returns
    -------
    dict
    """
    path = Path(home_of_schema.__file__).with_name("summary.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
