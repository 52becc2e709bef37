"""Every format gives the scores of calling the model directly: real clips, batches of 1, 7 and 64, to 1e-5."""

import os
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from audioinv.errors import ModelError
from audioinv.nets.adapters.declaration import Declaration
from audioinv.nets.library import is_model, load_model, open_model
from audioinv.nets.model import ModelSpec, as_model

from .conftest import BATCHES, real_windows

N = 1600
SAID = Declaration(sample_rate=16000, labels=("low", "mid", "high"), activation="softmax")
WHOLE = Declaration(sample_rate=16000, labels=("low", "mid", "high"), activation="softmax", input_samples=N)


def direct(network, waveforms):
    with torch.inference_mode():
        return network(waveforms).softmax(-1)


def check_batches(model, expected):
    windows = real_windows(64, model.spec.n_samples, model.spec.sample_rate)
    whole = expected(windows)
    for batch in BATCHES:
        with torch.inference_mode():
            found = torch.cat([model.scores(part) for part in windows.split(batch)])
        torch.testing.assert_close(found, whole, rtol=0, atol=1e-5)
    assert float((whole - whole[:1]).abs().max()) > 1e-2  # the clips are told apart, so agreement says something


def save_onnx(network, path, *, batch=None, example=None):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    example = torch.zeros(batch or 2, N) if example is None else example
    shapes = None if batch else ({0: "batch"},)
    from audioinv.nets.adapters.export import _quiet

    with _quiet():
        torch.onnx.export(
            network, (example,), dynamo=True, dynamic_shapes=shapes, input_names=["sound"], verbose=False
        ).save(path)
    return onnx.load(path)


def save_pt2(network, path, *, batch=None, extra=None):
    shapes = None if batch else ({0: torch.export.Dim("batch")},)
    program = torch.export.export(network, (torch.zeros(batch or 2, N),), dynamic_shapes=shapes)
    torch.export.save(program, path, extra_files=extra or {})


def save_torchscript(network, path, extra=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(network).save(path, _extra_files=extra or {})


@pytest.mark.parametrize("batch", [None, 5])
def test_onnx(bands, tmp_path, batch):
    save_onnx(bands, tmp_path / "net.onnx", batch=batch)
    model = load_model(tmp_path / "net.onnx", said=SAID)
    assert model.provenance.origins["input_samples"] == "inferred from the graph"
    check_batches(model, lambda windows: direct(bands, windows))


@pytest.mark.parametrize("batch", [None, 5])
def test_torch_export(bands, tmp_path, batch):
    save_pt2(bands, tmp_path / "net.pt2", batch=batch, extra={"audioinv.json": SAID.to_json()})
    model = load_model(tmp_path / "net.pt2")
    assert model.provenance.origins["labels"] == "embedded in an extra file"
    assert not any(part.training for part in model.module.eval().modules())
    check_batches(model, lambda windows: direct(bands, windows))


@pytest.mark.parametrize("name", ["net.pt", "net.ts"])
def test_torchscript_is_read_and_said_to_be_deprecated(bands, tmp_path, name):
    save_torchscript(bands, tmp_path / name, {"audioinv.json": WHOLE.to_json()})
    model = load_model(tmp_path / name)
    assert any("deprecated" in caution for caution in model.provenance.cautions)
    assert model.module is None  # nothing can be hooked in there
    check_batches(model, lambda windows: direct(bands, windows))


MODULE = """
import torch

SAID = {"sample_rate": 16000, "labels": ["low", "mid", "high"], "activation": "softmax", "input_samples": 1600}

class Half(torch.nn.Module):
    audioinv = SAID
    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.5)
    def forward(self, waveforms):
        return self.dropout(waveforms[:, ::600].repeat(1, 1)[:, :3] * 9)

def build():
    return Half()

network = Half()

def function(waveforms):
    return waveforms[:, ::600][:, :3] * 9

function.audioinv = SAID

def bare(waveforms):
    return function(waveforms)

class inner:
    made = network

text = "no model"
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "their_models.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield "their_models"
    sys.modules.pop("their_models", None)


@pytest.mark.parametrize("attribute", ["Half", "build", "network", "function", "inner.made"])
def test_python_objects(module, attribute, tmp_path):
    model = load_model(f"{module}:{attribute}")
    assert model.spec.name == attribute
    assert (model.module is None) == (attribute == "function")
    check_batches(model, lambda windows: (windows[:, ::600][:, :3] * 9).softmax(-1))
    assert str(tmp_path) not in sys.path


def test_a_function_that_says_nothing_needs_flags_or_a_sidecar(module, tmp_path):
    with pytest.raises(ModelError, match="their_models:bare does not say its sample rate"):
        load_model(f"{module}:bare")
    assert load_model(f"{module}:bare", said=WHOLE).spec.labels == WHOLE.labels
    (tmp_path / "their_models.audioinv.toml").write_text(
        'sample_rate = 16000\ninput_samples = 1600\nactivation = "softmax"\nlabels = ["low", "mid", "high"]\n'
    )
    assert load_model(f"{module}:bare").provenance.origins["labels"] == "sidecar their_models.audioinv.toml"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("no_such_module:net", "cannot be imported"),
        ("their_models:nothing", "has no attribute 'nothing'"),
        ("their_models:text", "is a str; a network, a function or what makes one is needed"),
    ],
)
def test_objects_that_are_no_models(module, place, words):
    with pytest.raises(ModelError, match=words):
        load_model(place)


def test_a_model_of_ours_is_taken_as_it_is(module, tmp_path):
    (tmp_path / "their_models.py").write_text(
        "from audioinv.nets.model import as_model\n"
        "def make():\n"
        "    return as_model(lambda x: x[:, :2], sample_rate=8000, labels=['a', 'b'], n_samples=4, name='made')\n"
    )
    assert (
        load_model("their_models:make").spec
        == as_model(lambda x: x, sample_rate=8000, labels=["a", "b"], n_samples=4, name="made").spec
    )
    with pytest.raises(ModelError, match="says its spec itself; leave out sample_rate"):
        load_model("their_models:make", said=Declaration(sample_rate=8000))


def test_models_that_packages_register(module, monkeypatch):
    from importlib.metadata import EntryPoint

    entry = EntryPoint("registered-net", f"{module}:build", "audioinv.models")
    monkeypatch.setattr(
        "audioinv.nets.adapters.registry.entry_points", lambda group: [entry] * (group == "audioinv.models")
    )
    monkeypatch.syspath_prepend(".")
    assert load_model("registered-net").spec.name == "registered-net"
    assert is_model("registered-net")
    with pytest.raises(ModelError, match=r"no model 'nobody'.*drums-cnn2d.*registered-net"):
        load_model("nobody")


def test_tflite(bands, tmp_path):
    """The file is `Bands` converted by litert-torch for one window at a time, as docs/your-model/to_tflite.py does."""
    pytest.importorskip("ai_edge_litert")
    shutil.copy(Path(__file__).with_name("bands.tflite"), tmp_path)
    (tmp_path / "bands_Labels.txt").write_text("low\nmid\nhigh\n")
    model = load_model(tmp_path / "bands.tflite", said=Declaration(sample_rate=16000, activation="softmax"))
    assert model.provenance.origins["labels"] == "bands_Labels.txt"
    check_batches(model, lambda windows: direct(bands, windows))


@pytest.mark.parametrize("name", ["net.pth", "net.ckpt", "net.bin", "net.pkl", "net.pt"])
def test_pickles_are_refused_unread(bands, tmp_path, name):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    torch.save({"weights": bands.state_dict(), "trap": Trap()}, tmp_path / name)
    with pytest.raises(ModelError, match=r"can run any code.*refused\n.*torch.export to .pt2"):
        load_model(tmp_path / name, said=WHOLE)
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(ModelError, match="holds a dict, no network; weights alone need the code around them"):
        load_model(tmp_path / name, said=WHOLE, trust_pickle=True)
    assert (tmp_path / "sprung").exists()  # the trap is a trap


def test_a_trusted_pickle_of_a_network_is_loaded(bands, tmp_path):
    torch.save(
        torch.nn.Sequential(torch.nn.Unflatten(1, (1, N)), bands.convolution, torch.nn.Flatten()), tmp_path / "n.pt"
    )
    opened = open_model(tmp_path / "n.pt", trust_pickle=True)
    assert opened.format == "a pickle, trusted as asked"
    (tmp_path / "damaged.pth").write_bytes(b"x" * 100)
    with pytest.raises(ModelError, match="cannot be unpickled"):
        open_model(tmp_path / "damaged.pth", trust_pickle=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.onnx", "damaged, or no ONNX file"),
        ("net.pt2", "damaged, or not written by torch.export"),
        ("net.tflite", "LiteRT cannot load it"),
        ("net.h5", "no model that audioinv reads, which are .safetensors, .pt2"),
    ],
)
def test_damaged_and_unknown_files(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"\x08\x01garbage")
    with pytest.raises(ModelError, match=words):
        load_model(tmp_path / name, said=WHOLE)


def test_what_is_a_model_and_what_is_not(tmp_path):
    (tmp_path / "clip.wav").write_bytes(b"")
    (tmp_path / "strange:name").write_bytes(b"")
    assert not is_model(tmp_path / "clip.wav")
    assert not is_model(str(tmp_path / "strange:name"))
    assert not is_model(tmp_path)
    assert is_model("drums-cnn2d")


def test_a_spec_with_windows_survives_a_file_of_ours(tmp_path):
    from dataclasses import replace

    from audioinv.nets.architectures import architecture
    from audioinv.nets.classifier import Classifier, save_classifier
    from audioinv.nets.windows import Windows

    config = architecture("cnn1d-mel", ModelSpec("x", 8000, 4000, ("a", "b")))
    spec = replace(config.spec, n_samples=9000, windows=Windows(4000, 1000, pooling="max"))
    save_classifier(Classifier(replace(config, spec=spec)), tmp_path / "x.safetensors")
    model = load_model(tmp_path / "x.safetensors")
    assert model.spec == spec
    assert np.isfinite(model.scores(torch.zeros(2, 9000)).numpy()).all()


@pytest.mark.parametrize("batch", [None, 5])
def test_an_exported_network_that_takes_a_channel_axis(bands, tmp_path, batch):
    class Channelled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bands = bands

        def forward(self, waveforms):
            return self.bands(waveforms[:, 0])

    shapes = None if batch else ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Channelled(), (torch.zeros(batch or 2, 1, N),), dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "net.pt2")
    model = load_model(tmp_path / "net.pt2", said=SAID)
    assert model.spec.n_samples == N
    check_batches(model, lambda windows: direct(bands, windows))
    with pytest.raises(ModelError, match="takes windows of 1600 samples, but input_samples=3200"):
        load_model(tmp_path / "net.pt2", said=Declaration(**{**SAID.said(), "input_samples": 3200}))


def test_an_exported_network_shows_the_modules_that_it_was_exported_from(bands, tmp_path):
    save_pt2(bands, tmp_path / "net.pt2", extra={"audioinv.json": SAID.to_json()})
    network = load_model(tmp_path / "net.pt2").module
    assert [(name, type(part).__name__) for name, part in network.named_children()] == [("convolution", "Conv1d")]
    heard = []
    network.convolution.register_forward_hook(lambda _module, _given, made: heard.append(made))
    windows = real_windows(3, N)
    network(windows)
    torch.testing.assert_close(heard[0], bands.convolution(windows[:, None]))


def test_an_exported_network_counts_and_shares_its_work_as_the_network_itself(bands, tmp_path):
    from audioinv.nets.model import CallableModel
    from audioinv.sweep.engines import choose_engines
    from audioinv.sweep.plan import plan_sweep
    from audioinv.sweep.probing import probe_model

    save_pt2(bands, tmp_path / "net.pt2", extra={"audioinv.json": SAID.to_json()})
    exported = load_model(tmp_path / "net.pt2")
    itself = CallableModel(bands, exported.spec)
    assert probe_model(exported) == probe_model(itself)
    assert probe_model(itself).multiply_adds == 97 * 3 * 64
    chosen = [choose_engines(model, plan_sweep(model, {"time": "-50:50:1ms"}), 1000) for model in (exported, itself)]
    assert chosen[0]["time"].facts == chosen[1]["time"].facts


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_graph_of_other_floats_is_fed_in_them(bands, tmp_path, dtype):
    class Cast(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bands = bands

        def forward(self, waveforms):
            return self.bands(waveforms.float()).to(dtype)

    save_onnx(Cast(), tmp_path / "net.onnx", example=torch.zeros(2, N, dtype=dtype))
    windows = real_windows(7, N)
    scores = load_model(tmp_path / "net.onnx", said=SAID).scores(windows)
    torch.testing.assert_close(scores, direct(bands, windows.to(dtype).float()), rtol=0, atol=2e-3)


@pytest.mark.parametrize("place", ["their_models.py:build", "./their_models.py:build", "x/../their_models.py:build"])
def test_a_file_and_a_name_in_it(module, tmp_path, place):
    (tmp_path / "x").mkdir()
    (tmp_path / "their_models.audioinv.toml").write_text('description = "by the file"\n')
    model = load_model(place)
    assert (model.spec.name, model.spec.description) == ("build", "by the file")
    assert is_model(place)
    assert str(tmp_path) not in sys.path
    assert "their_models" in sys.modules  # as an import leaves it


def test_a_file_finds_what_lies_beside_it(module, tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "beside_it.py").write_text(MODULE)
    (tmp_path / "below" / "outer.py").write_text("from beside_it import build\n")
    assert load_model(str(tmp_path / "below" / "outer.py") + ":build").spec.name == "build"
    sys.modules.pop("beside_it")
    sys.modules.pop("outer")


WRONG = {
    "raises.py": ("raise RuntimeError('no accelerator')", "raises:f", "cannot be imported \\(RuntimeError: no accel"),
    "broken.py": ("def f(:", "broken.py:f", "cannot be imported \\(SyntaxError"),
    "lacks.py": ("import no_such_library", "lacks:f", "ModuleNotFoundError: No module named 'no_such_library'"),
    "factory.py": (
        "def f():\n    raise OSError('no weights')",
        "factory:f",
        r"factory:f\(\) fails: OSError: no weights",
    ),
    "two.py": ("def f(size, depth): ...", "two:f", "two:f needs size, depth; give a function of waveforms alone"),
    "made.py": ("class F:\n    def __init__(self, size): ...", "made:F", "made:F needs size; give a function"),
}


@pytest.mark.parametrize("name", WRONG)
def test_python_that_makes_no_model_is_one_line(module, tmp_path, name):
    content, place, words = WRONG[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=words) as caught:
        load_model(place, said=WHOLE)
    assert "\n" not in str(caught.value)
    left = sys.modules.pop(Path(name).stem, None)
    assert (left is None) == (name in ("raises.py", "broken.py", "lacks.py")), "half a module stays behind"


def test_a_python_file_alone_is_asked_for_a_name(module):
    with pytest.raises(ModelError, match=r"their_models.py is Python; say which .* their_models.py:NAME"):
        load_model("their_models.py")
    with pytest.raises(ModelError, match=r"nothing.py cannot be imported .*no such file; the working directory is"):
        load_model("nothing.py:net")


def test_which_of_several_outputs_a_network_gives_is_declared(module, tmp_path):
    (tmp_path / "their_models.py").write_text(MODULE + "\ndef two(w):\n    return {'a': w[:, :3], 'b': w[:, 3:6]}\n")
    with pytest.raises(ModelError, match=r'model two: it answers with the outputs a, b; .* output = "a"'):
        load_model("their_models:two", said=WHOLE)
    windows = real_windows(2, N)
    found = load_model("their_models:two", said=Declaration(**{**WHOLE.said(), "output": "b"}))
    torch.testing.assert_close(found.scores(windows), windows[:, 3:6].softmax(-1))
