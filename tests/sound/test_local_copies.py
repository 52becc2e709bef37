"""Local copies: found again, bounded, and never half there."""

import io
import os

import pytest

from audioinv.errors import InputError
from audioinv.sound.local_copies import LocalCopies


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
