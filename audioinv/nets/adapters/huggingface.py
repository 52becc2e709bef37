"""Folders of Hugging Face transformers: an audio classifier and its feature extractor, from this disk alone.

Conventions
-----------
Nothing is fetched, weights are safetensors, and a folder that needs code of its own is refused. Labels come from
``config.json``, the sample rate from ``preprocessor_config.json``; where ``problem_type`` is not said there, the
activation is a softmax, as in transformers. The extractor works on the CPU, one sound after the other.

What is here: `is_transformers_folder`, `open_transformers`, `TransformersModel`.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from ...errors import ModelError
from ..model import Model, ModelSpec
from .declaration import Declaration
from .imports import needed
from .opened import Opened, file_sha256
from .sidecar import sidecar_of

__all__ = ["TransformersModel", "is_transformers_folder", "open_transformers"]

_CONFIG, _EXTRACTOR, _WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
_ACTIVATIONS = {"multi_label_classification": "sigmoid", "regression": "none"}
_FRAME_SECONDS, _FRAME_STEP_SECONDS = 0.025, 0.010  # of Kaldi's filter banks, which extractors with `max_length` use


def is_transformers_folder(path: Path) -> bool:
    """Tell a folder of transformers from others.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    if not (path / _CONFIG).is_file():
        return False
    return "model_type" in _read(path / _CONFIG)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    return content if isinstance(content, dict) else {}


def open_transformers(path: Path, device: str) -> Opened:
    """Open a folder of transformers.

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
        If a file is missing, the folder needs code of its own, or transformers cannot load it.
    """
    config = _read(path / _CONFIG)
    if not (path / _EXTRACTOR).is_file():
        raise ModelError(f"{path} has no {_EXTRACTOR}; save the feature extractor into the folder too")
    extractor = _read(path / _EXTRACTOR)
    if "auto_map" in config or "auto_map" in extractor:
        raise ModelError(f"{path} needs code of its own (auto_map in its configuration), which is never run")
    if not (path / _WEIGHTS).is_file():
        raise ModelError(f"{path} has no {_WEIGHTS}; weights in pickles are refused: save it with safe_serialization")
    labels = config.get("id2label") or {}
    embedded = Declaration(
        sample_rate=extractor.get("sampling_rate"),
        labels=tuple(str(labels[key]) for key in sorted(labels, key=int)) or None,
        activation=_ACTIVATIONS.get(config.get("problem_type") or "", "softmax"),
        description=f"{config['model_type']} of transformers",
    )
    return Opened(
        format="Hugging Face transformers",
        name=path.resolve().name,
        sidecar=sidecar_of(path),
        build=partial(_build, path, device),
        embedded=embedded,
        inferred=Declaration(input_samples=_input_samples(extractor)),
        embedded_in=f"{_CONFIG} and {_EXTRACTOR}",
        inferred_from=_EXTRACTOR,
        sha256=file_sha256(path / _WEIGHTS, path / _CONFIG, path / _EXTRACTOR),
    )


def _input_samples(extractor: dict[str, Any]) -> int | None:
    """Return the length that an extractor cuts or fills sound to; None where any will do."""
    if "n_samples" in extractor:
        return int(extractor["n_samples"])
    rate, n_frames = extractor.get("sampling_rate"), extractor.get("max_length")
    if rate is None or n_frames is None or "num_mel_bins" not in extractor:
        return None
    return round(int(rate) * (_FRAME_SECONDS + (int(n_frames) - 1) * _FRAME_STEP_SECONDS))


def _build(path: Path, device: str, _: Declaration, spec: ModelSpec) -> Model:
    transformers = needed("transformers", "folders of Hugging Face", "huggingface")
    loading = {"local_files_only": True, "trust_remote_code": False}
    transformers.utils.logging.disable_progress_bar()  # a folder of this disk is read in a moment
    try:
        extractor = transformers.AutoFeatureExtractor.from_pretrained(path, **loading)
        network = transformers.AutoModelForAudioClassification.from_pretrained(path, use_safetensors=True, **loading)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{path}: transformers cannot load it ({str(error).strip().splitlines()[0]})") from error
    expected = getattr(extractor, "sampling_rate", spec.sample_rate)
    if expected != spec.sample_rate:
        raise ModelError(f"{path}: its feature extractor works at {expected} Hz, but sample_rate={spec.sample_rate}")
    return TransformersModel(extractor, network.eval().to(device), spec, device)


class TransformersModel(Model):
    """A feature extractor and a network of transformers.

    Parameters
    ----------
    extractor : callable
    network : nn.Module
    spec : ModelSpec
    device : str, default "cpu"
    """

    def __init__(self, extractor: Any, network: torch.nn.Module, spec: ModelSpec, device: str = "cpu") -> None:
        super().__init__(spec)
        self._extractor = extractor
        self._network = network
        self._device = torch.device(device)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self._device

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes)."""
        sounds = list(waveforms.numpy())
        with self.foreign_call(waveforms):
            features = self._extractor(sounds, sampling_rate=self.spec.sample_rate, return_tensors="pt")
            logits: Tensor = self._network(**{name: value.to(self._device) for name, value in features.items()}).logits
        return logits
