"""Two files for an analysis in a results folder: a document that says everything, and a table of rows.

Conventions
-----------
``NAME.json`` and ``NAME.parquet`` may stand beside the files of other analyses. They are written beside their places
and renamed when complete, and the document seals both (see `audioinv.report.seal`). A number that is undefined is null
in them, and ``nan`` in memory.

What is here: `AnalysisFiles`, `KeptAnalysis`; `with_null` and `with_nan`.
"""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import CheckpointError, InputError
from ..sound.whole_files import refuse_url
from .declared import UNREADABLE, why
from .documents import check_document, check_version
from .results_folder import check_there
from .seal import sealed, unsealed
from .wording import lines_html

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AnalysisFiles", "KeptAnalysis", "with_nan", "with_null"]

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class AnalysisFiles:
    """The files of one kind of analysis.

    Parameters
    ----------
    name : str
        Of the files, without suffix.
    what : str
        What the analysis is called, without an article.
    command : str
        What writes it.
    schema : pyarrow.Schema
        Of the table.
    version : int, default 1
        Of the document, which carries it as ``schema_version``.
    """

    name: str
    what: str
    command: str
    schema: pa.Schema
    version: int = 1

    @property
    def paths(self) -> tuple[str, str]:
        """Names of the document and of the table."""
        return f"{self.name}.json", f"{self.name}.parquet"

    def check_absent(self, target: Path, *, overwrite: bool) -> None:
        """Refuse to write where such an analysis stands.

        Parameters
        ----------
        target : Path
            A folder, there or not.
        overwrite : bool

        Raises
        ------
        InputError
            If one of the files is there and may not be replaced, or the place is a file.
        """
        refuse_url(target)
        if target.exists() and not target.is_dir():
            raise InputError(f"{target} is a file; give a folder (-o)")
        if not overwrite and any((target / path).exists() for path in self.paths):
            article = "an" if self.what[0] in "aeiou" else "a"
            raise InputError(
                f"{target} holds {article} {self.what} already; give another folder (-o), or replace it (--overwrite)"
            )

    def write(self, target: Path, document: Mapping[str, Any], table: pa.Table) -> None:
        """Write document and table.

        Parameters
        ----------
        target : Path
            Folder; made if it is not there.
        document : mapping
            Plain JSON data.
        table : pyarrow.Table
        """
        unfinished = target / f"{self.name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        of_document, of_table = (unfinished / path for path in self.paths)
        pq.write_table(table, of_table, compression="zstd")
        of_document.write_bytes(sealed(document, of_document, [of_table.name]))
        for file in (of_table, of_document):
            file.replace(target / file.name)
        unfinished.rmdir()

    def read(self, folder: str | os.PathLike[str], build: Callable[[dict[str, Any], pa.Table], _Read]) -> _Read:
        """Read document and table, and make of them what they were.

        Parameters
        ----------
        folder : str or path
        build : callable
            From both to the analysis.

        Returns
        -------
        whatever `build` returns

        Raises
        ------
        CheckpointError
            If a file is missing or damaged, or is of a newer version.
        """
        source = Path(folder)
        check_there(source, self.command)
        missing = [path for path in self.paths if not (source / path).is_file()]
        if missing:
            raise CheckpointError(f"{source} holds no {self.what} ({', '.join(missing)} missing): {self.command}")
        place = source / self.paths[0]
        try:
            document = unsealed(place.read_bytes(), place)
            check_version(document, self.version, place)
            found = build(document, pq.read_table(source / self.paths[1], schema=self.schema))
        except UNREADABLE as error:
            raise CheckpointError(f"{place}: damaged {self.what} ({why(error)})") from error
        check_document(found, type(found), place)
        return found


class KeptAnalysis(ABC):
    """An analysis that is kept as a document and a table, and told in words."""

    FILES: ClassVar[AnalysisFiles]

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """Return what the document says beside its version."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The content of the document: ``NAME.json``."""
        return {"schema_version": self.FILES.version, **with_null(self._content())}

    @property
    @abstractmethod
    def table(self) -> pa.Table:
        """The rows."""

    @property
    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The analysis in words."""

    def _repr_html_(self) -> str:
        return lines_html(self.lines)

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
            Whether files of an earlier analysis of the kind may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If they stand there already.
        """
        target = Path(folder)
        self.FILES.check_absent(target, overwrite=overwrite)
        self.FILES.write(target, self.document, self.table)
        return target


def with_null(content: Any) -> Any:
    """Return JSON data with null for what is not a number.

    Parameters
    ----------
    content : JSON data

    Returns
    -------
    JSON data
    """
    if isinstance(content, dict):
        return {key: with_null(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [with_null(value) for value in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content


def with_nan(value: Any) -> Any:
    """Return what `with_null` was made of: ``nan`` for null.

    Parameters
    ----------
    value : float, optional

    Returns
    -------
    float
    """
    return float("nan") if value is None else value
