"""Tables: CSV, JSON lines and Parquet hold the same rows, and cells are data only."""

import json

import pandas as pd
import pytest

from audioinv.corpus.entries import CorpusEntry
from audioinv.corpus.layouts import read_corpus
from audioinv.corpus.tables import open_table
from audioinv.errors import InputError

from .test_layouts import write_manifest, write_sounds

ROWS = [
    {"path": "a.wav", "label": "kick", "speaker": "Ana", "fold": 1, "start": 0.0, "end": 0.05},
    {"path": "b.wav", "label": "snare", "speaker": "Bo", "fold": 2, "start": 0.01, "end": None},
]


def write_rows(path, rows=ROWS):
    frame = pd.DataFrame(rows)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.tsv", "manifest.jsonl", "manifest.parquet"])
@pytest.mark.parametrize("given", ["folder", "table"])
def test_every_kind_of_table_holds_the_same_entries(tmp_path, name, given):
    write_sounds(tmp_path, "a.wav", "b.wav")
    table = write_rows(tmp_path / name)
    corpus = read_corpus(tmp_path if given == "folder" else table)
    assert corpus.entries == (
        CorpusEntry(tmp_path / "a.wav", "kick", "Ana", None, 0.0, 0.05, "1"),
        CorpusEntry(tmp_path / "b.wav", "snare", "Bo", None, 0.01, None, "2"),
    )
    assert corpus.layout == "manifest"


@pytest.mark.parametrize("name", ["path", "file", "filename", "file_name", "filepath"])
@pytest.mark.parametrize("label", ["label", "category", "class", "target"])
@pytest.mark.parametrize("group", ["group", "speaker", "speaker_id", "author"])
def test_usual_names_of_columns(tmp_path, name, label, group):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "list.csv", f"{name},{label},{group},other", "a.wav,kick,Ana,x")
    corpus = read_corpus(tmp_path / "list.csv")
    assert corpus.entries == (CorpusEntry(tmp_path / "a.wav", "kick", "Ana"),)
    assert corpus.ignored_columns == ("other",)


@pytest.mark.parametrize(
    ("begin", "end", "stretch"),
    [
        ("start", "end", (0.02, 0.08)),
        ("onset", "offset", (0.02, 0.08)),
        ("begin", "end", (0.02, 0.08)),
        ("other", "offset", (0.0, None)),  # where no onset stands beside it, an offset may be a beginning
        ("begin", "offset", (0.02, None)),
    ],
)
def test_stretches_by_their_usual_names(tmp_path, begin, end, stretch):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "list.csv", f"path,{begin},{end}", "a.wav,0.02,0.08")
    (entry,) = read_corpus(tmp_path / "list.csv").entries
    assert (entry.start_seconds, entry.end_seconds) == stretch


@pytest.mark.parametrize(
    ("column", "cell", "split", "fold"),
    [
        ("split", "dev", "valid", None),
        ("subset", "Test", "test", None),
        ("fold", "3", None, "3"),
        ("fold", "fold03", None, "3"),
        ("split", "2", None, "2"),
        ("fold", "train", "train", None),
        ("split", "unheard", "unheard", None),
    ],
)
def test_splits_and_folds_stand_in_either_column(tmp_path, column, cell, split, fold):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "list.csv", f"path,{column}", f"a.wav,{cell}")
    (entry,) = read_corpus(tmp_path / "list.csv").entries
    assert (entry.split, entry.fold) == (split, fold)


def test_stretches_of_one_recording_are_a_group_unless_the_table_says_another(tmp_path):
    write_sounds(tmp_path, "a.wav", "b.wav")
    lines = ("a.wav,0,0.05,", "a.wav,0.05,0.1,", "b.wav,0,0.05,", "b.wav,0.05,0.1,mine")
    write_manifest(tmp_path / "list.csv", "path,start,end,group", *lines)
    a, b = str(tmp_path / "a.wav"), str(tmp_path / "b.wav")
    assert [entry.group for entry in read_corpus(tmp_path / "list.csv").entries] == [a, a, b, "mine"]


def test_a_missing_column_of_labels_is_said(tmp_path):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "list.csv", "path,kind", "a.wav,kick")
    (evidence,) = read_corpus(tmp_path / "list.csv").evidence
    assert evidence.endswith("; it has no column 'label' (or category, class, target, event_label)")


@pytest.mark.parametrize(
    "cell",
    ["s3://bucket/a.wav", "file:///etc/passwd", "memory://x/a.wav", "zip://a.wav::b.zip", "https://example.org/a.wav"],
)
def test_a_url_in_a_cell_is_not_followed(tmp_path, cell):
    write_manifest(tmp_path / "list.csv", "path,label", f"{cell},kick")
    (failure,) = read_corpus(tmp_path / "list.csv").failures
    assert failure.reason == "a URL is not followed; write a path relative to the manifest"


@pytest.mark.parametrize("cell", ["=1+1", "{0.__class__}", "$(touch x)", "'; DROP TABLE", "%s"])
def test_a_label_is_the_text_that_stands_there(tmp_path, cell):
    write_sounds(tmp_path, "a.wav")
    for suffix in (".csv", ".jsonl", ".parquet"):
        table = write_rows(tmp_path / f"list{suffix}", [{"path": "a.wav", "label": cell}])
        assert read_corpus(table).entries[0].label == cell


def test_lines_of_json_that_are_none_fail_by_line(tmp_path):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "manifest.jsonl", '{"path": "a.wav", "label": 7}', "{", "[1]", '{"path": "gone.wav"}')
    corpus = read_corpus(tmp_path)
    assert [entry.label for entry in corpus.entries] == ["7"]
    said = [(failure.line, failure.reason.partition(" (")[0]) for failure in corpus.failures]
    assert said == [(2, "not JSON"), (3, "not a JSON object"), (4, "no such file")]


def test_what_is_no_parquet_and_what_has_no_path(tmp_path):
    (tmp_path / "manifest.parquet").write_bytes(b"no parquet at all")
    assert read_corpus(tmp_path).failures[0].reason.startswith("not Parquet (")
    write_rows(tmp_path / "other.parquet", [{"sound": "a.wav", "kind": 1}])
    (failure,) = read_corpus(tmp_path / "other.parquet").failures
    assert failure.reason == ("no column 'path' (or file, file_name, filename, filepath); its columns are sound, kind")


def test_nested_columns_of_parquet_are_not_read(tmp_path):
    """Hugging Face keeps whole sounds in such columns: megabytes a row."""
    write_sounds(tmp_path, "a.wav")
    rows = [{"path": "a.wav", "audio": {"bytes": b"RIFF", "path": "x.wav"}}]
    table = open_table(write_rows(tmp_path / "list.parquet", rows), ("path",))
    assert [dict(row.cells) for row in table.rows] == [{"path": "a.wav"}]
    assert table.header == ("path", "audio")


def test_a_table_without_any_of_the_columns(tmp_path):
    write_manifest(tmp_path / "list.csv", "sound", "a.wav")
    with pytest.raises(InputError, match=r"its first line 'sound' has no column 'path'"):
        open_table(tmp_path / "list.csv", ("path",))
