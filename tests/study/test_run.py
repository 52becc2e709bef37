"""A study from end to end, and what it writes."""

import csv
import json

import pytest

from audioinv.errors import InputError
from audioinv.report.study_results import load_study
from audioinv.study.outcome import CONSTANT
from audioinv.study.run import StudyOptions, run_study, save_study, study_cells


@pytest.fixture(scope="module")
def document(tiny, tmp_path_factory):
    options = StudyOptions(tmp_path_factory.mktemp("runs"), n_seeds=2, quick=True, command="audioinv study tiny")
    return run_study(tiny, options)


def test_every_variant_has_a_row_and_the_control_has_one(document):
    rows = {row["variant"]: row for row in document["rows"]}
    assert list(rows) == ["max", "stride", CONSTANT]
    assert rows[CONSTANT]["measures"]["bins.consistency"]["value"] == 1
    assert rows[CONSTANT]["measures"]["accuracy"]["value"] == pytest.approx(0.1)
    assert [row["n_seeds"] for row in document["rows"]] == [2, 2, 1]
    assert rows["max"]["facts"]["receptive_field"] == [4, 4]


def test_what_is_written_is_what_was_found(document, tmp_path):
    target = save_study(document, tmp_path / "tiny")
    assert load_study(target) == json.loads(json.dumps(document))
    table = (target / "table.md").read_text()
    assert all(row["variant"] in table for row in document["rows"])
    assert document["finding"] in table
    assert (target / "figures" / "tiny.png").stat().st_size > 10_000
    assert "max" in (target / "figures" / "tiny.svg").read_text()
    rows = list(csv.DictReader((target / "cells.csv").read_text().splitlines()))
    found = {(row["variant"], row["seed"], row["measure"]): float(row["value"]) for row in rows}
    by_seed = document["rows"][1]["measures"]["bins.consistency"]["by_seed"]
    assert [found["stride", seed, "bins.consistency"] for seed in ("0", "1")] == by_seed


def test_what_was_there_is_replaced(document, tmp_path):
    save_study(document, tmp_path)
    save_study({**document, "question": "Is it new?"}, tmp_path)
    assert "Is it new?" in (tmp_path / "study.json").read_text()


def test_the_record_says_how_it_came_about(document, tiny, options):
    assert {cell.seed for cell in study_cells(tiny, options)} == set(document["seeds"])
    assert document["command"] == "audioinv study tiny"
    assert document["seeds"] == [0, 1]
    assert document["quick"]
    assert "torch" in document["versions"]


def test_options_are_checked(tmp_path):
    with pytest.raises(InputError, match="n_seeds=0 and jobs=1"):
        StudyOptions(tmp_path, n_seeds=0)
