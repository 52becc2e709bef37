"""A plan is split until its long maps fit into memory, and its tiles answer as every window does by itself."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.sweep.borders import _take
from audioinv.sweep.engines import split_plan
from audioinv.sweep.lattice import Lattice
from audioinv.sweep.reading import read_network
from audioinv.sweep.shared import plan_sharing, respond_shared

BATCH, N_SAMPLES = 8, 96


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [
            nn.Unflatten(1, (1, N_SAMPLES)),
            nn.Conv1d(1, 4, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv1d(4, 4, 3, padding=1),
            nn.MaxPool1d(2),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(4, 3),
        ]
        return nn.Sequential(*layers).double().eval().requires_grad_(False)


def split(network, offsets, max_values):
    reading = read_network(network, (BATCH, N_SAMPLES), axis=-1)
    return split_plan(reading, plan_sharing(reading, Lattice(offsets)), max_values)


def answers(plans, tape):
    found = []
    for plan in plans:
        layout = plan.layouts[plan.reading.input]
        found.append(respond_shared(plan, tape[:, layout.first : layout.first + layout.length]))
    return torch.cat(found)


@pytest.mark.parametrize("max_values", [10**9, 8000, 3000, 1])
@pytest.mark.parametrize("gap", [1, 6, 8, 20])
def test_tiles_answer_as_windows_do(network, gap, max_values):
    offsets = tuple(gap * i for i in range(37))
    plans = split(network, offsets, max_values)
    assert sum((plan.lattice.offsets for plan in plans), ()) == offsets
    tape = torch.randn(1, offsets[-1] + N_SAMPLES, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = network(torch.stack([tape[0, offset : offset + N_SAMPLES] for offset in offsets]))
    torch.testing.assert_close(answers(plans, tape), expected, rtol=0, atol=1e-12)
    wrong = answers(plans, tape.roll(1))
    assert (wrong - expected).abs().max() > 1e-6


def test_few_windows_are_split_too_as_long_as_they_share_as_much(network):
    def sizes(gap, max_values):
        return [len(plan.lattice.offsets) for plan in split(network, tuple(gap * i for i in range(15)), max_values)]

    assert sizes(4, 10**9) == [15]
    assert max(sizes(4, 1)) <= 3
    assert sizes(80, 1) == [7, 8]  # three that hardly overlap share less, and would run in a batch of eight


def test_windows_apart_are_taken_without_copying_what_lies_between():
    overlapping = torch.arange(4.0).expand(1, 1 << 24, 4)  # which would be 256 MiB, and in place of 4 more 1 TiB
    wide = overlapping[..., None].expand(1, 1 << 24, 4, 1 << 12)
    taken = _take(wide, np.array([0, 1, 5]))
    assert taken.shape == (1, 3, 4, 1 << 12)
    assert torch.equal(taken[0, 2, :, 7], torch.arange(4.0))
