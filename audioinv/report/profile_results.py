"""What a profile found: in memory, and as two files of a results folder.

``profile.json`` holds everything; ``profile.parquet`` a row for each change, model and amount. Undefined numbers are
null.

Conventions
-----------
Amounts are sizes in the unit of their axis. One that equals the limit of its change is censored: the true one lies
there or beyond.

What is here: `ProfileResults`, `Change`, `ChangeOfModel`, `PROFILE_FILES`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..corpus.listener import Expectation, ListenerFile
from ..measure.endurance import Endurance, Verdict
from ..measure.statistics import Estimate
from ..measure.summary import plain
from ..nets.model import ModelSpec
from ..sweep.responses import Failure
from .layer_results import check_absent, with_null, write_pair

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROFILE", "PROFILE_FILES", "Change", "ChangeOfModel", "ProfileResults"]

FloatArray = npt.NDArray[np.float64]

PROFILE = "a profile"
PROFILE_FILES = ("profile.json", "profile.parquet")
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class ChangeOfModel:
    """What one model's answers stand of one change, and whether that is as wished."""

    endurance: Endurance
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Change:
    """One change: what a listener would say, how large it is, and what every model stands.

    Parameters
    ----------
    expectation : Expectation
    log_mel_db : ndarray of shape (n_shifts,)
        Mean log-mel distance of each amount of the grid over a few clips; ``nan`` where undefined.
    snr_equivalent_db : ndarray of shape (n_shifts,)
        White noise that makes the same distance; ``nan`` beyond −20 to 60 dB.
    models : mapping of str to ChangeOfModel
        By name.
    """

    expectation: Expectation
    log_mel_db: FloatArray
    snr_equivalent_db: FloatArray
    models: Mapping[str, ChangeOfModel]

    def sizes_at(self, amount: float) -> tuple[float, float]:
        """Return log-mel distance and SNR equivalent of a size, in the direction that is larger.

        Parameters
        ----------
        amount : float
            One that was tried.

        Returns
        -------
        log_mel_db : float
            ``nan`` where undefined.
        snr_equivalent_db : float
            ``nan`` where undefined.
        """
        places = np.flatnonzero(np.isclose(np.abs(self.expectation.grid.amounts), amount, rtol=1e-9))
        if not len(places) or np.isnan(self.log_mel_db[places]).all():
            return float("nan"), float("nan")
        place = places[np.nanargmax(self.log_mel_db[places])]
        return float(self.log_mel_db[place]), float(self.snr_equivalent_db[place])


@dataclass(frozen=True, eq=False)
class ProfileResults:
    """What a profile found.

    Parameters
    ----------
    listener : ListenerFile
        What was declared.
    models : tuple of ModelSpec
        Those that were asked for, then the references.
    n_references : int
        How many of the last are references.
    n_clips : int, default 0
    accuracies : mapping of str to Estimate
        Of the unchanged clips, by model.
    changes : tuple of Change
        In the order of the listener's.
    failures : tuple of Failure
    run : mapping
        Options, versions, seconds.
    """

    listener: ListenerFile
    models: tuple[ModelSpec, ...]
    n_references: int
    n_clips: int = 0
    accuracies: Mapping[str, Estimate] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        from .profile_text import profile_lines
        from .wording import lines_html

        return lines_html(profile_lines(self))

    @cached_property
    def document(self) -> dict[str, Any]:
        """The content of ``profile.json``."""
        found: dict[str, Any] = plain(
            {
                "schema_version": SCHEMA_VERSION,
                "corpus": self.listener.corpus,
                "listener": self.listener.source,
                "n_clips": self.n_clips,
                "models": [spec.name for spec in self.models],
                "n_references": self.n_references,
                "accuracy": self.accuracies,
                "changes": [_change_document(change) for change in self.changes],
                "failures": [asdict(failure) for failure in self.failures],
                "run": self.run,
            }
        )
        return found

    @cached_property
    def table(self) -> pa.Table:
        """One row for each change, model and amount."""
        return pa.Table.from_pylist([with_null(row) for change in self.changes for row in _rows(change)], _SCHEMA)

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
            Whether files of an earlier profile may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If they stand there already.
        """
        target = Path(folder)
        check_absent(target, PROFILE_FILES, PROFILE, overwrite=overwrite)
        write_pair(target, PROFILE_FILES, self.document, self.table)
        return target

    def plot(self) -> Any:
        """Draw the profile; see `audioinv.report.profile_figure`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .profile_figure import profile_figure

        return profile_figure(self)


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "axis", "variant", "unit", "listener")),
        *((name, pa.float64()) for name in ("amount", "standing", "standing_low", "standing_high")),
        *((name, pa.float64()) for name in ("log_mel_db", "snr_equivalent_db")),
    ]
)


def _change_document(change: Change) -> dict[str, Any]:
    one = change.expectation
    return {
        **asdict(one.grid),
        "listener": one.listener,
        "why": one.why,
        "log_mel_db": change.log_mel_db,
        "snr_equivalent_db": change.snr_equivalent_db,
        "models": {name: _model_document(found) for name, found in change.models.items()},
    }


def _model_document(found: ChangeOfModel) -> dict[str, Any]:
    endurance = found.endurance
    return {
        "tried": endurance.tried,
        "standing": endurance.standing.value,
        "standing_low": endurance.standing.low,
        "standing_high": endurance.standing.high,
        "at_limit": endurance.at_limit,
        "stood": {
            f"{stood.share:g}": {**asdict(stood), "censored": stood.amount >= endurance.limit}
            for stood in endurance.stood
        },
        "verdict": found.verdict.kind,
        "clear": found.verdict.clear,
    }


def _rows(change: Change) -> list[dict[str, Any]]:
    grid, wish = change.expectation.grid, change.expectation.listener
    rows = []
    for name, found in change.models.items():
        curve = found.endurance.standing
        for amount, *share in zip(found.endurance.tried, curve.value, curve.low, curve.high, strict=True):
            sizes = dict(zip(("log_mel_db", "snr_equivalent_db"), change.sizes_at(amount), strict=True))
            shares = dict(zip(("standing", "standing_low", "standing_high"), share, strict=True))
            what = {"model": name, "axis": grid.axis, "variant": grid.variant, "unit": grid.unit, "listener": wish}
            rows.append({**what, "amount": amount, **shares, **sizes})
    return rows
