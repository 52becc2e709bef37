"""Models by name or path: what ships with audioinv, and files that `audioinv train` or `save_reference` wrote.

Conventions
-----------
A shipped model is a folder of `models/` that holds ``model.safetensors`` and its card. A path may name such a
folder or the file in it. In an installed package the shipped files lie inside the package; in a checkout they lie
at its top.

What is here: `DEFAULT_MODEL`, `shipped_folder`, `shipped_models`, `load_model`, `choose_device`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    from .classifier import ClassifierModel
    from .reference_model import ReferenceModel

__all__ = ["DEFAULT_MODEL", "choose_device", "load_model", "shipped_folder", "shipped_models"]

DEFAULT_MODEL = "drums-cnn2d"
MODEL_FILE = "model.safetensors"
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


def load_model(source: str | os.PathLike[str], *, device: str = "cpu") -> ClassifierModel | ReferenceModel:
    """Load a model by the name of a shipped one, or from a file or folder.

    Parameters
    ----------
    source : str or path
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default "cpu"

    Returns
    -------
    ClassifierModel or ReferenceModel
        As the file says.

    Raises
    ------
    ModelError
        If there is no such model, its format is not one we read, or the device is not there.
    CheckpointError
        If the file is damaged.
    """
    from .checkpoints import CLASSIFIER, read_checkpoint
    from .classifier import ClassifierModel, build_classifier

    path = _find_model(source)
    chosen = choose_device(device)
    checkpoint = read_checkpoint(path)
    model: ClassifierModel | ReferenceModel
    if checkpoint.kind == CLASSIFIER:
        model = ClassifierModel(build_classifier(checkpoint), chosen)
    else:
        from .reference_model import ReferenceModel
        from .references import build_reference

        model = ReferenceModel(build_reference(checkpoint), chosen)
    name = path.parent.name if path.name == MODEL_FILE else path.stem
    model.spec = replace(model.spec, name=name)
    return model


def _find_model(source: str | os.PathLike[str]) -> Path:
    path = Path(source)
    if path.is_dir() and (path / MODEL_FILE).is_file():
        return path / MODEL_FILE
    if path.is_file():
        if path.suffix == ".safetensors":
            return path
        raise ModelError(f"{path}: models are read from .safetensors files that audioinv train wrote")
    shipped = shipped_models()
    if str(source) in shipped:
        return shipped[str(source)]
    raise ModelError(
        f"no model {str(source)!r}: neither a file, nor a folder with {MODEL_FILE}, nor one of the shipped models "
        f"({', '.join(shipped) or 'none found'})"
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
    if not has.get(device.split(":")[0], False):
        raise ModelError(
            f"device {device!r} is not there; available: {', '.join(k for k, there in has.items() if there)}"
        )
    return device
