"""The journal of a run: one Parquet part for each unit of work, whose presence says that the unit is done.

Conventions
-----------
A part is ``RUN/results/part-RECIPE-UNIT.parquet``, named by hashes of what is done and of the sounds it is done to, so
that parts of other parameters, files, models or versions have other names. It holds the rows of the results table and,
in its metadata, what the table does not: the controls, the failures and a digest of all of it. It is written to a
temporary name, synced and renamed: what is there is whole. What is there and is not what it says it is, is named and
done again. Who may write is told by `audioinv.report.hold`. In a store a part is put under its name, whole or not at
all, and what has to be on a disk is made on this machine's.

What is here: `Journal`, `PartFolder`, `recipes_in`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import AudioFileError, CheckpointError, InputError
from ..nets.model import ModelSpec
from ..sound.carried_files import disk_near
from ..sound.places import on_this_disk
from ..sound.whole_files import cannot_write, names_in, read_whole, remove, write_whole
from ..sweep.responses import SOUND_COLUMNS, ControlResponses, Failure, ModelResponses
from ..sweep.run import Sweep
from .hold import Hold, hold
from .results import LOCK, PARTS, Results, install_results, write_results
from .table import from_table, to_table

__all__ = ["Journal", "PartFolder", "recipes_in"]

_CONTROLS = {"scores": np.float32, "sound_error": np.float64}


@dataclass(frozen=True)
class PartFolder:
    """Where the parts of one recipe lie.

    Parameters
    ----------
    folder : Path
        On this disk, or in a store.
    recipe : str
        From `audioinv.sweep.units.recipe_of`.
    specs : tuple of ModelSpec
        Of the models, in the order of the results.
    """

    folder: Path
    recipe: str
    specs: tuple[ModelSpec, ...]

    def path(self, name: str) -> Path:
        """Return where the part of a unit lies, or will."""
        return self.folder / f"part-{self.recipe}-{name}.parquet"

    def keep(self, name: str, found: Sweep) -> None:
        """Write what came of a unit.

        Parameters
        ----------
        name : str
            Of the unit.
        found : Sweep

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        metadata = {
            "unit": f"{self.recipe}-{name}",
            "digest": _digest(found),
            "controls": json.dumps([[_pack(control) for control in model.controls] for model in found.responses]),
            "failures": json.dumps([asdict(failure) for failure in found.failures]),
        }
        stream = pa.BufferOutputStream()
        table = to_table(found.responses).replace_schema_metadata(metadata)
        # Dictionaries make a part as small as compression would, in half the time.
        pq.write_table(table, stream, compression="none", write_statistics=False, write_page_checksum=True)
        write_whole(self.path(name), stream.getvalue())

    def find(self, name: str) -> Sweep | None:
        """Read what came of a unit.

        Parameters
        ----------
        name : str
            Of the unit.

        Returns
        -------
        Sweep or None
            None if it is not done.

        Raises
        ------
        CheckpointError
            If the part is damaged, or another's under this name.
        AudioFileError
            If a store does not answer.
        """
        path = self.path(name)
        try:
            # Read and not mapped: whoever writes over a mapped file changes what has been checked.
            content = read_whole(path)
            if content is None:
                return None
            table = pq.ParquetFile(pa.py_buffer(content), page_checksum_verification=True).read(use_threads=False)
            said = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
            found = self._rebuild(table, said)
            whole = said["unit"] == f"{self.recipe}-{name}" and said["digest"] == _digest(found)
        except AudioFileError:  # which says nothing about the part
            raise
        except (KeyError, TypeError, ValueError, IndexError, pa.ArrowException, OSError, CheckpointError) as error:
            raise CheckpointError(f"{path} is damaged ({error})") from error
        if not whole:
            raise CheckpointError(f"{path} does not hold what its name says")
        return found

    def _rebuild(self, table: pa.Table, said: dict[str, str]) -> Sweep:
        failures = tuple(Failure(**failure) for failure in json.loads(said["failures"]))
        if not len(table):
            return Sweep((), failures)
        models = from_table(table, {spec.name: spec for spec in self.specs})
        controls = [tuple(_unpack(control) for control in of_model) for of_model in json.loads(said["controls"])]
        parts = (
            ModelResponses(spec, models[spec.name].clips, models[spec.name].axes, beside)
            for spec, beside in zip(self.specs, controls, strict=True)
        )
        return Sweep(tuple(parts), failures)


def _pack(control: ControlResponses) -> dict[str, Any]:
    arrays = {name: base64.b64encode(getattr(control, name).astype(kind)).decode() for name, kind in _CONTROLS.items()}
    return {"axis": control.axis, "name": control.name, "amount": float(control.amount), **arrays}


def _unpack(packed: dict[str, Any]) -> ControlResponses:
    arrays: dict[str, npt.NDArray[np.floating]] = {
        name: np.frombuffer(base64.b64decode(packed[name]), kind) for name, kind in _CONTROLS.items()
    }
    n_clips = len(arrays["sound_error"])
    return ControlResponses(
        packed["axis"],
        packed["name"],
        packed["amount"],
        arrays["scores"].reshape(n_clips, -1),
        arrays["sound_error"],
    )


def _digest(found: Sweep) -> str:
    """Hash every number that came of a unit, as it must come back."""
    digest = hashlib.sha256(repr([found.failures, [model.clips for model in found.responses]]).encode())
    for model in found.responses:
        for axis in model.axes.values():
            digest.update(repr([model.spec.name, axis.axis, axis.unit, axis.edges, axis.engine]).encode())
            for name in ("shifts", "scores", *SOUND_COLUMNS):
                digest.update(_bytes(getattr(axis, name)))
        for control in model.controls:
            digest.update(repr([control.axis, control.name, float(control.amount)]).encode())
            digest.update(_bytes(control.scores) + _bytes(control.sound_error))
    return digest.hexdigest()


def _bytes(values: npt.NDArray[np.floating]) -> bytes:
    """Return numbers as they lie in memory; a null comes back as another kind of nan, which is the same to us."""
    return np.where(np.isnan(values), values.dtype.type(np.nan), values).tobytes()


def recipes_in(folder: Path) -> set[str]:
    """Return the recipes of which there are parts.

    Parameters
    ----------
    folder : Path
        Of a run.

    Returns
    -------
    set of str
    """
    return {name.split("-")[1] for name in _parts_in(folder)}


def _parts_in(folder: Path) -> list[str]:
    return [name for name in names_in(folder / PARTS) if name.startswith("part-") and name.endswith(".parquet")]


class Journal:
    """A results folder in the making, held against other writers.

    Parameters
    ----------
    folder : Path
        Of the run.
    recipe : str
    specs : tuple of ModelSpec
    resume : bool, default True
        Whether parts that are there count.
    overwrite : bool, default False
        Whether those of another recipe may be thrown away.
    """

    def __init__(
        self,
        folder: Path,
        recipe: str,
        specs: Sequence[ModelSpec],
        *,
        resume: bool = True,
        overwrite: bool = False,
    ) -> None:
        self.folder = folder
        self.parts = PartFolder(folder / PARTS, recipe, tuple(specs))
        self._resume, self._overwrite = resume, overwrite
        self._hold: Hold | None = None

    def __enter__(self) -> Journal:
        try:
            if on_this_disk(self.folder):
                self.parts.folder.mkdir(parents=True, exist_ok=True)
            self._hold = hold(self.folder / LOCK)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        try:
            self._clear()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _clear(self) -> None:
        """Throw away what may not be used, and refuse to throw away what somebody may want."""
        others = recipes_in(self.folder) - {self.parts.recipe}
        if others and not self._overwrite:
            raise InputError(
                f"{self.folder} holds an unfinished run of other parameters, models or versions; give another -o, or "
                "--overwrite to throw it away"
            )
        for name in names_in(self.parts.folder):
            if name.endswith(".tmp") or not (self._resume and name.startswith(f"part-{self.parts.recipe}-")):
                remove(self.parts.folder / name)

    def borrow(self, folders: Iterable[Path]) -> None:
        """Take over the parts of other folders, which keep them.

        Parameters
        ----------
        folders : iterable of Path
            Of runs or shards.

        Raises
        ------
        InputError
            If they cannot be read or written.
        """
        there = names_in(self.parts.folder)
        try:
            for part in (folder / PARTS / name for folder in folders for name in _parts_in(folder)):
                content = None if part.name in there else read_whole(part)
                if content is not None:
                    write_whole(self.parts.folder / part.name, content)
        except AudioFileError:  # of a store that was to be read
            raise
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def finish(self, results: Results) -> None:
        """Write the files of the results folder, and remove the parts and whatever stood there before.

        Parameters
        ----------
        results : Results
            With no model, nothing is written: there is nothing to be read in them.

        Raises
        ------
        InputError
            If the folder cannot be written, or somebody took it over; the parts are kept.
        """
        near = disk_near(self.parts.folder)
        try:
            if results.responses:
                with tempfile.TemporaryDirectory(dir=near, suffix=".tmp") as finished:
                    write_results(results, Path(finished))
                    if self._hold is not None:
                        self._hold.make_sure()
                    install_results(Path(finished), self.folder)
            remove(self.parts.folder)
        except AudioFileError:  # of a store
            raise
        except OSError as error:
            raise cannot_write(self.folder if on_this_disk(self.folder) else near, error) from error

    def _release(self) -> None:
        """Let go of the folder, and leave none behind in which nothing stands."""
        if self._hold is None:
            return
        self._hold.release()
        if not on_this_disk(self.folder):
            return
        for folder in (self.parts.folder, self.folder):
            with suppress(OSError):
                folder.rmdir()
