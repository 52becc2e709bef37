"""Words counted in several ways, and what a network that hears k letters at once cannot tell apart (I23, I24)."""

from collections import Counter
from itertools import pairwise, permutations, product
from math import factorial, prod

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.measure.words import confusable_words, contrast_level, contrast_pair, ngrams
from audioinv.nets.network_config import NetworkConfig
from audioinv.nets.networks import ConvNet
from audioinv.sound.segments import insert_silence, permute_segments

WORD, SEMORDNILAP = "STRESSED", "DESSERTS"
SAME_PAIRS = {"STRESSED", "SESSTRED", "SSESTRED", "SSTRESED"}
words = st.text("ABC", min_size=1, max_size=6)


def spelled_out(word, k, cyclic):
    """The k-grams as a sorted list, by walking over every place."""
    n_places = len(word) if cyclic else len(word) - k + 1
    return sorted("".join(word[(i + j) % len(word)] for j in range(k)) for i in range(n_places))


def enumerated(word, k, cyclic=False, candidates=permutations):
    """All words with the same k-grams, by trying every order of the letters, or every word if told so."""
    wanted = spelled_out(word, k, cyclic)
    return {w for w in map("".join, set(candidates(word))) if spelled_out(w, k, cyclic) == wanted}


def trails_by_determinant(word):
    """Number of words with the same 2-grams, from the theorem of de Bruijn, van Aardenne-Ehrenfest, Smith and Tutte.

    With an edge from the last letter back to the first, the circuits of the graph of letters number t * prod (d - 1)!,
    where t is any cofactor of its Laplacian; each copy of a repeated 2-gram could be taken for another.
    """
    letters = sorted(set(word))
    edges = Counter(pairwise(word))
    laplacian = np.zeros((len(letters), len(letters)))
    for (a, b), count in [*edges.items(), ((word[-1], word[0]), 1)]:
        laplacian[letters.index(a), letters.index(a)] += count
        laplacian[letters.index(a), letters.index(b)] -= count
    degree = Counter(word)
    n_trees = round(np.linalg.det(laplacian[1:, 1:]))
    return n_trees * prod(factorial(d - 1) for d in degree.values()) // prod(factorial(c) for c in edges.values())


def test_I23_the_words_that_stressed_is_confused_with():
    anagrams = enumerated(WORD, 1)
    assert len(anagrams) == factorial(8) // (factorial(3) * factorial(2)) == 3360
    assert set(confusable_words(WORD, 1)) == anagrams
    assert SEMORDNILAP in anagrams
    assert enumerated(WORD, 2) == set(confusable_words(WORD, 2)) == SAME_PAIRS
    assert trails_by_determinant(WORD) == 4
    for k in range(3, 9):
        assert enumerated(WORD, k) == set(confusable_words(WORD, k)) == {WORD}


def test_I23_the_words_that_stressed_in_a_ring_is_confused_with():
    for k, n_words in ((1, 3360), (2, 32), (3, 8), (4, 8)):
        found = confusable_words(WORD, k, cyclic=True)
        assert len(found) == n_words
        assert set(found) == enumerated(WORD, k, cyclic=True)
    turned = {WORD[i:] + WORD[:i] for i in range(8)}
    assert set(confusable_words(WORD, 3, cyclic=True)) == turned  # three letters leave only where the ring begins
    assert set(confusable_words(WORD, 2, cyclic=True)) == {w[i:] + w[:i] for w in SAME_PAIRS for i in range(8)}


@settings(deadline=None)
@given(words, st.integers(1, 6), st.booleans())
def test_confusable_words_are_those_that_enumeration_finds(word, k, cyclic):
    k = min(k, len(word))
    found = confusable_words(word, k, cyclic=cyclic)
    assert len(set(found)) == len(found)
    # Every word of the length, not only every anagram: without its surroundings, ABA holds the same pairs as BAB.
    assert set(found) == enumerated(word, k, cyclic, lambda letters: product(sorted(set(letters)), repeat=len(letters)))
    assert sorted(ngrams(word, k, cyclic=cyclic).elements()) == spelled_out(word, k, cyclic)
    assert word in found


def test_contrast_level_is_what_must_be_heard_at_once():
    assert contrast_level("STRESSED", "DISTRESS") == 1
    assert contrast_level("ABC", "AB") == 1
    assert contrast_level(WORD, SEMORDNILAP) == 2
    assert {contrast_level(WORD, other) for other in SAME_PAIRS - {WORD}} == {3}


def test_without_silence_words_of_other_letters_can_have_the_same_pairs():
    assert confusable_words("ABA", 2) == ("ABA", "BAB")
    assert contrast_level("ABA", "BAB") == 1  # in silence, single letters part them


@settings(deadline=None)
@given(words, words, st.integers(1, 6))
def test_in_silence_words_are_parted_from_their_contrast_level_on(first, second, k):
    if first == second:
        return
    framed = [f"......{word}......".ljust(20, ".") for word in (first, second)]
    assert (spelled_out(framed[0], k, True) != spelled_out(framed[1], k, True)) == (k >= contrast_level(first, second))


@pytest.mark.parametrize("level", range(1, 6))
def test_a_contrast_pair_differs_at_its_level_and_not_before_even_in_silence(level):
    pair = contrast_pair(level, "DERST")
    assert contrast_level(*pair) == level
    framed = [f"......{word}......" for word in pair]
    for k in range(1, level):
        assert spelled_out(framed[0], k, True) == spelled_out(framed[1], k, True)
    assert spelled_out(framed[0], level, True) != spelled_out(framed[1], level, True)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ngrams("AB", 3), "between 1 and the 2 letters"),
        (lambda: ngrams("AB", 0), "between 1 and"),
        (lambda: contrast_level("AB", "AB"), "same word twice"),
        (lambda: contrast_pair(0, "ABC"), "at least 1"),
        (lambda: contrast_pair(1, "A"), "two at least"),
        (lambda: contrast_pair(4, "ABC"), "as many different letters"),
        (lambda: contrast_pair(2, "AAB"), "different letters"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(InputError, match=text):
        call()


# I24: one-hot letters through a random network of one convolution, in float64. Equal multisets of k-grams are equal
# sums, up to the order in which they are added: some 16 places times eps, far below the bound.
ROUNDING = 1e-12


def random_network(kernel, n_time, n_letters=5, channels=(24,)):
    """A network on tokens: ends joined, `kernel` letters at once (and 2 more a later stage), a global average."""
    torch.manual_seed(7)
    config = NetworkConfig(
        input_shape=(n_letters, n_time),
        n_classes=3,
        channels=channels,
        stem_kernel=kernel,
        downsampling="none",
        padding="circular",
        head="average",
    )
    return ConvNet(config).double().eval()


def one_hot(word, n_time):
    """Letters as columns of ones, silence of zeros after them."""
    tokens = torch.zeros(5, n_time, dtype=torch.float64)
    for place, letter in enumerate(word):
        tokens["DERST".index(letter), place] = 1.0
    return tokens


def difference(network, first, second):
    with torch.no_grad():
        logits = network(torch.stack([first, second]))
    return float((logits[0] - logits[1]).abs().max())


def test_I24_one_letter_at_once_cannot_tell_stressed_from_desserts_and_two_can():
    pair = [one_hot(word, 16) for word in (WORD, SEMORDNILAP)]
    assert difference(random_network(1, 16), *pair) <= ROUNDING
    assert difference(random_network(2, 16), *pair) > 1e-4  # the control
    assert difference(random_network(1, 16), pair[0], one_hot("STRESSES", 16)) > 1e-4  # not deaf to letters


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_I24_a_network_parts_just_the_words_whose_ngrams_differ(kernel):
    network = random_network(kernel, 24)
    for level in range(1, 6):
        found = difference(network, *(one_hot(word, 24) for word in contrast_pair(level, "DERST")))
        assert (found > 1e-6) == (level <= kernel)
        assert not ROUNDING < found < 1e-6
    for word in SAME_PAIRS - {WORD}:
        found = difference(network, one_hot(WORD, 24), one_hot(word, 24))
        assert (found > 1e-6) == (kernel >= 3)


@pytest.mark.parametrize(("kernel", "channels", "field"), [(4, (24,), 4), (3, (8, 8), 7)])
def test_I24_segments_apart_by_silence_as_long_as_the_field_less_one_are_permutable(kernel, channels, field, rng):
    segments, orders = torch.from_numpy(rng.standard_normal((5, 24))), [[2, 0, 1, 3], [3, 1, 2, 0], [1, 0, 3, 2]]

    def change(gap):
        network = random_network(kernel, 64, channels=channels)
        sounds = [insert_silence(permute_segments(segments, order), 4, gap) for order in [[0, 1, 2, 3], *orders]]
        padded = [torch.nn.functional.pad(sound, (0, 64 - sound.shape[-1])) for sound in sounds]
        return [difference(network, padded[0], moved) for moved in padded[1:]]

    assert max(change(field - 1)) <= ROUNDING
    assert min(change(field - 2)) > 1e-6  # one place less, and a field touches two segments
    assert min(change(0)) > 1e-4  # the control
