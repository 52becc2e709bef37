"""Whole files: the same on this disk and in stores, and never half of one."""

import zipfile

import fsspec
import pytest
from upath import UPath

from audioinv.errors import AudioFileError, InputError
from audioinv.sound import whole_files
from audioinv.sound.carried_files import incoming, outgoing
from audioinv.sound.places import find_place
from audioinv.sound.whole_files import (
    find_folder,
    move_whole,
    names_in,
    read_whole,
    remove,
    write_new,
    write_whole,
)

pytestmark = pytest.mark.filterwarnings("ignore:UPath 'dir' filesystem:UserWarning")
PLACES = ["disk", "memory", "dir"]


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


@pytest.fixture
def folder(request, tmp_path, memory):
    (tmp_path / "store").mkdir()
    if request.param == "disk":
        (tmp_path / "store" / "run").mkdir()
        return tmp_path / "store" / "run"
    if request.param == "memory":
        return find_folder("memory://run")
    return UPath("dir://run", path=str(tmp_path / "store"), target_protocol="file")


@pytest.mark.parametrize("folder", PLACES, indirect=True)
def test_what_is_put_is_listed_read_replaced_and_removed(folder):
    assert names_in(folder) == set()
    assert read_whole(folder / "a") is None
    write_whole(folder / "a", b"one")
    write_whole(folder / "a", b"another")
    write_whole(folder / "b", memoryview(b"two"))
    assert names_in(folder) == {"a", "b"}
    assert read_whole(folder / "a") == b"another"
    remove(folder / "a")
    remove(folder / "a")
    assert names_in(folder) == {"b"}
    assert read_whole(folder / "a") is None


@pytest.mark.parametrize("folder", PLACES[1:], indirect=True)
def test_a_folder_in_a_store_is_removed_with_all_that_is_in_it_and_nothing_beside(folder):
    for name in ("results/1", "results/2", "results2"):
        write_whole(folder.joinpath(*name.split("/")), b"x")
    assert names_in(folder) == {"results", "results2"}
    remove(folder / "results")
    assert names_in(folder) == {"results2"}


@pytest.mark.parametrize("folder", PLACES[1:], indirect=True)
def test_a_new_file_is_put_once(folder):
    assert write_new(folder / ".lock", b"mine")
    assert not write_new(folder / ".lock", b"yours")
    assert read_whole(folder / ".lock") == b"mine"


@pytest.mark.parametrize("folder", PLACES, indirect=True)
def test_files_leave_this_disk_and_come_back(folder, tmp_path):
    with outgoing(folder / "page") as here:
        (here / "sounds").mkdir(parents=True)
        (here / "index.html").write_text("a page")
        (here / "sounds" / "0.wav").write_text("a sound")
    with outgoing(folder / "figure.png") as file:
        file.write_bytes(b"a figure")
    assert names_in(folder) == {"page", "figure.png"}
    assert read_whole(folder / "page" / "sounds" / "0.wav") == b"a sound"
    (tmp_path / "made").write_bytes(b"here")
    move_whole(tmp_path / "made", folder / "figure.png")
    with incoming(folder, ["figure.png"]) as here:
        assert (here / "figure.png").read_bytes() == b"here"


def test_where_folders_are_buckets_none_is_made(memory, monkeypatch):
    made = []
    monkeypatch.setattr(type(memory), "makedirs", lambda _, name, **__: made.append(name))
    write_whole(find_folder("memory://bucket/run/a"), b"x")
    assert made == ["/bucket/run"]
    monkeypatch.setattr(whole_files, "_BUCKETS", {"memory"})
    write_whole(find_folder("memory://bucket/run/b"), b"x")
    assert made == ["/bucket/run"]


def test_a_store_that_refuses_is_one_line(memory, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("Access Denied\nRequestId 4711")

    for name in ("pipe_file", "cat_file", "ls", "rm"):
        monkeypatch.setattr(type(memory), name, refuse)
    place = find_folder("memory://bucket/run/a")
    for act in (lambda: write_whole(place, b"x"), lambda: remove(place), lambda: write_new(place, b"x")):
        with pytest.raises(InputError, match=r"^memory://bucket/run cannot be written \(Access Denied\); what is"):
            act()
    for act in (lambda: read_whole(place), lambda: names_in(place)):
        with pytest.raises(AudioFileError, match=r"^memory://bucket/run/a: cannot be read \(Access Denied\)$"):
            act()


def test_a_store_that_cannot_be_written_at_all_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("run/a", "one")
    place = find_folder(f"zip://run/a::{tmp_path / 'a.zip'}")
    assert read_whole(place) == b"one"
    with pytest.raises(InputError, match=r"a\.zip cannot be written \(.*\); what is done is kept"):
        write_whole(place, b"two")


def test_what_this_disk_refuses_is_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match=r" cannot be written \(.*\); what is done is kept"):
        write_whole(tmp_path / "a", b"x")  # a folder is in the way
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("lost", ["file:///runs/a", "file:/runs/a", "local:/runs/a"])
def test_a_url_of_this_disk_is_a_path_also_when_it_lost_its_slashes(lost):
    assert str(find_place(lost)) == "/runs/a"
