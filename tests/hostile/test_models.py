"""Models that lie, break, hang or would run code: each ends in one line and a stated exit code, and nothing is run."""

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from audioinv.analysis import analyze
from audioinv.errors import ModelError
from audioinv.nets.checkpoints import read_checkpoint
from audioinv.nets.foreign import foreign_code
from audioinv.nets.library import load_model
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip

from .spoiling import spoilings, try_reading

RATE, LENGTH = 16000, 4800


# --- files of ours that lie -------------------------------------------------------------------------------------------


def taken_apart(path):
    """The header of a safetensors file and the bytes behind it."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    config = json.loads(header["__metadata__"]["audioinv"])
    del config["sha256"]  # whoever means harm can hash as well
    header["__metadata__"]["audioinv"] = json.dumps(config)
    return header, content[8 + length :]


def put_together(header, body, length=None):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def with_config(*keys, value):
    """Change one value of the configuration in a file's header."""

    def change(header, body):
        config = json.loads(header["__metadata__"]["audioinv"])
        inner = config
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        header["__metadata__"]["audioinv"] = json.dumps(config)
        return put_together(header, body)

    return change


def with_text(text):
    def change(header, body):
        header["__metadata__"]["audioinv"] = text
        return put_together(header, body)

    return change


def with_tensors(alter):
    def change(header, body):
        names = [name for name in header if name != "__metadata__"]
        return put_together(*alter(header, names, body))

    return change


def without_one(header, names, body):
    """Cut off the tensor that lies last."""
    last = max(names, key=lambda name: header[name]["data_offsets"])
    return {name: header[name] for name in header if name != last}, body[: header[last]["data_offsets"][0]]


def with_one_more(header, names, body):
    added = {"dtype": "F32", "shape": [2], "data_offsets": [len(body), len(body) + 8]}
    return {**header, "extra": added}, body + bytes(8)


def reshaped(header, names, body):
    found = next(name for name in names if len(header[name]["shape"]) == 2)
    return {**header, found: {**header[found], "shape": header[found]["shape"][::-1]}}, body


def overlapping(header, names, body):
    offsets = [header[name]["data_offsets"] for name in names]
    return {**header, names[0]: {**header[names[0]], "data_offsets": [0, offsets[1][1] * 9]}}, body


def shape_of_another_size(header, names, body):
    return {**header, names[0]: {**header[names[0]], "shape": [2**40]}}, body


OURS = {
    "header of 2**62 bytes": (lambda _header, _body: struct.pack("<Q", 2**62) + b"{}", "header too large"),
    "header longer than the file": (lambda header, _body: put_together(header, b"", 10**6), "no safetensors file"),
    "header shorter than it is": (lambda header, body: put_together(header, body, 40), "no safetensors file"),
    "header that is no JSON": (
        lambda _header, body: struct.pack("<Q", 4) + b"\xff\xfe{}" + body,
        "no safetensors file",
    ),
    "cut off": (lambda header, body: put_together(header, body[:-1]), "no safetensors file"),
    "bytes too many": (lambda header, body: put_together(header, body + b"more"), "no safetensors file"),
    "empty": (lambda _header, _body: b"", "no safetensors file"),
    "tensor missing": (with_tensors(without_one), "Missing key"),
    "tensor too many": (with_tensors(with_one_more), "Unexpected key"),
    "tensor turned round": (with_tensors(reshaped), "do not fit"),
    "tensors that overlap": (with_tensors(overlapping), "no safetensors file"),
    "shape of another size": (with_tensors(shape_of_another_size), "no safetensors file"),
    "no configuration": (with_text("null"), "configuration cannot be read"),
    "configuration is a list": (with_text("[1]"), "configuration cannot be read"),
    "configuration too deep": (with_text("[" * 100_000), "configuration cannot be read"),
    "format is a word": (with_config("format", value="x"), "configuration cannot be read"),
    "format of the future": (with_config("format", value=99), "newer than this audioinv"),
    "kind is a list": (with_config("kind", value=["constant"]), "is not one of"),
    "spec is a list": (with_config("config", "spec", value=[1]), "do not fit"),
    "spec is nothing": (with_config("config", "spec", value=None), "do not fit"),
    "labels are numbers": (with_config("config", "spec", "labels", value=[1, 2]), "must be texts"),
    "window of 10**15 samples": (with_config("config", "spec", "n_samples", value=10**15), "columns, but"),
    "window of NaN samples": (with_config("config", "spec", "n_samples", value=float("nan")), "whole number"),
    "rate of 10**30": (with_config("config", "spec", "sample_rate", value=10**30), "front end runs at"),
    "channels below 0": (with_config("config", "network", "channels", value=[-1, 4]), "do not fit"),
    "terabytes of channels": (with_config("config", "network", "channels", value=[300_000] * 2), "do not fit"),
    "FFT of 2**50": (with_config("config", "front_end", "n_fft", value=2**50), "do not fit"),
    "hop of 0": (with_config("config", "front_end", "hop_length", value=0), "hop_length=0"),
    "mean is a word": (with_config("config", "input_mean", value="<b>"), "do not fit"),
    "deviation is NaN": (with_config("config", "input_std", value=float("nan")), "input_std=nan"),
    "a field nobody knows": (with_config("config", "rm -rf", value=1), "unexpected keyword"),
}


@pytest.mark.parametrize("name", OURS)
def test_files_of_ours_that_lie_are_refused(run, place, name):
    change, words = OURS[name]
    (place / "bad.safetensors").write_bytes(change(*taken_apart(place / "toy" / "model.safetensors")))
    done = run("info", "bad.safetensors")
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert "error: bad.safetensors: " in done.stderr


def test_a_file_of_ours_with_a_flipped_bit_or_cut_short_is_refused(place, rng):
    path = place / "toy" / "model.safetensors"
    whole = path.read_bytes()
    expected = read_checkpoint(path)
    n_read = 0
    for spoilt in spoilings(whole, rng, n_flips=200, n_cuts=20):
        path.write_bytes(spoilt)
        found, refusal = try_reading(read_checkpoint, path)
        if found is None:
            assert str(path) in refusal
            continue
        n_read += 1  # a flip in what is not read, as the name of the digest
        assert (found.kind, found.config) == (expected.kind, expected.config)
        assert found.tensors.keys() == expected.tensors.keys()
        assert all(torch.equal(found.tensors[name], tensor) for name, tensor in expected.tensors.items())
    assert n_read < 10


def test_without_its_digest_a_flipped_bit_would_be_believed(place):
    header, body = taken_apart(place / "toy" / "model.safetensors")
    path = place / "old.safetensors"
    path.write_bytes(put_together(header, body[:-1] + bytes([body[-1] ^ 1])))
    good, found = read_checkpoint(place / "toy" / "model.safetensors").tensors, read_checkpoint(path).tensors
    assert sum(not torch.equal(found[name], tensor) for name, tensor in good.items()) == 1


def test_the_file_put_together_unchanged_is_read(run, place):
    (place / "good.safetensors").write_bytes(put_together(*taken_apart(place / "toy" / "model.safetensors")))
    assert run("info", "good.safetensors").exit_code == 0


# --- pickles ----------------------------------------------------------------------------------------------------------


class Trap:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("sprung",))


def written_by_torch(path):
    torch.save({"weight": Trap()}, path)


def bare(path):
    path.write_bytes(pickle.dumps(Trap(), protocol=2))


def in_a_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps(Trap()))


NAMES = (
    "net.pt",
    "net.bin",
    "net.safetensors",
    "net.onnx",
    "net.tflite",
    "net.pt2",
    "net.ts",
    "net.ckpt",
    "net.npy",
    "net",
)


@pytest.mark.parametrize("write", [written_by_torch, bare, in_a_zip])
def test_no_pickle_is_loaded_whatever_it_is_called(run, place, write):
    for name in NAMES:
        write(place / name)
        done = run("analyze", "clips", "-m", f"./{name}", "-o", "out", "--no-progress")
        assert done.exit_code == 2, (name, done.stderr)
        assert f"error: {name}" in done.stderr or f"error: model {name}" in done.stderr or "net" in done.stderr
        assert "internal error" not in done.stderr
        assert not (place / "sprung").exists(), name
    pickle.loads(pickle.dumps(Trap()))  # the control: the trap would have sprung
    assert (place / "sprung").exists()


def test_weights_of_transformers_in_a_pickle_are_refused(run, place):
    folder = place / "folder"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "wav2vec2"}')
    (folder / "preprocessor_config.json").write_text('{"sampling_rate": 8000}')
    bare(folder / "pytorch_model.bin")
    done = run("info", "folder")
    assert done.exit_code == 2
    assert "weights in pickles are refused" in done.stderr
    bare(folder / "model.safetensors")
    done = run("info", "folder", "--labels", "none.txt")
    assert done.exit_code == 2
    assert not (place / "sprung").exists()


def test_an_archive_that_unfolds_to_more_than_it_holds_is_refused(run, place):
    with zipfile.ZipFile("bomb.pt2", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data/weights/weight_0", bytes(1 << 24))
    done = run("info", "bomb.pt2")
    assert done.exit_code == 2
    assert "unfolds to" in done.stderr


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "a/../../secret.bin"])
def test_onnx_weights_that_leave_the_folder_are_refused_at_the_command_line(run, place, location):
    onnx = pytest.importorskip("onnx")
    tensor = onnx.TensorProto(name="w", dims=[1], data_type=1, data_location=1)
    tensor.external_data.add(key="location", value=location)
    graph = onnx.helper.make_graph([], "g", [], [], initializer=[tensor])
    (place / "net.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    done = run("info", "net.onnx")
    assert done.exit_code == 2
    assert "outside the model's folder; that is refused" in done.stderr


# --- models in Python -------------------------------------------------------------------------------------------------

HONEST = """
import sys, time
import numpy as np

def honest(waveforms):
    level = np.tanh(30 * (waveforms**2).mean(-1))
    return np.stack([level, 1 - level], -1)

def told(function):
    function.audioinv = dict(sample_rate=16000, input_samples=4800, labels=["loud", "soft"], activation="none")
    return function

def after(n_calls, then):
    calls = []
    def function(waveforms):
        calls.append(len(waveforms))
        return then(waveforms) if len(calls) > n_calls else honest(waveforms)
    return told(function)

def fail(error):
    raise error
"""
PROBED = 3  # calls that loading makes
BAD = {
    "raises": (
        "after({n}, lambda x: fail(ValueError('no <b>such</b> layer\\nsecond line')))",
        "ValueError: no <b>such",
    ),
    "raises without a word": ("after({n}, lambda x: fail(KeyError()))", "KeyError: no reason given"),
    "runs out of memory": ("after({n}, lambda x: fail(MemoryError('big')))", "MemoryError: big"),
    "recurses for ever": ("after({n}, lambda x: (lambda f: f(f))(lambda f: f(f)))", "RecursionError"),
    "ends the program": ("after({n}, lambda x: sys.exit(0))", "ends the program (exit code 0)"),
    "answers NaN": ("after({n}, lambda x: honest(x) * np.nan)", "answered with NaN or infinity"),
    "answers infinity": ("after({n}, lambda x: honest(x) / 0.0)", "answered with NaN or infinity"),
    "answers too little": ("after({n}, lambda x: honest(x)[:, :1])", "answered in shape"),
    "answers other batches": ("after({n}, lambda x: honest(x)[1:])", "answered in shape"),
    "answers nothing": ("after({n}, lambda x: None)", "which is no array of numbers"),
    "answers words": ("after({n}, lambda x: [['a', 'b']] * len(x))", "which is no array of numbers"),
    "answers ragged": ("after({n}, lambda x: [[1.0], [1.0, 2.0]])", "which is no array of numbers"),
}


@pytest.fixture
def hostile(place, monkeypatch):
    """Write ``bad.py`` with a model in it, and return what to type."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)

    def write(expression):
        (place / "bad.py").write_text(f"{HONEST}\nmodel = {expression}\n")
        return "bad.py:model"

    yield write
    sys.modules.pop("bad", None)


SHORT = ("--time", "-10:10:10ms", "--freq", "0:50:50Hz", "-o", "out", "--no-progress")


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value)")
@pytest.mark.parametrize("when", [0, PROBED])
@pytest.mark.parametrize("name", BAD)
def test_a_model_that_breaks_is_named_in_one_line(run, place, hostile, name, when):
    expression, words = BAD[name]
    done = run("analyze", "clips", "-m", hostile(expression.format(n=when)), *SHORT)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert "error: model model" in done.stderr
    assert "internal error" not in done.stderr
    assert not (place / "out").exists()


def test_an_honest_model_runs(run, place, hostile):
    assert run("analyze", "clips", "-m", hostile("told(honest)"), *SHORT).exit_code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; sys.exit(0)", "ends the program (exit code 0)"),
        ("raise SystemError('hm')", "cannot be imported (SystemError: hm)"),
        ("model = property()", "is a property"),
    ],
)
def test_a_module_that_breaks_is_named(run, place, hostile, text, words):
    (place / "bad.py").write_text(text)
    done = run("info", "bad.py:model")
    assert done.exit_code == 2
    assert words in done.stderr


def test_what_a_model_prints_does_not_reach_stdout(run, place, hostile):
    spec = hostile("told(lambda x: print('heard', len(x)) or honest(x))\nprint('imported')")
    done = run("analyze", "clips", "-m", spec, *SHORT, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["schema_version"] == 1
    assert "imported" in done.stderr
    assert "heard 1" in done.stderr
    assert json.loads(run("info", spec, "--json").stdout)["kind"] == "model"


class WritesOver(torch.nn.Module):
    def forward(self, waveforms):
        level = waveforms.square().mean(-1)
        waveforms.mul_(0)
        return torch.stack([level, 1 - level], -1)


def writes_over(waveforms):
    level = (waveforms**2).mean(-1)
    waveforms *= 0
    return np.stack([level, 1 - level], -1)


@pytest.mark.parametrize("function", [writes_over, WritesOver()])
def test_a_model_that_writes_over_its_input_changes_nothing_but_its_own(function, rng):
    model = as_model(function, sample_rate=RATE, labels=["loud", "soft"], n_samples=LENGTH, name="over")
    sound = torch.from_numpy(rng.standard_normal((2, LENGTH)).astype(np.float32))
    before = sound.clone()
    first = model.scores(sound)
    assert torch.equal(sound, before)
    assert torch.equal(model.scores(sound), first)
    function(sound if isinstance(function, torch.nn.Module) else sound.numpy())  # the control: left alone, it writes
    assert not torch.equal(sound, before)


def test_a_model_that_answers_at_random_is_told_by_its_noise_floor(rng):
    def noisy(waveforms):
        return np.full((len(waveforms), 2), 0.5) + 0.1 * rng.standard_normal((len(waveforms), 2))

    clips = [Clip(rng.standard_normal(LENGTH).astype(np.float32), RATE, f"{i}", label="a") for i in range(6)]
    model = as_model(noisy, sample_rate=RATE, labels=["a", "b"], n_samples=LENGTH)
    summary = analyze(model, clips, time="-10:10:10ms").summary
    assert 0.01 < summary["controls"]["noise_floor"] < 1.0
    assert any("not deterministic" in warning for warning in summary["warnings"])
    still = as_model(lambda x: np.full((len(x), 2), [0.6, 0.4]), sample_rate=RATE, labels=["a", "b"], n_samples=LENGTH)
    summary = analyze(still, clips, time="-10:10:10ms").summary
    assert summary["controls"]["noise_floor"] == 0.0
    assert not any("not deterministic" in warning for warning in summary["warnings"])


HANGS = {
    "at import": "time.sleep(600)",
    "in Python": "after({n}, lambda x: [None for _ in iter(int, 1)])",
    "asleep": "after({n}, lambda x: time.sleep(600))",
}


@pytest.mark.parametrize(("name", "when"), [("at import", 0), ("in Python", PROBED), ("asleep", 0)])
def test_a_model_that_hangs_is_given_up(place, hostile, name, when):
    spec = hostile(HANGS[name].format(n=when))
    command = [sys.executable, "-m", "audioinv", "analyze", "clips", "-m", spec, *SHORT, "--timeout", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert "did not answer within 0.5 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "out" / "summary.json").exists()


def test_a_limit_of_time_that_is_kept_changes_nothing(run, place, hostile):
    assert run("analyze", "clips", "-m", hostile("told(honest)"), *SHORT, "--timeout", 60).exit_code == 0
    assert "timeout" not in json.loads(Path("out/run.json").read_text())["options"]
    done = run("analyze", "clips", "-m", "toy", "--timeout", 0, "--dry-run")
    assert done.exit_code == 2
    assert "--timeout" in done.stderr


def test_errors_of_ours_pass_through_code_of_others():
    with pytest.raises(ModelError, match="told before"), foreign_code("model x"):
        raise ModelError("told before")
    with pytest.raises(KeyboardInterrupt), foreign_code("model x"):
        raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_a_scripted_model_raises_is_said_once_by_its_last_line():
    @torch.jit.script
    def refuse(x: torch.Tensor) -> torch.Tensor:
        return x @ torch.ones(5)

    with pytest.raises(ModelError) as caught, foreign_code("model x", "1 window of 3 samples"):
        refuse(torch.ones(3))
    first, remedy = str(caught.value).splitlines()
    assert first.startswith("model x fails on 1 window of 3 samples: RuntimeError: ")
    assert first.count("RuntimeError") == 1
    assert "[3]" in first
    assert "a function as a NumPy array" in remedy


@pytest.mark.parametrize("device", ["cpu:0:0", "cpu:x", "cuda:-1", "", "tpu", "mps:=cmd()"])
def test_devices_that_are_none(run, place, device):
    done = run("analyze", "clips", "-m", "toy", "-d", device, "--dry-run")
    assert done.exit_code == 2
    assert "is not there" in done.stderr


def test_a_path_that_looks_like_a_model_and_is_none(run, place):
    for name in ("clips/low/0.wav", "nothing.onnx", "..", "toy/../nowhere", "no.such.module:attr", ":", "a" * 5000):
        done = run("analyze", "clips", "-m", name, "-o", "out")
        assert done.exit_code == 2, (name, done.stderr)
        assert "internal error" not in done.stderr
    with pytest.raises(ModelError):
        load_model("bad\0name")
