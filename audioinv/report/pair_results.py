"""What clips stand of two changes at once: in memory, and as two files of a results folder.

``pairs.json`` says what was swept and how; ``pairs.parquet`` holds a row for each pair of axes, model and pair of
amounts, with the share of clips that stand both and its interval.

Conventions
-----------
Amounts are sizes in the unit of their axis, from 0 on. Where one is 0, the share is what clips stand of the other
alone.

What is here: `PairResults`, `PairOfChanges`, `PAIR_FILES`, `load_pairs`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from ..measure.cliptable import ClipTable
from ..measure.pair_endurance import PairEndurance
from ..measure.statistics import CurveEstimate
from ..measure.summary import plain
from ..nets.model import ModelSpec
from ..sound.grid import ShiftGrid
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis

__all__ = ["PAIR_FILES", "PairOfChanges", "PairResults", "load_pairs"]

_SHARES = ("standing", "standing_low", "standing_high")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "first_axis", "first_variant", "first_unit")),
        *((name, pa.string()) for name in ("second_axis", "second_variant", "second_unit")),
        *((name, pa.float64()) for name in ("first_amount", "second_amount", *_SHARES)),
    ]
)
PAIR_FILES = AnalysisFiles("pairs", "profile of pairs", "audioinv profile --pair", _SCHEMA)


@dataclass(frozen=True, eq=False)
class PairOfChanges:
    """Two changes at once, and what every model stands of them.

    Parameters
    ----------
    first, second : ShiftGrid
    models : mapping of str to PairEndurance
        By name.
    engines : mapping of str to str
        By model, what answered, and why.
    """

    first: ShiftGrid
    second: ShiftGrid
    models: Mapping[str, PairEndurance]
    engines: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class PairResults(KeptAnalysis):
    """What was found of pairs of changes.

    Parameters
    ----------
    models : tuple of ModelSpec
    clips : ClipTable, optional
        None if none could be analysed.
    pairs : tuple of PairOfChanges
    failures : tuple of Failure
    run : mapping
        Options, versions, seconds.

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(800), 8000, name=f"noise {i}") for i in range(20)]
    >>> def is_loud(waveforms):
    ...     power = (waveforms**2).mean(-1)
    ...     return np.stack([power > 2, power <= 2], axis=-1).astype(np.float32)
    >>> model = audioinv.as_model(is_loud, sample_rate=8000, labels=["loud", "soft"], n_samples=800)
    >>> both = (audioinv.parse_grid("gain", "0:2:2dB"), audioinv.parse_grid("noise", "2dB"))
    >>> found: PairResults = audioinv.profile_pairs(model, clips, [both])
    >>> found.pairs[0].models["is_loud"].standing.value.round(1)
    array([[1., 1.],
           [1., 0.]])
    >>> found.n_clips, found.document["n_clips"], found.table.num_rows, len(found.frame)
    (20, 20, 4, 4)
    >>> any("gain" in line for line in found.lines)
    True
    >>> len(found.plot().axes) > 0
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['pairs.json', 'pairs.parquet']
    """

    models: tuple[ModelSpec, ...]
    clips: ClipTable | None
    pairs: tuple[PairOfChanges, ...]
    failures: tuple[Failure, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    FILES = PAIR_FILES

    @property
    def n_clips(self) -> int:
        """How many clips were analysed."""
        return 0 if self.clips is None else len(self.clips.names)

    def _content(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(
            {
                "n_clips": self.n_clips,
                "clips": self.clips,
                "models": self.models,
                "pairs": [_pair_document(pair) for pair in self.pairs],
                "failures": self.failures,
                "run": self.run,
            }
        )
        return found

    @cached_property
    def table(self) -> pa.Table:
        """One row for each pair of axes, model and pair of amounts."""
        return pa.Table.from_pylist([plain(row) for pair in self.pairs for row in _rows(pair)], _SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The tables in words; see `audioinv.report.pair_text`."""
        from .pair_text import pair_lines

        return pair_lines(self)

    def plot(self) -> Any:
        """Draw the pairs; see `audioinv.report.pair_figure`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .pair_figure import pairs_figure

        return pairs_figure(self)


def _pair_document(pair: PairOfChanges) -> dict[str, Any]:
    return {
        "first": asdict(pair.first),
        "second": asdict(pair.second),
        "engines": pair.engines,
        "models": {
            name: {
                "tried": [found.first, found.second],
                **{key: getattr(found.standing, key) for key in ("n", "n_groups", "unit", "n_undefined")},
            }
            for name, found in pair.models.items()
        },
    }


def _rows(pair: PairOfChanges) -> Iterator[dict[str, Any]]:
    what = {
        f"{place}_{key}": getattr(grid, key)
        for place, grid in (("first", pair.first), ("second", pair.second))
        for key in ("axis", "variant", "unit")
    }
    for name, found in pair.models.items():
        curve = found.standing
        for i, first in enumerate(found.first):
            for j, second in enumerate(found.second):
                shares = (float(part[i, j]) for part in (curve.value, curve.low, curve.high))
                amounts = {"first_amount": float(first), "second_amount": float(second)}
                yield {"model": name, **what, **amounts, **dict(zip(_SHARES, shares, strict=True))}


def load_pairs(folder: str | os.PathLike[str]) -> PairResults:
    """Read a profile of pairs.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    PairResults

    Raises
    ------
    CheckpointError
        If a file is missing or damaged, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> rng = np.random.default_rng(0)
    >>> clips = [audioinv.Clip(rng.standard_normal(800), 8000, name=f"noise {i}") for i in range(20)]
    >>> def is_loud(waveforms):
    ...     power = (waveforms**2).mean(-1)
    ...     return np.stack([power > 2, power <= 2], axis=-1).astype(np.float32)
    >>> model = audioinv.as_model(is_loud, sample_rate=8000, labels=["loud", "soft"], n_samples=800)
    >>> both = (audioinv.parse_grid("gain", "0:2:2dB"), audioinv.parse_grid("noise", "2dB"))
    >>> folder = audioinv.profile_pairs(model, clips, [both]).save(tempfile.mkdtemp())
    >>> load_pairs(folder).pairs[0].models["is_loud"].standing.n
    20
    """
    return PAIR_FILES.read(folder, _read_pairs)


def _read_pairs(document: dict[str, Any], table: pa.Table) -> PairResults:
    rows = iter(table.to_pylist())
    clips = {name: column and tuple(column) for name, column in (document["clips"] or {}).items()}
    models = tuple(ModelSpec(**spec) for spec in document["models"])
    pairs = tuple(_read_pair(pair, rows) for pair in document["pairs"])
    names = [spec.name for spec in models]
    if clips and not (names and pairs and all([*pair.models] == names for pair in pairs)):
        raise ValueError("not every pair has every model")
    return PairResults(
        models=models,
        clips=ClipTable(**clips) if clips else None,
        pairs=pairs,
        failures=tuple(Failure(**failure) for failure in document["failures"]),
        run=document["run"],
    )


def _read_pair(stored: Mapping[str, Any], rows: Iterator[dict[str, Any]]) -> PairOfChanges:
    grids = (stored["first"], stored["second"])
    first, second = (ShiftGrid(**{**grid, "amounts": tuple(grid["amounts"])}) for grid in grids)
    models = {name: _read_model(name, model, rows) for name, model in stored["models"].items()}
    return PairOfChanges(first, second, models, stored["engines"])


def _read_model(name: str, stored: Mapping[str, Any], rows: Iterator[dict[str, Any]]) -> PairEndurance:
    first, second = (np.array(tried, dtype=np.float64) for tried in stored["tried"])
    taken = [row for _, row in zip(range(first.size * second.size), rows, strict=False)]
    if [row["model"] for row in taken] != [name] * (first.size * second.size):
        raise ValueError(f"rows of {name} are missing from {PAIR_FILES.paths[1]}")
    shape = (first.size, second.size)
    value, low, high = (np.array([row[key] for row in taken], dtype=np.float64).reshape(shape) for key in _SHARES)
    counts = {key: stored[key] for key in ("n", "n_groups", "unit", "n_undefined")}
    return PairEndurance(first, second, CurveEstimate(value, low, high, **counts))
