"""Reference models with known answers: what a measurement must show before it is believed of any other model.

Conventions
-----------
Clips are at the model's sample rate and labelled. What is fitted is fitted by a rule without chance; what is random
takes a seed. Each function makes a model for the window and the labels of a spec and describes it anew. The front ends
of averaging and matched filter have circular edges: what holds for a circular delay by whole hops holds exactly.

=================  ==========================================================================================
model              what must hold
=================  ==========================================================================================
constant           no shift of any kind changes any score; the analysis warns that this says nothing
random             nothing was learnt: its consistency is what an architecture gives for free
spectrum           no circular delay changes a score
averaging          a circular delay by s changes a feature by at most 2 s / T of the largest level, T being the scale
matched filter     a circular delay by whole hops changes no score, and is read off from the place of the peak
=================  ==========================================================================================

What is here: `build_reference`; without clips `constant_model`, `random_model`, `spectrum_model`, `averaging_model`;
from clips `fit_constant`, `fit_spectrum`, `fit_averaging`, `fit_matched_filter`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import CheckpointError, InputError
from ..sound.clip import Clip
from ..sound.spectrogram_config import SpectrogramConfig
from .architectures import architecture, mel_front_end
from .averaging import Averaging, AveragingConfig
from .checkpoints import Checkpoint, rebuild
from .classifier import Classifier, ClassifierModel
from .matched_filter import MatchedFilter, MatchedFilterConfig, choose_medoids
from .model import ModelSpec
from .reference_model import Constant, LinearReference, Reference, ReferenceConfig, ReferenceModel
from .training_windows import targets_of, windows_of
from .whole_spectrum import SpectrumConfig, WholeSpectrum

__all__ = [
    "averaging_model",
    "build_reference",
    "constant_model",
    "fit_averaging",
    "fit_constant",
    "fit_matched_filter",
    "fit_spectrum",
    "random_model",
    "spectrum_model",
]

FloatArray = npt.NDArray[np.float64]

_KINDS: dict[str, type[Reference]] = {made.kind: made for made in (Constant, WholeSpectrum, Averaging, MatchedFilter)}
_REGULARISATION = 0.1
"""Inverse strength of the L2 penalty; of four powers of ten the best on the validation side of the drums."""
_TEMPLATE_BINS = 32
_TYPICAL_DB, _SPREAD_DB = 40.0, 20.0
"""Level above the floor and its deviation that a random head and a random network expect."""
_BATCH = 64


def build_reference(checkpoint: Checkpoint) -> Reference:
    """Build the reference that a checkpoint holds.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    Reference
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        If there is no such kind, or its tensors do not fit its configuration.
    """
    if checkpoint.kind not in _KINDS:
        raise CheckpointError(
            f"{checkpoint.path}: a model of kind {checkpoint.kind!r}, which is not one of "
            f"classifier, {', '.join(_KINDS)}; a newer audioinv may read it"
        )
    made = _KINDS[checkpoint.kind]
    return rebuild(checkpoint, lambda stored: made(made.config_type(**stored.parts), filters=stored.filters))


def constant_model(spec: ModelSpec) -> ReferenceModel:
    """Return a model that answers the first label, whatever it hears.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    ReferenceModel

    Examples
    --------
    >>> constant_model(ModelSpec("demo", 8000, 4000, ("a", "b"), activation="none")).scores(torch.randn(1, 4000))
    tensor([[1., 0.]])
    """
    return ReferenceModel(Constant(ReferenceConfig(replace(spec, description="the first label, whatever it hears"))))


def fit_constant(clips: Sequence[Clip], spec: ModelSpec) -> ReferenceModel:
    """Return a model that answers how frequent each class was, whatever it hears.

    Parameters
    ----------
    clips : sequence of Clip
        Each label at least once.
    spec : ModelSpec

    Returns
    -------
    ReferenceModel
        Its answers are the logarithms of the frequencies.
    """
    words = "the same answer to everything: how frequent each class was in training"
    constant = Constant(ReferenceConfig(replace(spec, description=words)))
    counts = torch.bincount(_targets(clips, spec), minlength=len(spec.labels))
    constant.bias.copy_((counts / counts.sum()).log())
    return ReferenceModel(constant)


def random_model(spec: ModelSpec, *, seed: int = 0, head: str = "average") -> ClassifierModel:
    """Return the default architecture with the weights it has before training.

    Parameters
    ----------
    spec : ModelSpec
    seed : int, default 0
    head : str, default "average"
        ``"flatten"`` for a network that nothing makes invariant.

    Returns
    -------
    ClassifierModel
    """
    described = replace(spec, description=f"2-D CNN on log-mel, {head} head, never trained")
    config = architecture("cnn2d-mel", described, head=head)
    floor_db = mel_front_end(spec.sample_rate).floor_db
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ClassifierModel(Classifier(replace(config, input_mean=floor_db + _TYPICAL_DB, input_std=_SPREAD_DB)))


def spectrum_model(spec: ModelSpec, *, seed: int = 0) -> ReferenceModel:
    """Return a whole-window spectrum with a random head: invariant to circular delays, and never trained.

    Parameters
    ----------
    spec : ModelSpec
    seed : int, default 0

    Returns
    -------
    ReferenceModel
    """
    words = "magnitude spectrum of the whole window, random linear head"
    return _with_random_head(WholeSpectrum(SpectrumConfig(replace(spec, description=words))), seed)


def averaging_model(spec: ModelSpec, *, scale_seconds: float = 0.25, seed: int = 0) -> ReferenceModel:
    """Return log-mel averaged over a fixed scale with a random head.

    Parameters
    ----------
    spec : ModelSpec
        Its window is a number of whole hops of 10 ms.
    scale_seconds : float, default 0.25
    seed : int, default 0

    Returns
    -------
    ReferenceModel
    """
    words = f"log-mel averaged over {1000 * scale_seconds:g} ms, random linear head"
    return _with_random_head(_averaging(replace(spec, description=words), scale_seconds), seed)


def fit_spectrum(clips: Sequence[Clip], spec: ModelSpec) -> ReferenceModel:
    """Return a whole-window spectrum with a fitted linear head.

    Parameters
    ----------
    clips : sequence of Clip
        Each label at least once.
    spec : ModelSpec

    Returns
    -------
    ReferenceModel
    """
    words = "magnitude spectrum of the whole window, logistic regression"
    return _with_fitted_head(WholeSpectrum(SpectrumConfig(replace(spec, description=words))), clips)


def fit_averaging(clips: Sequence[Clip], spec: ModelSpec, *, scale_seconds: float = 0.25) -> ReferenceModel:
    """Return log-mel averaged over a fixed scale with a fitted linear head.

    Parameters
    ----------
    clips : sequence of Clip
        Each label at least once.
    spec : ModelSpec
        Its window is a number of whole hops of 10 ms.
    scale_seconds : float, default 0.25

    Returns
    -------
    ReferenceModel
    """
    words = f"log-mel averaged over {1000 * scale_seconds:g} ms, logistic regression"
    return _with_fitted_head(_averaging(replace(spec, description=words), scale_seconds), clips)


def fit_matched_filter(clips: Sequence[Clip], spec: ModelSpec, *, n_templates: int = 3) -> ReferenceModel:
    """Return a matched-filter bank whose templates are averages of the clips that are alike.

    Two clips are as alike as the normalised cross-correlation of their spectrograms at its best lag. Class by class
    `choose_medoids` finds the clips that stand best for all; each clip joins the one that it is most like, is moved to
    stand where that one stands, and the template is the average of all that joined.

    Parameters
    ----------
    clips : sequence of Clip
        Each label at least once.
    spec : ModelSpec
        Its window is a number of whole hops of 10 ms. Its activation becomes "none": scores are correlations.
    n_templates : int, default 3
        For each class, or as many as it has clips.

    Returns
    -------
    ReferenceModel
    """
    if n_templates < 1:
        raise InputError(f"n_templates={n_templates} must be at least 1")
    words = f"matched filter, up to {n_templates} templates a class, normalised cross-correlation of log-mel"
    described = replace(spec, description=words, activation="none")
    front_end = replace(_circular_mel(spec), n_bins=_TEMPLATE_BINS)
    targets = _targets(clips, spec)
    each = MatchedFilterConfig(described, front_end=front_end, template_classes=tuple(targets.tolist()))
    everything = MatchedFilter(each)
    everything.templates.copy_(_of_all(everything.inputs, windows_of(clips, spec)))
    classes: list[int] = []
    templates: list[Tensor] = []
    for label in range(len(spec.labels)):
        averages = _aligned_averages(everything, targets == label, n_templates)
        templates.append(averages)
        classes += [label] * len(averages)
    bank = MatchedFilter(replace(each, template_classes=tuple(classes)), filters=everything.front_end.filters)
    bank.templates.copy_(torch.cat(templates))
    return ReferenceModel(bank)


def _aligned_averages(bank: MatchedFilter, wanted: Tensor, n_averages: int) -> Tensor:
    """Return averages of those templates of a bank that are wanted, alike ones moved onto each other.

    Of shape (at most n_averages, n_bins, n_frames).
    """
    maps = bank.templates[wanted]
    found = [bank.response_map(part)[:, wanted].max(-1) for part in maps.split(_BATCH)]
    alike, later = torch.cat([best.values for best in found]), bank.lags[torch.cat([best.indices for best in found])]
    centres = choose_medoids(alike, n_averages)
    joined = alike[:, centres].argmax(1)
    onto = later[:, centres].gather(1, joined[:, None])[:, 0]
    moved = torch.stack([part.roll(-int(lag), -1) for part, lag in zip(maps, onto, strict=True)])
    return torch.stack([moved[joined == place].mean(0) for place in range(len(centres))])


def _circular_mel(spec: ModelSpec) -> SpectrogramConfig:
    return replace(mel_front_end(spec.sample_rate), edges="circular")


def _averaging(spec: ModelSpec, scale_seconds: float) -> Averaging:
    return Averaging(AveragingConfig(spec, front_end=_circular_mel(spec), scale_seconds=scale_seconds))


def _targets(clips: Sequence[Clip], spec: ModelSpec) -> Tensor:
    targets = targets_of(clips, spec.labels)
    missing = [label for i, label in enumerate(spec.labels) if i not in targets]
    if missing or len(spec.labels) < 2:
        lack = f"no clip is labelled {', '.join(missing)}" if missing else f"{spec.labels[0]} is the only class"
        raise InputError(f"{lack}; a reference is fitted on clips of every class, two at least")
    return targets


def _of_all(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([function(part) for part in inputs.split(_BATCH)])


def _with_random_head(reference: LinearReference, seed: int) -> ReferenceModel:
    n_classes, n_features = reference.head.weight.shape
    weights = np.random.default_rng(seed).standard_normal((n_classes, n_features)) / np.sqrt(n_features)
    typical = np.full(n_features, _TYPICAL_DB), np.full(n_features, _SPREAD_DB)
    return _with_head(reference, weights, np.zeros(n_classes), *typical)


def _with_fitted_head(reference: LinearReference, clips: Sequence[Clip]) -> ReferenceModel:
    """Fit multinomial logistic regression on standardised features, each class weighing the same."""
    from sklearn.linear_model import LogisticRegression

    spec = reference.config.spec
    targets = _targets(clips, spec).numpy()
    features = _of_all(lambda part: reference.features(reference.inputs(part)), windows_of(clips, spec))
    found = features.numpy().astype(np.float64)
    # A band that hardly ever varies tells nothing; below 1 dB it would be magnified.
    means, deviations = found.mean(0), np.maximum(found.std(0), 1.0)
    regression = LogisticRegression(C=_REGULARISATION, max_iter=5000, class_weight="balanced")
    regression.fit((found - means) / deviations, targets)
    weights, bias = regression.coef_, regression.intercept_
    if len(weights) == 1:  # of two classes scikit-learn gives the difference
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return _with_head(reference, weights, bias, means, deviations)


def _with_head(
    reference: LinearReference, weights: FloatArray, bias: FloatArray, means: FloatArray, deviations: FloatArray
) -> ReferenceModel:
    """Set a head for standardised features, with the standardisation taken into its weights."""
    scaled = weights / deviations
    with torch.no_grad():
        reference.head.weight.copy_(torch.from_numpy(scaled))
        reference.head.bias.copy_(torch.from_numpy(bias - scaled @ means))
    return ReferenceModel(reference)
