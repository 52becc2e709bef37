"""How a model takes changes of order: in memory, as rows and as two files of a results folder.

Conventions
-----------
``order.json`` holds everything; ``order.parquet`` one row for each change and measure. Both may stand in the folder of
an analysis. A number that is undefined is null.

What is here: `OrderOptions`, `OrderChange`, `OrderResults`, `ORDER_FILES`, `load_order`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..errors import InputError
from ..measure.statistics import Estimate
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis, with_nan, with_null

__all__ = ["ORDER_FILES", "OrderChange", "OrderOptions", "OrderResults", "load_order"]

_MEASURES = ("sensitivity", "distance", "unchanged")
_SCHEMA = pa.schema(
    [
        ("change", pa.string()),
        ("gap_s", pa.float64()),
        ("measure", pa.string()),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        *((name, pa.int64()) for name in ("n", "n_groups", "n_undefined")),
        ("unit", pa.string()),
    ]
)
ORDER_FILES = AnalysisFiles("order", "analysis of order", "audioinv order MODEL CLIPS -o FOLDER", _SCHEMA)


@dataclass(frozen=True)
class OrderOptions:
    """How order is changed.

    Parameters
    ----------
    n_segments : int, default 4
        That a clip is cut into; at least 3.
    n_orders : int, default 8
        Permutations that are tried, the same for every clip.
    gap_shares : tuple of float, default (0, 1/16, 1/8, 1/4)
        Silences between A and B, as shares of the window; below 1.
    seed : int, default 0
        Of orders, partners and intervals.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    n_segments: int = 4
    n_orders: int = 8
    gap_shares: tuple[float, ...] = (0.0, 1 / 16, 1 / 8, 1 / 4)
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "gap_shares", tuple(self.gap_shares))
        if self.n_segments < 3 or self.n_orders < 1:
            raise InputError(f"n_segments={self.n_segments} must be at least 3 and n_orders={self.n_orders} at least 1")
        if not self.gap_shares or not all(0 <= share < 1 for share in self.gap_shares):
            raise InputError(f"gap_shares={self.gap_shares} must hold shares of the window, from 0 to below 1")


@dataclass(frozen=True)
class OrderChange:
    """What one kind of change does to a model's answers.

    Parameters
    ----------
    name : str
    sensitivity : Estimate
        Share of the changed versions at which the answer is another, mean over clips or pairs.
    distance : Estimate
        Mean absolute change of all scores together.
    unchanged : Estimate
        Share of clips or pairs whose answer stays at every version.
    """

    name: str
    sensitivity: Estimate
    distance: Estimate
    unchanged: Estimate


@dataclass(frozen=True)
class OrderResults(KeptAnalysis):
    """How a model takes changes of order.

    Parameters
    ----------
    model : str
    config : OrderOptions
    accuracy : Estimate
        On the clips as they are: what the model discriminates, to be read beside what does not change it.
    permuted, rotated, backwards : OrderChange
    order_beyond_place : Estimate
        Sensitivity to permutations less that to rotations, on the same clips.
    gaps_seconds : tuple of float
    joined : tuple of OrderChange
        A·B against B·A, one for each gap.
    noise_floor : float
        Largest change of any score when the same sound is heard twice; 0 for a model that answers the same.
    cautions : tuple of str
        What to know first, the alarm of a model that hears no order among it.
    clips : tuple of str
        Names of those that were analysed.
    weights_sha256 : str or None
        Of the model, where it has any to be seen.
    failures : tuple of Failure
        Clips that were not analysed.

    Raises
    ------
    InputError
        If there are not as many gaps as changes of joined clips.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(800), 8000, name=f"noise {i}") for i in range(12)]
    >>> def loudest_is_first(waveforms):
    ...     first = np.abs(waveforms).argmax(axis=-1) < 400
    ...     return np.stack([first, ~first], axis=-1).astype(np.float32)
    >>> model = audioinv.as_model(loudest_is_first, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> found: OrderResults = audioinv.order(model, clips)
    >>> found.backwards.sensitivity.value, found.document["backwards"]["sensitivity"]["value"]
    (1.0, 1.0)
    >>> [change.name for gap, change in found.changes]
    ['permuted', 'rotated', 'backwards', 'joined', 'joined', 'joined', 'joined']
    >>> found.table.num_rows == len(found.frame) == 3 * len(found.changes)
    True
    >>> any("backwards" in line for line in found.lines)
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['order.json', 'order.parquet']
    """

    model: str
    config: OrderOptions
    accuracy: Estimate
    permuted: OrderChange
    rotated: OrderChange
    backwards: OrderChange
    order_beyond_place: Estimate
    gaps_seconds: tuple[float, ...]
    joined: tuple[OrderChange, ...]
    noise_floor: float
    cautions: tuple[str, ...]
    clips: tuple[str, ...]
    weights_sha256: str | None
    failures: tuple[Failure, ...]
    FILES = ORDER_FILES

    def __post_init__(self) -> None:
        if len(self.gaps_seconds) != len(self.joined):
            n_gaps, n_joined = len(self.gaps_seconds), len(self.joined)
            raise InputError(
                f"joined holds {n_joined} changes of order where there are {n_gaps} gaps_seconds; give one each"
            )

    @property
    def changes(self) -> tuple[tuple[float, OrderChange], ...]:
        """All changes, the joined ones last, each with the gap in seconds; ``nan`` where there is none."""
        alone = ((math.nan, change) for change in (self.permuted, self.rotated, self.backwards))
        return (*alone, *zip(self.gaps_seconds, self.joined, strict=True))

    def _content(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def table(self) -> pa.Table:
        """One row for each change and measure."""
        rows = [
            {"change": change.name, "gap_s": gap, "measure": measure, **asdict(getattr(change, measure))}
            for gap, change in self.changes
            for measure in _MEASURES
        ]
        return pa.Table.from_pylist([with_null(row) for row in rows], _SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.order_text`."""
        from .order_text import order_lines

        return order_lines(self)


def load_order(folder: str | os.PathLike[str]) -> OrderResults:
    """Read how a model takes changes of order.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    OrderResults

    Raises
    ------
    CheckpointError
        If a file is missing or damaged, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(800), 8000, name=f"noise {i}") for i in range(12)]
    >>> def loudest_is_first(waveforms):
    ...     first = np.abs(waveforms).argmax(axis=-1) < 400
    ...     return np.stack([first, ~first], axis=-1).astype(np.float32)
    >>> model = audioinv.as_model(loudest_is_first, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> folder = audioinv.order(model, clips).save(tempfile.mkdtemp())
    >>> load_order(folder).backwards.sensitivity.value
    1.0
    """
    return ORDER_FILES.read(folder, lambda document, _: _read(document))


def _read(stored: Mapping[str, Any]) -> OrderResults:
    changes = {name: _read_change(stored[name], name) for name in ("permuted", "rotated", "backwards")}
    return OrderResults(
        model=stored["model"],
        config=OrderOptions(**stored["config"]),
        accuracy=_read_estimate(stored["accuracy"]),
        **changes,
        order_beyond_place=_read_estimate(stored["order_beyond_place"]),
        gaps_seconds=tuple(stored["gaps_seconds"]),
        joined=tuple(_read_change(change, "joined") for change in stored["joined"]),
        noise_floor=with_nan(stored["noise_floor"]),
        cautions=tuple(stored["cautions"]),
        clips=tuple(stored["clips"]),
        weights_sha256=stored["weights_sha256"],
        failures=tuple(Failure(**failure) for failure in stored["failures"]),
    )


def _read_change(stored: Mapping[str, Any], name: str) -> OrderChange:
    if stored["name"] != name:
        raise ValueError(f"{stored['name']!r} stands where {name!r} belongs")
    return OrderChange(name, **{measure: _read_estimate(stored[measure]) for measure in _MEASURES})


def _read_estimate(stored: Mapping[str, Any]) -> Estimate:
    return Estimate(**{name: with_nan(value) for name, value in stored.items()})
