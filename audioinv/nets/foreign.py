"""Code that is not ours: models of others, run so that what they do wrong stays theirs and is said in one line.

Conventions
-----------
Time is in seconds. What a model raises, ``sys.exit`` among it, becomes a `ModelError`. What it prints goes to stderr,
because stdout is for results. What hangs cannot be called back, whatever it hangs in: with a limit of time the process
ends, and says so.

What is here: `foreign_code`, `HUNG`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from threading import TIMEOUT_MAX, Timer

from ..errors import AudioinvError, ModelError

__all__ = ["HUNG", "foreign_code"]

_REMEDY = (
    "it is given float32 of shape (batch, samples), a module as a tensor, a function as a NumPy array; what takes "
    "another must be wrapped in a function"
)
HUNG = 2
"""The exit code of a process whose model hangs: that for what the user can put right."""


@contextmanager
def foreign_code(what: str, given: str = "", timeout_seconds: float | None = None) -> Iterator[None]:
    """Run somebody else's code.

    Parameters
    ----------
    what : str
        For the text of the error: ``"model net"``.
    given : str, default ""
        What it was given, where that is windows of sound: ``"8 windows of 16000 samples"``.
    timeout_seconds : float, optional
        After this the process ends with exit code 2 and a line on stderr. Without, it may take for ever.

    Raises
    ------
    ModelError
        Whatever it raises, but for what the user interrupts and errors of ours.

    Examples
    --------
    >>> with foreign_code("model demo"):
    ...     raise ValueError("no such layer")
    Traceback (most recent call last):
    audioinv.errors.ModelError: model demo fails: ValueError: no such layer
    """
    watch = Timer(min(timeout_seconds, TIMEOUT_MAX), _give_up, (what, timeout_seconds)) if timeout_seconds else None
    if watch is not None:
        watch.daemon = True
        watch.start()
    try:
        with redirect_stdout(sys.stderr):
            yield
    except AudioinvError:
        raise
    except SystemExit as error:
        raise ModelError(f"{what} ends the program (exit code {error.code}); what is a model must return") from error
    except Exception as error:  # what somebody else's code raises cannot be known beforehand
        told = f"{what} fails{given and f' on {given}'}: {type(error).__name__}: {_reason(error)}"
        raise ModelError(f"{told}\n       {_REMEDY}" if given else told) from error
    finally:
        if watch is not None:
            watch.cancel()


def _reason(error: Exception) -> str:
    """Return the line of an error that says what happened: TorchScript's last, anybody else's first."""
    lines = str(error).strip().splitlines() or ["no reason given"]
    line = lines[-1 if "TorchScript interpreter" in lines[0] else 0]
    return line.removeprefix(f"{type(error).__name__}: ")


def _give_up(what: str, seconds: float) -> None:
    """End the process from beside the code that hangs; locks are let go of by the system, and parts stay."""
    text = (
        f"error: {what} did not answer within {seconds:g} s; mend it, or allow more (--timeout); the same command goes "
        "on from what is kept in a journal, and clears away what else is unfinished\n"
    )
    with suppress(OSError):
        os.write(2, text.encode())
    os._exit(HUNG)
