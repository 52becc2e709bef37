"""What is asked beside a budget of delays: which delays, edges and positions, and of which layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.measure.budget.delay_study import DelayStudy, probed_layers
from audioinv.measure.framephase import spectrogram_phase_change
from audioinv.measure.layerwise.axis_survey import survey_axis
from audioinv.sound.clip import Clip
from audioinv.sound.operators import TimeShift
from audioinv.sweep.activations import LayerFeed, named_layers
from tests.measure.budget.planted import N_SAMPLES, Average, bursts, convolution, deep, of_sound, spectral


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def noise(rng):
    return Clip(rng.standard_normal(N_SAMPLES).astype(np.float32), 8000, name="noise")


def surveyed(model, time="0:6:3smp"):
    return survey_axis(LayerFeed(model, "time"), time, named_layers(model))


def study(model, probed=(), **more):
    found = surveyed(model)
    return DelayStudy(found, named_layers(model), named_layers(model, probed) if probed else {}, **more)


def rolled(clip, delays):
    return torch.from_numpy(np.stack([np.roll(clip.waveform, delay) for delay in delays]))


def test_phases_are_eighths_of_a_hop_and_none_where_the_hop_is_not_known():
    assert study(spectral(hop=16)).phases.tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert study(deep()).phases.tolist() == []


def test_the_path_within_a_hop_leads_through_the_front_end_alone():
    model, clip = spectral(hop=16, head="flatten"), bursts(1)[0]
    path, change = study(model).phase_path(clip)
    delays = range(0, 17, 2)
    with torch.inference_mode():
        expected = model.scores(rolled(clip, delays)).numpy()
    assert path.scores.shape == (9, 4, 3), "border and framing of the front end, and the answer"
    np.testing.assert_allclose(path.scores[:, 0], expected, atol=2e-6)
    np.testing.assert_allclose(path.scores[:, -1], np.tile(expected[0], (9, 1)), atol=2e-6)
    np.testing.assert_array_equal(
        change, spectrogram_phase_change(clip.waveform, np.arange(0.0, 17, 2), model.front_end)
    )
    assert change[4] > 0 == change[0]


def test_without_a_front_end_that_is_known_and_among_the_layers_there_is_no_such_path(noise):
    assert study(deep()).phase_path(noise) is None
    model = spectral()
    others = {name: module for name, module in named_layers(model).items() if module is not model.front_end}
    assert DelayStudy(surveyed(model), others, {}).phase_path(bursts(1)[0]) is None


def test_the_border_is_asked_at_the_same_delays_with_each_kind_of_edges(rng):
    model = deep()
    before, samples, after = rng.standard_normal((3, N_SAMPLES)).astype(np.float32)
    window = Clip(samples, 8000, name="within a recording", before=before, after=after)
    found = study(model).border_scores(window)
    assert list(found) == ["circular", "zero", "context"]
    for edges, scores in found.items():
        delayed = TimeShift(edges).shift(window, np.array([0.0, 3.0, 6.0]))
        np.testing.assert_allclose(scores, model.scores(delayed).detach().numpy(), atol=1e-6)
        assert scores.dtype == np.float64
    assert len({found[edges].tobytes() for edges in found}) == 3


@pytest.mark.parametrize(
    ("stride", "positions"),
    [
        (1, [0, 32, 64, 96, 128, 160, 192, 224]),
        (20, [0, 20, 60, 80, 120, 140, 180, 200]),  # of 12 strides
        (32, [0, 32, 64, 96, 128, 160, 192, 224]),
        (51, [0, 51, 102, 153, 204]),  # no more than there are
        (100, [0, 100]),
    ],
)
def test_positions_are_up_to_eight_multiples_of_the_largest_stride(noise, stride, positions):
    pool = nn.AvgPool1d(stride)
    model = of_sound(channel=nn.Unflatten(-1, (1, N_SAMPLES)), first=convolution(1), pool=pool, average=Average())
    survey = surveyed(model)
    lies = tuple(replace(layer, stride=s) for layer, s in zip(survey.lies, (1, 1, stride, 1), strict=True))
    asked = DelayStudy(replace(survey, lies=lies), {}, named_layers(model, ("pool",)))
    with torch.inference_mode():
        maps = model.module[:3](rolled(noise, positions))
    np.testing.assert_allclose(asked.features(noise)["pool"], maps.mean(-1).numpy(), atol=1e-6)


def test_where_no_layer_is_known_positions_are_those_of_stride_1(noise):
    model = deep()
    asked = DelayStudy(replace(surveyed(model), lies=()), {}, named_layers(model, ("linear",)))
    with torch.inference_mode():
        expected = model.module(rolled(noise, range(0, 256, 32))).numpy()
    np.testing.assert_allclose(asked.features(noise)["linear"], expected, atol=1e-6)


def test_features_are_averaged_over_all_but_the_channels():
    model, clip = spectral(), bursts(1)[0]
    found = study(model, ("network.stages.4", "front_end")).features(clip)
    maps = LayerFeed(model, "time").maps(named_layers(model), rolled(clip, range(0, 1024, 128)))
    planes = maps["network.stages.4"].output
    assert (planes.ndim, found["network.stages.4"].shape) == (4, (8, 6))
    np.testing.assert_allclose(found["network.stages.4"], planes.double().mean((2, 3)).numpy(), rtol=1e-4, atol=1e-6)


class Shuffled(nn.Module):
    def forward(self, maps):
        return maps[..., torch.from_numpy(np.random.default_rng(0).permutation(maps.shape[-1]))]


class Twice(nn.Module):
    """Calls one layer two times."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, waveforms):
        return self.relu(self.relu(waveforms[:, None]) - 0.1)


def test_a_position_is_read_from_what_is_asked_for_or_else_from_the_last_map_that_moves_along():
    model = deep()
    assert list(probed_layers(surveyed(model), ())) == ["relu3"]
    assert list(probed_layers(surveyed(model), ("middle", "first"))) == ["first", "middle"]
    assert probed_layers(surveyed(model), ())["relu3"] is model.module.relu3
    # One that is found nowhere cannot be said to move along.
    assert list(probed_layers(surveyed(deep(late=Shuffled(), head={"average": Average()})), ())) == ["relu2"]


def test_a_layer_that_is_called_again_is_not_read_nor_anything_where_nothing_moves():
    twice = of_sound(twice=Twice())
    assert [layer.layer for layer in surveyed(twice).lies] == ["twice.relu", "twice.relu (2)"]
    assert probed_layers(surveyed(twice), ()) == {}
    still = of_sound(channel=nn.Unflatten(-1, (1, N_SAMPLES)), average=Average())
    found = surveyed(still)
    assert list(probed_layers(found, ())) == ["channel"]
    assert probed_layers(replace(found, lies=found.lies[1:]), ()) == {}


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no layer no in model"):
        probed_layers(surveyed(deep()), ("no",))
