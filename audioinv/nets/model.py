"""What every model is to the sweep: windows of sound in, scores out, and a spec that says what it expects.

Conventions
-----------
Waveforms are ``(batch, n_samples)`` at the spec's sample rate; scores are ``(batch, n_classes)``, probabilities
where the activation makes them so.

What is here: `Model`, `CallableModel`, `as_model`, `given_models`; `ModelSpec`, `Provenance` of `audioinv.nets.spec`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..counts import count_text
from ..errors import InputError, ModelError
from .answers import as_scores, take_answer
from .foreign import foreign_code
from .spec import ModelSpec, Provenance

if TYPE_CHECKING:
    from ..sound.spectrogram import Spectrogram

__all__ = ["CallableModel", "Model", "ModelSpec", "Provenance", "as_model", "given_models"]


class Model(ABC):
    """A classifier as the sweep sees it.

    Parameters
    ----------
    spec : ModelSpec

    Attributes
    ----------
    provenance : Provenance, optional
        Of a model that audioinv did not write.
    timeout_seconds : float, optional
        How long one call of a model that audioinv did not write may take; see `audioinv.nets.foreign`.

    Examples
    --------
    >>> from audioinv.nets.library import load_model
    >>> model: Model = load_model("drums-cnn2d")
    >>> silence = torch.zeros(2, model.spec.n_samples)
    >>> model.scores(silence).shape, model.respond(silence).shape
    (torch.Size([2, 7]), torch.Size([2, 7]))
    >>> spectrograms = model.front_end(silence)
    >>> model.scores_of_spectrogram(spectrograms).shape, model.respond_to_spectrogram(spectrograms).shape
    (torch.Size([2, 7]), torch.Size([2, 7]))
    >>> model.device.type, model.hop_samples, model.stride_samples, len(model.fingerprint), model.module is None
    ('cpu', 160, 2560, 64, False)
    >>> with model.foreign_call(silence):  # where an adapter calls code of others
    ...     pass

    One that answers several times in a window:

    >>> halves = lambda waveforms: waveforms.reshape(len(waveforms), 2, 4).max(-1, keepdims=True)
    >>> framewise = as_model(halves, sample_rate=8000, labels=["loud"], n_samples=8, frames="max")
    >>> framewise.count_frames(), framewise.scores_along_time(torch.ones(1, 8)).shape
    (2, torch.Size([1, 2, 1]))
    >>> framewise.scores_of(torch.tensor([[[0.1], [0.7]]]), 1)
    tensor([[0.7000]])
    >>> framewise.respond_in_turn(torch.ones(1, 3, 8)).shape
    torch.Size([3, 2, 1])
    """

    provenance: Provenance | None = None
    timeout_seconds: float | None = None

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    @abstractmethod
    def respond(self, waveforms: Tensor) -> Tensor:
        """Return raw answers of shape (batch, n_classes) for waveforms of shape (batch, input_samples)."""

    def foreign_call(self, waveforms: Any) -> AbstractContextManager[None]:
        """Return what code of others runs in, for waveforms of shape (batch, n_samples)."""
        given = f"{count_text(len(waveforms), 'window')} of {waveforms.shape[-1]} samples"
        return foreign_code(f"model {self.spec.name}", given, self.timeout_seconds)

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
        return self.spec.windows.pool(self._scores_of_windows(windows), windows)

    def scores_along_time(self, waveforms: Tensor) -> Tensor:
        """Return the scores before they are pooled.

        Parameters
        ----------
        waveforms : Tensor of shape (batch, n_samples)

        Returns
        -------
        Tensor of shape (batch, n_frames, n_classes), float32
            A frame is a window where windows are laid over the sound, and what the model calls one elsewhere.

        Raises
        ------
        ModelError
            If the model answers once for the whole sound, in the wrong shape, or with NaN.
        """
        if self.spec.windows is not None:
            return self._scores_of_windows(self.spec.windows.lay(waveforms))
        if not self.spec.frames:
            raise ModelError(f"model {self.spec.name} answers once for the whole sound; it has no scores along time")
        return as_scores(self.respond(waveforms), self.spec, len(waveforms))

    def count_frames(self) -> int:
        """Return how many answers along time a window gets; raise as `scores_along_time`."""
        with torch.inference_mode():
            return self.scores_along_time(torch.zeros(1, self.spec.n_samples)).shape[1]

    def _scores_of_windows(self, windows: Tensor) -> Tensor:
        """Return the scores of windows that are laid over sound, (batch, n_windows, n_classes)."""
        n_batch, n_windows = windows.shape[:2]
        scores = self.scores_of(self.respond_in_turn(windows), n_batch * n_windows)
        return scores.view(n_batch, n_windows, -1)

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
            Or (n_batch, n_frames, n_classes), where the spec says how frames are pooled. A single class needs no axis.
        n_batch : int

        Returns
        -------
        Tensor of shape (n_batch, n_classes), float32

        Raises
        ------
        ModelError
            If the answers have the wrong shape or hold NaN.
        """
        answers = as_scores(raw, self.spec, n_batch)
        if self.spec.frames:
            return answers.mean(1) if self.spec.frames == "mean" else answers.amax(1)
        return answers


class CallableModel(Model):
    """A function or a network as a model.

    Parameters
    ----------
    function : callable
        A `torch.nn.Module` gets tensors, anything else NumPy arrays.
    spec : ModelSpec
    device : str or torch.device, default "cpu"
        Where a network computes.
    output : str, optional
        Name of the output to take, where there are several.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        spec: ModelSpec,
        device: str | torch.device = "cpu",
        output: str | None = None,
    ) -> None:
        super().__init__(spec)
        self._function = function
        self._output = output
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
        """Return what the function answers; it gets a copy, which it may write over."""
        with self.foreign_call(waveforms):
            if isinstance(self._function, torch.nn.Module):
                found = self._function(waveforms.to(self._device, copy=True, non_blocking=True))
            else:
                found = self._function(waveforms.numpy().copy())
        try:
            return take_answer(found, self._output)
        except ModelError as error:
            raise ModelError(f"model {self.spec.name}: {error}") from error


def given_models(model: Model | Iterable[Model]) -> list[Model]:
    """Return one model or several as a list.

    Parameters
    ----------
    model : Model or iterable of Model

    Returns
    -------
    list of Model

    Raises
    ------
    InputError
        If there is none, or one of them is something that a model could be made of.

    Examples
    --------
    >>> given_models("drums-cnn2d")
    Traceback (most recent call last):
    audioinv.errors.InputError: model='drums-cnn2d' is no model; give audioinv.load_model('drums-cnn2d')
    """
    if isinstance(model, Model):
        return [model]
    if isinstance(model, (str, os.PathLike)):
        raise InputError(f"model={str(model)!r} is no model; give audioinv.load_model({str(model)!r})")
    if callable(model) or not isinstance(model, Iterable):
        kind = type(model).__name__
        raise InputError(f"model is of type {kind}, and no model; give audioinv.as_model(…) of what can be called")
    models = [found for one in model for found in given_models(one)]
    if not models:
        raise InputError("model holds no model; give one at least")
    return models


def as_model(
    function: Callable[[Any], Any],
    *,
    sample_rate: int,
    labels: Sequence[str],
    n_samples: int,
    activation: str = "none",
    name: str | None = None,
    **more: Any,
) -> Model:
    """Make a model of anything that can be called.

    Parameters
    ----------
    function : callable
        Takes ``(batch, n_samples)`` float32, returns ``(batch, n_classes)``, or ``(batch, n_frames, n_classes)`` where
        `frames` says how they are pooled. A `torch.nn.Module` gets a tensor and is put into evaluation mode; anything
        else gets a NumPy array.
    sample_rate : int
        In hertz.
    labels : sequence of str
    n_samples : int
        Length of the window it takes.
    activation : {"none", "softmax", "sigmoid"}, default "none"
        Say ``"softmax"`` if the function returns logits.
    name : str, optional
        The function's own name if not given.
    **more
        Further fields of `ModelSpec`: ``frames="max"``, ``multi_label=True``, ``lead_samples=800``, ``windows=…``.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If the values do not fit together.

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
    known = [field.name for field in fields(ModelSpec)]
    if unknown := sorted(set(more) - set(known)):
        raise InputError(f"{', '.join(unknown)}: nothing that a model says; known: {', '.join(known)}")
    called = str(name or getattr(function, "__name__", type(function).__name__))
    spec = ModelSpec(called, sample_rate, n_samples, tuple(labels), activation=activation, **more)
    return CallableModel(function, spec)
