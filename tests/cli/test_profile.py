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
QUICK = ("--limit", "3", "--no-references")


@pytest.fixture
def declared(place):
    (place / "clips" / "listener.toml").write_text(LISTENER)
    return place


def test_a_run_writes_numbers_and_figure_and_says_the_verdicts(run, declared):
    done = run("profile", "toy", "clips", *QUICK, "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("3 clips · a listener's wishes by clips/listener.toml\n")
    assert "polarity    180°    –         100 %" in done.stdout
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
    assert document["models"] == ["toy", "constant", "invariant", "not invariant", "untrained"]
    assert [change["listener"] for change in document["changes"]] == ["unknown"]
    assert document == json.loads((declared / "runs" / "toy-profile" / "profile.json").read_text())


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
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, declared, arguments, code, words):
    done = run("profile", *arguments, "-o", "out")
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert not (declared / "out").exists()
