"""Surgery on networks while they run: what is found in them, what must then hold, and that they stay as they are."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from audioinv.nets.model import as_model
from audioinv.nets.network_config import NetworkConfig
from audioinv.nets.networks import ConvNet
from audioinv.nets.surgery import network as network_room
from audioinv.nets.surgery.models import ReplacedModel
from audioinv.nets.surgery.network import Operation, survey_network
from audioinv.nets.surgery.replacement import Phases, check_kind

N_SAMPLES, BATCH = 64, 6
KINDS = ["blur3", "average", "polyphase", "blur3-polyphase"]


def circular(n_in, n_out, stride=1, width=3):
    return nn.Conv1d(n_in, n_out, width, stride, padding=width // 2, padding_mode="circular")


class Residual(nn.Module):
    """A residual block whose two sides are both strided: they meet again only on the same phase."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.first, self.second = circular(n_in, n_out, 2), circular(n_out, n_out)
        self.shortcut = nn.Conv1d(n_in, n_out, 1, 2)

    def forward(self, maps):
        return functional.relu(self.second(functional.relu(self.first(maps))) + self.shortcut(maps))


class GlobalMean(nn.Module):
    def forward(self, maps):
        return maps.mean(-1)


def pooled(*layers):
    return nn.Sequential(nn.Unflatten(1, (1, -1)), *layers, GlobalMean(), nn.LazyLinear(3))


def made(network, name="net"):
    torch.manual_seed(4)
    network = network.double()
    network(torch.zeros(1, N_SAMPLES, dtype=torch.float64))
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    return as_model(network, sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES, name=name)


def residual():
    return made(pooled(circular(1, 8, 1, 7), nn.ReLU(), nn.MaxPool1d(2), Residual(8, 8), Residual(8, 12)))


def plain():
    return made(pooled(circular(1, 8, 2), nn.ReLU(), nn.MaxPool1d(2), circular(8, 8), nn.ReLU(), nn.AvgPool1d(2)))


def operated(model, kind):
    return ReplacedModel(model, Operation(check_kind(kind), survey_network(model)), kind)


def spread(model, windows):
    """Largest change of an answer over all circular delays."""
    with torch.inference_mode():
        answers = torch.stack([model.respond(windows.roll(delay, -1)) for delay in range(windows.shape[-1])])
    return float((answers - answers[0]).abs().max())


@pytest.fixture
def windows():
    return torch.randn(BATCH, N_SAMPLES, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def as_double(monkeypatch):
    """Survey in double precision, in which networks of these tests are exact to rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("build", [plain, residual])
@pytest.mark.parametrize("kind", ["polyphase", "blur3-polyphase"])
def test_polyphase_in_a_circle_answers_all_delays_alike(build, kind, windows):
    assert spread(operated(build(), kind), windows) < 1e-12


@pytest.mark.parametrize("build", [plain, residual])
def test_control_bare_steps_and_other_replacements_do_not(build, windows):
    model = build()
    before = spread(model, windows)
    assert before > 1e-2
    for kind in ("blur3", "average"):
        assert spread(operated(model, kind), windows) > 1e-4
    assert spread(operated(model, "blur5"), windows) < spread(operated(model, "blur3"), windows) < before


def test_control_sides_of_a_residual_block_that_choose_for_themselves_do_not(windows, monkeypatch):
    class Forgetful(Phases):
        def select(self, maps, axis, factor):
            self.chosen.clear()
            return super().select(maps, axis, factor)

    monkeypatch.setattr(network_room, "Phases", Forgetful)
    assert spread(operated(residual(), "polyphase"), windows) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_stays_as_it_is(kind, windows):
    model = residual()
    weights = copy.deepcopy(model.module.state_dict())
    with torch.inference_mode():
        before = model.respond(windows)
        changed = operated(model, kind).respond(windows)
        after = model.respond(windows)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.module.state_dict().items())
    assert torch.equal(before, after)
    assert not torch.equal(before, changed)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.module.modules())
    assert not torch.nn.modules.module._global_forward_hooks


def test_what_is_found_is_named_and_measured():
    model = residual()
    survey = survey_network(model)
    assert [(one.name, one.kind, one.width, one.stride, one.size, one.size_after) for one in survey.found] == [
        ("3", "maximum", (2,), (2,), (64,), (32,)),
        ("4.first", "convolution", (3,), (2,), (34,), (16,)),
        ("4.shortcut", "convolution", (1,), (2,), (32,), (16,)),
        ("5.first", "convolution", (3,), (2,), (18,), (8,)),
        ("5.shortcut", "convolution", (1,), (2,), (16,), (8,)),
    ]
    assert survey.layout.wrapped == {-1}
    assert survey.visible
    assert not survey.recurrent


def test_an_average_leaves_means_as_they_are():
    survey = survey_network(plain())
    assert [one.kind for one in survey.found] == ["convolution", "maximum", "mean"]
    assert [one.kind for one in survey.replaced_by(check_kind("average"))] == ["convolution", "maximum"]
    assert len(survey.replaced_by(check_kind("blur3"))) == 3


def test_zeros_at_the_border_do_not_wrap():
    model = made(pooled(nn.Conv1d(1, 4, 3, padding=1), nn.MaxPool1d(2)))
    assert survey_network(model).layout.wrapped == frozenset()


@pytest.mark.parametrize(
    ("second", "wraps"),
    [
        ([circular(4, 4)], True),
        ([nn.Conv1d(4, 4, 3)], True),  # pads nothing
        ([nn.Conv1d(4, 4, 3, padding="valid")], True),
        ([nn.Conv1d(4, 4, 3, padding=1)], False),
        ([nn.Conv1d(4, 4, 3, padding="same")], False),
        ([nn.ConstantPad1d(1, 0.0), nn.Conv1d(4, 4, 3)], False),
        ([nn.ReflectionPad1d(1), nn.Conv1d(4, 4, 3, 2)], False),
    ],
)
def test_an_axis_wraps_if_all_that_is_padded_along_it_does(second, wraps):
    model = made(pooled(circular(1, 4), nn.MaxPool1d(2), *second))
    assert survey_network(model).layout.wrapped == ({-1} if wraps else set())


def test_what_was_put_around_a_map_is_told():
    model = made(pooled(circular(1, 4, 2, 5), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3, 2), nn.Conv1d(4, 4, 3, 2, padding=1)))
    assert [(one.kind, one.padded) for one in survey_network(model).found] == [
        ("convolution", (4,)),
        ("maximum", (0,)),
        ("convolution", (0,)),
        ("convolution", (0,)),
    ]


def test_an_axis_that_wraps_is_told_from_one_that_does_not():
    """Ours pads one axis after the other."""
    config = NetworkConfig((1, 16, 32), 3, channels=(4, 6), padding="circular", frequency_padding="zero")
    network = nn.Sequential(nn.Unflatten(1, (1, 16, 32)), ConvNet(config))
    model = as_model(network, sample_rate=8000, labels=["a", "b", "c"], n_samples=16 * 32)
    assert survey_network(model).layout.wrapped == {-1}


def test_steps_along_the_other_axis_are_left():
    layers = [nn.Conv2d(1, 2, 3, (2, 1)), nn.MaxPool2d((1, 2)), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    network = nn.Sequential(nn.Unflatten(1, (1, 16, 32)), *layers)
    model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=16 * 32)
    for axes, left in (({-1}, [True, False]), ({-2}, [False, True]), ({-1, -2}, [False, False])):
        found = survey_network(model, axes=frozenset(axes)).found
        assert [one.obstacle == "it steps along the other axis alone" for one in found] == left


def test_larger_steps_than_asked_for_are_left(windows):
    model = made(pooled(circular(1, 8, 4), nn.ReLU(), nn.MaxPool1d(2)))
    survey = survey_network(model, max_stride=2)
    assert [one.obstacle for one in survey.found] == ["its step is larger than 2", ""]
    half = ReplacedModel(model, Operation(check_kind("polyphase"), survey), "half")
    assert spread(half, windows) > 1e-3
    assert spread(operated(model, "polyphase"), windows) < 1e-12


@pytest.mark.parametrize(
    ("layers", "recurrent"),
    [([circular(1, 4), nn.ReLU()], False), ([circular(1, 4), nn.AdaptiveMaxPool1d(1)], False)],
)
def test_nothing_is_found_where_nothing_is(layers, recurrent):
    survey = survey_network(made(pooled(*layers)))
    assert survey.found == ()
    assert survey.visible
    assert survey.recurrent == recurrent


def test_recurrence_is_seen():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells = nn.GRU(8, 3, batch_first=True)

        def forward(self, waveforms):
            return self.cells(waveforms.unflatten(1, (-1, 8)))[0][:, -1]

    torch.manual_seed(0)
    model = as_model(Recurrent().double(), sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES)
    survey = survey_network(model)
    assert survey.recurrent
    assert survey.found == ()


def test_what_runs_outside_python_shows_nothing():
    model = plain()
    with pytest.warns(DeprecationWarning, match="jit.trace"):
        archive = torch.jit.trace(model.module, torch.zeros(1, N_SAMPLES))
    survey = survey_network(as_model(archive, sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES))
    assert not survey.visible
    assert survey.found == ()


def test_functions_are_met_as_modules_are(windows):
    model = plain()
    weights = [tensor for name, tensor in model.module.named_parameters()]

    def functions(waveforms):
        maps = torch.as_tensor(waveforms)[:, None]
        maps = functional.relu(torch.conv1d(functional.pad(maps, (1, 1), mode="circular"), *weights[:2], stride=2))
        maps = functional.pad(functional.max_pool1d(maps, 2), (1, 1), mode="circular")
        maps = functional.avg_pool1d(functional.relu(torch.conv1d(maps, *weights[2:4])), 2)
        return functional.linear(maps.mean(-1), *weights[4:]).detach()

    other = as_model(functions, sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES)
    for kind in KINDS:
        with torch.inference_mode():
            torch.testing.assert_close(operated(other, kind).respond(windows), operated(model, kind).respond(windows))
    assert [one.name for one in survey_network(other).found] == ["conv1d", "max_pool1d", "avg_pool1d"]


class InParts(nn.Module):
    """Runs a network of a fixed batch as often as it takes."""

    def __init__(self, network, batch):
        super().__init__()
        self.network, self.batch = network, batch

    def train(self, mode=True):
        return self

    def forward(self, waveforms):
        filled = functional.pad(waveforms, (0, 0, 0, -len(waveforms) % self.batch))
        return torch.cat([self.network(part) for part in filled.split(self.batch)])[: len(waveforms)]


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_an_exported_graph_is_met_as_its_network_is(batch, windows):
    """Of a fixed batch it runs several times for these windows, and each time chooses phases anew."""
    model = residual()
    program = torch.export.export(model.module, (torch.zeros(batch, N_SAMPLES),))
    exported = as_model(InParts(program.module(), batch), sample_rate=8000, labels=["a", "b", "c"], n_samples=N_SAMPLES)
    for kind in KINDS:
        with torch.inference_mode():
            found, expected = (operated(one, kind).respond(windows) for one in (exported, model))
        torch.testing.assert_close(found, expected)
    assert [one.kind for one in survey_network(exported).found] == [one.kind for one in survey_network(model).found]


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_in_a_batch_do_not_matter(kind, windows):
    model = operated(residual(), kind)
    with torch.inference_mode():
        alone = torch.cat([model.respond(window[None]) for window in windows])
        torch.testing.assert_close(model.respond(windows), alone)
        torch.testing.assert_close(model.respond(windows.flip(0)), alone.flip(0))


def test_both_axes_of_a_picture_are_answered_alike():
    """Rolled along time and along frequency, by any amounts."""
    layers = [
        nn.Conv2d(1, 6, 3, padding=1, padding_mode="circular"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, (1, 2), padding=1, padding_mode="circular"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]
    torch.manual_seed(2)
    network = nn.Sequential(nn.Unflatten(1, (1, 16, 32)), *layers).double()
    model = as_model(network, sample_rate=8000, labels=list("abcdefgh"), n_samples=16 * 32)
    maps = torch.randn(3, 16, 32)
    for kind, bound in (("polyphase", 1e-12), ("blur2-polyphase", 1e-12)):
        changed = operated(model, kind)
        with torch.inference_mode():
            before = changed.respond(maps.flatten(1))
            for rolls in ((1, 0), (0, 1), (3, 5), (7, 30)):
                moved = maps.roll(rolls, (-2, -1)).flatten(1)
                assert float((changed.respond(moved) - before).abs().max()) < bound
                assert float((model.respond(moved) - model.respond(maps.flatten(1))).abs().max()) > 1e-4
