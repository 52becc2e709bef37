"""The page on models: its commands, run as they stand on models that others made, print what it shows."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from audioinv.cli.app import app

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "your-model.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[+−-]?\d+(?:[.,]\d+)*(?:e-\d+)?")


def sessions(heading):
    """Yield each command below a heading, with the output that is shown below it."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.S | re.M).group(1)
    for block in re.findall(r"^```\n(\$ .*?)^```", section, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def run(command):
    if command.startswith("python "):
        done = subprocess.run([sys.executable, *command.split()[1:]], check=True, capture_output=True, text=True)
        return done.stdout if "diagonal.py" in command else None
    done = CliRunner().invoke(app, [*command.split()[1:], *(["--no-progress"] if " analyze " in command else [])])
    assert done.exit_code == 0, done.output
    return done.stdout


def comparable(text):
    """Leave out which clip of equals comes first, and how wide a column is."""
    return " ".join(re.sub(r"least steady.*?(?=\n\S|\Z)", "", text, flags=re.S).split())


def check_sessions(heading, folder, *, within=0.06):
    """Run the commands below a heading."""
    (folder / "clips").symlink_to(ROOT / "clips")
    for command, shown in sessions(heading):
        printed = run(command)
        if printed is None:
            continue
        printed, expected = comparable(printed), comparable(shown)
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", expected), command
        for pair in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
            # Another processor may flip an answer that hangs by a hair, and so the last digit.
            first, second = (float(number.replace("−", "-").replace(",", "")) for number in pair)
            assert first == pytest.approx(second, rel=0.1, abs=within), command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with the files of the page."""
    for path in (ROOT / "docs" / "your-model").iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def inside(package):
    """Return the folder of a package, or skip."""
    found = find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    return Path(found.origin).parent


def test_what_a_model_must_say(folder):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    weights = onnx.numpy_helper.from_array(np.zeros((16000, 7), np.float32), "weights")
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", size])
        for name, size in (("sound", 16000), ("logits", 7))
    ]
    node = onnx.helper.make_node("MatMul", ["sound", "weights"], ["logits"])
    graph = onnx.helper.make_graph([node], "bare", ports[:1], ports[1:], [weights])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "drums-bare.onnx")
    check_sessions("What a model must say", folder)


@pytest.mark.slow
def test_torchcrepe(folder):
    inside("torchcrepe")
    check_sessions("torchcrepe: a network in Python", folder)


@pytest.mark.slow
def test_silero_vad(folder):
    pytest.importorskip("onnxruntime")
    shutil.copy(inside("silero_vad") / "data" / "silero_vad.onnx", folder)
    check_sessions("silero-vad: ONNX with a state", folder)


@pytest.mark.slow
def test_basic_pitch(folder):
    pytest.importorskip("onnxruntime")
    shutil.copy(inside("basic_pitch") / "saved_models" / "icassp_2022" / "nmp.onnx", folder)
    check_sessions("basic-pitch: ONNX with several outputs along time", folder)


@pytest.mark.slow
def test_transformers(folder):
    pytest.importorskip("transformers")
    check_sessions("Two networks of transformers", folder)


@pytest.mark.slow
def test_a_network_converted_to_tensorflow_lite(folder):
    inside("litert_torch")
    check_sessions("A network converted to TensorFlow Lite", folder)


@pytest.mark.slow
def test_training_and_exporting(folder):
    pytest.importorskip("onnxscript")
    # Another processor trains another network from the same seed, and 8 clips answer in steps of 1/8.
    check_sessions("The other way: your training, their runtime", folder, within=0.6)


def test_the_control_a_changed_output_is_seen():
    shown = [output for _, output in sessions("silero-vad: ONNX with a state")]
    assert len(shown) == 2
    assert comparable(shown[0]) != comparable(shown[0].replace("sidecar", "embedded"))
    assert len(list(sessions("What a model must say"))) == 1
    assert len(list(sessions("Two networks of transformers"))) == 5
