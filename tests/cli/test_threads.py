"""``--threads`` and ``--precision``: kept, said, refused where they cannot hold."""

import json

import pytest
import torch

GRID = ("--time", "-10:10:10ms", "-m", "toy", "--no-progress")


@pytest.fixture(autouse=True)
def _restored():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_threads_are_recorded_printed_and_used(run, place):
    done = run("analyze", "clips", *GRID, "--threads", 2, "-o", "two", "-v")
    assert done.exit_code == 0, done.stderr
    assert torch.get_num_threads() == 2
    assert "threads 2\n" in done.stderr
    facts = json.loads((place / "two" / "run.json").read_text())
    assert facts["threads"] == facts["plans"]["toy"]["threads"] == 2
    assert "threads 1\n" in run("analyze", "clips", *GRID, "--dry-run").stderr
    chosen = run("analyze", "clips", *GRID, "--dry-run", "--threads", "auto", "-j", 1000)
    assert "threads 1\n" in chosen.stderr


def test_precision_is_kept_and_its_flips_are_told(run, place, summary):
    done = run("analyze", "clips", *GRID, "--precision", "bfloat16", "-o", "low")
    assert done.exit_code == 0, done.stderr
    assert "computed in bfloat16" in done.stdout
    (model,) = summary(place / "low")["models"].values()
    assert model["controls"]["precision"]["cells"] == 6 * 3
    assert run("report", "low").exit_code == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--threads", "0"), "neither a number, 1 or more, nor auto"),
        (("--threads", "two"), "neither a number, 1 or more, nor auto"),
        (("--threads", "2", "--cluster", "ray"), "one CPU for itself"),
        (("--precision", "bfloat16", "--engine", "shared"), "is not exact"),
        (("--precision", "half"), "is not one of float32, bfloat16"),
        (("--precision", "bfloat16", "--slide", "10ms"), "precision"),
    ],
)
def test_what_cannot_hold_is_refused_in_one_line(run, place, wrong, said):
    done = run("analyze", "clips", *GRID[2:], *wrong, "-o", "no")
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (place / "no").exists()
