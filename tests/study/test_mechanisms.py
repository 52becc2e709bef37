"""What convolution, stride, ReLU and a global average do to delays: known answers, on real sounds."""

import numpy as np
import pytest

from audioinv.study.design import Variant
from audioinv.study.experiments import spell
from audioinv.study.mechanisms import MECHANISMS, measure_mechanism

EPS = np.finfo(np.float64).eps


@pytest.fixture(scope="module")
def errors():
    return {name: measure_mechanism("instruments", Variant(name), 0, True).values for name in MECHANISMS}


@pytest.mark.parametrize(
    "name",
    [
        "convolution, whole frames",
        "convolution + ReLU, whole frames",
        "every second column, even delays",
        "global average after stride 1",
    ],
)
def test_what_moves_along_does_so_to_rounding(errors, name):
    assert errors[name]["moves_along_error"].max() < 50 * EPS  # sums of some hundred products


def test_a_filter_moves_along_by_parts_of_a_frame_too(errors):
    assert errors["convolution, parts of a frame"]["moves_along_error"].max() < 500 * EPS  # two Fourier transforms


@pytest.mark.parametrize(
    "name",
    [
        "convolution + ReLU, parts of a frame",
        "every second column, odd delays",
        "global average after every second column",
    ],
)
def test_what_does_not_move_along(errors, name):
    assert errors[name]["moves_along_error"].min() > 1e-5


def test_what_moves_along_does_not_stay_and_what_has_one_column_can_only_stay(errors):
    assert errors["convolution, whole frames"]["change"].min() > 0.05
    assert errors["global average after stride 1"]["change"].max() < 50 * EPS


def test_another_seed_is_another_network():
    name = "convolution, whole frames"
    one, other = (measure_mechanism("instruments", Variant(name), seed, True).values["change"] for seed in (0, 1))
    assert not np.allclose(one, other)


@pytest.mark.slow
def test_letters_are_one_average_a_measure():
    found = spell("words in notes", Variant("2 letters"), 0, True)
    assert found.values["told apart"] == pytest.approx([0.4])
    assert found.values["delay consistency"] == pytest.approx([1.0])
    assert found.values["accuracy"] > 0.9
    assert found.values["four words"] < 0.5
