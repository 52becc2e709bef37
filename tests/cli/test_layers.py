"""``audioinv layers``: files, streams, exit codes, and what to say when something is wrong."""

import json

import numpy as np
import pytest

from audioinv.sound.audio import write_audio

from ..seals import unseal

LAYERS = ("--layer", "front_end", "--layer", "network.head.linear")
QUICK = ("--time", "160:320:160smp", "--limit", "3", *LAYERS, "--no-progress")


def test_a_run_writes_numbers_and_figure_and_says_the_verdicts(run, place):
    done = run("layers", "toy", "clips", *QUICK, "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("time: 2 shifts, 160 … 320 smp, edges circular; 3 clips; strides in samples\n")
    assert "equivariant, stride 160, exactly" in done.stdout
    assert done.stdout.endswith("wrote out: layers.json, layers.parquet (18 rows), figures/layers.png\n")
    assert (place / "out" / "figures" / "layers.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((place / "out" / "layers.json").read_text())
    assert [layer["lies"]["layer"] for layer in document["axes"]["time"]["layers"]] == [
        "front_end",
        "network.head.linear",
    ]
    again = run("plot", "out", "layers", "-o", "again.svg")
    assert again.exit_code == 0, again.stderr
    assert (place / "again.svg").exists()


def test_a_budget_beside_the_layers(run, place):
    done = run("layers", "toy", "clips", *QUICK, "--budget", "--probe", "network.stages.3", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[-1] == "wrote out: budget.json, budget.parquet (36 rows), figures/budget.png"
    assert [line.split()[0] for line in lines if line.startswith(("front_end:", "network.head.linear", "answer"))][
        -4:
    ] == [
        "front_end:",
        "front_end:",
        "network.head.linear",
        "answer",
    ]
    assert lines[-2].startswith("position, read from network.stages.3: right in ")
    assert (place / "out" / "figures" / "budget.png").read_bytes().startswith(b"\x89PNG")
    again = run("plot", "out", "budget", "-o", "again.svg")
    assert again.exit_code == 0, again.stderr
    document = json.loads((place / "out" / "budget.json").read_text())
    assert list(document["axes"]) == ["time"]
    both = run("layers", "toy", "clips", *QUICK, "--budget", "--json", "-o", "out", "--overwrite")
    printed = json.loads(both.stdout)
    assert printed["budget"] == json.loads(unseal(place / "out" / "budget.json"))


def test_without_a_budget_its_options_say_so(run, place):
    done = run("layers", "toy", "clips", *QUICK, "--pitch", "1st")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error: --pitch and --probe are of the budget; add --budget, or leave them out\n"


@pytest.mark.slow
def test_both_axes_without_grids(run, place):
    done = run("layers", "toy", "clips", "--limit", "2", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(document["axes"]) == ["time", "bins"]
    assert document == json.loads(unseal(place / "runs" / "toy-layers" / "layers.json"))
    assert document["axes"]["bins"]["shifts"] == [0, 1, 2, 4, 8, 16]


def test_nothing_is_overwritten_and_a_default_folder_is_never_taken(run, place):
    assert run("layers", "toy", "clips", *QUICK, "-q", "-o", "out").stdout == ""
    taken = run("layers", "toy", "clips", *QUICK, "-o", "out")
    assert (taken.exit_code, taken.stdout) == (2, "")
    remedy = "give another folder (-o), or replace it (--overwrite)"
    assert taken.stderr == f"error: out holds an analysis of layers already; {remedy}\n"
    assert run("layers", "toy", "clips", *QUICK, "-q", "-o", "out", "--overwrite").exit_code == 0
    for _ in range(2):
        assert run("layers", "toy", "clips", *QUICK, "-q").exit_code == 0
    assert sorted(path.name for path in (place / "runs").iterdir()) == ["toy-layers", "toy-layers-2"]


def test_a_clip_that_fails_is_named_and_the_rest_goes_on(run, place):
    write_audio(place / "clips" / "low" / "silent.wav", np.zeros(4800, np.float32), 16000)
    done = run("layers", "toy", "clips/low", *QUICK[:2], *QUICK[4:], "-o", "out")
    assert done.exit_code == 3
    assert done.stderr.startswith("! clips/low/silent.wav: silent")
    assert done.stderr.count("\n") == 1
    assert "3 clips" in done.stdout


def test_too_few_clips_that_can_be_read_are_a_failure_of_inputs(run, place):
    for i in range(3):
        write_audio(place / "clips" / "low" / f"{i}.wav", np.zeros(4800, np.float32), 16000)
    write_audio(place / "clips" / "low" / "sound.wav", 0.1 * np.ones(4800, np.float32), 16000)
    done = run("layers", "toy", "clips/low", *QUICK[:2], *QUICK[4:], "-o", "out")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: 1 clip(s) could be analysed, but two are needed")
    assert "clips/low/0.wav: silent" in done.stderr
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toy", "clips", "--limit", "1"), "error: 1 clip(s) could be analysed, but two are needed"),
        (("toy", "clips", "--edges", "wrap"), "error: edges='wrap' is not one of"),
        (("toy", "clips", "--time", "1:2"), "error: time='1:2' is not a grid"),
        (("toy", "clips", "--layer", "x"), "error: no layer x in model toy; there are front_end, network"),
        (("toy", "clips", "--bins", "1:2:1bins", "--freq", "5Hz"), "error: bins and freq both shift along frequency"),
        (("no", "clips"), "error: no model 'no'"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(run, place, arguments, message):
    done = run("layers", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert not (place / "runs").exists()


def test_nothing_to_analyse(run, place):
    (place / "empty").mkdir()
    assert run("layers", "toy", "empty").exit_code == 5
