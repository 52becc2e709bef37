"""One layer summed up: planted maps, followed units, and the shifts that count."""

import numpy as np
import pytest

from audioinv.measure.layerwise.layer_records import choose_units
from audioinv.measure.layerwise.layer_survey import MapAxis
from audioinv.measure.layerwise.layers import LayerRecord, multiples_of, summarize_layer
from audioinv.measure.layerwise.map_errors import compare_maps

SHIFTS = np.array([0.0, 2.0, 3.0, 4.0])


def lies(inner=None, place=-1):
    return MapAxis("planted", "Planted", (3, 24), place, 2, True, inner)


def record(maps, layer, sample):
    lags = SHIFTS / layer.stride if layer.place is not None else np.full(4, np.nan)
    return LayerRecord(
        errors=tuple(compare_maps(found, maps[0], lag, layer.inner) for found, lag in zip(maps, lags, strict=True)),
        units=np.stack([sample.values(found) for found in maps]),
        undone=np.stack(
            [
                sample.undone(found, lag) if len(sample.movable) else np.zeros(0)
                for found, lag in zip(maps, lags, strict=True)
            ]
        ),
        repeat_difference=0.0,
        level=float(np.sqrt(np.mean(maps[0] ** 2))),
        local_invariance_error=1.0,
        local_equivariance_error=np.nan,
        local_disagreement=0.1,
        sampling_bias=np.nan,
    )


def summary(make_maps, rng, layer, n_clips=5):
    sample = choose_units(layer, SHIFTS, 40, rng)
    records = [record(make_maps(rng.standard_normal((3, 24))), layer, sample) for _ in range(n_clips)]
    return summarize_layer(layer, records, SHIFTS, tolerance=0.01)


def moved(reference):
    """Move along at multiples of the stride, and become something else between."""
    return [np.roll(reference, int(shift // 2), axis=-1) if shift % 2 == 0 else -reference for shift in SHIFTS]


@pytest.mark.parametrize("inner", [None, (3, 20)])
def test_a_map_that_moves_along_at_multiples_of_its_stride(rng, inner):
    found = summary(moved, rng, lies(inner))
    assert str(found.verdict) == "equivariant, stride 2, exactly"
    assert (found.equivariance_error, found.nvse_multiples, found.framewise_agreement) == (0, 0, 1)
    assert found.equivariance_error_between > 0.5
    assert found.nvse > 0.1 < found.dses
    assert found.nv_multiples != found.nv > 0.5
    assert found.nd > 0.5


def test_a_map_that_stays(rng):
    found = summary(lambda reference: [reference] * 4, rng, lies())
    assert str(found.verdict) == "invariant, exactly"
    assert (found.nv, found.nd, found.variant_units, found.invariance_error) == (0, 0, 0, 0)
    assert found.equivariance_error > 0.5


def test_a_map_without_the_axis_that_stays_at_multiples_only(rng):
    def kept(reference):
        return [reference, reference, 1.3 * reference, reference]

    found = summary(kept, rng, lies(place=None))
    assert str(found.verdict) == "invariant to multiples of 2, exactly"
    assert np.isnan([found.nvse, found.equivariance_error, found.best_lag_error]).all()
    assert found.invariance_error == pytest.approx(0.1)


def test_shifts_that_leave_nothing_to_compare_leave_equivariance_undefined(rng):
    found = summary(moved, rng, lies((11, 12)))
    assert np.isnan([found.nvse, found.equivariance_error]).all()
    assert found.verdict.kind == "neither"


def test_multiples_survive_binary_rounding():
    assert multiples_of(3, 0.1 * np.array([0, 30, 31])).tolist() == [True, True, False]
