"""STRESSED or DESSERTS: what a network must hear at once to tell words apart that are written in sound.

A letter is a note, or a spoken digit (`audioinv.study.alphabet`). The networks hear one frame a letter,
take k letters at once in a single circular convolution, and average over time. Such a network does not change its
answer under circular delays by whole letters, whatever its weights; for the same reason it cannot tell apart words
whose k-grams are the same, whatever it learns. The control reads each letter in its place instead: it tells all words
apart, and is lost when they come later.

Conventions
-----------
Framing and padding are circular. Every clip has its own noise, and every letter in it its own loudness: what tells
words apart is which letters there are and in which order. The networks are trained by
`audioinv.nets.training.train_classifier`, each with new clips drawn by its seed: a spread over seeds is one over clips
as well.

What is here: `ORDER_VARIANTS`, `LettersConfig`, `LettersOutcome`, `run_letters`; `letters_classifier`; the words
`TWO_WORDS` and `FOUR_WORDS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError
from ..measure.order import OrderHorizon, order_horizon
from ..measure.outcome import consistency, top1
from ..measure.words import confusable_words, contrast_pair
from ..nets.classifier import Classifier, ClassifierConfig, ClassifierModel
from ..nets.model import Model, ModelSpec
from ..nets.network_config import NetworkConfig
from ..nets.training import train_classifier
from ..nets.training_config import TrainingConfig
from ..sound.clip import Clip
from ..sound.shifts import time_shift
from ..sound.spectrogram_config import SpectrogramConfig
from ..sound.synthetic import noise
from .alphabet import ALPHABETS, LETTERS, N_SLOTS, Alphabet, lay_word, open_alphabet

__all__ = [
    "FOUR_WORDS",
    "ORDER_VARIANTS",
    "TWO_WORDS",
    "LettersConfig",
    "LettersOutcome",
    "letters_classifier",
    "run_letters",
]

FloatArray = npt.NDArray[np.float64]

ORDER_VARIANTS: Mapping[str, tuple[int, str]] = {
    "1 letter": (1, "average"),
    "2 letters": (2, "average"),
    "3 letters": (3, "average"),
    "whole word": (8, "average"),
    "by place": (1, "flatten"),
}
"""For each variant, how many letters its convolution hears at once, and its head."""

TWO_WORDS = ("STRESSED", "DESSERTS")
FOUR_WORDS = confusable_words("STRESSED", 2)
"""STRESSED and the other words that two letters at once take for it."""

_N_BINS = 32
_N_CHANNELS = 24
_HIGHEST_LEVEL = 5  # of the pairs that the horizon is measured with; they need as many letters
_GAIN_RANGE_DB = 6.0
_NOISE_RMS = 0.01
_SAME = 1e-9  # of the largest logit, in float64: far above the rounding of a sum, far below what a letter makes


def letters_classifier(variant: str, words: Sequence[str], alphabet: Alphabet) -> ClassifierConfig:
    """Return the configuration of a network that hears words.

    Parameters
    ----------
    variant : str
        One of `ORDER_VARIANTS`.
    words : sequence of str
        The classes.
    alphabet : Alphabet

    Returns
    -------
    ClassifierConfig

    Examples
    --------
    >>> config = letters_classifier("2 letters", TWO_WORDS, open_alphabet("notes"))
    >>> config.network.input_shape, config.network.receptive_field
    ((32, 16), (2,))
    """
    n_letters, head = ORDER_VARIANTS[variant]
    slot = alphabet.slot_samples
    spec = ModelSpec(f"letters, {variant}", alphabet.sample_rate, N_SLOTS * slot, tuple(words))
    front_end = SpectrogramConfig("mel", alphabet.sample_rate, slot, slot, _N_BINS, fmin=50.0, edges="circular")
    network = NetworkConfig(
        input_shape=(_N_BINS, N_SLOTS),
        n_classes=len(words),
        channels=(_N_CHANNELS,),
        stem_kernel=n_letters,
        downsampling="none",
        padding="circular",
        head=head,
    )
    return ClassifierConfig(spec, network, front_end)


@dataclass(frozen=True)
class LettersConfig:
    """One cell of the experiment.

    Parameters
    ----------
    variant : str
        One of `ORDER_VARIANTS`.
    seed : int, default 0
        Of clips and weights.
    alphabet : {"notes", "digits"}, default "notes"
    quick : bool, default False
        Fewer clips.

    Raises
    ------
    InputError
        If the variant or the alphabet is unknown.
    """

    variant: str
    seed: int = 0
    alphabet: str = "notes"
    quick: bool = False

    def __post_init__(self) -> None:
        if self.variant not in ORDER_VARIANTS:
            raise InputError(f"variant {self.variant!r} is not one of {', '.join(ORDER_VARIANTS)}")
        if self.alphabet not in ALPHABETS:
            raise InputError(f"alphabet {self.alphabet!r} is not one of {', '.join(ALPHABETS)}")


@dataclass(frozen=True)
class LettersOutcome:
    """What a network can tell apart, and how steady it is.

    Parameters
    ----------
    config : LettersConfig
    accuracy_two_words : float
        STRESSED or DESSERTS, on new clips; chance is 1/2.
    accuracy_four_words : float
        STRESSED or one of the three with the same 2-grams; chance is 1/4.
    n_indistinguishable : int
        Of the ten pairs of these five words, how many get the same scores up to rounding from the network trained on
        the four, written without noise.
    n_indistinguishable_untrained : int
        The same of random weights: what the structure cannot tell apart.
    delay_consistency : float
        Share of circular delays by whole letters at which the answer stays, mean over the clips of both tasks.
    horizon : OrderHorizon
        Up to which contrast level that network tells words apart.
    """

    config: LettersConfig
    accuracy_two_words: float
    accuracy_four_words: float
    n_indistinguishable: int
    n_indistinguishable_untrained: int
    delay_consistency: float
    horizon: OrderHorizon


def run_letters(config: LettersConfig) -> LettersOutcome:
    """Train a variant on two words and on four, and measure what it tells apart and what does not move it.

    Parameters
    ----------
    config : LettersConfig

    Returns
    -------
    LettersOutcome
        The same for the same configuration on the same machine.
    """
    alphabet = open_alphabet(config.alphabet)
    two, four = (_learn(config, words, alphabet) for words in (TWO_WORDS, FOUR_WORDS))
    pairs = list(combinations(sorted({*TWO_WORDS, *FOUR_WORDS}), 2))
    levels = range(1, _HIGHEST_LEVEL + 1)
    contrasts = [contrast_pair(level, LETTERS) for level in levels]
    return LettersOutcome(
        config,
        accuracy_two_words=two.accuracy,
        accuracy_four_words=four.accuracy,
        n_indistinguishable=int(_same_scores(four.classifier, pairs, alphabet).sum()),
        n_indistinguishable_untrained=int(_same_scores(_untrained(four.classifier, config), pairs, alphabet).sum()),
        delay_consistency=(two.delay_consistency + four.delay_consistency) / 2,
        horizon=order_horizon(list(levels), ~_same_scores(four.classifier, contrasts, alphabet)),
    )


@dataclass(frozen=True, eq=False)
class _Learnt:
    """A trained network and how it did on new clips."""

    classifier: Classifier
    accuracy: float
    delay_consistency: float


def _learn(config: LettersConfig, words: Sequence[str], alphabet: Alphabet) -> _Learnt:
    n_train, n_valid, n_test = (40, 20, 25) if config.quick else (120, 40, 100)
    rng = np.random.default_rng([config.seed, len(words)])
    train, valid, test = (_draw_clips(words, alphabet, n, rng) for n in (n_train, n_valid, n_test))
    training = TrainingConfig(epochs=40, learning_rate=0.02, batch_size=32, seed=config.seed)
    classifier = train_classifier(
        train, valid, letters_classifier(config.variant, words, alphabet), training
    ).classifier
    model = ClassifierModel(classifier)
    delays = np.arange(N_SLOTS) * alphabet.slot_samples
    scores = np.stack([_delayed_scores(model, clip, delays) for clip in test])
    answers = top1(scores, 0)
    right = answers[:, 0] == [words.index(str(clip.label)) for clip in test]
    return _Learnt(classifier, float(right.mean()), float(consistency(answers, 0).mean()))


def _draw_clips(words: Sequence[str], alphabet: Alphabet, n_per_word: int, rng: np.random.Generator) -> list[Clip]:
    """Write each word anew for every clip: letters of uneven loudness, and noise over the whole window."""
    clips = []
    for word in words:
        for _ in range(n_per_word):
            gains = 10 ** (rng.uniform(-_GAIN_RANGE_DB, _GAIN_RANGE_DB, len(word)) / 20)
            window = lay_word(word, alphabet, gains)
            hiss = noise(rng, len(window) / alphabet.sample_rate, alphabet.sample_rate, level_rms=_NOISE_RMS)
            clips.append(Clip((window + hiss).astype(np.float32), alphabet.sample_rate, label=word))
    return clips


def _delayed_scores(model: Model, clip: Clip, delays: npt.NDArray[np.intp]) -> FloatArray:
    """Return the scores of a clip at every circular delay, of shape (n_delays, n_classes)."""
    delayed: Tensor = time_shift(torch.from_numpy(clip.waveform), delays, edges="circular")
    with torch.inference_mode():
        return np.asarray(model.scores(delayed).numpy(), dtype=np.float64)


def _untrained(classifier: Classifier, config: LettersConfig) -> Classifier:
    """Return the network with the random weights of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Classifier(classifier.config).eval()


def _same_scores(classifier: Classifier, pairs: Sequence[tuple[str, str]], alphabet: Alphabet) -> npt.NDArray[np.bool_]:
    """Tell for each pair of words, written without noise, whether a network gives both the same scores.

    Computed in float64, where the order of addition leaves far less than `_SAME`.
    """
    precise = deepcopy(classifier).double()
    windows = np.stack([lay_word(word, alphabet) for pair in pairs for word in pair])
    with torch.inference_mode():
        logits = precise(torch.from_numpy(windows)).numpy().reshape(len(pairs), 2, -1)
    largest = np.abs(logits).max()
    return np.asarray(np.abs(logits[:, 0] - logits[:, 1]).max(axis=-1) <= _SAME * largest)
