"""The page on data: its commands, run as they stand on the trees that it makes, print what it shows."""

import re
from pathlib import Path

import pytest

from audioinv.corpus.layouts import LAYOUTS, layout_named
from tests.typed import run_typed

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d+\.\d+")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def shown_sessions():
    """Yield each command of the page with the output that is shown below it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def prepare(folder):
    for name in ("clips", "docs"):
        (folder / name).symlink_to(ROOT / name)
    for block in blocks("python"):
        (folder / re.match(r"# (\S+)\n", block).group(1)).write_text(block, encoding="utf-8")


@pytest.mark.slow
def test_the_page_shows_what_its_commands_print(tmp_path):
    prepare(tmp_path)
    for command, shown in shown_sessions():
        _, _, printed = run_typed(command, tmp_path, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
        assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", shown).split(), command
        # Another processor trains another network from the same seed, and 8 clips answer in steps of 1/8.
        for value, close in zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True):
            assert float(value) == pytest.approx(float(close), abs=0.4 if " train " in command else 0.011), command


def test_the_page_names_every_layout_and_every_column():
    from audioinv.corpus.manifests import _COLUMN_NAMES

    for name in LAYOUTS:
        spelt = name.casefold().replace(" ", "-")
        assert f"`{spelt}`" in PAGE
        assert layout_named(spelt) == name
    for names in _COLUMN_NAMES.values():
        for name in names:
            assert f"`{name}`" in PAGE
    assert all((ROOT / link).exists() for link in re.findall(r"`(docs/your-data/\S+)`", PAGE))
