"""The results of an analysis: numbers, rows and provenance, in memory and as the folder of the contract.

Conventions
-----------
A folder holds ``results.parquet``, ``summary.json``, ``run.json`` and ``failures.csv``. It is written beside its
place and renamed when complete, or put into a store file by file, ``summary.json`` last: where that stands, the folder
is whole. ``run.json`` holds what its files hash to, so that none is read that is not what was written.

What is here: `Results`, `load_results`, `write_results`, `install_results`, `check_free`, `free_folder`,
`unfinished`, `FILES`, `UNREADABLE`, `SCHEMA_VERSION`.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import CheckpointError, InputError
from ..nets.model import ModelSpec
from ..sound.carried_files import incoming
from ..sound.places import on_this_disk
from ..sound.whole_files import find_folder, move_whole, names_in, refuse_url, remove
from ..sweep.responses import Failure, ModelResponses
from .run_files import read_failures, read_sealed, seal, write_failures, write_json
from .table import SCHEMA, read_table, table_parts, to_table

if TYPE_CHECKING:
    import pandas as pd

    from ..sound.audio import Clip
    from .gate.verdicts import GateReport
    from .listening import Listening

__all__ = ["SCHEMA_VERSION", "Results", "load_results"]

SCHEMA_VERSION = 1
FILES = ("results.parquet", "run.json", "failures.csv", "summary.json")
"""Of a results folder, in the order in which they are written: where the last stands, all do."""
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError, pa.ArrowException, OSError, csv.Error)
"""What reading a damaged file raises."""
PARTS, SHARD, LOCK = "results", "shard.json", ".lock"
"""In a folder that is being written: the parts, what a share says of itself, and the lock of who writes."""


@dataclass(frozen=True, eq=False)
class Results:
    """What an analysis found.

    Parameters
    ----------
    responses : mapping of str to ModelResponses
        By the model's name.
    document : mapping
        The content of ``summary.json``.
    run : mapping
        The content of ``run.json``: command, configuration, versions, hashes, timing.
    failures : tuple of Failure
        What was asked for and could not be analysed.
    """

    responses: Mapping[str, ModelResponses]
    document: Mapping[str, Any]
    run: Mapping[str, Any]
    failures: tuple[Failure, ...] = ()

    @property
    def summary(self) -> dict[str, Any]:
        """Summary of the one model that was analysed.

        Raises
        ------
        InputError
            If there are several; look into ``document["models"]`` then.
        """
        models: dict[str, dict[str, Any]] = self.document["models"]
        return models[self._only_model()]

    @property
    def scores(self) -> dict[str, npt.NDArray[np.floating]]:
        """Scores of the one model that was analysed, by axis, of shape (n_clips, n_shifts, n_classes)."""
        return {axis: found.scores for axis, found in self.responses[self._only_model()].axes.items()}

    def _only_model(self) -> str:
        if len(self.responses) != 1:
            raise InputError(
                f"these results hold {len(self.responses)} models ({', '.join(self.responses)}); "
                'look into .document["models"] and .responses by name'
            )
        return next(iter(self.responses))

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return sum(axis.scores[..., 0].size for found in self.responses.values() for axis in found.axes.values())

    @cached_property
    def table(self) -> pa.Table:
        """One row for each model, clip, axis and shift."""
        return to_table(self.responses.values())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same rows for pandas."""
        return self.table.to_pandas()

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the results folder.

        Parameters
        ----------
        folder : str or path
            On this disk, or the URL of one in a store.
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
        target = find_folder(folder)
        check_free(target, overwrite=overwrite)
        if not on_this_disk(target):
            with tempfile.TemporaryDirectory(prefix="audioinv-") as here:
                write_results(self, Path(here))
                install_results(Path(here), target)
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(target.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        write_results(self, unfinished)
        if target.exists():
            shutil.rmtree(target)
        unfinished.replace(target)
        return target

    def plot(self, kind: str, **options: Any) -> Any:
        """Draw a figure of these results; see `audioinv.report.figures`.

        Parameters
        ----------
        kind : {"curves", "heatmap", "spectrogram", "harmonics"}
        **options
            Passed on to the function that draws.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from .figures import draw

        return draw(self, kind, **options)

    def listen(self, clip: str | Clip, *, model: str | None = None, **shift: str) -> Listening:
        """Hear a clip of these results before and after a shift; see `audioinv.report.listening`.

        Parameters
        ----------
        clip : str or Clip
        model : str, optional
        **shift : str
            One of ``time="50ms"``, ``freq="50Hz"``, ``pitch="2st"``.

        Returns
        -------
        Listening
            A notebook shows it as two players, of one gain.
        """
        from .listening import listen

        return listen(self, clip, model=model, **shift)

    def check(
        self, rules: Mapping[str, Any], *, baseline: Results | None = None, model: str | Sequence[str] | None = None
    ) -> GateReport:
        """Hold these results against rules; see `audioinv.report.gate`.

        Parameters
        ----------
        rules : mapping of str to str, mapping or sequence of them
            ``{"time.consistency": ">=0.95"}``, or as in a rule file.
        baseline : Results, optional
            Of the same clips and grids, for rules that say ``max_drop`` or ``max_rise``.
        model : str or sequence of str, optional
            All if not given.

        Returns
        -------
        GateReport
            True if no rule of level error failed; ``str`` of it says what became of each.

        Raises
        ------
        InputError
            If there is no rule, or one is about what does not exist.
        """
        from .gate.rules import read_rules
        from .gate.verdicts import check_results

        models = (model,) if isinstance(model, str) else tuple(model or ())
        return check_results(self, read_rules(rules), baseline=baseline, models=models)

    def __repr__(self) -> str:
        return f"<Results of {', '.join(self.responses) or 'no model'}>"

    def _repr_html_(self) -> str:
        from .page import summary_table

        table: str = summary_table(self)
        return table


def write_results(results: Results, folder: Path) -> None:
    """Write the files of a results folder, its summary last: where that stands, the others do.

    Parameters
    ----------
    results : Results
    folder : Path
        That exists.
    """
    metadata = {"schema_version": str(SCHEMA_VERSION), "run": str(results.document["run"]["id"])}
    schema = SCHEMA.with_metadata(metadata)
    with pq.ParquetWriter(folder / "results.parquet", schema, compression="zstd") as writer:
        for rows in table_parts(results.responses.values()):
            writer.write_table(rows.cast(schema))
    write_json(folder / "run.json", results.run)
    write_failures(folder / "failures.csv", results.failures)
    write_json(folder / "summary.json", results.document)
    seal(folder, FILES)


def install_results(finished: Path, folder: Path) -> None:
    """Bring the files of a results folder to their place; what stood there goes, and it has a summary only at the end.

    Parameters
    ----------
    finished : Path
        Where `write_results` wrote them; on the disk of the folder, if that is on one.
    folder : Path
    """
    for name in names_in(folder) - {PARTS, LOCK, *FILES}:
        remove(folder / name)
    remove(folder / FILES[-1])
    for name in FILES:
        move_whole(finished / name, folder / name)


def unfinished(folder: Path) -> bool:
    """Tell whether a folder holds a run that was begun and not finished, and nothing else.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    names = names_in(folder)
    if not names & {LOCK, PARTS} or not names <= {LOCK, PARTS, SHARD, *FILES[:-1]}:
        return False
    return all(name.startswith("part-") or name.endswith(".tmp") for name in names_in(folder / PARTS))


def check_free(target: Path, *, overwrite: bool, resumable: bool = False) -> None:
    """Refuse to write where something else stands.

    Parameters
    ----------
    target : Path
    overwrite : bool
        Whether a results folder may be replaced.
    resumable : bool, default False
        Whether who asks goes on with an unfinished run.

    Raises
    ------
    InputError
        If the place is taken.
    """
    refuse_url(target)
    if on_this_disk(target) and target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file; -o names a folder")
    content = names_in(target)
    if not content:
        return
    begun = unfinished(target)
    if begun and resumable:
        return
    if not overwrite:
        raise InputError(f"{target} exists already; give another -o, or --overwrite")
    if "summary.json" not in content and not begun:
        raise InputError(f"{target} is no results folder, so --overwrite does not touch it; give another -o")


def free_folder(base: Path, *, overwrite: bool = False, resumable: Callable[[Path], bool] | None = None) -> Path:
    """Return the first of ``base``, ``base-2``, … that may be written.

    Parameters
    ----------
    base : Path
    overwrite : bool, default False
        Whether `base` itself may be replaced.
    resumable : callable, optional
        Tells of a folder whether who asks can go on with what was begun in it.

    Returns
    -------
    Path
    """
    names = itertools.chain([base], (base.with_name(f"{base.name}-{n}") for n in itertools.count(2)))
    return next(
        path
        for path in names
        if overwrite or not path.exists() or (resumable is not None and unfinished(path) and resumable(path))
    )


def load_results(folder: str | os.PathLike[str]) -> Results:
    """Read a results folder.

    Parameters
    ----------
    folder : str or path
        On this disk, or the URL of one in a store.

    Returns
    -------
    Results
        Without the scores of the controls, whose numbers are in the summary.

    Raises
    ------
    CheckpointError
        If the folder or one of its files is missing or damaged, or is of a newer version.
    """
    place = find_folder(folder)
    there = names_in(place)
    missing = [name for name in FILES if name not in there]
    if missing:
        raise CheckpointError(f"{place} is no results folder: {', '.join(missing)} is missing")
    with incoming(place, FILES) as here:
        return _load(here, place)


def _load(source: Path, place: Path) -> Results:
    """Read the files of a results folder that are on this disk, whatever its place."""
    try:
        document = json.loads((source / "summary.json").read_text(encoding="utf-8"))
        if document["schema_version"] > SCHEMA_VERSION:
            raise CheckpointError(f"{place} was written by a newer audioinv; upgrade it")
        run = read_sealed(source, place)
        specs = {name: ModelSpec.from_mapping(spec["spec"]) for name, spec in run["models"].items()}
        responses = read_table(source / "results.parquet", specs)
        failures = read_failures(source / "failures.csv")
    except UNREADABLE as error:
        raise CheckpointError(f"{place}: damaged results folder ({error})") from error
    return Results(responses, document, run, failures)
