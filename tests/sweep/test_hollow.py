"""A network on a tensor without content: what is noted gives, run again, what the network gives."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from audioinv.errors import ModelError
from audioinv.sweep.hollow import record_operations
from audioinv.sweep.tracing import call_node

SHAPE = (3, 2, 32)
CPU = torch.device("cpu")


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, maps):
        return self.function(maps)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(32, 4, batch_first=True)

    def forward(self, maps):
        return self.cell(maps)[0]


def record(function, shape=SHAPE, device=CPU):
    network = function if isinstance(function, nn.Module) else Apply(function)
    return record_operations(network.eval(), torch.empty(shape, device="meta"), device)


def run(graph, constants, inputs):
    """Run a graph node by node, and see to it that every result is what was foretold."""
    values = dict(constants)
    for node in graph.nodes:
        if node.op == "placeholder":
            values[node] = inputs
        elif node.op == "call_function":
            values[node] = call_node(node, values)
        if node.op != "output" and isinstance(values[node], torch.Tensor):
            told = node.meta["val"]
            assert (told.shape, told.dtype) == (values[node].shape, values[node].dtype), node
    return values[graph.output_node().args[0]]


WINDOW, WEIGHT = torch.hann_window(8), torch.linspace(-1, 1, 32)
FUNCTIONS = {
    "layers": nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU(True), nn.Flatten(), nn.Linear(120, 2)),
    "a recurrent layer": Recurrent(),
    "no bias": nn.Linear(32, 5, bias=False),
    "spectra": lambda maps: torch.fft.rfft(maps).abs() + torch.fft.rfft(maps, n=32, dim=-1, norm="ortho").real,
    "spectra of other lengths": lambda maps: torch.fft.rfft(maps, 20).imag.mean(1),
    "spectra along another axis": lambda maps: torch.fft.rfft(maps, dim=1).abs(),
    "short-time spectra": lambda m: torch.stft(m[:, 0], 8, 2, window=WINDOW, return_complex=True).abs(),
    "unframed border": lambda m: torch.stft(m[:, 0], 8, window=WINDOW, center=False, return_complex=True).angle(),
    "both sides": lambda m: torch.stft(m[:, 0], 8, 2, window=WINDOW, onesided=False, return_complex=True).abs(),
    "shapes that spread": lambda maps: maps[:, :1] * WEIGHT + maps.amax(-1, keepdim=True),
    "types": lambda maps: torch.where(maps > 0, maps.double(), 1).int() * 2.5,
    "a number": lambda maps: 2 * maps**2 - maps.new_tensor(3.0),
    "means": lambda maps: maps.mean((1, 2)) + maps.mean(-1).mean(1) + maps.mean((1, 2), keepdim=True).flatten(),
    "several results": lambda maps: maps.sort(-1).values + maps.split(16, -1)[1].repeat(1, 1, 2),
    "in place": lambda maps: (maps * 2).add_(1).relu_() + maps,
    "weights of weights": lambda maps: maps * (WEIGHT.exp() / WEIGHT.exp().sum()),
    "moved": lambda maps: maps.to("cpu", torch.float64).to(maps.device),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_noted_gives_what_the_network_gives(name):
    torch.manual_seed(0)
    graph, constants = record(FUNCTIONS[name])
    inputs = torch.randn(SHAPE)
    with torch.inference_mode():
        torch.testing.assert_close(run(graph, constants, inputs), FUNCTIONS[name](inputs), rtol=0, atol=1e-6)
        other = run(graph, constants, inputs.flip(-1) - 1)
    assert not torch.equal(other, FUNCTIONS[name](inputs))


def test_what_is_made_of_weights_alone_is_a_weight():
    graph, constants = record(FUNCTIONS["weights of weights"])
    assert [str(node.target) for node in graph.nodes if node.op == "call_function"] == ["aten.mul.Tensor"]
    torch.testing.assert_close(*constants.values(), WEIGHT.exp() / WEIGHT.exp().sum())


def test_a_tensor_says_where_it_is():
    seen = []
    graph, _ = record(lambda maps: seen.append(maps.device) or maps * 2, device=torch.device("cuda"))
    assert seen == [torch.device("cuda")]
    assert len(graph.nodes) == 3


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda maps: maps if maps.sum() > 0 else -maps, "depends on the content of its input"),
        (lambda maps: maps * maps.max().item(), "depends on the content of its input"),
        (lambda maps: maps[:, :, : int(maps.argmax())], "depends on the content of its input"),
        (lambda maps: maps + torch.rand(32), "draws random numbers"),
        (lambda maps: (maps * 1).squeeze_(0).unsqueeze_(0).transpose_(1, 2), "reshapes a tensor in place"),
        (lambda maps: (maps, maps), "returns tuple"),
        (lambda _: torch.ones(3), "returns Tensor"),
    ],
)
def test_what_cannot_be_noted_is_refused(function, words):
    state = torch.get_rng_state()
    with pytest.raises(ModelError, match=words):
        record(function)
    assert torch.equal(state, torch.get_rng_state())


def test_no_weight_is_written(rng):
    state = torch.zeros(32)
    record(lambda maps: state.add_(maps[0, 0]) + maps)
    assert not state.any()


def test_usual_networks_are_read_without_loading_a_compiler():
    code = (
        "import sys; from audioinv.nets.library import load_model; from audioinv.sweep.engines import read_model\n"
        "read_model(load_model('drums-cnn2d')); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False"]


def test_control_a_wrong_shape_is_seen():
    graph, constants = record(lambda maps: functional.relu(maps))
    with pytest.raises(AssertionError):
        run(graph, constants, torch.zeros(3, 2, 31))
