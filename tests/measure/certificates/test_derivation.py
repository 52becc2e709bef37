"""What is not to be derived: networks broken on purpose, each next to the whole one that it was made from.

The whole network is certified at multiples of 4. Each broken one must lose that: nothing is derived, or a weaker
statement that the answers at all delays bear out.
"""

import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from audioinv.measure.certificates.derivation import derive
from audioinv.nets.downsampling import AxisPooling, Downsampling
from audioinv.nets.pooling import Pooling

from .exhaustive import in_float64, true_modulus

PERIOD, CHANNELS = 32, 4


def ring(n_in, n_out, kernel=3, stride=1, **more):
    return nn.Conv1d(n_in, n_out, kernel, stride, padding=kernel // 2, padding_mode="circular", **more)


class Whole(nn.Module):
    """Two stages of circular convolution and max pool, global mean, linear; its parts are there to be replaced."""

    def __init__(self, **parts):
        super().__init__()
        whole = {
            "first": ring(1, CHANNELS),
            "norm": nn.BatchNorm1d(CHANNELS),
            "pool": nn.MaxPool1d(2),
            "middle": nn.Identity(),
            "second": ring(CHANNELS, CHANNELS),
            "last_pool": nn.MaxPool1d(2),
            "head": nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten()),
            "linear": nn.LazyLinear(3),
        }
        for name, part in (whole | parts).items():
            self.add_module(name, part)

    def forward(self, x):
        x = self.pool(self.norm(self.first(x)).relu())
        x = self.second(self.middle(x)).relu_()
        return self.linear(self.head(self.last_pool(x)))


class Function(nn.Module):
    """A function as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.GRU(CHANNELS, CHANNELS, batch_first=True)

    def forward(self, x):
        return self.layer(x.transpose(1, 2))[0].transpose(1, 2)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.MultiheadAttention(CHANNELS, 2, batch_first=True)
        self.place = nn.Parameter(torch.randn(PERIOD // 2, CHANNELS))

    def forward(self, x):
        tokens = x.transpose(1, 2) + self.place
        return self.layer(tokens, tokens, tokens)[0].transpose(1, 2)


class PositionBias(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.randn(1, CHANNELS, PERIOD // 2))

    def forward(self, x):
        return x + self.bias


class Remembering(nn.Module):
    """A streaming layer: mixes in what it saw in the call before."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        y = x + self.seen
        self.seen = x.detach().mean()
        return y


class Counting(nn.Module):
    """Writes what it sees into a buffer of its own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("sum", torch.zeros(CHANNELS, 1))

    def forward(self, x):
        self.sum += x.mean((0, -1))[:, None]
        return x * self.sum


def write_in_place(x):
    x[..., 0] = 0
    return x


def write_through_a_view(x):
    x[..., :4].mul_(0)
    return x


def write_through_another_shape(x):
    y = x * 1
    y.view(len(x), -1)[:, 3:7].zero_()
    return y


def take_by_content(x):
    return x[..., : 8 if x[0, 0, 0] > 0 else 16]


def branch_by_content(x):
    return x.cumsum(-1) if x.sum() > 1e6 else x


def through_numpy(x):
    return x * float(np.abs(x.detach().cpu().numpy()[..., 0]).sum())


def through_a_copy(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the very habit that is tried here
        return x + torch.tensor(x)[..., :1]


@torch.inference_mode()
def in_inference_mode(x):
    y = x * 1
    y[..., 0].zero_()
    return y


def uneven_blur(x):
    taps = torch.tensor([0.3, 0.4, 0.3], dtype=x.dtype).expand(CHANNELS, 1, 3)
    return F.conv1d(F.pad(x, (1, 1), mode="circular"), taps, stride=2, groups=CHANNELS)


def polyphase(padded=(0, 0)):
    """Adaptive polyphase sampling."""
    pooling = Pooling((AxisPooling(Downsampling.parse("polyphase"), 2, "circular"),), CHANNELS)
    return Function(lambda x: pooling(F.pad(x, padded, mode="circular")))


BROKEN = {
    "a stride where stride 1 belongs": {"first": ring(1, CHANNELS, stride=2)},
    "a stride that does not divide": {"first": ring(1, CHANNELS, stride=3)},
    "a pool that drops a rest": {"pool": nn.MaxPool1d(3)},
    "a pool with a border": {"pool": nn.MaxPool1d(3, 2, padding=1)},
    "zero padding in the first layer": {"first": nn.Conv1d(1, CHANNELS, 3, padding=1)},
    "zero padding in the last layer": {"second": nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)},
    "reflected borders": {"second": nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1, padding_mode="reflect")},
    "no padding": {"second": nn.Conv1d(CHANNELS, CHANNELS, 3)},
    "a flatten head": {"head": nn.Flatten()},
    "a head of two halves": {"head": nn.Sequential(nn.AdaptiveAvgPool1d(2), nn.Flatten())},
    "a head of five parts": {"head": nn.Sequential(nn.AdaptiveAvgPool1d(5), nn.Flatten())},
    "the last place as a head": {"head": Function(lambda x: x[..., -1])},
    "a position channel": {
        "middle": Function(lambda x: torch.cat([x, torch.linspace(-1, 1, 16).expand(len(x), 1, 16).to(x)], 1)),
        "second": ring(CHANNELS + 1, CHANNELS),
    },
    "a learned position bias": {"middle": PositionBias()},
    "attention over positions": {"middle": Attention()},
    "a recurrent layer": {"middle": Recurrent()},
    "a sum from the start, in place": {"middle": Function(lambda x: x.cumsum_(-1))},
    "a place set to zero, in place": {"middle": Function(write_in_place)},
    "places set to zero through a view": {"middle": Function(write_through_a_view)},
    "places set to zero through another shape": {"middle": Function(write_through_another_shape)},
    "a way that depends on the content": {"middle": Function(branch_by_content)},
    "a length that depends on the content": {"middle": Function(take_by_content)},
    "a value that went through NumPy": {"middle": Function(through_numpy)},
    "a value that went through a copy": {"middle": Function(through_a_copy)},
    "inference mode": {"middle": Function(in_inference_mode)},
    "a random mask": {"middle": Function(lambda x: x * torch.rand(x.shape[-1], dtype=x.dtype))},
    "a random number of Python": {"middle": Function(lambda x: x * random.random())},
    "dropout that is always on": {"middle": Function(F.dropout)},
    "dropout after the pool": {
        "head": nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), Function(F.dropout)),
    },
    "a layer that remembers": {"middle": Remembering()},
    "a layer that counts": {"middle": Counting()},
    "layer norm with weights for places": {"middle": nn.LayerNorm([CHANNELS, PERIOD // 2])},
    "a window over the whole": {"middle": Function(lambda x: x * torch.hann_window(PERIOD // 2).to(x))},
    "time reversed beside it": {"middle": Function(lambda x: x + x.flip(-1))},
    "an uneven blur before the mean": {"last_pool": Function(uneven_blur), "pool": nn.MaxPool1d(4)},
    "polyphase of an odd size": {
        "pool": nn.Identity(),
        "middle": Function(lambda x: F.conv1d(x, torch.ones(CHANNELS, 1, 2, dtype=x.dtype), groups=CHANNELS)),
        "last_pool": polyphase(padded=(0, 1)),  # by one place, to make it even, as is sometimes done
    },
    "interpolation": {"middle": Function(lambda x: F.interpolate(x, 24, mode="linear"))},
}  # fmt: skip
NOT_SEEN_BY_DELAYS = {
    "a random mask",
    "a random number of Python",
    "dropout that is always on",
    "dropout after the pool",
    "a layer that remembers",
    "a layer that counts",
}
"""What is not a function of its input alone has no answers at all delays to be held against."""


def build(**parts):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = Whole(**parts).double()
        sounds = torch.randn(8, 1, PERIOD, dtype=torch.float64)
        with torch.no_grad():
            network(sounds * 1)
        for weights in network.parameters():
            nn.init.normal_(weights, 0.1, 0.5)
    return network.eval(), sounds


def test_control_the_whole_network_is_certified_and_no_smaller_modulus_would_do():
    network, sounds = build()
    assert derive(in_float64(network), (1, PERIOD)).modulus == true_modulus(network, sounds) == 4


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_network_is_not_certified_at_multiples_of_4(name):
    network, sounds = build(**BROKEN[name])
    derivation = derive(in_float64(network), (1, PERIOD))
    assert derivation.modulus is None or derivation.modulus > 4
    assert (derivation.modulus is None) == bool(derivation.reason)
    if name not in NOT_SEEN_BY_DELAYS:
        assert (derivation.modulus or PERIOD) % true_modulus(network, sounds) == 0


def test_enough_networks_are_broken_and_most_of_them_truly_are():
    honest = [name for name in BROKEN if name not in NOT_SEEN_BY_DELAYS]
    truly = [name for name in honest if true_modulus(*build(**BROKEN[name])) > 4]
    assert len(BROKEN) >= 20
    # The rest is right by itself, and not read: a length or way that other content would change.
    assert {*honest} - {*truly} <= {"a way that depends on the content", "a length that depends on the content"}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"first": nn.Conv1d(1, CHANNELS, 3, padding=1)}, "first (Conv1d): conv1d: it pads with zeros"),
        ({"head": nn.Flatten()}, "linear (Linear): linear: it gives each place its own weights"),
        ({"middle": Recurrent()}, "middle.layer (GRU): gru: there is no rule for this operation"),
        ({"middle": PositionBias()}, "middle (PositionBias): add: it joins the map with a constant that differs"),
        ({"middle": Function(branch_by_content)}, "middle (Function): __bool__: values are read"),
        ({"middle": Function(F.dropout)}, "middle (Function): dropout: dropout is active"),
        ({"middle": Function(write_in_place)}, "middle (Function): __setitem__: it writes into a part of the map"),
        ({"middle": Counting()}, "middle (Counting): add: it writes into a tensor that should be constant"),
        ({"first": ring(1, CHANNELS, stride=3)}, "first (Conv1d): conv1d: 32 places cannot be taken in steps of 3"),
        ({"second": nn.Conv1d(CHANNELS, CHANNELS, 3)}, "some are missing at the ends"),
        ({"middle": Function(lambda x: x * random.random())}, "another input takes another way"),
        ({"head": nn.Identity(), "linear": nn.Identity()}, "the answers move along with the input"),
        ({"pool": nn.MaxPool1d(8), "last_pool": Function(lambda x: x[..., ::4])}, "multiply to the whole window"),
    ],
)
def test_the_reason_names_the_layer_and_what_it_does(parts, words):
    network, _ = build(**parts)
    derivation = derive(in_float64(network), (1, PERIOD))
    assert words in derivation.reason
    assert derivation.claim == f"nothing can be derived: {derivation.reason}"


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (lambda x: x.flip(-1).mean(-1), "flip: there is no rule for this operation"),
        (Function(lambda x: x.flip(-1).mean(-1)), "Function: flip: there is no rule for this operation"),
        (lambda x: x.mT.mean(-2), "get:mT: there is no rule for this operation"),
        (
            lambda x: (x * (2 if x.sum() > 0 else 1) * float(x.sum())).mean(-1),
            "__bool__: values are read where they cannot be followed",  # the first thing that is wrong
        ),
        (lambda _: 3, "it answers with something else than operations of torch made of its input"),
        (lambda x: x.mean(-1) * torch.rand(1), "it draws random numbers"),
        (lambda x: x.roll(1, -1).mean(x), "it does not run on a tensor that is followed"),
        (lambda x: x.split(5, -1)[0].mean(-1), "split: it cuts the axis into pieces"),
        (lambda x: x[..., x[0, 0] > 0].mean(-1), "__getitem__: it picks by something else than numbers"),
        (lambda x: x.movedim((0, 2), (2, 0)).mean(0), "movedim: called in a way that is not read"),
        (lambda x: x.unsqueeze().mean(), "it does not run on a tensor that is followed"),
    ],
)
def test_without_a_layer_the_reason_names_the_operation(respond, reason):
    derivation = derive(respond, (1, PERIOD))
    assert derivation.reason.startswith(reason)
    assert derivation.modulus is None


def test_what_is_lost_is_told_once():
    network, _ = build(first=nn.Conv1d(1, CHANNELS, 3, padding=1))
    derivation = derive(in_float64(network), (1, PERIOD))
    assert derivation.steps == (derivation.reason,)
    assert derivation.reason == "first (Conv1d): conv1d: it pads with zeros, which do not move along"


def test_a_spectrum_is_still_from_its_magnitudes_on():
    derivation = derive(lambda x: torch.fft.rfft(x[..., ::2]).abs()[..., 1:3].flatten(1), (1, PERIOD))
    assert derivation.modulus == 2
    assert derivation.steps == (
        "__getitem__: rolls by whole places at multiples of 2",
        "abs: still at multiples of 2",
    )


def test_a_network_that_does_not_run_when_followed_is_not_derived():
    def only_plain_tensors(x):
        if type(x) is not torch.Tensor:
            raise TypeError("a plain tensor is needed")
        return x

    assert "(a plain tensor is needed)" in derive(only_plain_tensors, (1, PERIOD)).reason


def test_training_mode_is_not_passed_over():
    for part in (nn.BatchNorm1d(CHANNELS), nn.Dropout()):
        network, _ = build(middle=part)
        assert derive(in_float64(network), (1, PERIOD)).modulus == 4
        assert derive(in_float64(network.train()), (1, PERIOD)).modulus is None


def test_what_is_written_in_place_and_never_read_again_is_harmless():
    def overwritten(x):
        y = x * 2
        z = y.relu_()  # y holds this too now
        return z + y

    network, sounds = build(middle=Function(overwritten))
    assert derive(in_float64(network), (1, PERIOD)).modulus == true_modulus(network, sounds) == 4


def test_steps_tell_where_delays_are_lost_and_given_back():
    network, _ = build(head=nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.Flatten()))
    derivation = derive(in_float64(network), (1, PERIOD))
    assert derivation.modulus == 2
    assert derivation.steps == (
        "pool (MaxPool1d): max_pool1d: rolls by whole places at multiples of 2",
        "last_pool (MaxPool1d): max_pool1d: rolls by whole places at multiples of 4",
        "head.0 (AdaptiveMaxPool1d): adaptive_max_pool1d: still at multiples of 2",
    )


def test_steps_tell_what_rolls_at_every_delay():
    split = {"pool": polyphase(), "last_pool": nn.Identity()}
    network, _ = build(**split)
    derivation = derive(in_float64(network), (1, PERIOD))
    assert derivation.modulus == 1
    assert derivation.claim == "invariant to every circular delay"
    assert derivation.steps == (
        "pool (Pooling): largest_phase: rolls by whole places at multiples of 2, and by some places at every delay",
        "head.0 (AdaptiveAvgPool1d): adaptive_avg_pool1d: still at every delay",
    )


def test_an_operation_of_foreign_make_with_a_known_name_gets_no_rule():
    @torch.library.custom_op("audioinv_tests::mean", mutates_args=())
    def mean(x: torch.Tensor) -> torch.Tensor:
        return x.cumsum(-1).sum(-1)

    network, sounds = build(head=Function(torch.ops.audioinv_tests.mean))
    derivation = derive(in_float64(network), (1, PERIOD))
    assert derivation.modulus is None
    assert "mean: there is no rule for this operation" in derivation.reason
    assert true_modulus(network, sounds) > 4


def mean(x):
    """Average with more weight on what is late: somebody's own function that torch tells of, with a name we know."""
    if torch.overrides.has_torch_function((x,)):
        return torch.overrides.handle_torch_function(mean, (x,), x)
    return x.cumsum(-1).sum(-1)


def test_a_function_of_python_with_a_known_name_gets_no_rule():
    derivation = derive(mean, (1, PERIOD))
    assert derivation.reason == "mean: there is no rule for this operation"
    assert derive(lambda x: x.mean(-1), (1, PERIOD)).modulus == 1


def test_following_leaves_no_trace():
    network, sounds = build()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random_state = torch.get_rng_state()
    derive(in_float64(network), (1, PERIOD))
    assert torch.equal(random_state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert type(network(sounds)) is torch.Tensor
