"""The gallery: every kind of figure stands in it, and every command that it shows runs."""

import importlib.util
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from audioinv.report.figures import KINDS
from tests.typed import run_typed

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["gallery"]


def test_every_kind_of_figure_stands_in_it(gallery):
    assert {one.kind for one in gallery.PICTURES} == set(KINDS)


def test_the_page_is_what_the_script_writes(gallery):
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == gallery.page()


def test_every_picture_is_there_and_light(gallery):
    written = re.findall(r"!\[[^]]+\]\(([^)]+)\)", gallery.page())
    sizes = {name: (ROOT / "docs" / name).stat().st_size for name in written}
    assert {Path(name).name for name in sizes} == {path.name for path in gallery.IMAGES.iterdir()}
    assert max(size for name, size in sizes.items() if name.endswith(".png")) < 60_000
    assert sum(sizes.values()) < 1_000_000


def run_here(command, *further):
    code, _, said = run_typed(shlex.join([*shlex.split(command), *further]), Path.cwd())
    assert code == 0, f"{command}: {said}"


@pytest.mark.slow
def test_every_command_runs(gallery, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    for name in ("clips", "docs/questions"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gallery, "HITS", 4)
    monkeypatch.setattr(gallery, "run", run_here)
    gallery.write_recording()
    for command in gallery.PREPARED:
        short = command.replace("-o", "--no-references -o") if "profile" in command else command
        few = "3" if "layers" in command else "8"  # of whose budget a clip costs seconds
        gallery.run(re.sub(r" --limit \d+", "", short), "--limit", few, "--no-progress", "-q")
    for one in gallery.PICTURES:
        command = re.sub(r" --clip \S+", "", one.command)
        gallery.run(command, "-o", one.file, "-q")
        assert Path(one.file).stat().st_size > 3000
    shutil.rmtree(tmp_path / "runs")
