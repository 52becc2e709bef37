"""Hooks on layers: what they record, what they leave alone, and derivatives against differences."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError, ModelError
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sound.clip import Clip
from audioinv.sweep.activations import LayerFeed, named_layers, record_maps

N_SAMPLES = 64


class Twice(nn.Module):
    """Calls one ReLU twice, in place, and something that answers with no tensor of numbers."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(1, 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool1d(4)
        self.dropout = nn.Dropout(0.9)

    def forward(self, waveforms):
        maps = self.relu(self.convolution(waveforms[:, None]))
        return self.dropout(self.relu(self.pool(maps) - 0.1)).mean(-1)


def model_of(module, n_classes=2):
    return as_model(module, sample_rate=8000, labels=[str(i) for i in range(n_classes)], n_samples=N_SAMPLES)


@pytest.fixture
def clip(rng):
    return Clip(rng.standard_normal(N_SAMPLES).astype(np.float32), 8000, name="noise")


@pytest.fixture
def spectral():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        spec = ModelSpec("toy", 16000, 4800, ("a", "b"))
        return ClassifierModel(Classifier(architecture("cnn2d-mel", spec)))


def test_layers_are_recorded_in_the_order_of_their_calls(rng):
    module = Twice()
    model = model_of(module)
    inputs = torch.from_numpy(rng.standard_normal((5, N_SAMPLES)).astype(np.float32))
    maps = record_maps(named_layers(model), model.respond, inputs)
    assert list(maps) == ["convolution", "relu", "pool", "relu (2)", "dropout"]
    with torch.no_grad():
        convolved = module.convolution(inputs[:, None])
    torch.testing.assert_close(maps["convolution"].output, convolved)  # not what the ReLU in place made of it
    torch.testing.assert_close(maps["relu"].output, convolved.clamp(min=0))
    assert not torch.equal(maps["relu"].output, maps["convolution"].output)
    torch.testing.assert_close(maps["dropout"].output, maps["relu (2)"].output)
    torch.testing.assert_close(maps["pool"].pooled, maps["relu"].output)
    assert [name for name, found in maps.items() if found.pooled is not None] == ["pool"]


def test_the_network_is_put_into_evaluation_mode_and_left_without_hooks(rng):
    model = model_of(Twice())
    model.module.train()
    inputs = torch.from_numpy(10 * rng.standard_normal((2, N_SAMPLES)).astype(np.float32))
    layers = named_layers(model)
    first, second = (record_maps(layers, model.respond, inputs)["dropout"].output for _ in range(2))
    assert torch.equal(first, second)
    assert first.any()
    assert not any(module._forward_hooks for module in model.module.modules())


def test_layers_can_be_chosen_by_name():
    model = model_of(nn.Sequential(nn.Unflatten(-1, (1, N_SAMPLES)), nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU())))
    assert list(named_layers(model)) == ["0", "1.0", "1.1"]
    assert list(named_layers(model, ["1"])) == ["1"]
    with pytest.raises(InputError, match=r"no layer 2 in model Sequential; there are 0, 1, 1\.0, 1\.1"):
        named_layers(model, ["2"])


def test_a_function_shows_no_layers():
    model = model_of(lambda waveforms: waveforms[:, :2])
    with pytest.raises(ModelError, match=r"layers cannot be seen; give its torch\.nn\.Module to as_model"):
        named_layers(model)


def test_shifts_reach_the_layers(clip, spectral):
    inputs = LayerFeed(model_of(Twice()), "time").shifted(clip, [0, 3])
    np.testing.assert_array_equal(inputs[1], np.roll(clip.waveform, 3))
    silent_edge = LayerFeed(model_of(Twice()), "time", edges="zero").shifted(clip, [3])[0]
    assert (silent_edge[:3] == 0).all()
    feed = LayerFeed(spectral, "bins")
    bins = feed.shifted(feed.noise(), [0, 2])
    torch.testing.assert_close(bins[1, 2:], bins[0, :-2])
    assert "front_end" not in feed.maps(named_layers(spectral), bins)
    assert "front_end" in LayerFeed(spectral, "time").maps(named_layers(spectral), torch.zeros(1, 4800))


def test_bins_need_a_known_spectrogram():
    with pytest.raises(InputError, match="takes the waveform itself"):
        LayerFeed(model_of(Twice()), "bins")
    with pytest.raises(InputError, match="axis='pitch' is not one of"):
        LayerFeed(model_of(Twice()), "pitch")


def test_derivatives_are_those_of_small_differences(spectral):
    feed, layers = LayerFeed(spectral, "time"), named_layers(spectral)
    inputs = feed.shifted(feed.noise(), [0.0])
    change = torch.cos(torch.arange(4800) / 7.0)[None] * 0.1
    rates = feed.rates(layers, inputs, change)
    spectral.module.double()
    step = 1e-6
    later, sooner = (feed.maps(layers, inputs.double() + sign * step * change.double()) for sign in (1, -1))
    for name, rate in rates.items():
        expected = (later[name].output - sooner[name].output) / (2 * step)
        error = (rate - expected).norm() / expected.norm()
        assert error < 1e-3, name
        assert (2 * rate - expected).norm() / expected.norm() > 0.5


def test_a_layer_in_place_leaves_the_derivative_before_it_alone(rng):
    module = Twice()
    feed = LayerFeed(model_of(module), "time")
    inputs, change = torch.from_numpy(rng.standard_normal((2, 1, N_SAMPLES)).astype(np.float32))
    rate = feed.rates(named_layers(feed.model), inputs, change)["convolution"]
    with torch.no_grad():
        expected = module.convolution((inputs + change)[:, None]) - module.convolution(inputs[:, None])
    torch.testing.assert_close(rate, expected)


def test_a_layer_that_drops_channels_does_not_pool():
    class First(nn.Module):
        def forward(self, maps):
            return maps[:, :1]

    model = model_of(nn.Sequential(nn.Unflatten(-1, (2, N_SAMPLES // 2)), First(), nn.AvgPool1d(2)))
    maps = record_maps(named_layers(model), model.respond, torch.zeros(1, N_SAMPLES))
    assert [found.pooled is not None for found in maps.values()] == [False, False, True]


def test_a_model_without_derivatives_says_none(clip):
    class Foreign(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.ReLU()

        def forward(self, waveforms):
            return self.layer(torch.from_numpy(np.cumsum(waveforms.detach().numpy(), -1)))[:, :2]

    feed = LayerFeed(model_of(Foreign()), "time")
    assert feed.rates(named_layers(feed.model), torch.from_numpy(clip.waveform)[None], torch.ones(1, N_SAMPLES)) is None


@pytest.mark.parametrize("axis", ["time", "bins"])
def test_other_borders_differ_at_the_border_only(spectral, axis):
    feed = LayerFeed(spectral, axis)
    inputs = feed.shifted(feed.noise(), [0.0])
    others = feed.other_borders(inputs)
    place, n_border = (-1, 160) if axis == "time" else (-2, 1)
    n = inputs.shape[place]
    assert torch.equal(
        others.narrow(place, n_border, n - 2 * n_border),
        inputs.repeat(4, *[1] * (inputs.ndim - 1)).narrow(place, n_border, n - 2 * n_border),
    )
    for start in (0, n - n_border):
        assert (others.narrow(place, start, n_border) != inputs.narrow(place, start, n_border)).all()
