"""Label tracks: what they say is what the table says, stretch by stretch, and an editor's reader reads it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audioinv.corpus.events import read_events
from audioinv.report.label_tracks import LabelledStretch, clip_tracks, detection_tracks, write_tracks


def a_run(pred, label="dog"):
    """Two axes with answers given by hand, one clip from 0.5 s to 1 s."""
    rows = [
        ("toy", "yard/a.wav", 0.5, 1.0, label, axis, shift, answer, answer == answers[1])
        for axis, answers in pred.items()
        for shift, answer in zip((-1, 0, 1), answers, strict=True)
    ]
    columns = ["model", "clip", "start_s", "end_s", "label", "axis", "shift", "pred", "same_as_zero"]
    return SimpleNamespace(frame=pd.DataFrame(rows, columns=columns))


def test_a_clip_is_told_with_its_consistency():
    tracks = clip_tracks(a_run({"time": ("dog", "dog", "cat"), "freq": ("cat", "dog", "cat")}))
    assert tracks == {("toy", "yard/a.wav"): [LabelledStretch(0.5, 1.0, "dog · time 0.50 · freq 0.00")]}


def test_a_wrong_answer_names_both():
    tracks = clip_tracks(a_run({"time": ("cat", "cat", "cat")}))
    assert tracks["toy", "yard/a.wav"][0].text == "dog taken for cat · time 1.00"
    unlabelled = clip_tracks(a_run({"time": ("cat", "cat", "cat")}, label=None))
    assert unlabelled["toy", "yard/a.wav"][0].text == "cat · time 1.00"


def windows_file(tmp_path, scores, row_group_size):
    n_windows = len(scores)
    starts = 0.1 * np.arange(n_windows)
    table = pa.table(
        {
            "model": ["toy"] * n_windows,
            "clip": ["hour.wav"] * n_windows,
            "start_s": starts,
            "end_s": starts + 1.0,
            "probs": [list(map(float, row)) for row in scores],
        }
    )
    pq.write_table(table, tmp_path / "windows.parquet", row_group_size=row_group_size)
    return tmp_path / "windows.parquet"


def by_hand(scores, labels, threshold):
    found = []
    for index, label in enumerate(labels):
        first = None
        for window in range(len(scores) + 1):
            detects = window < len(scores) and scores[window][index] >= threshold
            if detects and first is None:
                first = window
            if not detects and first is not None:
                found.append((round(first * 0.1, 6), round((window - 1) * 0.1 + 1, 6), label))
                first = None
    return sorted(found)


def test_detections_are_joined_as_a_loop_joins_them(tmp_path, rng):
    scores = rng.random((200, 3)).astype(np.float32)
    expected = by_hand(scores, ["a", "b", "c"], np.float32(0.6))
    for row_group_size in (7, 1000):
        path = windows_file(tmp_path, scores, row_group_size)
        (track,) = detection_tracks(path, {"toy": ["a", "b", "c"]}, 0.6).values()
        assert sorted((round(s.start_s, 6), round(s.end_s, 6), s.text) for s in track) == expected
        assert [s.start_s for s in track] == sorted(s.start_s for s in track)


def test_a_track_is_read_again_by_what_reads_labels(tmp_path):
    stretches = [LabelledStretch(0.25, 1.5, "dog"), LabelledStretch(2.0, 2.5, "a\tcat\n\\0 odd")]
    names = [("m", "x/../é kick.wav"), ("m", "x/../é kick.flac"), ("m/n", "../../etc/passwd")]
    write_tracks(dict.fromkeys(names, stretches), tmp_path / "labels")
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [file.parent for file in files] == [tmp_path / "labels"] * 3
    for file in files:
        read = read_events(file)
        assert [(event.onset_seconds, event.end_seconds) for event in read] == [(0.25, 1.5), (2.0, 2.5)]
        assert [event.label for event in read] == ["dog", "a cat \\0 odd"]
