"""``audioinv study surgery``: what it prints, writes and refuses, for models of several formats."""

import json

import pytest
import torch
from torch import nn

from audioinv.nets.adapters.export import export_classifier
from audioinv.nets.library import load_model

GRIDS = ("--time", "-10:10:10ms", "--freq", "0:50:50Hz", "--pitch", "0:1:1st")
SAYS = 'audioinv = {"sample_rate": 16000, "labels": ["high", "low"], "activation": "softmax", "input_samples": 4800}'
PLAIN = f"""
import torch

class Plain(torch.nn.Module):
    {SAYS}

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            torch.nn.Conv1d(1, 4, 9, 2), torch.nn.ReLU(), torch.nn.MaxPool1d(4), torch.nn.Conv1d(4, 2, 3)
        )

    def forward(self, waveforms):
        return self.layers(waveforms[:, None]).mean(-1)


class Dense(Plain):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Conv1d(1, 2, 9)
"""


def export(place, form):
    """Write the toy in another format, and return the file."""
    waveforms = 0.1 * torch.randn(4, 4800, generator=torch.Generator().manual_seed(0))
    (written,) = export_classifier(load_model("toy").classifier, place, [form], waveforms)
    return written.path


@pytest.fixture
def foreign(place):
    (place / "plain_net.py").write_text(PLAIN)
    return place


def test_a_network_of_somebody_else_is_operated_on(run, foreign):
    found = run("study", "surgery", "-m", "plain_net:Plain", "clips", *GRIDS, "--average-over", "0:3:1ms")
    assert found.exit_code == 0, found.output
    for text in (
        "6 clips",
        "layers.0  convolution  window 9  step 2  4800 → 2396",
        "layers.2  maximum      window 4  step 4  2396 → 599",
        "  polyphase",
        "  4 delays, 0 to 3 ms",
        "frequency 0 to 50 Hz",
        "Holm's correction over 16 tests",
        "wrote runs/surgery-",
    ):
        assert text in found.stdout
    folder = next((foreign / "runs").iterdir())
    assert {path.name for path in folder.iterdir()} >= {
        "surgery.json",
        "table.md",
        "figures",
        "results.parquet",
        "summary.json",
        "run.json",
        "failures.csv",
    }
    assert run("compare", folder, "-m", "Plain", "-m", "Plain, blur3").exit_code == 0
    again = run("study", "surgery", "clips", "--config", folder / "run.json", "--json", "--no-progress", "-o", "again")
    assert again.exit_code == 0, again.output
    first, second = json.loads((folder / "surgery.json").read_text()), json.loads(again.stdout)
    assert [v["name"] for v in first["variants"]] == [v["name"] for v in second["variants"]]
    assert [v["differences"] for v in first["variants"]] == [v["differences"] for v in second["variants"]]


def test_our_own_model_is_operated_on_and_its_file_stays(run, place):
    before = (place / "toy" / "model.safetensors").read_bytes()
    arguments = (
        "study",
        "surgery",
        "-m",
        "toy",
        "clips",
        *GRIDS,
        "--replace",
        "blur3",
        "--along",
        "columns",
        "-o",
        "r",
    )
    found = run(*arguments, "--average-over", "-1:1:1frame", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert [one["name"] for one in document["variants"]] == ["blur3", "3 delays, ±1 frame"]
    assert document["along"] == "columns"
    assert (place / "toy" / "model.safetensors").read_bytes() == before
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr


def test_an_exported_graph_is_operated_on(run, place):
    graph = export(place, "pt2")
    arguments = ("study", "surgery", "clips", *GRIDS, "--replace", "blur3", "--average-over", "none", "--json")
    documents = [json.loads(run(*arguments, "-m", source).stdout) for source in ("toy", graph)]
    ours, exported = (document["variants"][0] for document in documents)
    assert len(exported["layers"]) == len(ours["layers"]) > 0
    assert [one["after"] for one in exported["differences"]] == [one["after"] for one in ours["differences"]]


def test_what_is_opaque_is_refused_in_one_line_and_averaged_when_asked(run, place):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    graph = export(place, "onnx")
    found = run("study", "surgery", "-m", graph, "clips", *GRIDS)
    assert found.exit_code == 2
    assert found.stdout == ""
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("error")]
    assert "(ONNX) shows no layer" in line
    assert "average over delays alone by --replace none" in line
    averaged = run("study", "surgery", "-m", graph, "clips", *GRIDS, "--replace", "none", "--json")
    assert averaged.exit_code == 0, averaged.output
    (only,) = json.loads(averaged.stdout)["variants"]
    assert only["name"] == "5 delays, ±10 ms"
    assert only["multiply_adds_ratio"] is None


def test_torchscript_is_opaque(run, place):
    class Loud(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = nn.MaxPool1d(4)

        def forward(self, waveforms):
            level = self.pool(waveforms[:, None]).mean(-1)
            return torch.cat([level, -level], 1)

    with pytest.warns(DeprecationWarning, match="jit"):
        torch.jit.trace(Loud(), torch.zeros(1, 4800)).save(place / "loud.ts")
    (place / "loud.audioinv.toml").write_text(
        'sample_rate = 16000\ninput_samples = 4800\nlabels = ["high", "low"]\nactivation = "softmax"\n'
    )
    found = run("study", "surgery", "-m", "loud.ts", "clips", *GRIDS)
    assert found.exit_code == 2
    assert "loud (TorchScript) shows no layer" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("-m", "plain_net:Dense"), "Dense has nothing to replace: no pool and no convolution takes steps"),
        (("-m", "plain_net:Plain", "--max-stride", 2, "--replace", "sharpen"), "replacement 'sharpen' is not average"),
        (("-m", "plain_net:Plain", "--replace", "none", "--average-over", "none"), "needs something to try"),
        (("-m", "plain_net:Plain", "--along", "rows"), "it steps along the other axis alone"),
        (("-m", "plain_net:Plain", "--along", "time"), "along='time' is not one of both, columns, rows"),
        (("-m", "plain_net:Plain", "--average-over", "-1:1:1frame"), "hop is known"),
        (("-m", "plain_net:Missing"), "has no attribute 'Missing'"),
    ],
)
def test_wrong_usage(run, foreign, arguments, complaint):
    found = run("study", "surgery", *arguments, "clips", *GRIDS)
    assert found.exit_code == 2
    assert complaint in found.stderr
    assert found.stdout == ""
    assert not (foreign / "runs").exists()


def test_nothing_to_hear_and_sounds_that_fail(run, foreign):
    (foreign / "empty").mkdir()
    assert run("study", "surgery", "-m", "plain_net:Plain", "empty", *GRIDS).exit_code == 5
    (foreign / "clips" / "high" / "broken.wav").write_bytes(b"no sound")
    found = run("study", "surgery", "-m", "plain_net:Plain", "clips", *GRIDS, "--replace", "blur3")
    assert found.exit_code == 3
    assert "broken.wav" in found.stderr
    assert "6 clips" in found.stdout


def test_it_is_found_in_the_help_and_beside_the_questions(run):
    assert "study surgery" in run("--help").stdout
    assert "surgery" in run("study").stdout
    assert "in place of its downsampling" in " ".join(run("study", "surgery", "--help").stdout.lower().split())
    assert "[NAME…]" in run("study", "--help").stdout
