"""Splits: no group on two sides, every class in training, proportions as good as an independent oracle's."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from audioinv.corpus.duplicates import drop_duplicates
from audioinv.corpus.entries import SPLITS, Corpus, CorpusEntry
from audioinv.corpus.splits import check_splits, split_corpus
from audioinv.errors import InputError


def make_corpus(*label_and_group, splits=None):
    entries = [
        CorpusEntry(Path(f"{i}.wav"), label=label, group=group) for i, (label, group) in enumerate(label_and_group)
    ]
    if splits is not None:
        entries = [replace(entry, split=split) for entry, split in zip(entries, splits, strict=True)]
    return Corpus("made", tuple(entries))


def split(corpus, seed=0, **fractions):
    return split_corpus(corpus, rng=np.random.default_rng(seed), **fractions)


def sizes(corpus):
    return [len(corpus.part(name).entries) for name in SPLITS]


def groups_of(corpus, name):
    return {entry.group or entry.path for entry in corpus.part(name).entries}


labelled = st.lists(
    st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 8).map(str))), min_size=2, max_size=60
).filter(lambda pairs: len({label for label, _ in pairs}) > 1)
fractions = st.sampled_from([0.0, 0.1, 0.15, 0.3, 0.45])


# --- what must hold


@given(labelled, fractions, fractions, st.integers(0, 2**32 - 1))
def test_no_group_straddles_and_every_class_is_in_training(pairs, valid, test, seed):
    corpus = make_corpus(*pairs)
    try:
        divided = split(corpus, seed, valid_fraction=valid, test_fraction=test)
    except InputError as error:  # control below: this is said only where it is true
        assert "too few" in str(error)  # noqa: PT017
        return
    train, held_out, unseen = (groups_of(divided, name) for name in SPLITS)
    assert len(train | held_out | unseen) == len(train) + len(held_out) + len(unseen)
    assert divided.part("train").labels == corpus.labels
    assert (bool(held_out), bool(unseen)) == (valid > 0, test > 0)
    assert [replace(entry, split=None) for entry in divided.entries] == list(corpus.entries)


@given(st.integers(2, 6), st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_three_groups_that_know_every_class_are_always_enough(n_classes, n_groups, seed):
    pairs = [(f"c{label}", f"g{group}") for label in range(n_classes) for group in range(n_groups)]
    assert min(sizes(split(make_corpus(*pairs), seed))) >= n_classes


@given(labelled, st.integers(0, 2**32 - 1), st.randoms())
def test_the_same_seed_gives_the_same_parts_in_any_order(pairs, seed, random):
    corpus = make_corpus(*pairs)
    shuffled = list(corpus.entries)
    random.shuffle(shuffled)
    once = split(corpus, seed, valid_fraction=0.0, test_fraction=0.0)
    assert sizes(once) == [len(pairs), 0, 0]
    try:
        once = split(corpus, seed)
    except InputError:
        return
    again = split(replace(corpus, entries=tuple(shuffled)), seed)
    assert {e.path: e.split for e in once.entries} == {e.path: e.split for e in again.entries}


def test_another_seed_gives_other_parts():
    corpus = make_corpus(*((label, None) for label in "ab" for _ in range(20)))
    assert len({tuple(entry.split for entry in split(corpus, seed).entries) for seed in range(5)}) == 5


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_without_groups_shares_are_met_to_the_entry(n):
    divided = split(make_corpus(*((label, None) for label in "abc" for _ in range(n))))
    for label in "abc":
        here = [entry for entry in divided.entries if entry.label == label]
        counted = [sum(entry.split == name for entry in here) for name in SPLITS]
        assert np.abs(np.array(counted) - n * np.array([0.7, 0.15, 0.15])).max() <= 1


def test_many_rare_classes_still_fill_every_part():
    divided = split(make_corpus(*((f"c{label}", None) for label in range(50) for _ in range(2))))
    assert min(sizes(divided)) >= 10


def test_a_class_of_a_single_group_is_in_training_only():
    pairs = [("rare", "g0")] * 5 + [(label, f"{label}{i}") for label in "ab" for i in range(10)]
    assert {entry.split for entry in split(make_corpus(*pairs)).entries if entry.label == "rare"} == {"train"}


def test_stretches_of_one_file_stay_together():
    entries = [
        CorpusEntry(Path(f"{i}.wav"), label=label, start_seconds=start, end_seconds=start + 1)
        for i in range(12)
        for start, label in enumerate("ab")
    ]
    divided = split(Corpus("stretches", tuple(entries)))
    assert all(len({e.split for e in divided.entries if e.path == entry.path}) == 1 for entry in entries)


def deviation(counts, part, shares):
    """Largest departure of any class in any part from its share."""
    held = np.array([counts[part == p].sum(axis=0) for p in range(3)])
    return np.abs(held / counts.sum(axis=0) - np.array(shares)[:, None]).max()


def test_proportions_are_as_good_as_scikit_learns():
    """Kits of different sizes and tastes, as drum kits are; parts of a fifth, so that folds are comparable."""
    ours, theirs = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rng.gamma(2.0, 2.0, (18, 1)) * rng.dirichlet(np.ones(5), 18) * 5)
        pairs = [
            (f"c{label}", f"g{group:02}")
            for group in range(18)
            for label in range(5)
            for _ in range(counts[group, label])
        ]
        divided = split(make_corpus(*pairs), seed, valid_fraction=0.2, test_fraction=0.2)
        at = {entry.group: SPLITS.index(entry.split) for entry in divided.entries}
        part = np.array([at.get(f"g{group:02}", 0) for group in range(18)])
        ours.append(deviation(counts, part, [0.6, 0.2, 0.2]))
        labels, groups = zip(*pairs, strict=True)
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(labels, labels, groups)
        part = np.zeros(18, dtype=int)
        for p, (_, held) in zip([1, 2], folds, strict=False):
            part[[int(groups[i][1:]) for i in held]] = p
        theirs.append(deviation(counts, part, [0.6, 0.2, 0.2]))
    assert np.mean(ours) <= np.mean(theirs)


# --- controls that must fail


def test_a_split_by_entry_leaks_and_is_caught():
    corpus = make_corpus(*((label, f"kit {i % 4}") for label in "ab" for i in range(40)))
    by_entry = np.random.default_rng(0).choice(SPLITS, len(corpus.entries))
    leaking = tuple(replace(entry, split=str(name)) for entry, name in zip(corpus.entries, by_entry, strict=True))
    with pytest.raises(InputError, match="group kit 0 leaks: it lies in both"):
        check_splits(replace(corpus, entries=leaking))


def test_too_few_groups_is_said_only_where_it_is_true():
    enough = make_corpus(("a", "1"), ("b", "1"), ("a", "2"), ("b", "3"))
    assert groups_of(split(enough), "train") == {"1"}
    for too_few in (make_corpus(("a", "1"), ("b", "2"), ("a", "3")), make_corpus(("a", "1"), ("b", "1"), ("a", "2"))):
        with pytest.raises(InputError, match="are too few groups for 3 parts with every class in train"):
            split(too_few)
        assert sizes(split(too_few, valid_fraction=0.0)) == [2, 0, 1]


def test_whether_groups_are_too_few_agrees_with_trying_every_choice():
    rng = np.random.default_rng(0)
    verdicts = set()
    for _ in range(300):
        held = rng.random((rng.integers(2, 7), 3)) < rng.uniform(0.2, 0.8)  # which group holds which class
        pairs = [(f"c{label}", f"g{group}") for group, label in np.argwhere(held)]
        n_groups, n_classes = len({group for _, group in pairs}), len({label for label, _ in pairs})
        if n_classes < 2:
            continue
        chosen = itertools.chain(*(itertools.combinations(held, n) for n in range(1, n_groups - 1)))
        possible = any(np.any(groups, axis=0).sum() == n_classes for groups in chosen)
        try:
            split(make_corpus(*pairs))
            verdicts.add((possible, "split"))
        except InputError:
            verdicts.add((possible, "too few"))
    assert verdicts == {(True, "split"), (False, "too few")}


def test_common_classes_do_not_bind_groups_that_rare_ones_bring_anyway():
    pairs = [(label, group) for group, labels in {"1": "acd", "2": "ab", "3": "cde"}.items() for label in labels]
    divided = split(make_corpus(*pairs), valid_fraction=0.0)
    assert (groups_of(divided, "train"), groups_of(divided, "test")) == ({"2", "3"}, {"1"})


# --- declared splits


def test_declared_splits_are_kept_and_the_fractions_do_not_matter():
    corpus = make_corpus(("a", "1"), ("b", "2"), ("a", "3"), splits=["training", "train", "val"])
    assert split(corpus) == corpus
    assert sizes(corpus) == [2, 1, 0]


def test_a_group_in_two_declared_splits_is_an_error_that_names_it():
    corpus = make_corpus(("a", "kit"), ("b", "kit"), ("a", "kit"), splits=["train", "train", "test"])
    with pytest.raises(InputError, match=r"group kit leaks: it lies in both train and test \(there 2\.wav\)"):
        split(corpus)


def test_a_file_in_two_declared_splits_leaks_unless_groups_say_otherwise():
    def halves(first, second):
        entries = (
            CorpusEntry(Path("x.wav"), "a", first, "train", 0, 1),
            CorpusEntry(Path("x.wav"), "a", second, "test", 1, 2),
            CorpusEntry(Path("y.wav"), "b", None, "train"),
        )
        return Corpus("halves", entries)

    with pytest.raises(InputError, match=r"file x\.wav leaks"):
        split(halves(None, None))
    assert sizes(split(halves("morning", "evening"))) == [2, 0, 1]


@pytest.mark.parametrize(
    ("pairs", "splits", "message"),
    [
        ("ab", ["train", None], r"1 of 2 entries declare a split and 1\.wav does not"),
        ("ab", ["train", "fold 3"], r"1\.wav has split='fold 3'; it must be one of train, valid, test"),
        ("ab", ["train", "test"], "no training entry for class b"),
        ("aa", None, "made has 1 class; a classifier needs two or more"),
        ([], None, "made has 0 classes"),
        (["a", None, "b"], None, r"1 of 3 entries have no label, the first is 1\.wav"),
    ],
)
def test_what_cannot_be_split_is_said(pairs, splits, message):
    with pytest.raises(InputError, match=message):
        split(make_corpus(*((label, None) for label in pairs), splits=splits))


@pytest.mark.parametrize(("valid", "test"), [(-0.1, 0.1), (0.5, 0.5), (0.1, 1.2), (float("nan"), 0.1)])
def test_fractions_must_leave_some_for_training(valid, test):
    with pytest.raises(InputError, match=f"valid_fraction={valid} and test_fraction={test} must be at least 0"):
        split(make_corpus(("a", None), ("b", None)), valid_fraction=valid, test_fraction=test)


@pytest.mark.parametrize("declared", [None, ["train", "train", "test", "valid"]])
def test_a_fold_to_test_on_that_is_the_only_one_is_refused(declared):
    made = make_corpus(("a", "1"), ("b", "2"), ("a", "3"), ("b", "4"), splits=declared)
    corpus = replace(made, entries=tuple(replace(entry, fold=1) for entry in made.entries))
    with pytest.raises(InputError, match=r"test_fold=1 is the only fold of made.* leave test_fold out, or declare two"):
        split(corpus, test_fold=1)
    assert split(corpus).part("test").entries  # nobody asked for it


# --- duplicates


def test_kits_that_share_a_recording_leak_until_duplicates_are_dropped():
    """The trap: groups differ by name, the sound does not."""
    pairs = [(label, f"kit {kit}") for kit in range(6) for label in "ab"]
    corpus = make_corpus(*pairs)
    hashes = {entry: f"{entry.label}{int(entry.group[-1]) % 3}" for entry in corpus.entries}

    def shared(divided):
        heard = [{hashes[replace(e, split=None)] for e in divided.part(name).entries} for name in SPLITS]
        return heard[0] & heard[1] | heard[0] & heard[2] | heard[1] & heard[2]

    assert any(shared(split(corpus, seed)) for seed in range(5))
    assert not any(shared(split(drop_duplicates(corpus, hashes), seed)) for seed in range(5))
