"""A model file that has been opened but not yet believed: what it says of itself, and how it becomes a model.

Conventions
-----------
Opening reads no more than is needed to know what the file says; a model is built once its spec is complete. A probe
of noise then tells whether spec and model fit together.

What is here: `Opened`, `build_model`, `probe`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ...errors import ModelError
from ..model import Model, ModelSpec, Provenance
from .declaration import Declaration
from .resolution import Resolved, resolve
from .sidecar import read_sidecar

__all__ = ["Opened", "build_model", "file_sha256", "hear_all", "probe"]

_SAME = 1e-3  # of scores; far above what the order of sums does to float32
_SUMS_TO_ONE = 1e-4
_PROBE_SEED = 20261122


@dataclass(frozen=True, eq=False)
class Opened:
    """A model whose spec is not complete yet.

    Parameters
    ----------
    format : str
        In words.
    name : str
        What the model is called, unless somebody says otherwise.
    sidecar : Path
        Where its sidecar is, or would be.
    build : callable
        From what is declared and the spec to the model.
    embedded, inferred : Declaration
        What the file says, and what its graph shows.
    embedded_in, inferred_from : str
        Where the file says it, and what shows it.
    cautions : tuple of str
    sha256 : str, optional
    """

    format: str
    name: str
    sidecar: Path
    build: Callable[[Declaration, ModelSpec], Model]
    embedded: Declaration = field(default_factory=Declaration)
    inferred: Declaration = field(default_factory=Declaration)
    embedded_in: str = "embedded"
    inferred_from: str = "the graph"
    cautions: tuple[str, ...] = ()
    sha256: str | None = None


def hear_all(opened: Opened, flags: Declaration) -> Resolved:
    """Return what flags, sidecar, file and graph together say of a model.

    Parameters
    ----------
    opened : Opened
    flags : Declaration

    Returns
    -------
    Resolved

    Raises
    ------
    ModelError
        If the sidecar cannot be used.
    """
    voices = [
        ("flag", flags),
        (f"sidecar {opened.sidecar.name}", read_sidecar(opened.sidecar)),
        (opened.embedded_in, opened.embedded),
        (f"inferred from {opened.inferred_from}", opened.inferred),
        ("by its name", Declaration(name=opened.name)),
    ]
    return resolve(voices)


def build_model(opened: Opened, flags: Declaration, source: str, timeout_seconds: float | None = None) -> Model:
    """Complete the spec, build the model, and probe whether they fit.

    Parameters
    ----------
    opened : Opened
    flags : Declaration
        What was said at the command line or in the call.
    source : str
        The model as it was asked for.
    timeout_seconds : float, optional
        How long one call of it may take.

    Returns
    -------
    Model
        With its `Provenance`.

    Raises
    ------
    ModelError
        If something is missing, contradicts the graph, or the model does not answer as declared.
    """
    known = hear_all(opened, flags)
    model = opened.build(known.declaration, known.spec(source, opened.sidecar))
    model.timeout_seconds = timeout_seconds
    cautions = (*opened.cautions, *known.overruled, *probe(model))
    model.provenance = Provenance(opened.format, known.origins, cautions, opened.sha256)
    return model


def probe(model: Model) -> tuple[str, ...]:
    """Run a model on noise at four levels, and say what looks wrong about its spec.

    Parameters
    ----------
    model : Model

    Returns
    -------
    tuple of str
        A line for each doubt; empty where there is none.

    Raises
    ------
    ModelError
        If the model fails, answers in another shape than declared, or a softmax stands where the outputs are
        probabilities already.
    """
    spec = model.spec
    generator = torch.Generator().manual_seed(_PROBE_SEED)
    levels = torch.tensor([[0.3], [0.1], [0.03], [0.01]])
    waveforms = levels * torch.randn(len(levels), spec.n_samples, generator=generator)
    first = waveforms if spec.windows is None else spec.windows.lay(waveforms)[:, 0]
    with torch.inference_mode(), model.foreign_call(first):
        scores, alone = model.scores(waveforms), model.scores(waveforms[:1])
        raw = torch.as_tensor(model.respond(first)).detach().float().cpu()
    if spec.activation == "softmax":
        _check_softmax(spec, raw)
    doubts = _doubts(spec, raw)
    change = float((scores[:1] - alone).abs().max())
    if change > _SAME:
        doubts.append(f"its scores depend on what else is in the batch (by {change:.2g}); is it in evaluation mode?")
    return tuple(doubts)


def _within_unit(raw: Tensor) -> bool:
    return bool(((raw >= 0) & (raw <= 1)).all())


def _check_softmax(spec: ModelSpec, raw: Tensor) -> None:
    """Refuse a softmax that says nothing, or stands on probabilities."""
    if len(spec.labels) == 1:
        raise ModelError(
            f"model {spec.name} has one label, and a softmax over one is always 1; say --activation sigmoid or none"
        )
    if _within_unit(raw) and bool(((raw.sum(-1) - 1).abs() < _SUMS_TO_ONE).all()):
        raise ModelError(
            f"activation=softmax of model {spec.name}: its outputs are probabilities already (they sum to 1); "
            "say --activation none"
        )


def _doubts(spec: ModelSpec, raw: Tensor) -> list[str]:
    """Say what looks wrong about the activation, but need not be."""
    within = _within_unit(raw)
    if spec.activation == "sigmoid" and within:
        return [
            "its outputs lie between 0 and 1 before the sigmoid; if they are probabilities already, say --activation "
            "none, and multi_label = true in the sidecar"
        ]
    if spec.activation == "none" and not within:
        return [
            f"its outputs run from {float(raw.min()):.3g} to {float(raw.max()):.3g} and are taken as scores as they "
            "are; if they are logits, say --activation softmax or sigmoid"
        ]
    return []


def file_sha256(path: Path, *others: Path) -> str:
    """Return the SHA-256 of a file; where a model is in several, that of theirs in order.

    Parameters
    ----------
    path, *others : Path

    Returns
    -------
    str
    """
    found = []
    for file in (path, *others):
        with file.open("rb") as stream:
            found.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return hashlib.sha256("\n".join(found).encode()).hexdigest() if others else found[0]
