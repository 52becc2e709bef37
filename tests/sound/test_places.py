"""Places: what a name stands for, texts within their bounds, and copies of what lies elsewhere."""

import io
import tarfile
import zipfile
from pathlib import Path

import fsspec
import pytest
from upath import UPath

from audioinv.errors import AudioFileError, InputError
from audioinv.sound import places
from audioinv.sound.places import (
    ask_store,
    at_hand,
    find_place,
    is_archive,
    is_url,
    on_this_disk,
    open_binary,
    read_text,
)


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "audioinv"


def packed(path, **members):
    """Make an archive by its suffix."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    mode = {".tar": "w", ".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("s3://bucket/a", True),
        ("s3:/bucket/a", True),
        ("zip://a.wav::b.zip", True),
        ("a.wav::zip://b", False),
        ("a/b.wav", False),
        ("C:/sounds", False),  # a drive, and no scheme of one letter
        ("a:b", False),
        (Path("memory://a"), True),
    ],
)
def test_a_url_is_told_from_a_name(name, url):
    assert is_url(name) == url


@pytest.mark.parametrize(
    ("name", "archive"),
    [("a.ZIP", True), ("a.tar", True), ("a.tgz", True), ("a.tar.xz", True), ("a.gz", False), ("zip", False)],
)
def test_an_archive_is_told_by_its_suffix(name, archive):
    assert is_archive(name) == archive


def test_a_name_is_a_path_and_a_place_itself(tmp_path, memory):
    assert find_place("a/b.wav") == Path("a/b.wav")
    assert find_place(tmp_path / "none.zip") == tmp_path / "none.zip"  # no such file, so no archive either
    (tmp_path / "folder.zip").mkdir()
    assert find_place(tmp_path / "folder.zip") == tmp_path / "folder.zip"
    place = find_place("memory:/bucket/a.wav")
    assert (str(place), on_this_disk(place)) == ("memory://bucket/a.wav", False)
    assert find_place(place) is place
    assert at_hand(tmp_path) is tmp_path


@pytest.mark.parametrize("suffix", ["zip", "tar", "tgz", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("far", [False, True])
def test_a_compressed_or_a_far_tar_is_copied_once_and_then_its_members(tmp_path, memory, cache, suffix, far):
    places._open_archive.cache_clear()
    archive = packed(tmp_path / f"set.{suffix}", a=b"one", b=b"another")
    if far:
        memory.put(str(archive), f"/bucket/set.{suffix}")
    folder = find_place(f"memory://bucket/set.{suffix}" if far else archive)
    assert at_hand(folder / "a").read_bytes() == b"one"
    assert at_hand(folder / "b").read_bytes() == b"another"
    assert at_hand(folder / "a") == at_hand(folder / "a")
    copied = suffix != "zip" and (far or suffix != "tar")
    assert len(list(cache.iterdir())) == 2 + copied
    places._open_archive.cache_clear()  # as in another process, which finds the copies
    assert at_hand(folder / "b").read_bytes() == b"another"
    assert len(list(cache.iterdir())) == 2 + copied


def test_a_far_archive_is_asked_once_how_old_it_is(tmp_path, memory, cache, monkeypatch):
    places._far_archive_state.cache_clear()
    memory.put(str(packed(tmp_path / "set.zip", a=b"one", b=b"another")), "/bucket/once.zip")
    asked, state = [], places._file_state
    monkeypatch.setattr(places, "_file_state", lambda store, name: asked.append(name) or state(store, name))
    folder = find_place("memory://bucket/once.zip")
    for name in "abab":
        at_hand(folder / name)
    assert asked == ["/bucket/once.zip"]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_text_is_utf8_without_its_mark_and_within_its_bound(tmp_path, memory, monkeypatch, elsewhere):
    def put(content):
        (tmp_path / "a.csv").write_bytes(content)
        memory.pipe("/bucket/a.csv", content)
        return find_place("memory://bucket/a.csv") if elsewhere else tmp_path / "a.csv"

    assert places._MAX_TEXT_BYTES == 256 * 2**20
    assert read_text(put("\ufeffpfad,größe\n".encode())) == "pfad,größe\n"
    for content in (b"\xff\xfea\0", b"a\0b"):
        with pytest.raises(InputError, match="not UTF-8 text"):
            read_text(put(content))
    monkeypatch.setattr(places, "_MAX_TEXT_BYTES", 5)
    assert read_text(put(b"12345")) == "12345"
    with pytest.raises(InputError, match="larger than 256 MiB"):
        read_text(put(b"123456"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("denied\nrequest 7"), r"cannot be read \(denied\)$"),
        (TimeoutError(" "), r"cannot be read \(TimeoutError\)$"),
        (FileNotFoundError("a"), "no such file$"),
        (InputError("as it was"), "^as it was$"),
    ],
)
def test_what_a_store_raises_is_said_in_our_words(memory, error, said):
    with pytest.raises((AudioFileError, InputError), match=said), ask_store(UPath("memory://bucket/a")):
        raise error


def test_what_this_disk_raises_is_left_as_it_is(tmp_path):
    with pytest.raises(PermissionError), ask_store(tmp_path):
        raise PermissionError
    with pytest.raises(FileNotFoundError), open_binary(tmp_path / "none"):
        pass
