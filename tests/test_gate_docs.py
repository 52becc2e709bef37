"""The gate's page: its commands and its pytest, run as they stand, print what it shows."""

import re
from pathlib import Path

import pytest

from tests.typed import run_typed

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−]?\d+(?:[.,]\d+)*")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def shown_sessions():
    """Yield each command of the page with the output that is shown below it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def comparable(text):
    """Leave out how long it took, which clip of equals comes first, and how wide a column is."""
    text = re.sub(r"in [\d.]+s", "in s", text)
    text = re.sub(r"worst: .*?(?=\n\S|\n<|\Z)|_{2,}|={2,}|\^{2,}", "", text, flags=re.S)
    return " ".join(text.split())


@pytest.mark.slow
def test_the_page_shows_what_its_commands_print(tmp_path):
    (tmp_path / "clips").symlink_to(ROOT / "clips")
    for block in blocks("toml") + blocks("python"):
        name = re.match(r"# (\S+)\n", block).group(1)
        (tmp_path / name).write_text(block, encoding="utf-8")
    code = None
    for command, shown in shown_sessions():
        if command == "echo $?":
            assert shown.strip() == str(code)
            continue
        code, _, said = run_typed(command, tmp_path, {"PYTEST_ADDOPTS": "-p no:cacheprovider"})
        printed = comparable(said)
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", comparable(shown)), command
        # Another processor may flip an answer that hangs by a hair, and so the last digit.
        for value, close in zip(NUMBER.findall(printed), NUMBER.findall(comparable(shown)), strict=True):
            first, second = (float(number.replace("−", "-").replace(",", "")) for number in (value, close))
            assert first == pytest.approx(second, rel=0.1, abs=0.06), command


def test_what_the_page_says_of_exit_codes_and_words_is_known():
    from audioinv.report.gate.rules import KINDS

    for kind in KINDS:
        assert f"`{kind}`" in PAGE
    assert len(list(shown_sessions())) > 8
    assert all(
        not link.startswith("http") and (ROOT / "docs" / link).exists() for link in re.findall(r"\]\(([^)#]+)\)", PAGE)
    )
