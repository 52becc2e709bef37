"""What stands in the place of downsampling, against plain loops, and against our own networks with the same weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from audioinv.errors import InputError, ModelError
from audioinv.nets.network_config import NetworkConfig
from audioinv.nets.networks import ConvNet
from audioinv.nets.polyphase import keep_phase
from audioinv.nets.surgery.calls import left_alone, read_call
from audioinv.nets.surgery.replacement import Layout, Phases, check_kind, replaced, replaces, spline

WRAPPED = Layout(wrapped=frozenset({-1, -2}))


def binomial_of(taps, factor):
    """Convolve boxes, by NumPy."""
    weights = np.ones(1)
    for _ in range(taps - 1):
        weights = np.convolve(weights, np.ones(factor) / factor)
    return weights


def mirrored(values, place):
    """Read a value beyond the ends, where the ends are not repeated."""
    turn = 2 * (len(values) - 1)
    place = place % turn
    return values[place if place < len(values) else turn - place]


def max_blur(values, width, stride, taps, *, circular):
    """Max-blur pooling from its definition, one value after the other."""
    n = len(values) // stride
    get = (lambda at: values[at % len(values)]) if circular else (lambda at: values[min(at, len(values) - 1)])
    dense = [max(get(start + step) for step in range(width)) for start in range(n * stride)]
    weights = binomial_of(taps, stride)
    back = (len(weights) - 1) // 2
    found = []
    for j in range(n):
        places = [j * stride - back + tap for tap in range(len(weights))]
        read = [dense[p % len(dense)] if circular else mirrored(dense, p) for p in places]
        found.append(sum(w * value for w, value in zip(weights, read, strict=True)))
    return found


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize(("width", "stride", "taps"), [(2, 2, 3), (2, 2, 4), (3, 3, 2), (4, 4, 3), (2, 2, 7)])
def test_max_blur_pooling_is_what_its_definition_says(rng, circular, width, stride, taps):
    maps = torch.tensor(rng.standard_normal((2, 3, 24)))
    call = read_call(functional.max_pool1d, (maps, width, stride), {})
    found = replaced(call, check_kind(f"blur{taps}"), WRAPPED if circular else Layout(), Phases())
    expected = [[max_blur(row, width, stride, taps, circular=circular) for row in one] for one in maps.tolist()]
    assert found.numpy() == pytest.approx(np.array(expected), abs=1e-6)


def test_four_values_by_hand():
    call = read_call(functional.max_pool1d, (torch.tensor([[[4.0, 0.0, 0.0, 8.0]]]), 2), {})
    # Dense maxima 4 0 8 8; [1 2 1] / 4 around the first and the third, mirrored before the first.
    assert replaced(call, check_kind("blur3"), Layout(), Phases()).tolist() == [[[2.0, 6.0]]]
    assert replaced(call, check_kind("average"), Layout(), Phases()).tolist() == [[[2.0, 4.0]]]
    # Phases 4 8 and 0 8 of the dense maxima.
    assert replaced(call, check_kind("polyphase"), Layout(), Phases()).tolist() == [[[4.0, 8.0]]]


every_call = pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (functional.max_pool1d, {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
        (functional.max_pool1d, {"kernel_size": 3, "stride": 2, "padding": 1}),
        (functional.max_pool1d, {"kernel_size": 3, "ceil_mode": True}),
        (functional.max_pool1d, {"kernel_size": 2, "stride": 3}),
        (functional.max_pool1d, {"kernel_size": 1, "stride": 2}),
        (functional.avg_pool1d, {"kernel_size": 4, "stride": 4, "padding": 1}),
        (functional.avg_pool1d, {"kernel_size": 2, "ceil_mode": True}),
        (functional.conv1d, {"weight": torch.ones(2, 3, 5), "stride": 3, "padding": 2}),
        (functional.conv1d, {"weight": torch.ones(3, 1, 4), "stride": 2, "groups": 3, "dilation": 2}),
    ],
)


@pytest.mark.parametrize("kind", ["blur3", "average", "polyphase", "blur2-polyphase"])
@pytest.mark.parametrize("n", [16, 17, 18, 19])
@every_call
def test_what_comes_out_has_the_size_of_what_it_replaces(rng, kind, n, function, arguments):
    maps = torch.tensor(rng.standard_normal((2, 3, n)).astype(np.float32))
    before = function(maps, **arguments)
    after = replaced(read_call(function, (maps,), arguments), check_kind(kind), Layout(), Phases())
    assert after.shape == before.shape
    assert torch.isfinite(after).all()


@pytest.mark.parametrize("n", [16, 17, 18, 19])
@every_call
def test_the_first_of_each_values_is_what_was_there_before(rng, n, function, arguments):
    class First(Phases):
        def select(self, maps, axis, factor):
            return keep_phase(maps, axis, factor, torch.zeros(len(maps), dtype=torch.long))

    maps = torch.tensor(rng.standard_normal((2, 3, n)).astype(np.float32))
    found = replaced(read_call(function, (maps,), arguments), check_kind("polyphase"), Layout(), First())
    before = function(maps, **arguments)
    if arguments.get("ceil_mode") and function is functional.avg_pool1d:
        found, before = found[..., :-1], before[..., :-1]  # torch counts what the last window has inside alone
    torch.testing.assert_close(found, before)


@pytest.mark.parametrize("kind", ["blur3", "average", "polyphase"])
def test_a_constant_stays_that_constant_inside_and_out(kind):
    for function in (functional.max_pool2d, functional.avg_pool2d):
        call = read_call(function, (torch.full((1, 2, 9, 12), 3.0), 2), {})
        if replaces(check_kind(kind), call.kind):
            assert replaced(call, check_kind(kind), Layout(), Phases()).unique().tolist() == [3.0]


@pytest.mark.parametrize(
    ("before", "kind", "built"),
    [
        ("max", "blur3", "maxblur3"),
        ("max", "blur4", "maxblur4"),
        ("max", "average", "average"),
        ("max", "polyphase", "max-polyphase"),
        ("max", "blur3-polyphase", "maxblur3-polyphase"),
    ],
)
def test_surgery_makes_the_network_that_is_built_so_with_the_same_weights(rng, before, kind, built):
    """Of ours, whose pools are written down elsewhere."""
    circular = {"padding": "circular", "frequency_padding": "circular"}
    config = NetworkConfig((1, 16, 32), 5, channels=(4, 6), downsampling=before, **circular)
    torch.manual_seed(0)
    own = ConvNet(config).eval()
    other = ConvNet(replace(config, downsampling=built)).eval()
    other.load_state_dict(own.state_dict())
    inputs = torch.tensor(rng.standard_normal((3, 1, 16, 32)).astype(np.float32))
    with torch.inference_mode():
        expected, plain = other(inputs), own(inputs)
        found = through(own, inputs, kind)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert (found - plain).abs().max() > 1e-3


def through(network, maps, kind):
    """Run a network of ours with its pools replaced by hand."""
    phases = Phases()
    maps = maps.contiguous(memory_format=torch.channels_last)
    for module in network.stages:
        if isinstance(module, nn.MaxPool2d):
            call = read_call(functional.max_pool2d, (maps, module.kernel_size, module.stride), {})
            maps = replaced(call, check_kind(kind), WRAPPED, phases)
        else:
            maps = module(maps)
    return network.head(maps)


def test_a_strided_convolution_is_computed_everywhere_and_blurred(rng):
    maps = torch.tensor(rng.standard_normal((2, 3, 20)))
    weight, bias = torch.tensor(rng.standard_normal((4, 3, 5))), torch.tensor(rng.standard_normal(4))
    call = read_call(functional.conv1d, (maps, weight, bias, 2, 2), {})
    dense = functional.conv1d(maps, weight, bias, 1, 2).numpy()
    blurred = replaced(call, check_kind("blur3"), Layout(), Phases()).numpy()
    averaged = replaced(call, check_kind("average"), Layout(), Phases()).numpy()
    for j in range(10):
        left = dense[..., 1] if j == 0 else dense[..., 2 * j - 1]
        assert blurred[..., j] == pytest.approx((left + 2 * dense[..., 2 * j] + dense[..., 2 * j + 1]) / 4)
        assert averaged[..., j] == pytest.approx((dense[..., 2 * j] + dense[..., 2 * j + 1]) / 2)
    norms = [np.square(dense[..., phase::2]).sum((1, 2)) for phase in (0, 1)]
    chosen = replaced(call, check_kind("polyphase"), Layout(), Phases()).numpy()
    for one in range(2):
        assert chosen[one] == pytest.approx(dense[one, :, int(norms[1][one] > norms[0][one]) :: 2])


def test_a_second_window_on_the_same_grid_takes_the_phase_of_the_first():
    phases = Phases()
    first = torch.tensor([[[0.0, 5.0, 0.0, 5.0]]])
    second = torch.tensor([[[9.0, 1.0, 9.0, 2.0]]])
    assert phases.select(first, -1, 2).tolist() == [[[5.0, 5.0]]]
    assert phases.select(second, -1, 2).tolist() == [[[1.0, 2.0]]]
    assert Phases().select(second, -1, 2).tolist() == [[[9.0, 9.0]]]


def test_splines_are_binomial_for_two_and_vanish_where_a_step_folds():
    for taps in range(2, 8):
        assert spline(taps, 2).numpy() == pytest.approx(binomial_of(taps, 2))
        for factor in (3, 4, 5):
            weights = spline(taps, factor).double().numpy()
            assert len(weights) == (taps - 1) * (factor - 1) + 1
            spectrum = np.abs(np.fft.fft(weights, 60 * factor))
            assert spectrum[0] == pytest.approx(1)
            assert spectrum[60 : 60 * factor : 60] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", ["max", "stride", "none", "lowpass3", "maxblur3", "average-polyphase", "blur9", ""])
def test_only_what_needs_no_training_can_be_put_in_place(kind):
    with pytest.raises(InputError, match="is not average, polyphase, blurN"):
        check_kind(kind)


def test_a_map_too_short_for_its_filter_is_refused():
    call = read_call(functional.max_pool1d, (torch.zeros(1, 1, 2), 2), {})
    with pytest.raises(ModelError, match="a map of 2 values is too short for a filter of 7 weights"):
        replaced(call, check_kind("blur7"), Layout(), Phases())


@pytest.mark.parametrize(
    ("function", "arguments", "why"),
    [
        (functional.adaptive_avg_pool1d, (4,), "do not slide evenly"),
        (functional.adaptive_max_pool2d, ((1, 2),), "do not slide evenly"),
        (functional.lp_pool1d, (2, 2), "by a power"),
        (functional.max_pool3d, (2,), "three axes"),
        (functional.max_pool1d_with_indices, (2,), "places of its maxima"),
        (functional.adaptive_avg_pool2d, (1,), ""),
        (functional.adaptive_avg_pool2d, ((1, 1),), ""),
        (functional.relu, (), ""),
    ],
)
def test_other_ways_to_make_maps_smaller_are_known(function, arguments, why):
    found = left_alone(function, (torch.zeros(1, 1, 8, 8, 8), *arguments), {})
    assert why in found
    assert bool(why) == bool(found)


@pytest.mark.parametrize(
    ("function", "arguments", "why"),
    [
        (functional.avg_pool1d, {"kernel_size": 2, "padding": 1, "count_include_pad": False}, "unevenly"),
        (functional.avg_pool2d, {"kernel_size": 2, "divisor_override": 3}, "unevenly"),
        (functional.max_pool1d, {"kernel_size": 2, "return_indices": True}, "places of its maxima"),
        (functional.max_pool1d, {"kernel_size": 2, "dilation": 2}, "holes"),
    ],
)
def test_obstacles_are_named(function, arguments, why):
    maps = torch.zeros(1, 1, *[8] * (2 if "2d" in function.__name__ else 1))
    assert why in read_call(function, (maps,), arguments).obstacle
    assert read_call(function, (maps,), {"kernel_size": 2}).obstacle == ""
    assert "no batch" in read_call(function, (maps[0],), {"kernel_size": 2}).obstacle


def test_a_window_that_takes_every_place_is_no_downsampling():
    maps = torch.zeros(1, 1, 8)
    assert read_call(functional.max_pool1d, (maps, 3, 1), {}) is None
    assert read_call(functional.conv1d, (maps, torch.ones(1, 1, 3)), {"padding": "same"}) is None
    assert read_call(functional.relu, (maps,), {}) is None


@pytest.mark.parametrize("kind", ["blur3", "average", "polyphase"])
@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize(("width", "stride", "padding"), [(2, 2, 0), (3, 2, 1), ((2, 3), (2, 3), 0)])
def test_along_one_axis_the_other_is_pooled_as_before(rng, kind, axis, width, stride, padding):
    """A maximum goes axis by axis, so that one axis can be pooled before, and surgery done along the other."""
    maps = torch.tensor(rng.standard_normal((2, 3, 12, 18)))
    pool = (functional.max_pool2d, (maps, width, stride, padding), {})
    found = replaced(read_call(*pool), check_kind(kind), Layout(axes=frozenset({axis})), Phases())
    place, own = axis + 2, [(one, one) if isinstance(one, int) else one for one in (width, stride, padding)]
    idle = [(1, 1), (1, 1), (0, 0)]
    alone, other = (
        [tuple(x[at] if (at == place) == kept else y[at] for at in (0, 1)) for x, y in zip(own, idle, strict=True)]
        for kept in (True, False)
    )
    before = functional.max_pool2d(maps, *other)
    call = read_call(functional.max_pool2d, (before, *alone), {})
    torch.testing.assert_close(found, replaced(call, check_kind(kind), Layout(), Phases()))
    assert found.shape == functional.max_pool2d(maps, width, stride, padding).shape


@pytest.mark.parametrize("kind", ["blur3", "average", "polyphase"])
def test_along_one_axis_a_convolution_steps_along_the_other_as_before(rng, kind):
    maps, weight = torch.tensor(rng.standard_normal((2, 3, 11, 16))), torch.tensor(rng.standard_normal((4, 3, 3, 5)))
    call = read_call(functional.conv2d, (maps, weight, None, (2, 2), (1, 2)), {})
    found = replaced(call, check_kind(kind), Layout(axes=frozenset({-1})), Phases())
    stepped = functional.conv2d(maps, weight, None, (2, 1), (1, 2)).numpy()
    if kind == "average":
        expected = (stepped[..., ::2] + stepped[..., 1::2]) / 2
    elif kind == "polyphase":
        norms = [np.square(stepped[..., phase::2]).sum((1, 2, 3)) for phase in (0, 1)]
        expected = np.stack([one[..., int(n1 > n0) :: 2] for one, n0, n1 in zip(stepped, *norms, strict=True)])
    else:
        left = np.concatenate([stepped[..., 1:2], stepped[..., 1:-2:2]], -1)
        expected = (left + 2 * stepped[..., ::2] + stepped[..., 1::2]) / 4
    assert found.numpy() == pytest.approx(expected, abs=1e-6)
