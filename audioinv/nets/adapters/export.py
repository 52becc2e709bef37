"""Our classifiers in the formats of others, with their spec inside, and the proof that they answer alike.

Conventions
-----------
What is exported takes waveforms ``(batch, n_samples)``, any number of them, and gives logits; the front end is in the
graph. The file is read back by the same adapter that reads anybody's and must give the same scores.

What is here: `EXPORT_FORMATS`, `Exported`, `export_classifier`.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...errors import InputError, ModelError
from ..classifier import Classifier, ClassifierModel
from ..model import Model
from .declaration import EMBEDDED_KEY, Declaration, declare
from .imports import needed
from .onnx import open_onnx
from .opened import build_model
from .torch_export import EXTRA_FILE, open_exported

__all__ = ["EXPORT_FORMATS", "Exported", "export_classifier"]

EXPORT_FORMATS = ("onnx", "pt2")
_BATCH = 16
_TOLERANCE = 1e-4  # of scores; float32 in another order of sums stays below 1e-5


@dataclass(frozen=True)
class Exported:
    """A classifier in another format, compared with itself.

    Parameters
    ----------
    path : Path
    n_windows : int
        How many windows both heard.
    max_difference : float
        Largest of any score.
    same_answers : int
        Windows with the same top-1.
    """

    path: Path
    n_windows: int
    max_difference: float
    same_answers: int

    @property
    def line(self) -> str:
        """The comparison in one line."""
        return (
            f"{self.path.name}: scores differ by {self.max_difference:.1g} at most, top-1 the same for "
            f"{self.same_answers} of {self.n_windows} windows"
        )


def export_classifier(
    classifier: Classifier, folder: str | os.PathLike[str], formats: Sequence[str], waveforms: Tensor
) -> tuple[Exported, ...]:
    """Write a classifier in other formats and compare each with the original.

    Parameters
    ----------
    classifier : Classifier
    folder : str or path
    formats : sequence of {"onnx", "pt2"}
        The files are ``model.onnx`` and ``model.pt2``.
    waveforms : Tensor of shape (n_windows, n_samples)
        To compare on.

    Returns
    -------
    tuple of Exported
        One for each format.

    Raises
    ------
    InputError
        If a format is unknown.
    ModelError
        If what was written does not answer as the classifier does, or a library is missing.
    """
    check_formats(formats)
    spec, target = classifier.config.spec, Path(folder)
    original = ClassifierModel(classifier)
    wanted = _scores(original, waveforms)
    done = []
    for format in formats:
        path = target / f"model.{format}"
        _write(classifier, path)
        opened = open_onnx(path, "cpu", Declaration()) if format == "onnx" else open_exported(path, "cpu")
        found = _scores(build_model(opened, Declaration(), str(path)), waveforms)
        same = int((found.argmax(-1) == wanted.argmax(-1)).sum())
        exported = Exported(path, len(waveforms), float((found - wanted).abs().max()), same)
        if not exported.max_difference <= _TOLERANCE:
            raise ModelError(f"export of {spec.name} as {format} failed: {exported.line}; {_TOLERANCE} is allowed")
        done.append(exported)
    return tuple(done)


def check_formats(formats: Sequence[str]) -> None:
    """Refuse a format that is not one of `EXPORT_FORMATS`, or whose library is missing.

    Parameters
    ----------
    formats : sequence of str

    Raises
    ------
    InputError
        If a format is unknown.
    ModelError
        If a library is missing.
    """
    unknown = sorted(set(formats) - set(EXPORT_FORMATS))
    if unknown:
        raise InputError(f"export format {', '.join(unknown)} is not one of {', '.join(EXPORT_FORMATS)}")
    if "onnx" in formats:
        for library in ("onnx", "onnxscript", "onnxruntime"):
            needed(library, "ONNX files", "onnx")


def _scores(model: Model, waveforms: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([model.scores(part) for part in waveforms.split(_BATCH)])


def _write(classifier: Classifier, path: Path) -> None:
    """Write the classifier, by a temporary file that is renamed."""
    spec = classifier.config.spec
    example = torch.zeros(2, spec.n_samples)  # more than one, or the batch would be taken for fixed
    text = declare(spec).to_json()
    unfinished = path.with_name(f"unfinished-{path.name}")
    if path.suffix == ".pt2":
        batch = torch.export.Dim("batch")
        program = torch.export.export(classifier.eval(), (example,), dynamic_shapes=({0: batch},))
        torch.export.save(program, unfinished, extra_files={EXTRA_FILE: text})
    else:
        with _quiet():
            written = torch.onnx.export(
                classifier.eval(),
                (example,),
                dynamo=True,
                dynamic_shapes=({0: "batch"},),
                input_names=["waveforms"],
                output_names=["logits"],
                verbose=False,
            )
        if written is None:
            raise ModelError(f"torch.onnx.export gave nothing for {path}")
        written.model.metadata_props[EMBEDDED_KEY] = text
        written.save(unfinished)
    unfinished.replace(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling what concerns its own authors."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
