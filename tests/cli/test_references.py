"""A run whose references do not separate says so before anything else."""

from audioinv import reference_run
from audioinv.nets.references import random_model

GRID = ("--time", "-10:10:5ms")


def first_line(text):
    return next(line for line in text.splitlines() if line.strip())


def test_references_that_do_not_separate_are_told_in_the_first_line(run, place, summary, monkeypatch):
    good = run("analyze", "clips", "-m", "toy", *GRID, "-o", "good", "-q").exit_code
    shown = run("analyze", "clips", "-m", "toy", *GRID, "-o", "shown").stdout
    monkeypatch.setattr(reference_run, "spectrum_model", lambda spec, **_: random_model(spec, head="flatten"))
    bad = run("analyze", "clips", "-m", "toy", *GRID, "-o", "bad")
    assert good == bad.exit_code == 0
    assert first_line(bad.stdout).startswith("! the references do not separate on 6 clips under circular delays")
    assert "the invariant reference moves by up to" in " ".join(bad.stdout.split())
    assert "do not separate" not in shown
    assert not first_line(shown).startswith("!")
    separated = {name: summary(name)["models"]["toy"]["references"]["separated"] for name in ("good", "bad")}
    assert separated == {"good": True, "bad": False}
    assert summary("bad")["models"]["toy"]["warnings"][0].startswith("the references do not separate")
