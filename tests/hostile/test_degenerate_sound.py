"""Silence, constants and models without an opinion, along every axis and in every command: defined, or said why not."""

import json
import shutil
import sys

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.measure import outcome
from audioinv.nets.model import as_model
from audioinv.sound.audio import write_audio
from audioinv.sound.clip import Clip

from ..cli.commands import HEARING, LISTENER
from .test_the_same_again import EVERY_AXIS

RATE, LENGTH = 16000, 4800
UNDECIDED = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 2, 9, stride=4)
        self.pool = torch.nn.MaxPool1d(2)

    def forward(self, waveforms):
        return 0 * self.pool(self.conv(waveforms[:, None])).amax(-1)

model = Net().eval()
"""
SIDECAR = f'sample_rate = {RATE}\ninput_samples = {LENGTH}\nlabels = ["high", "low"]\nactivation = "softmax"\n'


@pytest.fixture
def sounds(place):
    """Beside the clips: silence, a constant, and a model that finds all classes equal."""
    for name, level in (("silent", 0.0), ("constant", 0.5)):
        write_audio(place / f"{name}.wav", np.full(LENGTH, level), RATE)
    (place / "heard.toml").write_text(LISTENER)
    (place / "flat.py").write_text(UNDECIDED)
    (place / "flat.audioinv.toml").write_text(SIDECAR)
    yield place
    sys.modules.pop("flat", None)


def numbers(data):
    """Every number of a document."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [number for entry in data for number in numbers(entry)]
    return [data] if isinstance(data, float) else []


def documents(folder):
    def refuse(name):
        raise AssertionError(f"{name} is no number of JSON")

    return [json.loads(path.read_text(), parse_constant=refuse) for path in folder.glob("*.json")]


@pytest.mark.parametrize("command", HEARING)
def test_a_silent_clip_is_named_and_the_others_are_heard(run, sounds, command):
    done = run(*HEARING[command]("toy", ("silent.wav", "clips/low/0.wav", "clips/high/0.wav")))
    assert done.exit_code == 3, done.stderr
    assert "silent.wav: silent" in done.stderr
    assert documents(sounds / "out")


@pytest.mark.parametrize("command", HEARING)
def test_of_a_constant_every_number_is_one_or_null(run, sounds, command):
    for copy in ("again.wav", "third.wav"):
        shutil.copy("constant.wav", copy)
    done = run(*HEARING[command]("toy", ("constant.wav", "again.wav", "third.wav")))
    assert done.exit_code in (0, 1), done.stderr
    found = documents(sounds / "out")
    assert found
    assert np.isfinite(numbers(found)).all()


@pytest.mark.parametrize("command", HEARING)
def test_a_model_without_an_opinion_never_changes_it(run, sounds, monkeypatch, command):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    done = run(*HEARING[command]("flat.py:model", ("clips/low/0.wav", "clips/low/1.wav", "clips/high/0.wav")), "--json")
    assert done.exit_code in (0, 1), done.stderr
    told = json.loads(done.stdout)
    if command == "analyze":
        (model,) = told["models"].values()
        assert model["axes"]["time"]["consistency"]["value"] == 1
        assert model["axes"]["time"]["top1_change"]["value"] == 0
    elif command == "profile":
        name = told["models"][0]["name"]
        assert {share for change in told["changes"] for share in change["models"][name]["standing"]} == {1}
    elif command == "order":
        assert [told[name]["sensitivity"]["value"] for name in ("permuted", "rotated", "backwards")] == [0, 0, 0]
    elif command == "surgery":
        found = [one for variant in told["variants"] for one in variant["differences"] if one["measure"] != "accuracy"]
        assert {one["difference"]["value"] for one in found} == {0}


@pytest.fixture(scope="module")
def strange():
    noise = 0.1 * np.random.default_rng(0).standard_normal(LENGTH).astype(np.float32)
    sounds = {"constant": np.full(LENGTH, 0.5, np.float32), "one sample": np.eye(1, LENGTH, 999, dtype=np.float32)[0]}
    return [Clip(sound, RATE, name, "high") for name, sound in {**sounds, "noise": noise}.items()]


def share(waveforms):
    """Share of the energy in the first half, 1/2 where there is none."""
    first, second = (np.asarray(waveforms, np.float64) ** 2).reshape(len(waveforms), 2, -1).sum(-1).T + 1e-9
    return np.stack([first, second], -1) / (first + second)[:, None]


@pytest.mark.parametrize("axis", [axis for axis in EVERY_AXIS if axis != "bins"])
def test_every_axis_of_a_constant_and_of_one_sample_has_finite_answers(strange, axis):
    model = as_model(share, sample_rate=RATE, labels=["high", "low"], n_samples=LENGTH)
    results = analyze_models([model], strange, AnalysisOptions({axis: EVERY_AXIS[axis]}, references=False))
    assert results.failures == ()
    found = results.responses["share"].axes[axis]
    assert np.isfinite(found.scores).all()
    json.dumps(results.document, allow_nan=False)


@pytest.mark.parametrize("axis", [axis for axis in EVERY_AXIS if axis != "bins"])
def test_along_every_axis_equal_scores_are_a_tie_and_a_tie_is_no_flip(strange, axis):
    model = as_model(lambda x: np.zeros((len(x), 3)), sample_rate=RATE, labels="abc", n_samples=LENGTH, name="flat")
    results = analyze_models([model], strange, AnalysisOptions({axis: EVERY_AXIS[axis]}, references=False))
    summary = results.summary["axes"][axis]
    assert summary["consistency"]["value"] == summary["all_consistency"]["value"] == 1
    found = results.responses["flat"].axes[axis]
    assert (outcome.top1(found.scores, found.zero) == outcome.top1(found.scores, found.zero)[:, [found.zero]]).all()


def test_along_an_axis_that_the_model_hears_they_differ(strange):
    """The control: what is constant above moves here."""
    model = as_model(share, sample_rate=RATE, labels=["high", "low"], n_samples=LENGTH)
    results = analyze_models([model], strange, AnalysisOptions({"time": "0:150:50ms"}, references=False))
    assert results.summary["axes"]["time"]["consistency"]["value"] < 1
