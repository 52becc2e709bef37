"""A model around another, which answers in another way and is in all else what that one is.

What is here: `WrappedModel`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..sound.spectrogram import Spectrogram
from .model import Model

__all__ = ["WrappedModel"]


class WrappedModel(Model):
    """A model that asks another one, and shows all that the other shows.

    Who derives from it says how it answers, and hides what is no longer true of it.

    Parameters
    ----------
    model : Model

    Examples
    --------
    >>> from .model import as_model
    >>> class Doubtful(WrappedModel):
    ...     def respond(self, waveforms):
    ...         return super().respond(waveforms) / 2
    >>> model = as_model(nn.Linear(4, 2), sample_rate=8000, labels=["a", "b"], n_samples=4)
    >>> doubtful, sounds = Doubtful(model), torch.ones(1, 4)
    >>> bool((doubtful.scores(sounds) == model.scores(sounds) / 2).all()), doubtful.module is model.module
    (True, True)
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model.spec)
        self.provenance, self.timeout_seconds = model.provenance, model.timeout_seconds
        self._model = model

    def respond(self, waveforms: Tensor) -> Tensor:
        """Return the model's raw answers."""
        return self._model.respond(waveforms)

    def respond_to_spectrogram(self, spectrograms: Tensor) -> Tensor:
        """Return the model's raw answers for spectrograms of its front end."""
        return self._model.respond_to_spectrogram(spectrograms)

    @property
    def front_end(self) -> Spectrogram | None:
        """The model's own spectrogram."""
        return self._model.front_end

    @property
    def module(self) -> nn.Module | None:
        """The network itself, where the model holds it."""
        return self._model.module

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self._model.device

    @property
    def hop_samples(self) -> int | None:
        """Samples from one frame of the front end to the next, where there is one."""
        return self._model.hop_samples

    @property
    def stride_samples(self) -> int | None:
        """Total downsampling of the model, where we know it."""
        return self._model.stride_samples

    @property
    def fingerprint(self) -> str | None:
        """Hash of the model's weights or its file."""
        return self._model.fingerprint
