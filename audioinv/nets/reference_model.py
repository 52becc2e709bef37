"""What references have in common: a module whose behaviour under shifts is known, the model around it, and its file.

Conventions
-----------
Waveforms ``(batch, n_samples)`` or spectrograms ``(batch, n_bins, n_frames)`` in, answers ``(batch, n_classes)`` out.
What comes before an answer is fixed by a formula; a linear head, where there is one, is all that may be learnt.

What is here: `ReferenceConfig`, `Reference`, `Constant`, `LinearReference`, `ReferenceModel`, `save_reference`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..sound.spectrogram import Spectrogram
from ..sound.spectrogram_config import SpectrogramConfig
from .checkpoints import weights_sha256, write_checkpoint
from .model import Model, ModelSpec

__all__ = ["Constant", "LinearReference", "Reference", "ReferenceConfig", "ReferenceModel", "save_reference"]


@dataclass(frozen=True)
class ReferenceConfig:
    """What every reference is built from.

    Parameters
    ----------
    spec : ModelSpec
    front_end : SpectrogramConfig, optional
        None for a reference on the waveform itself.

    Raises
    ------
    InputError
        If front end and spec do not fit together.
    """

    spec: ModelSpec
    front_end: SpectrogramConfig | None = None

    def __post_init__(self) -> None:
        if self.front_end is not None and self.front_end.sample_rate != self.spec.sample_rate:
            raise InputError(
                f"the front end runs at {self.front_end.sample_rate} Hz, the model at {self.spec.sample_rate} Hz"
            )


class Reference(nn.Module, ABC):
    """A classifier whose behaviour under shifts is known before it is measured.

    Parameters
    ----------
    config : ReferenceConfig
    filters : Tensor, optional
        The front end's filter matrix, where it is at hand.

    Attributes
    ----------
    kind : str
        What the file of such a model is marked with.
    config_type : type
        What `config` must be.
    """

    kind: ClassVar[str]
    config_type: ClassVar[type[ReferenceConfig]] = ReferenceConfig

    def __init__(self, config: ReferenceConfig, *, filters: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        self.front_end = None if config.front_end is None else Spectrogram(config.front_end, filters=filters)

    @abstractmethod
    def answer(self, inputs: Tensor) -> Tensor:
        """Return answers for spectrograms of the front end, or for waveforms where there is none."""

    def inputs(self, waveforms: Tensor) -> Tensor:
        """Return what `answer` takes, for waveforms of shape (batch, n_samples)."""
        if self.front_end is None:
            return waveforms
        spectrograms: Tensor = self.front_end(waveforms)
        return spectrograms

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return answers of shape (batch, n_classes) for waveforms of shape (batch, n_samples)."""
        return self.answer(self.inputs(waveforms))

    @property
    def stride_samples(self) -> int | None:
        """Samples from one column of the last map to the next; None where there is no map along time."""
        return None


class Constant(Reference):
    """The same answer to everything: perfectly invariant and of no use.

    Parameters
    ----------
    config : ReferenceConfig
    filters : Tensor, optional
        Of no use either.

    Attributes
    ----------
    bias : Tensor of shape (n_classes,)
        The answer: 1 for the first label, unless something else is written there.

    Examples
    --------
    >>> Constant(ReferenceConfig(ModelSpec("demo", 8000, 4000, ("a", "b"))))(torch.zeros(2, 4000))
    tensor([[1., 0.],
            [1., 0.]])
    """

    kind = "constant"
    bias: Tensor

    def __init__(self, config: ReferenceConfig, *, filters: Tensor | None = None) -> None:
        super().__init__(config, filters=filters)
        self.register_buffer("bias", torch.eye(len(config.spec.labels))[0])

    def answer(self, inputs: Tensor) -> Tensor:
        """Return the answer, once for each input."""
        return self.bias.expand(len(inputs), -1)


class LinearReference(Reference):
    """Fixed features and a linear head, all zeros until it is fitted, drawn or loaded.

    Parameters
    ----------
    config : ReferenceConfig
    n_features : int
    filters : Tensor, optional
        The front end's filter matrix, where it is at hand.
    """

    def __init__(self, config: ReferenceConfig, n_features: int, *, filters: Tensor | None = None) -> None:
        super().__init__(config, filters=filters)
        self.head = nn.utils.skip_init(nn.Linear, n_features, len(config.spec.labels))  # draws no random number
        for weights in self.head.parameters():
            nn.init.zeros_(weights)

    @abstractmethod
    def features(self, inputs: Tensor) -> Tensor:
        """Return features of shape (batch, n_features), in decibels."""

    def answer(self, inputs: Tensor) -> Tensor:
        """Return the head's logits of the features."""
        logits: Tensor = self.head(self.features(inputs))
        return logits


class ReferenceModel(Model):
    """A reference as the sweep sees it.

    Parameters
    ----------
    reference : Reference
        Put into evaluation mode.
    device : str or torch.device, default "cpu"
    """

    def __init__(self, reference: Reference, device: str | torch.device = "cpu") -> None:
        super().__init__(reference.config.spec)
        self.reference = reference.eval().to(device)
        self._device = torch.device(device)

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return answers of shape (batch, n_classes)."""
        answers: Tensor = self.reference(waveforms.to(self._device))
        return answers

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        """Return answers for spectrograms of shape (batch, n_bins, n_frames)."""
        if self.front_end is None:
            return super().respond_to_spectrogram(spectrograms)
        return self.reference.answer(spectrograms.to(self._device))

    @property
    def front_end(self) -> Spectrogram | None:
        """The reference's own spectrogram; None on the waveform."""
        return self.reference.front_end

    @property
    def module(self) -> nn.Module:
        """The reference itself."""
        return self.reference

    @property
    def device(self) -> torch.device:
        """Where the reference computes."""
        return self._device

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights or templates, by name."""
        return weights_sha256(self.reference)

    @property
    def stride_samples(self) -> int | None:
        """Samples from one column of the last map to the next; None where there is no map along time."""
        return self.reference.stride_samples


def save_reference(model: ReferenceModel, path: str | os.PathLike[str]) -> None:
    """Write a reference, to be loaded like every other model.

    Parameters
    ----------
    model : ReferenceModel
    path : str or path
        Ends in ``.safetensors``.
    """
    write_checkpoint(model.reference, model.reference.config, path, kind=model.reference.kind)
