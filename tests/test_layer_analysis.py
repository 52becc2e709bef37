"""Layers end to end: known answers of small networks, each with a control that must fail."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.layer_analysis import LayerOptions, analyze_layers, layers
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip

N_SAMPLES = 320


class Constant(nn.Module):
    def forward(self, maps):
        return torch.full_like(maps, 0.1)


class Positions(nn.Module):
    """A constant for every clip that moves when nothing else does: dead, though not constant along time."""

    def forward(self, maps):
        return torch.ones_like(maps) * torch.arange(maps.shape[-1])


class Noisy(nn.Module):
    def forward(self, maps):
        return maps + 0.1 * torch.randn_like(maps)


def convolution(stride=1, bias=True, mode="circular"):
    return nn.Conv1d(1, 3, 5, stride, padding=2, padding_mode=mode, bias=bias)


def model_of(*modules):
    network = nn.Sequential(nn.Unflatten(-1, (1, N_SAMPLES)), *modules)
    return as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=N_SAMPLES)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def clips(rng):
    return [Clip(rng.standard_normal(N_SAMPLES).astype(np.float32), 8000, name=f"noise {i}") for i in range(4)]


@pytest.fixture
def smooth(clips):
    """The same clips with nothing in the upper three quarters of their band."""
    spectra = [np.fft.rfft(clip.waveform) * (np.arange(N_SAMPLES // 2 + 1) < N_SAMPLES // 8) for clip in clips]
    return [
        replace(clip, waveform=np.fft.irfft(spectrum).astype(np.float32))
        for clip, spectrum in zip(clips, spectra, strict=True)
    ]


def verdicts(model, clips, time, **options):
    results = layers(model, clips, time=time, **options)
    return [layer.verdict for layer in results.axes["time"].layers][1:], results.axes["time"].layers[1:]


def test_a_circular_convolution_moves_along_and_its_average_stays(clips):
    model = model_of(convolution(), nn.ReLU(), nn.AdaptiveAvgPool1d(1))
    found, summaries = verdicts(model, clips, "1:7:1smp")
    assert [str(verdict) for verdict in found] == [
        "equivariant, stride 1, exactly",
        "equivariant, stride 1, exactly",
        "invariant, exactly",
    ]
    assert summaries[0].equivariance_error < 1e-6
    assert summaries[0].commutation_error < 1e-6
    assert summaries[0].invariance_error > 0.5
    assert summaries[0].nv > 0.5
    assert summaries[2].nv < 1e-5


def test_control_a_convolution_padded_with_zeros_moves_along_away_from_its_border_only(clips):
    found, summaries = verdicts(model_of(convolution(mode="zeros"), nn.AdaptiveAvgPool1d(1)), clips, "1:7:1smp")
    assert str(found[0]) == "equivariant, stride 1, exactly"
    assert summaries[0].commutation_error > 0.01
    assert str(found[1]) == "neither"


def test_a_stride_of_two_moves_along_at_even_shifts_only(clips):
    model = model_of(convolution(stride=2), nn.ReLU(), nn.MaxPool1d(2))
    even, _ = verdicts(model, clips, "4:12:4smp")
    assert [str(verdict) for verdict in even][:2] == ["equivariant, stride 2, exactly"] * 2
    assert even[2].kind == "equivariant"
    assert even[2].stride == 4
    odd, summaries = verdicts(model, clips, "1:7:2smp")
    assert [verdict.kind for verdict in odd] == ["neither", "neither", "neither"]
    assert summaries[0].equivariance_error > 0.1
    both, summaries = verdicts(model, clips, "1:8:1smp")
    assert [str(verdict) for verdict in both] == [f"equivariant, stride {r}, exactly" for r in (2, 2, 4)]
    assert summaries[0].equivariance_error < 1e-6 < 0.1 < summaries[0].equivariance_error_between


def test_a_rectifier_breaks_fractions_of_a_step_that_a_convolution_keeps(smooth):
    found, summaries = verdicts(model_of(convolution(), nn.ReLU()), smooth, "0.5:0.5:1smp")
    assert str(found[0]) == "equivariant, stride 1, exactly"
    assert found[1].kind == "neither"
    assert summaries[0].equivariance_error < 1e-4 < 0.01 < summaries[1].equivariance_error


def test_flattening_ends_it(clips):
    found, _ = verdicts(model_of(convolution(), nn.Flatten(), nn.Linear(3 * N_SAMPLES, 2)), clips, "1:4:1smp")
    assert [verdict.kind for verdict in found] == ["equivariant", "neither", "neither"]


def test_a_constant_layer_is_dead_and_not_invariant(clips):
    found, summaries = verdicts(model_of(convolution(), Constant(), Positions()), clips, "1:4:1smp")
    assert [verdict.kind for verdict in found] == ["equivariant", "dead", "dead"]
    assert summaries[1].n_dead == summaries[1].n_units > 0
    assert summaries[1].invariance_error == 0
    assert np.isnan(summaries[1].nv)


def test_a_bias_does_not_make_a_layer_invariant(clips):
    class Biased(nn.Module):
        def forward(self, maps):
            return maps + 1000

    found, summaries = verdicts(model_of(convolution(), Biased()), clips, "0.5:0.5:1smp")
    assert summaries[1].invariance_error < 0.01
    assert found[1].kind != "invariant"


def test_a_layer_that_differs_from_call_to_call_is_left_undecided(clips):
    model = model_of(convolution(), Noisy())
    found, summaries = verdicts(model, clips, "1:4:1smp")
    errors = layers(model, clips, time="1:4:1smp").axes["time"].errors["2"]
    assert {of_clip[0].invariance_error for of_clip in errors} == {0}
    assert [verdict.kind for verdict in found] == ["equivariant", "undecided"]
    assert summaries[1].floors.repeat > 0.05


def test_shift_zero_is_exactly_zero_and_results_repeat(clips):
    model = model_of(convolution(stride=2), nn.ReLU())
    results = layers(model, clips, time="1:20:1smp", edges="zero")
    for of_layer in results.axes["time"].errors.values():
        for of_clip in of_layer:
            assert (of_clip[0].invariance_error, of_clip[0].equivariance_error, of_clip[0].best_lag) == (0, 0, 0)
            assert of_clip[1].invariance_error > 0
    again = layers(model, clips, time="1:20:1smp", edges="zero").document
    assert json.dumps({**again, "run": 0}) == json.dumps({**results.document, "run": 0})


def test_summaries_are_means_of_what_clips_show(clips):
    results = layers(model_of(convolution(stride=2), nn.ReLU()), clips, time="1:4:1smp")
    axis = results.axes["time"]
    layer = axis.layers[1]
    rows = axis.errors[layer.lies.layer]
    assert layer.invariance_error == pytest.approx(np.mean([[e.invariance_error for e in row[1:]] for row in rows]))
    assert layer.equivariance_error == pytest.approx(
        np.mean([[row[s].equivariance_error for s in (2, 4)] for row in rows])
    )
    between = np.mean([[row[s].equivariance_error for s in (1, 3)] for row in rows])
    assert layer.equivariance_error_between == pytest.approx(between)
    assert [error.expected_lag for error in rows[0]] == [0, 0.5, 1, 1.5, 2]


def test_local_errors_are_small_where_a_layer_moves_along(smooth):
    _, summaries = verdicts(model_of(convolution(stride=2), nn.AdaptiveAvgPool1d(1)), smooth, "1:2:1smp")
    moving, pooled = summaries
    assert moving.local_equivariance_error < 1e-3 * moving.local_invariance_error
    assert pooled.local_invariance_error < 1e-6 * moving.local_invariance_error
    assert np.isnan(pooled.local_equivariance_error)
    assert 0 < moving.local_disagreement < 0.3


def test_the_bias_of_a_maximum_is_one(clips):
    _, summaries = verdicts(model_of(convolution(), nn.ReLU(), nn.MaxPool1d(2)), clips, "2:4:2smp")
    assert np.isnan(summaries[1].sampling_bias)
    assert summaries[2].sampling_bias == 1


def test_without_grids_the_strides_of_the_network_are_taken(clips):
    results = analyze_layers(model_of(convolution(stride=2), nn.MaxPool1d(4)), clips, LayerOptions(freq="50Hz"))
    assert list(results.axes) == ["freq"]
    results = layers(model_of(convolution(stride=2), nn.MaxPool1d(4)), clips)
    assert results.axes["time"].shifts == (0, 0.25, 0.5, 1, 2, 8, 16)
    assert results.axes["freq"].shifts == (0, 25, 50, 100)


def test_bins_of_a_network_in_two_dimensions(rng):
    spec = ModelSpec("toy", 16000, 8000, ("a", "b"))
    model = ClassifierModel(Classifier(architecture("cnn2d-mel", spec)))
    clips = [Clip(rng.standard_normal(8000).astype(np.float32), 16000, name=f"noise {i}") for i in range(3)]
    followed = ("front_end", "network.stages.0.convolution", "network.stages.7")
    options = LayerOptions("160:640:480smp", "1:4:3bins", layers=followed)
    results = analyze_layers(model, clips, options)
    of_bins = {layer.lies.layer: str(layer.verdict) for layer in results.axes["bins"].layers}
    assert of_bins["network.stages.0.convolution"] == "equivariant, stride 1, exactly"
    assert of_bins["network.stages.7"] == "equivariant, stride 4, exactly"
    of_time = {layer.lies.layer: str(layer.verdict) for layer in results.axes["time"].layers}
    assert of_time["front_end"] == "equivariant, stride 160, exactly"
    assert "front_end" not in of_bins


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edges": "wrap"}, "edges='wrap' is not one of"),
        ({"tolerance": 1.0}, "tolerance=1.0 must lie between 0 and 1"),
        ({"max_units": 0}, "max_units=0 must be at least 1"),
        ({"bins": "1:2:1bins", "freq": "50Hz"}, "give one of them"),
        ({"time": "0smp"}, "holds no shift other than 0"),
        ({"layers": ("no",)}, "no layer no in model"),
    ],
)
def test_what_is_wrong_is_said(clips, options, message):
    with pytest.raises(InputError, match=message):
        analyze_layers(model_of(convolution()), clips, LayerOptions(**options))


def test_one_clip_is_not_enough_and_a_silent_one_is_a_failure(clips):
    silent = Clip(np.zeros(400, np.float32), 8000, name="silence")
    long = [replace(clip, waveform=np.tile(clip.waveform, 2)) for clip in clips]
    model = model_of(convolution())
    with pytest.raises(InputError, match=r"1 clip\(s\) could be analysed, but two are needed.*silence: silent"):
        layers(model, [long[0], silent], time="1smp")
    results = layers(model, [*long, silent], time="1smp")
    assert [failure.path for failure in results.failures] == ["silence"]
    assert results.clips == tuple(clip.name for clip in long)


def test_an_unknown_axis_is_refused(clips):
    with pytest.raises(InputError, match="axis pitch is not one of time, bins, freq"):
        layers(model_of(convolution()), clips, pitch="1st")
