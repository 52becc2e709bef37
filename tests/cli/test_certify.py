"""``audioinv certify``: what it says, and how it ends."""

import json

import pytest
import torch

from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, save_classifier
from audioinv.nets.model import ModelSpec
from audioinv.report.certificate_results import load_certificates


@pytest.fixture
def ring(place):
    """A network whose front end and convolutions are circular, beside the fixture's own, which are not."""
    spec = ModelSpec("ring", 16000, 32 * 160, ("a", "b"))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = architecture("cnn2d-mel", spec, channels=(4, 4), padding="circular", front_end_edges="circular")
        save_classifier(Classifier(config).eval(), place / "ring" / "model.safetensors")
    return "ring"


def test_a_certificate_says_what_was_derived_and_what_confirms_it(run, ring):
    done = run("certify", ring, "clips", "--axis", "time", "--axis", "frames", "--passes", 32, "--limit", 2)
    assert done.exit_code == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "ring: certificates for circular delays, confirmed on 2 sounds"
    expected = "certified: invariant to every circular delay that is a multiple of 640 samples (40 ms)"
    assert lines[1].split(maxsplit=1) == ["time", expected]
    assert lines[2] == "256 of 5120 delays of each sound covered by 32 passes"
    assert lines[3].startswith("largest difference over 68 pairs of them: ")
    assert lines[4].startswith("between them: a delay by ")
    assert "frames  certified: invariant to every circular delay that is a multiple of 4 frames (40 ms)" in done.stdout
    assert "32 of 32 delays of each sound covered by 4 passes" in done.stdout


def test_verbose_shows_the_steps(run, ring):
    done = run("certify", ring, "clips/low/0.wav", "--axis", "frames", "-v")
    assert ". stages.3 (MaxPool2d): max_pool2d: rolls by whole places at multiples of 2" in done.stdout


def test_what_is_refuted_ends_with_1_and_names_clip_and_delay(run, place):
    done = run("certify", "toy", "clips", "--axis", "frames")
    assert done.exit_code == 1
    assert "frames  refuted: nothing can be derived: stages.0 (" in done.stdout
    assert "changes the answers to clips/" in done.stdout


def test_json_is_one_document(run, ring):
    done = run("certify", ring, "clips/low", "--passes", 8, "--json")
    document = json.loads(done.stdout)
    verdicts = {found["axis"]: found["verdict"] for found in document["certificates"]}
    assert verdicts == {"time": "certified", "frames": "certified", "bins": "refuted"}
    assert done.exit_code == 1
    time = document["certificates"][0]
    assert (time["derivation"]["modulus"], time["n_covered"], time["confirmation"]["n_clips"]) == (640, 64, 3)


def test_what_is_kept_is_what_was_said(run, ring):
    done = run("certify", ring, "clips/low", "--passes", 8, "--json", "-o", "kept")
    assert json.loads(done.stdout) == load_certificates("kept").document
    refused = run("certify", ring, "clips/low", "-o", "kept")
    assert refused.exit_code == 2
    assert "holds a certification already" in refused.stderr


def test_quiet_says_it_by_the_exit_code(run, ring):
    done = run("certify", ring, "clips/low/0.wav", "--axis", "frames", "-q")
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nothing-of-the-sort",), 2, "no model 'nothing-of-the-sort'"),
        (("toy", "clips", "--axis", "pitch"), 2, "axis 'pitch' is not one of"),
        (("toy", "empty"), 5, "no sound files in empty"),
    ],
)
def test_errors(run, place, arguments, code, words):
    (place / "empty").mkdir()
    done = run("certify", *arguments)
    assert done.exit_code == code
    assert words in done.stderr
