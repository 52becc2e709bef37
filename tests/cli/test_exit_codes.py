"""How every command ends: done, some input failed, wrong usage, nothing to do; the same everywhere."""

import itertools
import pickle
import shutil

import pytest

from .commands import HEARING, LISTENER

GOOD = ("clips/low/0.wav", "clips/high/0.wav")
SOUNDS = {
    "all can be read": (GOOD, 0, ""),
    "none can be read": (("broken.wav",), 3, "broken.wav: cannot be read as sound"),
    "one cannot be read": ((*GOOD, "broken.wav"), 3, "broken.wav: cannot be read as sound"),
    "none is there": (("gone.wav",), 3, "gone.wav: no such file"),
    "one is not there": ((*GOOD, "gone.wav"), 3, "gone.wav: no such file"),
    "a folder without sounds": (("empty",), 5, "nothing to analyse"),
}
REFUTED = {"certify": 1}
"""Of the model here nothing can be certified: a rule that fails, and over it a sound that fails wins."""
READING = {
    "check": ("check", "RUN", "--min", "time.consistency=0.1"),
    "compare": ("compare", "RUN", "RUN"),
    "report": ("report", "RUN"),
    "plot": ("plot", "RUN", "curves"),
    "cite": ("cite", "RUN"),
    "merge": ("merge", "RUN", "-o", "whole"),
}
"""Commands that read a results folder."""


@pytest.fixture
def situation(place):
    """Write sounds that cannot be read, a model that is refused, and a folder without sounds, beside good ones."""
    (place / "broken.wav").write_text("no sound")
    (place / "refused.pkl").write_bytes(pickle.dumps([]))
    (place / "heard.toml").write_text(LISTENER)
    (place / "empty").mkdir()
    return place


@pytest.mark.parametrize("sounds", SOUNDS)
@pytest.mark.parametrize("command", HEARING)
def test_a_sound_that_fails_is_named_and_ends_with_3(run, situation, command, sounds):
    names, code, words = SOUNDS[sounds]
    done = run(*HEARING[command]("toy", names))
    assert done.exit_code == (code or REFUTED.get(command, 0)), done.stderr
    assert words in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("command", HEARING)
def test_a_model_that_is_refused_ends_with_2(run, situation, command):
    done = run(*HEARING[command]("refused.pkl", GOOD))
    assert done.exit_code == 2
    assert "refused.pkl" in done.stderr
    assert not (situation / "out").exists()


ALL = {
    **{name: words("toy", GOOD) for name, words in HEARING.items()},
    **READING,
    "train": ("train", "clips", "-o", "mine"),
    "study": ("study", "head", "--dry-run"),
    "shift": ("shift", GOOD[0], "--time", "5ms", "-o", "later.wav"),
    "info": ("info", GOOD[0]),
    "doctor": ("doctor",),
}


@pytest.mark.parametrize("option", [("--no-such-option",), ("--config", "gone.toml")])
@pytest.mark.parametrize("command", ALL)
def test_a_wrong_option_ends_with_2(run, situation, command, option):
    if command == "merge" and option[0] == "--config":
        pytest.skip("what is merged says its options itself")
    done = run(*ALL[command], *option)
    assert done.exit_code == 2
    assert option[-1] in done.stderr


@pytest.mark.parametrize("command", READING)
def test_what_is_no_results_folder_ends_with_2(run, situation, command):
    for folder in ("gone", "empty", "clips", "broken.wav"):
        done = run(*(folder if word == "RUN" else word for word in READING[command]))
        assert done.exit_code == 2, (folder, done.stderr)
        assert folder in done.stderr
        assert ("gone does not exist; give a folder that audioinv" in done.stderr) == (folder == "gone")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("sound", ["broken.wav", "gone.wav"])
def test_the_one_sound_of_a_shift_fails_as_others_do(run, situation, sound):
    done = run("shift", sound, "--time", "5ms", "-o", "later.wav")
    assert done.exit_code == 3
    assert sound in done.stderr
    assert not (situation / "later.wav").exists()


def test_what_info_cannot_read_and_what_it_does_not_know(run, situation):
    assert run("info", "broken.wav").exit_code == 3
    assert run("info", "gone.wav").exit_code == 2  # a sound, a model, a folder: nobody knows what it was to be
    assert run("info", "refused.pkl").exit_code == 2


TRAINED = ("-o", "mine", "--epochs", "1", "--window", "0.3", "--no-progress")


def test_training_on_what_cannot_be_read(run, situation):
    for name, code in (("empty", 5), ("gone", 3)):
        assert run("train", name, *TRAINED).exit_code == code, name
    for name, sounds in (("some", range(1)), ("all", range(3))):
        shutil.copytree("clips", name)
        for label, place in itertools.product(("low", "high"), sounds):
            shutil.copy("broken.wav", f"{name}/{label}/{place}.wav")
        done = run("train", name, *TRAINED)
        assert done.exit_code == 3, done.stderr
        assert ".wav: cannot be read as sound" in done.stderr
        assert not (situation / "mine").exists()


def test_training_names_what_a_list_asks_for_and_is_not_there(run, situation):
    for label in ("low", "high"):
        for place in range(3, 9):
            shutil.copy(f"clips/{label}/{place % 3}.wav", f"clips/{label}/{place}.wav")
            with (situation / f"clips/{label}/{place}.wav").open("r+b") as file:
                file.seek(-2 * place, 2)
                file.write(bytes(2))  # no two are the same sound
    rows = [f"{label}/{place}.wav,{label},{label} {place}" for label in ("low", "high") for place in range(9)]
    (situation / "clips" / "list.csv").write_text("\n".join(["path,label,group", *rows, "gone.wav,low,low 10", ""]))
    done = run("train", "clips/list.csv", *TRAINED)
    assert done.exit_code == 3, done.stderr
    assert "gone.wav: no such file" in done.stderr
    assert (situation / "mine" / "model.safetensors").exists()
