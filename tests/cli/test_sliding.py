"""``audioinv analyze --slide``: when it slides, what it writes, what it says, and how it ends."""

import json

import numpy as np
import pytest

from audioinv.report.sliding_results import load_sliding
from audioinv.sound.audio import write_audio


@pytest.fixture
def recording(place, rng):
    """A recording of 11 windows, and labels of what sounds in it."""
    sound = 0.01 * rng.standard_normal(16000 * 33 // 10 + 321)
    sound[16000:20000] += 0.3 * np.sin(np.arange(4000) * 0.2)
    write_audio(place / "hour.wav", sound, 16000)
    (place / "labels.txt").write_text("1.0\t1.25\thigh\n2.5\t2.6\tlow\n")
    return "hour.wav"


def analyze(run, recording, *options):
    return run("analyze", recording, "-m", "toy", "-o", "out", "--no-progress", *options)


def test_a_folder_is_written_and_told_of(run, recording, place):
    done = analyze(run, recording, "--slide", "20ms", "--events", "labels.txt", "--threshold", "0.4")
    assert done.exit_code == 0, done.stderr
    found = load_sliding(place / "out")
    n_windows = (16000 * 33 // 10 + 321 - 4800) // 320 + 1
    assert found.windows.num_rows == n_windows
    assert found.run["options"]["slide"] == "20ms"
    assert found.run["config"]["threshold"] == 0.4
    assert f"toy: 1 recording, {n_windows} windows of 0.3 s, one every 20 ms" in done.stdout
    assert "2 events, given; a score of 0.4 detects" in done.stdout
    assert "wrote out: windows.parquet, events.csv (2 rows)" in done.stdout
    assert f"slide   toy: {n_windows} windows over 1 recording, one every 20 ms" in done.stderr
    again = run("analyze", recording, "-m", "toy", "-o", "again", "--config", "out/run.json", "-q")
    assert again.exit_code == 0, again.stderr
    assert load_sliding(place / "again").document["models"] == found.document["models"]
    assert not again.stdout
    plotted = run("plot", "out", "sliding")
    assert plotted.exit_code == 0, plotted.stderr
    assert (place / "out" / "figures" / "sliding.png").stat().st_size > 10_000


def test_explicit_context_on_a_long_recording_slides_and_says_so(run, recording, place):
    done = analyze(run, recording, "--edges", "context")
    assert done.exit_code == 0, done.stderr
    assert "the window slides, one hop at a time" in done.stderr
    assert load_sliding(place / "out").summary["every_ms"] == 10


@pytest.mark.parametrize(
    "options",
    [("--edges", "context", "--time", "-10:10:10ms"), ("--time", "-10:10:10ms")],
)
def test_control_with_a_shift_it_is_shifted(run, recording, place, options):
    done = analyze(run, recording, *options)
    assert done.exit_code == 0, done.stderr
    assert (place / "out" / "results.parquet").exists()


def test_control_short_clips_are_shifted(run, place):
    done = run("analyze", "clips/low/0.wav", "-m", "toy", "-o", "out", "--edges", "context", "--no-progress")
    assert done.exit_code == 0, done.stderr
    assert (place / "out" / "results.parquet").exists()


def test_json_is_one_document_and_nothing_else(run, recording, place):
    done = analyze(run, recording, "--slide", "1frame", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((place / "out" / "summary.json").read_text())
    assert not done.stderr


def test_a_dry_run_writes_nothing(run, recording, place):
    done = analyze(run, recording, "--slide", "1frame", "--dry-run")
    assert done.exit_code == 0
    assert "windows over 1 recording, one every 10 ms" in done.stderr
    assert not (place / "out").exists()


@pytest.mark.parametrize("asked", [(), ("--dry-run",), ("-v",), ("-v", "-q"), ("--dry-run", "--json")])
@pytest.mark.parametrize("engine", ["batched", "shared"])
def test_the_engine_is_told_where_details_are_wanted_and_only_there(run, recording, asked, engine):
    done = analyze(run, recording, "--slide", "100ms", "--engine", engine, *asked)
    assert done.exit_code == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("engine")]
    wanted = asked in [("--dry-run",), ("-v",)]
    assert len(told) == wanted
    assert all(line.startswith(f"engine  time: {engine}, ") for line in told)


def test_recordings_of_which_none_can_be_read_are_planned_without_an_engine(run, place):
    (place / "broken.wav").write_text("no sound")
    done = run("analyze", "broken.wav", "-m", "toy", "--slide", "100ms", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "engine" not in done.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--slide", "10ms", "--time", "-5:5:5ms"), "leave out --time"),
        (("--slide", "10ms", "--edges", "circular"), "leave out --edges circular"),
        (("--slide", "10ms", "--html"), "leave out --html"),
        (("--events", "labels.txt"), "add e.g. --slide 10ms"),
        (("--slide", "soon"), "no distance of windows for toy"),
        (("--slide", "10ms", "--events", "none.txt"), "cannot be read as text"),
    ],
)
def test_what_does_not_go_together_is_refused(run, recording, place, options, why):
    done = analyze(run, recording, *options)
    assert done.exit_code == 2
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert not (place / "out").exists()


def test_a_failure_is_named_and_ends_with_3(run, recording, place):
    (place / "broken.wav").write_text("no sound")
    done = run("analyze", recording, "broken.wav", "-m", "toy", "-o", "out", "--slide", "20ms", "--no-progress")
    assert done.exit_code == 3
    assert "! broken.wav: cannot be read as sound" in done.stderr
    assert load_sliding(place / "out").failures[0].path == "broken.wav"
    alone = run("analyze", "broken.wav", "-m", "toy", "-o", "alone", "--slide", "20ms", "--no-progress")
    assert alone.exit_code == 3
    assert not (place / "alone").exists()


def test_a_folder_that_holds_something_is_not_taken(run, recording, place):
    assert analyze(run, recording, "--slide", "50ms").exit_code == 0
    refused = analyze(run, recording, "--slide", "50ms")
    assert refused.exit_code == 2
    assert "exists already" in refused.stderr
    assert analyze(run, recording, "--slide", "50ms", "--overwrite").exit_code == 0
    plotted = run("plot", "clips", "sliding")
    assert plotted.exit_code == 2
    assert "is no slid recording" in plotted.stderr


def test_label_tracks_stand_beside_the_windows(run, recording, place):
    done = analyze(run, recording, "--slide", "20ms", "--threshold", "0.5", "-f", "audacity")
    assert done.exit_code == 0, done.stderr
    (track,) = (place / "out" / "labels").iterdir()
    windows = load_sliding(place / "out").windows.to_pandas()
    stretches = [line.split("\t") for line in track.read_text().splitlines()]
    covered = sum(round((float(end) - float(start) - 0.3) / 0.02) + 1 for start, end, _ in stretches)
    assert covered == (windows["p_pred"] >= 0.5).sum() > 0


def test_a_table_of_shifts_has_no_place_beside_windows(run, recording):
    done = analyze(run, recording, "--slide", "20ms", "-f", "csv")
    assert done.exit_code == 2
    assert "leave out --format csv" in done.stderr
