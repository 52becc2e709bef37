"""The page on surgery: its commands and its Python, run as they stand, print what it shows."""

import re
from pathlib import Path

import pytest

from audioinv.nets.surgery.replacement import check_kind
from audioinv.study import surgery_cost
from tests.typed import run_typed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "surgery.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−±]?\d+(?:[.,]\d+)*")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def comparable(text):
    """Leave out what a clock said, and how wide a column is; which differences are shown can hang by a hair."""
    text = re.sub(r"× [\d.]+ \[[\d.]+, [\d.]+\]", "× time", text)
    return " ".join(re.sub(r"(shown at 5 %|no difference is shown).*?\.\n", "", text, flags=re.S).split())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(surgery_cost, "_TURN_SECONDS", 1e-4)  # what a clock said is left out
    monkeypatch.setattr(surgery_cost, "_N_ROUNDS", 6)
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    (tmp_path / "tone_net.py").write_bytes((ROOT / "docs" / "surgery" / "tone_net.py").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_shows_what_its_commands_print(folder):
    parts = [part for block in blocks("console") for part in re.split(r"^\$ ", block, flags=re.M)[1:]]
    assert len(parts) == 3
    for part in parts:
        command, _, shown = part.partition("\n")
        code, stdout, said = run_typed(command, folder, {"OMP_NUM_THREADS": "1"})
        assert code == 0, said
        printed, expected = comparable(stdout), comparable(shown)
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", expected), command
        # A network that is trained on another processor differs a little, and with it what hangs by a hair.
        for value, close in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
            first, second = (float(n.replace("−", "-").replace("±", "").replace(",", "")) for n in (value, close))
            assert first == pytest.approx(second, rel=0.25, abs=0.1), command


def test_the_python_of_the_page_runs(folder):
    (block,) = blocks("python")
    names = {}
    exec(compile(block, "docs/surgery.md", "exec"), names)
    assert [one["axis"] for one in names["answer"].document["variants"][0]["differences"]] == ["", "time"]


def test_what_the_page_names_is_known():
    for kind in ("blur3", "average", "polyphase", "blur2-polyphase"):
        check_kind(kind)
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links
    assert all((ROOT / "docs" / link).exists() for link in links)
