"""The errors that audioinv raises on purpose.

Conventions
-----------
A message gives the name, the value, the rule that was broken and, where there is one, the remedy, in one or
two lines. Whoever catches `AudioinvError` catches everything that a user can put right.
"""

from collections.abc import Sequence

__all__ = [
    "AudioFileError",
    "AudioinvError",
    "CheckpointError",
    "DecoderError",
    "InputError",
    "ModelError",
    "TooFewClips",
]

_SHOWN = 3


class AudioinvError(Exception):
    """Base class of every error that a user can put right.

    Examples
    --------
    >>> from audioinv import parse_grid
    >>> try:
    ...     parse_grid("time", "soon")
    ... except AudioinvError as error:
    ...     print(type(error).__name__)
    InputError
    """


class InputError(AudioinvError, ValueError):
    """An argument, an option or a configuration that cannot be used.

    Examples
    --------
    >>> from audioinv import ShiftGrid
    >>> try:
    ...     ShiftGrid("time", (5.0,), "Hz")
    ... except InputError as error:
    ...     print(error)
    unit='Hz' does not fit the axis time; known units: ms, s, smp, frame
    """


class TooFewClips(InputError):
    """Fewer clips than an analysis needs.

    Parameters
    ----------
    message : str
    failures : sequence, default ()
        What might have made up the number; each as text says what is wrong with it.
    """

    def __init__(self, message: str, failures: Sequence[object] = ()) -> None:
        reasons = "; ".join(map(str, failures[:_SHOWN]))
        super().__init__(f"{message}{f' ({reasons})' if reasons else ''}")
        self.failures = tuple(failures)


class AudioFileError(AudioinvError, OSError):
    """A sound file that cannot be read, or holds nothing to analyse.

    Examples
    --------
    >>> from audioinv import load_clip
    >>> try:
    ...     load_clip("no/such/sound.wav")
    ... except AudioFileError as error:
    ...     print(error)
    no/such/sound.wav: no such file
    """


class DecoderError(AudioFileError):
    """A sound file at which the decoder was lost: it died, did not start or took too long. Another try may do."""


class ModelError(AudioinvError, RuntimeError):
    """A model that is unknown, does not say what it needs, or answers in the wrong shape.

    Examples
    --------
    >>> from audioinv import load_model
    >>> try:
    ...     load_model("drums-cnn3d")
    ... except ModelError as error:
    ...     print("drums-cnn2d" in str(error))
    True
    """


class CheckpointError(AudioinvError, RuntimeError):
    """A saved model or results folder that is missing, damaged or of another version.

    Examples
    --------
    >>> from audioinv import load_profile
    >>> try:
    ...     load_profile("no/such/run")
    ... except CheckpointError as error:
    ...     print(error)
    no/such/run does not exist; give a folder that audioinv profile wrote
    """
