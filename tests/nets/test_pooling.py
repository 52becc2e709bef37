"""Downsampling against loops written from its definition, and what it must keep: constants, rolls, gradients."""

import itertools

import numpy as np
import pytest
import scipy.ndimage
import torch
from torch import nn

from audioinv.nets.downsampling import AxisPooling, Downsampling, Sliding, padded
from audioinv.nets.pooling import Pooling, pooling

EPS = torch.finfo(torch.float64).eps
BORDERS = ("zero", "circular", "none")
KINDS = (
    "max",
    "average",
    "blur2",
    "blur3",
    "blur4",
    "blur7",
    "maxblur3",
    "maxblur4",
    "averageblur3",
    "lowpass3",
    "maxlowpass4",
    "polyphase",
    "max-polyphase",
    "average-polyphase",
    "blur3-polyphase",
    "lowpass4-polyphase",
    "maxblur5-polyphase",
)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(3)


def axis_of(kind, factor=2, padding="zero"):
    return AxisPooling(Downsampling.parse(kind), factor, padding)


def size_of(axis, size):
    for step in axis.steps:
        size = step.size(size)
    return size


def module_of(axes, n_channels=3):
    return pooling(tuple(axes), n_channels).double()


def value_at(line, place, border):
    """Look one place up, however far outside; None where there is nothing."""
    if 0 <= place < len(line):
        return line[place]
    if border == "circular":
        return line[place % len(line)]
    if border == "mirror":
        place = abs(place)
        return line[min(place, 2 * (len(line) - 1) - place)]
    return None


def dense(line, width, back, border, make):
    """Make one value of each window; where the border is "none", only of windows that lie inside."""
    made = []
    for place in range(len(line)):
        window = [value_at(line, place - back + tap, border) for tap in range(width)]
        if border == "none" and None in window:
            continue
        made.append(make([value for value in window if value is not None]))
    return np.array(made)


def every(maps, dim, factor, phase=0):
    return maps[(..., slice(phase, None, factor), *[slice(None)] * (-1 - dim))]


def windowed(maps, dim, axis, wanted, make):
    if axis.kind.window != wanted:
        return maps
    if axis.kind.taps == 0 and axis.kind.select == "every":
        return every(np.apply_along_axis(dense, dim, maps, axis.factor, 0, "none", make), dim, axis.factor)
    outside = "mirror" if wanted == "average" and axis.padding == "zero" else axis.padding
    return np.apply_along_axis(dense, dim, maps, axis.factor, 0, outside, make)


def filtered(maps, dim, axis):
    if not axis.kind.taps:
        return maps
    weights = (np.poly1d([0.5, 0.5]) ** (axis.kind.taps - 1)).c
    outside = "mirror" if axis.padding == "zero" else axis.padding
    back = (axis.kind.taps - 1) // 2
    maps = np.apply_along_axis(dense, dim, maps, axis.kind.taps, back, outside, lambda values: weights @ values)
    return every(maps, dim, axis.factor) if axis.kind.select == "every" else maps


def expected(maps, axes):
    """One example of shape (channels, ...) by loops: maxima, then means, then filters, then the choice of a phase."""
    steps = [(place - len(axes), axis) for place, axis in enumerate(axes)]
    for wanted, make in (("max", max), ("average", np.mean)):
        for dim, axis in steps:
            maps = windowed(maps, dim, axis, wanted, make)
    for dim, axis in steps:
        maps = filtered(maps, dim, axis)
    for dim, axis in steps:
        if axis.kind.select == "polyphase":
            phases = [every(maps, dim, axis.factor, phase) for phase in range(axis.factor)]
            maps = max(phases, key=lambda phase: sum(value**2 for value in phase.ravel()))  # max keeps the first
    return maps


def assert_is_the_loop(maps, axes):
    outcome = module_of(axes, maps.shape[1])(maps).detach().numpy()
    # Sums of up to 7 × 7 products; the weights of a trainable filter start as logarithms in float32.
    trainable = any(axis.kind.lowpass == "lowpass" for axis in axes)
    tolerance = 8 * torch.finfo(torch.float32).eps if trainable else 32 * EPS
    for example, found in zip(maps.numpy(), outcome, strict=True):
        np.testing.assert_allclose(found, expected(example, axes), rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", BORDERS)
@pytest.mark.parametrize("factor", [2, 3])
def test_along_time_it_is_the_loop(kind, padding, factor):
    axis = axis_of(kind, factor, padding)
    whole = next(n for n in range(24, 12, -1) if not ("polyphase" in kind and size_before(axis, n) % factor))
    maps = torch.randn(4, 3, whole, dtype=torch.float64)
    assert_is_the_loop(maps, [axis])
    assert module_of([axis])(maps).shape[-1] == size_of(axis, whole)


def size_before(axis, n):
    return axis.filter.size(axis.window.size(n))


@pytest.mark.parametrize(
    ("frequency", "time"),
    [
        *itertools.product(
            ("max", "average", "blur4", "maxblur3", "polyphase", "none"), ("max", "average", "maxblur3", "polyphase")
        ),
        ("stride", "max"),
        ("stride", "blur3-polyphase"),
        ("maxblur3-polyphase", "lowpass5-polyphase"),
    ],
)
@pytest.mark.parametrize("paddings", [("zero", "circular"), ("circular", "zero")])
def test_along_two_axes_it_is_the_loop_of_each(frequency, time, paddings):
    axes = [axis_of(frequency, 3, paddings[0]), axis_of(time, 2, paddings[1])]
    assert_is_the_loop(torch.randn(3, 2, 9, 12, dtype=torch.float64), axes)


def test_a_length_that_does_not_fill_its_blocks_is_cut_by_a_pool_and_kept_by_a_filter():
    line = torch.arange(7.0, dtype=torch.float64)[None, None]
    assert module_of([axis_of("max")], 1)(line).tolist() == [[[1, 3, 5]]]
    assert module_of([axis_of("maxblur3", padding="zero")], 1)(line).tolist() == [[[1.5, 3, 5, 6]]]


@pytest.mark.parametrize("taps", range(2, 8))
@pytest.mark.parametrize(("padding", "mode"), [("circular", "wrap"), ("zero", "mirror"), ("none", "valid")])
def test_blur_is_scipy(taps, padding, mode):
    line = np.random.default_rng(taps).normal(size=20)
    weights = (np.poly1d([0.5, 0.5]) ** (taps - 1)).c
    if mode == "valid":
        dense_blur = np.convolve(line, weights, mode)
    else:
        # SciPy's even windows look one place further back; origin −1 turns that around.
        dense_blur = scipy.ndimage.correlate1d(line, weights, mode=mode, origin=0 if taps % 2 else -1)
    module = module_of([axis_of(f"blur{taps}", padding=padding)], 1)
    found = module(torch.from_numpy(line)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found, dense_blur[::2], rtol=0, atol=16 * EPS)


def test_four_values_by_hand():
    line = torch.tensor([[[4.0, 0.0, 2.0, 6.0]]], dtype=torch.float64)
    for kind, by_hand in {
        "max": [4, 6],
        "average": [2, 4],
        "blur3": [(4 * 2 + 0 + 6) / 4, (2 * 2 + 0 + 6) / 4],
        "maxblur2": [(4 + 2) / 2, (6 + 6) / 2],  # maxima of neighbours: 4 2 6 6
        "polyphase": [0, 6],  # 36 beats 16 + 4
    }.items():
        assert module_of([axis_of(kind, padding="circular")], 1)(line).tolist() == [[by_hand]], kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", BORDERS)
def test_a_constant_stays_that_constant(kind, padding):
    axes = [axis_of(kind, 2, padding), axis_of(kind, 2, "circular")]
    maps = torch.full((2, 3, 12 if padding != "none" else 24, 12), -1.7, dtype=torch.float64)
    sizes = [size_before(axis, n) for axis, n in zip(axes, maps.shape[2:], strict=True)]
    maps = maps[:, :, : maps.shape[2] - sizes[0] % 2 if "polyphase" in kind else None]
    pooled = module_of(axes)(maps)
    assert pooled.numel() > 0
    torch.testing.assert_close(pooled, torch.full_like(pooled, -1.7), atol=8 * EPS, rtol=0)


def test_zeros_beyond_the_border_would_not_keep_it():
    window = axis_of("blur3").filter
    zeros = Sliding(window.width, window.stride, back=window.back, ahead=window.ahead, border="zero")
    ones = padded(torch.ones(1, 1, 8), (zeros,))
    assert nn.functional.conv1d(ones, torch.tensor([[[0.25, 0.5, 0.25]]]), stride=2)[0, 0, 0] == 0.75


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", BORDERS)
def test_gradients(kind, padding):
    axes = [axis_of("maxblur3", 2, "zero"), axis_of(kind, 2, padding)]
    n_time = next(n for n in range(10, 20) if size_before(axes[1], n) % 2 == 0)
    for used in ([axes[1]], axes):
        module = module_of(used, 2)
        maps = torch.randn(2, 2, *([4, n_time][-len(used) :]), dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda maps, *_, module=module: module(maps), (maps, *module.parameters()))


def test_gradcheck_is_told_of_the_trainable_filter():
    module = module_of([axis_of("lowpass3")], 2)
    module(torch.randn(1, 2, 8, dtype=torch.float64)).square().sum().backward()
    assert [weights.shape for weights in module.parameters()] == [(2, 3)]
    assert module.filters[0].logits.grad.any()


def test_trainable_filter_starts_binomial_and_stays_positive_with_sum_one():
    maps = torch.randn(2, 3, 16, dtype=torch.float64)
    trainable, fixed = module_of([axis_of("lowpass5")]), module_of([axis_of("blur5")])
    torch.testing.assert_close(trainable(maps), fixed(maps), atol=1e-6, rtol=0)  # logarithms kept in float32
    with torch.no_grad():
        trainable.filters[0].logits.copy_(torch.randn(3, 5) * 3)
    impulses = torch.eye(16, dtype=torch.float64)[8].expand(1, 3, -1)
    assert (trainable(impulses) >= 0).all()
    ones = trainable(torch.ones(1, 3, 16, dtype=torch.float64))
    torch.testing.assert_close(ones, torch.ones_like(ones), atol=8 * EPS, rtol=0)
    assert (trainable(impulses)[0, 0] - trainable(impulses)[0, 1]).abs().max() > 1e-3  # a kernel for each channel


def test_fixed_filters_save_nothing_and_trainable_ones_their_logits():
    assert list(module_of([axis_of("maxblur3")]).state_dict()) == []
    assert list(module_of([axis_of("lowpass3"), axis_of("max")]).state_dict()) == ["filters.0.logits"]


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("kind", ["polyphase", "blur3-polyphase", "maxblur4-polyphase"])
def test_the_chosen_phase_follows_every_roll(kind, factor):
    axes = [axis_of(kind, factor, "circular")] * 2
    maps = torch.randn(3, 2, 16, 16, dtype=torch.float64)

    def largest_change(used):
        pool = module_of(used, 2)
        rolls = [(up, delay) for up in (0, 1, 5) for delay in range(16)]
        return max((pool(maps.roll(roll, (2, 3))).sum((2, 3)) - pool(maps).sum((2, 3))).abs().max() for roll in rolls)

    assert largest_change(axes) <= 256 * EPS * maps.abs().max()  # sums of up to 256 values in another order
    assert largest_change([axis_of("max", factor, "circular")] * 2) > 0.1  # the control


@pytest.mark.parametrize(
    ("kind", "offset"),
    [("average", 3.5), ("blur2", 3.5), ("blur4", 3.5), ("blur6", 3.5), ("blur3", 0), ("blur5", 0), ("blur7", 0)],
)
def test_three_stages_of_a_filter_keep_the_middle_of_a_block_or_of_a_value(kind, offset):
    ramp = torch.arange(160.0, dtype=torch.float64)[None, None]
    for _ in range(3):
        ramp = module_of([axis_of(kind)], 1)(ramp)
    inside = torch.arange(5, 15)
    torch.testing.assert_close(ramp[0, 0, inside], 8 * inside.double() + offset, atol=0, rtol=8 * EPS)


@pytest.mark.parametrize(
    ("frequency", "time", "module"),
    [
        ("max", "max", nn.MaxPool2d),
        ("average", "average", nn.AvgPool2d),
        ("stride", "max", nn.MaxPool2d),
        ("average", "none", nn.AvgPool2d),
        ("average", "max", Pooling),
        ("max", "blur3", Pooling),
        ("max", "max-polyphase", Pooling),
    ],
)
def test_torch_pools_where_it_can(frequency, time, module):
    axes = (axis_of(frequency), axis_of(time))
    assert type(pooling(axes, 3)) is module
    maps = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(pooling(axes, 3).double()(maps), Pooling(axes, 3).double()(maps), atol=4 * EPS, rtol=0)


def test_what_leaves_nothing_to_do():
    assert pooling((axis_of("stride"), axis_of("none")), 3) is None
    assert pooling((axis_of("max", factor=1),), 3) is None
    assert isinstance(pooling((axis_of("blur3", factor=1),), 3), Pooling)
