"""What a window is to a network, the batch that follows from it, and what a sweep is said to take."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from audioinv.nets.model import as_model
from audioinv.sweep.borders import Block, name_ends
from audioinv.sweep.cost import shared_values
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.estimate import estimate_axis
from audioinv.sweep.plan import plan_sweep
from audioinv.sweep.probing import Probe, choose_batch, probe_model, seconds_of_pass
from audioinv.sweep.shared import _make_long_maps

from .test_engines import make_model


def network(n_channels, n_samples):
    layers = [nn.Unflatten(1, (1, n_samples)), nn.Conv1d(1, n_channels, 5, padding=2), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(n_channels, 2))


def model_of(n_channels, n_samples=1000):
    return as_model(network(n_channels, n_samples), sample_rate=8000, labels="ab", n_samples=n_samples)


def test_a_probe_counts():
    assert probe_model(model_of(7)) == Probe(7 * 1000 * 5 + 7 * 2, 7 * 1000)
    assert probe_model(as_model(lambda x: x[:, :2], sample_rate=8000, labels="ab", n_samples=9)) is None


@pytest.mark.parametrize(("n_channels", "batch"), [(1, 16), (131, 16), (132, 8), (262, 8), (263, 4), (1100, 4)])
def test_the_largest_map_of_a_batch_stays_within_bounds(n_channels, batch):
    model = model_of(n_channels)
    assert choose_batch(model) == batch == plan_sweep(model, {"time": "1ms"}).batch_size
    assert plan_sweep(model, {"time": "1ms"}, batch_size=3).batch_size == 3


def test_of_what_is_not_seen_into_the_window_decides():
    opaque = [as_model(lambda x: x[:, :2], sample_rate=8000, labels="ab", n_samples=n) for n in (16000, 32000, 64000)]
    assert [choose_batch(model) for model in opaque] == [16, 8, 4]


@pytest.mark.parametrize("engine", ["batched", "shared"])
def test_an_estimate_adds_up(engine):
    model = make_model()
    plan = replace(plan_sweep(model, {"time": "-100:100:10ms"}), engine=engine, verify=2)
    choice = choose_engines(model, plan)["time"]
    found = estimate_axis(model, plan, plan.grids[0], choice, seconds_of_pass=2.0)
    if engine == "batched":
        assert found.passes == 21
        assert found.n_bytes == 4 * (3 * plan.batch_size * probe_model(model).largest_map + plan.batch_size * 4000)
        assert 42 < found.seconds < 60
        return
    assert found.passes == choice.cost.passes + 3 < 21
    assert found.seconds == 2 * found.passes
    assert f"{found.passes:.3g} passes, " in found.text


def test_no_long_map_is_forgotten():
    model = make_model()
    plan = replace(plan_sweep(model, {"time": "-100:100:10ms"}), engine="shared")
    (shared,) = choose_engines(model, plan)["time"].plans
    tape = torch.zeros(1, shared.layouts[shared.reading.input].length)
    with torch.inference_mode():
        maps = _make_long_maps(shared, tape)
        block = Block(shared, maps, range(21), name_ends(shared, torch.rand(tape.shape)))
    borders = [side for sides in block.borders.values() for side in sides if side is not None]
    held = sum(values.numel() for values in (*maps.values(), *borders))
    assert held < shared_values(shared) < 3 * held


def test_a_pass_is_timed_for_one_window():
    assert 0 < seconds_of_pass(model_of(7), 4) < 1
