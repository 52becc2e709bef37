"""Small trees of real clips, in exactly the form of published data sets; the page on data makes the same ones."""

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load_trees():
    spec = importlib.util.spec_from_file_location("trees", ROOT / "docs" / "your-data" / "trees.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_trees(tmp_path_factory):
    home = tmp_path_factory.mktemp("trees")
    for name, make in load_trees().LAYOUTS.items():
        make(home / name, ROOT / "clips")
    return home


@pytest.fixture
def tree(made_trees, tmp_path):
    """Return a tree by the name of its layout, to do with as a test likes."""
    return lambda name: Path(shutil.copytree(made_trees / name, tmp_path / name))


@pytest.fixture
def local_copies(tmp_path, monkeypatch):
    """The folder of local copies, away from the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "audioinv"
