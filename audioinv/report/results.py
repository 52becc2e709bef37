"""The results of an analysis: numbers, rows and provenance, in memory and as the folder of the contract.

Conventions
-----------
A folder holds ``results.parquet``, ``summary.json``, ``run.json`` and ``failures.csv``. It is written beside its
place and renamed when complete, or put into a store file by file, ``summary.json`` last: where that stands, the folder
is whole. ``run.json`` seals the others (see `audioinv.report.seal`): none is read that is not what was written.

Where a folder may be written, and how its files come to their place, is told by `audioinv.report.results_folder`.

What is here: `Results`, `load_results`, `write_results`, `SCHEMA_VERSION`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ..sound.whole_files import find_folder, names_in
from ..sweep.responses import Failure, ModelResponses
from .belongings import FILES, RUN, remove_own
from .declared import UNREADABLE, why
from .documents import RunRecord, check_document, check_summary, check_version
from .results_folder import check_free, check_there, install_results
from .run_files import read_failures, write_failures, write_json
from .seal import sealed, unsealed
from .table import SCHEMA, read_table, table_parts, to_table

if TYPE_CHECKING:
    import pandas as pd

    from ..sound.clip import Clip
    from .gate.verdicts import GateReport
    from .listening import Listening

__all__ = ["SCHEMA_VERSION", "Results", "load_results"]

SCHEMA_VERSION = 1

_DRAWN = ("layers", "budget", "profile", "pairs", "study")
_OTHERS = {"windows.parquet": "sliding", **{f"{name}.json": name for name in _DRAWN}}
"""Files of other analyses, and the figures of them."""


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

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> folder = Path(tempfile.mkdtemp())
    >>> drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::22]
    >>> model = audioinv.load_model("drums-cnn2d")
    >>> found: Results = audioinv.analyze(model, drums, time="-100:100:100ms")
    >>> found.scores["time"].shape  # (n_clips, n_shifts, n_classes)
    (4, 3, 7)
    >>> found.n_rows, found.table.num_rows, len(found.frame)
    (12, 12, 12)
    >>> found.summary["axes"]["time"]["shifts"]
    [-100.0, 0.0, 100.0]
    >>> any("4 of 4 clips analysed" in line for line in found.lines)
    True
    >>> bool(found.check({"time.consistency": ">=0.1"}))
    True
    >>> len(found.plot("curves").axes), type(found.listen(drums[0].load(), time="50ms")).__name__
    (1, 'Listening')
    >>> found.report(folder / "page.html").name, found.save(folder / "run").name
    ('page.html', 'run')
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

    @property
    def lines(self) -> Iterator[str]:
        """The summary in words; see `audioinv.report.summary_text`."""
        from .summary_text import summary_lines

        return iter(summary_lines(self))

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
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.", suffix=".tmp") as here:
            write_results(self, Path(here))
            remove_own(target, keep=FILES)
            install_results(Path(here), target)
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

    def report(self, path: str | os.PathLike[str], *, beside: Iterable[str | os.PathLike[str]] = ()) -> Path:
        """Write one self-contained page; see `audioinv.report.page`.

        Parameters
        ----------
        path : str or path
            Of the HTML file; folders on the way are made.
        beside : iterable of str or path, default ()
            Folders of layers, certificates, order or a profile of the same models, which join the page.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If a folder holds nothing of the kind, or is about other models or clips.
        """
        from .companions import find_companions
        from .page import write_page

        return write_page(self, path, companions=find_companions(self, map(Path, beside)))

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
    """Write the files of a results folder.

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
    write_failures(folder / "failures.csv", results.failures)
    write_json(folder / "summary.json", results.document)
    (folder / RUN).write_bytes(sealed(results.run, folder / RUN, [name for name in FILES if name != RUN]))


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

    Examples
    --------
    >>> import tempfile
    >>> import audioinv
    >>> folder = Path(tempfile.mkdtemp())
    >>> drums = audioinv.read_corpus(audioinv.shipped_folder("clips") / "drums").entries[::22]
    >>> model = audioinv.load_model("drums-cnn2d")
    >>> found = audioinv.analyze(model, drums, time="100ms")
    >>> load_results(found.save(folder / "run")).scores["time"].shape
    (4, 2, 7)
    """
    place = find_folder(folder)
    check_there(place, "audioinv analyze")
    there = names_in(place)
    missing = [name for name in FILES if name not in there]
    if missing:
        others = [f"audioinv plot {place} {figure}" for name, figure in _OTHERS.items() if name in there]
        instead = f"; what it holds is drawn by {' and '.join(others)}" if others else ": audioinv analyze -o FOLDER"
        raise CheckpointError(f"{place} is no results folder ({', '.join(missing)} missing){instead}")
    with incoming(place, FILES) as here:
        return _load(here, place)


def _load(source: Path, place: Path) -> Results:
    """Read the files of a results folder that are on this disk, whatever its place."""
    try:
        run = unsealed((source / RUN).read_bytes(), place / RUN, source)
        document = unsealed((source / "summary.json").read_bytes(), place / "summary.json")
        check_version(document, SCHEMA_VERSION, place / "summary.json")
        check_document(run, RunRecord, place / RUN)
        check_summary(document, place / "summary.json")
        specs = {name: ModelSpec.from_mapping(spec["spec"]) for name, spec in run["models"].items()}
        responses = read_table(source / "results.parquet", specs)
        failures = read_failures(source / "failures.csv")
    except UNREADABLE as error:
        raise CheckpointError(f"{place}: damaged results folder ({why(error)})") from error
    check_document(list(specs.values()), tuple[ModelSpec, ...], place / RUN)
    return Results(responses, document, run, failures)
