"""Each question has a page, and each page shows the numbers that are kept beside it."""

import json

import pytest

from audioinv.study.questions import STUDIES
from benchmarks.questions import FIRST, LAST, PAGES, block, with_block

NAMES = sorted(STUDIES)


def stored(name):
    return json.loads((PAGES / "results" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_the_numbers_of_its_study(name):
    page, document = (PAGES / f"{name}.md").read_text(encoding="utf-8"), stored(name)
    assert document["study"] == name
    assert with_block(page, document) == page
    assert block(document).count("|") > 20, "the control: a block without its table would equal anything"


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_five_seeds_and_all_its_variants(name):
    document, study = stored(name), STUDIES[name]
    assert len(document["seeds"]) >= 5
    assert not document["quick"]
    shown = {(row["task"], row["variant"]) for row in document["rows"]}
    assert {(task, variant.name) for task in study.tasks for variant in study.variants} <= shown


def test_the_index_links_every_page_and_every_page_its_neighbours():
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert all(f"]({name}.md)" in index for name in NAMES)
    for page in PAGES.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for target in (part.split(")")[0] for part in text.split("](")[1:]):
            assert (PAGES / target.split("#")[0]).exists(), f"{page.name} links {target}"


def test_a_page_has_one_pair_of_marks():
    for name in NAMES:
        page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert page.count(FIRST) == page.count(LAST) == 1
