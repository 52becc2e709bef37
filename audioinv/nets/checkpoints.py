"""Model files: tensors, and as JSON text in the header the kind of model and the configuration that built it.

Conventions
-----------
The file is safetensors; nothing is ever unpickled. Its header holds the SHA-256 of configuration and tensors, so that a
file that was damaged is not believed; older files lack it. A header without a kind is a classifier's, as the first
files had it. A configuration is a frozen dataclass, stored field by field.

What is here: `Checkpoint`, `read_checkpoint`, `write_checkpoint`, `rebuild`, `weights_sha256`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import CheckpointError
from ..sound.spectrogram_config import SpectrogramConfig
from .model import ModelSpec

__all__ = ["CLASSIFIER", "Checkpoint", "read_checkpoint", "rebuild", "weights_sha256", "write_checkpoint"]

CLASSIFIER = "classifier"
_FORMAT = 1
_KEY, _SEAL = "audioinv", "sha256"

Built = TypeVar("Built", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a model file holds.

    Parameters
    ----------
    path : Path
        For the texts of errors.
    kind : str
        ``"classifier"``, or a kind of reference.
    config : mapping of str to Any
        Plain JSON data.
    tensors : mapping of str to Tensor
    """

    path: Path
    kind: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def parts(self) -> dict[str, Any]:
        """The configuration with its spec and, where there is one, its front end built."""
        built = {**self.config, "spec": ModelSpec.from_mapping(self.config["spec"])}
        front_end = built.pop("front_end", None)
        return built if front_end is None else {**built, "front_end": SpectrogramConfig(**front_end)}

    @property
    def filters(self) -> Tensor | None:
        """The filters of the front end, so that loading needs no filter design."""
        return self.tensors.get("front_end.filters")


def write_checkpoint(module: nn.Module, config: Any, path: str | os.PathLike[str], *, kind: str = CLASSIFIER) -> None:
    """Write a module with its configuration, by a temporary file that is renamed.

    Parameters
    ----------
    module : nn.Module
    config : dataclass
        What built the module.
    path : str or path
        Ends in ``.safetensors``.
    kind : str, default "classifier"
    """
    target = Path(path)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    header = {"format": _FORMAT, "kind": kind, "config": asdict(config)}
    text = json.dumps({**header, _SEAL: _digest(header, tensors)}, sort_keys=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_bytes(save(tensors, metadata={_KEY: text}))
    unfinished.replace(target)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a file that `write_checkpoint` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, not ours or of a newer format.
    """
    source = Path(path)
    if not source.is_file():
        raise CheckpointError(f"{source}: no such model file")
    try:
        with safe_open(source, framework="pt") as stored:
            text = (stored.metadata() or {}).get(_KEY)
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(f"{source}: damaged, or no safetensors file ({error})") from error
    if text is None:
        raise CheckpointError(f"{source}: holds no audioinv configuration; it was not written by audioinv train")
    try:
        header = json.loads(text)
        said = header.pop(_SEAL, None)
        found, config, kind = int(header["format"]), header["config"], str(header.get("kind", CLASSIFIER))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{source}: its configuration cannot be read ({error})") from error
    if found > _FORMAT:
        raise CheckpointError(f"{source}: format {found} is newer than this audioinv reads ({_FORMAT}); upgrade it")
    if said not in (None, _digest(header, tensors)):
        raise CheckpointError(f"{source}: damaged: it changed since it was written; take it from where it came, again")
    return Checkpoint(source, kind, config, tensors)


def _digest(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(repr([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def rebuild(checkpoint: Checkpoint, build: Callable[[Checkpoint], Built]) -> Built:
    """Build the module of a checkpoint and give it its tensors.

    Parameters
    ----------
    checkpoint : Checkpoint
    build : callable
        Makes the module from the configuration.

    Returns
    -------
    nn.Module
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        If configuration and tensors do not fit together.
    """
    try:
        module = build(checkpoint)
        module.load_state_dict(dict(checkpoint.tensors))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError, RuntimeError) as error:
        raise CheckpointError(f"{checkpoint.path}: configuration and tensors do not fit ({error})") from error
    return module.eval()


def weights_sha256(module: nn.Module) -> str:
    """Return the SHA-256 of a module's tensors, by name.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()
