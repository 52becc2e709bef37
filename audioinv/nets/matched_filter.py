"""A matched-filter bank: spectrograms of known sounds, laid over a sound at every lag.

Conventions
-----------
Spectrograms are ``(..., n_bins, n_frames)``, response maps ``(..., n_templates, n_lags)``. A lag is in frames and
positive where the sound comes later than the template. Templates and sounds have the same length. With a circular
front end there is a lag for every frame, and a template that leaves at one end comes in at the other; else lags reach
as far as the two overlap, and beyond their ends there is the mean level.

What is here: `MatchedFilterConfig`, `MatchedFilter`, `choose_medoids`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import InputError
from ..sound.spectrogram import Spectrogram
from ..sound.spectrogram_config import SpectrogramConfig
from .reference_model import Reference, ReferenceConfig

__all__ = ["MatchedFilter", "MatchedFilterConfig", "choose_medoids"]

_TINY_NORM = 1e-20
"""Far below the norm of any map that is not flat."""


@dataclass(frozen=True)
class MatchedFilterConfig(ReferenceConfig):
    """What a matched-filter bank is built from.

    Parameters
    ----------
    spec : ModelSpec
    front_end : SpectrogramConfig
        Its edges are those of the correlation too.
    template_classes : tuple of int
        The class of each template, an index into the labels; each class at least once.

    Raises
    ------
    InputError
        If a class has no template, or there is no such class.
    """

    front_end: SpectrogramConfig = field(kw_only=True)
    template_classes: tuple[int, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "template_classes", tuple(self.template_classes))
        if set(self.template_classes) != set(range(len(self.spec.labels))):
            raise InputError(
                f"template_classes={self.template_classes} must hold each of 0 … {len(self.spec.labels) - 1}"
            )


class MatchedFilter(Reference):
    """Template matching by normalised cross-correlation at every lag.

    The response to template w at lag l is <R_l w, x> / (‖w‖ ‖x‖), where R_l moves a map by l frames and both maps are
    taken about their own mean. By Cauchy and Schwarz it lies in [-1, 1]. The score of a class is the largest response
    of its templates at any lag. With a circular front end a circular delay by whole hops rolls the map of responses
    along its lags by as many frames, so its largest value stays and the place of that value tells the delay.

    A window without any sound is like no template: all its responses are 0.

    Parameters
    ----------
    config : MatchedFilterConfig
    filters : Tensor, optional
        The front end's filter matrix, where it is at hand.

    Attributes
    ----------
    templates : Tensor of shape (n_templates, n_bins, n_frames), dB
        Silent until they are set or loaded.

    References
    ----------
    .. [1] Turin, An introduction to matched filters, IRE Trans. Information Theory 6(3), 1960.

    Examples
    --------
    >>> from audioinv.nets.model import ModelSpec
    >>> spec = ModelSpec("demo", 8000, 800, ("low", "high"))
    >>> front_end = SpectrogramConfig("linear", 8000, n_fft=160, hop_length=80, n_bins=81, edges="circular")
    >>> bank = MatchedFilter(MatchedFilterConfig(spec, front_end=front_end, template_classes=(0, 1)))
    >>> sounds = torch.zeros(2, 800)
    >>> sounds[:, 200:300] = torch.sin(torch.tensor([[0.5], [2.0]]) * torch.arange(100))
    >>> bank.templates.copy_(bank.inputs(sounds)).shape
    torch.Size([2, 81, 10])
    >>> bank.best_lag(bank.inputs(sounds.roll(240, -1)))
    tensor([3, 3])
    """

    kind = "matched filter"
    config_type = MatchedFilterConfig
    config: MatchedFilterConfig
    front_end: Spectrogram
    templates: Tensor
    lags: Tensor

    def __init__(self, config: MatchedFilterConfig, *, filters: Tensor | None = None) -> None:
        super().__init__(config, filters=filters)
        n_frames = self.front_end.n_frames(config.spec.n_samples)
        circular = config.front_end.edges == "circular"
        lags = torch.arange(n_frames) - n_frames // 2 if circular else torch.arange(1 - n_frames, n_frames)
        silent = torch.full((len(config.template_classes), config.front_end.n_bins, n_frames), self.front_end.floor_db)
        self.register_buffer("templates", silent)
        self.register_buffer("lags", lags, persistent=False)

    def response_map(self, spectrograms: Tensor) -> Tensor:
        """Return the normalised cross-correlation with each template at each lag.

        Parameters
        ----------
        spectrograms : Tensor of shape (..., n_bins, n_frames), dB

        Returns
        -------
        Tensor of shape (..., n_templates, n_lags)
            At the lags of `lags`, in ascending order.
        """
        n_lags = len(self.lags)
        sounds = torch.fft.rfft(self._unit(spectrograms), n=n_lags)
        templates = torch.fft.rfft(self._unit(self.templates), n=n_lags)
        products = torch.einsum("...bk,tbk->...tk", sounds, templates.conj())
        responses: Tensor = torch.fft.irfft(products, n=n_lags)
        return responses.roll(-int(self.lags[0]), -1)

    def _unit(self, spectrograms: Tensor) -> Tensor:
        """Return maps about their mean, of norm 1; of norm 0 where there is nothing but silence."""
        levels = spectrograms - self.front_end.floor_db  # silence is 0, without rounding
        varying = levels - levels.mean((-2, -1), keepdim=True)
        norms: Tensor = torch.linalg.vector_norm(varying, dim=(-2, -1), keepdim=True)
        return varying / norms.clamp(min=_TINY_NORM)

    def best_lag(self, spectrograms: Tensor) -> Tensor:
        """Return how many frames later a sound comes than the template that it is most like.

        Parameters
        ----------
        spectrograms : Tensor of shape (..., n_bins, n_frames), dB

        Returns
        -------
        Tensor of shape (...), int64
        """
        return self.lags[self.response_map(spectrograms).amax(-2).argmax(-1)]

    def answer(self, inputs: Tensor) -> Tensor:
        """Return for each class the largest response of its templates, of shape (batch, n_classes)."""
        peaks = self.response_map(inputs).amax(-1)
        classes = torch.tensor(self.config.template_classes, device=peaks.device)
        return torch.stack([peaks[..., classes == c].amax(-1) for c in range(len(self.config.spec.labels))], -1)

    @property
    def stride_samples(self) -> int:
        """Samples from one lag to the next."""
        return self.front_end.config.hop_length


def choose_medoids(likeness: Tensor, n_medoids: int) -> list[int]:
    """Choose the items that stand best for all: again and again the one that raises the likeness of all to it most.

    This is the building phase of Kaufman and Rousseeuw's partition around medoids [1]_; nothing in it is random.

    Parameters
    ----------
    likeness : Tensor of shape (n_items, n_items)
        Of item i to item j, larger where they are more alike.
    n_medoids : int
        As many as there are items, if there are fewer.

    Returns
    -------
    list of int
        Indices, in the order of choice.

    References
    ----------
    .. [1] Kaufman & Rousseeuw, Finding Groups in Data, 1990, ch. 2 (PAM, BUILD).

    Examples
    --------
    >>> likeness = torch.tensor([[1.0, 0.9, 0.0], [0.9, 1.0, 0.1], [0.0, 0.1, 1.0]])
    >>> choose_medoids(likeness, 2)
    [1, 2]
    """
    chosen: list[int] = []
    reached = torch.full_like(likeness[:, 0], float(likeness.min()))
    for _ in range(min(n_medoids, len(likeness))):
        gains = (likeness - reached[:, None]).clamp(min=0).sum(0)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        reached = torch.maximum(reached, likeness[:, chosen[-1]])
    return chosen
