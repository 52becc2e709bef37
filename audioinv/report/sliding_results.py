"""Results of a window slid over recordings: in memory, and as a folder that is written while it slides.

Conventions
-----------
A folder holds ``windows.parquet``, ``events.csv``, ``summary.json``, ``run.json`` and ``failures.csv``.

The columns are those of `audioinv.report.sliding_tables`. ``windows.parquet`` has a row group for each tile, so that
scores are on disk and not in memory.

The folder is written beside its place, as ``NAME.part``, and renamed when complete. What is left of one whose process
was ended is cleared away by the next that is written to the same place.

What is here: `SlidingFindings`, `SlidingResults`, `SlidingFolder`, `load_sliding`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import CheckpointError, InputError
from ..sweep.responses import Failure
from .belongings import RUN, strangers
from .declared import UNREADABLE, why
from .documents import SlidingRecord, SlidingSummary, check_document, check_version
from .results import SCHEMA_VERSION
from .results_folder import check_free, check_there, install_results
from .run_files import read_failures, write_failures, write_json
from .seal import sealed, unsealed
from .sliding_tables import WINDOWS, read_events, write_events

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SlidingFindings", "SlidingFolder", "SlidingResults", "load_sliding"]

_FILES = ("windows.parquet", "events.csv", "summary.json", "failures.csv", RUN)


@dataclass(frozen=True, eq=False)
class SlidingFindings:
    """What sliding found, beside the windows themselves.

    Parameters
    ----------
    events : pyarrow.Table
        One row for each model, recording and event.
    document : mapping
        The content of ``summary.json``: for each model its measures of detection under ``sliding``.
    run : mapping
        The content of ``run.json``.
    failures : tuple of Failure
        Recordings that could not be read, or are shorter than a window.
    """

    events: pa.Table
    document: Mapping[str, Any]
    run: Mapping[str, Any]
    failures: tuple[Failure, ...]

    @property
    def summary(self) -> dict[str, Any]:
        """Measures of the first model, or of the only one."""
        models: dict[str, dict[str, Any]] = self.document["models"]
        return next(iter(models.values()))["sliding"]  # type: ignore[no-any-return]

    @property
    def lines(self) -> Iterator[str]:
        """The results in words; see `audioinv.report.sliding_text`."""
        from .sliding_text import sliding_lines

        return sliding_lines(self)


@dataclass(frozen=True, eq=False)
class SlidingResults(SlidingFindings):
    """What sliding found, with the windows.

    Parameters
    ----------
    events, document, run, failures
        As in `SlidingFindings`.
    windows : pyarrow.Table
        One row for each model, recording and window.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> loud = lambda waveforms: np.abs(waveforms).max(-1, keepdims=True)
    >>> model = audioinv.as_model(loud, sample_rate=8000, labels=["loud"], n_samples=800)
    >>> sound = np.zeros(80_000, np.float32)
    >>> sound[40_000] = 1.0
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> found: SlidingResults = audioinv.slide(model, audioinv.Clip(sound, 8000), every="10ms")
    >>> found.summary["n_events"], found.events.num_rows, len(found.frame)
    (1, 1, 991)
    >>> any("991" in line for line in found.lines)
    True
    >>> len(found.plot().axes) > 0
    True
    >>> found.save(folder) == folder
    True
    """

    windows: pa.Table

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The windows for pandas."""
        return self.windows.to_pandas()

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the results folder.

        Parameters
        ----------
        folder : str or path
        overwrite : bool, default False
            Whether a results folder that stands there may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If something stands there already, or is no results folder.
        """
        with SlidingFolder(Path(folder), overwrite=overwrite) as unfinished:
            unfinished.write(self.windows)
            return unfinished.finish(self)

    def _repr_html_(self) -> str:
        from .wording import lines_html

        return lines_html(self.lines)

    def plot(self) -> Any:
        """Draw scores over time and detection by phase; see `audioinv.report.sliding_figure`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .sliding_figure import sliding_figure

        return sliding_figure(self)


class SlidingFolder:
    """A results folder in the making: windows go in tile by tile, and all of it vanishes if it is not finished.

    Parameters
    ----------
    target : Path
    overwrite : bool, default False
        Whether a results folder that stands there may be replaced.
    """

    def __init__(self, target: Path, *, overwrite: bool = False) -> None:
        check_free(target, overwrite=overwrite)
        self._target, self._part = target, target.with_name(target.name + ".part")

    def __enter__(self) -> SlidingFolder:
        self._part.parent.mkdir(parents=True, exist_ok=True)
        if stranger := next(strangers(self._part), None):
            raise InputError(
                f"{self._part} is in the way, with {stranger} in it; move it away, or give another folder (-o)"
            )
        shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir()
        # Numbers hardly repeat: a dictionary of them is a loss.
        texts = [field.name for field in WINDOWS if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            self._part / "windows.parquet", WINDOWS, compression="zstd", use_dictionary=texts
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # of what is not finished nothing is kept
            self._writer.close()
        shutil.rmtree(self._part, ignore_errors=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"{self._target} cannot be written ({reason}); make room, or give another folder (-o)"
            ) from error

    def write(self, rows: pa.Table) -> None:
        """Add windows.

        Parameters
        ----------
        rows : pyarrow.Table
            From `windows_table`.

        Raises
        ------
        InputError
            If the disk does not take them.
        """
        with self._writing():
            self._writer.write_table(rows)

    def finish(self, found: SlidingFindings) -> Path:
        """Write what was found beside the windows, and put the folder into its place.

        Parameters
        ----------
        found : SlidingFindings

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If the disk does not take it.
        """
        with self._writing():
            self._writer.close()
            write_events(self._part / "events.csv", found.events)
            write_json(self._part / "summary.json", found.document)
            write_failures(self._part / "failures.csv", found.failures)
            (self._part / RUN).write_bytes(sealed(found.run, self._part / RUN, _FILES[:-1]))
            self._target.mkdir(exist_ok=True)
            install_results(self._part, self._target, _FILES)
        return self._target


def load_sliding(folder: str | os.PathLike[str]) -> SlidingResults:
    """Read a results folder of sliding.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    SlidingResults

    Raises
    ------
    CheckpointError
        If the folder or one of its files is missing or damaged, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import audioinv
    >>> loud = lambda waveforms: np.abs(waveforms).max(-1, keepdims=True)
    >>> model = audioinv.as_model(loud, sample_rate=8000, labels=["loud"], n_samples=800)
    >>> sound = np.zeros(80_000, np.float32)
    >>> sound[40_000] = 1.0
    >>> found = audioinv.slide(model, audioinv.Clip(sound, 8000), every="10ms")
    >>> folder = found.save(Path(tempfile.mkdtemp()) / "run")
    >>> load_sliding(folder).windows.num_rows
    991
    """
    source = Path(folder)
    check_there(source, "audioinv analyze --slide")
    missing = [name for name in _FILES if not (source / name).is_file()]
    if missing:
        raise CheckpointError(f"{source} is no slid recording ({', '.join(missing)} missing): audioinv analyze --slide")

    try:
        run = unsealed((source / RUN).read_bytes(), source / RUN)
        document = unsealed((source / "summary.json").read_bytes(), source / "summary.json")
        check_version(document, SCHEMA_VERSION, source / "summary.json")
        check_document(run, SlidingRecord, source / RUN)
        check_document(document, SlidingSummary, source / "summary.json")
        _check_models(run["models"], document["models"])
        windows = pq.read_table(source / "windows.parquet", schema=WINDOWS)
        events, failures = read_events(source / "events.csv"), read_failures(source / "failures.csv")
    except UNREADABLE as error:
        raise CheckpointError(f"{source}: damaged results folder ({why(error)})") from error
    return SlidingResults(events, document, run, failures, windows)


def _check_models(run: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse what belongs to other models, or has other phases than it says."""
    if found.keys() != run.keys() or not run:
        raise ValueError(f"models are not the same in summary.json and in {RUN}")
    for name, model in found.items():
        measured = model["sliding"]
        rate = measured["detection_rate_by_phase"]
        by_phase = (measured["delay_by_phase_s"], rate["value"], rate["low"], rate["high"])
        if {len(values) for values in by_phase} != {len(measured["phases_ms"])}:
            raise ValueError(f"{name} has not one value a phase")
