"""Numbers with a unit, as they are typed: bare, or with the unit that the option has.

What is here: `read_quantity`, `read_rate`.
"""

from __future__ import annotations

import math
import re

from ..errors import InputError

__all__ = ["read_quantity", "read_rate"]

_WORDS = {"s": "seconds", "ms": "milliseconds", "Hz": "hertz", "st": "semitones", "dB": "decibels"}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)\s*")
_LEAST_RATE, _GREATEST_RATE = 1000, 768_000  # hertz; outside, a rate was given in another unit


def read_quantity(flag: str, text: str, unit: str, example: str) -> float:
    """Read a number that may have its unit behind it.

    Parameters
    ----------
    flag : str
        Option that it was typed for, as the error names it.
    text : str
    unit : {"s", "ms", "Hz", "st", "dB"}
        The only one that may be written, in capitals or not.
    example : str
        What could be typed instead.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If it is no finite number, or has another unit.

    Examples
    --------
    >>> read_quantity("--time-jitter", "20", "ms", "20"), read_quantity("--time-jitter", "20ms", "ms", "20")
    (20.0, 20.0)
    """
    found = _NUMBER.fullmatch(text)
    if found and found[2].lower() in ("", unit.lower()) and math.isfinite(value := float(found[1])):
        return value
    raise InputError(f"{flag} {text!r} is not a number of {_WORDS[unit]}; write it as {example} or {example}{unit}")


def read_rate(text: str) -> int:
    """Read the sample rate of a model that is to be made.

    Parameters
    ----------
    text : str

    Returns
    -------
    int
        In hertz.

    Raises
    ------
    InputError
        If it is no whole number of hertz, or none that sound is sampled at.

    Examples
    --------
    >>> read_rate("44100Hz")
    44100
    """
    rate = read_quantity("--sample-rate", text, "Hz", "44100")
    if rate % 1 or not _LEAST_RATE <= rate <= _GREATEST_RATE:
        raise InputError(f"--sample-rate {text!r} must be whole, {_LEAST_RATE} to {_GREATEST_RATE} Hz, e.g. 44100")
    return int(rate)
