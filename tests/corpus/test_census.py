"""The census: numbers counted by hand on small trees of real sound files."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audioinv.corpus.census import Durations, take_census
from audioinv.corpus.duplicates import content_hashes
from audioinv.corpus.entries import Corpus, CorpusEntry, Skipped
from audioinv.corpus.layouts import read_corpus


def write_sound(path, *, n_samples=800, sample_rate=8000, n_channels=1, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).integers(-9000, 9000, (n_samples, n_channels), dtype=np.int16)
    soundfile.write(path, samples, sample_rate)
    return path


@pytest.fixture
def drums(tmp_path):
    """Five clips of two classes in four files; one stretch too long, one file no sound, one file no audio at all."""
    write_sound(tmp_path / "a.wav", n_samples=1600, seed=1)
    write_sound(tmp_path / "b.wav", sample_rate=16000, n_samples=1600, n_channels=2, seed=2)
    write_sound(tmp_path / "copy of a.flac", n_samples=1600, seed=1)
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    (tmp_path / "readme.txt").write_text("drums")
    (tmp_path / "manifest.csv").write_text(
        "path,label,group,split,start,end,velocity\n"
        "a.wav,kick,k1,train,0,0.04,3\n"
        "a.wav,kick,k1,train,0.05,0.4,3\n"
        "b.wav,snare,k1,test,,,3\n"
        "copy of a.flac,snare,k2,val,,,3\n"
        "noise.wav,kick,,train,,,3\n"
    )
    return read_corpus(tmp_path)


def test_counts_by_hand(drums):
    census = take_census(drums)
    assert (census.n_clips, census.n_files, census.n_readable, census.n_unlabelled) == (5, 4, 3, 0)
    assert census.labels == {"kick": 3, "snare": 2}
    assert census.groups == {"kick": 1, "snare": 2}
    assert census.n_groups == 2
    assert list(census.splits.items()) == [("train", 3), ("valid", 1), ("test", 1)]
    assert census.sample_rates == {8000: 2, 16000: 1}
    assert census.channels == {1: 2, 2: 1}
    assert census.ignored_columns == ("velocity",)
    assert [skipped.reason for skipped in census.skipped] == ["not a sound file"]
    assert census.equal is None


def test_durations_are_of_the_stretches_that_can_be_read(drums):
    durations = take_census(drums).durations
    assert (durations.shortest, durations.median, durations.longest) == (0.04, 0.1, 0.2)
    assert durations.total == pytest.approx(0.34, rel=1e-15)  # three decimal fractions, one rounding each


def test_what_cannot_be_read_is_said_with_its_reason(drums):
    reasons = {skipped.path.name: skipped.reason for skipped in take_census(drums).unreadable}
    assert reasons == {
        "a.wav": "it lies outside the file's 0.200 s; start and end are in seconds",
        "noise.wav": "cannot be read as sound (Format not recognised)",
    }


def test_what_the_census_calls_readable_loads_and_the_rest_does_not(drums):
    unreadable = {skipped.path for skipped in take_census(drums).unreadable}
    hashed = content_hashes(drums)
    assert {entry.path for entry in drums.entries if entry not in hashed} == unreadable


@pytest.mark.parametrize("late", [0.49, 0.51])
def test_a_stretch_may_end_half_a_sample_late_as_load_clip_rounds(tmp_path, late):
    entry = CorpusEntry(write_sound(tmp_path / "a.wav"), end_seconds=(800 + late) / 8000)
    corpus = Corpus("one", (entry,))
    assert take_census(corpus).n_readable == len(content_hashes(corpus)) == (late < 0.5)


def test_a_file_that_vanished_or_holds_no_samples_is_unreadable(tmp_path):
    path = write_sound(tmp_path / "none.wav", n_samples=0)
    corpus = Corpus("two", (CorpusEntry(path), CorpusEntry(tmp_path / "gone.wav")))
    assert [skipped.reason for skipped in take_census(corpus).unreadable] == ["holds no samples", "no such file"]


def test_equal_sounds_are_found_by_content_whatever_the_name(tmp_path):
    for name, seed in {"x/a.wav": 1, "x/b.wav": 2, "y/c.flac": 1, "y/d.wav": 3}.items():
        write_sound(tmp_path / name, seed=seed)
    corpus = read_corpus(tmp_path)
    census = take_census(corpus, hashes=content_hashes(corpus))
    assert census.equal == ((str(tmp_path / "x/a.wav"), str(tmp_path / "y/c.flac")),)
    assert "  equal sounds  1 clip repeats the sound of another" in census.lines()
    different = read_corpus(tmp_path / "x")
    assert take_census(different, hashes=content_hashes(different)).equal == ()


def test_nothing_is_undefined_and_not_zero():
    census = take_census(Corpus("nothing", skipped=(Skipped(Path("a.txt"), "not a sound file"),)))
    assert math.isnan(census.durations.median)
    assert census.to_dict()["durations"] == {"shortest": None, "median": None, "longest": None, "total": 0.0}
    assert census.lines() == [
        "nothing: 0 clips in 0 files (files)",
        "  skipped       1: not a sound file (a.txt)",
    ]


def test_json_holds_what_the_census_holds(drums):
    census = take_census(drums, hashes=content_hashes(drums))
    read = json.loads(json.dumps(census.to_dict(), allow_nan=False))
    assert read == census.to_dict()
    assert read["labels"] == {"kick": 3, "snare": 2}
    assert read["sample_rates"] == {"8000": 2, "16000": 1}
    assert read["skipped"] == [
        {"path": str(census.skipped[0].path), "reason": "not a sound file", "failed": False, "line": None}
    ]
    assert Durations(**read["durations"]) == census.durations


def test_lines_say_each_fact_once(drums):
    root = Path(drums.name)
    assert take_census(drums).lines() == [
        f"{root}: 5 clips in 4 files (manifest)",
        "  found by      manifest.csv: 5 of 5 rows name a sound that is there",
        "  classes       2: kick (3), snare (2)",
        "  groups        2; fewest in kick: 1",
        "  splits        train (3), valid (1), test (1)",
        "  durations     0.040 to 0.200 s, median 0.100 s, 0.3 s in all",
        "  sample rates  8000 Hz (2), 16000 Hz (1)",
        "  channels      1 (2), 2 (1)",
        "  ignored       columns velocity",
        f"  unreadable    1: it lies outside the file's 0.200 s; start and end are in seconds ({root / 'a.wav'})",
        f"  unreadable    1: cannot be read as sound (Format not recognised) ({root / 'noise.wav'})",
        f"  skipped       1: not a sound file ({root / 'readme.txt'})",
    ]


def test_many_classes_and_many_skipped_stay_one_line_each():
    entries = tuple(CorpusEntry(Path(f"{i}.wav"), label=f"c{i:02}") for i in range(30))
    skipped = tuple(Skipped(Path(f"{i}.txt"), "not a sound file") for i in range(30))
    lines = take_census(Corpus("many", (*entries, CorpusEntry(Path("bare.wav"))), skipped=skipped)).lines()
    (classes,) = (line for line in lines if line.startswith("  classes"))
    assert classes.startswith("  classes       30: c00 (1), c01 (1), ")
    assert classes.endswith("c11 (1), and 18 more; 1 without a label")
    assert lines[-1] == "  skipped       30: not a sound file (0.txt, …)"
