"""The page of profiles: its tables are those that were kept, its prose says what they do, a run gives them again."""

import json
import re

import pytest

from audioinv.corpus.layouts import read_corpus
from audioinv.corpus.listener import read_listener
from audioinv.nets.library import load_model, shipped_folder
from audioinv.profile_analysis import profile
from benchmarks.profiles import COMMANDS, PAGE, RESULTS, filled, profile_rows

TEXT = PAGE.read_text(encoding="utf-8")
TABLES = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_shows_the_tables_and_commands_that_were_kept():
    assert filled(TEXT, TABLES) == TEXT
    assert set(TABLES) == set(COMMANDS)
    for part, rows in TABLES.items():
        assert f"<!-- {part} -->" in TEXT
        assert {len(row) for row in rows} == {len(rows[0])}
        assert filled(TEXT, {part: [["nothing"], ["else"]]}) != TEXT  # control: another table would show


@pytest.mark.parametrize("part", TABLES)
def test_every_share_in_the_prose_stands_in_the_table_beside_it(part):
    prose = TEXT.partition(f"<!-- /{part} -->")[2].partition("\n## ")[0]
    cells = {share for row in TABLES[part] for cell in row for share in re.findall(r"\d+ %", cell)}
    told = set(re.findall(r"\d+ %", prose)) - {"95 %", "50 %", "5 %"}  # the thresholds, and that of the tests
    assert told
    assert told <= cells


@pytest.mark.slow
def test_a_run_gives_the_columns_of_the_quick_models_again():
    clips = shipped_folder("clips") / "drums"
    names = ["drums-averaging", "drums-constant"]
    models = [load_model(name) for name in names]
    entries = read_corpus(clips).entries
    found = profile(models, entries, listener=read_listener(clips / "listener.toml"), references=False)
    columns = [TABLES["profile"][0].index(name.removeprefix("drums-")) for name in names]
    kept = [[row[column] for column in columns] for row in TABLES["profile"]]
    assert [row[4:] for row in profile_rows(found)] == kept
