"""What every model is to the sweep: windows of sound in, scores out, and a spec that says what it expects.

Conventions
-----------
Waveforms are ``(batch, n_samples)`` at the spec's sample rate; scores are ``(batch, n_classes)``, probabilities
where the activation makes them so. A spec is declared, never guessed.

What is here: `ModelSpec`, `Model`, `as_model`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import InputError, ModelError

if TYPE_CHECKING:
    from ..sound.spectrogram import Spectrogram

__all__ = ["ACTIVATIONS", "Model", "ModelSpec", "as_model"]

ACTIVATIONS = ("softmax", "sigmoid", "none")


@dataclass(frozen=True)
class ModelSpec:
    """What a model expects and what its answers mean.

    Parameters
    ----------
    name : str
    sample_rate : int
        In hertz.
    n_samples : int
        Length of its window.
    labels : tuple of str
        One for each class, in the order of the scores.
    lead_samples : int, default 0
        How much sooner than a clip the window opens.
    activation : {"softmax", "sigmoid", "none"}, default "softmax"
        What turns the model's raw answers into scores.
    description : str, default ""
        One line for people.

    Raises
    ------
    InputError
        If a number is not positive, labels repeat or are missing, or the activation is unknown.
    """

    name: str
    sample_rate: int
    n_samples: int
    labels: tuple[str, ...]
    lead_samples: int = 0
    activation: str = "softmax"
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        for field in ("sample_rate", "n_samples"):
            if getattr(self, field) <= 0:
                raise InputError(f"{field}={getattr(self, field)} of model {self.name} must be positive")
        if not 0 <= self.lead_samples < self.n_samples:
            raise InputError(f"lead_samples={self.lead_samples} must lie within the window of {self.n_samples}")
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise InputError(f"model {self.name} needs labels, each once; got {list(self.labels)}")
        if self.activation not in ACTIVATIONS:
            raise InputError(f"activation={self.activation!r} is not one of {', '.join(ACTIVATIONS)}")

    @property
    def window_seconds(self) -> float:
        """Length of the window in seconds."""
        return self.n_samples / self.sample_rate


class Model(ABC):
    """A classifier as the sweep sees it.

    Parameters
    ----------
    spec : ModelSpec
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    @abstractmethod
    def respond(self, waveforms: Tensor) -> Tensor:
        """Return raw answers of shape (batch, n_classes) for waveforms of shape (batch, n_samples)."""

    @property
    def front_end(self) -> Spectrogram | None:
        """The spectrogram that the model computes, where we know it: what a bin shift needs."""
        return None

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        """Return raw answers for spectrograms of the model's own front end, (batch, n_bins, n_frames)."""
        raise ModelError(f"model {self.spec.name} does not show its spectrogram; bins cannot be shifted")

    @property
    def module(self) -> torch.nn.Module | None:
        """The network itself, where we hold it: what looking into its layers needs."""
        return None

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return torch.device("cpu")

    @property
    def hop_samples(self) -> int | None:
        """Samples from one frame of the front end to the next, where there is one."""
        return self.front_end.config.hop_length if self.front_end is not None else None

    @property
    def stride_samples(self) -> int | None:
        """Total downsampling from the waveform to the last map in samples, where we know it."""
        return None

    @property
    def fingerprint(self) -> str | None:
        """Hash of the weights, where there are any to be seen."""
        return None

    def scores(self, waveforms: Tensor) -> Tensor:
        """Return scores for a batch of windows.

        Parameters
        ----------
        waveforms : Tensor of shape (batch, n_samples)

        Returns
        -------
        Tensor of shape (batch, n_classes), float32

        Raises
        ------
        ModelError
            If the answers have the wrong shape or hold NaN.
        """
        return self.scores_of(self.respond(waveforms), len(waveforms))

    def scores_of_spectrogram(self, spectrograms: Tensor) -> Tensor:
        """Return scores for a batch of spectrograms of the model's own front end.

        Parameters
        ----------
        spectrograms : Tensor of shape (batch, n_bins, n_frames)

        Returns
        -------
        Tensor of shape (batch, n_classes), float32
        """
        return self.scores_of(self.respond_to_spectrogram(spectrograms), len(spectrograms))

    def scores_of(self, raw: Any, n_batch: int) -> Tensor:
        """Return the scores that raw answers stand for.

        Parameters
        ----------
        raw : Tensor or array of shape (n_batch, n_classes)
        n_batch : int

        Returns
        -------
        Tensor of shape (n_batch, n_classes), float32

        Raises
        ------
        ModelError
            If the answers have the wrong shape or hold NaN.
        """
        answers = torch.as_tensor(raw).detach().to("cpu", torch.float32)
        expected = (n_batch, len(self.spec.labels))
        if answers.shape != expected:
            raise ModelError(
                f"model {self.spec.name} answered in shape {tuple(answers.shape)}; "
                f"{expected} is needed: (batch, one score for each of its {expected[1]} labels)"
            )
        if not bool(torch.isfinite(answers).all()):
            raise ModelError(f"model {self.spec.name} answered with NaN or infinity")
        if self.spec.activation == "softmax":
            return answers.softmax(-1)
        return answers.sigmoid() if self.spec.activation == "sigmoid" else answers


class _Callable(Model):
    """A plain function as a model."""

    def __init__(self, function: Callable[[Any], Any], spec: ModelSpec) -> None:
        super().__init__(spec)
        self._function = function

    @property
    def module(self) -> torch.nn.Module | None:
        return self._function if isinstance(self._function, torch.nn.Module) else None

    def respond(self, waveforms: Tensor) -> Tensor:
        if isinstance(self._function, torch.nn.Module):
            return torch.as_tensor(self._function(waveforms))
        return torch.as_tensor(self._function(waveforms.numpy()))


def as_model(
    function: Callable[[Any], Any],
    *,
    sample_rate: int,
    labels: Sequence[str],
    n_samples: int,
    activation: str = "none",
    name: str | None = None,
) -> Model:
    """Make a model of anything that can be called.

    Parameters
    ----------
    function : callable
        Takes ``(batch, n_samples)`` float32, returns ``(batch, n_classes)``. A `torch.nn.Module` gets a tensor and
        is put into evaluation mode; anything else gets a NumPy array.
    sample_rate : int
        In hertz.
    labels : sequence of str
    n_samples : int
        Length of the window it takes.
    activation : {"none", "softmax", "sigmoid"}, default "none"
        Say ``"softmax"`` if the function returns logits.
    name : str, optional
        The function's own name if not given.

    Returns
    -------
    Model

    Examples
    --------
    >>> def loudness(waveforms):
    ...     level = (waveforms**2).mean(-1)
    ...     return [[x, 1 - x] for x in level]
    >>> model = as_model(loudness, sample_rate=8000, labels=["loud", "soft"], n_samples=4)
    >>> model.scores(torch.ones(1, 4))
    tensor([[1., 0.]])
    """
    if isinstance(function, torch.nn.Module):
        function = function.eval()
    called = str(name or getattr(function, "__name__", type(function).__name__))
    spec = ModelSpec(called, sample_rate, n_samples, tuple(labels), activation=activation)
    return _Callable(function, spec)
