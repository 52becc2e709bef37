"""``--split`` and ``--layout`` mean the same to every command that takes clips."""

import csv
import json

import pytest

COMMANDS = {
    "analyze": ("analyze", "{clips}", "-m", "toy"),
    "certify": ("certify", "toy", "{clips}"),
    "layers": ("layers", "toy", "{clips}"),
    "order": ("order", "toy", "{clips}"),
    "profile": ("profile", "toy", "{clips}"),
    "surgery": ("study", "surgery", "-m", "toy", "{clips}"),
}


@pytest.fixture
def parted(place):
    """Clips of which a table declares four to be for training and two for testing."""
    with (place / "clips" / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for label in ("low", "high"):
            writer.writerows((f"{label}/{i}.wav", label, "test" if i == 2 else "train") for i in range(3))
    return "clips"


def words(command, clips):
    return [word.format(clips=clips) for word in COMMANDS[command]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_part_that_is_not_declared_is_refused(run, parted, command):
    done = run(*words(command, parted), "--split", "valid", "-q")
    assert done.exit_code == 2
    assert "has no such part; it declares test, train" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_layout_that_is_not_there_is_refused(run, parted, command):
    done = run(*words(command, parted), "--layout", "esc-50", "-q")
    assert done.exit_code != 0
    assert "esc-50" in done.stderr.casefold()


def test_only_the_part_is_analysed(run, parted):
    grid = ("--time", "-10:10:10ms")
    done = run(*words("analyze", parted), "--split", "test", *grid, "-o", "out", "--json")
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["models"]["toy"]["axes"]["time"]["consistency"]["n"] == 2
