"""Words in sound: a frame a letter, what each variant cannot tell apart by structure, and what it learns."""

from itertools import combinations

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.measure.words import contrast_level
from audioinv.nets.classifier import Classifier
from audioinv.sound.shifts import time_shift
from audioinv.sound.spectrogram import Spectrogram
from audioinv.study.alphabet import ALPHABETS, LETTERS, N_SLOTS, Alphabet, lay_word, open_alphabet, write_word
from audioinv.study.letters import (
    FOUR_WORDS,
    ORDER_VARIANTS,
    TWO_WORDS,
    LettersConfig,
    letters_classifier,
    run_letters,
)

FIVE_WORDS = sorted({*TWO_WORDS, *FOUR_WORDS})
EPS = np.finfo(np.float64).eps


def untrained(variant, alphabet, seed=0):
    torch.manual_seed(seed)
    return Classifier(letters_classifier(variant, FOUR_WORDS, open_alphabet(alphabet))).double().eval()


def logits_of(classifier, windows):
    with torch.no_grad():
        return classifier(torch.as_tensor(np.asarray(windows))).numpy()


def test_a_word_is_its_letters_with_gaps_between():
    alphabet = Alphabet("planted", 8000, 2, {"A": np.array([1.0, 2.0]), "B": np.array([3.0, 4.0])})
    assert write_word("ABA", alphabet).tolist() == [1, 2, 0, 0, 3, 4, 0, 0, 1, 2]
    assert write_word("AB", alphabet, [10, 1]).tolist() == [10, 20, 0, 0, 3, 4]
    assert alphabet.slot_samples == 4


@pytest.mark.parametrize("name", ALPHABETS)
def test_letters_differ_and_fill_their_time(name):
    alphabet = open_alphabet(name)
    assert "".join(alphabet.sounds) == LETTERS
    for first, second in combinations(alphabet.sounds.values(), 2):
        assert np.abs(first - second).max() > 0.1
    assert all(np.abs(sound).max() > 0.1 for sound in alphabet.sounds.values())


@pytest.mark.parametrize("name", ALPHABETS)
def test_a_frame_holds_one_letter_and_nothing_of_another(name):
    alphabet = open_alphabet(name)
    front_end = Spectrogram(letters_classifier("1 letter", TWO_WORDS, alphabet).front_end)
    frames = front_end(torch.from_numpy(lay_word("STRESSED", alphabet)))
    assert frames.shape[-1] == N_SLOTS
    heard = [place for place in range(N_SLOTS) if (frames[:, place] > front_end.floor_db).any()]
    assert heard == list(range(heard[0], heard[0] + 8))
    alone = {letter: front_end(torch.from_numpy(lay_word(letter, alphabet)))[:, heard[0]] for letter in LETTERS}
    late = front_end(torch.from_numpy(np.roll(lay_word("STRESSED", alphabet), alphabet.slot_samples // 2)))
    for place, letter in zip(heard, "STRESSED", strict=True):
        # A product of matrices adds up in blocks, so that the last digits depend on the number of frames.
        assert (frames[:, place] - alone[letter]).abs().max() < 1e-9
        # The control: half a letter later, a frame holds parts of two.
        assert min((late[:, at] - alone[letter]).abs().max() for at in (place, place + 1)) > 1


@pytest.mark.parametrize("name", ALPHABETS)
@pytest.mark.parametrize("variant", ORDER_VARIANTS)
def test_untrained_a_variant_tells_apart_what_its_field_parts_and_no_more(variant, name):
    n_letters, head = ORDER_VARIANTS[variant]
    classifier = untrained(variant, name)
    assert classifier.config.network.receptive_field == (n_letters,)
    logits = logits_of(classifier, [lay_word(word, open_alphabet(name)) for word in FIVE_WORDS])
    for (i, first), (j, second) in combinations(enumerate(FIVE_WORDS), 2):
        change = np.abs(logits[i] - logits[j]).max() / np.abs(logits).max()
        if head == "average" and contrast_level(first, second) > n_letters:
            assert change <= 4 * N_SLOTS * EPS  # sums of as many places, in another order
        else:
            assert change > 1e-6


@pytest.mark.parametrize("variant", ORDER_VARIANTS)
def test_whole_letters_later_is_the_same_to_a_pool_and_not_to_places(variant):
    classifier, alphabet = untrained(variant, "notes"), open_alphabet("notes")
    window = torch.from_numpy(lay_word("STRESSED", alphabet))
    whole = logits_of(classifier, time_shift(window, np.arange(N_SLOTS) * alphabet.slot_samples, edges="circular"))
    moved = np.abs(whole - whole[0]).max(axis=-1) / np.abs(whole).max()
    if variant == "by place":
        assert moved[1:].min() > 1e-3  # the control
    else:
        assert moved.max() <= 4 * N_SLOTS * EPS
    half = logits_of(classifier, time_shift(window, [0, alphabet.slot_samples // 2], edges="circular"))
    assert np.abs(half[1] - half[0]).max() / np.abs(half).max() > 1e-3  # whole letters, not any delay


EXPECTED = {  # variant: four words can be learnt, pairs that cannot be parted, horizon and whether it is a bound
    "1 letter": (False, 10, 1, False),
    "2 letters": (False, 6, 2, False),
    "3 letters": (True, 0, 3, False),
    "whole word": (True, 0, 5, True),
    "by place": (True, 0, 5, True),
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", ORDER_VARIANTS)
def test_what_a_variant_learns(variant):
    learns_four, n_same, horizon, censored = EXPECTED[variant]
    found = run_letters(LettersConfig(variant, quick=True))
    assert (found.n_indistinguishable, found.n_indistinguishable_untrained) == (n_same, n_same)
    assert (found.horizon.value, found.horizon.censored) == (horizon, censored)
    # Chance on 50 and 100 clips has a standard deviation of 0.07 and 0.043; the bounds are three of them away.
    assert found.accuracy_two_words > 0.9 if variant != "1 letter" else 0.28 < found.accuracy_two_words < 0.72
    assert found.accuracy_four_words > 0.9 if learns_four else 0.12 < found.accuracy_four_words < 0.38
    assert found.delay_consistency < 0.6 if variant == "by place" else found.delay_consistency > 0.999


@pytest.mark.slow
def test_the_same_seed_gives_the_same_outcome_and_another_does_not():
    first, again, other = (run_letters(LettersConfig("by place", seed, quick=True)) for seed in (1, 1, 2))
    assert first == again
    assert first.delay_consistency != other.delay_consistency


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: open_alphabet("runes"), "not one of notes, digits"),
        (lambda: write_word("STAR", open_alphabet("notes")), "cannot be written with the letters DERST"),
        (lambda: write_word("", open_alphabet("notes")), "cannot be written"),
        (lambda: lay_word("STRESSEDSTRESSED", open_alphabet("notes")), "room for 12"),
        (lambda: Alphabet("uneven", 8000, 0, {"A": np.ones(2), "B": np.ones(3)}), "letters of one length"),
        (lambda: LettersConfig("4 letters"), "not one of 1 letter"),
        (lambda: LettersConfig("1 letter", alphabet="runes"), "not one of notes"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(InputError, match=text):
        call()
