"""Local copies: found again, bounded, and never half there."""

import io
import os
import time

import pytest

from audioinv.errors import InputError
from audioinv.sound import local_copies
from audioinv.sound.local_copies import LocalCopies, usual_copies


def names_in(copies):
    return {path.name for path in copies.folder.iterdir()}


def test_a_copy_is_found_and_what_was_never_kept_is_not(tmp_path):
    copies = LocalCopies(tmp_path / "copies")
    assert copies.find("a") is None
    assert copies.keep("a", io.BytesIO(b"sound")).read_bytes() == b"sound"
    assert copies.find("a") == tmp_path / "copies" / "a"


def test_what_was_used_longest_ago_goes_first(tmp_path):
    copies = LocalCopies(tmp_path, limit_bytes=300)
    for age, name in enumerate("abc"):
        path = copies.keep(name, io.BytesIO(bytes(100)))
        os.utime(path, (1000 + age, 1000 + age))
    copies.find("a")  # used just now, though it came first
    copies.keep("d", io.BytesIO(bytes(100)))
    assert names_in(copies) == {"a", "c", "d"}


@pytest.mark.parametrize("n_copies", [5, 40])
def test_together_they_stay_within_the_limit_and_a_twentieth(tmp_path, n_copies):
    copies = LocalCopies(tmp_path, limit_bytes=1000)
    for place in range(n_copies):
        copies.keep(str(place), io.BytesIO(bytes(190)))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1050
    assert copies.find(str(n_copies - 1)) == tmp_path / str(n_copies - 1)


def test_one_that_is_larger_than_all_may_be_is_refused_and_leaves_nothing(tmp_path):
    copies = LocalCopies(tmp_path, limit_bytes=1000)
    with pytest.raises(InputError, match=r"larger than the .* GiB that copies may take in .*; bring it to this disk"):
        copies.keep("a", io.BytesIO(bytes(1001)))
    assert names_in(copies) == set()


def test_a_fetch_that_breaks_off_leaves_no_copy(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            if self.tell() >= 100:
                raise ConnectionError("lost")
            return super().read(100)

    copies = LocalCopies(tmp_path)
    with pytest.raises(ConnectionError):
        copies.keep("a", Broken(bytes(1000)))
    assert names_in(copies) == set()
    assert copies.find("a") is None


def test_a_sound_may_be_as_large_as_all_copies_together_and_nothing_goes_at_the_limit(tmp_path):
    copies = LocalCopies(tmp_path, limit_bytes=300)
    for name in "abc":
        copies.keep(name, io.BytesIO(bytes(100)))
    assert names_in(copies) == {"a", "b", "c"}
    copies.keep("all", io.BytesIO(bytes(300)))
    assert names_in(copies) == {"all"}


@pytest.mark.parametrize(("n_bytes", "left"), [(110, {"b", "c", "d"}), (111, {"c", "d"})])
def test_no_more_goes_than_must_and_never_the_copy_that_was_asked_for(tmp_path, n_bytes, left):
    copies = LocalCopies(tmp_path, limit_bytes=300)
    for age, (name, size) in enumerate([("a", 30), ("b", 90), ("c", 100)]):
        os.utime(copies.keep(name, io.BytesIO(bytes(size))), (3e9 + age, 3e9 + age))  # as by a clock that is fast
    copies.keep("d", io.BytesIO(bytes(n_bytes)))
    assert names_in(copies) == left


@pytest.mark.parametrize(("age_seconds", "stays"), [(24 * 3600 - 20, True), (24 * 3600 + 20, False)])
def test_what_is_half_there_is_left_to_its_process_for_a_day(tmp_path, age_seconds, stays):
    copies = LocalCopies(tmp_path, limit_bytes=20)
    (tmp_path / "x.1234.part").write_bytes(bytes(500))
    changed = time.time() - age_seconds
    os.utime(tmp_path / "x.1234.part", (changed, changed))
    copies.keep("a", io.BytesIO(bytes(10)))
    assert names_in(copies) == ({"a", "x.1234.part"} if stays else {"a"})


def test_others_may_tidy_up_at_the_same_time(tmp_path, monkeypatch):
    class Gone:
        """A file that another process removes before it is asked about, or before it is removed here."""

        def __init__(self, name):
            self.name = name

        def is_file(self):
            return True

        def stat(self):
            if self.name == "sooner":
                raise FileNotFoundError
            return (tmp_path / "old").stat()

    copies = LocalCopies(tmp_path, limit_bytes=150)
    os.utime(copies.keep("old", io.BytesIO(bytes(100))), (1000, 1000))
    scandir = os.scandir
    monkeypatch.setattr(local_copies.os, "scandir", lambda folder: [Gone("sooner"), Gone("later"), *scandir(folder)])
    copies.keep("new", io.BytesIO(bytes(120)))
    assert names_in(copies) == {"new"}


def test_the_usual_folder_is_in_the_cache_of_the_user_and_for_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a" / "cache"))
    copies = usual_copies()
    copies.keep("a", io.BytesIO(b"x"))
    assert copies.folder == tmp_path / "a" / "cache" / "audioinv"
    assert copies.folder.stat().st_mode & 0o777 == 0o700
    assert copies.limit_bytes == 8 * 2**30
    assert usual_copies() is copies  # which counts what has been fetched
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert usual_copies().folder == tmp_path / ".cache" / "audioinv"
