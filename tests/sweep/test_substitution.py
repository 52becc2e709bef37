"""Maps put in place of what layers answer: they reach what comes after, and nothing else."""

import pytest
import torch
from torch import nn

from audioinv.nets.model import as_model
from audioinv.sweep.activations import LayerFeed, named_layers
from audioinv.sweep.substitution import run_with

N = 8


class Residual(nn.Module):
    """Two ReLUs in place, and a way around the second."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(N, N, bias=False)
        nn.init.eye_(self.first.weight)
        self.relu = nn.ReLU(inplace=True)
        self.shift = nn.Identity()

    def forward(self, waveforms):
        maps = self.relu(self.first(waveforms))
        return maps[:, :2] + self.shift(maps[:, :2] - 1)


class Drawing(nn.Module):
    def forward(self, maps):
        return maps + torch.rand(maps.shape)


def feed_of(module, n_classes=2):
    labels = [str(i) for i in range(n_classes)]
    return LayerFeed(as_model(module, sample_rate=8000, labels=labels, n_samples=N), "time")


def run(module, inputs, given=(), watched=(), **more):
    feed = feed_of(module, **more)
    return run_with(feed, named_layers(feed.model), inputs, dict(given), watched)


@pytest.fixture
def inputs():
    return torch.arange(-4.0, 4.0).repeat(2, 1)


def test_without_anything_put_in_place_it_is_the_model(inputs):
    found = run(Residual(), -inputs, watched=["first", "relu"])
    assert torch.equal(found.scores, Residual()(-inputs))
    assert torch.equal(found.maps["first"], -inputs)  # not what the ReLU in place made of it
    assert torch.equal(found.maps["relu"], (-inputs).clamp(min=0))


def test_a_map_reaches_every_way_out_of_it_and_is_left_as_it_was(inputs):
    put = torch.full((2, N), -3.0)
    found = run(Residual(), inputs, {"first": put}, ["first", "relu", "shift"])
    assert torch.equal(found.maps["first"], put)
    assert (found.scores == -1).all()  # 0 around, and 0 - 1 through
    assert (put == -3).all(), "the ReLU in place overwrote what it was given"
    later = run(Residual(), inputs, {"shift": torch.zeros(2, 2)}, ["relu"])
    assert torch.equal(later.scores, Residual()(inputs) - Residual().shift(later.maps["relu"][:, :2] - 1))


def test_random_networks_draw_the_same_numbers_at_every_run_and_leave_the_generator_alone(inputs):
    first = run(Drawing(), inputs, n_classes=N).scores
    torch.rand(3)
    before = torch.get_rng_state()
    second = run(Drawing(), inputs, n_classes=N).scores
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    assert torch.equal(torch.get_rng_state(), before)


def test_no_hook_is_left(inputs):
    module = Residual()
    run(module, inputs, {"relu": torch.zeros(2, N)})
    assert not any(part._forward_hooks for part in module.modules())
