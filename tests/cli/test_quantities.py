"""Numbers with a unit, as they are typed: bare or with exactly their unit; anything else is refused by name."""

import pytest

from audioinv.cli.quantities import read_quantity
from audioinv.errors import InputError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("20", "ms", 20.0), ("20ms", "ms", 20.0), (" 2.5 MS ", "ms", 2.5), ("1e3s", "s", 1000.0), ("-3dB", "dB", -3.0)],
)
def test_a_number_and_its_unit(text, unit, value):
    assert read_quantity("--amount", text, unit, "7") == value


@pytest.mark.parametrize("text", ["20s", "20 m s", "ms", "", "44,1", "20msms", "0x10ms", "1_0"])
def test_what_is_no_such_number_is_refused_by_name(text):
    with pytest.raises(InputError) as caught:
        read_quantity("--amount", text, "ms", "7")
    assert str(caught.value) == f"--amount {text!r} is not a number of milliseconds; write it as 7 or 7ms"


@pytest.mark.parametrize("text", ["nan", "inf", "-infs", "1e999"])
def test_what_is_not_finite_is_no_number_of_anything(text):
    with pytest.raises(InputError, match="is not a number of seconds; write it as 1 or 1s"):
        read_quantity("--amount", text, "s", "1")
