"""The errors that audioinv raises on purpose.

Conventions
-----------
A message gives the name, the value, the rule that was broken and, where there is one, the remedy, in one or
two lines. Whoever catches `AudioinvError` catches everything that a user can put right.
"""

__all__ = ["AudioFileError", "AudioinvError", "CheckpointError", "DecoderError", "InputError", "ModelError"]


class AudioinvError(Exception):
    """Base class of every error that a user can put right."""


class InputError(AudioinvError, ValueError):
    """An argument, an option or a configuration that cannot be used."""


class AudioFileError(AudioinvError, OSError):
    """A sound file that cannot be read, or holds nothing to analyse."""


class DecoderError(AudioFileError):
    """A sound file at which the decoder was lost: it died, did not start or took too long. Another try may do."""


class ModelError(AudioinvError, RuntimeError):
    """A model that is unknown, does not say what it needs, or answers in the wrong shape."""


class CheckpointError(AudioinvError, RuntimeError):
    """A saved model or results folder that is missing, damaged or of another version."""
