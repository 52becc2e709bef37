"""Words as the plainest case of order: which of them are one word to a model that hears k letters at once.

Conventions
-----------
A word is a string, one character a letter. Its k-grams are its stretches of k letters; of a *cyclic* word, whose end
is joined to its beginning, there are as many as letters. If a model hears k letters at once and pools over time, two
words with the same multiset of k-grams are one word to it, whatever it learns: with k = 1 that is every anagram,
STRESSED and DESSERTS among them.

What is here: `ngrams`, `confusable_words`, `contrast_level`, `contrast_pair`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..errors import InputError

__all__ = ["confusable_words", "contrast_level", "contrast_pair", "ngrams"]


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
