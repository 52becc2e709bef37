"""``audioinv compare``: two folders or two models of one, its exit codes, and refusals in one line."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from audioinv.report.table import SCHEMA

GRIDS = ("--time", "-20:20:10ms")


@pytest.fixture
def runs(run, place):
    for name, edges in (("a", "zero"), ("b", "circular")):
        assert run("analyze", "clips", "-m", "toy", *GRIDS, "--edges", edges, "-o", name, "-q").exit_code == 0
    return place


def test_two_folders_are_compared(run, runs):
    done = run("compare", "a", "b")
    assert done.exit_code == 0
    assert "A toy (a)" in done.stdout
    assert "B toy (b)" in done.stdout
    assert "the border effect" in done.stdout
    assert run("compare", "a", "b", "-q").stdout == ""


def test_json_is_one_document(run, runs):
    found = json.loads(run("compare", "a", "b", "-m", "toy", "--json").stdout)
    assert (found["n_clips"], found["curves"][0]["n_shifts"]) == (6, 4)
    assert {row["measure"] for row in found["differences"]} >= {"consistency", "mac", "worst_accuracy"}


def test_two_models_of_one_folder_are_compared(run, runs):
    done = run("analyze", "clips", "-m", "toy", "-m", "drums-cnn2d", *GRIDS, "-o", "both", "-q")
    assert done.exit_code == 0
    heard = pq.read_table("both/results.parquet", columns=["model", "start_s", "end_s"]).to_pandas().groupby("model")
    np.testing.assert_allclose(heard.get_group("toy")[["start_s", "end_s"]], [[-0.03, 0.27]] * 30)
    np.testing.assert_allclose(heard.get_group("drums-cnn2d")[["start_s", "end_s"]], [[-0.25, 0.75]] * 30)
    done = run("compare", "both", "-m", "toy", "-m", "drums-cnn2d")
    assert done.exit_code == 0, done.stderr
    assert "choose by -m" in run("compare", "both", "a").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a",), "name two models"),
        (("a", "-m", "toy"), "name two models"),
        (("a", "b", "-m", "nobody"), "holds no model nobody"),
        (("a", "b", "a"), "one or two"),
        (("a", "nowhere"), "nowhere does not exist"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(run, runs, arguments, message):
    done = run("compare", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_a_folder_without_clips_leaves_nothing_to_compare(run, runs):
    (runs / "empty").mkdir()
    pq.write_table(SCHEMA.empty_table(), runs / "empty" / "results.parquet")
    for name in ("summary.json", "run.json"):
        document = json.loads((runs / "a" / name).read_text()) | {"models": {}}
        document.pop("files_sha256", None)
        (runs / "empty" / name).write_text(json.dumps(document))
    (runs / "empty" / "failures.csv").write_text("path,stage,reason\n")
    assert run("compare", "a", "empty").exit_code == 5


def test_a_page_is_written_when_asked_for(run, runs):
    done = run("compare", "a", "b", "--html", "pages/compared.html")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("wrote pages/compared.html\n")
    assert "A is toy (a)" in (runs / "pages" / "compared.html").read_text()
