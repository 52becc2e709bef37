"""From a corpus to a trained model: equal sounds dropped, groups kept whole, test clips heard once.

Conventions
-----------
Sounds that are equal when decoded are dropped before the split, and a group stays on one side. Test clips are
heard once, after training. The baseline gets the very same windows. A window is at most ten times as long as the
longest clip, or 10 s: a longer one was given in another unit, and would fill the memory with silence.

What is here: `train`; `prepare_corpus` and `train_model`, the two steps of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
import torch

from .corpus.duplicates import content_hashes, drop_duplicates
from .corpus.entries import Corpus
from .corpus.splits import check_splits, complete_splits, split_corpus
from .errors import InputError
from .measure.cliptable import ClipTable
from .measure.statistics import estimate_mean, paired_difference
from .nets.baseline import baseline_predictions
from .nets.classifier import ClassifierModel
from .nets.training import Epoch, train_classifier
from .nets.training_windows import windows_of
from .sound.clip import Clip
from .trained_model import ModelOptions, TrainedModel

__all__ = ["prepare_corpus", "train", "train_model"]

_MOST_CLIPS, _LONG_SECONDS = 10, 10.0
"""How many times the longest clip a window may hold; how long it may be in any case."""


def train(
    corpus: Corpus,
    options: ModelOptions,
    *,
    test_fold: int | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> TrainedModel:
    """Train a small classifier on labelled clips and test it on clips kept apart.

    Parameters
    ----------
    corpus : Corpus
        From `read_corpus`, labelled; a declared split is kept and checked, else one is made, groups whole.
    options : ModelOptions
    test_fold : int, optional
        Which fold is for testing, where the corpus has folds; the last if not given.
    on_epoch : callable, optional
        Called with each `audioinv.nets.training.Epoch`, for progress.

    Returns
    -------
    TrainedModel

    Raises
    ------
    InputError
        If there is nothing to train on or to test on, declared splits share a group, or the window is far longer than
        any clip.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import audioinv
    >>> tones = audioinv.read_corpus(audioinv.shipped_folder("clips") / "tones")
    >>> few = replace(tones, entries=tones.entries[::10])
    >>> quick = audioinv.TrainingConfig(epochs=2, batch_size=4)
    >>> options = ModelOptions("toys", "cnn1d-mel", window_seconds=0.5, training=quick)
    >>> trained = train(few, options)
    >>> trained.model.spec.labels, trained.gain.n == trained.accuracy.n > 0
    (('tone1', 'tone2', 'tone3', 'tone4'), True)
    """
    prepared = prepare_corpus(corpus, seed=options.training.seed, test_fold=test_fold)
    return train_model(prepared, options, on_epoch=on_epoch)


def prepare_corpus(corpus: Corpus, *, seed: int = 0, test_fold: int | None = None) -> Corpus:
    """Drop equal sounds and give every clip a side, groups whole.

    Parameters
    ----------
    corpus : Corpus
        Labelled; a declared split is kept and checked.
    seed : int, default 0
        Decides between groups that serve equally well.
    test_fold : int, optional
        Which fold is for testing, as in `audioinv.corpus.splits.split_corpus`.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If there is nothing to train on, or declared splits share a group.
    """
    if not corpus.entries:
        raise InputError(f"{corpus.name} holds no sound to train on")
    distinct = drop_duplicates(corpus, content_hashes(corpus))
    rng = np.random.default_rng(seed)
    divided = complete_splits(split_corpus(distinct, rng=rng, test_fold=test_fold), rng=rng)
    check_splits(divided)
    return divided


def train_model(
    corpus: Corpus,
    options: ModelOptions,
    *,
    on_epoch: Callable[[Epoch], None] | None = None,
    command: str = "",
) -> TrainedModel:
    """Train a model on a prepared corpus and test it on the clips kept apart.

    Parameters
    ----------
    corpus : Corpus
        From `prepare_corpus`.
    options : ModelOptions
    on_epoch : callable, optional
        Called with each `Epoch`, for progress.
    command : str, default ""
        For the card.

    Returns
    -------
    TrainedModel

    Raises
    ------
    InputError
        If a side is empty, or the window is far longer than any clip.
    """
    clips = {side: _load(corpus.part(side), options.sample_rate) for side in ("train", "valid", "test")}
    if not clips["test"]:
        raise InputError(f"{corpus.name} keeps no clip apart to test on")
    _check_window(options.window_seconds, chain.from_iterable(clips.values()))
    labels = tuple(sorted({str(clip.label) for clip in clips["train"]}))
    config = options.configuration(labels)
    result = train_classifier(clips["train"], clips["valid"], config, options.training, on_epoch=on_epoch)
    answers = _answers(ClassifierModel(result.classifier), clips["test"])
    spec = result.classifier.config.spec
    simple = baseline_predictions(
        windows_of(clips["train"], spec).numpy(),
        [str(clip.label) for clip in clips["train"]],
        windows_of(clips["test"], spec).numpy(),
        spec.sample_rate,
    )
    right, simple_right = (_is_right(found, clips["test"]) for found in (answers, simple))
    codes = ClipTable.of(clips["test"], labels).group_codes
    rng = np.random.default_rng(options.training.seed)
    confusion: dict[str, Counter[str]] = {}
    for clip, answer in zip(clips["test"], answers, strict=True):
        confusion.setdefault(str(clip.label), Counter())[answer] += 1
    return TrainedModel(
        options=options,
        result=result,
        corpus=corpus.name,
        counts={side: len(found) for side, found in clips.items()},
        groups={side: len({clip.group or clip.name for clip in found}) for side, found in clips.items()},
        n_dropped=sum("equal" in skipped.reason or "same sound" in skipped.reason for skipped in corpus.skipped),
        accuracy=estimate_mean(right, codes, rng=rng),
        baseline=estimate_mean(simple_right, codes, rng=rng),
        gain=paired_difference(right, simple_right, codes, rng=rng),
        confusion=confusion,
        command=command,
    )


def _check_window(window_seconds: float, clips: Iterable[Clip]) -> None:
    """Refuse a window that cannot be meant, before any is laid."""
    longest = max(clip.duration_seconds for clip in clips)
    if window_seconds > max(_MOST_CLIPS * longest, _LONG_SECONDS):
        raise InputError(
            f"window={window_seconds:g} s is more than {_MOST_CLIPS} times the longest clip ({longest:.3f} s); a "
            f"window is in seconds, e.g. {math.ceil(10 * longest) / 10:g}"
        )


def _load(corpus: Corpus, sample_rate: int) -> list[Clip]:
    return [entry.load(sample_rate) for entry in corpus.entries]


def _answers(model: ClassifierModel, clips: list[Clip]) -> list[str]:
    with torch.inference_mode():
        parts = [model.scores(part).argmax(-1) for part in windows_of(clips, model.spec).split(64)]
    return [model.spec.labels[int(index)] for index in torch.cat(parts)]


def _is_right(answers: list[str], clips: list[Clip]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([float(answer == clip.label) for answer, clip in zip(answers, clips, strict=True)])
