"""One clip at a time: opened when its turn comes, and set aside with the reason where it cannot be used.

What is here: `attempt`, `source_name`, `DECODER`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..corpus.entries import CorpusEntry
from ..errors import AudioFileError, DecoderError, InputError
from ..sound.clip import Clip
from .responses import Failure

__all__ = ["DECODER", "attempt", "source_name"]

_Result = TypeVar("_Result")

DECODER = "decoder"
"""The stage of a failure that may be none at another try: that of a machine under load and not of a file."""


def attempt(source: Clip | CorpusEntry, use: Callable[[Clip], _Result]) -> _Result | Failure:
    """Open a clip and do something with it.

    Parameters
    ----------
    source : Clip or CorpusEntry
    use : callable

    Returns
    -------
    whatever `use` returns, or Failure
        Where the clip cannot be read (stage ``"read"``, or `DECODER`), or `use` refuses it (``"check"``).

    Examples
    --------
    >>> import numpy as np
    >>> from audioinv.sweep.plan import check_window
    >>> silence = Clip(np.zeros(8, np.float32), 8000, name="nothing")
    >>> failure = attempt(silence, lambda clip: check_window(clip, clip))
    >>> failure.path, failure.stage
    ('nothing', 'check')
    """
    name, stage = source_name(source), "read"
    try:
        clip = source if isinstance(source, Clip) else source.load()
        stage = "check"
        return use(clip)
    except (AudioFileError, InputError) as error:
        where = DECODER if isinstance(error, DecoderError) else stage
        return Failure(name, where, str(error).removeprefix(f"{name}: "))


def source_name(source: Clip | CorpusEntry) -> str:
    """Return what a clip is called in progress and failures.

    Parameters
    ----------
    source : Clip or CorpusEntry

    Returns
    -------
    str
        Of an entry its path, as it may not be read yet.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> source_name("bell.wav")
    Traceback (most recent call last):
    audioinv.errors.InputError: 'bell.wav' is no clip; give audioinv.read_corpus(…), or [audioinv.load_clip(…)]
    """
    if not isinstance(source, (Clip, CorpusEntry)):
        raise InputError(f"{source!r} is no clip; give audioinv.read_corpus(…), or [audioinv.load_clip(…)]")
    return source.name if isinstance(source, Clip) else str(source.path)
