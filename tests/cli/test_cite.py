"""``audioinv cite``: the paragraph tells this run, and a source stands where its number does."""

import json
import re
import subprocess
import sys

import pytest

from audioinv.report import citation
from audioinv.report.results import load_results

from .conftest import GRIDS


@pytest.fixture
def analysed(run, place):
    assert run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "run", "-q").exit_code == 0
    return "run"


def keys(entries):
    return [re.match(r"@\w+\{(\w+),", entry).group(1) for entry in entries]


def test_without_a_run_every_source_is_named_and_is_well_formed(run):
    entries = json.loads(run("cite", "--json").stdout)["bibtex"]
    assert set(keys(entries)) == {"audioinv"} | {key for named in citation._DEFINED_BY.values() for key in named}
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        assert re.fullmatch(r"@\w+\{\w+,\n(  \w+ = \{.*\},\n)+\}", entry)
    for entry in entries[1:]:
        assert re.search(r"author = .*\n  title = .*\n", entry)
        assert re.search(r"year = \{(19|20)\d\d\}", entry)


def test_a_run_tells_its_windows_engines_and_edges(run, analysed):
    said = json.loads(run("cite", analysed, "--json").stdout)["paragraph"]
    assert "toy heard windows of 0.3 s (4800 samples at 16000 Hz)" in said
    assert "single-sideband" in said
    assert "Signalsmith" in said
    printed = run("cite", analysed).stdout
    assert " ".join(printed.split("\n\n@")[0].split()) == said


def test_a_source_is_left_out_where_the_run_has_no_such_number(run, analysed):
    results = load_results(analysed)
    assert "zhang2019" in keys(citation.cite("1", results).bibtex)
    for axis in results.document["models"]["toy"]["axes"].values():
        axis["pair_consistency"] = {"value": None, "low": None, "high": None, "n": 0} | {"n": None}
    assert "zhang2019" not in keys(citation.cite("1", results).bibtex)
    assert "azulay2019" in keys(citation.cite("1", results).bibtex)


def test_what_is_no_run_is_one_line(run, place):
    done = run("cite", "clips")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


def test_output_that_nobody_reads_on_is_no_error():
    piped = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m audioinv cite | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
    )
    assert piped.stderr == ""
    assert piped.stdout.strip() == "141"
