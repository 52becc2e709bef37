"""``audioinv train``: a folder of labelled clips becomes a model with its card, the same for the same seed."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from audioinv.nets.library import load_model
from audioinv.sound.audio import write_audio
from audioinv.sound.synthetic import noise, tone


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows = []
    for kit in range(8):
        for label in ("beep", "hiss"):
            for take in range(2):
                sound = 0.4 * tone(rng.uniform(500, 900), duration_seconds=0.2, sample_rate=16000)
                sound = sound if label == "beep" else noise(rng, 0.2, 16000)
                path = f"{label}/{kit}-{take}.wav"
                (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
                write_audio(tmp_path / "data" / path, sound, 16000)
                rows.append({"path": path, "label": label, "group": f"kit {kit}"})
    twin = tmp_path / "data" / "beep" / "twin.wav"
    twin.write_bytes((tmp_path / "data" / "beep" / "0-0.wav").read_bytes())
    rows.append({"path": "beep/twin.wav", "label": "beep", "group": "kit 7"})
    with (tmp_path / "data" / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["path", "label", "group"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


FAST = ("--epochs", 3, "--window", 0.3, "--lead", 0.05, "--no-progress")


def test_a_model_with_its_card(run, corpus):
    done = run("train", "data", "-o", "mine", *FAST, "--time-jitter", 10)
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (corpus / "mine").iterdir()) == [
        "README.md",
        "metrics.csv",
        "model.safetensors",
        "train.json",
    ]
    facts = json.loads((corpus / "mine" / "train.json").read_text())
    assert facts["n_dropped"] == 1  # the twin under another kit's name would have leaked
    assert sum(facts["counts"].values()) == 32
    assert sum(facts["groups"].values()) == 8
    card = (corpus / "mine" / "README.md").read_text()
    assert f"{facts['accuracy']['value']:.3f} [" in card
    assert f"{facts['baseline']['value']:.3f} [" in card
    assert "delay ±10 ms" in card
    assert "clips/" not in card  # what ships with audioinv is no part of anybody else's model
    with (corpus / "mine" / "metrics.csv").open() as stream:
        assert [row["number"] for row in csv.DictReader(stream)] == ["1", "2", "3"]
    model = load_model("mine")
    assert model.spec.labels == ("beep", "hiss")
    assert "held-out accuracy" in done.stdout
    assert "33 clips" in done.stderr or "32 clips" in done.stderr  # the census


def test_same_seed_same_weights(run, corpus):
    prints = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("train", "data", "-o", name, *FAST, "--seed", seed, "-q").exit_code == 0
        prints[name] = load_model(name).fingerprint
    assert prints["a"] == prints["b"] != prints["c"]


def test_options_of_the_network_reach_the_model(run, corpus):
    options = {
        "downsampling": "maxblur3",
        "frequency-downsampling": "lowpass3",
        "head": "average+max",
        "padding": "circular",
        "frequency-awareness": "coordinate",
        "front-end-edges": "circular",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    done = run("train", "data", "-o", "mine", *FAST, "--epochs", 1, "-q", *flags)
    assert done.exit_code == 0, done.stderr
    config = load_model("mine").classifier.config
    assert config.front_end.edges == options.pop("front-end-edges")
    for name, value in options.items():
        assert getattr(config.network, name.replace("-", "_")) == value
    assert "lowpass3 and maxblur3 downsampling, average+max head" in (corpus / "mine" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("data", "-o", "m", "--arch", "rnn"), 2, "architecture 'rnn' is not one of"),
        (("data", "-o", "m", "--head", "crown"), 2, "head='crown' is not one of"),
        (("data", "-o", "m", "--downsampling", "blurry"), 2, "downsampling='blurry' is not stride, none, polyphase"),
        (("data", "-o", "m", "--front-end-edges", "open"), 2, "edges='open' must be one of zero, circular"),
        (("data", "-o", "m", "--lead", 2), 2, "must lie within the window"),
        (("data/beep", "-o", "m"), 2, "2 classes|no label|classes"),
        (("nowhere", "-o", "m"), 3, "no such file or folder"),
    ],
)
def test_errors(run, corpus, arguments, code, words):
    import re

    done = run("train", *arguments)
    assert done.exit_code == code
    assert re.search(words, " ".join(done.stderr.split()))
    assert not (corpus / "m").exists()


def test_a_model_is_not_replaced_unasked(run, corpus):
    run("train", "data", "-o", "mine", *FAST, "-q")
    before = (corpus / "mine" / "model.safetensors").read_bytes()
    done = run("train", "data", "-o", "mine", *FAST, "--seed", 5)
    assert done.exit_code == 2
    assert "holds a model already" in done.stderr
    assert (corpus / "mine" / "model.safetensors").read_bytes() == before
    assert run("train", "data", "-o", "mine", *FAST, "--seed", 5, "--overwrite", "-q").exit_code == 0


@pytest.mark.slow
def test_torchrun_trains_by_two_and_one_of_them_writes(corpus):
    torchrun = (
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "audioinv",
    )
    command = [*torchrun, "train", "data", "-o", "mine", *map(str, FAST), "--batch-size", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote mine") == 1
    assert load_model("mine").spec.labels == ("beep", "hiss")
