"""TensorFlow Lite files, run by LiteRT.

Conventions
-----------
Such a file says neither sample rate nor activation. Labels beside it, ``NAME_Labels.txt``, count as embedded. Inputs
and outputs are float32; where the batch can be resized, it is.

What is here: `open_tflite`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import ModelError
from ..model import ModelSpec
from .declaration import Declaration
from .graph import Array, GraphModel, Port, infer, wire
from .imports import needed
from .opened import Opened, file_sha256
from .resolution import resolve
from .sidecar import read_labels, read_sidecar, sidecar_of

__all__ = ["open_tflite"]


class _LiteSession:
    """A graph in LiteRT, allocated for the batch it ran last."""

    def __init__(self, path: Path) -> None:
        runtime = needed("ai_edge_litert.interpreter", "TensorFlow Lite files", "litert")
        try:
            self._interpreter = runtime.Interpreter(str(path), num_threads=torch.get_num_threads())
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: LiteRT cannot load it ({str(error).strip().splitlines()[0]})") from error
        self._places = {entry["name"]: entry["index"] for entry in self._interpreter.get_input_details()}
        self._answers = {entry["name"]: entry["index"] for entry in self._interpreter.get_output_details()}
        self.inputs = tuple(map(_port, self._interpreter.get_input_details()))
        self.outputs = tuple(map(_port, self._interpreter.get_output_details()))
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, feeds: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        """Return the wanted outputs, in order."""
        shapes = {name: value.shape for name, value in feeds.items()}
        if shapes != self._shapes:
            for name, shape in shapes.items():
                self._interpreter.resize_tensor_input(self._places[name], shape)
            self._interpreter.allocate_tensors()
            self._shapes = shapes
        for name, value in feeds.items():
            self._interpreter.set_tensor(self._places[name], np.ascontiguousarray(value))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(self._answers[name]) for name in wanted]


def _port(details: Mapping[str, Any]) -> Port:
    sizes = details["shape_signature"] if len(details["shape_signature"]) else details["shape"]
    shape = tuple(None if size < 0 else int(size) for size in sizes)
    return Port(details["name"], shape, np.dtype(details["dtype"]).name)


def open_tflite(path: Path, flags: Declaration) -> Opened:
    """Open a TensorFlow Lite file.

    Parameters
    ----------
    path : Path
    flags : Declaration
        Said at the command line; may tell inputs apart.

    Returns
    -------
    Opened

    Raises
    ------
    ModelError
        If LiteRT cannot load it.
    """
    session = _LiteSession(path)
    labels = path.with_name(f"{path.stem}_Labels.txt")
    embedded = Declaration(labels=read_labels(labels)) if labels.is_file() else Declaration()
    sidecar = sidecar_of(path)
    said = resolve([("", flags), ("", read_sidecar(sidecar)), ("", embedded)]).declaration
    return Opened(
        format="TensorFlow Lite",
        name=path.stem,
        sidecar=sidecar,
        build=partial(_build, session, str(path)),
        embedded=embedded,
        inferred=infer(session, said, str(path)),
        embedded_in=labels.name,
        sha256=file_sha256(path),
    )


def _build(session: _LiteSession, source: str, said: Declaration, spec: ModelSpec) -> GraphModel:
    return GraphModel(session, wire(session, said, spec, source), spec)
