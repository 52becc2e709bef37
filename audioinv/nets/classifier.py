"""A classifier: front end, network, labels and window in one module, and in one safetensors file.

Conventions
-----------
The file is that of `audioinv.nets.checkpoints`. The filters of the front end are among its tensors, so loading needs
no filter design.

What is here: `ClassifierConfig`, `Classifier`, `ClassifierModel`, `save_classifier`, `load_classifier`,
`build_classifier`.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import CheckpointError, InputError
from ..sound.spectrogram import Spectrogram
from ..sound.spectrogram_config import SpectrogramConfig
from .checkpoints import CLASSIFIER, Checkpoint, read_checkpoint, rebuild, weights_sha256, write_checkpoint
from .model import Model, ModelSpec
from .network_config import NetworkConfig
from .networks import ConvNet

__all__ = [
    "Classifier",
    "ClassifierConfig",
    "ClassifierModel",
    "build_classifier",
    "load_classifier",
    "save_classifier",
]


@dataclass(frozen=True)
class ClassifierConfig:
    """Everything that builds a classifier.

    Parameters
    ----------
    spec : ModelSpec
    network : NetworkConfig
    front_end : SpectrogramConfig, optional
        None for a network on the waveform itself.
    input_mean, input_std : float, default 0 and 1
        Fixed numbers, from the training set, that centre and scale what the network sees.

    Raises
    ------
    InputError
        If front end, network and spec do not fit together.
    """

    spec: ModelSpec
    network: NetworkConfig
    front_end: SpectrogramConfig | None = None
    input_mean: float = 0.0
    input_std: float = 1.0

    def __post_init__(self) -> None:
        if self.network.n_classes != len(self.spec.labels):
            raise InputError(f"{self.network.n_classes} classes but {len(self.spec.labels)} labels")
        if self.front_end is not None and self.front_end.sample_rate != self.spec.sample_rate:
            raise InputError(
                f"the front end runs at {self.front_end.sample_rate} Hz, the model at {self.spec.sample_rate} Hz"
            )
        if not (math.isfinite(self.input_mean) and 0 < self.input_std < math.inf):
            raise InputError(f"input_mean={self.input_mean} must be finite, input_std={self.input_std} positive too")


class Classifier(nn.Module):
    """Front end and network as one module: waveforms in, logits out.

    Parameters
    ----------
    config : ClassifierConfig
    filters : Tensor, optional
        The front end's filter matrix, where it is at hand; designed anew if not given.

    Examples
    --------
    >>> spec = ModelSpec("demo", 8000, 4000, ("a", "b"))
    >>> network = NetworkConfig(input_shape=(1, 4000), n_classes=2, channels=(4, 4), stem_kernel=8, stem_stride=4)
    >>> Classifier(ClassifierConfig(spec, network))(torch.zeros(3, 4000)).shape
    torch.Size([3, 2])
    """

    def __init__(self, config: ClassifierConfig, *, filters: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        self.front_end = None if config.front_end is None else Spectrogram(config.front_end, filters=filters)
        self.network = ConvNet(config.network)

    def classify_spectrograms(self, spectrograms: Tensor) -> Tensor:
        """Return logits for spectrograms of the module's own front end.

        Parameters
        ----------
        spectrograms : Tensor of shape (batch, n_bins, n_frames)

        Returns
        -------
        Tensor of shape (batch, n_classes)
        """
        scaled = (spectrograms - self.config.input_mean) / self.config.input_std
        logits: Tensor = self.network(scaled if self.config.network.dimension == 1 else scaled[:, None])
        return logits

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes) for waveforms of shape (batch, n_samples)."""
        if self.front_end is None:
            return self.classify_spectrograms(waveforms[:, None])
        return self.classify_spectrograms(self.front_end(waveforms))


class ClassifierModel(Model):
    """A classifier as the sweep sees it.

    Parameters
    ----------
    classifier : Classifier
        Put into evaluation mode.
    device : str or torch.device, default "cpu"
    """

    def __init__(self, classifier: Classifier, device: str | torch.device = "cpu") -> None:
        super().__init__(classifier.config.spec)
        self.classifier = classifier.eval().to(device)
        self._device = torch.device(device)

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return logits of shape (batch, n_classes)."""
        logits: Tensor = self.classifier(waveforms.to(self._device, non_blocking=True))
        return logits

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        """Return logits for spectrograms of shape (batch, n_bins, n_frames)."""
        if self.front_end is None:
            return super().respond_to_spectrogram(spectrograms)
        return self.classifier.classify_spectrograms(spectrograms.to(self._device))

    @property
    def front_end(self) -> Spectrogram | None:
        """The classifier's own spectrogram; None on the waveform."""
        return self.classifier.front_end

    @property
    def module(self) -> nn.Module:
        """The classifier itself."""
        return self.classifier

    @property
    def device(self) -> torch.device:
        """Where the classifier computes."""
        return self._device

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights, by name."""
        return weights_sha256(self.classifier)

    @property
    def stride_samples(self) -> int:
        """Total downsampling from the waveform to the last map, in samples."""
        return self.classifier.config.network.time_stride * (self.hop_samples or 1)


def save_classifier(classifier: Classifier, path: str | os.PathLike[str]) -> None:
    """Write a classifier with its configuration, by a temporary file that is renamed.

    Parameters
    ----------
    classifier : Classifier
    path : str or path
        Ends in ``.safetensors``.
    """
    write_checkpoint(classifier, classifier.config, path)


def load_classifier(path: str | os.PathLike[str]) -> Classifier:
    """Read a classifier that `save_classifier` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Classifier
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, not ours, of a newer format, no classifier's, or its tensors do not fit its
        configuration.
    """
    checkpoint = read_checkpoint(path)
    if checkpoint.kind != CLASSIFIER:
        raise CheckpointError(f"{path}: a {checkpoint.kind} reference, no classifier; open it with load_model")
    return build_classifier(checkpoint)


def build_classifier(checkpoint: Checkpoint) -> Classifier:
    """Build the classifier that a checkpoint holds.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    Classifier
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        If its tensors do not fit its configuration.
    """
    return rebuild(checkpoint, lambda stored: Classifier(_read_config(stored), filters=stored.filters))


def _read_config(stored: Checkpoint) -> ClassifierConfig:
    config = ClassifierConfig(**{**stored.parts, "network": NetworkConfig(**stored.config["network"])})
    n_samples, n_columns = config.spec.input_samples, config.network.input_shape[-1]
    length = n_samples if config.front_end is None else config.front_end.n_frames(n_samples)
    if n_columns != length:
        raise InputError(f"the network takes {n_columns} columns, but {n_samples} samples give {length}")
    return config
