"""Certificates on the whole grid downsampling × head × padding × depth, in 1-D and 2-D, against theory and all delays.

Theory is written here once more, from the modulus law alone (I8–I15): nothing of it comes from the code under test.
"""

import itertools

import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.measure.certificates.derivation import derive
from audioinv.nets.network_config import HEADS, PADDINGS, NetworkConfig
from audioinv.nets.networks import ConvNet

from .exhaustive import in_float64, true_modulus

KINDS = (
    "stride",
    "max",
    "average",
    "blur2",
    "blur3",
    "blur4",
    "blur5",
    "maxblur3",
    "averageblur3",
    "lowpass3",
    "polyphase",
    "blur3-polyphase",
    "maxblur3-polyphase",
    "none",
)
QUICK_IN_2D = ("max", "blur3", "polyphase")
HEADS_1D = tuple(head for head in HEADS if head != "frequency-average-time-max")
N_TIME, N_BINS = 16, 8


def theory(kind, head, padding, depth, shape, axis):
    """Return the modulus that the law gives, or None."""
    period = shape[axis]
    # A single place that is left has no order for a head to see, and is the mean or the maximum that it was made as.
    alone = kind != "none" and period == 2**depth
    if padding != "circular" or (head == "flatten" and not alone):
        return None
    if kind == "none" or kind.endswith("polyphase"):
        return 1
    last_step = {"average": "average", "max": "max", "average+max": "both"}.get(head)
    if head == "frequency-average-time-max":
        # The mean over frequency comes first, and what it leaves has no pair along time; unless one bin is left.
        one_bin = kind != "none" and 2**depth == N_BINS
        last_step = "average" if axis == -2 else "max" if one_bin else "none of a pair"
    pair = {"max": "max", "average": "average"}.get(kind, "average" if "blur" in kind else "none of a pair")
    if kind in ("stride", "lowpass3"):
        pair = "nothing"
    modulus = 2 ** (depth - (pair == last_step or (alone and pair in ("max", "average"))))
    return modulus if modulus < period else None


def build(kind, head, padding, depth, shape):
    """Return a network whose every ReLU cuts something off and lets something through, in float64."""
    both = {"frequency_padding": padding} if len(shape) == 3 else {}
    config = NetworkConfig(
        shape, n_classes=4, channels=(6,) * depth, downsampling=kind, head=head, padding=padding, **both
    )
    with torch.random.fork_rng():
        torch.manual_seed(depth)
        network = ConvNet(config).double()
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.normal_(module.bias, 0.0, 0.2)
                module.momentum = 1.0
        for name, weights in network.named_parameters():
            if name.endswith("logits"):  # a trained low-pass filter; at its start it is a binomial one
                nn.init.normal_(weights)
        network(torch.randn(32, *shape, dtype=torch.float64))
    return network.eval()


def check(kind, shape, axes):
    sounds = torch.randn(6, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    heads = HEADS if len(shape) == 3 else HEADS_1D
    n_checked = 0
    for head, padding, depth in itertools.product(heads, PADDINGS, (1, 2, 3)):
        try:
            network = in_float64(build(kind, head, padding, depth, shape))
        except InputError:
            continue  # without padding, small maps run out, or do not split into phases
        for axis in axes:
            case = (kind, head, padding, depth, axis)
            period = shape[axis]
            derived = derive(network, shape, axis).modulus
            assert derived == theory(kind, head, padding, depth, shape, axis), case
            exact = true_modulus(network, sounds, axis)
            assert (derived or period) % exact == 0, f"{case}: certified {derived}, true {exact}"
            if padding == "circular":
                assert exact == (derived or period), f"{case}: certified {derived}, but {exact} would do"
            n_checked += 1
    return n_checked


@pytest.mark.parametrize("kind", KINDS)
def test_one_dimension(kind):
    assert check(kind, (2, N_TIME), (-1,)) >= 4 * 2 * 3


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK_IN_2D else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_two_dimensions_along_time_and_along_frequency(kind):
    assert check(kind, (1, N_BINS, N_TIME), (-1, -2)) >= 5 * 2 * 3 * 2
