"""One process writes a run; in a store as far as a store can tell."""

import errno
import fcntl
import os
import platform
import subprocess
import sys

import fsspec
import pytest

from audioinv.errors import InputError
from audioinv.report.hold import hold
from audioinv.sound.whole_files import find_folder, names_in, read_whole, write_whole


@pytest.fixture
def lock():
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield find_folder("memory://runs/a/.lock")
    store.store.clear()


def test_a_second_writer_is_refused_until_the_first_lets_go(lock):
    first = hold(lock)
    with pytest.raises(InputError) as caught:
        hold(lock)
    assert str(caught.value).startswith(f"memory://runs/a is being written by process {os.getpid()} on ")
    assert str(caught.value).endswith("give another -o; if it was killed, remove memory://runs/a/.lock")
    first.release()
    assert names_in(lock.parent) == set()
    hold(lock).release()


def test_who_is_gone_is_replaced_on_this_machine_and_nowhere_else(lock):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name, taken in ((platform.node(), True), ("elsewhere", False)):
        write_whole(lock, f"process {gone.pid} on {name} since 2026-11-23 02:11 UTC, 3fa9\n".encode())
        if taken:
            hold(lock).release()
            continue
        with pytest.raises(InputError, match=rf"by process {gone.pid} on elsewhere since 2026-11-23 02:11 UTC; wait"):
            hold(lock)


@pytest.mark.parametrize("said", [b"\xff\xfe", b"somebody", b"process 99999999999999999999 on "])
def test_a_lock_that_says_nothing_of_use_holds(lock, said):
    write_whole(lock, said)
    with pytest.raises(InputError, match="is being written by another process"):
        hold(lock)


@pytest.mark.parametrize("there", [b"process 1 on other since now, 1\n", None])
def test_who_was_taken_over_is_told_and_leaves_the_lock_of_the_other(lock, there):
    mine = hold(lock)
    mine.make_sure()
    if there is None:
        mine.release()
    else:
        write_whole(lock, there)
    with pytest.raises(InputError, match=r"runs/a: somebody took the run over \((process 1 on other|the lock)"):
        mine.make_sure()
    mine.release()
    assert read_whole(lock) == there


def test_two_at_once_where_the_store_cannot_put_a_new_file_only(lock, monkeypatch):
    store = fsspec.filesystem("memory")
    put = type(store).pipe_file

    def put_and_lose(self, name, content, **_):
        put(self, name, content)
        put(self, name, b"process 1 on other since now, 1\n")

    monkeypatch.setattr(type(store), "pipe_file", put_and_lose)
    with pytest.raises(InputError, match="is being written by process 1 on other since now; wait"):
        hold(lock)


def test_a_disk_without_locks_has_a_lock_as_a_store_has(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = tmp_path / ".lock"
    first = hold(lock)
    with pytest.raises(InputError, match=rf"is being written by process {os.getpid()} on .* if it was killed, remove"):
        hold(lock)
    first.make_sure()
    write_whole(lock, b"process 1 on other since now, 1\n")
    with pytest.raises(InputError, match="somebody took the run over"):
        first.make_sure()
    lock.write_bytes(b"")
    second = hold(lock)
    second.release()
    assert not lock.exists()
