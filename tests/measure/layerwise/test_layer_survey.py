"""The survey of a network: strides and inner steps against the theory of convolutions."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.measure.layerwise.layer_survey import MapAxis, survey_layers
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.sweep.activations import LayerFeed, named_layers


def surveyed(*modules, n_samples=256):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Unflatten(-1, (1, n_samples)), *(make() for make in modules))
    model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=n_samples)
    return survey_layers(LayerFeed(model, "time"), named_layers(model))[1:]


def test_strides_and_inner_steps_of_convolutions_and_pools():
    found = surveyed(
        lambda: nn.Conv1d(1, 4, 5, padding=2),
        lambda: nn.Conv1d(4, 4, 4, stride=3),
        lambda: nn.MaxPool1d(2),
        lambda: nn.AdaptiveAvgPool1d(1),
        nn.Flatten,
    )
    assert [lies.stride for lies in found] == [1, 3, 6, 6, 6]
    assert [lies.place for lies in found] == [-1, -1, -1, None, None]
    assert all(lies.confirmed for lies in found)
    # 16 samples at either end are changed; a step is touched if it sees one of them.
    sees = {
        0: lambda k: range(k - 2, k + 3),
        1: lambda k: range(3 * k - 2, 3 * k + 6),
        2: lambda k: range(6 * k - 2, 6 * k + 9),
    }
    for place, window in sees.items():
        free = [k for k in range(found[place].n_steps) if min(window(k)) >= 16 and max(window(k)) < 240]
        assert found[place].inner == (free[0], free[-1] + 1)


class Centred(nn.Module):
    def forward(self, maps):
        return maps - maps.mean(-1, keepdim=True)


def test_a_layer_that_sees_everything_has_no_inner_steps():
    assert surveyed(Centred)[0].inner is None


def test_what_differs_from_call_to_call_is_not_the_borders_doing():
    class Unsteady(nn.Module):
        def forward(self, maps):
            return maps + 1e-4 * torch.randn_like(maps)

    assert surveyed(Unsteady)[0].inner == (16, 240)


def test_a_layer_that_reaches_far_is_confirmed_on_the_few_steps_that_the_border_leaves_alone():
    (found,) = surveyed(lambda: nn.Conv1d(1, 2, 193, padding=96))
    assert (found.inner, found.stride, found.confirmed) == ((112, 144), 1, True)


def test_maps_of_two_and_three_steps_move_along():
    """The least that can move; of one with a step that the border leaves alone nothing can be compared."""
    (two,) = surveyed(lambda: nn.AvgPool1d(128))
    assert (two.place, two.stride, two.inner) == (-1, 128, None)
    three, centred = surveyed(lambda: nn.AvgPool1d(80), Centred, n_samples=240)
    assert (three.place, three.stride, three.inner, three.confirmed) == (-1, 80, (1, 2), False)
    assert (centred.place, centred.stride, centred.inner, centred.confirmed) == (-1, 80, None, True)


def test_a_map_made_longer_again_moves_along_at_every_other_step():
    """It repeats each step of a map of stride 2, so that a shift by one sample would find it nowhere."""
    pooled, longer = surveyed(lambda: nn.MaxPool1d(2), lambda: nn.Upsample(scale_factor=2))
    assert (pooled.stride, pooled.confirmed) == (2, True)
    assert (longer.n_steps, longer.stride, longer.confirmed) == (256, 1, True)


def test_channels_alone_are_no_axis_even_if_they_move_along():
    (flat,) = surveyed(nn.Flatten)
    assert (flat.shape, flat.place, flat.n_steps, flat.stride, flat.inner) == ((256,), None, 1, 1, None)


def test_rows_have_the_axis_last_and_channels_first():
    found = torch.arange(24).reshape(2, 3, 4)
    along_bins = MapAxis("planted", "Planted", (2, 3, 4), -2, 1, True, None)
    assert along_bins.n_steps == 3
    np.testing.assert_array_equal(along_bins.rows(found), np.arange(24).reshape(2, 3, 4).swapaxes(1, 2))
    without = MapAxis("planted", "Planted", (2, 3, 4), None, 1, True, None)
    assert without.n_steps == 1
    assert without.rows(found).tolist() == [[value] for value in range(24)]


def test_one_channel_that_the_border_reaches_is_enough():
    class WithConstant(nn.Module):
        def forward(self, maps):
            return torch.cat([maps, torch.ones_like(maps)], 1)

    assert surveyed(WithConstant)[0].inner == (16, 240)


def test_a_map_that_does_not_move_along_is_not_confirmed():
    class Shuffled(nn.Module):
        def forward(self, maps):
            return maps[..., torch.from_numpy(np.random.default_rng(0).permutation(maps.shape[-1]))]

    assert not surveyed(Shuffled)[0].confirmed
    assert surveyed(nn.Identity)[0].confirmed


def test_a_map_that_stays_has_no_axis_to_move_along_whatever_its_size():
    class OverTime(nn.Module):
        """(channels, time) to (channels, 9): what looks like time is none."""

        def forward(self, maps):
            return maps.square().mean(-1, keepdim=True) * torch.arange(1.0, 10.0)

    convolution, pooled = surveyed(lambda: nn.Conv1d(1, 4, 5, padding=2, padding_mode="circular"), OverTime)
    assert (convolution.place, pooled.place) == (-1, None)
    assert pooled.stride == 1


def test_what_belongs_to_a_place_does_not_hide_what_moves():
    class Biased(nn.Module):
        def forward(self, maps):
            return maps + 10 * torch.sin(torch.arange(maps.shape[-1]) / 9.0)

    (found,) = surveyed(Biased)
    assert (found.place, found.stride, found.confirmed) == (-1, 1, True)


@pytest.mark.parametrize("name", ["cnn2d-mel", "cnn1d-mel", "cnn1d-wave"])
def test_the_hop_and_total_stride_of_our_networks_are_found(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        spec = ModelSpec("toy", 16000, 16000, ("a", "b"))
        model = ClassifierModel(Classifier(architecture(name, spec)))
    found = survey_layers(LayerFeed(model, "time"), named_layers(model))
    assert max(lies.stride for lies in found) == model.stride_samples
    if model.hop_samples:
        assert found[0].stride == model.hop_samples
    if name == "cnn2d-mel":
        bins = survey_layers(LayerFeed(model, "bins"), named_layers(model))
        assert [lies.stride for lies in bins if lies.kind == "MaxPool2d"] == [2, 4, 8, 16]
    if name == "cnn1d-mel":
        bins = survey_layers(LayerFeed(model, "bins"), named_layers(model))
        assert {lies.place for lies in bins} == {None}, "bins are channels: no axis to move along"


def test_a_shift_in_hertz_moves_no_map_evenly():
    network = nn.Sequential(nn.Unflatten(-1, (1, 64)), nn.Conv1d(1, 2, 3))
    model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=64)
    assert {lies.place for lies in survey_layers(LayerFeed(model, "freq"), named_layers(model))} == {None}
