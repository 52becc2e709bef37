"""Splits: training, validation and test parts that share no recording, speaker or kit.

Conventions
-----------
What a corpus declares goes first, splits before folds. A group lies on one side. Entries that name none form a group
by file, so that two stretches of one recording stay together. Drop duplicates first (`audioinv.corpus.duplicates`).
Randomness is an argument; the same generator state gives the same parts, whatever the order of the entries.

What is here: `split_corpus`, `complete_splits`, `check_splits`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..counts import count_text
from ..errors import InputError
from .entries import SPLITS, Corpus, CorpusEntry

__all__ = ["check_splits", "complete_splits", "split_corpus"]

_TRAIN = SPLITS.index("train")
Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


def split_corpus(
    corpus: Corpus,
    *,
    rng: np.random.Generator,
    valid_fraction: float = 0.15,
    test_fraction: float = 0.15,
    test_fold: int | None = None,
) -> Corpus:
    """Give every entry a split: as the corpus declares it; else groups whole, classes in the same proportions.

    Where every entry declares a split already, that is checked and kept. Else, where every entry has a fold, one fold
    is for testing, the next for validation (after the last comes the first; of two, none) and the others for training.

    Parameters
    ----------
    corpus : Corpus
        Labelled, and without duplicates: see `audioinv.corpus.duplicates.drop_duplicates`.
    rng : numpy.random.Generator
        Decides between groups that serve equally well.
    valid_fraction, test_fraction : float, default 0.15
        Shares of the entries, at least 0; what remains is for training. They do not matter where parts are declared.
    test_fold : int, optional
        Which fold is for testing, whatever splits are declared; the last one if not given.

    Returns
    -------
    Corpus
        The same entries in the same order, each with its split; every class is in the training part.

    Raises
    ------
    InputError
        If an entry has no label or there are fewer than two classes; if only some entries declare a split or a
        fold; if there is no such fold, or no other; if declared splits fail `check_splits`; if there are too few groups
        for the parts that were asked for.

    Notes
    -----
    First as few groups as cover every class go to training. Then groups, largest first, each go where they
    bring the parts closest to their shares, in squares summed over the classes and, weighing as much as all classes
    together, the total: the greedy scheme of [1]_, by groups.

    References
    ----------
    .. [1] Sechidis, Tsoumakas & Vlahavas, On the stratification of multi-label data, ECML PKDD 2011.

    Examples
    --------
    >>> from pathlib import Path
    >>> entries = tuple(CorpusEntry(Path(f"{name}{i}.wav"), label=name) for name in "ab" for i in range(10))
    >>> corpus = split_corpus(Corpus("letters", entries), rng=np.random.default_rng(0), test_fraction=0.2)
    >>> [len(corpus.part(split).entries) for split in ("train", "valid", "test")]
    [13, 3, 4]
    """
    _check_labels(corpus)
    shares = np.array([1 - valid_fraction - test_fraction, valid_fraction, test_fraction])
    if test_fold is not None or not any(entry.split for entry in corpus.entries):
        corpus = _by_fold(corpus, test_fold)
    _check_all_or_none(corpus, "split")
    divided = corpus if any(entry.split for entry in corpus.entries) else _divided(corpus, shares, rng)
    check_splits(divided)
    return divided


def complete_splits(
    corpus: Corpus, *, rng: np.random.Generator, valid_fraction: float = 0.15, test_fraction: float = 0.15
) -> Corpus:
    """Take parts that a corpus has not from its training part, groups whole.

    Parameters
    ----------
    corpus : Corpus
        Every entry with a split.
    rng : numpy.random.Generator
        Decides between groups that serve equally well.
    valid_fraction, test_fraction : float, default 0.15
        Shares of the training entries for a part that has none.

    Returns
    -------
    Corpus
        The same entries in the same order.

    Raises
    ------
    InputError
        If there are too few groups to train on.

    Examples
    --------
    >>> from pathlib import Path
    >>> entries = [CorpusEntry(Path(f"{name}{i}.wav"), name, split="train") for name in "ab" for i in range(10)]
    >>> entries.append(CorpusEntry(Path("c.wav"), "a", split="test"))
    >>> whole = complete_splits(Corpus("letters", tuple(entries)), rng=np.random.default_rng(0))
    >>> [len(whole.part(split).entries) for split in ("train", "valid", "test")]
    [17, 3, 1]
    """
    shares = np.array([0.0, valid_fraction, test_fraction])
    missing = [not corpus.part(split).entries for split in SPLITS]
    shares *= missing
    if not shares.any():
        return corpus
    shares[_TRAIN] = 1 - shares.sum()
    parts = iter(_divided(corpus.part("train"), shares, rng).entries)
    entries = tuple(next(parts) if entry.split == "train" else entry for entry in corpus.entries)
    names = " and ".join(split for split, share in zip(SPLITS[1:], shares[1:], strict=True) if share)
    told = f"no part for {names} is declared: taken from training, groups whole"
    return replace(corpus, entries=entries, evidence=(*corpus.evidence, told))


def _check_all_or_none(corpus: Corpus, what: str) -> None:
    without = [entry for entry in corpus.entries if getattr(entry, what) is None]
    if 0 < len(without) < len(corpus.entries):
        raise InputError(
            f"{len(corpus.entries) - len(without)} of {len(corpus.entries)} entries declare a {what} and "
            f"{without[0].path} does not; declare it for all or for none"
        )


def _by_fold(corpus: Corpus, test_fold: int | None) -> Corpus:
    """Make splits of folds; of fewer than two that nobody asked for, none."""
    folds = sorted({int(entry.fold) for entry in corpus.entries if entry.fold is not None})
    if test_fold is not None and test_fold not in folds:
        there = f"it has {', '.join(map(str, folds))}" if folds else "it has none"
        raise InputError(f"test_fold={test_fold} is not a fold of {corpus.name}; {there}")
    _check_all_or_none(corpus, "fold")
    if len(folds) < 2:
        if test_fold is not None:
            raise InputError(
                f"test_fold={test_fold} is the only fold of {corpus.name}, which leaves none to train on; leave "
                "test_fold out, or declare two folds or more"
            )
        return corpus
    place = len(folds) - 1 if test_fold is None else folds.index(test_fold)
    parts = {str(fold): "train" for fold in folds} | {str(folds[place]): "test"}
    told = f"fold {folds[place]} is for testing"
    if len(folds) > 2:
        following = folds[(place + 1) % len(folds)]
        parts[str(following)] = "valid"
        told += f", fold {following} for validation"
    entries = tuple(replace(entry, split=parts[str(entry.fold)]) for entry in corpus.entries)
    return replace(corpus, entries=entries, evidence=(*corpus.evidence, f"{told}, the rest for training"))


def check_splits(corpus: Corpus) -> None:
    """Make sure that parts share no group, and that training knows every class.

    Parameters
    ----------
    corpus : Corpus
        Every entry with a split.

    Raises
    ------
    InputError
        If an entry's split is none of train, valid and test; if a group (or, without one, a file) lies in two
        splits; if a class is missing from training.

    Examples
    --------
    >>> from pathlib import Path
    >>> check_splits(Corpus("one", (CorpusEntry(Path("a.wav"), label="kick", split="test"),)))
    Traceback (most recent call last):
    audioinv.errors.InputError: no training entry for class kick; every class must be in train
    """
    split_of: dict[str, str] = {}
    for entry in corpus.entries:
        if entry.split not in SPLITS:
            raise InputError(f"{entry.path} has split={entry.split!r}; it must be one of {', '.join(SPLITS)}")
        split = split_of.setdefault(_group(entry), entry.split)
        if split != entry.split:
            raise InputError(
                f"{_group(entry)} leaks: it lies in both {split} and {entry.split} (there {entry.path}); "
                "keep it on one side, or name groups that do not share a recording"
            )
    missing = sorted(set(corpus.labels) - set(corpus.part("train").labels))
    if missing:
        raise InputError(f"no training entry for class {', '.join(missing)}; every class must be in train")


def _group(entry: CorpusEntry) -> str:
    return f"file {entry.path}" if entry.group is None else f"group {entry.group}"


def _check_labels(corpus: Corpus) -> None:
    bare = [entry for entry in corpus.entries if entry.label is None]
    if bare and len(bare) == len(corpus.entries):
        found = "; ".join(corpus.evidence) or "folders of classes or a manifest would tell them"
        raise InputError(f"{corpus.name} has no labels ({found})")
    if bare:
        raise InputError(
            f"{len(bare)} of {len(corpus.entries)} entries have no label, the first is {bare[0].path}; "
            "label them or leave them out"
        )
    if len(corpus.labels) < 2:
        raise InputError(f"{corpus.name} has {count_text(len(corpus.labels), 'class')}; a classifier needs two or more")


def _divided(corpus: Corpus, shares: Shares, rng: np.random.Generator) -> Corpus:
    """Divide by the groups' class counts, taken in an order that does not depend on that of the entries."""
    if not (shares[1:] >= 0).all() or not shares[_TRAIN] > 0:
        raise InputError(
            f"valid_fraction={shares[1]} and test_fraction={shares[2]} must be at least 0 and leave some for training"
        )
    groups = sorted({_group(entry) for entry in corpus.entries})
    row = {group: index for index, group in enumerate(groups)}
    column = {label: index for index, label in enumerate(corpus.labels)}
    counts = np.zeros((len(groups), len(column)), dtype=np.int64)
    for entry in corpus.entries:
        counts[row[_group(entry)], column[str(entry.label)]] += 1
    part = _assigned(counts, shares, rng)
    entries = (replace(entry, split=SPLITS[part[row[_group(entry)]]]) for entry in corpus.entries)
    return replace(corpus, entries=tuple(entries))


def _assigned(counts: Counts, shares: Shares, rng: np.random.Generator) -> Counts:
    """Part of each group, from its number of entries a class, of shape ``(n_groups, n_classes)``."""
    shuffled = rng.permutation(len(counts))
    largest_first = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    covering = _cover(counts, shuffled)
    free = largest_first[~np.isin(largest_first, covering)]
    total = math.sqrt(counts.shape[1]) * counts.sum(axis=1) / counts.sum()
    mass = np.column_stack([counts / counts.sum(axis=0), total])
    lacking = np.outer(shares, mass.sum(axis=0))
    lacking[_TRAIN] -= mass[covering].sum(axis=0)
    part = np.full(len(counts), _TRAIN, dtype=np.int64)
    for group in free:
        error = ((lacking - mass[group]) ** 2 - lacking**2).sum(axis=1)
        part[group] = np.argmin(error)  # never a part of share 0: one of the others lacks this group
        lacking[part[group]] -= mass[group]
    _fill_empty_parts(part, free[::-1], shares)
    return part


def _cover(counts: Counts, order: Counts) -> list[int]:
    """Few groups that hold every class: for the rarest class the group that adds most classes, first in `order`."""
    covering: list[int] = []
    lacking = np.ones(counts.shape[1], dtype=bool)
    for rarest in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        if lacking[rarest]:
            holders = order[counts[order, rarest] > 0]
            gained = (counts[holders] > 0)[:, lacking].sum(axis=1)
            covering.append(int(holders[np.argmax(gained)]))
            lacking &= counts[covering[-1]] == 0
    return covering


def _fill_empty_parts(part: Counts, free: Counts, shares: Shares) -> None:
    """Give a part that was asked for and stayed empty the first of the `free` groups that another part can spare."""
    asked = np.flatnonzero(shares)
    if len(free) < len(asked) - 1:
        raise InputError(
            f"{len(part)} are too few groups for {len(asked)} parts with every class in train; "
            f"set {SPLITS[asked[-1]]}_fraction=0, or add recordings"
        )
    for empty in asked:
        if not (part == empty).any():
            spare = next(group for group in free if part[group] == _TRAIN or (part == part[group]).sum() > 1)
            part[spare] = empty
