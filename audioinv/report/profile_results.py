"""What a profile found: in memory, and as two files of a results folder.

``profile.json`` holds everything but which clips stand what; ``profile.parquet`` a row for each change, model and
amount, with the list of clips that stand it, in the order of the document's. Undefined numbers are null.

Conventions
-----------
Amounts are sizes in the unit of their axis. One that equals the limit of its change is censored: the true one lies
there or beyond.

What is here: `ProfileResults`, `Change`, `ChangeOfModel`, `PROFILE_FILES`, `load_profile`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..corpus.listener import Expectation, ListenerFile
from ..measure.cliptable import ClipTable
from ..measure.endurance import SHARES, Endurance, Stood, Verdict
from ..measure.statistics import CurveEstimate, Estimate, estimate_mean
from ..measure.summary import plain
from ..nets.model import ModelSpec
from ..sound.grid import ShiftGrid
from ..sweep.responses import Failure
from .analysis_files import AnalysisFiles, KeptAnalysis, with_nan

__all__ = ["PROFILE_FILES", "Change", "ChangeOfModel", "ProfileResults", "load_profile"]

FloatArray = npt.NDArray[np.float64]

_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "axis", "variant", "unit", "listener")),
        *((name, pa.float64()) for name in ("amount", "standing", "standing_low", "standing_high")),
        *((name, pa.float64()) for name in ("log_mel_db", "snr_equivalent_db")),
        ("clips_stand", pa.list_(pa.bool_())),
    ]
)
PROFILE_FILES = AnalysisFiles("profile", "profile", "audioinv profile", _SCHEMA, version=2)


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
class ProfileResults(KeptAnalysis):
    """What a profile found.

    Parameters
    ----------
    listener : ListenerFile
        What was declared.
    models : tuple of ModelSpec
        Those that were asked for, then the references.
    n_references : int
        How many of the last are references.
    clips : ClipTable, optional
        What was profiled; None if nothing could be.
    right : mapping of str to ndarray of shape (n_clips,)
        By model, 1 where the unchanged clip is answered rightly, 0 where not, ``nan`` without a label.
    changes : tuple of Change
        In the order of the listener's.
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
    >>> louder = audioinv.Expectation(audioinv.parse_grid("gain", "6dB"), "invariant")
    >>> listener = audioinv.ListenerFile("is it loud?", (louder,))
    >>> found: ProfileResults = audioinv.profile(model, clips, listener=listener, references=False)
    >>> str(found.changes[0].models["is_loud"].verdict), found.n_clips, found.document["n_clips"]
    ('too sensitive', 20, 20)
    >>> [*found.accuracies], found.table.num_rows == len(found.frame)
    (['is_loud'], True)
    >>> any("gain" in line for line in found.lines)
    True
    >>> len(found.plot().axes) > 0
    True
    >>> sorted(path.name for path in found.save(tempfile.mkdtemp()).iterdir())
    ['profile.json', 'profile.parquet']
    """

    listener: ListenerFile
    models: tuple[ModelSpec, ...]
    n_references: int
    clips: ClipTable | None = None
    right: Mapping[str, npt.NDArray[np.floating]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    FILES = PROFILE_FILES

    @property
    def n_clips(self) -> int:
        """How many clips were profiled."""
        return 0 if self.clips is None else len(self.clips.names)

    @cached_property
    def accuracies(self) -> dict[str, Estimate]:
        """Accuracy on the unchanged clips, by model."""
        groups = None if self.clips is None else self.clips.group_codes
        return {name: estimate_mean(right, groups, rng=np.random.default_rng(0)) for name, right in self.right.items()}

    def _content(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(
            {
                "corpus": self.listener.corpus,
                "listener": self.listener.source,
                "n_clips": self.n_clips,
                "clips": self.clips,
                "models": self.models,
                "n_references": self.n_references,
                "accuracy": self.accuracies,
                "right": self.right,
                "changes": [_change_document(change) for change in self.changes],
                "failures": [asdict(failure) for failure in self.failures],
                "run": self.run,
            }
        )
        return found

    @cached_property
    def table(self) -> pa.Table:
        """One row for each change, model and amount."""
        return pa.Table.from_pylist([plain(row) for change in self.changes for row in _rows(change)], _SCHEMA)

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.profile_text`."""
        from .profile_text import profile_lines

        return iter(profile_lines(self))

    def plot(self) -> Any:
        """Draw the profile; see `audioinv.report.profile_figure`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .profile_figure import profile_figure

        return profile_figure(self)


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
        endurance, curve = found.endurance, found.endurance.standing
        clips = [[None if stands != stands else bool(stands) for stands in column] for column in endurance.holds.T]
        for amount, stand, *share in zip(endurance.tried, clips, curve.value, curve.low, curve.high, strict=True):
            sizes = dict(zip(("log_mel_db", "snr_equivalent_db"), change.sizes_at(amount), strict=True))
            shares = dict(zip(("standing", "standing_low", "standing_high"), share, strict=True))
            what = {"model": name, "axis": grid.axis, "variant": grid.variant, "unit": grid.unit, "listener": wish}
            rows.append({**what, "amount": amount, **shares, **sizes, "clips_stand": stand})
    return rows


def load_profile(folder: str | os.PathLike[str]) -> ProfileResults:
    """Read a profile.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    ProfileResults

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
    >>> louder = audioinv.Expectation(audioinv.parse_grid("gain", "6dB"), "invariant")
    >>> listener = audioinv.ListenerFile("is it loud?", (louder,))
    >>> folder = audioinv.profile(model, clips, listener=listener, references=False).save(tempfile.mkdtemp())
    >>> str(load_profile(folder).changes[0].models["is_loud"].verdict)
    'too sensitive'
    """
    return PROFILE_FILES.read(folder, _read_profile)


def _read_profile(document: dict[str, Any], table: pa.Table) -> ProfileResults:
    rows = iter(table.to_pylist())
    changes = tuple(_read_change(change, rows) for change in document["changes"])
    expectations = tuple(change.expectation for change in changes)
    clips = {name: column and tuple(column) for name, column in (document["clips"] or {}).items()}
    return ProfileResults(
        listener=ListenerFile(document["corpus"], expectations, document["listener"]),
        models=tuple(ModelSpec.from_mapping(spec) for spec in document["models"]),
        n_references=document["n_references"],
        clips=ClipTable(**clips) if clips else None,
        right={name: np.array(right, dtype=np.float64) for name, right in document["right"].items()},
        changes=changes,
        failures=tuple(Failure(**failure) for failure in document["failures"]),
        run=document["run"],
    )


def _read_change(stored: Mapping[str, Any], rows: Iterator[dict[str, Any]]) -> Change:
    grid = ShiftGrid(stored["axis"], tuple(stored["amounts"]), stored["unit"], stored["variant"])
    return Change(
        expectation=Expectation(grid, stored["listener"], stored["why"]),
        log_mel_db=np.array(stored["log_mel_db"], dtype=np.float64),
        snr_equivalent_db=np.array(stored["snr_equivalent_db"], dtype=np.float64),
        models={name: _read_model(name, model, rows) for name, model in stored["models"].items()},
    )


def _read_model(name: str, stored: Mapping[str, Any], rows: Iterator[dict[str, Any]]) -> ChangeOfModel:
    """Read one model's answers to one change, and take the rows that belong to it."""
    tried, at_limit = np.array(stored["tried"], dtype=np.float64), stored["at_limit"]
    taken = [row for _, row in zip(tried, rows, strict=False)]
    if [row["model"] for row in taken] != [name] * len(tried):
        raise ValueError(f"rows of {name} are missing from {PROFILE_FILES.paths[1]}")
    value, low, high = (
        np.array(stored[key], dtype=np.float64) for key in ("standing", "standing_low", "standing_high")
    )
    counts = {key: at_limit[key] for key in ("n", "n_groups", "unit", "n_undefined")}
    stood = tuple(
        Stood(**{key: with_nan(value) for key, value in one.items() if key != "censored"})
        for one in stored["stood"].values()
    )
    if tuple(one.share for one in stood) != SHARES or {curve.shape for curve in (value, low, high)} != {tried.shape}:
        raise ValueError(f"what {name} stands does not belong to the amounts that were tried")
    holds = np.array([row["clips_stand"] for row in taken], dtype=np.float64).T
    endurance = Endurance(tried, holds, CurveEstimate(value, low, high, **counts), stood)
    return ChangeOfModel(endurance, Verdict(stored["verdict"], stored["clear"]))
