"""What came of a unit of work, kept as a Parquet part: rows of the results table, and what the table does not hold.

Conventions
-----------
A part is ``RUN/results/part-RECIPE-UNIT.parquet``, named by hashes of what is done and of the sounds it is done to, so
that parts of other parameters, files, models or versions have other names. In its metadata are the controls, the
failures and a digest of all of it. It is written to a temporary name, synced and renamed: what is there is whole. What
is there and is not what it says it is, is named and done again. In a store a part is put under its name, whole or not
at all.

What is here: `PartFolder`, `what_came_of`, `join_parts`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import AudioFileError, CheckpointError
from ..nets.model import ModelSpec
from ..sound.carried_files import disk_near
from ..sound.whole_files import cannot_write, read_whole, write_whole
from ..sweep.responses import SOUND_COLUMNS, ControlResponses, Failure, ModelResponses, join_models
from ..sweep.room import RoomOnDisk
from ..sweep.run import Sweep
from ..sweep.workers import Done
from .table import from_table, to_table

__all__ = ["PartFolder", "join_parts", "what_came_of"]

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


def what_came_of(done: Done, parts: PartFolder) -> Sweep:
    """Read what a worker kept of a unit.

    Parameters
    ----------
    done : Done
    parts : PartFolder

    Returns
    -------
    Sweep

    Raises
    ------
    CheckpointError
        If the part is gone or damaged.
    """
    part = parts.find(done.name) if done.name else Sweep((), done.failures)
    if part is None:
        raise CheckpointError(f"{parts.path(done.name)} was there and is gone; give the command again")
    return part


def join_parts(receipts: Sequence[Done], parts: PartFolder) -> Sweep:
    """Join what workers kept.

    Parameters
    ----------
    receipts : sequence of Done
        In the order of the corpus.
    parts : PartFolder

    Returns
    -------
    Sweep
        Whose arrays lie on a disk, that of the parts if they are on one, and not in memory.

    Raises
    ------
    CheckpointError
        If a part is gone or damaged.
    InputError
        If there is no room.
    """
    failures: list[Failure] = []

    def answered() -> Iterator[Sequence[ModelResponses]]:
        for done in receipts:
            part = what_came_of(done, parts)
            failures.extend(part.failures)
            if part.responses:
                yield part.responses

    near = disk_near(parts.folder)
    try:
        room = RoomOnDisk(near)
        joined = join_models(answered(), sum(done.n_answered for done in receipts), room)
    except AudioFileError:  # of a store
        raise
    except OSError as error:
        raise cannot_write(near, error) from error
    return Sweep(joined, tuple(failures))
