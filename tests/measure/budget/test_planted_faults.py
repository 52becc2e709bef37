"""Faults are located at the stage where they were planted; the clean twin of each is blamed for nothing."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.measure.budget.planted import (
    N_SAMPLES,
    Biased,
    ByLevel,
    ByMaximum,
    Leaking,
    LeftOn,
    Repeating,
    budget_of,
    bursts,
    clicks,
    convolution,
    deep,
    linear_but_for,
    mirrored,
    noises,
    plane,
    spectral,
    with_part,
)

FLAT = {"flatten": nn.Flatten(), "linear": nn.Linear(8 * N_SAMPLES, 3)}
SAMPLES, PLACES, PARTS, HOPS = ("time", "0:7:1smp"), ("time", "0:128:16smp"), ("time", "0:1:0.25smp"), "0:960:160smp"

PLANTED = {
    "an early stride": (lambda: deep(first=convolution(1, stride=2)), deep, noises, *SAMPLES, "first"),
    "a late stride": (lambda: deep(late=convolution(stride=2)), deep, noises, *SAMPLES, "late"),
    "a flatten head": (lambda: deep(head=FLAT), deep, noises, *SAMPLES, "flatten"),
    "a zero pad": (lambda: deep(middle=convolution(mode="zeros")), deep, noises, *SAMPLES, "middle"),
    "a zero-padded front end": (
        lambda: spectral(edges="zero"),
        spectral,
        bursts,
        "time",
        HOPS,
        "front_end: border",
    ),
    "a reflecting front end": (
        lambda: mirrored("reflect"),
        lambda: mirrored("circular"),
        bursts,
        "time",
        HOPS,
        "front_end",
    ),
    "a leaking position channel": (
        lambda: with_part(Leaking(), 9),
        lambda: with_part(Repeating(), 9),
        clicks,
        *PLACES,
        "part",
    ),
    "a bias of the place": (lambda: with_part(Biased()), lambda: with_part(nn.Identity()), clicks, *PLACES, "part"),
    "a hop too coarse": (
        lambda: spectral(hop=64),
        lambda: spectral(hop=8),
        bursts,
        "time",
        "0:32:8smp",
        "front_end: framing",
    ),
    "a maximum to normalise by": (
        lambda: linear_but_for(ByMaximum()),
        lambda: linear_but_for(ByLevel()),
        clicks,
        *PARTS,
        "part",
    ),
    "dropout left on": (lambda: with_part(LeftOn()), lambda: with_part(nn.Dropout(0.3)), clicks, *PLACES, "part"),
    "a zero pad in a plane": (
        lambda: spectral(spoiled={3: plane("zeros")}),
        lambda: spectral(spoiled={3: plane()}),
        bursts,
        "time",
        HOPS,
        "network.stages.3",
    ),
    "a zero pad along frequency": (
        lambda: spectral(spoiled={3: plane("zeros")}),
        lambda: spectral(spoiled={3: plane()}),
        bursts,
        "bins",
        "0:6:1bins",
        "network.stages.3",
    ),
    "a stride along frequency": (
        lambda: spectral(spoiled={3: nn.Conv2d(6, 6, 3, (2, 1), padding=1, padding_mode="circular")}),
        lambda: spectral(spoiled={3: plane()}),
        bursts,
        "bins",
        "0:6:1bins",
        "network.stages.3",
    ),
    "bins as channels": (
        lambda: spectral(dimension=1),
        spectral,
        bursts,
        "bins",
        "0:6:1bins",
        "network.stages.0.convolution",
    ),
    "a zero-padded front end before a 1-D network": (
        lambda: spectral(dimension=1, edges="zero"),
        lambda: spectral(dimension=1),
        bursts,
        "time",
        HOPS,
        "front_end: border",
    ),
}


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("fault", PLANTED)
def test_the_fault_is_located_where_it_was_planted_and_its_clean_twin_is_blamed_for_nothing(fault):
    spoiled, clean, clips, axis, grid, stage = PLANTED[fault]
    found = budget_of(spoiled(), clips(), axis, grid)
    assert found.culprit == stage
    assert found.blamed.share.value > 0.5
    assert np.fmax(found.blamed.own_error, found.blamed.own_error_between) > 0.01
    twin = budget_of(clean(), clips(), axis, grid)
    assert twin.culprit is None
    assert twin.total.value < 0.01 * found.total.value  # a half sample takes what little stands at Nyquist


def test_dropout_left_on_is_no_shifts_doing():
    found = budget_of(with_part(LeftOn()), clicks(), *PLACES)
    assert [stage.stage.name for stage in found.stages if stage.random] == ["part"]
    assert found.at_rest == pytest.approx(found.total.value, rel=0.5)
    steady = budget_of(with_part(Leaking(), 9), clicks(), *PLACES)
    assert not any(stage.random for stage in steady.stages)
    assert steady.at_rest == 0


def test_two_faults_share_the_blame_and_the_parts_add_up():
    network = deep(first=convolution(1, stride=2), late=convolution(mode="zeros"))
    found = budget_of(network, noises(), *SAMPLES)
    shares = {stage.stage.name: stage.share.value for stage in found.stages}
    assert sum(shares.values()) == pytest.approx(1)
    assert {"first", "late"} <= {stage.stage.name for stage in found.stages if stage.change.value > 1e-5}
    assert found.cancelled > 0


def test_where_nothing_changes_beyond_rounding_there_is_nothing_to_share():
    found = budget_of(deep(), noises(), *SAMPLES)
    assert all(np.isnan(stage.share.value) for stage in found.stages)
    assert found.between_clips > 1e-4
