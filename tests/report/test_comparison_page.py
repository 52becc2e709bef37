"""The page of a comparison: its numbers, the clips that changed, and names that are markup."""

import json
import re

import numpy as np
import pytest

from audioinv.measure.comparison import compare_models
from audioinv.measure.matching import Compared
from audioinv.report.changed_clips import changed_clips
from audioinv.report.comparison_page import write_comparison
from audioinv.report.comparison_text import MEASURES, difference_cells, difference_text

from .browser import Visit, browser
from .test_comparison_text import scaled
from .test_page import read, rules_of, values_of


@pytest.fixture(scope="module")
def sides(results):
    return [Compared(name, responses) for name, responses in results.responses.items()]


@pytest.fixture(scope="module")
def found(sides):
    return compare_models(*sides)


@pytest.fixture(scope="module")
def file(found, sides, tmp_path_factory):
    return write_comparison(found, *sides, tmp_path_factory.mktemp("compare") / "new" / "a.html")


@pytest.fixture(scope="module")
def page(file):
    return read(file.read_text(encoding="utf-8"))


def test_charts_hold_the_differences(found, page):
    specs = json.loads(page.scripts[0])
    drawn = [value for spec in specs.values() for value in values_of(spec)]
    assert len(drawn) == len(found.differences)
    for row in found.differences:
        these = values_of(specs[f"difference-{row.axis or 'none'}"])
        assert any((value["value"], value["low"]) == (row.difference.value, row.difference.low) for value in these)
        for cell in difference_cells(row):
            assert cell in page.text


def test_a_caption_names_the_axis_once_and_the_largest_difference(found, page):
    (one,) = (row for row in found.differences if not row.axis)
    assert f"Difference, unshifted: accuracy {difference_text(one.difference)}." in page.text
    assert "accuracy, unshifted," not in page.text
    for axis, title in (("time", "time"), ("freq", "frequency")):
        rows = [row for row in found.differences if row.axis == axis]
        largest = max(rows, key=lambda row: abs(row.difference.value))
        caption = f"Largest difference, {title}: {MEASURES[largest.measure]} {difference_text(largest.difference)}."
        assert caption in page.text


def test_small_differences_are_no_nothing_on_the_page(found, sides, tmp_path):
    small = scaled(found, 1e-3)
    text = read(write_comparison(small, *sides, tmp_path / "small.html").read_text(encoding="utf-8")).text
    assert re.search(r"Shown at 5 % .*: time: .* [+−]0\.000[1-9]", text)
    assert not re.search(r"[+−]0\.0+(?![0-9.])", text)


def test_the_clips_that_changed_most_are_named_with_what_either_keeps(results, page):
    frame = results.frame.query("axis == 'time' and shift != 0")
    kept = frame.groupby(["clip", "model"], observed=True)["same_as_zero"].mean().unstack("model")
    change = (kept["centroid"] - kept["<b>half</b>"]).abs()
    n_changed = int((change > 0).sum())
    assert f"{n_changed} of 24 clips keep another share of their answers" in page.text
    most = change.idxmax()
    first, second = (f"{100 * kept.loc[most, name]:.0f} %" for name in ("centroid", "<b>half</b>"))
    signed = f"{100 * (kept.loc[most, 'centroid'] - kept.loc[most, '<b>half</b>']):+.0f} %".replace("-", "−")
    assert re.search(rf"{re.escape(most)} ?{first} ?{second} ?{re.escape(signed)}", page.text)
    steadier = int((kept["centroid"] > kept["<b>half</b>"]).sum())
    assert f"keep another share of their answers, {steadier} of them more with A" in page.text
    assert "0 of 24 clips keep another share" not in page.text[: page.text.index("frequency", page.text.index("Which"))]


def answers_at(results, axis):
    """Return the answer of each model to each clip at each shift, from the table."""
    frame = results.frame.query("axis == @axis")
    return frame.set_index(["model", "clip", "shift"])["pred"]


def test_the_unshifted_answers_that_changed_are_named_old_and_new(results, page):
    answers = answers_at(results, "time")
    a, b = (answers[name].xs(0.0, level="shift").sort_index() for name in ("centroid", "<b>half</b>"))
    changed = a.index[a != b]
    assert f"{len(changed)} of 24 clips get another answer from B than from A" in page.text
    part = page.text[page.text.index("get another answer from B") :]
    part = part[: part.index("keep another share")]
    for clip in changed[:20]:
        assert re.search(rf"{re.escape(clip)} ?\w+ ?{re.escape(a[clip])} → {re.escape(b[clip])}", part), clip
    assert len(changed) > 0


def test_the_answer_that_one_loses_and_the_other_keeps_is_the_nearest_there_is(results, sides):
    parts = {part.title: part for part in changed_clips(*sides)}
    answers = answers_at(results, "time")
    sides_by_letter = {"A": "centroid", "B": "<b>half</b>"}
    for clip, *_, told in parts["time"].rows:
        where, letter, old, new = re.fullmatch(r"([+−][\d.]+) ms, ([AB]): (.+) → (.+)", told).groups()
        shift = float(where.replace("−", "-"))
        loses, keeps = (answers[sides_by_letter[one]][clip] for one in (letter, "BA"["AB".index(letter)]))
        assert (loses[0.0], loses[shift]) == (old, new)
        assert old != new
        assert keeps[shift] == keeps[0.0]
        nearer = loses.index[np.abs(loses.index) < abs(shift)]
        assert ((loses[nearer] == old) == (keeps[nearer] == keeps[0.0])).all()


def test_a_model_against_itself_changes_nothing(sides, tmp_path):
    one = write_comparison(compare_models(sides[0], sides[0]), sides[0], sides[0], tmp_path / "a.html")
    text = read(one.read_text(encoding="utf-8")).text
    assert "0 of 24 clips get another answer from B" in text
    assert text.count("0 of 24 clips keep another share of their answers") == 3


def test_names_are_text_and_only_the_page_s_script_runs(page):
    assert not page.found("b")
    assert "B is <b>half</b>" in page.text
    assert rules_of(page)["script-src"].startswith("'sha256-")


def test_it_runs_in_a_browser_light_dark_narrow_and_printed_without_a_complaint(file):
    with browser() as chromium:
        for options in ({}, {"color_scheme": "dark"}, {"viewport": {"width": 400, "height": 800}}):
            with Visit(chromium, file, ready="body[data-charts='4']", **options) as visit:
                visit.open_all()
                assert visit.complaints == []
                assert visit.requests == [file.as_uri()]
                assert visit.violations() == []
                page = visit.page
                assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
                page.emulate_media(media="print")
                assert visit.violations() == []
