"""STRESSED or DESSERTS: words written in sound, and what a network must hear at once to tell them apart.

A letter is a note, or a spoken digit; a word is its letters one after the other. The networks hear one frame a letter,
take k letters at once in a single circular convolution, and average over time. Such a network does not change its
answer under circular delays by whole letters, whatever its weights; for the same reason it cannot tell apart words
whose k-grams are the same, whatever it learns. The control reads each letter in its place instead: it tells all words
apart, and is lost when they come later.

Conventions
-----------
A *slot* is a letter and the gap after it. A window holds `N_SLOTS` slots, the word in the midst of silence. Frames are
one slot long, without overlap, and centred on the letters, so that a frame holds one letter and no part of another;
framing and padding are circular. Every clip has its own noise, and every letter in it its own loudness: what tells
words apart is which letters there are and in which order. The networks are trained by
`audioinv.nets.training.train_classifier`, each with new clips drawn by its seed: a spread over seeds is one over clips
as well.

What is here: `ORDER_VARIANTS`, `LettersConfig`, `LettersOutcome`, `run_letters`; `Alphabet`, `open_alphabet`,
`write_word`, `lay_word`, `letters_classifier`; the words `TWO_WORDS` and `FOUR_WORDS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..corpus.layouts import read_corpus
from ..errors import InputError
from ..measure.order import OrderHorizon, confusable_words, contrast_pair, order_horizon
from ..measure.outcome import consistency, top1
from ..nets.classifier import Classifier, ClassifierConfig, ClassifierModel
from ..nets.library import shipped_folder
from ..nets.model import Model, ModelSpec
from ..nets.networks import NetworkConfig
from ..nets.training import TrainingConfig, train_classifier
from ..sound.audio import Clip, open_window
from ..sound.segments import insert_silence
from ..sound.shifts import time_shift
from ..sound.spectrogram import SpectrogramConfig
from ..sound.synthetic import harmonic_tone, noise

__all__ = [
    "ALPHABETS",
    "FOUR_WORDS",
    "ORDER_VARIANTS",
    "TWO_WORDS",
    "Alphabet",
    "LettersConfig",
    "LettersOutcome",
    "lay_word",
    "letters_classifier",
    "open_alphabet",
    "run_letters",
    "write_word",
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

ALPHABETS = ("notes", "digits")
LETTERS = "DERST"
TWO_WORDS = ("STRESSED", "DESSERTS")
FOUR_WORDS = confusable_words("STRESSED", 2)
"""STRESSED and the other words that two letters at once take for it."""

N_SLOTS = 16  # eight letters and as many silences: no field of eight letters touches both ends of a word
_FIRST_SLOT = 4
_SAMPLE_RATE = 8000
_GAP_SAMPLES = 128
_NOTE_SAMPLES = 896
_DIGIT_SAMPLES = 6016  # 0.752 s; the longest digit has 0.751 s
_N_BINS = 32
_N_CHANNELS = 24
_HIGHEST_LEVEL = 5  # of the pairs that the horizon is measured with; they need as many letters
_GAIN_RANGE_DB = 6.0
_NOISE_RMS = 0.01
_SAME = 1e-9  # of the largest logit, in float64: far above the rounding of a sum, far below what a letter makes


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Letters as sounds.

    Parameters
    ----------
    name : str
    sample_rate : int
        In hertz.
    gap_samples : int
        Silence after each letter.
    sounds : mapping of str to ndarray of shape (letter_samples,)
        All of one length.

    Raises
    ------
    InputError
        If the lengths differ.
    """

    name: str
    sample_rate: int
    gap_samples: int
    sounds: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        lengths = {len(sound) for sound in self.sounds.values()}
        if len(lengths) != 1:
            raise InputError(f"letters of {sorted(lengths)} samples; an alphabet needs letters of one length")

    @property
    def letter_samples(self) -> int:
        """Length of a letter."""
        return len(next(iter(self.sounds.values())))

    @property
    def slot_samples(self) -> int:
        """Length of a letter and the gap after it."""
        return self.letter_samples + self.gap_samples


@lru_cache(maxsize=2)
def open_alphabet(name: str) -> Alphabet:
    """Make the letters D, E, R, S and T.

    Parameters
    ----------
    name : {"notes", "digits"}
        Harmonic tones a whole tone apart from 220 Hz upwards, or the shipped recordings of the digits 0 to 4.

    Returns
    -------
    Alphabet

    Raises
    ------
    InputError
        If the name is unknown.

    Examples
    --------
    >>> alphabet = open_alphabet("notes")
    >>> "".join(alphabet.sounds), alphabet.slot_samples
    ('DERST', 1024)
    """
    if name == "notes":
        pitches_hz = 220.0 * 2.0 ** (np.arange(len(LETTERS)) / 6)
        seconds = _NOTE_SAMPLES / _SAMPLE_RATE
        sounds = [harmonic_tone(float(pitch), 6, seconds, _SAMPLE_RATE) for pitch in pitches_hz]
    elif name == "digits":
        entries = {entry.label: entry for entry in read_corpus(shipped_folder("clips") / "digits").entries}
        clips = [entries[str(digit)].load(_SAMPLE_RATE) for digit in range(len(LETTERS))]
        sounds = [open_window(clip, _DIGIT_SAMPLES).waveform.astype(np.float64) for clip in clips]
    else:
        raise InputError(f"alphabet {name!r} is not one of {', '.join(ALPHABETS)}")
    return Alphabet(name, _SAMPLE_RATE, _GAP_SAMPLES, dict(zip(LETTERS, sounds, strict=True)))


def write_word(word: str, alphabet: Alphabet, gains: npt.ArrayLike = 1.0) -> FloatArray:
    """Write a word in sound.

    Parameters
    ----------
    word : str
        Of the alphabet's letters.
    alphabet : Alphabet
    gains : float or array of shape (n_letters,), default 1
        By which each letter is multiplied.

    Returns
    -------
    ndarray of shape (n_samples,)
        One slot a letter, without the last gap.

    Raises
    ------
    InputError
        If a letter is not in the alphabet.

    Examples
    --------
    >>> len(write_word("STRESSED", open_alphabet("notes"))) == 8 * 1024 - 128
    True
    """
    unknown = sorted(set(word) - set(alphabet.sounds))
    if unknown or not word:
        raise InputError(f"{word!r} cannot be written with the letters {''.join(alphabet.sounds)}")
    letters = np.stack([alphabet.sounds[letter] for letter in word])
    scaled = letters * np.broadcast_to(np.asarray(gains, dtype=np.float64), len(word))[:, None]
    written: FloatArray = insert_silence(scaled.ravel(), len(word), alphabet.gap_samples)
    return written


def lay_word(word: str, alphabet: Alphabet, gains: npt.ArrayLike = 1.0) -> FloatArray:
    """Lay a word into a window of silence, each letter centred on a frame.

    Parameters
    ----------
    word : str
    alphabet : Alphabet
    gains : float or array of shape (n_letters,), default 1

    Returns
    -------
    ndarray of shape (N_SLOTS * slot_samples,)

    Raises
    ------
    InputError
        If the word does not fit.
    """
    if len(word) > N_SLOTS - _FIRST_SLOT:
        raise InputError(f"{word!r} has {len(word)} letters; the window has room for {N_SLOTS - _FIRST_SLOT}")
    written = write_word(word, alphabet, gains)
    window = np.zeros(N_SLOTS * alphabet.slot_samples)
    opens = _FIRST_SLOT * alphabet.slot_samples - alphabet.letter_samples // 2
    window[opens : opens + len(written)] = written
    return window


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
