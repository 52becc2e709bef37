"""The README's commands and examples, run as they stand."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import audioinv

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−]?\d+(?:[.,]\d+)*")


def block(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


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


def test_the_python_example_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(block("python")[0], "README.md", "exec"), {"audioinv": audioinv})
    assert 0 <= float(capsys.readouterr().out) <= 1


def test_every_link_to_a_file_leads_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_and_option_that_is_shown_exists():
    from typer.testing import CliRunner

    from audioinv.cli.app import app

    known = CliRunner().invoke(app, ["analyze", "--help"]).stdout
    for option in re.findall(r"\| `(--\w+) ", README):
        assert option in known
    for command in re.findall(r"\| `audioinv (\w+)", README):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", [path.parent.name for path in (ROOT / "models").glob("*/train.json")])
def test_each_shipped_model_stands_in_the_readme_with_its_accuracy(name):
    facts = json.loads((ROOT / "models" / name / "train.json").read_text())
    row = next(line for line in README.splitlines() if line.startswith(f"| [{name}]"))
    for estimate in (facts["accuracy"], facts["baseline"]):
        assert f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]" in row
    assert facts["command"] in (ROOT / "models" / name / "README.md").read_text()


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
