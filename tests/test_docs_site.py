"""The site: what the tutorial shows is what its commands print, and the generated reference is whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import audioinv

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−]?\d+(?:[.,]\d+)*")


def steps():
    """Yield what a reader does, in the order of the page: (file, content) to write, (command, output) to run."""
    for language, block in re.findall(r"^```(toml|python|console)\n(.*?)^```", TUTORIAL, re.S | re.M):
        if language != "console":
            yield "write", re.match(r"# (\S+)\n", block).group(1), block
            continue
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield "run", command, output


def run(command, folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    words = re.sub(r"\baudioinv ", f"{sys.executable} -m audioinv ", command, count=1)
    words = re.sub(r"\bpython (?=\w)", f"{sys.executable} ", words)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}  # as a terminal shows them
    return subprocess.run(["bash", "-c", words], cwd=folder, env=environment, text=True, **streams)


def comparable(text):
    """Leave out which clip of equals comes first, and how wide a column is."""
    text = re.sub(r"worst: .*?(?=\n\S|\Z)", "", text, flags=re.S)
    return " ".join(text.split())


@pytest.mark.slow
def test_the_tutorial_shows_what_its_commands_print(tmp_path):
    pytest.importorskip("onnxscript")
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    code = None
    for kind, step, shown in steps():
        if kind == "write":
            (tmp_path / step).write_text(shown, encoding="utf-8")
            continue
        if step == "echo $?":
            assert shown.strip() == str(code)
            continue
        done = run(step, tmp_path)
        code = done.returncode
        if "python " in step:  # whose exporter talks as its version likes
            assert code == 0, done.stdout
            continue
        printed, expected = comparable(done.stdout), comparable(shown)
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", expected), step
        # Another processor may flip an answer that hangs by a hair, and so the last digit.
        for value, close in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
            first, second = (float(number.replace("−", "-").replace(",", "")) for number in (value, close))
            assert first == pytest.approx(second, rel=0.1, abs=0.06), step


def test_the_control_a_changed_number_is_seen():
    shown = next(shown for _, step, shown in steps() if step.startswith("audioinv check runs/mine"))
    assert comparable(shown) != comparable(shown.replace("FAIL", "PASS"))
    assert "0.749" in comparable(shown)


@pytest.fixture
def generated(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "extensions"))
    import generated_reference

    yield generated_reference
    del sys.modules["generated_reference"]


def test_the_reference_has_every_public_name_once(generated):
    listed = re.findall(r"^   (\w+)$", generated.api_page(), re.M)
    assert sorted(listed) == sorted(audioinv.__all__)


def test_the_reference_has_every_command(generated):
    from audioinv.cli.app import app

    page = generated.command_page()
    for command in app.registered_commands:
        assert f"## `audioinv {command.name}`" in page


def test_the_reference_has_every_key_of_the_summary(generated):
    page = generated.schema_page()
    for key in ("schema_version", "consistency", "minimal_flip_shift", "contrast", "censored"):
        assert f"`{key}`" in page
    targets = set(re.findall(r"\]\(#([\w-]+)\)", page))
    assert targets <= {heading.replace("_", "-") for heading in re.findall(r"^## (\w+)$", page, re.M)}


def test_there_are_ten_examples_or_more_each_with_title_and_text():
    examples = sorted((ROOT / "docs" / "examples").glob("plot_*.py"))
    assert len(examples) >= 10
    for path in examples:
        title, underline, *_ = path.read_text(encoding="utf-8").removeprefix('"""\n').splitlines()
        assert set(underline) == {"="}
        assert len(underline) == len(title), path.name
