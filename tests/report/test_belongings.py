"""What audioinv writes is removed with a results folder; nothing else ever is."""

import fsspec
import pytest

from audioinv.report.belongings import FILES, LOCK, PARTS, SHARD, is_own, remove_own, strangers
from audioinv.report.figures import KINDS
from audioinv.report.journal import Journal
from audioinv.sound.whole_files import find_folder, write_whole

OURS = (
    *(*FILES, SHARD, LOCK, "results.csv", "report.html", "layers.json", "layers.parquet", "figures/curves.png"),
    *("results/part-a-b.parquet", "results/part-a-b.parquet.7.tmp", "results/tmpx.tmp/run.json", "labels/clip.net.txt"),
    *("report/index.html", "report/sounds/0-unshifted.flac", "windows.parquet", "figures/layers.svg", "table.md"),
)
THEIRS = (
    *("thesis.txt", "figures/holiday.jpg", "results/results.csv", "results/more/part-a-b.parquet", "labels/a/b.txt"),
    *("report/notes.md", "report/sounds/song.flac", "data/results.parquet", "Summary.json", "results.parquet.bak"),
)


@pytest.fixture(params=["disk", "store"])
def folder(request, tmp_path):
    if request.param == "disk":
        yield tmp_path / "run"
        return
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield find_folder("memory://bucket/run")
    store.store.clear()


def put(folder, *paths):
    for path in paths:
        place = folder.joinpath(*path.split("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, b"x")


def there(folder):
    return {str(path)[len(str(folder)) + 1 :] for path in folder.rglob("*") if path.is_file()}


def test_what_is_ours_goes_and_what_is_not_stays(folder):
    put(folder, *OURS)
    assert not list(strangers(folder))
    put(folder, *THEIRS)
    folders = {"results/more/part-a-b.parquet": "results/more", "labels/a/b.txt": "labels/a"}
    folders["data/results.parquet"] = "data"
    assert set(strangers(folder)) == {folders.get(path, path) for path in THEIRS}
    remove_own(folder)
    assert there(folder) == set(THEIRS)


def test_a_folder_of_ours_alone_is_empty_afterwards(folder):
    put(folder, *OURS)
    remove_own(folder, keep=["run.json"])
    assert there(folder) == {"run.json"}


def test_links_are_never_followed_nor_removed(tmp_path):
    put(tmp_path / "mine", "curves.png")
    put(tmp_path / "run", "summary.json")
    (tmp_path / "run" / "figures").symlink_to(tmp_path / "mine")
    (tmp_path / "run" / "report.html").symlink_to(tmp_path / "mine" / "curves.png")
    assert list(strangers(tmp_path / "run")) == ["figures", "report.html"]
    remove_own(tmp_path / "run")
    assert there(tmp_path) >= {"mine/curves.png"}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["figures", "report.html"]


def test_what_a_system_leaves_behind_is_no_reason_to_refuse(tmp_path):
    put(tmp_path, ".DS_Store", "figures/.DS_Store", "figures/curves.png", "results/.nfs0001")
    assert not list(strangers(tmp_path))
    remove_own(tmp_path)
    assert there(tmp_path) == {".DS_Store"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_ours(kind):
    assert all(is_own(f"figures/{kind}{suffix}") for suffix in KINDS[kind].suffixes)


def test_every_file_of_a_run_is_ours(tmp_path):
    assert all(map(is_own, (*FILES, SHARD, LOCK)))
    with Journal(tmp_path / "run", "recipe", ()) as journal:
        assert is_own(f"{PARTS}/{journal.parts.path('unit').name}")
