"""The page of a comparison: its numbers, the clips that changed, and names that are markup."""

import json
import re

import pytest

from audioinv.measure.comparison import Compared, compare_models
from audioinv.report.comparison_page import write_comparison
from audioinv.report.comparison_text import difference_cells

from .browser import Visit, browser
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


def test_a_model_against_itself_changes_nothing(sides, tmp_path):
    one = write_comparison(compare_models(sides[0], sides[0]), sides[0], sides[0], tmp_path / "a.html")
    text = read(one.read_text(encoding="utf-8")).text
    assert text.count("0 of 24 clips keep another share of their answers") == 3


def test_names_are_text_and_only_the_page_s_script_runs(page):
    assert not page.found("b")
    assert "B is <b>half</b>" in page.text
    assert rules_of(page)["script-src"].startswith("'sha256-")


def test_it_runs_in_a_browser_without_a_complaint(file):
    with browser() as chromium, Visit(chromium, file, ready="body[data-charts='4']") as visit:
        visit.open_all()
        assert visit.complaints == []
        assert visit.requests == [file.as_uri()]
        assert visit.violations() == []
