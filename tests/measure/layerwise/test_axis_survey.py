"""What a network is shifted by when nobody says: its own strides, twice the largest, and fractions of the smallest."""

import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.measure.layerwise.axis_survey import survey_axis
from audioinv.nets.model import as_model
from audioinv.sound.grid import parse_grid
from audioinv.sweep.activations import LayerFeed, named_layers
from tests.measure.budget.planted import spectral


class Blocks(nn.Module):
    """Means of blocks of samples, with nothing before that has the samples themselves."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, waveforms):
        return waveforms.unflatten(-1, (1, -1, self.size)).mean(-1)


class Total(nn.Module):
    def forward(self, waveforms):
        return waveforms.square().mean(-1, keepdim=True)


def surveyed(network, axis="time", grid=None, n_samples=64, sample_rate=8000):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = as_model(network, sample_rate=sample_rate, labels=["a", "b"], n_samples=n_samples)
        return survey_axis(LayerFeed(model, axis), grid, named_layers(model))


@pytest.mark.parametrize(
    ("size", "n_samples", "shifts"),
    [
        (8, 64, (0, 2, 4, 8, 16)),  # twice the stride is a quarter of the sound: taken
        (10, 60, (0, 2.5, 5, 10)),  # and more than that: left out
        (32, 64, (0, 8, 16, 32)),  # the smallest stride is kept however large
    ],
)
def test_delays_are_strides_up_to_a_quarter_of_the_sound_and_fractions_of_the_smallest(size, n_samples, shifts):
    found = surveyed(Blocks(size), n_samples=n_samples)
    assert tuple(found.shifts) == shifts
    assert str(found.grid.unit) == "smp"


def test_every_stride_of_the_network_is_among_them():
    network = nn.Sequential(nn.Unflatten(-1, (1, 64)), nn.AvgPool1d(2), nn.AvgPool1d(4))
    found = surveyed(network)
    assert [layer.stride for layer in found.lies] == [1, 2, 8]
    assert tuple(found.shifts) == (0, 0.25, 0.5, 1, 2, 8, 16)


def test_where_no_map_moves_along_samples_are_the_strides():
    assert tuple(surveyed(Total()).shifts) == (0, 0.25, 0.5, 1, 2)


def test_bins_move_by_whole_ones():
    model = spectral(spoiled={3: nn.MaxPool2d((2, 1))})
    found = survey_axis(LayerFeed(model, "bins"), None, named_layers(model))
    assert {layer.stride for layer in found.lies if layer.place is not None} == {1, 2}
    assert tuple(found.shifts) == (0, 1, 2, 4)
    assert str(found.grid.unit) == "bins"


@pytest.mark.parametrize(
    ("sample_rate", "shifts"), [(8000, (0, 25, 50, 100)), (801, (0, 25, 50, 100)), (800, (0, 25, 50))]
)
def test_offsets_in_hertz_stay_below_a_quarter_of_the_band(sample_rate, shifts):
    assert tuple(surveyed(Blocks(8), "freq", sample_rate=sample_rate).shifts) == shifts


@pytest.mark.parametrize("grid", ["3:4:1smp", parse_grid("time", "3:4:1smp")])
def test_a_grid_that_is_given_is_taken(grid):
    assert surveyed(Blocks(8), grid=grid).shifts.tolist() == [0, 3, 4]


def test_one_shift_beside_0_is_enough_and_none_is_not():
    assert surveyed(Blocks(8), grid="3:3:1smp").shifts.tolist() == [0, 3]
    with pytest.raises(InputError, match="time holds no shift other than 0; give one such as 0:320:160smp"):
        surveyed(Blocks(8), grid="0smp")


def test_a_grid_along_another_axis_is_refused():
    with pytest.raises(InputError, match="is not a grid along time"):
        surveyed(Blocks(8), grid=parse_grid("freq", "50Hz"))
