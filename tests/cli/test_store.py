"""Commands on a run whose place is a URL."""

import json
import sys

import fsspec
import pytest

from audioinv.report.results import load_results

COMMAND = ("analyze", "clips", "-m", "toy", "--time", "-10:10:10ms")


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield store
    store.store.clear()


def test_a_run_goes_into_a_store_and_is_read_from_there(run, place, memory):
    made = run(*COMMAND, "-o", "memory://bucket/run", "-f", "csv")
    assert made.exit_code == 0
    files = "results.parquet (18 rows), failures.csv, results.csv, run.json, summary.json"
    assert made.stdout.splitlines()[-2:] == [
        f"wrote memory://bucket/run: {files}",
        "next: audioinv plot memory://bucket/run curves",
    ]
    assert run(*COMMAND, "-o", "here", "-q").exit_code == 0
    assert load_results("memory://bucket/run").table.equals(load_results("here").table)
    assert run("plot", "memory://bucket/run", "curves").stdout == "wrote memory://bucket/run/figures/curves.png\n"
    assert run("report", "memory://bucket/run").stdout.startswith("wrote memory://bucket/run/report.html (")
    assert run("report", "memory://bucket/run", "--folder").stdout.startswith("wrote memory://bucket/run/report/index.")
    assert memory.cat("/bucket/run/figures/curves.png").startswith(b"\x89PNG")
    assert memory.cat("/bucket/run/report.html").startswith(b"<!doctype html>")
    assert run("check", "memory://bucket/run", "--min", "time.consistency=0.01").exit_code == 0
    assert run("check", "memory://bucket/run", "--max", "time.consistency=0.01").exit_code == 1
    told = json.loads(run("info", "memory://bucket/run", "--json").stdout)
    assert (told["kind"], told["path"]) == ("results", "memory://bucket/run")
    assert not [path for path in place.iterdir() if ":" in path.name]


def test_what_does_not_write_to_a_store_says_so_before_it_begins(run, place, memory):
    refused = run(*COMMAND[:4], "--slide", "10ms", "-o", "memory://bucket/run", "--limit", "1")
    assert refused.exit_code == 2
    assert "only `merge` and `analyze`, without --slide, write to a store" in refused.stderr
    for command in (("train", "clips"), ("layers", "toy", "clips"), ("profile", "toy", "clips")):
        refused = run(*command, "-o", "memory://bucket/run")
        assert (refused.exit_code, "give a folder (-o), and copy it" in refused.stderr) == (2, True)
    assert not [path for path in place.iterdir() if ":" in path.name]


def test_a_store_whose_library_is_missing_is_one_line(run, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    refused = run(*COMMAND, "-o", "s3://bucket/run")
    assert refused.exit_code == 2
    assert refused.stderr == ("error: s3://bucket/run: Install s3fs to access S3: pip install 'audioinv[s3]'\n")
