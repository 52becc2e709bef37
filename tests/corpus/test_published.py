"""Published data sets: each in exactly its form, and what is said when something in it is not."""

import csv
import json
import shutil

import numpy as np
import pytest

from audioinv.corpus.census import take_census
from audioinv.corpus.entries import SPLITS
from audioinv.corpus.layouts import LAYOUTS, layout_named, read_corpus
from audioinv.corpus.splits import check_splits, split_corpus
from audioinv.errors import InputError


def rewrite(table, change):
    """Change the rows of a CSV, given as a list of dicts, in place."""
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows = change(rows) or rows
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def set_cell(table, line, **cells):
    rewrite(table, lambda rows: rows[line - 2].update(cells))


def direct_rows(table):
    with table.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def told_of(corpus):
    return {(e.path.name, e.label, e.group, e.fold, e.split, e.start_seconds, e.end_seconds) for e in corpus.entries}


def failures(corpus):
    return [(skipped.path.name, skipped.reason, skipped.line) for skipped in corpus.failures]


# --- each in its form, against a plain reading of its files


def test_esc50_row_by_row(tree):
    root = tree("ESC-50")
    corpus = read_corpus(root)
    rows = direct_rows(root / "meta/esc50.csv")
    assert corpus.layout == "ESC-50"
    assert told_of(corpus) == {(r["filename"], r["category"], r["src_file"], r["fold"], None, 0.0, None) for r in rows}
    assert corpus.evidence == (f"{root / 'meta/esc50.csv'}: 40 of 40 rows name a sound that is there",)
    assert corpus.skipped == ()
    assert all(entry.load().duration_seconds == 1.0 for entry in corpus.entries)


def test_esc10_is_what_its_column_says_and_only_where_it_is_asked_for(tree):
    root = tree("ESC-50")
    corpus = read_corpus(root, layout="esc-10")
    wanted = {row["filename"] for row in direct_rows(root / "meta/esc50.csv") if row["esc10"] == "True"}
    assert {entry.path.name for entry in corpus.entries} == wanted
    assert corpus.labels == ("cello", "flute")
    assert corpus.layout == "ESC-10"


def test_urbansound8k_reads_whole_slices_though_its_table_has_start_and_end(tree):
    root = tree("UrbanSound8K")
    corpus = read_corpus(root)
    rows = direct_rows(root / "metadata/UrbanSound8K.csv")
    assert told_of(corpus) == {(r["slice_file_name"], r["class"], r["fsID"], r["fold"], None, 0.0, None) for r in rows}
    assert {entry.path.parent.name for entry in corpus.entries} == {f"fold{n}" for n in range(1, 11)}
    assert float(rows[0]["start"]) == 40.0  # longer than any slice: a reader of manifests would cut outside the file
    assert take_census(corpus).n_readable == 20


def test_speech_commands_by_its_lists(tree):
    root = tree("speech_commands")
    corpus = read_corpus(root)
    valid, test = ((root / f"{name}_list.txt").read_text().split() for name in ("validation", "testing"))
    for entry in corpus.entries:
        name = entry.path.relative_to(root).as_posix()
        assert entry.split == ("valid" if name in valid else "test" if name in test else "train")
        assert entry.label == entry.path.parent.name
        assert f"{entry.group}_nohash_0.wav" == entry.path.name
    assert [len(corpus.part(split).entries) for split in SPLITS] == [20, 8, 4]
    assert "_background_noise_" not in corpus.labels
    assert [skipped.path.name for skipped in corpus.skipped] == ["_background_noise_"]
    assert corpus.failures == ()


@pytest.mark.parametrize("part", ["", "data"])
@pytest.mark.parametrize("meta", [True, False])
def test_audiomnist_by_folders_of_speakers(tree, part, meta):
    root = tree("AudioMNIST")
    if not meta:
        (root / "data/audioMNIST_meta.txt").unlink()
    corpus = read_corpus(root / part)
    assert corpus.layout == "AudioMNIST"
    assert {(e.path.stem, e.label, e.group) for e in corpus.entries} == {
        (f"{digit}_{speaker}_0", str(digit), speaker) for digit in range(10) for speaker in ("01", "02")
    }
    assert corpus.failures == ()


def test_numbered_folders_of_other_names_are_classes(tree):
    root = tree("AudioMNIST") / "data"
    (root / "audioMNIST_meta.txt").unlink()
    for place, path in enumerate(sorted(root.rglob("*.wav"))):
        path.rename(path.with_name(f"take {place}.wav"))
    assert read_corpus(root).labels == ("01", "02")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_audiofolder_by_its_metadata(tree, suffix):
    root = tree("audiofolder")
    for table in [*root.rglob("metadata.csv")]:
        rows = direct_rows(table)
        if suffix == "jsonl":
            table.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if suffix == "parquet":
            import pandas as pd

            pd.DataFrame(rows).to_parquet(table.with_suffix(".parquet"))
        if suffix != "csv":
            table.unlink()
    corpus = read_corpus(root)
    assert corpus.layout == "audiofolder"
    assert {(e.path.parent.name, e.split) for e in corpus.entries} == {
        ("train", "train"),
        ("validation", "valid"),
        ("test", "test"),
    }
    assert corpus.labels == ("kick", "snare")
    assert len(corpus.entries) == 24


def test_one_metadata_above_folders_of_splits(tree):
    root = tree("audiofolder")
    rows = [
        {**r, "file_name": f"{t.parent.name}/{r['file_name']}"} for t in root.rglob("*.csv") for r in direct_rows(t)
    ]
    for table in [*root.rglob("metadata.csv")]:
        table.unlink()
    with (root / "metadata.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["file_name", "label"])
        writer.writeheader()
        writer.writerows(rows)
    assert [len(read_corpus(root).part(split).entries) for split in SPLITS] == [16, 4, 4]


# --- found below, above, by their table, by a file of theirs


def test_sets_below_a_folder_are_each_found(made_trees):
    corpus = read_corpus(made_trees)
    assert set(corpus.layout.split(" + ")) == {
        "ESC-50",
        "UrbanSound8K",
        "Speech Commands",
        "AudioMNIST",
        "audiofolder",
        "annotated recordings",
    }
    assert len(corpus.entries) == 40 + 20 + 32 + 20 + 24 + 12


def test_a_set_is_known_by_its_table_its_sounds_and_one_of_them(tree):
    root = tree("ESC-50")
    whole = read_corpus(root)
    assert read_corpus(root / "meta/esc50.csv").entries == whole.entries
    assert set(read_corpus(root / "audio").entries) == set(whole.entries)
    assert read_corpus(whole.entries[7].path).entries == (whole.entries[7],)
    assert read_corpus(tree("UrbanSound8K") / "audio").labels == ("kick", "snare")  # and not fold1 … fold10


# --- what must fail, each by one line


def test_a_row_whose_file_is_missing(tree):
    root = tree("ESC-50")
    name = direct_rows(root / "meta/esc50.csv")[3]["filename"]
    (root / "audio" / name).unlink()
    corpus = read_corpus(root)
    assert failures(corpus) == [(name, "no such file", 5)]
    assert corpus.evidence[0].endswith("39 of 40 rows name a sound that is there")


@pytest.mark.parametrize(
    ("name", "table", "fold", "reason"),
    [
        ("ESC-50", "meta/esc50.csv", "6", "fold=6 is out of range; it must be one of 1 to 5"),
        ("ESC-50", "meta/esc50.csv", "", "no fold; it must be one of 1 to 5"),
        ("ESC-50", "meta/esc50.csv", "two", "fold='two' is not a number"),
        ("UrbanSound8K", "metadata/UrbanSound8K.csv", "11", "fold=11 is out of range; it must be one of 1 to 10"),
        ("UrbanSound8K", "metadata/UrbanSound8K.csv", "0", "fold=0 is out of range; it must be one of 1 to 10"),
        ("UrbanSound8K", "metadata/UrbanSound8K.csv", "10", "no such file"),  # a fold, but not the one it lies in
    ],
)
def test_a_fold_that_cannot_be(tree, name, table, fold, reason):
    root = tree(name)
    set_cell(root / table, 2, fold=fold)
    ((_, said, line),) = failures(read_corpus(root))
    assert (said, line) == (reason, 2)


def test_rows_twice_count_once_and_rows_that_disagree_do_not_count(tree):
    root = tree("ESC-50")
    table = root / "meta/esc50.csv"
    rewrite(table, lambda rows: [*rows, rows[0], {**rows[1], "fold": "5"}])
    corpus = read_corpus(root)
    assert len(corpus.entries) == 39
    said = [(skipped.reason, skipped.failed) for skipped in corpus.skipped]
    assert said == [("repeats line 2", False), ("lines 3, 43 disagree on its label, group or split", True)]


def test_a_column_that_a_set_has_is_missing(tree):
    root = tree("ESC-50")
    rewrite(root / "meta/esc50.csv", lambda rows: [{k: v for k, v in r.items() if k != "category"} for r in rows])
    corpus = read_corpus(root)
    assert corpus.entries == ()
    assert failures(corpus) == [("esc50.csv", "no column 'category', which ESC-50 has", None)]


def test_a_sound_without_a_row_is_passed_over(tree):
    root = tree("ESC-50")
    shutil.copy(next((root / "audio").iterdir()), root / "audio" / "extra.wav")
    (skipped,) = read_corpus(root).skipped
    assert (skipped.path.name, skipped.reason) == ("extra.wav", f"no row in {root / 'meta/esc50.csv'}")


def test_a_list_that_names_what_is_missing_or_what_the_other_names(tree):
    root = tree("speech_commands")
    gone = root / (root / "testing_list.txt").read_text().split()[0]
    gone.unlink()
    both = (root / "validation_list.txt").read_text().split()[0]
    with (root / "testing_list.txt").open("a") as stream:
        stream.write(both + "\n")
    corpus = read_corpus(root)
    assert sorted(failures(corpus)) == sorted(
        [
            (gone.name, "no such file, but in testing_list.txt", 1),
            (both.rpartition("/")[2], "in both lists", None),
        ]
    )
    assert root / both not in {entry.path for entry in corpus.entries}
    assert corpus.evidence[1] == f"{root / 'testing_list.txt'}: 4 of 5 names are there"


def test_one_list_alone_is_no_speech_commands(tree):
    root = tree("speech_commands")
    (root / "testing_list.txt").unlink()
    assert read_corpus(root).layout == "folder per class"


def test_audiomnist_says_who_is_missing_and_what_is_named_otherwise(tree):
    root = tree("AudioMNIST") / "data"
    shutil.rmtree(root / "02")
    (root / "01" / "3_01_0.wav").rename(root / "01" / "three.wav")
    corpus = read_corpus(root)
    assert failures(corpus) == [
        ("three.wav", "not named DIGIT_SPEAKER_N in the folder of its speaker", None),
        ("02", "no sound, but a speaker of audioMNIST_meta.txt", None),
    ]
    assert corpus.evidence[1].endswith("1 of 2 speakers are there")


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("ESC-50", "manifest.csv", "looks like ESC-50 (meta/esc50.csv) and like manifest (manifest.csv)"),
        ("speech_commands", "metadata.csv", "and like audiofolder (metadata.csv)"),
    ],
)
def test_two_layouts_in_one_folder_are_refused_until_one_is_asked_for(tree, name, more, said):
    root = tree(name)
    path = next(root.rglob("*.wav")).relative_to(root).as_posix()
    (root / more).write_text(f"file_name,label\n{path},this one\n")
    corpus = read_corpus(root)
    assert corpus.entries == ()
    (failure,) = corpus.failures
    assert said in failure.reason
    assert failure.reason.endswith("say which with --layout NAME, or give the list itself")
    asked = "manifest" if more == "manifest.csv" else "audiofolder"
    assert read_corpus(root, layout=asked).labels == ("this one",)
    assert read_corpus(root, layout=name).layout == layout_named(name)


def test_a_metadata_csv_of_something_else_is_no_second_layout(tree):
    root = tree("ESC-50")
    (root / "metadata.csv").write_text("licence,year\nCC-BY,2015\n")
    assert len(read_corpus(root).entries) == 40


def test_a_layout_that_is_asked_for_and_not_there(tree):
    root = tree("AudioMNIST")
    corpus = read_corpus(root, layout="urbansound8k")
    assert corpus.entries == ()
    assert "not laid out as UrbanSound8K: no metadata/UrbanSound8K.csv" in corpus.failures[0].reason
    assert read_corpus(root, layout="files").labels == ()
    assert read_corpus(root / "data", layout="folder per class").labels == ("01", "02")
    with pytest.raises(InputError, match=r"layout 'esc51' is not one of ESC-50, ESC-10, UrbanSound8K"):
        read_corpus(root, layout="esc51")
    assert [layout_named(name.upper().replace(" ", "_")) for name in LAYOUTS] == list(LAYOUTS)


# --- folds and lists become splits, and no group is on two sides


@pytest.mark.parametrize("fold", [1, 3, 5, None])
def test_a_fold_tests_the_next_validates_and_no_group_leaks(tree, fold):
    corpus = read_corpus(tree("ESC-50"))
    divided = split_corpus(corpus, rng=np.random.default_rng(0), test_fold=fold)
    tested = fold or 5
    assert {(entry.fold, entry.split) for entry in divided.entries} == {
        (str(n), "test" if n == tested else "valid" if n == tested % 5 + 1 else "train") for n in range(1, 6)
    }
    sides = [{entry.group for entry in divided.part(split).entries} for split in SPLITS]
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
    assert divided.evidence[-1].startswith(f"fold {tested} is for testing, fold {tested % 5 + 1} for validation")


def test_a_group_on_two_folds_leaks_and_is_refused(tree):
    root = tree("ESC-50")
    set_cell(root / "meta/esc50.csv", 2, src_file="100009")  # fold 1, but that recording is in fold 5
    with pytest.raises(InputError, match="group 100009 leaks"):
        split_corpus(read_corpus(root), rng=np.random.default_rng(0))


def test_a_fold_that_is_not_there_is_an_error_that_names_those_that_are(tree):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"test_fold=7 is not a fold of .*; it has 1, 2, 3, 4, 5"):
        split_corpus(read_corpus(tree("ESC-50")), rng=rng, test_fold=7)
    with pytest.raises(InputError, match=r"test_fold=1 is not a fold of .*; it has none"):
        split_corpus(read_corpus(tree("AudioMNIST")), rng=rng, test_fold=1)


def test_lists_are_kept_as_they_are(tree):
    corpus = read_corpus(tree("speech_commands"))
    divided = split_corpus(corpus, rng=np.random.default_rng(0))
    assert divided.entries == corpus.entries
    check_splits(divided)


def test_parts_by_name(tree):
    corpus = read_corpus(tree("ESC-50"))
    assert {entry.fold for entry in corpus.part("fold3").entries} == {"3"}
    assert corpus.part("fold").entries == corpus.part("test").entries == ()
    assert read_corpus(tree("AudioMNIST")).part("foldNone").entries == ()


def test_the_census_counts_folds(tree):
    lines = take_census(read_corpus(tree("ESC-50"))).lines()
    assert "  found by      meta/esc50.csv: 40 of 40 rows name a sound that is there" in lines
    assert "  folds         1 (8), 2 (8), 3 (8), 4 (8), 5 (8)" in lines
