"""``audioinv plot``: files, streams, exit codes, and what to say when something is not there."""

import json
import re
import shutil
from pathlib import Path

import pytest

from audioinv.report.figures import KINDS

from .conftest import GRIDS

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def folder(run, place):
    done = run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "-q")
    assert done.exit_code == 0, done.stderr
    return place / "out"


@pytest.mark.parametrize("kind", ["curves", "classes", "heatmap", "spectrogram", "harmonics"])
def test_a_figure_goes_into_the_results_folder(run, folder, kind):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = run("plot", folder, kind)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"wrote {folder}/figures/{kind}.png\n"
    assert done.stderr == ""
    assert (folder / "figures" / f"{kind}.png").read_bytes().startswith(STARTS[".png"])
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("suffix", STARTS)
def test_the_suffix_says_the_format(run, folder, place, suffix):
    assert run("plot", folder, "curves", "-o", place / f"a{suffix}").exit_code == 0
    assert (place / f"a{suffix}").read_bytes().startswith(STARTS[suffix])
    assert not (folder / "figures").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("heatmap", "--axis", "freq", "--model", "toy", "--score", "label"),
        ("spectrogram", "--clip", "low/1", "--freq", "-50Hz", "--scale", "mel"),
        ("spectrogram", "--time", "10ms"),
        ("harmonics", "--clip", "clips/high/0.wav", "--pitch", "1st"),
        ("curves", "-m", "toy", "--axis", "pitch"),
    ],
)
def test_options_reach_the_figure(run, folder, place, options):
    plain = run("plot", folder, options[0], "-o", place / "plain.svg")
    done = run("plot", folder, *options, "-o", place / "chosen.svg")
    assert (plain.exit_code, done.exit_code) == (0, 0), done.stderr
    assert (place / "plain.svg").read_text() != (place / "chosen.svg").read_text()


def test_an_animation_goes_there_too_and_is_no_still_picture(run, folder):
    done = run("plot", folder, "animation", "--axis", "pitch", "--clip", "low/1")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"wrote {folder}/figures/animation.gif\n"
    assert (folder / "figures" / "animation.gif").read_bytes().startswith(b"GIF89a")
    refused = run("plot", folder, "animation", "-o", "a.png")
    assert refused.exit_code == 2
    assert refused.stderr == "error: a.png: animations are written as .gif, .mp4; the suffix says which\n"


def test_a_study_is_drawn_from_its_folder(run, place):
    (place / "head").mkdir()
    shutil.copy(Path(__file__).parents[2] / "docs/questions/results/head.json", place / "head" / "study.json")
    for kind in ("study", "scatter"):
        done = run("plot", place / "head", kind)
        assert done.exit_code == 0, done.stderr
        assert (place / "head" / "figures" / f"{kind}.png").read_bytes().startswith(STARTS[".png"])


def test_the_help_names_every_kind(run):
    told = " ".join(run("plot", "--help").stdout.split("Options:")[0].split())
    assert set(KINDS) <= set(re.findall(r"\w+", told.rpartition("FIGURE")[2]))


def test_quiet_and_json(run, folder, place):
    assert run("plot", folder, "curves", "-q").stdout == ""
    done = run("plot", folder, "heatmap", "--axis", "time", "-o", "a.svg", "--json")
    assert json.loads(done.stdout) == {
        "run": str(folder),
        "kind": "heatmap",
        "options": {"axis": "time"},
        "file": "a.svg",
    }
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("curves", "-o", "a.jpg"), "error: a.jpg: figures are written as .png, .svg, .pdf; the suffix says which"),
        (("pie",), "error: no figure 'pie'; there are curves, classes, heatmap, spectrogram, harmonics, layers"),
        (("curves", "--clip", "x"), "error: the figure curves has no use for clip; leave it out"),
        (
            ("heatmap", "--axis", "bins"),
            "error: model toy was not swept along axis 'bins'; there are time, freq, pitch",
        ),
        (("heatmap", "-m", "x"), "error: no model 'x' in these results; there is toy"),
        (("spectrogram", "--clip", "x"), "error: no clip 'x' in these results; there are high/0.wav, high/1.wav"),
        (("spectrogram", "--clip", "0"), "error: 2 clips are called '0': high/0.wav, low/0.wav"),
        (("spectrogram", "--freq", "1:2:1Hz"), "error: freq='1:2:1Hz' is a range"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(run, folder, place, arguments, message):
    done = run("plot", folder, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert not (folder / "figures").exists()
    assert not (place / "a.jpg").exists()


def test_a_clip_that_has_moved_is_one_clear_line(run, folder, place):
    (place / "clips").rename(place / "gone")
    done = run("plot", folder, "spectrogram", "--clip", "low/0")
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "error: clips/low/0.wav: no such file; drawing a clip needs its sound: run this where"
    )
    assert done.stderr.count("\n") == 1
    assert run("plot", folder, "curves").exit_code == 0


def test_a_folder_without_results_is_one_clear_line(run, place):
    done = run("plot", place, "curves")
    assert done.exit_code == 2
    assert "is no results folder" in done.stderr
