"""Grids: what a user writes and the amounts it stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound.grid import ShiftGrid, parse_grid, percent_of_snr, snr_of_percent


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
    np.testing.assert_array_equal(parse_grid("time", "1.001s").natural(16000), [0, 16016])  # 1.001 * 16000 is less
    np.testing.assert_allclose(parse_grid("time", "1.0000001s").natural(16000), [0, 16000.0016], rtol=1e-15)
    np.testing.assert_array_equal(parse_grid("time", "3.5smp").natural(16000, 160), [0, 3.5])
    np.testing.assert_array_equal(parse_grid("time", "0:1:0.5frame").natural(16000, 160), [0, 80, 160])
    np.testing.assert_array_equal(parse_grid("freq", "0.5kHz").natural(16000), [0, 500])
    np.testing.assert_array_equal(parse_grid("pitch", "50ct").natural(16000), [0, 0.5])


@pytest.mark.parametrize(
    ("axis", "text", "words"),
    [
        (
            "time",
            "-50:50:1",
            r"='-50:50:1' has no unit; write e.g. -50:50:1ms \(known units: ms, s, smp, frame\)$",
        ),
        ("freq", " 33 ", r"^freq='33' has no unit; write e.g. 33Hz \(known units: Hz, kHz\)$"),
        ("noise", "pink:5", r"has no unit; write e.g. pink:5% \(known units: %\)$"),
        ("time", "-50:50:1Hz", "unit Hz does not fit; known units: ms, s, smp, frame, e.g. -50:50:1ms$"),
        ("freq", "-20.5 st", "unit st does not fit; known units: Hz, kHz, e.g. -20.5 Hz$"),
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


@pytest.mark.parametrize(
    ("axis", "greatest", "unit"), [("gain", 200, "dB"), ("filter", 200, "dB"), ("freq", 1e8, "Hz")]
)
def test_the_greatest_amounts_are_in_range_and_no_more(axis, greatest, unit):
    assert ShiftGrid(axis, (greatest,), unit).amounts == (0, greatest)
    with pytest.raises(
        InputError, match=f"{axis}: .* is out of range; at most {greatest:g} either way".replace("+", r"\+")
    ):
        ShiftGrid(axis, (greatest + 1,), unit)


def test_a_grid_always_holds_zero_and_ascends():
    assert ShiftGrid("time", (30, 10, 20, 10), "ms").amounts == (0, 10, 20, 30)
    with pytest.raises(InputError, match="finite"):
        ShiftGrid("time", (float("nan"),), "ms")
    with pytest.raises(InputError, match="frames need a model"):
        ShiftGrid("time", (1.0,), "frame").natural(16000)


@pytest.mark.parametrize(
    ("axis", "text", "amounts", "unit", "variant"),
    [
        ("noise", "0:40:20dB", (0, 1, 10, 100), "%", "white"),
        ("noise", "pink:20dB", (0, 10), "%", "pink"),
        ("noise", "sounds/fan.wav:-20:0:20dB", (0, 100, 1000), "%", "sounds/fan.wav"),
        ("noise", "50%", (0, 50), "%", "white"),
        ("gain", "-6:6:6dB", (-6, 0, 6), "dB", "linear"),
        ("gain", "clip:6dB", (0, 6), "dB", "clip"),
        ("filter", "20dB", (0, 20), "dB", "telephone"),
        ("filter", "low2000:0:20:10dB", (0, 10, 20), "dB", "low2000"),
        ("filter", "band200-800:20dB", (0, 20), "dB", "band200-800"),
        ("mask", "50ms", (0, 50), "ms", "time"),
        ("mask", "1oct", (0, 1), "oct", "band"),
        ("resolution", "1oct", (0, 1), "oct", "rate"),
        ("resolution", "8bits", (0, 8), "bit", "bits"),
        ("resolution", "100%", (0, 100), "%", "vorbis"),
        ("resolution", "mp3:100%", (0, 100), "%", "mp3"),
        ("polarity", "180deg", (0, 180), "deg", ""),
        ("order", "0:2:1cuts", (0, 1, 2), "cuts", ""),
    ],
)
def test_variants_stand_in_front_or_follow_from_the_unit(axis, text, amounts, unit, variant):
    assert parse_grid(axis, text) == ShiftGrid(axis, amounts, unit, variant)


def test_times_become_samples_but_for_a_decay():
    np.testing.assert_array_equal(parse_grid("mask", "10ms").natural(16000), [0, 160])
    np.testing.assert_array_equal(parse_grid("reverse", "0.5s").natural(16000), [0, 8000])
    np.testing.assert_array_equal(parse_grid("reverb", "500ms").natural(16000), [0, 0.5])
    np.testing.assert_array_equal(parse_grid("reverb", "0.5s").natural(16000), [0, 0.5])


@pytest.mark.parametrize(
    ("axis", "text", "words"),
    [
        ("noise", "blue:10%", "noise has no variant 'blue' in %"),
        ("mask", "band:10ms", "mask has no variant 'band' in ms"),
        ("filter", "band500:10dB", "filter has no variant 'band500'"),
        ("time", "pink:10ms", "time has no variant 'pink'"),
        ("reverb", "-1:1:1s", "reverb=-1 s is below 0, which is no change at all"),
        ("order", "1.5cuts", "whole numbers"),
    ],
)
def test_a_variant_or_direction_that_is_none_is_refused(axis, text, words):
    with pytest.raises(InputError, match=words):
        parse_grid(axis, text)


@given(st.floats(-40, 80))
def test_noise_in_percent_is_its_ratio_in_decibels(snr_db):
    assert snr_of_percent(percent_of_snr(snr_db)) == pytest.approx(snr_db, abs=1e-4)
    assert np.isnan(snr_of_percent(0.0))


def test_a_grid_may_have_a_hundred_thousand_shifts_and_no_more():
    assert len(parse_grid("freq", "0:99999:1Hz").amounts) == 100_000
    with pytest.raises(InputError, match="'0:100000:1Hz' asks for 100,001 shifts; at most 100000"):
        parse_grid("freq", "0:100000:1Hz")
    assert len(ShiftGrid("freq", tuple(range(100_000)), "Hz").amounts) == 100_000
    with pytest.raises(InputError, match="100001 shifts along freq; at most 100000"):
        ShiftGrid("freq", tuple(range(100_001)), "Hz")


def test_what_is_asked_far_too_often_is_said_in_short():
    with pytest.raises(InputError, match="asks for 999,999,999,000,001 shifts"):
        parse_grid("freq", "0:999999999:0.000001Hz")
    with pytest.raises(InputError, match="asks for 1,000,000,000,000,000 shifts"):
        parse_grid("freq", "0:999999999.999999:0.000001Hz")
    with pytest.raises(InputError, match="asks for more than 10¹⁵ shifts"):
        parse_grid("freq", "0:1000000000:0.000001Hz")
    long = f"0:{'9' * 74}:1Hz"
    assert len(long) == 80
    with pytest.raises(InputError, match=f"freq='0:{'9' * 38}…' asks for more than"):
        parse_grid("freq", long)
    with pytest.raises(InputError, match=f"freq='{long[:2]}{long[3:]}' asks for more than"):
        parse_grid("freq", long[:2] + long[3:])


@pytest.mark.parametrize("text", ["5:5:1ms", "5:6:5ms", "5ms", " 5 ms "])
def test_one_amount_may_be_written_in_several_ways(text):
    assert parse_grid("time", text).amounts == (0, 5)


@pytest.mark.parametrize("axis", ["noise", "reverb", "mask", "reverse", "order", "resolution"])
def test_an_axis_of_one_direction_begins_at_zero(axis):
    unit = {"noise": "%", "reverb": "s", "mask": "ms", "reverse": "ms", "order": "cuts", "resolution": "bit"}[axis]
    assert ShiftGrid(axis, (1.0,), unit).amounts == (0, 1)
    with pytest.raises(InputError, match=f"{axis}=-1 {unit} is below 0"):
        ShiftGrid(axis, (-1.0, 1.0), unit)
    assert ShiftGrid("gain", (-1.0,), "dB").amounts == (-1, 0)


@pytest.mark.parametrize("axis", ["bins", "order"])
def test_bins_and_cuts_are_whole(axis):
    unit = "bins" if axis == "bins" else "cuts"
    assert ShiftGrid(axis, (2.0,), unit).amounts == (0, 2)
    with pytest.raises(InputError, match="by whole numbers; give a whole step"):
        ShiftGrid(axis, (2.5,), unit)


def test_a_grid_says_what_it_is():
    assert str(parse_grid("time", "-50:50:25ms")) == "-50 … 50 ms, 5 shifts"
    assert str(parse_grid("noise", "pink:10%")) == "pink 0 … 10 %, 2 shifts"


def test_noise_is_written_in_percent_to_six_digits_down_to_minus_120_decibels():
    assert percent_of_snr(-120) == 1e8
    assert (percent_of_snr(7), percent_of_snr(-3)) == (44.6684, 141.254)
    with pytest.raises(InputError, match=r"a signal-to-noise ratio of -120\.1 dB; give one of -120 dB or more"):
        percent_of_snr(-120.1)
    assert snr_of_percent(0.5) == pytest.approx(46.0206, abs=1e-4)


def test_a_grid_of_nothing_is_the_unchanged_sound():
    assert ShiftGrid("time", (), "ms").amounts == (0,)
    with pytest.raises(InputError, match="axis='space' is not one of time, freq"):
        ShiftGrid("space", (1.0,), "ms")
    with pytest.raises(InputError, match="unit='Hz' does not fit the axis time; known units: ms, s, smp, frame"):
        ShiftGrid("time", (1.0,), "Hz")
