"""Models that audioinv did not write, at the command line: flags, ``info``, ``train --export``, pickles."""

import json
import sys
from pathlib import Path

import pytest
import torch

from audioinv.nets.library import load_model

NETWORK = """
import torch

class Energy(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv1d(1, 2, 16, stride=8)

    def forward(self, waveforms):
        level = self.convolution(waveforms[:, None]).square().mean(-1).log10()
        return level - level.mean(-1, keepdim=True)

torch.manual_seed(0)
network = Energy()
"""

FLAGS = ("--sample-rate", 16000, "--labels", "labels.txt", "--activation", "softmax", "--input-samples", 4800)


@pytest.fixture
def foreign(place, monkeypatch):
    (place / "energy_model.py").write_text(NETWORK)
    (place / "labels.txt").write_text("high\nlow\n")
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    yield "energy_model:network"
    sys.modules.pop("energy_model", None)


def test_analyze_with_flags(run, foreign, summary):
    done = run("analyze", "clips", "-m", foreign, *FLAGS, "--time", "-5:5:5ms", "-o", "out", "--no-progress")
    assert done.exit_code == 0, done.stderr
    (found,) = summary("out")["models"].values()
    assert found["accuracy"]["n"] == 6  # the labels of the file are the folders' names
    record = json.loads(Path("out/run.json").read_text())
    assert record["models"]["network"]["provenance"]["origins"]["sample_rate"] == "flag"
    assert "trust_pickle" not in record["options"]
    again = run("analyze", "clips", "--config", "out/run.json", "-o", "again", "--no-progress")
    assert again.exit_code == 0, again.stderr
    assert summary("again")["run"]["id"] == summary("out")["run"]["id"]


def test_what_is_missing_is_one_error(run, foreign):
    done = run("analyze", "clips", "-m", foreign, "-o", "out")
    assert done.exit_code == 2
    assert "does not say its sample rate, input samples, labels and activation" in done.stderr
    assert "--sample-rate HZ --input-samples N --labels FILE" in done.stderr
    assert "into energy_model.audioinv.toml beside it" in done.stderr


def test_info_says_who_said_what_and_what_is_missing(run, foreign, place):
    (place / "energy_model.audioinv.toml").write_text('sample_rate = 16000\nlabels = "labels.txt"\n')
    done = run("info", foreign, "--activation", "none")
    assert done.exit_code == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["sample_rate", "16000", "Hz", "sidecar", "energy_model.audioinv.toml"] in lines
    assert ["labels", "2:", "high,", "low", "sidecar", "energy_model.audioinv.toml"] in lines
    assert ["activation", "none", "flag"] in lines
    assert ["input_samples", "missing", "give", "--input-samples", "N"] in lines
    facts = json.loads(run("info", foreign, "--json").stdout)
    assert facts["kind"] == "model"
    assert facts["missing"] == ["input_samples", "activation"]
    assert (
        "are taken as scores as they are" in run("info", foreign, *FLAGS[:4], "--activation", "none", *FLAGS[6:]).stdout
    )


def test_layers_looks_into_their_network(run, foreign):
    done = run("layers", foreign, "clips", *FLAGS, "--time", "0:1:1ms", "-o", "inside", "--limit", 2, "--no-progress")
    assert done.exit_code == 0, done.stderr
    assert "convolution" in done.stdout


def test_a_doubt_is_told_on_stderr_and_kept_in_the_summary(run, foreign, summary):
    flags = ("--activation", "none", *FLAGS[:4], *FLAGS[6:])
    done = run("analyze", "clips", "-m", foreign, *flags, "--time", "-5:5:5ms", "-o", "out", "--no-progress")
    assert "! model network: its outputs run from" in done.stderr
    (found,) = summary("out")["models"].values()
    assert any(warning.startswith("model.spec: its outputs run") for warning in found["warnings"])


def test_flags_do_not_overrule_a_file_of_ours(run, place):
    done = run("analyze", "clips", "-m", "toy", "--sample-rate", 8000, "-o", "out")
    assert done.exit_code == 2
    assert "toy says its spec itself; leave out sample_rate" in done.stderr


def test_a_pickle_needs_the_ugly_flag_typed(run, place):
    torch.save(torch.nn.Linear(4800, 2), "net.pt")
    (place / "labels.txt").write_text("high\nlow\n")
    done = run("analyze", "clips", "-m", "net.pt", *FLAGS, "-o", "out")
    assert done.exit_code == 2
    assert "--trust-pickle-i-know-it-runs-code loads it all the same" in done.stderr
    (place / "run.toml").write_text("trust_pickle = true\n")
    done = run("analyze", "clips", "-m", "net.pt", *FLAGS, "--config", "run.toml", "-o", "out")
    assert done.exit_code == 2
    assert "sets trust_pickle, which analyze does not know" in " ".join(done.stderr.split())
    done = run(
        "analyze",
        "clips",
        "-m",
        "net.pt",
        *FLAGS,
        "--trust-pickle-i-know-it-runs-code",
        "--time",
        "0:5:5ms",
        "-o",
        "out",
    )
    assert done.exit_code == 0, done.stderr


def test_train_exports_and_proves_it(run, place):
    pytest.importorskip("onnxscript")
    arguments = ("train", "clips", "--epochs", 1, "--window", 0.3, "--lead", 0.05, "--no-progress")
    done = run(*arguments, "-o", "mine", "--export", "onnx,pt2")
    assert done.exit_code == 0, done.stderr
    assert "exported model.onnx: scores differ by" in done.stdout
    assert "exported model.pt2: scores differ by" in done.stdout
    assert "model.safetensors, model.onnx, model.pt2" in done.stdout
    for name in ("mine/model.onnx", "mine/model.pt2"):
        assert load_model(name).spec == load_model("mine").spec
        assert run("info", name).exit_code == 0
    done = run(*arguments, "-o", "other", "--export", "keras")
    assert done.exit_code == 2
    assert "export format keras is not one of onnx, pt2" in done.stderr


def save_exported(foreign):
    module = __import__(foreign.partition(":")[0])
    shapes = ({0: torch.export.Dim("batch")},)
    torch.export.save(
        torch.export.export(module.network.eval(), (torch.zeros(2, 4800),), dynamic_shapes=shapes), "n.pt2"
    )


def test_layers_looks_into_an_exported_network_and_sees_what_was_exported(run, foreign, monkeypatch):
    monkeypatch.syspath_prepend(".")
    save_exported(foreign)
    arguments = ("clips", *FLAGS, "--time", "0:1:1ms", "--limit", 2, "--no-progress")
    verdicts = []
    for model, folder in (("n.pt2", "exported"), (foreign, "itself")):
        done = run("layers", model, *arguments, "-o", folder)
        assert done.exit_code == 0, done.stderr
        (layer,) = json.loads(Path(folder, "layers.json").read_text())["axes"]["time"]["layers"]
        verdicts.append(layer)
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["lies"]["layer"] == "convolution"


def test_layers_of_a_graph_without_modules_is_one_error(run, foreign, monkeypatch):
    monkeypatch.syspath_prepend(".")
    save_exported(foreign)

    def fails(program):
        raise RuntimeError("no modules to be had")

    monkeypatch.setattr(torch.export, "unflatten", fails)
    done = run("layers", "n.pt2", "clips", *FLAGS, "--time", "0:1:1ms", "-o", "inside")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no layer of model n is called when it runs")
    assert done.stderr.count("\n") == 1


FRAMEWISE = """
import torch

class Levels(torch.nn.Module):
    audioinv = {"sample_rate": 16000, "input_samples": 4800, "labels": ["loud", "tonal"], "activation": "sigmoid",
                "frames": "max", "frame_samples": 160}

    def forward(self, waveforms):
        frames = waveforms.reshape(len(waveforms), -1, 160)
        level = 40 * frames.square().mean(-1) - 1
        return torch.stack([level, -level], -1)
"""


def test_frames_and_labels_of_a_framewise_model_reach_the_summary_the_lines_and_info(run, place, monkeypatch, summary):
    (place / "levels_model.py").write_text(FRAMEWISE)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    told = run("info", "levels_model.py:Levels")
    assert told.exit_code == 0, told.stderr
    assert "  along time       30 answers a window, 10 ms apart (frame_samples)" in told.stdout
    done = run(
        "analyze", "clips", "-m", "levels_model.py:Levels", "--time", "-50:50:10ms", "-o", "out", "--no-progress"
    )
    assert done.exit_code == 0, done.stderr
    (found,) = summary("out")["models"].values()
    assert found["frames"]["expected_lags"] == [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    assert found["frames"]["lag_error"]["value"] == 0
    difference = found["frames"]["difference"]
    assert difference["low"] < difference["value"] == 0 < difference["high"]  # steady notes agree where they stand, too
    text = " ".join(done.stdout.split())
    assert "frames (30, every 10 ms) moved along with the delay say the same:" in text
    same = found["axes"]["time"]["same_labels"]
    assert f"labels on (score 0.5 or more) stay the same: {same['value']:.2f} [" in text
    assert "frames (30, every 10 ms)" in run("info", "out").stdout
    sys.modules.pop("levels_model", None)


def test_several_labels_are_judged_by_what_is_on_and_one_by_the_highest(run, place, monkeypatch, summary):
    """Two labels rise and fall past 0.5 with the level while the first stays the highest: flips of one kind only."""
    (place / "two_model.py").write_text(
        "import numpy as np\n"
        "def two(waveforms):\n"
        "    on = 0.6 * (np.abs(waveforms).max(-1) > 0.05)\n"
        "    return np.stack([0.9 + 0 * on, on], -1)\n"
        "two.audioinv = dict(sample_rate=16000, input_samples=4800, labels=['a', 'b'], activation='none')\n"
    )
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    arguments = ("analyze", "clips", "-m", "two_model:two", "--gain", "-20:0:20dB", "--no-progress", "-q")
    assert run(*arguments, "-o", "one").exit_code == 0
    (place / "two_model.audioinv.toml").write_text("multi_label = true\n")
    assert run(*arguments, "-o", "several").exit_code == 0
    (one,), (several,) = (summary(name)["models"].values() for name in ("one", "several"))
    assert "same_labels" not in one["axes"]["gain"]
    assert several["axes"]["gain"]["same_labels"]["value"] == 0  # 20 dB less switches b off in every clip
    assert one["axes"]["gain"]["consistency"]["value"] == several["axes"]["gain"]["consistency"]["value"] == 1
    sys.modules.pop("two_model", None)
