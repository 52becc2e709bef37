"""The README's commands and examples, run as they stand."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−]?\d+(?:[.,]\d+)*")


def block(language):
    return [text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", README, re.S | re.M) if kind == language]


def as_number(text):
    return float(text.replace("−", "-").replace(",", ""))


def plain(text):
    """Return the text on one line, without the folder's name and the order of the least steady clips."""
    told = text[: text.index("wrote ")]
    return " ".join(re.sub(r"least steady in time.*?controls:", "controls:", told, flags=re.S).split())


@pytest.mark.slow
def test_the_first_command_prints_what_the_readme_shows(tmp_path):
    command = block("")[0].strip().split(" && ")[1]
    assert command.startswith("audioinv analyze clips/drums")
    arguments = [*command.split()[1:], "-o", str(tmp_path / "run"), "--no-progress"]
    done = subprocess.run(
        [sys.executable, "-m", "audioinv", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    printed, shown = plain(done.stderr + done.stdout), plain(block("text")[0])
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", shown)
    # Another processor may flip an answer that hangs by a hair, and so the last digit.
    for value, close in zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True):
        assert as_number(value) == pytest.approx(as_number(close), rel=0.1, abs=0.06)
    assert (tmp_path / "run" / "report.html").is_file()


def test_the_python_example_prints_what_is_shown(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(block("python")[0], "README.md", "exec"), {})
    printed, shown = (dict(map(str.split, text.splitlines())) for text in (capsys.readouterr().out, block("text")[1]))
    assert {axis: float(share) for axis, share in printed.items()} == pytest.approx(
        {axis: float(share) for axis, share in shown.items()}, abs=0.06
    )


def test_no_block_is_left_unchecked():
    assert len(block("text")) == 2  # of the first command and of the example
    assert len(block("python")) == 1
    first, tests = (one.strip() for one in block(""))
    assert first == "python -m pip install . && audioinv analyze clips/drums --html"
    # What the build runs, in a fresh environment: .ci/run installs and calls the same.
    install, _, run = tests.partition(" && ")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8") if (ROOT / ".ci").is_dir() else install + run
    assert install.removeprefix("python -m pip install ") in ci
    assert run in ci


def test_every_link_to_a_file_leads_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_numbers_of_what_ships_are_right():
    from audioinv.cli.app import app
    from audioinv.sound.grid import AXES

    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    assert f"[{words[len(list((ROOT / 'models').glob('*/README.md')))]} ship]" in README
    assert len(AXES) == 15
    assert "[fifteen axes]" in README
    shown = set(re.findall(r"^\| `audioinv (\w+)", README, re.M))
    assert shown == {command.name.split()[0] for command in app.registered_commands}


@pytest.mark.parametrize("name", [path.parent.name for path in (ROOT / "models").glob("*/train.json")])
def test_each_shipped_model_stands_on_its_page_with_its_accuracy(name):
    facts = json.loads((ROOT / "models" / name / "train.json").read_text())
    row = next(line for line in MODELS.splitlines() if line.startswith(f"| [{name}]"))
    for estimate in (facts["accuracy"], facts["baseline"]):
        assert f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]" in row
    assert facts["command"] in (ROOT / "models" / name / "README.md").read_text()


@pytest.mark.parametrize("name", [path.parent.name for path in (ROOT / "clips").glob("*/manifest.csv")])
def test_each_set_of_clips_stands_on_the_page_of_what_ships(name):
    with (ROOT / "clips" / name / "manifest.csv").open() as stream:
        groups = [row["group"] for row in csv.DictReader(stream)]
    row = next(line for line in MODELS.splitlines() if line.startswith(f"| `clips/{name}`"))
    assert f"| {len(groups)}, of " in row
    assert (f"| {len(set(groups))} " if len(set(groups)) < len(groups) else "| each its own |") in row


def test_no_shipped_clip_was_trained_on():
    corpora = {json.loads(path.read_text())["corpus"] for path in (ROOT / "models").glob("*/train.json")}
    assert corpora == {"sounds/drums", "sounds/tones", "sounds/instruments"}
    for path in (ROOT / "models").glob("*/train.json"):
        facts = json.loads(path.read_text())
        with (ROOT / "clips" / Path(facts["corpus"]).name / "manifest.csv").open() as stream:
            groups = [row["group"] for row in csv.DictReader(stream)]
        # The test side is just what ships, and prepare_corpus refuses a group on two sides.
        assert facts["counts"]["test"] == len(groups)
        assert facts["groups"]["test"] == len(set(groups))


@pytest.mark.slow
def test_the_table_is_what_the_committed_command_prints():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contrast"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines()[2:]:
        name = line.split("|")[1].strip()
        shown = next(row for row in README.splitlines() if row.startswith(f"| {name} |"))
        printed_numbers, shown_numbers = (
            list(map(as_number, NUMBER.findall(row.split("|", 2)[2]))) for row in (line, shown)
        )
        assert printed_numbers == pytest.approx(shown_numbers, abs=0.06)
