"""A comparison in words: the numbers of the comparison, signs, and what was not shown."""

import re
from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure.comparison import compare_models
from audioinv.measure.matching import Compared
from audioinv.measure.pairing import LEVEL
from audioinv.measure.statistics import Estimate
from audioinv.report.comparison_text import comparison_lines, difference_cells, measure_name, verdict_line


@pytest.fixture(scope="module")
def sides(results):
    return [Compared(name, responses) for name, responses in results.responses.items()]


def test_every_difference_stands_with_its_interval_and_p_value(sides):
    found = compare_models(*sides)
    lines = comparison_lines(found)
    assert lines[:3] == ["A centroid", "B <b>half</b>", "24 clips in 12 groups, paired"]
    large = [row for row in found.differences if abs(row.difference.value) > 0.05]
    assert len(large) > 5
    for row in large:
        value = f"{row.difference.value:+.2f}".replace("-", "−")
        assert any(f"{row.first:.2f}" in line and f"{row.second:.2f}" in line and value in line for line in lines)
    assert max(map(len, lines)) <= 110
    text = " ".join(lines)
    assert "shown at 5 % after Holm's correction over 16 measures" in text
    assert re.search(r"time, \d classes tested \(Benjamini–Hochberg, 5 %\): (A|neither) is ", text)
    assert re.search(r"time, 6 shifts tested .*: A is steadier at", text)


def written(number):
    return float(number.replace("−", "-"))


@pytest.mark.parametrize("scale", [1, 0.03, 1e-3, 1e-5, 1e-9])
def test_a_difference_that_is_shown_is_never_written_as_nothing(sides, scale):
    found = scaled(compare_models(*sides), scale)
    shown = [row for row in found.differences if row.p_adjusted < LEVEL]
    assert len(shown) > 3
    verdict = verdict_line(found)
    for row in shown:
        estimate = row.difference
        cells = difference_cells(row)
        said = re.search(rf"{re.escape(measure_name(row))} ([^;]+?)(;|\.$)", verdict).group(1)
        assert cells[3].startswith(f"{said} [")
        numbers = list(map(written, re.findall(r"[^\s,\[\]]+", cells[3])))
        largest = max(map(abs, (estimate.value, estimate.low, estimate.high)))
        assert numbers == pytest.approx([estimate.value, estimate.low, estimate.high], rel=0, abs=0.101 * largest)
        assert numbers[0] * estimate.value > 0
        assert np.isnan(row.detectable) or written(cells[5][1:]) == pytest.approx(row.detectable, rel=0.101)
    assert not re.search(r"[+−]0\.0+(?![0-9.e])", " ".join([*comparison_lines(found), verdict]))


def scaled(found, scale):
    """Return the comparison of two models whose scores differ by so much less."""
    rows = []
    for row in found.differences:
        smaller = {name: scale * getattr(row.difference, name) for name in ("value", "low", "high")}
        difference = replace(row.difference, **smaller)
        second = row.first - difference.value
        rows.append(replace(row, difference=difference, second=second, detectable=scale * row.detectable))
    return replace(found, differences=tuple(rows))


def test_the_numbers_of_a_row_have_the_decimals_of_its_difference(sides):
    row = next(row for row in compare_models(*sides).differences if row.measure == "mac")
    small = Estimate(-0.0034, -0.0041, -0.00004, 9, 3, "group")
    row = replace(row, first=0.0051, second=0.0085, difference=small, p_adjusted=0.001, detectable=0.0009)
    assert difference_cells(row)[1:] == ("0.0051", "0.0085", "−0.0034 [−0.0041, 0.0000]", "0.001", "±0.0009")
    dust = replace(row, difference=replace(small, value=-2e-8, low=-3e-8, high=-1e-8))
    assert difference_cells(dust)[1:4] == ("0.005100", "0.008500", "−2.0e−08 [−3.0e−08, −1.0e−08]")


def test_a_model_against_itself_shows_nothing(sides):
    text = " ".join(" ".join(comparison_lines(compare_models(sides[0], sides[0]))).split())
    assert "no difference is shown, and the two hardly ever differ" in text
    assert "neither is shown to be steadier at any" in text


def test_clips_of_one_group_can_show_nothing(sides):
    def as_one(side):
        clips = tuple(replace(clip, group="kit") for clip in side.responses.clips)
        return replace(side, responses=replace(side.responses, clips=clips))

    text = " ".join(" ".join(comparison_lines(compare_models(*map(as_one, sides)))).split())
    assert "no difference can be tested: the clips are all of one group" in text
    assert "nan" not in text
