"""What a callable answers with, made one tensor, many networks answering with several; and that tensor made scores.

Conventions
-----------
Outputs are called by the names that they have in a mapping, a dataclass or a named tuple, and by their places (``"0"``)
in a tuple. What is None does not count.

What is here: `take_answer`, `as_scores`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import ModelError
from .spec import ModelSpec

__all__ = ["as_scores", "take_answer"]


def take_answer(found: Any, wanted: str | None = None) -> Tensor:
    """Take the answer out of what a callable returned.

    Parameters
    ----------
    found : array-like, mapping, dataclass or tuple
        A tuple counts as several outputs where its first has an axis for the batch and one for classes.
    wanted : str, optional
        Name of the output to take, where there are several.

    Returns
    -------
    Tensor

    Raises
    ------
    ModelError
        If there are several outputs of which none is wanted, or it is no array of numbers.

    Examples
    --------
    >>> take_answer({"logits": [[1.0, 2.0]], "hidden": [[0.0]]}, "logits")
    tensor([[1., 2.]])
    >>> take_answer(([[1.0, 2.0]]))
    tensor([[1., 2.]])
    """
    if isinstance(found, np.ndarray):
        return _as_tensor(found)
    outputs = {name: output for name, output in _outputs(found).items() if output is not None}
    if not outputs:
        return _as_tensor(found)
    if wanted is None and len(outputs) == 1:
        (wanted,) = outputs
    if wanted not in outputs:
        raise ModelError(
            f"it answers with the outputs {', '.join(outputs)}{f', none called {wanted}' if wanted else ''}; name one "
            f'in the sidecar: output = "{next(iter(outputs))}"'
        )
    return _as_tensor(outputs[wanted])


def _outputs(found: Any) -> dict[str, Any]:
    """Return outputs by name; none where it is the answer itself."""
    if isinstance(found, Mapping):
        return {str(name): output for name, output in found.items()}
    if is_dataclass(found) and not isinstance(found, type):
        return {entry.name: getattr(found, entry.name) for entry in fields(found)}
    if isinstance(found, tuple) and getattr(found[0] if found else None, "ndim", 0) >= 2:
        return dict(zip(getattr(found, "_fields", map(str, range(len(found)))), found, strict=True))
    return {}


def _as_tensor(found: Any) -> Tensor:
    if isinstance(found, torch.nn.Module) or callable(found):
        raise ModelError(
            f"it answers with a {type(found).__name__}, not with scores; what makes a model must need no arguments"
        )
    try:
        # A view that runs backwards, or one that may not be written, is no memory that torch can share; and
        # `as_tensor` takes longer than some functions need for a window.
        shared = np.require(found, None, ("C", "W")) if isinstance(found, np.ndarray) else None
        if shared is not None and min(shared.strides, default=0) < 0:  # of an axis of 1, whose stride NumPy overlooks
            shared = shared.copy()
        return torch.as_tensor(found) if shared is None else torch.from_numpy(shared)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"it answers with a {type(found).__name__}, which is no array of numbers ({error})") from error


def as_scores(raw: Any, spec: ModelSpec, n_batch: int) -> Tensor:
    """Return raw answers as scores, whether or not they run along time.

    Parameters
    ----------
    raw : Tensor or array of shape (n_batch, n_classes)
        Or (n_batch, n_frames, n_classes), where the spec says how frames are pooled. A single class needs no axis.
    spec : ModelSpec
    n_batch : int

    Returns
    -------
    Tensor of that shape, float32

    Raises
    ------
    ModelError
        If the answers have the wrong shape or hold NaN.

    Examples
    --------
    >>> as_scores([[0.0, 0.0]], ModelSpec("demo", 8000, 4000, ("a", "b"), activation="softmax"), 1)
    tensor([[0.5000, 0.5000]])
    """
    answers = torch.as_tensor(raw).detach().to("cpu", torch.float32)
    if len(spec.labels) == 1 and answers.ndim == 1 + bool(spec.frames):
        answers = answers[..., None]
    _check_shape(tuple(answers.shape), spec, n_batch)
    if not np.isfinite(answers.numpy()).all():  # PyTorch takes longer for it than some functions for a window
        raise ModelError(f"model {spec.name} answered with NaN or infinity")
    if spec.activation == "softmax":
        return answers.softmax(-1)
    return answers.sigmoid() if spec.activation == "sigmoid" else answers


def _check_shape(shape: tuple[int, ...], spec: ModelSpec, n_batch: int) -> None:
    n_labels, framewise = len(spec.labels), bool(spec.frames)
    if len(shape) == 2 + framewise and (shape[0], shape[-1]) == (n_batch, n_labels) and 0 not in shape:
        return
    needed = f"({n_batch}, frames, {n_labels})" if framewise else f"({n_batch}, {n_labels})"
    axes = "batch, frames" if framewise else "batch"
    remedy = ""
    if not framewise and len(shape) == 3 and shape[-1] == n_labels:
        remedy = '; if these are frames, say how to pool them: frames = "mean" or "max"'
    elif shape == (n_batch,):
        remedy = "; one number a window is the score of one label: give that label alone, with --activation sigmoid"
    raise ModelError(
        f"model {spec.name} answered in shape {shape}; {needed} is needed: ({axes}, one score for each of "
        f"its {n_labels} labels){remedy}"
    )
