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
        (("data", "-o", "m", "--lead", 2), 2, "lead=2 s must lie within the window of 1 s"),
        (("data", "-o", "m", "--lead", "250ms"), 2, "--lead '250ms' is not a number of seconds; write it as 0.25 or"),
        (("data", "-o", "m", "--time-jitter", "20s"), 2, "--time-jitter '20s' is not a number of milliseconds; write"),
        (("data", "-o", "m", "--sample-rate", "44,1"), 2, "--sample-rate '44,1' is not a number of hertz; write it as"),
        (("data", "-o", "m", "--sample-rate", "44.1"), 2, "--sample-rate '44.1' must be whole, 1000 to 768000 Hz"),
        (("data", "-o", "m", "--sample-rate", "1e9"), 2, "must be whole, 1000 to 768000 Hz"),
        (("data", "-o", "m", "--window", 12), 2, "window=12 s .* 10 times the longest clip .0.200 s.; .*e.g. 0.2"),
        (("data/beep", "-o", "m"), 2, "data/beep has 1 class; a classifier needs two or more"),
        (("nowhere", "-o", "m"), 3, "no such file or folder"),
    ],
)
def test_errors(run, corpus, arguments, code, words):
    import re

    done = run("train", *arguments)
    assert done.exit_code == code
    assert re.search(words, " ".join(done.stderr.split()))
    assert "Usage" not in done.stderr
    assert not (corpus / "m").exists()


@pytest.mark.parametrize("option", [("--arch", "cnn2d"), ("--head", "crown"), ("--lead", 2), ("--window", "nan")])
def test_a_wrong_option_is_refused_before_any_sound_is_read(run, corpus, option):
    for data in ("data", "nowhere"):
        done = run("train", data, "-o", "m", *option)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.stderr  # and no census


def test_a_number_may_have_its_unit_and_a_file_may_say_it(run, corpus):
    bare = {"window": 0.3, "lead": 0.05, "sample_rate": 8000, "time_jitter": 5, "freq_jitter": 20, "pitch_jitter": 0.5}
    bare["gain_jitter"] = 3
    units = dict(zip(bare, ("s", "s", "Hz", "ms", "Hz", "st", "dB"), strict=True))

    def trained(name, *flags):
        done = run("train", "data", "-o", name, "--epochs", 1, "-q", *flags)
        assert done.exit_code == 0, done.stderr
        options = json.loads((corpus / name / "train.json").read_text())["options"]
        return load_model(name).fingerprint, {**options, "name": ""}

    typed = trained("bare", *(word for name, value in bare.items() for word in (f"--{name}", value)))
    (corpus / "numbers.toml").write_text("".join(f"{name} = {value}\n" for name, value in bare.items()))
    assert trained("united", *(word for name in bare for word in (f"--{name}", f"{bare[name]}{units[name]}"))) == typed
    assert trained("read", "--config", "numbers.toml") == typed
    _, options = typed
    assert (options["window_seconds"], options["lead_seconds"], options["sample_rate"]) == (0.3, 0.05, 8000)
    assert options["training"]["time_jitter_seconds"] == 0.005
    assert options["training"]["pitch_jitter_semitones"] == 0.5
    assert trained("other", "--config", "numbers.toml", "--time-jitter", "6ms") != typed


def divided(corpus, split_of, group_of):
    """Write a manifest of the first takes that says which of them are for what."""
    rows = ["path,label,group,split"]
    for label in ("beep", "hiss"):
        for kit in range(8):
            path, split = f"{label}/{kit}-0.wav", split_of(label, kit)
            rows.append(f"{path},{label},{group_of(path) if split == 'test' else path},{split}")
    (corpus / "data" / "manifest.csv").write_text("\n".join([*rows, ""]))


def halves(_, kit):
    return "train" if kit < 4 else "valid" if kit < 6 else "test"


def one_for_test(label, kit):
    return "test" if (label, kit) == ("hiss", 7) else "valid" if kit == 6 else "train"


@pytest.mark.parametrize(
    ("split_of", "group_of", "told", "carded"),
    [
        (
            halves,
            lambda _: "kit",
            "! held-out accuracy: the 4 clips come from 1 group, fewer than 10: intervals resample clips and are too",
            "n = 4 clips from 1 group (95 % interval over clips)",
        ),
        (
            halves,
            str,
            "! held-out accuracy: 4 clips are fewer than 10: their intervals are rough; add clips",
            "n = 4 clips from 4 groups (95 % interval over groups)",
        ),
        (
            one_for_test,
            str,
            "! held-out accuracy: a single clip has no interval, so every low and high is undefined; add clips",
            "n = 1 clip from 1 group, which has no interval",
        ),
    ],
)
def test_few_clips_to_test_on_are_said_beside_their_interval(run, corpus, split_of, group_of, told, carded):
    divided(corpus, split_of, group_of)
    done = run("train", "data", "-o", "mine", *FAST)
    assert done.exit_code == 0, done.stderr
    assert told in " ".join(done.stdout.split())
    card = (corpus / "mine" / "README.md").read_text()
    assert carded in card
    assert "nan" not in done.stdout + card
    printed = run("train", "data", "-o", "mine", *FAST, "--json", "--overwrite").stdout
    assert (json.loads(printed)["accuracy"]["low"] is None) == ("single" in told)


def test_enough_groups_to_test_on_are_passed_over_in_silence(run, corpus):
    rows = ["path,label,group,split"]
    for label in ("beep", "hiss"):
        for kit in range(8):
            rows += [f"{label}/{kit}-{take}.wav,{label},{kit} {take},{'test' if kit > 2 else ''}" for take in range(2)]
    text = "\n".join([*rows, ""]).replace(",\n", ",train\n")
    (corpus / "data" / "manifest.csv").write_text(text)
    done = run("train", "data", "-o", "mine", *FAST)
    assert done.exit_code == 0, done.stderr
    assert "n = 20" in done.stdout
    assert "!" not in done.stdout


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
