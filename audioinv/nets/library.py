"""Models by name or path: what ships with audioinv, files that it wrote, and anybody's model in a format it reads.

Conventions
-----------
A shipped model is a folder of `models/` that holds ``model.safetensors`` and its card. A path may name such a
folder or the file in it. In an installed package the shipped files lie inside the package; in a checkout they lie
at its top. A file or folder wins over a shipped name, that over a name that a package registered, and that over
``module:attr``.

What is here: `DEFAULT_MODEL`, `shipped_folder`, `shipped_models`, `load_model`, `open_model`, `is_model`,
`choose_device`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    from .adapters.declaration import Declaration
    from .adapters.opened import Opened
    from .model import Model

__all__ = ["DEFAULT_MODEL", "choose_device", "is_model", "load_model", "open_model", "shipped_folder", "shipped_models"]

DEFAULT_MODEL = "drums-cnn2d"
MODEL_FILE = "model.safetensors"
_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
_FORMATS = (".safetensors", ".pt2", ".onnx", ".tflite")
_PYTHON = ".py"
_ARCHIVES = (".ts", ".jit", ".torchscript")
_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folder(kind: str) -> Path:
    """Return the folder of shipped models or clips.

    Parameters
    ----------
    kind : {"models", "clips"}

    Returns
    -------
    Path

    Examples
    --------
    >>> shipped_folder("models").name
    'models'
    """
    installed = _PACKAGE / "shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def shipped_models() -> dict[str, Path]:
    """Return the files of the shipped models by name, sorted.

    Returns
    -------
    dict of str to Path
    """
    return {path.parent.name: path for path in sorted(shipped_folder("models").glob(f"*/{MODEL_FILE}"))}


def load_model(
    source: str | os.PathLike[str],
    *,
    device: str = "cpu",
    said: Declaration | None = None,
    trust_pickle: bool = False,
    timeout_seconds: float | None = None,
) -> Model:
    """Load a model by the name of a shipped one, from a file or folder, or from Python.

    Parameters
    ----------
    source : str or path
        A shipped or registered name, a file, a folder, or ``module:attr``.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default "cpu"
    said : Declaration, optional
        What the model does not say itself; wins over its sidecar and what is embedded in it.
    trust_pickle : bool, default False
        Whether a pickle, which can run any code, is loaded.
    timeout_seconds : float, optional
        After which loading a model that audioinv did not write, or one call of it, ends the process.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If there is no such model, its format is not one that audioinv reads, its spec is incomplete or does not fit it,
        or the device is not there.
    CheckpointError
        If a file of ours is damaged.

    Examples
    --------
    >>> load_model("drums-cnn2d").spec.labels
    ('bell', 'cymbal', 'handdrum', 'hihat', 'kick', 'snare', 'tom')
    """
    from .adapters.declaration import Declaration
    from .adapters.opened import Opened, build_model

    flags = said or Declaration()
    opened = open_model(source, device=device, said=flags, trust_pickle=trust_pickle, timeout_seconds=timeout_seconds)
    if isinstance(opened, Opened):
        return build_model(opened, flags, os.fspath(source), timeout_seconds)
    opened.timeout_seconds = timeout_seconds
    if flags.said():
        raise ModelError(
            f"{source} says its spec itself; leave out {', '.join(flags.said())}, or write them into the sidecar of "
            "the model they are meant for"
        )
    return opened


def open_model(
    source: str | os.PathLike[str],
    *,
    device: str = "cpu",
    said: Declaration | None = None,
    trust_pickle: bool = False,
    timeout_seconds: float | None = None,
) -> Model | Opened:
    """Open a model, whether or not all is known that its use needs.

    Parameters
    ----------
    source, device, said, trust_pickle, timeout_seconds
        As in `load_model`.

    Returns
    -------
    Model or Opened
        A `Model` where it is complete in itself.

    Raises
    ------
    ModelError, CheckpointError
        As `load_model`, but for what only an incomplete or unfitting spec makes.
    """
    from .adapters.declaration import Declaration
    from .foreign import foreign_code

    chosen, name = choose_device(device), os.fspath(source)
    try:
        path = _own_file(Path(source)) or shipped_models().get(name)
    except OSError as error:  # a name longer than the system takes
        raise ModelError(f"model {name[:80]!r} cannot be opened ({error.strerror})") from error
    if path is not None:
        return _load_own(path, chosen)
    with foreign_code(f"model {name}", timeout_seconds=timeout_seconds):
        if Path(source).exists():
            return _open_path(Path(source), chosen, said or Declaration(), trust_pickle)
        return _open_named(name, chosen)


def is_model(source: str | os.PathLike[str]) -> bool:
    """Tell what would be read as a model from sounds, results and everything else.

    Parameters
    ----------
    source : str or path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_model("net.onnx"), is_model("package.module:build"), is_model("clip.wav")
    (True, True, False)
    """
    path, name = Path(source), os.fspath(source)
    if path.is_dir():
        return (path / MODEL_FILE).is_file() or _is_foreign(path)
    if path.suffix in (*_FORMATS, *_PICKLES, *_ARCHIVES, _PYTHON) or name in shipped_models():
        return True
    if path.exists():
        return False
    from .adapters.registry import registered_models

    return name in registered_models() or ":" in name


def _own_file(path: Path) -> Path | None:
    """Return the file that audioinv wrote, where a path leads to one."""
    if path.is_dir():
        return path / MODEL_FILE if (path / MODEL_FILE).is_file() and not _is_foreign(path) else None
    return path if path.is_file() and path.suffix == ".safetensors" else None


def _is_foreign(folder: Path) -> bool:
    from .adapters.huggingface import is_transformers_folder

    return is_transformers_folder(folder)


def _load_own(path: Path, device: str) -> Model:
    from .checkpoints import CLASSIFIER, read_checkpoint
    from .classifier import ClassifierModel, build_classifier

    checkpoint = read_checkpoint(path)
    model: Model
    if checkpoint.kind == CLASSIFIER:
        model = ClassifierModel(build_classifier(checkpoint), device)
    else:
        from .reference_model import ReferenceModel
        from .references import build_reference

        model = ReferenceModel(build_reference(checkpoint), device)
    name = path.parent.name if path.name == MODEL_FILE else path.stem
    model.spec = replace(model.spec, name=name)
    return model


def _open_path(path: Path, device: str, said: Declaration, trust_pickle: bool) -> Opened:
    """Open a file or folder that audioinv did not write."""
    if path.is_dir() and _is_foreign(path):
        from .adapters.huggingface import open_transformers

        return open_transformers(path, device)
    if path.suffix == _PYTHON:
        raise ModelError(f"{path} is Python; say which of its objects is the model: {path}:NAME")
    return _open_by_suffix(path, device, said) or _open_torch(path, device, trust_pickle)


def _open_by_suffix(path: Path, device: str, said: Declaration) -> Opened | None:
    """Open a format that its suffix tells; each loads its library when it is met."""
    if path.suffix == ".onnx":
        from .adapters.onnx import open_onnx

        return open_onnx(path, device, said)
    if path.suffix == ".tflite":
        from .adapters.tflite import open_tflite

        return open_tflite(path, said)
    if path.suffix == ".pt2":
        from .adapters.torch_export import open_exported

        return open_exported(path, device)
    return None


def _open_torch(path: Path, device: str, trust_pickle: bool) -> Opened:
    """Open what torch alone can tell apart: a TorchScript archive, a pickle."""
    from .adapters.torchscript import is_torchscript, open_pickle, open_torchscript

    if path.is_file() and is_torchscript(path):
        return open_torchscript(path, device)
    if path.suffix in _PICKLES:
        return open_pickle(path, device, trusted=trust_pickle)
    raise ModelError(
        f"{path}: no model that audioinv reads, which are {', '.join(_FORMATS)}, TorchScript, and folders with "
        f"{MODEL_FILE} or of Hugging Face transformers"
    )


def _open_named(name: str, device: str) -> Model | Opened:
    """Open what a package registered, or ``module:attr``."""
    from .adapters.python_object import import_object, open_object
    from .adapters.registry import registered_models

    registered = registered_models()
    if name in registered:
        return open_object(registered[name].load(), name, device)
    if ":" in name:
        return open_object(import_object(name), name, device)
    raise ModelError(
        f"no model {name!r}: neither a file, nor a folder with {MODEL_FILE}, nor module:attr, nor one of the shipped "
        f"models ({', '.join([*shipped_models(), *registered]) or 'none found'})"
    )


def choose_device(device: str = "auto") -> str:
    """Return the device to compute on.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default "auto"
        ``"auto"`` takes a CUDA device, else Apple's, else the CPU.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If the device is unknown or not there.

    Examples
    --------
    >>> choose_device("cpu")
    'cpu'
    """
    import torch

    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if has[kind])
    kind, _, number = device.partition(":")
    if not has.get(kind, False) or (number and not number.isdecimal()) or (kind != "cuda" and number.strip("0")):
        raise ModelError(
            f"device {device!r} is not there; available: {', '.join(k for k, there in has.items() if there)}"
        )
    return device
