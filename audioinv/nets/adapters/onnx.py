"""ONNX files, run by onnxruntime.

Conventions
-----------
Our spec is JSON under the key ``audioinv`` of the file's metadata. Weights beside the file must lie in its folder or
below: a path that leaves it, or follows a link out of it, is refused before anything is read.

What is here: `open_onnx`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ModelError
from ..model import ModelSpec
from .declaration import EMBEDDED_KEY, Declaration
from .graph import Array, GraphModel, Port, infer, wire
from .imports import needed
from .opened import Opened, file_sha256
from .resolution import resolve
from .sidecar import read_sidecar, sidecar_of

__all__ = ["open_onnx"]

_NAMES = {"float": "float32", "double": "float64"}  # of the types that onnxruntime calls otherwise than NumPy
_QUIET = 4  # what onnxruntime says of unused weights helps nobody here, and its errors are raised as well


class _OnnxSession:
    """A graph in onnxruntime."""

    def __init__(self, path: Path, device: str) -> None:
        runtime = needed("onnxruntime", "ONNX files", "onnx")
        import torch

        options = runtime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = torch.get_num_threads()
        wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
        there = runtime.get_available_providers()
        providers = [name for name in (*wanted, "CPUExecutionProvider") if name in there]
        try:
            self._session = runtime.InferenceSession(os.fspath(path), options, providers=providers)
        except Exception as error:  # its exceptions have no common base but this
            raise ModelError(f"{path}: onnxruntime cannot load it ({str(error).strip().splitlines()[0]})") from error
        self.inputs = tuple(map(_port, self._session.get_inputs()))
        self.outputs = tuple(map(_port, self._session.get_outputs()))

    def run(self, feeds: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        """Return the wanted outputs, in order."""
        return [np.asarray(found) for found in self._session.run(list(wanted), dict(feeds))]


def _port(port: Any) -> Port:
    shape = tuple(size if isinstance(size, int) else None for size in port.shape)
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    return Port(port.name, shape, _NAMES.get(kind, kind))


def open_onnx(path: Path, device: str, flags: Declaration) -> Opened:
    """Open an ONNX file.

    Parameters
    ----------
    path : Path
    device : str
    flags : Declaration
        Said at the command line; may tell inputs apart.

    Returns
    -------
    Opened

    Raises
    ------
    ModelError
        If the file is damaged, or its weights lie outside its folder.
    """
    onnx = needed("onnx", "ONNX files", "onnx")
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model(path, load_external_data=False)
    except (DecodeError, OSError) as error:
        raise ModelError(f"{path}: damaged, or no ONNX file ({error})") from error
    beside = check_external_data(proto, path)
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    embedded = Declaration.from_json(metadata.get(EMBEDDED_KEY, "{}"), str(path))
    session = _OnnxSession(path, device)
    sidecar = sidecar_of(path)
    said = resolve([("", flags), ("", read_sidecar(sidecar)), ("", embedded)]).declaration
    return Opened(
        format="ONNX",
        name=path.stem,
        sidecar=sidecar,
        build=partial(_build, session, str(path)),
        embedded=embedded,
        inferred=infer(session, said, str(path)),
        embedded_in="embedded in the metadata",
        sha256=file_sha256(path, *beside),
    )


def _build(session: _OnnxSession, source: str, said: Declaration, spec: ModelSpec) -> GraphModel:
    return GraphModel(session, wire(session, said, spec, source), spec)


def check_external_data(proto: Any, path: Path) -> tuple[Path, ...]:
    """Return the files of weights beside a file, and refuse those that lie outside its folder or are missing.

    Parameters
    ----------
    proto : onnx.ModelProto
    path : Path

    Returns
    -------
    tuple of Path
        By name.

    Raises
    ------
    ModelError
        If a location is absolute, climbs, is a link that leads out, or names no file.
    """
    folder, found = path.resolve().parent, set[Path]()
    for tensor in _tensors(proto):
        for entry in tensor.external_data:
            if entry.key != "location":
                continue
            if not (folder / entry.value).resolve().is_relative_to(folder):
                raise ModelError(
                    f"{path}: weights {tensor.name!r} are to be read from {entry.value!r}, outside the model's folder; "
                    "that is refused: put the file beside the model and export it again"
                )
            if not (folder / entry.value).is_file():
                raise ModelError(
                    f"{path}: its weights lie in {entry.value!r}, which is not beside it; "
                    "copy that file too, or export with external_data=False"
                )
            found.add(folder / entry.value)
    return tuple(sorted(found))


def _tensors(message: Any) -> Iterator[Any]:
    """Yield every tensor in a protocol message, however deep: of graphs in attributes and functions too."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield message
        return
    for entry, value in message.ListFields():
        if entry.message_type is not None:
            for part in (value,) if hasattr(value, "DESCRIPTOR") else value:
                yield from _tensors(part)
