"""ESC-50 and UrbanSound8K: a folder of sounds and a table of them, with folds that keep each recording together.

Conventions
-----------
Columns are those of the data sets as they were published. The ``start`` and ``end`` of UrbanSound8K are times in the
recording that a slice was cut from, not in the slice, and are not read.

What is here: `ESC50`, `ESC10`, `URBANSOUND8K`.

References
----------
.. [1] Piczak, ESC: dataset for environmental sound classification, ACM Multimedia 2015.
.. [2] Salamon, Jacoby & Bello, A dataset and taxonomy for urban sound research, ACM Multimedia 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..entries import Corpus, Skipped
from ..manifests import Reading, read_rows
from ..trees import look_below
from .layout import Published

__all__ = ["ESC10", "ESC50", "URBANSOUND8K"]

_ESC_COLUMNS = {"path": ("filename",), "label": ("category",), "group": ("src_file",), "fold": ("fold",)}
_URBAN_COLUMNS = {"path": ("slice_file_name",), "label": ("class",), "group": ("fsid",), "fold": ("fold",)}


def _tabled(table: str, reading: Reading) -> Published:
    """Return the layout of sounds in ``audio/`` beside the folder of a table."""
    folder, name = table.split("/")

    def claims(names: Mapping[str, Path]) -> bool:
        return folder in names and (names[folder] / name).is_file()

    def read(root: Path) -> Corpus:
        corpus = read_rows(root / folder / name, root / "audio", reading)
        named = {entry.path for entry in corpus.entries} | {skipped.path for skipped in corpus.skipped}
        others = [path for path in look_below(root / "audio").files if path not in named]
        left_out = tuple(Skipped(path, f"no row in {root / folder / name}") for path in others if not reading.kept)
        return replace(corpus, skipped=corpus.skipped + left_out)

    return Published(reading.layout, table, claims, read, table, only_asked=reading.kept is not None)


ESC50 = _tabled("meta/esc50.csv", Reading("ESC-50", _ESC_COLUMNS, n_folds=5))
ESC10 = _tabled("meta/esc50.csv", Reading("ESC-10", _ESC_COLUMNS, n_folds=5, kept="esc10"))
URBANSOUND8K = _tabled(
    "metadata/UrbanSound8K.csv", Reading("UrbanSound8K", _URBAN_COLUMNS, n_folds=10, fold_folders=True)
)
