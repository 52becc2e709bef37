"""What is said of a model: who wins, what is missing, what cannot be."""

from dataclasses import asdict
from pathlib import Path

import pytest

from audioinv.errors import InputError, ModelError
from audioinv.nets.adapters.declaration import Declaration, declare
from audioinv.nets.adapters.resolution import resolve
from audioinv.nets.adapters.sidecar import read_labels, read_sidecar, sidecar_of
from audioinv.nets.model import ModelSpec
from audioinv.nets.windows import Windows

FULL = {"sample_rate": 16000, "input_samples": 400, "labels": ["a", "b"], "activation": "softmax"}


def spec_of(*voices):
    return resolve([(f"voice {i}", Declaration(**said)) for i, said in enumerate(voices)]).spec("net", Path("net.toml"))


def test_the_higher_voice_wins_and_the_lower_fills_in():
    known = resolve(
        [
            ("flag", Declaration(sample_rate=8000)),
            ("sidecar", Declaration(sample_rate=16000, activation="none")),
            ("embedded", Declaration(activation="softmax", labels=("a",), name="x")),
        ]
    )
    assert known.declaration.said() == {"sample_rate": 8000, "activation": "none", "labels": ("a",), "name": "x"}
    assert known.origins == {"sample_rate": "flag", "activation": "sidecar", "labels": "embedded", "name": "embedded"}
    assert known.overruled == (
        "sample_rate 8000 (flag) replaces 16000 (sidecar)",
        "activation none (sidecar) replaces softmax (embedded)",
    )


def test_a_value_said_twice_alike_overrules_nothing():
    assert resolve([("flag", Declaration(sample_rate=8000)), ("file", Declaration(sample_rate=8000))]).overruled == ()


@pytest.mark.parametrize("missing", ["sample_rate", "input_samples", "labels", "activation"])
def test_what_is_missing_is_asked_for_and_never_guessed(missing):
    said = {key: value for key, value in FULL.items() if key != missing}
    words = missing.replace("_", " ")
    with pytest.raises(ModelError, match=rf"does not say its {words}\n +give --{missing.replace('_', '-')} .*net.toml"):
        spec_of(said)


def test_all_that_is_missing_is_asked_for_at_once():
    with pytest.raises(ModelError, match=r"sample rate, labels and activation\n.*--sample-rate HZ --labels FILE"):
        spec_of({"input_samples": 400})


def test_a_spec_of_what_was_said():
    assert spec_of(FULL) == ModelSpec("", 16000, 400, ("a", "b"))
    multi = spec_of(FULL, {"activation": "none", "multi_label": True, "frames": "max", "lead_samples": 5})
    assert (multi.multi_label, multi.frames, multi.lead_samples, multi.activation) == (True, "max", 5, "softmax")
    long = spec_of(FULL, {"clip_samples": 1000, "hop_samples": 200, "pooling": "energy", "ending": "drop"})
    assert long.n_samples == 1000
    assert long.windows == Windows(400, 200, 0, "drop", "energy")
    assert spec_of(FULL, {"clip_samples": 1000}).windows.hop_samples == 400  # side by side


def test_declare_and_embed_are_undone_by_reading():
    spec = ModelSpec(
        "net", 8000, 900, ("a", "b"), 10, "sigmoid", "words", None, "mean", Windows(300, 100, 20, "drop", "max")
    )
    read = Declaration.from_json(declare(spec).to_json(), "x")
    assert resolve([("file", read)]).spec("net", Path("x")) == spec
    plain = ModelSpec("net", 8000, 900, ("a", "b"))
    assert asdict(resolve([("file", declare(plain))]).spec("net", Path("x"))) == asdict(plain)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"sample_rate": "16 kHz"}, "sample_rate='16 kHz' must be a whole number"),
        ({"sample_rate": 16}, "sample_rate=16 is no sample rate in hertz"),
        ({"sample_rate": True}, "must be a whole number"),
        ({"input_samples": -1}, "must be a whole number"),
        ({"input_samples": 0}, "input_samples=0 must be a whole number, 1 or more"),
        ({"lead_samples": -1}, "lead_samples=-1 must be a whole number, 0 or more"),
        ({"labels": "a"}, "must be a list"),
        ({"labels": [1, 2]}, "must be a list"),
        ({"activation": 3}, "must be text"),
        ({"multi_label": "yes"}, "true or false"),
        ({"states": {"h": 3}}, "table of names"),
        ({"constants": {"sr": "x"}}, "table of numbers"),
    ],
)
def test_values_of_the_wrong_kind(said, words):
    with pytest.raises(InputError, match=words):
        Declaration(**said)


def test_a_sidecar_with_labels_beside_it(tmp_path):
    path = tmp_path / "net.onnx"
    assert read_sidecar(sidecar_of(path)) == Declaration()
    (tmp_path / "names.txt").write_text("kick\n\n  snare \n")
    sidecar_of(path).write_text('sample_rate = 8000\nlabels = "names.txt"\n[states]\nh = "hn"\n')
    said = read_sidecar(tmp_path / "net.audioinv.toml")
    assert said == Declaration(sample_rate=8000, labels=("kick", "snare"), states={"h": "hn"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample_rate == 3", "cannot be read as TOML"),
        ("samplerate = 16000", "sets samplerate, which no spec has; known: name"),
        ('sample_rate = "16k"', r"net.audioinv.toml: sample_rate='16k' must be a whole number"),
    ],
)
def test_a_sidecar_that_cannot_be_used(tmp_path, text, words):
    (tmp_path / "net.audioinv.toml").write_text(text)
    with pytest.raises(ModelError, match=words):
        read_sidecar(tmp_path / "net.audioinv.toml")


def test_labels_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(InputError, match="holds no label"):
        read_labels(tmp_path / "empty.txt")


def test_text_as_other_systems_write_it(tmp_path):
    (tmp_path / "names.txt").write_bytes("\ufeffkick\r\nsnare\r\n".encode())
    assert read_labels(tmp_path / "names.txt") == ("kick", "snare")
    (tmp_path / "net.audioinv.toml").write_bytes("\ufeffsample_rate = 8000\r\n".encode())
    assert read_sidecar(tmp_path / "net.audioinv.toml") == Declaration(sample_rate=8000)
    (tmp_path / "names.txt").write_bytes("tür".encode("latin-1"))
    with pytest.raises(InputError, match="give UTF-8 text, one label a line"):
        read_labels(tmp_path / "names.txt")


def test_the_sidecar_of_a_folder_stands_beside_it(tmp_path):
    (tmp_path / "ast.v2").mkdir()
    assert sidecar_of(tmp_path / "ast.v2") == tmp_path / "ast.v2.audioinv.toml"
    with pytest.raises(ModelError, match="no JSON"):
        Declaration.from_json("{", "x")
    with pytest.raises(ModelError, match="no table"):
        Declaration.from_json("[1]", "x")
