"""The error budget end to end: what is taken where nothing is given, and what is measured beside."""

import numpy as np
import pytest
import torch

from audioinv.budget_analysis import BudgetOptions, analyze_budget, budget
from audioinv.errors import InputError, ModelError
from audioinv.layer_analysis import layers
from audioinv.nets.library import load_model
from audioinv.nets.model import as_model
from audioinv.sound.clip import Clip
from tests.measure.budget.planted import Leaking, bursts, clicks, deep, noises, spectral, with_part

REFERENCES = ("drums-averaging", "drums-constant", "drums-matched", "drums-random", "drums-spectrum")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_without_grids_it_takes_the_networks_own_strides_and_some_semitones():
    found = budget(spectral(), bursts(3))
    assert list(found.axes) == ["time", "bins", "pitch"]
    assert found.axes["time"].shifts == layers(spectral(), bursts(2)).axes["time"].shifts
    assert found.axes["pitch"].shifts == (-2, -1, 0, 1, 2)
    assert list(budget(deep(), noises(3)).axes) == ["time", "pitch"]


def test_bins_alone_have_no_delays_beside_them():
    found = budget(spectral(), bursts(3), bins="0:2:1bins")
    assert list(found.axes) == ["bins"]
    assert (found.phases, found.border, found.probes) == (None, (), ())


def test_the_border_is_measured_at_the_same_delays_and_the_phase_where_the_front_end_is_known():
    found = budget(spectral(), bursts(3), time="0:64:16smp")
    assert [effect.edges for effect in found.border] == ["circular", "zero", "context"]
    assert found.border[0].change.value < 1e-6 < found.border[1].change.value
    assert found.phases.hop_samples == 16
    assert budget(deep(), noises(3), time="0:4:1smp").phases is None


def test_the_probe_reads_the_layers_it_is_told_to():
    sounds = [Clip(np.roll(clip.waveform, -20 * i), 8000, name=clip.name) for i, clip in enumerate(clicks(10))]
    options = BudgetOptions(time="0:4:1smp", probe=("first", "relu"))
    found = analyze_budget(with_part(Leaking(), 9), sounds, options)
    assert {probe.layer: probe.leaks for probe in found.probes} == {"first": False, "relu": True}
    assert [probe.layer for probe in budget(with_part(Leaking(), 9), sounds, time="1smp").probes] == ["relu"]


def test_groups_are_what_intervals_resample():
    sounds = [Clip(clip.waveform, 8000, name=clip.name, group=f"kit {i % 11}") for i, clip in enumerate(noises(22))]
    summary = budget(deep(), sounds, time="0:2:1smp").axes["time"].summary
    assert (summary.total.n, summary.total.n_groups, summary.total.unit) == (22, 11, "group")


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_shipped_references_are_looked_into_like_any_model(name):
    model = load_model(name)
    rng = np.random.default_rng(0)
    spec = model.spec
    sounds = [
        Clip(0.1 * rng.standard_normal(spec.n_samples).astype(np.float32), spec.sample_rate, name=str(i))
        for i in range(3)
    ]
    grids = {"time": "0:160:80smp"} if model.front_end is None else {"time": "0:160:80smp", "bins": "0:2:1bins"}
    found = budget(model, sounds, **grids)
    assert all(axis.summary.stages[-1].stage.name == "answer" for axis in found.axes.values())
    # What is proved of the two is found again, and not of the others.
    assert (found.axes["time"].summary.culprit is None) == (name in ("drums-constant", "drums-spectrum"))
    looked_into = layers(model, sounds, time="0:160:80smp").axes["time"].layers
    assert looked_into


@pytest.mark.parametrize(
    ("grids", "message"),
    [
        ({"freq": "50Hz"}, "axis freq is not one of time, bins, pitch"),
        ({"pitch": "0st"}, "holds no interval other than 0; give one such as -2:2:1st"),
        ({"time": "0smp"}, "holds no shift other than 0"),
        ({"bins": "1bins"}, "needs a model whose spectrogram is known"),
    ],
)
def test_what_is_wrong_is_said(grids, message):
    with pytest.raises(InputError, match=message):
        budget(deep(), noises(3), **grids)


def test_a_model_without_layers_and_options_that_mean_nothing_are_refused():
    function = as_model(lambda waveforms: waveforms[:, :2], sample_rate=8000, labels=["a", "b"], n_samples=256)
    with pytest.raises(ModelError, match="layers cannot be seen"):
        budget(function, noises(3))
    with pytest.raises(InputError, match="tolerance=2 must lie between 0 and 1"):
        BudgetOptions(tolerance=2)
    with pytest.raises(InputError, match="is not a grid"):
        BudgetOptions(pitch="-o")
    with pytest.raises(InputError, match=r"1 clip\(s\) could be analysed"):
        budget(deep(), noises(1), time="1smp")
