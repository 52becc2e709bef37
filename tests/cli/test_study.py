"""``audioinv study``: what it lists, plans, refuses, prints and writes."""

import json

import pytest

from audioinv.study import questions
from audioinv.study.design import Expectation, Probe, Study, Variant, steps

STUDY = Study(
    name="tiny",
    question="Is it small?",
    tasks=("notes",),
    variants=(Variant("max", {"channels": (4,)}, {"epochs": 1}),),
    reference="max",
    probes=(Probe("bins", "one bin either way", steps("bins", 1, 1, "bins")),),
    shown=("bins.consistency", "accuracy"),
    across="bins.consistency",
    expectations=(Expectation("it changes its answer", "max", 1.0, "bins.consistency", "exactly"),),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    monkeypatch.setattr(questions, "STUDIES", {"tiny": STUDY})
    monkeypatch.chdir(tmp_path)


def test_the_questions_are_listed(run):
    found = run("study")
    assert found.exit_code == 0
    assert "tiny" in found.stdout
    assert "Is it small?" in found.stdout
    assert json.loads(run("study", "--json").stdout) == {"tiny": "Is it small?"}


def test_a_dry_run_plans_and_writes_nothing(run, tmp_path):
    found = run("study", "tiny", "--dry-run", "--seeds", 3, "-j", 1)
    assert found.exit_code == 0
    assert found.stdout == ""
    assert "tiny: 3 cells (tasks × variants × seeds: 1 × 1 × 3), 0 there already" in found.stderr
    assert "about 0." in found.stderr
    assert not list(tmp_path.iterdir())


def test_a_study_is_run_printed_and_found_again(run, tmp_path):
    found = run("study", "tiny", "--quick", "-j", 1, "-o", "out")
    assert found.exit_code == 0, found.output
    assert "Is it small?" in found.stdout
    assert "it changes its answer" in found.stdout
    assert "always the same answer" in found.stdout
    assert {path.name for path in (tmp_path / "out" / "tiny").iterdir()} == {
        "study.json",
        "table.md",
        "cells.csv",
        "figures",
    }
    again = run("study", "all", "--quick", "-j", 1, "-o", "out", "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["study"] == "tiny"
    assert again.stderr == ""
    assert "2 there already" in run("study", "tiny", "--quick", "--dry-run", "-o", "out").stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("heads",), "error: study 'heads' is not one of tiny, all"),
        (("tiny", "--seeds", 0), "greater than or equal to 1"),
        (("tiny", "-j", 0), "greater than or equal to 1"),
    ],
)
def test_wrong_usage(run, arguments, complaint):
    found = run("study", *arguments)
    assert found.exit_code == 2
    assert complaint in found.stderr
    assert found.stdout == ""


def test_an_interruption_says_how_to_go_on(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("audioinv.study.run.run_study", interrupted)
    found = run("study", "tiny", "--quick", "-j", 1)
    assert found.exit_code == 130
    assert "the same command goes on from here" in found.stderr
