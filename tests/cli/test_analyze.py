"""``audioinv analyze``: exit codes, streams, files, and what strangers hand in."""

import csv
import json
import re
import shutil

import jsonschema
import numpy as np
import pandas as pd
import pytest
import soundfile

import audioinv.measure
from audioinv.report.results import load_results
from audioinv.sound.audio import write_audio

from .conftest import GRIDS


def test_a_run_writes_the_folder_of_the_contract_and_says_so(run, place, summary):
    done = run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "--no-progress")
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "failures.csv",
        "results.parquet",
        "run.json",
        "summary.json",
    ]
    schema = json.loads((__import__("pathlib").Path(audioinv.measure.__path__[0]) / "summary.schema.json").read_text())
    jsonschema.validate(summary("out"), schema)
    value = summary("out")["models"]["toy"]["axes"]["time"]["consistency"]["value"]
    assert f"{value:.2f} [" in done.stdout
    assert "toy keeps" in done.stdout
    assert "wrote out: results.parquet (54 rows)" in done.stdout
    assert "model   toy · 16 kHz · 0.3 s window · 2 classes" in done.stderr
    assert "6 clips · 2 classes" in done.stderr


def test_json_is_one_document_and_nothing_else(run, place, summary):
    done = run("analyze", "clips/low", "-m", "toy", *GRIDS, "-o", "out", "--json")
    assert json.loads(done.stdout) == summary("out")
    assert done.stderr == ""


def test_quiet_says_nothing(run, place):
    done = run("analyze", "clips/low", "-m", "toy", "--time", "5ms", "-o", "out", "-q")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_the_default_folder_is_never_taken(run, place):
    for expected in ("runs/clips", "runs/clips-2"):
        done = run("analyze", "clips", "-m", "toy", "--time", "5ms", "--limit", 2)
        assert f"wrote {expected}:" in done.stdout


def test_same_seed_same_numbers_and_config_does_it_again(run, place, summary):
    run("analyze", "clips", "-m", "toy", *GRIDS, "--edges", "noise", "--seed", 7, "-o", "first")
    run("analyze", "clips", "--config", "first/run.json", "-o", "again")
    run("analyze", "clips", "--config", "first/run.json", "--seed", 8, "-o", "other")
    assert summary("first") == summary("again")
    first, other = (load_results(name) for name in ("first", "other"))
    assert first.run["options"]["seed"] == 7
    assert other.run["options"]["seed"] == 8  # flags win
    assert not np.array_equal(first.scores["time"], other.scores["time"])


def test_underscores_and_dashes_both_do(run, place):
    assert run("analyze", "clips", "-m", "toy", "--time", "5ms", "--batch_size", 2, "--no_progress").exit_code == 0


def test_several_models_are_analysed_on_the_same_clips(run, place, summary):
    (place / "toy").rename(place / "one")
    run("info", "one")
    import shutil

    shutil.copytree(place / "one", place / "two")
    done = run("analyze", "clips", "-m", "one", "-m", "two", "--time", "-5:5:5ms", "-o", "out", "-f", "csv")
    assert done.exit_code == 0, done.stderr
    models = summary("out")["models"]
    assert list(models) == ["one", "two"]
    assert models["one"]["axes"] == models["two"]["axes"]
    with (place / "out" / "results.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 2 * 6 * 3


def test_html_is_one_page(run, place):
    run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "--html")
    page = (place / "out" / "report.html").read_text()
    assert "toy" in page
    assert "default-src &#39;none&#39;" in page  # what that keeps away, tests/report/test_browser.py sees
    assert re.findall(r"<script[^>]* src=", page) == []


def test_dry_run_prints_the_plan_and_writes_nothing(run, place):
    done = run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "--dry-run")
    assert done.exit_code == 0
    assert "54 predictions" in done.stderr
    assert not (place / "out").exists()


def test_the_engine_is_a_matter_of_how_and_not_of_what(run, place, summary):
    grids = ("--time=-50:50:2ms", "--bins=-3:3:1bins")
    for engine in ("batched", "shared"):
        done = run("analyze", "clips", "-m", "toy", *grids, "--engine", engine, "--verify", 2, "-v", "-o", engine)
        assert done.exit_code == 0, done.stderr
        assert f"engine  time: {engine}, " in done.stderr
    batched, shared = (load_results(name) for name in ("batched", "shared"))
    for axis in ("time", "bins"):
        np.testing.assert_allclose(shared.scores[axis], batched.scores[axis], rtol=0, atol=5e-6)
    told = ["pred", "same_as_zero", "energy_kept", "level_change_db", "window_filled", "engine", "edges"]
    assert shared.frame[told].equals(batched.frame[told])
    assert summary("shared")["run"] == summary("batched")["run"]
    assert {axis: facts["engine"] for axis, facts in shared.run["engines"]["toy"].items()} == {
        "time": "shared",
        "bins": "shared",
    }
    assert shared.run["engines"]["toy"]["time"]["passes"] < 40
    dry = run("analyze", "clips", "-m", "toy", *grids, "--engine", "shared", "--dry-run")
    assert "engine  time: shared, about " in dry.stderr
    assert run("analyze", "clips", "-m", "toy", *grids, "--engine", "fast").exit_code == 2


def hostile(folder):
    """Files that strangers hand in, and what is said of each."""
    folder.mkdir()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("I am a poem\n" * 20)
    write_audio(folder / "half.wav", np.sin(np.arange(9000)) / 2, 16000)
    (folder / "half.wav").write_bytes((folder / "half.wav").read_bytes()[:5000])
    soundfile.write(folder / "nan.wav", np.full(9000, np.nan), 16000, subtype="FLOAT")
    write_audio(folder / "silent.flac", np.zeros(9000), 16000)
    write_audio(folder / "short.wav", np.full(20, 0.5), 16000)
    stereo = 0.3 * np.sin(2 * np.pi * 300 * np.arange(96000)[:, None] / 96000 * np.array([1, 1.5]))
    soundfile.write(folder / "stereo96k.wav", stereo, 96000)
    return {
        "empty.wav": "empty (0 bytes)",
        "text.wav": "cannot be read as sound",
        "half.wav": "truncated",
        "nan.wav": "NaN or infinite",
        "silent.flac": "silent",
        "short.wav": "shorter than one frame",
    }


def test_bad_input_gets_one_line_each_and_the_rest_is_analysed(run, place, summary):
    said = hostile(place / "strange")
    done = run("analyze", "strange", "clips", "gone.wav", "-m", "toy", *GRIDS, "-o", "out")
    assert done.exit_code == 3
    with (place / "out" / "failures.csv").open() as stream:
        failures = {row["path"].removeprefix("strange/"): row["reason"] for row in csv.DictReader(stream)}
    assert sorted(failures) == sorted([*said, "gone.wav"])
    for name, words in said.items():
        assert words in failures[name]
        assert sum(f"strange/{name}: " in line for line in done.stderr.splitlines()) == 1
    assert "! gone.wav: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    analysed = {clip.name for clip in load_results("out").responses["toy"].clips}
    assert analysed == {"strange/stereo96k.wav"} | {
        f"clips/{label}/{i}.wav" for label in ("high", "low") for i in range(3)
    }


@pytest.mark.parametrize(("allowed", "code"), [("0", 3), ("5", 3), ("6", 0), ("10%", 3), ("50%", 0)])
def test_allowed_failures(run, place, allowed, code):
    hostile(place / "strange")
    options = ("--time", "5ms", "-o", "out", "--allow-failures", allowed)
    assert run("analyze", "strange", "clips", "-m", "toy", *options).exit_code == code


def test_one_bad_file_alone(run, place):
    hostile(place / "strange")
    done = run("analyze", "strange/nan.wav", "-m", "toy", "-o", "out")
    assert done.exit_code == 3
    assert done.stdout == ""
    assert not (place / "out").exists()


def test_a_folder_without_sound_is_nothing_to_analyse(run, place):
    (place / "notes").mkdir()
    (place / "notes" / "readme.txt").write_text("no sound here")
    done = run("analyze", "notes", "-m", "toy")
    assert done.exit_code == 5
    assert done.stderr.splitlines()[-1] == "error: no sound files in notes; nothing to analyse"


@pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])
def test_what_is_found_of_a_model_does_not_depend_on_those_beside_it(run, place, summary, jobs):
    """Not even where they hear other windows of the same sound."""
    grids, names = ("--time", "-10:10:10ms", "--freq", "50Hz", "--noise", "20:20:10dB"), ("toy", "drums-cnn2d")
    for first, second in (names, names[::-1]):
        done = run("analyze", "clips", "-m", first, "-m", second, *grids, "-o", f"{first} first", "-q", *jobs)
        assert done.exit_code == 0, done.stderr
    for name in names:
        assert run("analyze", "clips", "-m", name, *grids, "-o", f"{name} alone", "-q").exit_code == 0
        alone = pd.read_parquet(place / f"{name} alone" / "results.parquet")
        for folder in (f"{first} first" for first in names):
            frame = pd.read_parquet(place / folder / "results.parquet")
            beside = frame[frame["model"] == name].reset_index(drop=True)
            pd.testing.assert_frame_equal(beside, alone, rtol=0, atol=1e-6, check_categorical=False)
            assert summary(folder)["models"][name].keys() == summary(f"{name} alone")["models"][name].keys()


@pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])
def test_models_of_one_name_from_several_files_are_called_by_their_files(run, place, summary, jobs):
    shutil.copy("toy/model.safetensors", "toy.safetensors")
    models = ("-m", "toy", "-m", "toy.safetensors", "-m", "drums-cnn2d")
    done = run("analyze", "clips", *models, "--time", "-5:5:5ms", "-o", "out", "--no-progress", *jobs)
    assert done.exit_code == 0, done.stderr
    assert list(summary("out")["models"]) == ["toy", "toy.safetensors", "drums-cnn2d"]
    assert run("compare", "out", "-m", "toy", "-m", "toy.safetensors").exit_code == 0
    done = run("plot", "out", "heatmap", "-o", "map.png")
    assert done.exit_code == 2
    assert "there are toy, toy.safetensors, drums-cnn2d; choose by -m NAME" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "nobody"), "no model 'nobody'"),
        (("-m", "toy", "--time", "soon"), "is not a grid; write FIRST:LAST:STEPunit"),
        (("-m", "toy", "--edges", "wrap"), "edges='wrap' is not one of zero, circular, context, noise"),
        (("-m", "toy", "--pitch-engine", "tape"), "pitch engine 'tape'"),
        (("-m", "toy", "-d", "abacus"), "device 'abacus' is not there"),
        (("-m", "toy", "-f", "xlsx"), "--format xlsx is unknown"),
        (("-m", "toy", "--allow-failures", "some"), "neither a number nor a percentage"),
        (("-m", "toy", "-m", "toy"), "different names"),
        (("-m", "toy", "-o", "toy"), "toy exists already"),
        (("-m", "toy", "--config", "none.toml"), "none.toml cannot be read"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_how_to_put_it_right(run, place, arguments, words):
    done = run("analyze", "clips", *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_unknown_settings_in_a_config_are_refused(run, place):
    (place / "mine.toml").write_text('[analyze]\ntime = "5ms"\ncolour = "red"\n')
    done = run("analyze", "clips", "-m", "toy", "--config", "mine.toml")
    assert done.exit_code == 2
    assert "sets colour, which analyze does not know" in " ".join(done.stderr.split())
    (place / "mine.toml").write_text('[analyze]\ntime = "-5:5:5ms"\nbatch-size = 3\n')
    done = run("analyze", "clips", "-m", "toy", "--config", "mine.toml", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert list(load_results("out").scores) == ["time"]


def test_an_internal_error_is_exit_4_with_a_traceback_only_when_asked(run, place, monkeypatch):
    def break_down(*_arguments, **_options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("audioinv.analysis.analyze_models", break_down)
    done = run("analyze", "clips", "-m", "toy")
    assert done.exit_code == 4
    assert "internal error: ZeroDivisionError: a bug" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("analyze", "clips", "-m", "toy", "-v").stderr


def test_an_interrupt_is_exit_130(run, place, monkeypatch):
    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("audioinv.analysis.analyze_models", interrupt)
    done = run("analyze", "clips", "-m", "toy")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == "interrupted"


def test_label_tracks_say_what_the_table_says(run, place):
    done = run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "run", "-f", "audacity,csv")
    assert done.exit_code == 0, done.stderr
    frame = pd.read_csv(place / "run" / "results.csv")
    tracks = sorted((place / "run" / "labels").iterdir())
    assert len(tracks) == frame["clip"].nunique() == 6
    start, end, text = tracks[0].read_text().rstrip().split("\t")
    rows = frame[frame["clip"] == sorted(frame["clip"].unique())[0]]
    assert (float(start), float(end)) == (rows["start_s"].iloc[0], rows["end_s"].iloc[0])
    moved = rows[(rows["axis"] == "time") & (rows["shift"] != 0)]
    assert f"time {moved['same_as_zero'].mean():.2f}" in text


def test_classes_and_groups_are_those_of_the_clips_that_are_heard(run, place):
    lines = [
        "path,label,group",
        *(f"clips/{label}/{i}.wav,{label},{label}{i}" for label in ("low", "high") for i in range(3)),
    ]
    (place / "clips.csv").write_text(chr(10).join(lines))
    for limit, told in ((2, "2 clips · 1 class · 2 groups"), (5, "5 clips · 2 classes · 5 groups")):
        done = run("analyze", "clips.csv", "-m", "toy", "--time", "5ms", "--limit", limit, "--dry-run")
        assert f"clips   {told} " in done.stderr
