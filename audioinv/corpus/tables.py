"""Tables of text: CSV, TSV, JSON lines and Parquet, read the same way.

Conventions
-----------
A header of lower-case names; below it cells of text, empty where there is nothing. Cells are data: none is run, opened
or filled in here. CSV is separated by comma, semicolon or tab, whatever its suffix, in UTF-8. Lines count from 1, the
header's among them; in Parquet, rows do.

What is here: `Table`, `Row`, `open_table`, `TABLE_SUFFIXES`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..sound.places import open_binary, read_text

__all__ = ["TABLE_SUFFIXES", "Row", "Table", "open_table"]

_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    line : int
    cells : mapping of str to str
        By the header's names; a cell that a short row lacks is empty.
    fault : str, default ""
        Why the row cannot be read, where it cannot.
    """

    line: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Table:
    """A table, of which rows are read when their turn comes.

    Parameters
    ----------
    header : tuple of str
        Lower-case names of its columns.
    rows : iterator of Row
        To be read once; rows without any value are left out.
    """

    header: tuple[str, ...]
    rows: Iterator[Row]


def open_table(path: Path, names: Sequence[str]) -> Table:
    """Open a table that has one column of several names at least.

    Parameters
    ----------
    path : Path
    names : sequence of str
        By the first of these that it finds, a separator is known.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If it is no such table, is empty, or has none of the columns.
    OSError
        If it cannot be read.
    """
    table = _OPENERS.get(path.suffix.lower(), _open_csv)(path, names)
    if not set(names) & set(table.header):
        raise InputError(f"no column {_listed(names)}; its columns are {', '.join(table.header[:12]) or 'none'}")
    return table


def _listed(names: Sequence[str]) -> str:
    others = f" (or {', '.join(names[1:])})" if names[1:] else ""
    return f"{names[0]!r}{others}"


def _open_csv(path: Path, names: Sequence[str]) -> Table:
    text = read_text(path)
    if not text.strip():
        raise InputError("the manifest is empty")
    for separator in _SEPARATORS:
        reader = csv.DictReader(io.StringIO(text), delimiter=separator, restval="")
        try:
            header = reader.fieldnames = [_plain(name) for name in reader.fieldnames or ()]
        except csv.Error as error:
            raise InputError(str(error)) from error
        if set(names) & set(header):
            return Table(tuple(header), _csv_rows(reader))
    first = text.partition("\n")[0].strip()
    raise InputError(
        f"its first line {first[:80]!r} has no column {_listed(names)}; "
        "columns are separated by comma, semicolon or tab"
    )


def _csv_rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    try:
        for cells in reader:
            more: Any = cells.pop(None, None)  # where csv puts what has no name
            told = {name: value.strip() for name, value in cells.items()}
            if any(told.values()) or more:
                fault = "more cells than columns; put a value that holds the separator in quotes" if more else ""
                yield Row(reader.line_num, told, fault)
    except csv.Error as error:
        raise InputError(str(error)) from error


def _open_json_lines(path: Path, _: Sequence[str]) -> Table:
    rows = [_json_row(line, text) for line, text in enumerate(read_text(path).splitlines(), 1) if text.strip()]
    return Table(tuple(dict.fromkeys(name for row in rows for name in row.cells)), iter(rows))


def _json_row(line: int, text: str) -> Row:
    try:
        found = json.loads(text)
    except ValueError as error:
        return Row(line, {}, f"not JSON ({error})")
    if not isinstance(found, dict):
        return Row(line, {}, "not a JSON object")
    return Row(line, {_plain(name): _text(value) for name, value in found.items()})


def _open_parquet(path: Path, _: Sequence[str]) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        with open_binary(path) as stream:
            header = pyarrow.parquet.ParquetFile(stream).schema_arrow.names
    except pyarrow.ArrowException as error:
        raise InputError(f"not Parquet ({error})") from error
    return Table(tuple(map(_plain, header)), _parquet_rows(path))


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow.parquet
    from pyarrow import types

    with open_binary(path) as stream:
        file = pyarrow.parquet.ParquetFile(stream)
        told = [each.name for each in file.schema_arrow if not types.is_nested(each.type)]  # sounds may be in others
        line = 0
        for batch in file.iter_batches(columns=told):
            for found in batch.to_pylist():
                line += 1
                cells = {_plain(name): _text(value) for name, value in found.items()}
                if any(cells.values()):
                    yield Row(line, cells)


def _plain(name: object) -> str:
    return str(name).strip().casefold()


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


_OPENERS: dict[str, Callable[[Path, Sequence[str]], Table]] = {
    ".csv": _open_csv,
    ".tsv": _open_csv,
    ".jsonl": _open_json_lines,
    ".parquet": _open_parquet,
}
TABLE_SUFFIXES = frozenset(_OPENERS)
