"""Does a model hear in which order sounds come? Words as the plainest case, and measures of answers for any.

A model that pools what it hears over time knows which stretches occur, and how often, but not where. If it hears k
letters at once, two words with the same multiset of k-grams are one word to it, whatever it learns: with k = 1 that
is every anagram, STRESSED and DESSERTS among them. Such a model passes every test of invariance to delay, which is
why invariance is to be read beside discrimination.

Conventions
-----------
A word is a string, one character a letter. Its k-grams are its stretches of k letters; of a *cyclic* word, whose end
is joined to its beginning, there are as many as letters. `scores` are ordered ``(n_clips, n_orders, n_classes)``,
`answers` are class indices of shape ``(n_clips, n_orders)`` from `audioinv.measure.outcome.top1`, and `zero` is the
index of the column in the original order. A statistic has shape ``(n_clips,)``, ``nan`` where a clip has none. Numbers
after # count the catalogue of definitions.

What is here: `ngrams`, `count_anagrams`, `confusable_words`, `contrast_level`, `contrast_pair`; `order_sensitivity`,
`order_distance`, `permutation_confusion`, `OrderHorizon`, `order_horizon`, `dominated`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .outcome import agreement, mean_over_shifts

__all__ = [
    "OrderHorizon",
    "confusable_words",
    "contrast_level",
    "contrast_pair",
    "count_anagrams",
    "dominated",
    "ngrams",
    "order_distance",
    "order_horizon",
    "order_sensitivity",
    "permutation_confusion",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.intp]


def ngrams(word: str, k: int, *, cyclic: bool = False) -> Counter[str]:
    """Count a word's stretches of k letters.

    Parameters
    ----------
    word : str
    k : int
        From 1 to the length of the word.
    cyclic : bool, default False
        Whether the word's end is joined to its beginning.

    Returns
    -------
    Counter of str

    Raises
    ------
    InputError
        If the word has no k-gram.

    Examples
    --------
    >>> sorted(ngrams("ABAB", 2).items())
    [('AB', 2), ('BA', 1)]
    """
    if not 1 <= k <= len(word):
        raise InputError(f"k={k} must lie between 1 and the {len(word)} letters of {word!r}")
    text = word + word[: k - 1] if cyclic else word
    return Counter(text[i : i + k] for i in range(len(text) - k + 1))


def count_anagrams(word: str) -> int:
    """Count the words that can be spelled with a word's letters, itself among them.

    Parameters
    ----------
    word : str

    Returns
    -------
    int
        The multinomial coefficient of its letters.

    Examples
    --------
    >>> count_anagrams("STRESSED")
    3360
    """
    return factorial(len(word)) // prod(factorial(count) for count in Counter(word).values())


def confusable_words(word: str, k: int, *, cyclic: bool = False) -> tuple[str, ...]:
    """Spell every word that has the same k-grams, equally often: what k letters at once cannot tell apart.

    Each is a walk that uses up the k-grams, from one to any that begins with its last k - 1 letters: a trail of
    Euler in the graph of de Bruijn. Nothing is heard around the word here, and so it may be confused with words of
    other letters: ABA and BAB both hold AB and BA. In silence they begin and end otherwise; see `contrast_level`.

    Parameters
    ----------
    word : str
    k : int
        From 1 to the length of the word.
    cyclic : bool, default False
        Whether ends are joined to beginnings; then every rotation of the word is among them.

    Returns
    -------
    tuple of str
        Sorted, the word itself among them.

    Raises
    ------
    InputError
        If the word has no k-gram.

    References
    ----------
    .. [1] Ukkonen, Approximate string-matching with q-grams and maximal matches, Theor. Comput. Sci. 92, 1992.

    Examples
    --------
    >>> confusable_words("STRESSED", 2)
    ('SESSTRED', 'SSESTRED', 'SSTRESED', 'STRESSED')
    >>> confusable_words("STRESSED", 3)
    ('STRESSED',)
    """
    left = ngrams(word, k, cyclic=cyclic)
    starts = sorted({gram[:-1] for gram in left})
    # The trail of a ring ends where it began: as many of its k-grams leave each stretch of k - 1 letters as reach it.
    return tuple(sorted(text[: len(word)] for start in starts for text in _spell(start, k, left)))


def _spell(text: str, k: int, left: Counter[str]) -> Iterator[str]:
    """Yield every way of going on with `text` that uses up the k-grams that are left."""
    if not left.total():
        yield text
    ending = text[len(text) - k + 1 :]
    for gram in [gram for gram, count in left.items() if count and gram[:-1] == ending]:
        left[gram] -= 1
        yield from _spell(text + gram[-1], k, left)
        left[gram] += 1


def contrast_level(first: str, second: str) -> int:
    """Find the smallest k at which two words differ in their k-grams: what must be heard at once to part them.

    Words that agree in all shorter grams begin and end alike, too, for the last (k - 1)-gram is what the prefixes of
    the k-grams lack. So in silence, k letters at once can tell two words apart if and only if k reaches this level.

    Parameters
    ----------
    first, second : str
        Two different words.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the words are the same.

    Examples
    --------
    >>> contrast_level("STRESSED", "DESSERTS"), contrast_level("STRESSED", "SESSTRED")
    (2, 3)
    """
    if first == second:
        raise InputError(f"{first!r} is the same word twice; there is no k at which it differs from itself")
    if len(first) != len(second):
        return 1
    return next(k for k in range(1, len(first) + 1) if ngrams(first, k) != ngrams(second, k))


def contrast_pair(level: int, letters: str) -> tuple[str, str]:
    """Spell two words that differ in their `level`-grams and in no shorter ones.

    Two letters x and y change places between three copies of a stretch P of ``level - 2`` letters: P·x·P·y·P and
    P·y·P·x·P. They begin and end alike, so that silence around them does not part them sooner. At level 1 they are x
    and y themselves.

    Parameters
    ----------
    level : int
        At least 1.
    letters : str
        At least `level` different ones, and two at least: x, y and then those of P.

    Returns
    -------
    (str, str)

    Raises
    ------
    InputError
        If there are not enough letters.

    Examples
    --------
    >>> contrast_pair(2, "XYP"), contrast_pair(3, "XYP")
    (('XY', 'YX'), ('PXPYP', 'PYPXP'))
    """
    if level < 1 or len(letters) < max(level, 2) or len(set(letters)) < len(letters):
        raise InputError(
            f"level={level} must be at least 1, and needs as many different letters, two at least; got {letters!r}"
        )
    x, y, stretch = letters[0], letters[1], letters[2:level]
    if level == 1:
        return x, y
    return stretch.join(["", x, y, ""]), stretch.join(["", y, x, ""])


def order_sensitivity(answers: IntArray, zero: int, preserving: npt.ArrayLike = False) -> FloatArray:
    """Share of the other orders at which the answer is not the one to the original order: O, #38.

    Parameters
    ----------
    answers : ndarray of shape (n_clips, n_orders), int
    zero : int
        Index of the original order.
    preserving : array of shape (n_orders,) or (n_clips, n_orders), bool, default False
        True for orders that leave the label what it is, as exchanging the two S of STRESSED does; left out.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 1]; ``nan`` where no order counts, or an answer is missing.

    Examples
    --------
    >>> order_sensitivity(np.array([[1, 1, 0, 0]]), 0, preserving=[False, False, False, True])
    array([0.5])
    """
    counted = ~np.broadcast_to(np.asarray(preserving, dtype=bool), answers.shape)
    counted[:, zero] = False
    n_counted = counted.sum(axis=1)
    changed = ((1 - agreement(answers, zero)) * counted).sum(axis=1)
    return np.where(n_counted > 0, changed / np.maximum(n_counted, 1), np.nan)


def order_distance(scores: FloatArray, zero: int) -> FloatArray:
    """Mean absolute change of all scores together, ``‖p(πx) − p(x)‖₁``, over the other orders: #38.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_orders, n_classes)
    zero : int
        Index of the original order.

    Returns
    -------
    ndarray of shape (n_clips,)
        In [0, 2] for probabilities; ``nan`` where there is no other order, or a score is not finite.

    Examples
    --------
    >>> order_distance(np.array([[[0.25, 0.75], [0.75, 0.25]]]), 0)
    array([1.])
    """
    finite = np.asarray(np.isfinite(scores).all(axis=(1, 2)))
    known = np.where(finite[:, None, None], scores, 0.0)
    moved = np.abs(known - known[:, zero, None]).sum(axis=2)
    return np.where(finite, mean_over_shifts(np.delete(moved, zero, axis=1)), np.nan)


def permutation_confusion(scores: FloatArray, classes: IntArray) -> FloatArray:
    """Share of the two orders of a pair that are told from each other, chance 0.5: permutation confusion, #40.

    The model is asked which of the two classes it hears, A·B or B·A, in a sound of either order; a tie counts one half.
    As every pair is asked both ways, the mean over pairs is the balanced accuracy, and a model that gives both orders
    the same scores has exactly 0.5.

    Parameters
    ----------
    scores : ndarray of shape (n_pairs, 2, n_classes)
        For A·B, then for B·A.
    classes : ndarray of shape (n_pairs, 2), int
        The class that A·B is, then the class that B·A is.

    Returns
    -------
    ndarray of shape (n_pairs,)
        0, 0.25, 0.5, 0.75 or 1; ``nan`` where a score is not a number, or both orders are of the same class.

    References
    ----------
    .. [1] Ghosh et al., CompA: Addressing the Gap in Compositional Reasoning in Audio-Language Models,
       arXiv:2310.08753 (its order test).

    Examples
    --------
    >>> permutation_confusion(np.array([[[0.7, 0.3], [0.6, 0.4]]]), np.array([[0, 1]]))
    array([0.5])
    """
    own = np.take_along_axis(scores, classes[:, :, None], axis=2)[..., 0]
    other = np.take_along_axis(scores, classes[:, ::-1, None], axis=2)[..., 0]
    right = np.where(own == other, 0.5, own > other)
    undefined = np.isnan(own) | np.isnan(other) | (classes == classes[:, ::-1])
    share: FloatArray = np.where(undefined, np.nan, right).mean(axis=1)
    return share


@dataclass(frozen=True)
class OrderHorizon:
    """How many letters a model hears at once, as far as pairs of words can show.

    Parameters
    ----------
    levels : tuple of int
        The contrast levels that were tried, ascending.
    separated : tuple of float
        For each of them, the share of its pairs that the model told apart.
    value : float
        The highest level up to which every pair was told apart; beyond it the model is blind to order. 0 if not even
        single letters are told apart; ``nan`` if the lowest level that was tried is higher and was not told apart.
    censored : bool
        Whether every level that was tried was told apart, so that `value` is only a lower bound.
    """

    levels: tuple[int, ...]
    separated: tuple[float, ...]
    value: float
    censored: bool


def order_horizon(levels: npt.ArrayLike, separated: npt.ArrayLike) -> OrderHorizon:
    """Find up to which contrast level a model tells pairs of words apart: order-blindness horizon, #39.

    A model with a receptive field of r letters and a global pool has horizon r. The catalogue asks for the smallest
    level that is told apart; every model that hears single letters would have 1, so here it is the level up to which
    all are.

    Parameters
    ----------
    levels : array of shape (n_pairs,), int
        The `contrast_level` of each pair.
    separated : array of shape (n_pairs,), bool
        Whether the model told the pair apart.

    Returns
    -------
    OrderHorizon

    Raises
    ------
    InputError
        If there is no pair, or lengths disagree.

    Examples
    --------
    >>> order_horizon([1, 2, 2, 3], [True, True, True, False]).value
    2.0
    """
    at, told = np.asarray(levels), np.asarray(separated, dtype=bool)
    if at.shape != told.shape or at.size == 0:
        raise InputError(f"levels of shape {at.shape} and answers of shape {told.shape}; both need one for each pair")
    tried = np.unique(at)
    shares = np.array([told[at == level].mean() for level in tried])
    n_heard = int(np.cumprod(shares == 1).sum())
    below = 0.0 if tried[0] == 1 else np.nan
    value = float(tried[n_heard - 1]) if n_heard else below
    return OrderHorizon(tuple(tried.tolist()), tuple(shares.tolist()), value, n_heard == len(tried))


def dominated(consistency: npt.ArrayLike, accuracy: npt.ArrayLike) -> FloatArray:
    """Tell which models are beaten by another in invariance and discrimination together: #41.

    A model is the point (consistency under shifts, accuracy where order or pitch decides). It is dominated if another
    is at least as good in both and better in one; what is left is the front on which invariance has its price.

    Parameters
    ----------
    consistency, accuracy : array of shape (n_models,)

    Returns
    -------
    ndarray of shape (n_models,)
        1 or 0; ``nan`` for a model that lacks either number, which dominates no other.

    Examples
    --------
    >>> dominated([1.0, 1.0, 0.5], [0.5, 0.9, 1.0])
    array([1., 0., 0.])
    """
    points = np.column_stack([np.asarray(consistency, dtype=float), np.asarray(accuracy, dtype=float)])
    gain = points[None] - points[:, None]
    beaten = ((gain >= 0).all(axis=2) & (gain > 0).any(axis=2)).any(axis=1)
    return np.where(np.isnan(points).any(axis=1), np.nan, beaten)
