"""``audioinv profile``: files, streams, exit codes, and what to say when something is wrong."""

import json

import numpy as np
import pytest

from audioinv.sound.audio import write_audio

LISTENER = """
[[change]]
axis = "gain"
grid = "-40:40:40dB"
listener = "invariant"
[[change]]
axis = "polarity"
grid = "180deg"
listener = "invariant"
[[change]]
axis = "gain"
grid = "clip:10dB"
"""
QUICK = ("--limit", "3", "--no-references", "--no-progress")


@pytest.fixture
def declared(place):
    (place / "clips" / "listener.toml").write_text(LISTENER)
    return place


def test_a_run_writes_numbers_and_figure_and_says_the_verdicts(run, declared):
    done = run("profile", "toy", "clips", *QUICK, "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("3 clips · a listener's wishes by clips/listener.toml\n")
    assert "polarity    180°    –           100 %" in done.stdout
    assert done.stdout.endswith("wrote out: profile.json, profile.parquet (6 rows), figures/profile.png\n")
    assert (declared / "out" / "figures" / "profile.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((declared / "out" / "profile.json").read_text())
    assert [change["axis"] for change in document["changes"]] == ["gain", "polarity", "gain"]
    taken = run("profile", "toy", "clips", *QUICK, "-o", "out")
    assert (taken.exit_code, taken.stdout) == (2, "")
    assert "out holds a profile already" in taken.stderr
    assert run("profile", "toy", "clips", *QUICK, "-q", "-o", "out", "--overwrite").stdout == ""


def test_references_json_and_a_listener_from_elsewhere(run, declared):
    (declared / "other.toml").write_text('[[change]]\naxis = "polarity"\ngrid = "180deg"\n')
    done = run("profile", "toy", "clips", "--limit", "4", "--listener", "other.toml", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    names = [model["name"] for model in document["models"]]
    assert names == ["toy", "constant", "invariant", "not invariant", "untrained"]
    assert [change["listener"] for change in document["changes"]] == ["unknown"]
    written = json.loads((declared / "runs" / "toy-profile" / "profile.json").read_text())
    assert set(written.pop("files_sha256")) == {"profile.json", "profile.parquet"}
    assert document == written


def test_a_clip_that_fails_is_named_and_the_rest_goes_on(run, declared):
    write_audio(declared / "clips" / "low" / "silent.wav", np.zeros(4800, np.float32), 16000)
    done = run("profile", "toy", "clips/low", "--no-references", "-o", "out")
    assert done.exit_code == 3
    assert done.stderr.startswith("! clips/low/silent.wav: silent")
    assert done.stderr.count("\n") == 1
    assert done.stdout.startswith("3 clips")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("toy", "clips", "--listener", "none.toml"), 2, "none.toml cannot be read as TOML"),
        (("toy", "clips", "-m", "toy"), 2, "models must have different names"),
        (("no-such-model", "clips"), 2, "no-such-model"),
        (("toy", "toy"), 5, "nothing to analyse"),
        (("toy", "clips", "--pair", "gain"), 2, "--pair 'gain' is not two axes"),
        (("toy", "clips", "--pair", "gain,time"), 2, "nobody declares amounts of time; write time=FIRST:LAST:STEPunit"),
        (("toy", "clips", "--pair", "gain,gain=3dB"), 2, "a pair is of two axes; got gain twice"),
        (("toy", "clips", "--pair", "gain,time=3Hz"), 2, "the unit Hz does not fit"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, declared, arguments, code, words):
    done = run("profile", *arguments, "-o", "out")
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert not (declared / "out").exists()


def test_pairs_of_axes_are_swept_in_place_of_the_profile(run, declared):
    done = run("profile", "toy", "clips", "--limit", "3", "--pair", "gain,time=-10:10:10ms", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert "toy, time × gain:" in done.stdout
    assert done.stdout.endswith("wrote out: pairs.json, pairs.parquet (4 rows), figures/pairs.png\n")
    assert sorted(path.name for path in (declared / "out").iterdir()) == ["figures", "pairs.json", "pairs.parquet"]
    assert (declared / "out" / "figures" / "pairs.png").read_bytes().startswith(b"\x89PNG")
    beside = run("profile", "toy", "clips", *QUICK, "-q", "-o", "out")  # a profile may stand beside its pairs
    assert beside.exit_code == 0, beside.stderr
    again = run("profile", "toy", "clips", "--limit", "3", "--pair", "gain,time=10ms", "-o", "out")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "out holds a profile of pairs already" in again.stderr
    document = json.loads(run("profile", "toy", "clips", "--pair", "gain,time=10ms", "--json", "-o", "b").stdout)
    assert [(pair["first"]["axis"], pair["second"]["axis"]) for pair in document["pairs"]] == [("time", "gain")]


def test_a_profile_and_its_pairs_can_be_drawn_again(run, declared):
    assert run("profile", "toy", "clips", *QUICK, "-q", "-o", "out").exit_code == 0
    assert run("profile", "toy", "clips", "--limit", "3", "--pair", "gain,time=10ms", "-q", "-o", "out").exit_code == 0
    for kind in ("profile", "pairs"):
        figure = declared / "out" / "figures" / f"{kind}.png"
        drawn = figure.read_bytes()
        figure.unlink()
        done = run("plot", "out", kind)
        assert done.exit_code == 0, done.stderr
        assert figure.read_bytes() == drawn
    assert run("plot", "out", "profile", "--axis", "time").exit_code == 2


def test_two_profiles_are_compared(run, declared):
    for out in ("a", "b"):
        assert run("profile", "toy", "clips", "--no-references", "-q", "-o", out).exit_code == 0
    done = run("compare", "a", "b")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("A toy (a)\nB toy (b)\n6 clips, paired")
    assert "over 4 measures: nothing. Accuracy of A − B: 0.00" in " ".join(done.stdout.split())
    document = json.loads(run("compare", "a", "b", "--json").stdout)
    assert [change["grid"]["axis"] for change in document["changes"]] == ["gain", "polarity", "gain"]
    for arguments, words in (
        (("a", "b", "--html", "x.html"), "--html is of analyses"),
        (("a", "b", "-m", "nobody"), "a holds no model nobody"),
        (("a",), "name two models"),
    ):
        wrong = run("compare", *arguments)
        assert (wrong.exit_code, wrong.stdout) == (2, "")
        assert words in wrong.stderr


def test_two_models_of_one_profile_are_compared(run, declared):
    assert run("profile", "toy", "clips", "-q", "-o", "a").exit_code == 0
    done = run("compare", "a", "-m", "toy", "-m", "constant")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("A toy (a)\nB constant (a)\n")
