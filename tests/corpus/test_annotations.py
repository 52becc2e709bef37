"""Annotated recordings: events that Audacity and Raven tell of become clips cut from the recording."""

import numpy as np
import pytest

from audioinv.corpus.events import format_of, read_events
from audioinv.corpus.layouts import read_corpus
from audioinv.sound.audio import load_clip, write_audio

from .test_layouts import write_sounds

HEADER = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tSpecies"


def told_of(corpus):
    return [(e.path.name, e.label, e.start_seconds, e.end_seconds) for e in corpus.entries]


@pytest.mark.parametrize("part", ["audacity", "raven"])
@pytest.mark.parametrize("given", ["folder", "text"])
def test_events_are_stretches_of_their_recording(tree, part, given):
    root = tree("annotated") / part
    corpus = read_corpus(root if given == "folder" else next(root.glob("*.txt")))
    labels = ["kick", "snare"] * 3
    assert told_of(corpus) == [
        ("session.wav", label, pytest.approx(n / 2 + 0.1), pytest.approx(n / 2 + 0.4)) for n, label in enumerate(labels)
    ]
    assert {entry.group for entry in corpus.entries} == {str(root / "session.wav")}
    assert corpus.layout == "annotated recordings"
    assert corpus.failures == ()


def test_a_clip_of_an_event_knows_what_is_around_it(tree):
    entry = read_corpus(tree("annotated") / "audacity").entries[2]
    clip, whole = entry.load(), load_clip(entry.path).waveform
    assert len(clip.waveform) == 4800
    np.testing.assert_array_equal(np.concatenate([clip.before, clip.waveform, clip.after]), whole)
    assert clip.start_seconds == pytest.approx(1.1)
    assert np.abs(clip.waveform).max() > 10 * np.abs(clip.before[-1600:]).max()  # the stroke, and not the pause


def test_what_is_around_a_clip_enters_under_a_delay(tmp_path):
    """A recording that is silent but before the clip: only with its context does a delay bring sound in."""
    from audioinv.sound.clip import open_window

    sound = np.zeros(1600, np.float32)
    sound[700:800] = 0.5
    write_audio(tmp_path / "a.wav", sound, 8000)
    (tmp_path / "a.txt").write_text("0.1\t0.2\tpause\n")
    clip = read_corpus(tmp_path).entries[0].load()
    window = open_window(clip, 800)
    assert not window.waveform.any()
    assert window.before[-100:].min() > 0.4


def test_a_table_over_several_files_goes_by_the_time_in_each(tmp_path):
    write_sounds(tmp_path, "one.wav", "two.wav")
    rows = [
        "1\tSpectrogram 1\t1\t0.02\t0.05\tdog\tone.wav\t0.02",
        "2\tSpectrogram 1\t1\t0.12\t0.15\tcat\ttwo.wav\t0.02",  # 0.1 s of the first come before
        "3\tSpectrogram 1\t1\t0.16\t0.17\tcat\tC:\\old\\two.wav\t0.06",
        "4\tSpectrogram 1\t1\t0.18\t0.19\tcat\tthree.wav\t0.02",
    ]
    text = "\n".join([HEADER + "\tBegin File\tFile Offset (s)", *rows]) + "\n"
    (tmp_path / "all.selections.txt").write_text(text)
    corpus = read_corpus(tmp_path)
    assert told_of(corpus) == [
        ("one.wav", "dog", 0.02, pytest.approx(0.05)),
        ("two.wav", "cat", 0.02, pytest.approx(0.05)),
        ("two.wav", "cat", 0.06, pytest.approx(0.07)),
    ]
    (failure,) = corpus.failures
    assert (failure.reason, failure.line) == ("no sound 'three.wav' beside it", 5)


def test_two_views_of_a_selection_count_once(tmp_path):
    write_sounds(tmp_path, "one.wav")
    rows = [f"1\t{view} 1\t1\t0.02\t0.05\tdog" for view in ("Waveform", "Spectrogram")]
    (tmp_path / "one.Table.1.selections.txt").write_text("\n".join([HEADER, *rows]) + "\n")
    corpus = read_corpus(tmp_path)
    assert told_of(corpus) == [("one.wav", "dog", 0.02, 0.05)]
    assert [(skipped.reason, skipped.failed) for skipped in corpus.skipped] == [("repeats line 2", False)]


def test_the_longest_name_that_fits_is_the_sound_of_a_text(tmp_path):
    write_sounds(tmp_path, "a.wav", "a.b.wav", "c.wav")
    (tmp_path / "a.b.txt").write_text("0\t0.05\tdog\n")
    corpus = read_corpus(tmp_path)
    assert told_of(corpus) == [("a.b.wav", "dog", 0.0, 0.05)]
    assert {(each.path.name, each.reason) for each in corpus.skipped} == {
        ("a.wav", "no event of it is told beside it"),
        ("c.wav", "no event of it is told beside it"),
    }


@pytest.mark.parametrize(
    ("lines", "reason", "line"),
    [
        ("0\t0.05\tdog\n0.07\t0.07\tremark\n", "'remark' marks a moment, not a stretch; give it a length", 2),
        ("0\t0.05\tdog\nhere\n", "line 2: not enough values to unpack", None),
        ("0\t0.05\tdog\n0.08\t0.06\tcat\n", "line 2: onset 0.08 s and end 0.06 s must be 0 or more, in order", None),
    ],
)
def test_a_line_that_is_no_stretch_is_said(tmp_path, lines, reason, line):
    write_sounds(tmp_path, "a.wav")
    (tmp_path / "a.txt").write_text(lines)
    (failure,) = read_corpus(tmp_path).failures
    assert failure.reason.startswith(reason)
    assert failure.line == line


def test_a_track_without_its_sound_is_said(tmp_path):
    write_sounds(tmp_path, "a.wav")
    (tmp_path / "b.txt").write_text("0\t0.05\tdog\n")
    (failure,) = read_corpus(tmp_path).failures
    assert (failure.path.name, failure.reason) == ("b.txt", "no sound 'b' beside it")


@pytest.mark.parametrize("text", ["a dog barks\n", "", "0.5\n", "3\tdogs\n", "path\tlabel\n"])
def test_other_texts_are_no_events_and_change_nothing(tmp_path, text):
    write_sounds(tmp_path, "dog/a.wav")
    (tmp_path / "dog" / "a.txt").write_text(text)
    assert format_of(tmp_path / "dog" / "a.txt") is None
    corpus = read_corpus(tmp_path)
    assert [entry.label for entry in corpus.entries] == ["dog"]
    assert corpus.layout == "folder per class"


def test_raven_as_events_of_a_recording(tree):
    (table,) = (tree("annotated") / "raven").glob("*.txt")
    events = read_events(table)
    assert [event.label for event in events] == ["kick", "snare"] * 3
    assert [event.onset_seconds for event in events] == pytest.approx([0.1, 0.6, 1.1, 1.6, 2.1, 2.6])
