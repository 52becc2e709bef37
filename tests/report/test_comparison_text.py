"""A comparison in words: the numbers of the comparison, signs, and what was not shown."""

import re
from dataclasses import replace

import pytest

from audioinv.measure.comparison import compare_models
from audioinv.measure.matching import Compared
from audioinv.report.comparison_text import comparison_lines


@pytest.fixture(scope="module")
def sides(results):
    return [Compared(name, responses) for name, responses in results.responses.items()]


def test_every_difference_stands_with_its_interval_and_p_value(sides):
    found = compare_models(*sides)
    lines = comparison_lines(found)
    assert lines[:3] == ["A centroid", "B <b>half</b>", "24 clips in 12 groups, paired"]
    for row in found.differences:
        value = f"{row.difference.value:+.2f}".replace("-", "−")
        assert any(f"{row.first:.2f}" in line and f"{row.second:.2f}" in line and value in line for line in lines)
    assert max(map(len, lines)) <= 110
    text = " ".join(lines)
    assert "shown at 5 % after Holm's correction over 16 measures" in text
    assert re.search(r"time, \d classes tested \(Benjamini–Hochberg, 5 %\): (A|neither) is ", text)
    assert re.search(r"time, 6 shifts tested .*: A is steadier at", text)


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
