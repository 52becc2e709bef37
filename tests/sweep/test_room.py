"""Arrays on disk are arrays; letting go of them loses nothing and gives memory back."""

import errno
import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from audioinv.sweep import room
from audioinv.sweep.room import RoomOnDisk, blocks_of, let_go


def resident_mib():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_what_is_written_is_read(rng, tmp_path):
    values = rng.random((1000, 7))
    array = RoomOnDisk(tmp_path)(values.shape, values.dtype)
    for some in blocks_of(array):
        array[some] = values[some]
    let_go(array)
    let_go(array[3:5])
    np.testing.assert_array_equal(array, values)
    assert not list(tmp_path.iterdir())  # no folder names it


def test_nothing_has_room_too(tmp_path):
    assert RoomOnDisk(tmp_path)((0, 3), np.dtype(np.float32)).shape == (0, 3)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED") or not Path("/proc").is_dir(), reason="needs Linux")
def test_memory_is_given_back(tmp_path):
    array = RoomOnDisk(tmp_path)((64, 1 << 20), np.dtype(np.uint8))
    array[:] = 1
    full = resident_mib()
    let_go(array)
    assert full - resident_mib() > 60
    assert array.sum(dtype=int) == array.size


@pytest.mark.parametrize(("n_values", "lengths"), [(6, [2, 2, 1]), (2, [1] * 5), (100, [5])])
def test_blocks_are_the_array(monkeypatch, n_values, lengths):
    monkeypatch.setattr(room, "BLOCK_VALUES", n_values)
    array = np.arange(15).reshape(5, 3)
    blocks = [array[some] for some in blocks_of(array)]
    assert [len(block) for block in blocks] == lengths
    np.testing.assert_array_equal(np.concatenate(blocks), array)
    assert [array[:0][some].shape for some in blocks_of(array[:0])] == [(0, 3)]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is not taken beforehand on this system")
def test_a_full_disk_is_found_out_before_anything_is_written(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        RoomOnDisk(tmp_path)((2,), np.dtype(np.float32))
