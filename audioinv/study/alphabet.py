"""Letters as sounds, and words written with them: what the experiment with STRESSED and DESSERTS hears.

Conventions
-----------
A *slot* is a letter and the gap after it. A window holds `N_SLOTS` slots, the word in the midst of silence. Frames are
one slot long, without overlap, and centred on the letters, so that a frame holds one letter and no part of another.

What is here: `Alphabet`, `open_alphabet`, `write_word`, `lay_word`; `ALPHABETS`, `LETTERS`, `N_SLOTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..corpus.layouts import read_corpus
from ..errors import InputError
from ..nets.library import shipped_folder
from ..sound.clip import open_window
from ..sound.segments import insert_silence
from ..sound.synthetic import harmonic_tone

__all__ = ["ALPHABETS", "LETTERS", "N_SLOTS", "Alphabet", "lay_word", "open_alphabet", "write_word"]

FloatArray = npt.NDArray[np.float64]

ALPHABETS = ("notes", "digits")
LETTERS = "DERST"
N_SLOTS = 16  # eight letters and as many silences: no field of eight letters touches both ends of a word
_FIRST_SLOT = 4
_SAMPLE_RATE = 8000
_GAP_SAMPLES = 128
_NOTE_SAMPLES = 896
_DIGIT_SAMPLES = 6016  # 0.752 s; the longest digit has 0.751 s


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
