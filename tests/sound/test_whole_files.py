"""Whole files: the same on this disk and in stores, and never half of one."""

import os
import tempfile
import zipfile
from pathlib import Path

import fsspec
import pytest
from upath import UPath

from audioinv.errors import AudioFileError, InputError
from audioinv.sound import whole_files
from audioinv.sound.carried_files import disk_near, incoming, outgoing
from audioinv.sound.places import find_place
from audioinv.sound.whole_files import (
    cannot_write,
    find_folder,
    move_whole,
    names_in,
    read_whole,
    refuse_url,
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


def test_what_is_put_on_a_disk_is_synced_and_so_is_its_name(tmp_path, monkeypatch):
    """First the file is synced, then it is renamed, then the folder is synced that has the name."""
    done, sync, rename = [], os.fsync, Path.replace

    def spied_sync(descriptor):
        about = os.fstat(descriptor)
        done.append("folder" if about.st_ino == tmp_path.stat().st_ino else "file")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", spied_sync)
    monkeypatch.setattr(Path, "replace", lambda *paths: (done.append("rename"), rename(*paths))[1])
    write_whole(tmp_path / "a", b"one")
    assert done == ["file", "rename", "folder"]
    move_whole(tmp_path / "a", tmp_path / "b")
    assert done[3:] == ["file", "rename", "folder"]


def test_a_system_that_syncs_no_folder_writes_all_the_same(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "as Windows has it")

    monkeypatch.setattr(os, "open", refuse)
    write_whole(tmp_path / "a", b"one")
    assert names_in(tmp_path) == {"a"}


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


@pytest.mark.parametrize("folder", PLACES, indirect=True)
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


@pytest.mark.parametrize("folder", PLACES, indirect=True)
def test_a_file_holds_no_names(folder):
    write_whole(folder / "a.parquet", b"x")
    assert names_in(folder) == {"a.parquet"}
    assert names_in(folder / "a.parquet") == set()


def test_a_folder_of_this_disk_is_removed_with_all_that_is_in_it(tmp_path):
    (tmp_path / "results" / "deep").mkdir(parents=True)
    write_whole(tmp_path / "results" / "deep" / "a", b"x")
    write_whole(tmp_path / "results2", b"x")
    remove(tmp_path / "results")
    assert names_in(tmp_path) == {"results2"}


def test_a_url_is_refused_only_where_a_folder_of_this_disk_would_be_made_of_it(tmp_path, memory):
    with pytest.raises(InputError, match="memory:/runs/a"):
        refuse_url(Path("memory://runs/a"))
    refuse_url(tmp_path)
    refuse_url(find_folder("memory://runs/a"))


def test_what_is_made_first_is_made_on_this_disk(tmp_path, memory):
    assert disk_near(tmp_path) == tmp_path
    assert disk_near(find_folder("memory://runs/a")) == Path(tempfile.gettempdir())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device", "a"), "No space left on device"),
        (ConnectionError("reset by peer\nrequest 7"), "reset by peer"),
        (ConnectionError(" "), "ConnectionError"),
    ],
)
def test_why_nothing_can_be_written_is_said_in_a_line(tmp_path, error, reason):
    assert f"{tmp_path} cannot be written ({reason}); what is done is kept" in str(cannot_write(tmp_path, error))
