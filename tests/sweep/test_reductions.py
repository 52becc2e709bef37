"""Reductions over the axis that slides against windows by themselves, and what is spared on the way to them."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from audioinv.sweep import sliding
from audioinv.sweep.reading import read_network
from audioinv.sweep.reductions import _joined_runs
from audioinv.sweep.tracing import trace_network

from .test_shared import Apply, both


@pytest.mark.parametrize("n_joined", [1, 2, 3, 6, 7, 8, 13])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("join", [torch.add, torch.maximum])
def test_every_run_of_neighbours_is_joined(n_joined, dilation, join):
    columns = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = _joined_runs(columns, 1, n_joined, dilation, join)
    length = 50 - (n_joined - 1) * dilation
    expected = columns[:, :length].clone()
    for place in range(1, n_joined):
        expected = join(expected, columns[:, place * dilation : place * dilation + length])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("reduced", ["mean", "sum", "amax"])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("n_kept", [3, 40])  # rows that are joined by hand, and too many for that
def test_what_has_no_borders_is_reduced_for_all_windows_at_once(reduced, keepdim, n_kept):
    def reduce(maps):
        return getattr(maps, reduced)((2, 3), keepdim=keepdim).flatten(1)

    network = nn.Sequential(nn.Conv2d(1, 4, (1, 3)), nn.ReLU(), Apply(reduce), nn.Linear(4, 3))
    found, expected, plan = both(network, (1, n_kept, 21), range(0, 40))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert {tuple(node.meta["val"].shape[1:]) for node in plan.handed_over} == {(4, 1, 1)}


@pytest.mark.parametrize("offsets", [(0, 1, 40, 97), range(0, 3)], ids=["far apart", "few"])
def test_windows_that_share_no_sums_are_reduced_by_themselves(offsets):
    network = nn.Sequential(nn.Conv1d(1, 4, 3), Apply(lambda maps: maps.mean(-1)))
    found, expected, plan = both(network, (1, 21), offsets, worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    shared_sums = {tuple(node.meta["val"].shape[1:]) for node in plan.handed_over} == {(4, 1)}
    assert shared_sums == (tuple(offsets) == (0, 1, 2))


def test_borders_keep_a_mean_from_being_shared():
    network = nn.Sequential(nn.Conv1d(1, 4, 3, padding=1), Apply(lambda maps: maps.mean(-1)))
    found, expected, plan = both(network, (1, 21), range(40), worth=1e9)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert {tuple(node.meta["val"].shape[1:]) for node in plan.handed_over} == {(4, 21)}


class Power(nn.Module):
    def __init__(self, square):
        super().__init__()
        self.square = square

    def forward(self, waveforms):
        return self.square(torch.fft.rfft(waveforms.unfold(-1, 16, 4)).abs()).sum(-1)


@pytest.mark.parametrize(
    ("square", "spared"),
    [(torch.square, True), (lambda x: x**2, True), (lambda x: x**3, False), (lambda x: x.square() + x, False)],
)
def test_the_root_of_what_is_squared_is_not_taken(square, spared):
    traced = trace_network(Power(square).eval(), (4, 61))
    assert ("abs" not in traced.names.values()) == spared
    found, expected, _ = both(Power(square), (61,), range(0, 40), worth=1e9)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


class TwoParts(nn.Module):
    def __init__(self, other):
        super().__init__()
        self.other = other

    def forward(self, waveforms):
        spectra = torch.fft.rfft(waveforms.unfold(-1, 16, 4))
        return (spectra.real.square() + self.other(spectra).imag ** 2).sum(-1)


@pytest.mark.parametrize(("other", "joined"), [(lambda z: z, True), (lambda z: 2 * z, False)])
def test_the_squares_of_both_parts_are_one_sum(other, joined):
    traced = trace_network(TwoParts(other).eval(), (4, 61))
    assert ("real" not in traced.names.values()) == joined
    found, expected, _ = both(TwoParts(other), (61,), range(0, 40), worth=1e9)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_the_square_of_a_real_magnitude_stays():
    traced = trace_network(Apply(lambda waveforms: waveforms.abs().square()).eval(), (4, 61))
    assert "abs" in traced.names.values()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_convolution_sets_what_is_below_zero_to_it(dtype, monkeypatch):
    called, at_once = [], sliding._rectifying_convolution()
    if at_once:
        spied = lambda *given: (called.append(given), at_once(*given))[1]  # noqa: E731
        monkeypatch.setattr(sliding, "_rectifying_convolution", lambda: spied)
    pad = Apply(lambda maps: functional.pad(maps, (0, 0, 1, 1), value=0.5))  # of the other axis, by itself
    network = nn.Sequential(pad, nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
    found, expected, plan = both(network, (1, 7, 40), range(0, 33), worth=1e9, dtype=dtype)
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-6 if dtype == torch.float32 else 1e-12)
    assert plan.layouts.keys() > set(plan.reading.operations)
    assert bool(called) == (dtype == torch.float32 and at_once is not None)


def other_arguments(maps, kernel, bias, algorithm):
    raise RuntimeError("expected at most 4 arguments")


def stride_first(maps, kernel, bias, stride, padding, dilation, *_):
    return functional.conv2d(maps, kernel, bias, stride, padding, dilation).relu()


def rectifying_no_more(maps, kernel, bias, padding, stride, dilation, *_):
    return functional.conv2d(maps, kernel, bias, stride, padding, dilation)


def as_now(maps, kernel, bias, padding, stride, dilation, *_):
    return functional.conv2d(maps, kernel, bias, stride, padding, dilation).relu()


@pytest.mark.parametrize(
    ("operation", "taken"),
    [(None, False), (other_arguments, False), (stride_first, False), (rectifying_no_more, False), (as_now, True)],
)
def test_a_private_operation_of_another_pytorch_is_left_alone(operation, taken, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_convolution_pointwise", operation, raising=False)
    sliding._rectifying_convolution.cache_clear()
    try:
        assert (sliding._rectifying_convolution() is not None) == taken
        network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        found, expected, _ = both(network, (1, 7, 40), range(0, 33), worth=1e9, dtype=torch.float32)
        torch.testing.assert_close(found, expected, rtol=0, atol=5e-6)
    finally:
        sliding._rectifying_convolution.cache_clear()


def test_a_relu_of_six_is_no_relu():
    reading = read_network(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU6()).eval(), (4, 1, 7, 40))
    (operation,) = reading.operations.values()
    maps = torch.full((1, 1, 7, 40), 100.0)
    assert operation.apply(maps, 1, 1).max() <= 6
