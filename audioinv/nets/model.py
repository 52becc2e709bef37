"""What every model is to the sweep: windows of sound in, scores out, and a spec that says what it expects.

Conventions
-----------
Waveforms are ``(batch, n_samples)`` at the spec's sample rate; scores are ``(batch, n_classes)``, probabilities
where the activation makes them so. A spec is declared, never guessed. The activation comes first, then frames are
pooled, then windows.

What is here: `ModelSpec`, `Provenance`, `Model`, `CallableModel`, `as_model`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import InputError, ModelError
from .windows import Windows

if TYPE_CHECKING:
    from ..sound.spectrogram import Spectrogram

__all__ = ["ACTIVATIONS", "FRAME_POOLINGS", "CallableModel", "Model", "ModelSpec", "Provenance", "as_model"]

ACTIVATIONS = ("softmax", "sigmoid", "none")
FRAME_POOLINGS = ("", "mean", "max")


@dataclass(frozen=True)
class ModelSpec:
    """What a model expects and what its answers mean.

    Parameters
    ----------
    name : str
    sample_rate : int
        In hertz.
    n_samples : int
        Length of the window that is analysed.
    labels : tuple of str
        One for each class, in the order of the scores.
    lead_samples : int, default 0
        How much sooner than a clip the window opens.
    activation : {"softmax", "sigmoid", "none"}, default "softmax"
        What turns the model's raw answers into scores.
    description : str, default ""
        One line for people.
    multi_label : bool, optional
        Whether several labels can hold at once, each with a score of its own; so with a sigmoid if not given.
    frames : {"", "mean", "max"}, default ""
        How answers of shape (batch, n_frames, n_classes) become one for the window; empty where there are none.
    windows : Windows, optional
        How shorter windows are laid over `n_samples`, where the model takes less at once.

    Raises
    ------
    InputError
        If a number is not positive, labels repeat or are missing, a word is unknown, or windows are longer than what
        they lie over.
    """

    name: str
    sample_rate: int
    n_samples: int
    labels: tuple[str, ...]
    lead_samples: int = 0
    activation: str = "softmax"
    description: str = ""
    multi_label: bool | None = None
    frames: str = ""
    windows: Windows | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.multi_label is None:
            object.__setattr__(self, "multi_label", self.activation == "sigmoid")
        for number in ("sample_rate", "n_samples"):
            if getattr(self, number) <= 0:
                raise InputError(f"{number}={getattr(self, number)} of model {self.name} must be positive")
        if not 0 <= self.lead_samples < self.n_samples:
            raise InputError(f"lead_samples={self.lead_samples} must lie within the window of {self.n_samples}")
        for word, known in (("activation", ACTIVATIONS), ("frames", FRAME_POOLINGS)):
            if getattr(self, word) not in known:
                raise InputError(f"{word}={getattr(self, word)!r} is not one of {', '.join(filter(None, known))}")
        self._check_labels()
        if self.windows is not None and self.windows.n_samples > self.n_samples + self.windows.context_samples:
            raise InputError(f"windows of {self.windows.n_samples} samples are longer than the clip, {self.n_samples}")

    def _check_labels(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise InputError(f"model {self.name} needs labels, each once; got {list(self.labels)}")

    @property
    def input_samples(self) -> int:
        """What the model takes at once, in samples."""
        return self.n_samples if self.windows is None else self.windows.n_samples

    def at_once(self) -> ModelSpec:
        """Return the spec of a plain classifier for the same sound: it hears the window at once and gives one answer.

        Returns
        -------
        ModelSpec
        """
        return replace(self, activation="softmax", multi_label=False, frames="", windows=None)

    @property
    def window_seconds(self) -> float:
        """Length of the window in seconds."""
        return self.n_samples / self.sample_rate


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from, and where each value of its spec does.

    Parameters
    ----------
    format : str
        In words: ``"ONNX"``.
    origins : mapping of str to str
        By the value's name: ``"flag"``, ``"sidecar net.audioinv.toml"``, ``"embedded"``, ``"inferred from the graph"``.
    cautions : tuple of str
        What about the spec looks wrong, or is to be known.
    sha256 : str, optional
        Of the file; of the weights where there is no file.
    """

    format: str
    origins: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    sha256: str | None = None


class Model(ABC):
    """A classifier as the sweep sees it.

    Parameters
    ----------
    spec : ModelSpec

    Attributes
    ----------
    provenance : Provenance, optional
        Of a model that audioinv did not write.
    """

    provenance: Provenance | None = None

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    @abstractmethod
    def respond(self, waveforms: Tensor) -> Tensor:
        """Return raw answers of shape (batch, n_classes) for waveforms of shape (batch, input_samples)."""

    def respond_in_turn(self, windows: Tensor) -> Tensor:
        """Return raw answers to windows of sound that follow each other.

        Parameters
        ----------
        windows : Tensor of shape (batch, n_windows, input_samples)

        Returns
        -------
        Tensor of shape (batch * n_windows, n_classes)
            All windows of the first sound, then all of the next.
        """
        return torch.cat([self.respond(part) for part in windows.flatten(0, 1).split(len(windows))])

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
        """Hash of the weights or the file, where there are any to be seen."""
        return self.provenance.sha256 if self.provenance is not None else None

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
        if self.spec.windows is None:
            return self.scores_of(self.respond(waveforms), len(waveforms))
        windows = self.spec.windows.lay(waveforms)
        scores = self.scores_of(self.respond_in_turn(windows), windows.shape[0] * windows.shape[1])
        return self.spec.windows.pool(scores.unflatten(0, windows.shape[:2]), windows.to(scores.device))

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
            Or (n_batch, n_frames, n_classes), where the spec says how frames are pooled.
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
        self._check_shape(tuple(answers.shape), n_batch)
        if not bool(torch.isfinite(answers).all()):
            raise ModelError(f"model {self.spec.name} answered with NaN or infinity")
        if self.spec.activation == "softmax":
            answers = answers.softmax(-1)
        elif self.spec.activation == "sigmoid":
            answers = answers.sigmoid()
        if self.spec.frames:
            return answers.mean(1) if self.spec.frames == "mean" else answers.amax(1)
        return answers

    def _check_shape(self, shape: tuple[int, ...], n_batch: int) -> None:
        n_labels, framewise = len(self.spec.labels), bool(self.spec.frames)
        if len(shape) == 2 + framewise and (shape[0], shape[-1]) == (n_batch, n_labels) and 0 not in shape:
            return
        needed = f"({n_batch}, frames, {n_labels})" if framewise else f"({n_batch}, {n_labels})"
        axes = "batch, frames" if framewise else "batch"
        remedy = ""
        if not framewise and len(shape) == 3 and shape[-1] == n_labels:
            remedy = '; if these are frames, say how to pool them: frames = "mean" or "max"'
        raise ModelError(
            f"model {self.spec.name} answered in shape {shape}; {needed} is needed: ({axes}, one score for each of "
            f"its {n_labels} labels){remedy}"
        )


class CallableModel(Model):
    """A function or a network as a model.

    Parameters
    ----------
    function : callable
        A `torch.nn.Module` gets tensors, anything else NumPy arrays.
    spec : ModelSpec
    device : str or torch.device, default "cpu"
        Where a network computes.
    """

    def __init__(self, function: Callable[[Any], Any], spec: ModelSpec, device: str | torch.device = "cpu") -> None:
        super().__init__(spec)
        self._function = function
        self._device = torch.device(device)

    @property
    def module(self) -> torch.nn.Module | None:
        """The network, where it takes the whole window at once and can be looked into."""
        if self.spec.windows is not None or isinstance(self._function, torch.jit.ScriptModule):
            return None
        return self._function if isinstance(self._function, torch.nn.Module) else None

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self._device

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return what the function answers."""
        if isinstance(self._function, torch.nn.Module):
            return torch.as_tensor(self._function(waveforms.to(self._device)))
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
    return CallableModel(function, spec)
