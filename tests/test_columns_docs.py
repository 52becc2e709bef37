"""The columns that pages name are those that are written, all of them and no others."""

import re
from pathlib import Path

from audioinv.report.sliding_tables import WINDOWS
from audioinv.report.table import SCHEMA

DOCS = Path(__file__).parent.parent / "docs"


def test_the_columns_of_results_are_those_on_the_page():
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    rows = page.partition("| column | what it is |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(SCHEMA.names)


def test_the_columns_of_windows_are_those_on_the_page():
    page = (DOCS / "long-recordings.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"`windows.parquet` \(one row a window: `([\w, ]+)`\)", page)
    assert named.split(", ") == WINDOWS.names
