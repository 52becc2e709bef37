"""Networks that `torch.export` wrote: ``.pt2`` files.

Conventions
-----------
Our spec is JSON in the extra file ``audioinv.json``. A ``.pt2`` file can hold pickles, compiled libraries and
expressions that are evaluated when it is loaded, so it is first read as the zip archive that it is: only tensors as
bytes, graphs of torch operators and plain expressions of sizes are let through. What else a file holds is refused.

What is here: `EXTRA_FILE`, `open_exported`, `ExportedNetwork`, `check_archive`.
"""

from __future__ import annotations

import io
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError, ModelError
from ..model import Model, ModelSpec
from .declaration import EMBEDDED_KEY, Declaration
from .graph import samples_axis, taken_shape
from .opened import Opened, file_sha256
from .python_object import open_callable
from .sidecar import sidecar_of

__all__ = ["EXTRA_FILE", "ExportedNetwork", "check_archive", "open_exported"]

EXTRA_FILE = f"{EMBEDDED_KEY}.json"

_TENSORS = re.compile(
    r"data/(weights/weight_\d+|constants/tensor_\d+|(weights|constants)/\w+_config\.json|sample_inputs/\w+\.pt)"
)
_PLAIN = re.compile(r"models/\w+\.json|extra/.*|archive_format|archive_version|version|byteorder|\.data/\w+")
_OPERATOR = re.compile(  # no operator that opens files, none that reaches into objects or calls them
    r"torch\.ops\.(aten|prims)\.(?!from_file|save)\w+\.\w+|torch\.sym_\w+|math\.(ceil|floor|trunc|sqrt)|"
    r"_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|eq|ne|lt|le|gt|ge|and_|or_|not_|getitem)"
)
_NAMES = re.compile(r"'([a-z]+\d+|[\d.e+-]+)'")  # of symbols, and numbers with their precision, in quotes
_EXPRESSION = re.compile(r"[\w\s+\-*/%(),.<>=&|~]*")
_WORDS = re.compile(
    r"[a-z]+\d+|e\d*|int_oo|oo|True|False|true|false|Symbol|Integer|Float|Rational|precision|"
    r"positive|negative|nonnegative|nonpositive|nonzero|zero|integer|real|finite|"
    r"Add|Mul|Pow|Max|Min|Mod|Eq|Ne|Ge|Le|Gt|Lt|And|Or|Not|Equality|Unequality|GreaterThan|LessThan|StrictGreaterThan|"
    r"StrictLessThan|PythonMod|FloorDiv|CleanDiv|CeilDiv|IntTrueDiv|FloatTrueDiv|FloorToInt|CeilToInt|TruncToInt|"
    r"ToFloat|PowByNatural"
)


def open_exported(path: Path, device: str) -> Opened:
    """Open a ``.pt2`` file.

    Parameters
    ----------
    path : Path
    device : str

    Returns
    -------
    Opened

    Raises
    ------
    ModelError
        If the file is damaged, or holds what could run code.
    """
    check_archive(path)
    extra = {EXTRA_FILE: ""}
    try:
        program = torch.export.load(path, extra_files=extra)
    except (RuntimeError, KeyError, ValueError, AssertionError, AttributeError) as error:
        raise ModelError(f"{path}: torch.export cannot load it ({str(error).strip().splitlines()[0]})") from error
    shape = _input_shape(program, path)
    opened = open_callable(
        _network_of(program, shape),
        device,
        format="torch.export",
        name=path.stem,
        sidecar=sidecar_of(path),
        embedded=Declaration.from_json(extra[EXTRA_FILE] or "{}", str(path)),
        inferred=Declaration(input_samples=shape[samples_axis(shape)]),
        embedded_in="embedded in an extra file",
        sha256=file_sha256(path),
    )
    return replace(opened, build=partial(_build, opened, str(path)))


def _build(opened: Opened, source: str, said: Declaration, spec: ModelSpec) -> Model:
    length = opened.inferred.input_samples
    if length not in (None, spec.input_samples):
        raise ModelError(f"{source} takes windows of {length} samples, but input_samples={spec.input_samples}")
    return opened.build(said, spec)


def _network_of(program: Any, shape: tuple[int | None, ...]) -> nn.Module:
    """Return the network with the modules that it was exported from, so that its layers can be looked into."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch's, of how it copies itself
            network: nn.Module = torch.export.unflatten(program)
    except (RuntimeError, KeyError, ValueError, AssertionError, AttributeError, TypeError):
        return ExportedNetwork(program.module(), shape)  # one graph without modules
    part: Any
    for part in network.modules():
        part._run_with_interpreter = False  # the code made of the graph calls the same modules, and sooner
        if (kind := getattr(part, "_ty", None)) is not None:
            part.__class__ = type(kind.rpartition(".")[2], (type(part),), {})  # called as what was exported
    return network.eval() if shape[0] is None and len(shape) == 2 else ExportedNetwork(network, shape)


class ExportedNetwork(nn.Module):
    """A network as it was exported, for batches of any size.

    Parameters
    ----------
    network : nn.Module
    shape : tuple of int or None
        What it takes: the batch first, one axis of samples, and axes of 1; None where any size will do. What is missing
        from the last of fixed batches is silence, whose answers are dropped.

    Examples
    --------
    >>> class Pairs(nn.Module):
    ...     def forward(self, waveforms):
    ...         return waveforms.reshape(2, -1)[:, :1]
    >>> ExportedNetwork(Pairs(), (2, 1, None))(torch.tensor([[1.0], [2.0], [3.0]])).flatten()
    tensor([1., 2., 3.])
    """

    def __init__(self, network: nn.Module, shape: tuple[int | None, ...]) -> None:
        super().__init__()
        self.network = network
        self.shape = shape
        for module in self.modules():
            module.training = False

    def train(self, mode: bool = True) -> ExportedNetwork:
        """Do nothing: what was exported is in evaluation mode and knows no other."""
        return self

    def forward(self, waveforms: Tensor) -> Any:
        """Return the network's answers to waveforms of shape (batch, n_samples)."""
        batch = self.shape[0]
        if batch is None:
            return self._answer(waveforms)
        missing = -len(waveforms) % batch
        filled = nn.functional.pad(waveforms, (0, 0, 0, missing))
        return torch.cat([self._answer(part) for part in filled.split(batch)])[: len(waveforms)]

    def _answer(self, waveforms: Tensor) -> Any:
        return self.network(waveforms.reshape(taken_shape(self.shape, len(waveforms))))


def _input_shape(program: Any, path: Path) -> tuple[int | None, ...]:
    """Return the shape of the only input, None where any size will do."""
    names = program.graph_signature.user_inputs
    shapes = [tuple(node.meta["val"].shape) for node in program.graph.nodes if node.name in names]
    if len(names) == len(shapes) == 1 and len(shapes[0]) > 1:
        shape = tuple(size if isinstance(size, int) else None for size in shapes[0])
        with suppress(InputError):
            samples_axis(shape)
            return shape
    raise ModelError(
        f"{path} takes inputs of shapes {[tuple(map(str, shape)) for shape in shapes]}; one of (batch, samples), with "
        "axes of 1 beside, is needed: wrap the network so and export it again"
    )


def check_archive(path: Path) -> None:
    """Refuse an archive that holds anything but tensors and graphs.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ModelError
        If it is no archive of `torch.export`, of the old format, or holds what could run code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(entry.file_size for entry in archive.infolist())
            if n_bytes > path.stat().st_size:  # torch compresses nothing
                raise ModelError(f"{path} unfolds to {n_bytes:,} bytes, more than it holds; export the network again")
            for name in archive.namelist():
                _check_entry(path, name.partition("/")[2], archive.read(name))
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: damaged, or not written by torch.export ({error})") from error


def _check_entry(path: Path, name: str, content: bytes) -> None:
    if not (_TENSORS.fullmatch(name) or _PLAIN.fullmatch(name)):
        raise _refused(path, f"it holds {name or 'a file outside any folder'}, which is neither tensor nor graph")
    if name.endswith("_config.json"):
        reasons = _pickled(json.loads(content))
    elif name.startswith("models/"):
        reasons = _bad_parts(json.loads(content))
    else:
        reasons = iter(())
    for reason in reasons:
        raise _refused(path, reason)
    if name.startswith("data/sample_inputs/"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an old protocol, which is not the point
                torch.load(io.BytesIO(content), weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise _refused(path, "its sample inputs are a pickle of more than tensors") from error


def _pickled(config: Any) -> Iterator[str]:
    """Yield what a list of weights or constants does not store as bytes."""
    for name, payload in config["config"].items():
        if payload.get("use_pickle") or not re.fullmatch(r"(weight|tensor)_\d+", str(payload.get("path_name"))):
            yield f"{name} is stored as a pickle"


def _refused(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} is refused: {reason}, so loading it could run code; export the network again")


def _bad_parts(part: Any) -> Iterator[str]:
    """Yield what a graph names that is neither a torch operator nor an expression of sizes."""
    if isinstance(part, list):
        for entry in part:
            yield from _bad_parts(entry)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "target" and isinstance(value, str) and "inputs" in part and not _OPERATOR.fullmatch(value):
                yield f"its graph calls {value}"
            elif key == "expr_str" and not _is_plain(str(value)):
                yield f"its graph has the expression {str(value)[:40]!r}"
            else:
                yield from _bad_parts(value)


def _is_plain(expression: str) -> bool:
    """Tell an expression of sizes from one that does something."""
    bare = _NAMES.sub("0", expression)
    words = re.findall(r"[A-Za-z_]\w*", bare)
    return bool(_EXPRESSION.fullmatch(bare)) and all(map(_WORDS.fullmatch, words))
