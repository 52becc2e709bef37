"""What a window is to a network, the batch that follows from it, and what a sweep is said to take."""

import time
from dataclasses import replace

import pytest
import torch
from torch import nn

from audioinv.nets.model import as_model
from audioinv.sweep import estimate
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


@pytest.mark.parametrize(("n_channels", "batch"), [(1, 16), (262, 16), (263, 8), (524, 8), (525, 4), (1100, 4)])
def test_the_largest_map_of_a_batch_stays_within_bounds(n_channels, batch):
    model = model_of(n_channels)
    assert choose_batch(model) == batch == plan_sweep(model, {"time": "1ms"}).batch_size
    assert plan_sweep(model, {"time": "1ms"}, batch_size=3).batch_size == 3


def test_of_what_is_not_seen_into_the_window_decides():
    opaque = [as_model(lambda x: x[:, :2], sample_rate=8000, labels="ab", n_samples=n) for n in (32000, 64000, 128000)]
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


@pytest.mark.parametrize(("seconds_of_pass", "runs"), [(0.0, 2), (1.0, 0)])
def test_a_sweep_of_a_moment_is_run_and_not_counted(seconds_of_pass, runs, monkeypatch):
    model, called = make_model(), []

    def respond(*given):
        called.append(given)
        time.sleep(0.02)

    monkeypatch.setattr(estimate, "respond_to_clip", respond)
    plan = plan_sweep(model, {"time": "-100:100:10ms", "gain": "6dB"})
    grid, choices = plan.grids[0], choose_engines(model, plan)
    found = estimate_axis(model, plan, grid, choices["time"], seconds_of_pass=seconds_of_pass)
    assert len(called) == runs
    assert all(given[2].grids == (grid,) and given[3] == {"time": choices["time"]} for given in called)
    assert (0.02 <= found.seconds < 1) if runs else found.seconds >= 21


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
