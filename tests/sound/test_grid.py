"""Grids: what a user writes and the amounts it stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.grid import ShiftGrid, parse_grid


@pytest.mark.parametrize(
    ("axis", "text", "amounts", "unit"),
    [
        ("time", "-50:50:25ms", (-50, -25, 0, 25, 50), "ms"),
        ("time", "0:1:0.5s", (0, 0.5, 1), "s"),
        ("time", "0:160:80smp", (0, 80, 160), "smp"),
        ("time", "0:1:0.25frame", (0, 0.25, 0.5, 0.75, 1), "frame"),
        ("freq", "-100:100:100Hz", (-100, 0, 100), "Hz"),
        ("freq", "1:2:1kHz", (0, 1, 2), "kHz"),
        ("pitch", "-50:50:50ct", (-50, 0, 50), "ct"),
        ("bins", "-2:2:1", (-2, -1, 0, 1, 2), "bins"),
        ("time", "3.5ms", (0, 3.5), "ms"),
        ("time", "10:35:10ms", (0, 10, 20, 30), "ms"),
    ],
)
def test_grids_as_written(axis, text, amounts, unit):
    grid = parse_grid(axis, text)
    assert grid.amounts == amounts
    assert grid.unit == unit


@given(st.integers(-300, 0), st.integers(1, 300), st.integers(1, 97))
def test_decimal_steps_do_not_drift(first, last, step):
    grid = parse_grid("time", f"{first / 10}:{last / 10}:{step / 10}ms")
    expected = {0.0} | {i / 10 for i in range(first, last + 1, step)}
    assert set(grid.amounts) == expected


def test_natural_units():
    np.testing.assert_array_equal(parse_grid("time", "0:1:0.0625ms").natural(16000), np.arange(17.0))
    np.testing.assert_array_equal(parse_grid("time", "0.1s").natural(44100), [0, 4410])
    np.testing.assert_array_equal(parse_grid("time", "0:1:0.5frame").natural(16000, 160), [0, 80, 160])
    np.testing.assert_array_equal(parse_grid("freq", "0.5kHz").natural(16000), [0, 500])
    np.testing.assert_array_equal(parse_grid("pitch", "50ct").natural(16000), [0, 0.5])


@pytest.mark.parametrize(
    ("axis", "text", "words"),
    [
        ("time", "-50:50:1", "unit is missing does not fit; known units: ms, s, smp, frame"),
        ("time", "-50:50:1Hz", "unit Hz does not fit"),
        ("time", "50:-50:1ms", "FIRST not above LAST"),
        ("time", "-50:50:0ms", "step must be positive"),
        ("time", "soon", "is not a grid"),
        ("freq", "0:1000000:1Hz", "at most 100000"),
        ("bins", "0:1:0.5bins", "whole numbers"),
        ("space", "1ms", "axis='space' is not one of"),
    ],
)
def test_errors_name_the_remedy(axis, text, words):
    with pytest.raises(InputError, match=words):
        parse_grid(axis, text)


def test_a_grid_always_holds_zero_and_ascends():
    assert ShiftGrid("time", (30, 10, 20, 10), "ms").amounts == (0, 10, 20, 30)
    with pytest.raises(InputError, match="finite"):
        ShiftGrid("time", (float("nan"),), "ms")
    with pytest.raises(InputError, match="frames need a model"):
        ShiftGrid("time", (1.0,), "frame").natural(16000)
