"""Networks: shapes, what convolution gives by itself, and controls that must fail."""

import itertools

import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.networks import DOWNSAMPLINGS, HEADS, PADDINGS, ConvNet, NetworkConfig

EPS = torch.finfo(torch.float64).eps


def build(seed=0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ConvNet(NetworkConfig(**{"n_classes": 3, "channels": (4, 5), **options})).double().eval()


@pytest.mark.parametrize(
    ("shape", "downsampling", "head", "padding"),
    list(itertools.product([(1, 65), (8, 33), (1, 16, 33)], DOWNSAMPLINGS, HEADS, PADDINGS)),
)
def test_every_configuration_answers_and_learns_from_all_its_weights(shape, downsampling, head, padding):
    network = build(input_shape=shape, downsampling=downsampling, head=head, padding=padding)
    logits = network(torch.randn(2, *shape, dtype=torch.float64))
    assert logits.shape == (2, 3)
    logits.square().sum().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in network.parameters())


@pytest.mark.parametrize("shape", [(1, 64), (4, 64), (1, 12, 64)])
def test_circular_network_with_average_head_ignores_delays_by_its_stride(shape):
    network = build(input_shape=shape, padding="circular", head="average")
    sound = torch.randn(2, *shape, dtype=torch.float64)
    stride = network.config.time_stride
    assert stride == 4
    clean = network(sound)
    for delay in range(0, 64, stride):
        torch.testing.assert_close(network(sound.roll(delay, -1)), clean, atol=64 * EPS, rtol=0)
    assert (network(sound.roll(1, -1)) - clean).abs().max() > 1e-4  # the control: a fraction of the stride does not


def test_zero_padding_and_a_flatten_head_each_break_it():
    sound = torch.zeros(1, 1, 64, dtype=torch.float64)
    sound[..., :9] = torch.randn(9, dtype=torch.float64)
    for options in ({"padding": "zero", "head": "average"}, {"padding": "circular", "head": "flatten"}):
        network = build(input_shape=(1, 64), **options)
        with torch.no_grad():
            assert (network(sound.roll(-4, -1)) - network(sound)).abs().max() > 1e-4


def test_stem_has_its_own_kernel_and_stride():
    network = build(input_shape=(1, 400), stem_kernel=16, stem_stride=4, factor=2)
    assert network.config.time_stride == 16
    assert network.stages(torch.zeros(1, 1, 400, dtype=torch.float64)).shape[-1] == network.config.final_shape[-1]


@pytest.mark.parametrize("downsampling", DOWNSAMPLINGS)
@pytest.mark.parametrize("n_time", [16, 17, 18, 31])
def test_final_shape_is_what_comes_out(downsampling, n_time):
    network = build(input_shape=(1, 9, n_time), downsampling=downsampling)
    assert (
        tuple(network.stages(torch.zeros(1, 1, 9, n_time, dtype=torch.float64)).shape[2:]) == network.config.final_shape
    )


def test_batch_order_and_size_do_not_matter():
    network = build(input_shape=(1, 12, 40))
    sounds = torch.randn(5, 1, 12, 40, dtype=torch.float64)
    together = network(sounds)
    for i in range(5):
        torch.testing.assert_close(network(sounds[i : i + 1])[0], together[i], atol=64 * EPS, rtol=0)


def test_same_seed_same_weights():
    first, again, other = (build(seed, input_shape=(1, 40)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"head": "attention"}, "head='attention' is not one of flatten, average, max"),
        ({"padding": "reflect"}, "padding='reflect'"),
        ({"downsampling": "blur"}, "downsampling='blur'"),
        ({"kernel_size": 4}, "kernel_size=4 must be odd"),
        ({"input_shape": (1, 3)}, "too small for 2 stages"),
        ({"input_shape": (64,)}, "must be"),
        ({"channels": ()}, "at least one class"),
    ],
)
def test_errors(options, words):
    with pytest.raises(InputError, match=words):
        NetworkConfig(**{"input_shape": (1, 64), "n_classes": 3, "channels": (4, 5), **options})
