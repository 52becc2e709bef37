"""What was read from a file held against what it is declared to be, so that nothing else is computed with.

Conventions
-----------
A declaration is an annotation: of the fields of a dataclass, or of the members of a ``TypedDict``, which need not name
all that a document holds. A whole number will do for a number, and nothing else for anything else. Of arrays it is only
seen that they are no single number: most come from tables, which have a schema of their own.

What is here: `misfit`, `read_plain`; `UNREADABLE` and `why`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
import pyarrow as pa

__all__ = ["UNREADABLE", "misfit", "read_plain", "why"]

UNREADABLE = (
    *(LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError),
    *(pa.ArrowException, OSError, csv.Error),
)
"""What reading a damaged file raises."""

_WORDS: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    int: ((int, np.integer), "a whole number of 64 bits"),
    float: ((int, float, np.integer, np.floating), "a number"),
    bool: ((bool, np.bool_), "true or false"),
    NoneType: ((NoneType,), "null"),
    tuple: ((tuple, list), "a list"),
    Mapping: ((Mapping,), "names with values"),
}
_LARGEST = 1e300  # no number is written that a hundredfold of would be infinite
_MOST = 2**63  # no array holds a greater whole number
_SHOWN = 40  # letters of a value


def why(error: BaseException) -> str:
    """Say in one line why a file cannot be read.

    Parameters
    ----------
    error : Exception
        One of `UNREADABLE`.

    Returns
    -------
    str

    Examples
    --------
    >>> why(KeyError("models")), why(ValueError("no number"))
    ("'models' is missing", 'no number')
    """
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"{reason} is missing" if isinstance(error, KeyError) else reason


def read_plain(text: str | bytes) -> Any:
    """Read JSON as it is written here: with numbers that are finite.

    Parameters
    ----------
    text : str or bytes

    Returns
    -------
    JSON data

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> read_plain('{"n_clips": 5}')
    {'n_clips': 5}
    >>> read_plain('{"n_clips": NaN}')
    Traceback (most recent call last):
    ValueError: NaN is no finite number
    """
    return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)


def _refuse(text: str) -> float:
    raise ValueError(f"{text[:_SHOWN]} is no finite number")


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) > _LARGEST:
        raise ValueError(f"{text[:_SHOWN]} is no finite number, or beyond ±{_LARGEST:g}")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def misfit(value: object, kind: Any, name: str = "") -> str:
    """Say what about a value is not as it is declared.

    Parameters
    ----------
    value : object
        Plain data, or what was made of it.
    kind : annotation
    name : str, default ""
        Of the value, as the text calls it.

    Returns
    -------
    str
        The first that does not fit, with its name and the rule; empty if all does.

    Examples
    --------
    >>> misfit({"time": [1.0, "x"]}, Mapping[str, tuple[float, ...]], "shifts")
    "shifts.time.1='x' must be a number"
    >>> misfit(None, float | None)
    ''
    """
    origin = get_origin(kind) or kind
    if origin is Union or origin is UnionType:
        found = [misfit(value, one, name) for one in get_args(kind)]
        deeper = [said for said in found if not said.startswith(f"{name}=")]
        return max(deeper or found, key=len) if all(found) else ""
    if origin is Literal:
        return "" if value in get_args(kind) else _said(name, value, f"one of {', '.join(map(str, get_args(kind)))}")
    if origin is np.ndarray:
        return _said(name, value.item(), "a list") if isinstance(value, np.ndarray) and not value.ndim else ""
    if is_dataclass(kind) or is_typeddict(kind):
        known = isinstance(value, Mapping) if is_typeddict(kind) else isinstance(value, kind)
        inside = _members(value, kind, name) if known else iter([_said(name, value, _WORDS[Mapping][1])])
        return next(filter(None, inside), "")
    if origin not in _WORDS:
        return ""
    types, word = _WORDS[origin]
    too_large = origin is int and isinstance(value, int) and not -_MOST <= value < _MOST
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types) or too_large:
        return _said(name, value, word)
    return next(filter(None, (misfit(*one) for one in _inside(value, get_args(kind), name))), "")


def _members(value: Any, kind: Any, name: str) -> Iterator[str]:
    """Yield what does not fit of a dataclass or of a document with declared members."""
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        yield from (misfit(getattr(value, one.name), hints[one.name], _at(name, one.name)) for one in fields(kind))
        return
    yield from (f"{_at(name, key)} is missing" for key in sorted(kind.__required_keys__ - value.keys()))
    yield from (misfit(value[key], hints[key], _at(name, key)) for key in hints if key in value)


def _inside(value: Any, kinds: tuple[Any, ...], name: str) -> Iterator[tuple[object, Any, str]]:
    """Yield what a list or a mapping holds, each with what it is declared to be and its name."""
    if isinstance(value, Mapping):
        for key, one in value.items() if kinds else ():
            yield key, kinds[0], f"a name in {name}"
            yield one, kinds[1], _at(name, key)
    elif isinstance(value, (tuple, list)) and kinds:
        each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else kinds
        yield from ((one, kind, _at(name, place)) for place, (one, kind) in enumerate(zip(value, each, strict=False)))


def _at(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _said(name: str, value: object, rule: str) -> str:
    shown = repr(value)
    return f"{name}={shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + '…'} must be {rule}"
