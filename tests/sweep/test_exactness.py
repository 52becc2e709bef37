"""Shared answers against every window by itself in double precision, layer by layer through what networks are made of.

Beside the zoo of `test_shared` and the networks drawn there: every stride with every padding, kernels and lengths even
and odd, in one dimension and two, along time and along frequency; every downsampling of our own grammar; heads of all
kinds; networks in two dimensions drawn at random; and models whose answers no two windows may share.
"""

import contextlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from audioinv.errors import InputError
from audioinv.nets.network_config import HEADS, NetworkConfig
from audioinv.nets.networks import ConvNet

from .test_shared import HOSTILE, TOLERANCE, ZOO, Apply, Head, both, conv1

DOUBLE = TOLERANCE[torch.float64]
PADDINGS = ("none", "zeros", "same", "circular", "reflect", "replicate")
OFFSETS = (-9, -6, 0, 3, 4, 12)


def convolution(dimension, stride, padding, kernel, dilation=1, groups=1):
    """Two layers, the second without a stride, so that one layer's borders reach the next."""
    kind, mode = (nn.Conv1d, nn.Conv2d)[dimension - 1], padding if padding in PADDINGS[3:] else "zeros"
    pad = {"none": 0, "same": "same"}.get(padding, (kernel - 1) * dilation // 2)
    stride = 1 if padding == "same" else stride
    first = kind(2, 4, kernel, stride, pad, dilation, groups, padding_mode=mode)
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool1d(2) if dimension == 1 else nn.MaxPool2d(2), Head())


def check(network, shape, *, axes, offsets=OFFSETS):
    """Yield the plans, of a tape that ends and of one that wraps, whose answers are exact."""
    for axis in axes:
        reading = None
        for period in (None, shape[axis]):
            shifts = offsets if period is None else sorted({offset % period for offset in offsets})
            found, expected, plan = both(network, shape, shifts, axis=axis, period=period, worth=1e9, reading=reading)
            reading = plan.reading
            torch.testing.assert_close(found, expected, rtol=0, atol=DOUBLE * max(1, float(expected.abs().max())))
            yield plan


SLOW = pytest.mark.slow
UNEVEN = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


@UNEVEN
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("kernel", "dilation", "long"),
    [(3, 1, 37), *(pytest.param(*s, marks=SLOW) for s in [(4, 1, 36), (4, 1, 37), (3, 2, 36), (1, 1, 36)])],
)
def test_strides_paddings_kernels_and_lengths(stride, padding, kernel, dilation, long):
    one = convolution(1, stride, padding, kernel, dilation, groups=2)
    assert all(len(plan.layouts) > 1 or kernel % 2 == 0 for plan in check(one, (2, long), axes=[-1]))


@UNEVEN
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("stride", [2, *(pytest.param(stride, marks=SLOW) for stride in (1, 3, 4))])
@pytest.mark.parametrize(("kernel", "dilation"), [(3, 2), *(pytest.param(*s, marks=SLOW) for s in [(3, 1), (4, 1)])])
@pytest.mark.parametrize("shape", [(2, 24, 37), pytest.param((2, 25, 36), marks=SLOW)])
def test_the_same_in_two_dimensions_along_both_axes(stride, padding, kernel, dilation, shape):
    two = convolution(2, stride, padding, kernel, dilation)
    assert all(len(plan.layouts) > 1 or kernel % 2 == 0 for plan in check(two, shape, axes=[-1, -2]))


FILTERS = [f"{kind}{taps}" for kind in ("blur", "lowpass") for taps in (2, 4, 7)]
GRAMMAR = [
    *("stride", "none", "polyphase", "max", "average", *FILTERS),
    *(f"{pool}{kind}" for pool in ("max", "average") for kind in ("blur3", "lowpass4")),
    *(f"{pool}-polyphase" for pool in ("max", "average", "lowpass5", "maxblur2")),
]


def first_that_fits(options, long):
    """The shortest input from a length on that the network can be built for: phases must fill the axis."""
    for size in range(long, long + 40):
        with contextlib.suppress(InputError):
            return NetworkConfig((3, size), head="average+max", **options)
    raise AssertionError(f"no length fits {options}")


@pytest.mark.parametrize("padding", ["zero", "circular", "none"])
@pytest.mark.parametrize("kind", GRAMMAR)
@pytest.mark.parametrize("factor", [2, pytest.param(3, marks=SLOW)])
def test_every_downsampling(kind, padding, factor):
    options = {"downsampling": kind, "padding": padding, "channels": (4, 6), "n_classes": 3, "factor": factor}
    config = first_that_fits(options, {"zero": 65, "circular": 72, "none": 71}[padding])
    network = ConvNet(config)
    for plan in check(network, config.input_shape, axes=[-1]):
        assert len(plan.layouts) > 1


class Gru(nn.Module):
    """A recurrent head: what it heard last."""

    def __init__(self):
        super().__init__()
        self.cell, self.linear = nn.GRU(4, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def forward(self, maps):
        return self.linear(self.cell(maps.transpose(1, 2))[0][:, -1])


class AttentionPooling(nn.Module):
    """A weighted mean over time, of weights that the map gives itself."""

    def __init__(self):
        super().__init__()
        self.weigh, self.linear = nn.Conv1d(4, 1, 1), nn.Linear(4, 3)

    def forward(self, maps):
        return self.linear((maps * self.weigh(maps).softmax(-1)).sum(-1))


ENDS = {
    "flatten": lambda: nn.Sequential(nn.Flatten(), nn.Linear(4 * 30, 3)),
    "average": lambda: nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3)),
    "maximum": lambda: nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 3)),
    "softest maximum": lambda: Apply(lambda maps: maps.logsumexp(-1)),
    "power mean": lambda: Apply(lambda maps: maps.clamp(min=1e-6).pow(3).mean(-1).pow(1 / 3)),
    "spread": lambda: Apply(lambda maps: torch.cat([maps.std(-1), maps.mean(-1)], 1)),
    "some columns": lambda: nn.Sequential(nn.AdaptiveAvgPool1d(3), nn.Flatten(), nn.Linear(12, 3)),
    "last column": lambda: Apply(lambda maps: maps[..., -1]),
    "recurrent": Gru,
    "attention": AttentionPooling,
    "transformer": lambda: Apply(nn.TransformerEncoderLayer(30, 2, 8, 0.0, batch_first=True)),
}


@pytest.mark.parametrize("end", ENDS)
def test_heads(end):
    network = nn.Sequential(*conv1(2, 4), *conv1(4, 4, stride=2), ENDS[end]())
    for plan in check(network, (2, 60), axes=[-1], offsets=range(0, 40, 2)):
        assert len(plan.layouts) > 2  # all that stands before the head


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("shape", [(3, 64), (1, 12, 64)], ids=["1-D", "2-D"])
def test_our_own_heads(head, shape):
    if len(shape) == 2 and head.startswith("frequency"):
        pytest.skip("there is no frequency axis")
    network = ConvNet(NetworkConfig(shape, n_classes=3, channels=(4, 6), head=head))
    assert all(len(plan.layouts) > 2 for plan in check(network, shape, axes=[-1], offsets=range(0, 40, 2)))


@pytest.mark.parametrize("name", ZOO)
def test_the_best_class_is_the_same_in_single_precision(name):
    shape, network = ZOO[name]
    found, expected, _ = both(network, shape, range(0, 64, 2), dtype=torch.float32)
    best = expected.topk(2).values
    sure = best[:, 0] - best[:, 1] > 1e-5
    assert sure.sum() > 20
    assert (found.argmax(-1) == expected.argmax(-1))[sure].all()


class OfTheBatch(nn.Module):
    """Statistics of the batch, in evaluation mode too."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4, track_running_stats=False)

    def forward(self, maps):
        return self.norm(maps)


def test_batch_statistics_are_never_shared():
    network = nn.Sequential(*conv1(2, 4), OfTheBatch(), Head())
    found, expected, plan = both(network, (2, 61), range(4), worth=1e9)
    assert "is in training mode" in plan.reading.obstacles.values()
    assert len(plan.layouts) == 2  # the tape and the layer before
    assert not torch.allclose(found, expected)  # so that the check of every clip must refuse it


@st.composite
def flat_part(draw):
    """Return one part of a network in two dimensions that keeps four channels, sizes apart along either axis."""
    kind = draw(st.sampled_from(["layer", "max", "average", "norm", "pointwise", "beside", "sum"]))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride = draw(pair), draw(st.tuples(st.integers(1, 2), st.integers(1, 4)))
    padding = tuple(draw(st.integers(0, size // 2)) for size in kernel)
    if kind == "layer":
        mode = draw(st.sampled_from(["zeros", "circular", "reflect", "replicate"]))
        groups = draw(st.sampled_from([1, 2, 4]))
        return nn.Conv2d(4, 4, kernel, stride, padding, draw(st.integers(1, 2)), groups, padding_mode=mode)
    if kind in ("max", "average"):
        return (nn.MaxPool2d if kind == "max" else nn.AvgPool2d)(kernel, stride, padding)
    if kind == "norm":
        return nn.BatchNorm2d(4)
    if kind == "pointwise":
        return draw(st.sampled_from([nn.ReLU(inplace=True), nn.SiLU(), nn.Softplus(), nn.PReLU(4)]))
    one, three = (
        nn.Conv2d(4, 2 if kind == "beside" else 4, 1, stride),
        nn.Conv2d(4, 2 if kind == "beside" else 4, 3, stride, 1),
    )
    return Apply((lambda m: torch.cat([one(m), three(m)], 1)) if kind == "beside" else (lambda m: one(m) + three(m)))


@given(parts=st.lists(flat_part(), min_size=1, max_size=4), data=st.data())
@settings(max_examples=25, deadline=None)
def test_networks_in_two_dimensions_drawn_at_random(parts, data):
    shape = (1, data.draw(st.integers(12, 20), label="bins"), data.draw(st.integers(24, 40), label="frames"))
    axis = data.draw(st.sampled_from([-1, -2]), label="axis")
    period = shape[axis] if data.draw(st.booleans(), label="wraps") else None
    last = (period or 30) - 1
    offsets = sorted(data.draw(st.lists(st.integers(0, last), min_size=2, max_size=8), label="offsets"))
    hostile = data.draw(st.sampled_from([None, None, nn.GroupNorm(2, 4), HOSTILE["cumulative sum"]]), label="hostile")
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *parts, *([hostile] if hostile else []), Head())
    try:
        network.double().eval()(torch.zeros(1, *shape, dtype=torch.float64))
    except (RuntimeError, IndexError):  # drawn longer than its input
        return
    found, expected, _ = both(network, shape, offsets, axis=axis, period=period, worth=1e9)
    tolerance = DOUBLE * max(1, float(expected.abs().max()))  # of nothing but padding, a pool makes nan, in both
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance, equal_nan=True)
