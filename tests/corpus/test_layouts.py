"""Layouts: what a list of inputs becomes, on small trees of real sound files."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.corpus.entries import CorpusEntry
from audioinv.corpus.layouts import read_corpus
from audioinv.errors import AudioFileError, InputError
from audioinv.sound.audio import write_audio

RATE = 8000


def write_sounds(root, *names):
    """Write a different sound of a tenth of a second under each name."""
    for seed, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, np.random.default_rng(seed).uniform(-0.5, 0.5, RATE // 10), RATE)
    return root


def write_manifest(path, *lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def told(corpus, root):
    """Entries as (path, label): what most tests ask about."""
    return [(entry.path.relative_to(root).as_posix(), entry.label) for entry in corpus.entries]


def reasons(corpus, root):
    return {skipped.path.relative_to(root).as_posix(): skipped.reason for skipped in corpus.skipped}


# --- folders without a manifest


def test_the_label_is_the_first_folder_below_the_root(tmp_path):
    write_sounds(tmp_path, "kick/a.wav", "kick/deep/er/b.flac", "snare/c.wav")
    corpus = read_corpus(tmp_path)
    assert told(corpus, tmp_path) == [("kick/a.wav", "kick"), ("kick/deep/er/b.flac", "kick"), ("snare/c.wav", "snare")]
    assert corpus.layout == "folder per class"
    assert corpus.labels == ("kick", "snare")
    assert {entry.group for entry in corpus.entries} == {None}


def test_a_flat_folder_and_single_files_have_no_labels(tmp_path):
    write_sounds(tmp_path, "a.wav", "b.wav")
    for corpus in (read_corpus(tmp_path), read_corpus(tmp_path / "a.wav", tmp_path / "b.wav")):
        assert told(corpus, tmp_path) == [("a.wav", None), ("b.wav", None)]
        assert corpus.layout == "files"


@pytest.mark.parametrize("names", [("Grüße/ça va.wav", "鼓/ké.wav"), ("two words/a b.wav", "other/c;d,e.wav")])
def test_unicode_spaces_and_separators_in_names(tmp_path, names):
    write_sounds(tmp_path, *names)
    corpus = read_corpus(tmp_path)
    assert sorted(told(corpus, tmp_path)) == sorted((name, name.split("/")[0]) for name in names)
    assert all(entry.load().duration_seconds == 0.1 for entry in corpus.entries)


def test_upper_case_suffixes_are_sound(tmp_path):
    write_sounds(tmp_path, "kick/A.WAV", "kick/B.Flac")
    assert told(read_corpus(tmp_path), tmp_path) == [("kick/A.WAV", "kick"), ("kick/B.Flac", "kick")]


def test_what_is_no_sound_is_passed_over_with_its_reason_and_does_not_fail(tmp_path):
    write_sounds(tmp_path, "kick/a.wav", "kick/._a.wav", ".cache/b.wav")
    (tmp_path / "kick" / "notes.txt").write_text("loud")
    corpus = read_corpus(tmp_path)
    assert told(corpus, tmp_path) == [("kick/a.wav", "kick")]
    assert reasons(corpus, tmp_path) == {
        ".cache": "hidden",
        "kick/._a.wav": "hidden",
        "kick/notes.txt": "not a sound file",
    }
    assert corpus.failures == ()


def test_folders_named_for_splits_are_splits_and_the_next_are_classes(tmp_path):
    write_sounds(tmp_path, "Train/kick/a.wav", "validation/snare/b.wav", "test/kick/c.wav")
    corpus = read_corpus(tmp_path)
    assert [(entry.label, entry.split) for entry in corpus.entries] == [
        ("kick", "train"),
        ("kick", "test"),
        ("snare", "valid"),
    ]


def test_a_class_called_train_stays_a_class_beside_others(tmp_path):
    write_sounds(tmp_path, "train/horn/a.wav", "plane/b.wav")
    corpus = read_corpus(tmp_path)
    assert [(entry.label, entry.split) for entry in corpus.entries] == [("plane", None), ("train", None)]


def test_order_is_that_of_sorted_paths(tmp_path):
    write_sounds(tmp_path, "b/2.wav", "b/10.wav", "a.wav", "b.wav", "B/1.wav", "a/z/1.wav", "a/a.wav")
    assert [entry.path for entry in read_corpus(tmp_path).entries] == sorted(tmp_path.rglob("*.wav"))


def test_links_to_files_are_read_to_folders_are_not_and_broken_ones_fail(tmp_path):
    write_sounds(tmp_path, "elsewhere/a.wav")
    (tmp_path / "in" / "kick").mkdir(parents=True)
    (tmp_path / "in" / "kick" / "a.wav").symlink_to(tmp_path / "elsewhere" / "a.wav")
    (tmp_path / "in" / "kick" / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    corpus = read_corpus(tmp_path / "in")
    assert told(corpus, tmp_path / "in") == [("kick/a.wav", "kick")]
    assert reasons(corpus, tmp_path / "in") == {
        "kick/gone.wav": "a broken link, or no regular file",
        "loop": "a linked folder; name it as an input to read it",
    }
    assert [skipped.path.name for skipped in corpus.failures] == ["gone.wav"]


def test_a_folder_that_cannot_be_opened_fails_and_the_rest_is_read(tmp_path, monkeypatch):
    write_sounds(tmp_path, "locked/a.wav", "open/b.wav")
    listed = Path.iterdir

    def refuse(path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    corpus = read_corpus(tmp_path)
    assert told(corpus, tmp_path) == [("open/b.wav", "open")]
    assert [(skipped.path.name, skipped.reason) for skipped in corpus.failures] == [
        ("locked", "cannot be opened (Permission denied)")
    ]


def test_a_name_that_is_not_utf8_fails_with_a_reason_that_can_be_printed(tmp_path):
    write_sounds(tmp_path, "kick/a.wav")
    (tmp_path / "kick" / "a.wav").rename(os.fsdecode(os.fsencode(tmp_path / "kick") + b"/caf\xe9.wav"))
    corpus = read_corpus(tmp_path)
    assert corpus.entries == ()
    (failure,) = corpus.failures
    assert failure.reason == "its name is not valid UTF-8; rename it"
    assert str(failure.path).encode("utf-8").endswith("caf\ufffd.wav".encode())


# --- nothing to analyse


def test_nothing_to_analyse_is_an_empty_corpus_that_says_why(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("no sound")
    sources = [tmp_path / "empty", tmp_path / "texts", tmp_path / "gone.wav"]
    corpus = read_corpus(*sources)
    assert corpus.entries == ()
    assert [(skipped.path.name, skipped.reason) for skipped in corpus.failures] == [
        ("empty", "no sound file below it"),
        ("texts", "no sound file below it"),
        ("gone.wav", "no such file or folder"),
    ]


def test_a_name_that_the_system_refuses_fails_like_any_other():
    assert read_corpus("a" * 300).failures[0].reason == "cannot be opened (File name too long)"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert read_corpus(tmp_path / "pipe.wav").failures[0].reason == "not a regular file"


def test_a_file_that_is_named_counts_whatever_its_suffix_so_that_it_fails_aloud(tmp_path):
    (tmp_path / "notes.txt").write_text("no sound")
    (entry,) = read_corpus(tmp_path / "notes.txt").entries
    with pytest.raises(AudioFileError, match="cannot be read as sound"):
        entry.load()


# --- manifests


def test_a_manifest_says_label_group_split_and_stretch(tmp_path):
    write_sounds(tmp_path, "clips/a.wav", "clips/b.wav")
    write_manifest(
        tmp_path / "manifest.csv",
        "path,label,group,split,start,end,velocity",
        "clips/b.wav,kick,kit 1,Val,0.025,0.075,100",
        "clips/a.wav,snare,,,,,",
    )
    corpus = read_corpus(tmp_path)
    assert corpus.entries == (
        CorpusEntry(tmp_path / "clips/b.wav", "kick", "kit 1", "valid", 0.025, 0.075),
        CorpusEntry(tmp_path / "clips/a.wav", "snare"),
    )
    assert corpus.layout == "manifest"
    assert corpus.ignored_columns == ("velocity",)
    assert corpus.skipped == ()
    clip = corpus.entries[0].load(sample_rate=4000)
    assert (clip.label, clip.group, clip.sample_rate, len(clip.waveform)) == ("kick", "kit 1", 4000, 200)
    assert clip.start_seconds == 0.025


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_byte_order_mark_and_spelling_of_columns(tmp_path, separator, encoding):
    write_sounds(tmp_path, "été/a b.wav")
    rows = [["File_Name", " Category ", "start_s"], ["été/a b.wav", " café ", "0.05"]]
    write_manifest(tmp_path / "list.csv", *(separator.join(row) for row in rows), encoding=encoding)
    (entry,) = read_corpus(tmp_path / "list.csv").entries
    assert entry == CorpusEntry(tmp_path / "été/a b.wav", "café", start_seconds=0.05)


def test_a_manifest_of_paths_alone_and_quoted_names(tmp_path):
    write_sounds(tmp_path, "a, b.wav", 'c "d".wav')
    write_manifest(tmp_path / "manifest.csv", "path", '"a, b.wav"', "", '"c ""d"".wav"')
    assert told(read_corpus(tmp_path), tmp_path) == [("a, b.wav", None), ('c "d".wav', None)]


def test_our_own_column_name_wins_over_its_other_spellings(tmp_path):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "manifest.csv", "filename,path,class,label", "x.wav,a.wav,7,kick")
    corpus = read_corpus(tmp_path)
    assert told(corpus, tmp_path) == [("a.wav", "kick")]
    assert corpus.ignored_columns == ("filename", "class")


def test_windows_slashes_and_macos_accents_find_their_files(tmp_path):
    write_sounds(tmp_path, unicodedata.normalize("NFD", "été/é.wav"), unicodedata.normalize("NFC", "kick/ü.wav"))
    write_manifest(
        tmp_path / "manifest.csv",
        "path",
        unicodedata.normalize("NFC", "été\\é.wav"),
        unicodedata.normalize("NFD", "kick\\ü.wav"),
    )
    corpus = read_corpus(tmp_path)
    assert [entry.path.is_file() for entry in corpus.entries] == [True, True]
    assert corpus.failures == ()


def test_a_path_out_of_the_folder_is_used_where_it_exists(tmp_path):
    write_sounds(tmp_path, "audio/a.wav", "audio/b.wav")
    (tmp_path / "meta").mkdir()
    write_manifest(
        tmp_path / "meta/list.csv",
        "path",
        "../audio/a.wav",
        str(tmp_path / "audio/b.wav"),
        "../audio/gone.wav",
        "gone.wav",
    )
    corpus = read_corpus(tmp_path / "meta/list.csv")
    assert [entry.path.resolve() for entry in corpus.entries] == [tmp_path / "audio/a.wav", tmp_path / "audio/b.wav"]
    assert [skipped.reason for skipped in corpus.failures] == [
        "no such file (a path out of the manifest's folder: was it moved?)",
        "no such file",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone.wav,kick,0,1", "no such file"),
        ("a.wav,kick,zero,1", "start='zero' is not a number of seconds"),
        ('a.wav,kick,"0,5",1', "start='0,5' is not a number of seconds"),
        ("a.wav,kick,0,nan", "end=nan must be a number of seconds, after start=0.0"),
        ("a.wav,kick,-1,1", "start=-1.0 must be a number of seconds, 0 or more"),
        ("a.wav,kick,inf,", "start=inf must be a number of seconds, 0 or more"),
        ("a.wav,kick,0.5,0.5", "end=0.5 must be a number of seconds, after start=0.5"),
        (",kick,0,1", "no path"),
        ("a" * 300 + ",kick,0,1", "cannot be opened (File name too long)"),
        ("a.wav,kick,0,1,more", "more cells than columns; put a value that holds the separator in quotes"),
    ],
)
def test_a_row_that_cannot_be_used_fails_by_line_and_the_others_stay(tmp_path, row, reason):
    write_sounds(tmp_path, "a.wav", "b.wav")
    write_manifest(tmp_path / "manifest.csv", "path,label,start,end", "b.wav,snare", ",,,", row)
    corpus = read_corpus(tmp_path)
    assert told(corpus, tmp_path) == [("b.wav", "snare")]
    (failure,) = corpus.failures
    assert (failure.reason, failure.line) == (reason, 4)


def test_rows_that_repeat_count_once_and_rows_that_disagree_do_not_count(tmp_path):
    write_sounds(tmp_path, "a.wav", "b.wav", "c.wav")
    write_manifest(
        tmp_path / "manifest.csv",
        "path,label,split,start,end",
        "a.wav,kick,train,,",
        "./a.wav,kick,training,0,",
        "b.wav,kick,,,",
        "b.wav,snare,,,",
        "c.wav,kick,train,,",
        "c.wav,kick,test,,",
        "c.wav,kick,test,0,0.05",
    )
    corpus = read_corpus(tmp_path)
    assert [(entry.path.name, entry.end_seconds) for entry in corpus.entries] == [("a.wav", None), ("c.wav", 0.05)]
    assert [(skipped.reason, skipped.line, skipped.failed) for skipped in corpus.skipped] == [
        ("repeats line 2", 3, False),
        ("lines 4, 5 disagree on its label, group or split", 4, True),
        ("lines 6, 7 disagree on its label, group or split", 6, True),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the manifest is empty"),
        (b"\xef\xbb\xbf\n\n", "the manifest is empty"),
        (b"path,label\n", "the manifest names no file"),
        (b"path,label\n,\n", "the manifest names no file"),
        (b"sound|label\na.wav|kick\n", "its first line 'sound|label' has no column 'path' (or file, "),
        ("path,label\na.wav,café\n".encode("latin-1"), "not UTF-8 text"),
        ("path,label\na.wav,kick\n".encode("utf-16"), "not UTF-8 text"),
        (b"p\0a\0t\0h\0\n\0a\0", "not UTF-8 text"),
        (b"path\n" + b"a" * 200_000 + b"\n", "field larger than field limit"),
    ],
)
def test_a_manifest_that_cannot_be_used_fails_and_its_folder_is_not_guessed_at(tmp_path, content, reason):
    write_sounds(tmp_path, "kick/a.wav")
    (tmp_path / "manifest.csv").write_bytes(content)
    corpus = read_corpus(tmp_path)
    assert corpus.entries == ()
    (failure,) = corpus.failures
    assert failure.path == tmp_path / "manifest.csv"
    assert failure.reason.startswith(reason)


@given(
    st.lists(
        st.sampled_from(["path", "label", "start", "end", "a.wav", ",", ";", '"', "\n", "\r", "0", "1e999", "../"])
    )
    .map(lambda words: "".join(words).encode())
    .flatmap(lambda text: st.sampled_from([text, b"path,start,end\n" + text]))
    | st.binary()
)
def test_no_manifest_whatever_it_holds_stops_the_reading(tmp_path_factory, content):
    root = tmp_path_factory.mktemp("any")
    write_sounds(root, "a.wav")
    (root / "manifest.csv").write_bytes(content)
    corpus = read_corpus(root)
    assert corpus.entries or corpus.failures
    assert {entry.path.name for entry in corpus.entries} <= {"a.wav"}


def test_a_sound_that_its_manifest_does_not_name_is_passed_over(tmp_path):
    write_sounds(tmp_path, "drums/kick/a.wav", "drums/kick/b.wav", "drums/kick/bad.wav")
    write_manifest(
        tmp_path / "drums/manifest.csv", "path,label,start", "kick/a.wav,bass drum,0", "kick/bad.wav,bass drum,x"
    )
    corpus = read_corpus(tmp_path / "drums")
    assert told(corpus, tmp_path) == [("drums/kick/a.wav", "bass drum")]
    assert [skipped.path.name for skipped in corpus.skipped] == ["bad.wav", "b.wav"]
    assert corpus.skipped[1].reason == f"no row in {tmp_path / 'drums' / 'manifest.csv'}"


# --- manifests within manifests, above, and beside class folders


@pytest.fixture
def clips(tmp_path):
    """Two sets with a manifest each, one folder without, one manifest inside another's reach."""
    root = write_sounds(
        tmp_path / "clips", "drums/kick/x.flac", "drums/deep/y.flac", "tones/z.wav", "loose/deep/w.wav", "v.wav"
    )
    write_manifest(root / "drums/manifest.csv", "path,label,group", "kick/x.flac,bass drum,k1", "deep/y.flac,far,k2")
    write_manifest(root / "drums/deep/manifest.csv", "path,label", "y.flac,near")
    write_manifest(root / "tones/manifest.csv", "path,label,speaker", "z.wav,first,Chu Lo")
    return root


def test_nested_manifests_are_honoured_and_the_nearest_wins(clips):
    corpus = read_corpus(clips)
    assert told(corpus, clips) == [
        ("drums/deep/y.flac", "near"),
        ("drums/kick/x.flac", "bass drum"),
        ("tones/z.wav", "first"),
        ("loose/deep/w.wav", "loose"),
        ("v.wav", None),
    ]
    assert corpus.layout == "manifest + folder per class"
    assert corpus.entries[2].group == "Chu Lo"
    assert corpus.ignored_columns == ()
    assert corpus.skipped == ()


def test_a_file_alone_is_named_by_the_nearest_manifest_within_two_levels(clips):
    assert read_corpus(clips / "drums/kick/x.flac").entries == (
        CorpusEntry(clips / "drums/kick/x.flac", "bass drum", "k1"),
    )
    assert read_corpus(clips / "drums/deep/y.flac").entries[0].label == "near"
    assert read_corpus(clips / "loose/deep/w.wav").entries[0].label is None
    far = write_sounds(clips, "tones/a/b/far.wav") / "tones/a/b/far.wav"
    write_manifest(clips / "tones/manifest.csv", "path,label", "a/b/far.wav,too far")
    assert read_corpus(far).entries[0].label is None


def test_a_file_keeps_the_spelling_it_was_given_by(clips, monkeypatch):
    monkeypatch.chdir(clips / "drums/kick")
    assert read_corpus("x.flac").entries == (CorpusEntry(Path("x.flac"), "bass drum", "k1"),)
    assert read_corpus(".").entries == (CorpusEntry(Path("x.flac"), "bass drum", "k1"),)


def test_an_unusable_manifest_above_leaves_a_file_as_it_is(clips):
    (clips / "tones/manifest.csv").write_text("who knows\n")
    corpus = read_corpus(clips / "tones/z.wav")
    assert corpus.entries == (CorpusEntry(clips / "tones/z.wav"),)
    assert corpus.layout == "files"


def test_a_manifest_that_is_named_speaks_for_itself_alone(clips):
    corpus = read_corpus(clips / "drums/manifest.csv")
    assert told(corpus, clips) == [("drums/kick/x.flac", "bass drum"), ("drums/deep/y.flac", "far")]


# --- several sources


def test_sources_keep_their_order_and_repeats_count_once(clips):
    sources = [clips / "v.wav", clips / "tones", clips / "tones" / ".." / "v.wav", clips]
    corpus = read_corpus(*sources)
    assert [entry.path.name for entry in corpus.entries] == ["v.wav", "z.wav", "y.flac", "x.flac", "w.wav"]
    assert [skipped.reason for skipped in corpus.skipped] == ["given more than once"] * 3
    assert corpus.failures == ()


def test_a_label_from_either_place_is_kept_at_the_first_place(tmp_path):
    write_sounds(tmp_path, "kick/a.wav", "kick/b.wav")
    corpus = read_corpus(tmp_path / "kick/b.wav", tmp_path, tmp_path / "kick")
    assert told(corpus, tmp_path) == [("kick/b.wav", "kick"), ("kick/a.wav", "kick")]


def test_a_link_and_its_target_are_one_sound(tmp_path):
    write_sounds(tmp_path, "a.wav")
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert told(read_corpus(tmp_path), tmp_path) == [("a.wav", None)]


def test_several_stretches_of_one_file_are_several_entries(tmp_path):
    write_sounds(tmp_path, "a.wav")
    write_manifest(tmp_path / "manifest.csv", "path,label,start,end", "a.wav,x,0,0.05", "a.wav,y,0.05,0.1")
    assert [entry.label for entry in read_corpus(tmp_path, tmp_path / "a.wav").entries] == ["x", "y"]


# --- entries and imports


def test_an_entry_outside_its_file_says_so(tmp_path):
    write_sounds(tmp_path, "a.wav")
    with pytest.raises(InputError, match=r"outside the file\'s 0\.100 s"):
        CorpusEntry(tmp_path / "a.wav", end_seconds=2.0).load()


def test_usual_spellings_of_splits_are_understood_and_others_stay():
    entries = [CorpusEntry(Path(f"{name}.wav"), split=name) for name in ("dev", "eval", "fold 3")]
    assert [entry.split for entry in entries] == ["valid", "test", "fold 3"]


def test_the_import_stays_light():
    heavy = "torch librosa matplotlib sklearn pandas scipy"
    code = f"import sys, audioinv.corpus.layouts; print(set('{heavy}'.split()) & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
