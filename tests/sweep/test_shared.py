"""The shared path against every window by itself: a zoo, networks drawn at random, and what nobody may share."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from audioinv.errors import ModelError
from audioinv.sweep.borders import name_ends
from audioinv.sweep.lattice import Lattice
from audioinv.sweep.operations import Slide
from audioinv.sweep.reading import read_network
from audioinv.sweep.shared import BLOCK, plan_sharing, respond_shared

# The same sums in another order: float64 to 12 digits; float32 to the bound that is promised to the user.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 5e-6}
BATCH = 4


def realistic(network, dtype=torch.float64, seed=0):
    """Weights and statistics under which a map neither dies nor explodes."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            fan = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan) ** 0.5, generator=generator)
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.7, 1.3, generator=generator)
    return network.eval().requires_grad_(False).to(dtype)


def both(network, shape, offsets, *, axis=-1, period=None, worth=0.9, dtype=torch.float64, reading=None):
    """Answers shared and window by window, and the plan: windows of `shape` out of a tape of noise."""
    network = network if reading else realistic(network, dtype)
    n_columns = shape[axis]
    reading = reading or read_network(network, (BATCH, *shape), axis=axis)
    plan = plan_sharing(reading, Lattice(tuple(offsets), period), worth=worth)
    first = 0 if period else offsets[0]
    size = list(shape)
    size[axis] = period or offsets[-1] - first + n_columns
    tape = torch.randn(1, *size, generator=torch.Generator().manual_seed(1), dtype=dtype)
    index = torch.arange(n_columns)
    places = [(index + offset - first) % period if period else index + offset - first for offset in offsets]
    windows = [tape.index_select(axis, place) for place in places]
    with torch.inference_mode():
        return respond_shared(plan, tape), torch.cat([network(window) for window in windows]), plan


def shared_fully(plan):
    """Whether nothing but the head is left to single windows, of which borders do not go away in a mean."""
    operations = plan.reading.operations
    return {node for node in operations if node not in plan.layouts} <= {
        node for node, operation in operations.items() if isinstance(operation, Slide) and operation.reduces
    }


class Head(nn.Module):
    """Mean and maximum over everything but the channels, side by side."""

    def forward(self, maps):
        flat = maps.flatten(2)
        return torch.cat([flat.mean(-1), flat.amax(-1)], 1)


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, maps):
        return functional.relu(self.body(maps) + self.shortcut(maps))


class Beside(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, maps):
        return torch.cat([branch(maps) for branch in self.branches], 1)


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, maps):
        return self.function(maps)


class Blur(nn.Module):
    def __init__(self, n_channels, mode, stride=2):
        super().__init__()
        self.mode, self.stride = mode, stride
        self.register_buffer("kernel", torch.tensor([1.0, 2.0, 1.0]).div(4).expand(n_channels, 1, 3).clone())

    def forward(self, maps):
        kernel = self.kernel[..., None, :] if maps.ndim == 4 else self.kernel
        reach = (1, 1, 0, 0) if maps.ndim == 4 else (1, 1)
        convolve = functional.conv2d if maps.ndim == 4 else functional.conv1d
        stride = (1, self.stride) if maps.ndim == 4 else self.stride
        return convolve(functional.pad(maps, reach, mode=self.mode), kernel, stride=stride, groups=maps.shape[1])


def stage(conv, norm, n_in, n_out, *, kernel=3, stride=1, padding=1, mode="zeros", groups=1, dilation=1):
    return [
        conv(n_in, n_out, kernel, stride, padding, dilation, groups, bias=False, padding_mode=mode),
        norm(n_out),
        nn.ReLU(inplace=True),
    ]


def conv1(*args, **kwargs):
    return stage(nn.Conv1d, nn.BatchNorm1d, *args, **kwargs)


def conv2(*args, **kwargs):
    return stage(nn.Conv2d, nn.BatchNorm2d, *args, **kwargs)


def zoo():
    """Networks by name, with the shape of one input."""
    one, two = (2, 61), (1, 7, 40)
    trunks = {
        "zeros": (two, [*conv2(1, 4), nn.MaxPool2d(2), *conv2(4, 6), nn.MaxPool2d((1, 2))]),
        "circular": (two, [*conv2(1, 4, mode="circular"), nn.AvgPool2d(2), *conv2(4, 6, mode="circular")]),
        "reflect": (two, [*conv2(1, 4, mode="reflect"), nn.MaxPool2d(2), *conv2(4, 6, mode="replicate")]),
        "unpadded": (two, [*conv2(1, 4, padding=(1, 0)), nn.MaxPool2d(2), *conv2(4, 6, padding=0)]),
        "strides": (one, [*conv1(2, 4, stride=2), *conv1(4, 4, kernel=5, stride=3, padding=2)]),
        "stride 4": (one, [*conv1(2, 4, kernel=8, stride=4, padding=3), *conv1(4, 4, padding="same")]),
        "dilated": (one, [*conv1(2, 4, dilation=2, padding=2), *conv1(4, 4, dilation=3, padding=3)]),
        "grouped": (one, [*conv1(2, 4, groups=2), *conv1(4, 8, groups=4, stride=2), nn.Conv1d(8, 3, 1)]),
        "separable": (two, [*conv2(1, 4), nn.Conv2d(4, 4, 5, 1, 2, groups=4), nn.Conv2d(4, 6, 1), nn.Hardswish()]),
        "1 × 1, then padding": (one, [nn.Conv1d(2, 4, 1), nn.Conv1d(4, 4, 3, 2, 1, groups=4)]),
        "pools": (one, [*conv1(2, 4), nn.MaxPool1d(3, 2, 1), *conv1(4, 4), nn.AvgPool1d(3, 2, 1)]),
        "below zero": (one, [nn.Conv1d(2, 4, 3), Apply(lambda maps: maps - 9), nn.MaxPool1d(3, 2, 1)]),
        "dilated pool": (two, [*conv2(1, 4), nn.MaxPool2d((2, 3), 1, 1, (1, 2)), nn.AvgPool2d(3, 1, 1)]),
        "average over a lattice": (two, [nn.AvgPool2d((2, 2)), *conv2(1, 4), nn.AvgPool2d((3, 2), (2, 2), (1, 0))]),
        "blur": (one, [*conv1(2, 4), Blur(4, "reflect"), *conv1(4, 4), Blur(4, "replicate", 3)]),
        "max-blur": (two, [*conv2(1, 4), nn.MaxPool2d(2, 1), Blur(4, "constant"), *conv2(4, 4), Blur(4, "circular")]),
        "residual": (two, [*conv2(1, 4), Residual(nn.Sequential(*conv2(4, 8, stride=2)), nn.Conv2d(4, 8, 1, 2))]),
        "concatenated": (one, [Beside(nn.Conv1d(2, 3, 5, 2, 2), nn.Conv1d(2, 3, 1, 2), nn.Conv1d(2, 2, 3, 2, 1))]),
        "cut": (one, [Residual(nn.Conv1d(2, 2, 5), Apply(lambda maps: maps[..., 2:-2])), nn.Conv1d(2, 3, 3, 2, 1)]),
        "every third": (one, [*conv1(2, 4), Apply(lambda maps: maps[..., 1::3]), *conv1(4, 4)]),
        "layer norm": (
            two,
            [Apply(lambda m: functional.layer_norm(m.transpose(1, 3), (1,)).transpose(1, 3) + m), *conv2(1, 4)],
        ),
        "gates": (one, [nn.Conv1d(2, 8, 3, padding=1), nn.GLU(1), nn.PReLU(4), Apply(lambda m: m / (1 + m.abs()))]),
        "wide mirror": (one, [nn.ReflectionPad1d((9, 7)), nn.Conv1d(2, 4, 2), nn.MaxPool1d(2), *conv1(4, 4)]),
        "cut, then bent": (one, [*conv1(2, 4), Apply(lambda maps: maps[..., 2:-2].sub(0.5).relu() + maps[..., 1:-3])]),
        "squares": (one, [nn.Conv1d(2, 4, 3), Apply(lambda maps: maps * maps), *conv1(4, 4)]),
        "written over": (one, [*conv1(2, 4), Apply(lambda maps: (maps * maps).add_(1).sqrt() + maps), nn.ELU()]),
        "bins as channels": (two, [Apply(lambda maps: maps.flatten(1, 2)), *conv1(7, 4), nn.MaxPool1d(2)]),
    }
    return {name: (shape, nn.Sequential(*layers, Head())) for name, (shape, layers) in trunks.items()}


ZOO = zoo()
REGULAR, COARSE, UNEVEN = range(0, 33), range(-20, 60, 4), (-7, -6, 0, 2, 3, 11, 30, 30, 31, 40)


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("offsets", [REGULAR, COARSE, UNEVEN], ids=["regular", "coarse", "uneven"])
def test_windows_of_a_recording(name, offsets):
    shape, network = ZOO[name]
    found, expected, plan = both(network, shape, offsets, worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])
    assert shared_fully(plan), [plan.reading.traced.names[node] for node in plan.remaining]


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("longer", [0, 1], ids=["as it is", "one longer"])
def test_windows_that_wrap_around(name, longer):
    shape, network = ZOO[name]
    shape = (*shape[:-1], shape[-1] + longer)
    found, expected, _ = both(network, shape, range(0, shape[-1], 3), period=shape[-1], worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])


@pytest.mark.parametrize("name", [name for name, (shape, _) in ZOO.items() if len(shape) == 3 and "bins" not in name])
def test_windows_along_frequency(name):
    network, tall = ZOO[name][1], (1, 24, 9)
    for period in (None, 24):
        found, expected, plan = both(network, tall, range(0, 12), axis=-2, period=period)
        torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])
        assert len(plan.layouts) > 1


@pytest.mark.parametrize("name", ZOO)
def test_single_precision_keeps_the_promised_bound(name):
    shape, network = ZOO[name]
    found, expected, _ = both(network, shape, REGULAR, dtype=torch.float32)
    most = TOLERANCE[torch.float32] * max(1.0, float(expected.abs().max()))  # promised of scores, which are about 1
    torch.testing.assert_close(found, expected, rtol=0, atol=most)


@pytest.mark.parametrize("name", ZOO)
def test_ends_in_silence_are_computed_once(name):
    shape, network = ZOO[name]
    offsets, long = range(-90, 91, 3), 300
    tape = torch.zeros(2, *shape[:-1], long, dtype=torch.float64)
    tape[..., 120:170] = torch.randn(50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    plan = plan_sharing(read_network(realistic(network), (BATCH, *shape)), Lattice(tuple(offsets)), worth=1e9)
    tape = tape[..., : plan.layouts[plan.reading.input].length] * torch.tensor([1.0, -2.0]).view(2, *[1] * len(shape))
    windows = torch.cat([one.unfold(-1, shape[-1], 3).movedim(-2, 0) for one in tape])
    with torch.inference_mode():
        torch.testing.assert_close(respond_shared(plan, tape), network(windows), rtol=0, atol=1e-12)
    names = name_ends(plan, tape)
    alike = [len(offsets) - len(set(side)) for side in names]
    assert (min(alike) > 10) == (plan.reaches is not None and plan.bordered)
    noisy = name_ends(plan, tape + torch.rand(tape.shape[-1]))
    assert all(max(side) < 0 for side, reach in zip(noisy, plan.reaches or (), strict=False) if reach)


def test_sharing_stops_where_it_no_longer_pays():
    shape, network = ZOO["zeros"]
    far_apart = (0, 500, 1000)
    found, expected, plan = both(network, shape, far_apart)
    assert list(plan.layouts) == [plan.reading.input]
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])


def test_more_windows_than_a_block_and_a_batch_that_is_not_full():
    shape, network = ZOO["pools"]
    found, expected, _ = both(network, shape, range(0, 3 * (BLOCK + 3), 3))
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])


class Gated(nn.Module):
    """Squeeze and excitation: each window multiplies its channels by numbers of its own."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 4)

    def forward(self, maps):
        return maps * torch.sigmoid(self.gate(maps.mean(-1)))[..., None]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(4, 3, batch_first=True)

    def forward(self, maps):
        states, _ = self.cell(maps.transpose(1, 2))
        return states.transpose(1, 2)


class Attention(nn.Module):
    def forward(self, maps):
        keys = maps.transpose(1, 2)
        return functional.scaled_dot_product_attention(keys, keys, keys).transpose(1, 2)


class Placed(nn.Module):
    """A learned number for each position."""

    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.linspace(-1, 1, 61))

    def forward(self, maps):
        return maps + self.places


class Written(nn.Module):
    """The first columns are written over in place."""

    def forward(self, maps):
        changed = maps.clone()
        changed[..., :3] = 0
        return changed + maps


HOSTILE = {
    "squeeze and excitation": Gated(),
    "recurrent": Recurrent(),
    "attention": Attention(),
    "a number for each position": Placed(),
    "positions made on the way": Apply(lambda maps: maps * torch.arange(61, dtype=maps.dtype)),
    "softmax over time": Apply(lambda maps: maps * maps.softmax(-1)),
    "instance norm": nn.InstanceNorm1d(4),
    "group norm": nn.GroupNorm(2, 4),
    "layer norm over time": nn.LayerNorm(61),
    "peak normalised": Apply(lambda maps: maps / maps.abs().amax((1, 2), keepdim=True)),
    "cumulative sum": Apply(lambda maps: maps.cumsum(-1)),
    "reversed": Apply(lambda maps: maps + maps.flip(-1)),
    "rolled": Apply(lambda maps: maps + maps.roll(1, -1)),
    "weights over time": nn.Linear(61, 61),
    "matrix over time": Apply(lambda maps: maps @ torch.full((61, 61), 0.1, dtype=maps.dtype)),
    "time to channels": Apply(lambda maps: maps[..., :60].reshape(len(maps), 8, 30)),
    "columns joined": Apply(lambda maps: torch.cat([maps, maps], -1)),
    "transposed convolution": nn.ConvTranspose1d(4, 4, 3, 2),
    "upsampled": nn.Upsample(scale_factor=2),
    "rounded up": nn.MaxPool1d(2, 2, ceil_mode=True),
    "border average": nn.AvgPool1d(3, 2, 1, count_include_pad=False),
    "largest phase": Apply(
        lambda maps: torch.where(
            (maps[..., :60:2].norm(dim=-1) > maps[..., 1::2].norm(dim=-1))[..., None], maps[..., :60:2], maps[..., 1::2]
        )
    ),
    "first and last": Apply(lambda maps: torch.stack([maps[..., 0], maps[..., -1]], -1)),
    "spectrum over time": Apply(lambda maps: torch.fft.rfft(maps).abs()),
    "sorted": Apply(lambda maps: maps.sort(-1).values),
}
UNTRACEABLE = {
    "on the content": Apply(lambda maps: maps if maps.sum() > 0 else -maps),
    "through numpy": Apply(lambda maps: torch.from_numpy(maps.numpy() * 2)),
    "written in place": Written(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_shared_is_never_shared_wrongly(name):
    network = nn.Sequential(*conv1(2, 4), HOSTILE[name], Head())
    found, expected, plan = both(network, (2, 61), range(0, 40), worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[torch.float64])
    assert plan.reading.obstacles
    assert len(plan.layouts) > 1  # what comes before is shared all the same


@pytest.mark.parametrize("name", UNTRACEABLE)
def test_what_cannot_be_read_is_refused(name):
    words = "writes in place" if name == "written in place" else "cannot be traced: "
    with pytest.raises(ModelError, match=words):
        read_network(nn.Sequential(nn.Conv1d(2, 4, 3), UNTRACEABLE[name]).eval(), (BATCH, 2, 61))


def test_reasons_are_given():
    with pytest.raises(ModelError, match="is in training mode"):
        read_network(nn.Dropout().train(), (BATCH, 2, 61))
    reading = read_network(nn.Sequential(nn.Conv1d(2, 4, 3), Recurrent()).eval(), (BATCH, 2, 61))
    assert {reading.traced.names[node]: why for node, why in reading.obstacles.items()} == {
        "1.cell (gru)": "takes the whole window"
    }


class Block(nn.Module):
    """Drawn layers in a row, some beside each other."""

    def __init__(self, kind, layers):
        super().__init__()
        self.kind, self.layers = kind, nn.ModuleList(layers)

    def forward(self, maps):
        results = [layer(maps) for layer in self.layers]
        return torch.cat(results, 1) if self.kind == "beside" else sum(results)


@st.composite
def layer(draw, n_in, n_out, stride):
    kernel = draw(st.integers(1, 5))
    dilation = draw(st.integers(1, 2))
    reach = (kernel - 1) * dilation
    padding = draw(st.integers(0, min(reach, 3)))
    mode = draw(st.sampled_from(["zeros", "circular", "reflect", "replicate"]))
    groups = draw(st.sampled_from([1, 2]))
    return nn.Conv1d(n_in, n_out, kernel, stride, padding, dilation, groups, padding_mode=mode)


@st.composite
def part(draw):
    """Return one part of a network that keeps four channels."""
    kind = draw(st.sampled_from(["layer", "max", "average", "norm", "pointwise", "pad", "sum", "beside"]))
    stride = draw(st.integers(1, 4))
    kernel = draw(st.integers(2, 4))
    if kind == "layer":
        return draw(layer(4, 4, stride))
    if kind == "max":
        return nn.MaxPool1d(kernel, stride, draw(st.integers(0, kernel // 2)), draw(st.integers(1, 2)))
    if kind == "average":
        return nn.AvgPool1d(kernel, stride, draw(st.integers(0, kernel // 2)))
    if kind == "norm":
        return nn.BatchNorm1d(4)
    if kind == "pointwise":
        return draw(st.sampled_from([nn.ReLU(), nn.GELU(), nn.Tanh(), nn.Dropout(), nn.Hardswish(inplace=True)]))
    if kind == "pad":
        reach, mode = draw(st.tuples(st.integers(-2, 3), st.integers(-2, 3))), "constant"
        return Apply(lambda maps: functional.pad(maps, reach, mode, 0.5))
    reach = draw(st.integers(0, 2))
    branches = [nn.Conv1d(4, 2 if kind == "beside" else 4, 2 * i + 1, stride, i) for i in sorted({0, reach})]
    return Block(kind, [*branches, *branches[: 2 - len(branches)]])


@given(parts=st.lists(part(), min_size=1, max_size=5), data=st.data())
@settings(max_examples=60, deadline=None)
def test_networks_drawn_at_random(parts, data):
    n_columns = data.draw(st.integers(30, 60), label="columns")
    wraps = data.draw(st.booleans(), label="wraps")
    last = n_columns - 1 if wraps else 50
    offsets = sorted(data.draw(st.lists(st.integers(0, last), min_size=2, max_size=12), label="offsets"))
    network = nn.Sequential(nn.Conv1d(1, 4, 3, padding=1), *parts, Head())
    try:
        network.eval()(torch.zeros(1, 1, n_columns))
    except (RuntimeError, IndexError):  # drawn longer than its input
        return
    worth = data.draw(st.sampled_from([0.9, 1e9]), label="worth")
    found, expected, _ = both(network, (1, n_columns), offsets, period=n_columns if wraps else None, worth=worth)
    # A pool may be drawn that sees nothing but its padding: then both are nan.
    tolerance = TOLERANCE[torch.float64] * max(1, float(expected.abs().max()))
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance, equal_nan=True)
