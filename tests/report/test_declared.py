"""What fits a declaration passes, what does not is named with place and rule; JSON holds finite numbers only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
import pytest

from audioinv.report.declared import misfit, read_plain


@dataclass(frozen=True)
class Point:
    x: float
    name: str = ""


class Beside(TypedDict, total=False):
    note: str


class Document(Beside):
    points: tuple[Point, ...]
    seed: int


FITS = [
    (1, int),
    (1, float),
    (-(2**63), int),
    (1.5, float),
    (np.float32(1), float),
    (np.int64(1), int),
    ("", str),
    (True, bool),
    (None, float | None),
    ([], tuple[int, ...]),
    ((1, "a"), tuple[int, str]),
    ([1, 2.5], tuple[float, ...]),
    ({"a": [None, 1]}, Mapping[str, tuple[float | None, ...]]),
    ("b", Literal["a", "b"]),
    ({"anything": [1]}, Any),
    (np.zeros(3), np.ndarray),
    (Point(1.0), Point),
    ({"points": [Point(1)], "seed": 0}, Document),
    ({"points": [], "seed": 0, "note": "x", "more": 5}, Document),
]


@pytest.mark.parametrize(("value", "kind"), FITS)
def test_what_is_as_declared_passes(value, kind):
    assert misfit(value, kind, "it") == ""


MISFITS = [
    ("1", int, "it='1' must be a whole number of 64 bits"),
    (1.0, int, "it=1.0 must be a whole number of 64 bits"),
    (2**63, int, "it=9223372036854775808 must be a whole number of 64 bits"),
    (True, int, "it=True must be a whole number of 64 bits"),
    (True, float, "it=True must be a number"),
    (None, float, "it=None must be a number"),
    (1, bool, "it=1 must be true or false"),
    (5, str, "it=5 must be a text"),
    ("ab", tuple[str, ...], "it='ab' must be a list"),
    ({"a": 1}, tuple[str, ...], "it={'a': 1} must be a list"),
    ([1, "a"], tuple[float, ...], "it.1='a' must be a number"),
    ((1, 2), tuple[int, str], "it.1=2 must be a text"),
    ([1], Mapping[str, int], "it=[1] must be names with values"),
    ({"a": {"b": "x"}}, Mapping[str, Mapping[str, int]], "it.a.b='x' must be a whole number of 64 bits"),
    ({5: 1}, Mapping[str, int], "a name in it=5 must be a text"),
    ("x", float | None, "it='x' must be a number"),
    ("c", Literal["a", "b"], "it='c' must be one of a, b"),
    (5, Point, "it=5 must be names with values"),
    (Point("x"), Point, "it.x='x' must be a number"),
    (Point(1.0, 5), Point, "it.name=5 must be a text"),
    ({"points": [Point("x")], "seed": 0}, Document, "it.points.0.x='x' must be a number"),
    ({"points": []}, Document, "it.seed is missing"),
    ({"points": [], "seed": 0, "note": 5}, Document, "it.note=5 must be a text"),
    ("x" * 99, int, f"it='{'x' * 38}… must be a whole number of 64 bits"),
]


@pytest.mark.parametrize(("value", "kind", "said"), MISFITS)
def test_what_is_not_is_named_with_the_rule(value, kind, said):
    assert misfit(value, kind, "it") == said


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999", "9" * 400])
def test_numbers_without_end_are_no_json_of_ours(text):
    with pytest.raises(ValueError, match="is no finite number"):
        read_plain(f'{{"a": [{text}]}}')


def test_other_json_is_read_as_ever():
    assert read_plain(b'{"a": [1, -2.5e3, "x", null, true, {}]}') == {"a": [1, -2500.0, "x", None, True, {}]}
    assert read_plain(str(10**300)) == 10**300
