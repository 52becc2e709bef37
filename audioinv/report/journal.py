"""The journal of a run: one Parquet part for each unit of work, whose presence says that the unit is done.

Conventions
-----------
A part is ``RUN/results/part-RECIPE-UNIT.parquet``, named by hashes of what is done and of the sounds it is done to, so
that parts of other parameters, files, models or versions have other names. It holds the rows of the results table and,
in its metadata, what the table does not: the controls, the failures and a digest of all of it. It is written to a
temporary name, synced and renamed: what is there is whole. What is there and is not what it says it is, is named and
done again. ``RUN/.lock`` is held by the one process that may write; the system lets go of it when that process ends,
however it ends.

What is here: `Journal`, `PartFolder`, `recipes_in`, `write_whole`, `cannot_write`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import CheckpointError, InputError
from ..nets.model import ModelSpec
from ..sweep.responses import SOUND_COLUMNS, ControlResponses, Failure, ModelResponses
from ..sweep.run import Sweep
from .results import FILES, LOCK, PARTS, Results, write_results
from .table import from_table, to_table

__all__ = ["Journal", "PartFolder", "cannot_write", "recipes_in", "write_whole"]

_CONTROLS = {"scores": np.float32, "sound_error": np.float64}


@dataclass(frozen=True)
class PartFolder:
    """Where the parts of one recipe lie.

    Parameters
    ----------
    folder : Path
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
        """
        path = self.path(name)
        if not path.is_file():
            return None
        try:
            # Opened anew and not mapped: whoever writes over a mapped file changes what has been checked.
            content = pa.py_buffer(path.read_bytes())
            table = pq.ParquetFile(content, page_checksum_verification=True).read(use_threads=False)
            said = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
            found = self._rebuild(table, said)
            whole = said["unit"] == f"{self.recipe}-{name}" and said["digest"] == _digest(found)
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


def write_whole(path: Path, content: Any) -> None:
    """Write a file so that it is there in full or not at all.

    Parameters
    ----------
    path : Path
    content : bytes or buffer

    Raises
    ------
    InputError
        If it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise cannot_write(path.parent, error) from error


def cannot_write(folder: Path, error: OSError) -> InputError:
    """Say that the system does not let a run write.

    Parameters
    ----------
    folder : Path
    error : OSError

    Returns
    -------
    InputError
    """
    return InputError(
        f"{folder} cannot be written ({error.strerror or error}); what is done is kept: make room or choose another "
        "-o, and give the command again"
    )


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
    return {path.name.split("-")[1] for path in (folder / PARTS).glob("part-*.parquet")}


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
        self._lock: TextIO | None = None

    def __enter__(self) -> Journal:
        try:
            self.parts.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _take(self.folder / LOCK)
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
        if others and self._resume and not self._overwrite:
            raise InputError(
                f"{self.folder} holds an unfinished run of other parameters, models or versions; give another -o, or "
                "--overwrite to throw it away"
            )
        for path in self.parts.folder.iterdir():
            if path.suffix == ".tmp" or not (self._resume and path.name.startswith(f"part-{self.parts.recipe}-")):
                _remove(path)

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
        try:
            for path in (path for folder in folders for path in (folder / PARTS).glob("part-*.parquet")):
                place = self.parts.folder / path.name
                if not place.exists():
                    shutil.copyfile(path, place.with_suffix(".tmp"))
                    place.with_suffix(".tmp").replace(place)
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
            If the folder cannot be written; the parts are kept.
        """
        finished = self.parts.folder / "finished.tmp"
        try:
            if results.responses:
                finished.mkdir(exist_ok=True)
                write_results(results, finished)
                self._install(finished)
            shutil.rmtree(self.parts.folder)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def _install(self, finished: Path) -> None:
        """Replace what stands in the folder; it has a summary only before and after."""
        for path in self.folder.iterdir():
            if path.name not in (PARTS, LOCK, *FILES):
                _remove(path)
        (self.folder / FILES[-1]).unlink(missing_ok=True)
        for name in FILES:
            with (finished / name).open("rb") as stream:
                os.fsync(stream.fileno())
            (finished / name).replace(self.folder / name)

    def _release(self) -> None:
        """Let go of the folder, and leave none behind in which nothing stands."""
        if self._lock is None:
            return
        with suppress(OSError):
            (self.folder / LOCK).unlink()
        self._lock.close()
        for folder in (self.parts.folder, self.folder):
            with suppress(OSError):
                folder.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _take(path: Path) -> TextIO:
    """Lock a file, or say who holds it."""
    while True:
        stream = path.open("a+", encoding="utf-8")
        if not _lock(stream):
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            stream.close()
            raise InputError(f"{path.parent} is being written by {holder}; wait for it, or give another -o")
        if path.exists() and os.path.samestat(path.stat(), os.fstat(stream.fileno())):
            break
        stream.close()  # its holder removed it between our opening and our locking it
    stream.truncate(0)
    stream.write(f"process {os.getpid()} on {platform.node()}\n")
    stream.flush()
    return stream


def _lock(stream: TextIO) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            stream.seek(1 << 20)  # beyond the text, which others may read
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
