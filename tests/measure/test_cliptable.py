"""What a summary knows of the clips."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.cliptable import ClipTable
from audioinv.sound.clip import Clip
from audioinv.sweep.responses import ClipRecord

SILENCE = np.zeros(4, dtype=np.float32)


def test_targets_are_the_models_indices():
    table = ClipTable(("a", "b", "c"), ("hat", "kick"), labels=("kick", None, "cowbell"))
    assert table.targets.tolist() == [1, -1, -1]
    assert table.unknown_labels == ("cowbell",)
    assert ClipTable(("a",), ("hat",)).targets.tolist() == [-1]


def test_clips_of_no_group_are_groups_of_their_own():
    codes = ClipTable(tuple("abcde"), ("hat",), groups=("kit", None, "kit", None, "other")).group_codes
    assert codes[0] == codes[2]
    assert len(set(codes)) == 4
    assert ClipTable(("a",), ("hat",)).group_codes is None


def test_clips_and_records_give_the_same_table():
    clips = [Clip(SILENCE, 8000, name="a", label="hat", group="kit"), Clip(SILENCE, 8000, name="b", label="kick")]
    records = [ClipRecord("a", 0.0, 0.5, "hat", "kit"), ClipRecord("b", 0.0, 0.5, "kick")]
    assert ClipTable.of(clips, ["hat", "kick"]) == ClipTable.of(records, ["hat", "kick"])
    assert ClipTable.of(clips, ["hat", "kick"]).groups == ("kit", None)
    assert ClipTable.of([Clip(SILENCE, 8000)], ["hat"]).labels is None


def test_the_table_of_some_clips_is_their_part():
    whole = ClipTable(tuple("abcd"), ("x", "y"), labels=("x", "y", None, "x"), groups=("k", None, "k", "l"))
    part = ClipTable(tuple("bc"), ("x", "y"), labels=("y", None), groups=(None, "k"))
    assert whole.some(slice(1, 3)) == part
    bare = ClipTable(tuple("abcd"), ("x",))
    assert bare.some(slice(3)) == ClipTable(tuple("abc"), ("x",))


def test_stretches_of_one_file_are_told_apart():
    records = [ClipRecord("a", 0.0, 1.0), ClipRecord("a", 1.5, 2.5), ClipRecord("b", 0.0, 1.0)]
    assert ClipTable.of(records, ["hat"]).names == ("a at 0 s", "a at 1.5 s", "b")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"names": ("a",), "classes": ("x",), "labels": ("x", "x")}, "2 labels for 1 clips"),
        ({"names": ("a",), "classes": ("x",), "groups": ()}, "0 groups for 1 clips"),
        ({"names": (), "classes": ("x",)}, "0 clips and 1 classes"),
        ({"names": ("a",), "classes": ()}, "1 clips and 0 classes"),
        ({"names": ("a",), "classes": ("x", "x")}, "repeat"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        ClipTable(**columns)
