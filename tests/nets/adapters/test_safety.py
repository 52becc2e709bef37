"""Model files that would run code, or read what is not theirs, are refused before they can."""

import json
import os
import pickle
import warnings
import zipfile
from contextlib import suppress

import pytest
import torch

from audioinv.errors import ModelError
from audioinv.nets.adapters.huggingface import open_transformers
from audioinv.nets.adapters.opened import file_sha256
from audioinv.nets.adapters.torch_export import check_archive, open_exported
from audioinv.nets.library import load_model

from .test_formats import WHOLE, save_onnx, save_pt2


@pytest.fixture
def trap(tmp_path):
    """Bytes of a pickle that makes a folder when it is loaded, and that folder."""

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    return pickle.dumps(Trap()), tmp_path / "sprung"


@pytest.fixture
def archive(bands, tmp_path):
    save_pt2(bands, tmp_path / "net.pt2")
    return tmp_path / "net.pt2"


def rewrite(path, change):
    """Write the archive again, with a change to its entries."""
    with zipfile.ZipFile(path) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in entries.items():
            target.writestr(name, content)


def in_graph(old, new):
    def change(entries):
        assert old in entries["net/models/model.json"]
        entries["net/models/model.json"] = entries["net/models/model.json"].replace(old, new)

    return change


def test_what_torch_export_writes_passes(archive):
    check_archive(archive)
    rewrite(archive, dict.copy)
    check_archive(archive)
    assert open_exported(archive, "cpu").inferred.input_samples == 1600


def test_sample_inputs_that_are_a_pickle_are_refused(archive, trap):
    content, sprung = trap
    rewrite(archive, lambda entries: entries.update({"net/data/sample_inputs/model.pt": content}))
    with pytest.raises(ModelError, match="refused: its sample inputs are a pickle of more than tensors"):
        load_model(archive, said=WHOLE)
    assert not sprung.exists()
    with suppress(RuntimeError, AssertionError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.load(archive)
    assert sprung.exists()  # torch itself walks into it


def test_weights_that_are_a_pickle_are_refused(archive, trap):
    def change(entries):
        config = json.loads(entries["net/data/weights/model_weights_config.json"])
        first = next(iter(config["config"].values()))
        first["use_pickle"] = True
        entries["net/data/weights/model_weights_config.json"] = json.dumps(config).encode()
        entries[f"net/data/weights/{first['path_name']}"] = trap[0]

    rewrite(archive, change)
    with pytest.raises(ModelError, match=r"convolution.* is stored as a pickle"):
        load_model(archive, said=WHOLE)
    assert not trap[1].exists()


@pytest.mark.parametrize("prefix", ["custom_obj_0", "opaque_obj_0", "../tensor_0"])
def test_constants_that_are_objects_are_refused(archive, prefix):
    def change(entries):
        config = {"config": {"thing": {"path_name": prefix, "use_pickle": False}}}
        entries["net/data/constants/model_constants_config.json"] = json.dumps(config).encode()

    rewrite(archive, change)
    with pytest.raises(ModelError, match="thing is stored as a pickle"):
        load_model(archive, said=WHOLE)


@pytest.mark.parametrize(
    "name",
    ["net/data/aotinductor/model/lib.so", "net/data/weights/model.pt", "net/data/constants/opaque_obj_0", "loose"],
)
def test_entries_that_are_neither_tensor_nor_graph_are_refused(archive, name):
    rewrite(archive, lambda entries: entries.update({name: b""}))
    with pytest.raises(ModelError, match="which is neither tensor nor graph, so loading it could run code"):
        load_model(archive, said=WHOLE)


@pytest.mark.parametrize(
    "target",
    [
        b"torch.os.system",
        b"torch.ops.aten.tanh.__class__.x",
        b"builtins.eval",
        b"#audioinv:x",
        b"torch.load",
        b"_operator.a.b",
        b"_operator.attrgetter",
        b"torch.ops.aten.from_file.default",
    ],
)
def test_graphs_that_call_something_else_are_refused(archive, target):
    rewrite(archive, in_graph(b"torch.ops.aten.tanh.default", target))
    with pytest.raises(ModelError, match="its graph calls"):
        load_model(archive, said=WHOLE)


@pytest.mark.parametrize(
    "expression",
    [
        "exec(chr(97))",
        "s0.__class__",
        "__import__('os')",
        "eval('1')",
        "Symbol('x y')",
        "open(0)",
        "[s0]",
        "lambda: 0",
        "f'{s0}'",
    ],
)
def test_expressions_that_do_something_are_refused(archive, expression):
    def change(entries):
        graph = json.loads(entries["net/models/model.json"])

        def spoil(part):
            for key, value in part.items() if isinstance(part, dict) else enumerate(part):
                if key == "expr_str":
                    part[key] = expression
                elif isinstance(value, (dict, list)):
                    spoil(value)

        spoil(graph)
        entries["net/models/model.json"] = json.dumps(graph).encode()

    rewrite(archive, change)
    with pytest.raises(ModelError, match="its graph has the expression"):
        load_model(archive, said=WHOLE)


def test_expressions_of_sizes_pass(tmp_path):
    class Halves(torch.nn.Module):
        def forward(self, waveforms):
            frames = waveforms.unfold(1, 4, 3)
            return frames.reshape(frames.shape[0], frames.shape[1] * 4)[:, :3]

    example = (torch.zeros(2, 1600),)
    shapes = ({0: torch.export.Dim("batch"), 1: torch.export.Dim("samples", min=64)},)
    torch.export.save(torch.export.export(Halves(), example, dynamic_shapes=shapes), tmp_path / "net.pt2")
    assert load_model(tmp_path / "net.pt2", said=WHOLE).scores(torch.zeros(3, 1600)).shape == (3, 3)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "link/secret.bin"])
def test_onnx_weights_outside_the_folder_are_refused(bands, tmp_path, location):
    onnx = pytest.importorskip("onnx")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 16))
    (home / "link").symlink_to(tmp_path)
    save_onnx(bands, home / "inside.onnx")
    proto = onnx.load(home / "inside.onnx")
    onnx.save_model(proto, home / "net.onnx", save_as_external_data=True, location="net.bin", size_threshold=64)
    assert load_model(home / "net.onnx", said=WHOLE).spec.labels == WHOLE.labels  # beside it is where weights belong
    proto = onnx.load(home / "net.onnx", load_external_data=False)
    for tensor in proto.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    (home / "net.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="outside the model's folder; that is refused"):
        load_model(home / "net.onnx", said=WHOLE)


def test_onnx_weights_that_were_not_copied_along_are_named(bands, tmp_path):
    onnx = pytest.importorskip("onnx")
    save_onnx(bands, tmp_path / "inside.onnx")
    proto = onnx.load(tmp_path / "inside.onnx")
    onnx.save_model(proto, tmp_path / "net.onnx", save_as_external_data=True, location="net.bin", size_threshold=64)
    (tmp_path / "net.bin").unlink()
    with pytest.raises(ModelError, match=r"weights lie in 'net\.bin', which is not beside it; copy that file too"):
        load_model(tmp_path / "net.onnx", said=WHOLE)


def test_onnx_weights_outside_are_found_however_deep(tmp_path):
    onnx = pytest.importorskip("onnx")
    from audioinv.nets.adapters.onnx import check_external_data

    tensor = onnx.TensorProto(name="deep", dims=[1], data_type=1, data_location=1)
    tensor.external_data.add(key="location", value="../x")
    constant = onnx.helper.make_node("Constant", [], ["y"], value=tensor)
    branch = onnx.helper.make_graph([constant], "branch", [], [])
    node = onnx.helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    function = onnx.helper.make_function("d", "f", [], [], [constant], [])
    for graph, functions in ([node], []), ([], [function]):
        model = onnx.helper.make_model(onnx.helper.make_graph(graph, "g", [], []), functions=functions)
        with pytest.raises(ModelError, match="weights 'deep'"):
            check_external_data(model, tmp_path / "net.onnx")


def test_onnx_weights_beside_the_file_belong_to_the_fingerprint(bands, tmp_path):
    onnx = pytest.importorskip("onnx")
    save_onnx(bands, tmp_path / "plain.onnx")
    assert load_model(tmp_path / "plain.onnx", said=WHOLE).fingerprint == file_sha256(tmp_path / "plain.onnx")
    proto = onnx.load(tmp_path / "plain.onnx")
    onnx.save_model(proto, tmp_path / "net.onnx", save_as_external_data=True, location="net.bin", size_threshold=64)
    before = load_model(tmp_path / "net.onnx", said=WHOLE).fingerprint
    assert load_model(tmp_path / "net.onnx", said=WHOLE).fingerprint == before
    weights = bytearray((tmp_path / "net.bin").read_bytes())
    weights[0] ^= 1
    (tmp_path / "net.bin").write_bytes(weights)
    assert load_model(tmp_path / "net.onnx", said=WHOLE).fingerprint != before


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_every_file_of_a_folder_of_transformers_belongs_to_the_fingerprint(tmp_path, name):
    for file in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (tmp_path / file).write_text('{"model_type": "none"}')
    before = open_transformers(tmp_path, "cpu").sha256
    assert open_transformers(tmp_path, "cpu").sha256 == before
    (tmp_path / name).write_text('{"model_type": "none", "do_normalize": true}')
    assert open_transformers(tmp_path, "cpu").sha256 != before
