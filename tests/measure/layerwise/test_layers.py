"""One layer summed up: planted maps, followed units, and the shifts that count."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from audioinv.measure.layerwise.layer_records import choose_units
from audioinv.measure.layerwise.layer_survey import MapAxis
from audioinv.measure.layerwise.layers import LayerRecord, multiples_of, summarize_layer
from audioinv.measure.layerwise.map_errors import MapErrors, compare_maps
from audioinv.measure.layerwise.verdict import Floors

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


def summary(make_maps, rng, layer, n_clips=5, tolerance=0.01):
    sample = choose_units(layer, SHIFTS, 40, rng)
    records = [record(make_maps(rng.standard_normal((3, 24))), layer, sample) for _ in range(n_clips)]
    return summarize_layer(layer, records, SHIFTS, tolerance=tolerance)


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


def units_of(rng, n_units):
    """Return answers of 5 clips at the 4 shifts, of which the first unit tells no two clips apart."""
    units = rng.standard_normal((5, 4, n_units))
    units[..., 0] = [0.5, -1.0, 2.0, 0.25]
    return units


def planted(rng, n_units=6, n_movable=3):
    """Return records with a number of its own for everything, undefined here and there."""
    units, undone = units_of(rng, n_units), units_of(rng, n_movable)
    errors = rng.random((5, 4, 5))
    errors[1, 2] = np.nan
    return [
        LayerRecord(
            errors=tuple(
                MapErrors(
                    a, 9.0, 9.0, equivariance_error=b, best_lag_error=c, framewise_agreement=d, commutation_error=e
                )
                for a, b, c, d, e in errors[i]
            ),
            units=units[i],
            undone=undone[i],
            repeat_difference=[0.1, 0.3, 0.2, 0.0, 0.25][i],
            level=[4.0, 1.0, 7.0, 2.0, 3.0][i],
            local_invariance_error=1.0 + i,
            local_equivariance_error=2.0 * i,
            local_disagreement=0.1 * i,
            sampling_bias=np.nan if i == 3 else 0.125 * i,
        )
        for i in range(5)
    ]


def test_every_number_is_the_mean_of_its_definition_over_the_units_that_live(rng):
    records = planted(rng)
    found = summarize_layer(lies(), records, SHIFTS, tolerance=0.01)

    def over(values, spread, axis):
        return np.mean(np.apply_along_axis(spread, axis, np.stack(values)[..., 1:]))

    def deviation(numbers):
        return np.std(numbers, ddof=1)

    def distance(numbers):
        return np.mean([abs(a - b) for a, b in combinations(numbers, 2)])

    units, undone = [record.units for record in records], [record.undone for record in records]
    assert (found.n_units, found.n_dead) == (6, 1)
    assert (found.tv, found.sv) == pytest.approx((over(units, deviation, 1), over(units, deviation, 0)))
    assert (found.td, found.sd) == pytest.approx((over(units, distance, 1), over(units, distance, 0)))
    assert (found.tvse, found.svse) == pytest.approx((over(undone, deviation, 1), over(undone, deviation, 0)))
    for ratio, (part, whole) in {
        found.nv: (found.tv, found.sv),
        found.nd: (found.td, found.sd),
        found.nvse: (found.tvse, found.svse),
    }.items():
        assert ratio == pytest.approx(part / whole)
    kept = [[record[[0, 1, 3]] for record in values] for values in (units, undone)]  # of shifts 0, 2 and 4
    multiples = [over(values, deviation, 1) / over(values, deviation, 0) for values in kept]
    assert (found.nv_multiples, found.nvse_multiples) == pytest.approx(multiples)
    squares = (np.stack(undone)[:, 1:] - np.stack(undone)[:, :1]) ** 2
    assert found.dses == pytest.approx(np.mean([np.mean(squares[..., u]) for u in range(3)]) ** 0.5)
    assert (found.local_invariance_error, found.local_equivariance_error) == pytest.approx((3.0, 4.0))
    assert (found.local_disagreement, found.sampling_bias) == pytest.approx((0.2, 0.125 * 7 / 4))


def test_errors_are_averaged_at_multiples_of_the_stride_or_else_at_every_shift(rng):
    records = planted(rng)
    table = {
        name: np.array([[getattr(errors, name) for errors in record.errors] for record in records])
        for name in ("equivariance_error", "best_lag_error", "framewise_agreement", "commutation_error")
    }
    stays = np.array([[errors.invariance_error for errors in record.errors] for record in records])
    for stride, on_grid, between in ((2, [1, 3], [2]), (5, [1, 2, 3], [1, 2, 3]), (3, [2], [1, 3])):
        found = summarize_layer(replace(lies(), stride=stride), records, SHIFTS, tolerance=0.01)
        for name, values in table.items():
            assert getattr(found, name) == pytest.approx(np.nanmean(values[:, on_grid])), (stride, name)
        assert found.equivariance_error_between == pytest.approx(np.nanmean(table["equivariance_error"][:, between]))
        assert found.invariance_error == pytest.approx(np.nanmean(stays[:, 1:]))


def test_a_ratio_over_multiples_needs_one_beside_0(rng):
    records = planted(rng)
    three, five = (
        summarize_layer(replace(lies(), stride=stride), records, SHIFTS, tolerance=0.01) for stride in (3, 5)
    )
    assert three.nv_multiples > 0 < three.nvse_multiples
    assert np.isnan([five.nv_multiples, five.nvse_multiples]).all()


def test_floors_are_the_worst_clips_against_the_variation_from_clip_to_clip(rng):
    records = planted(rng)
    found = summarize_layer(lies(), records, SHIFTS, tolerance=0.01)
    assert found.floors.repeat == pytest.approx(0.3 / found.sv)
    eps = np.finfo(np.float32).eps
    assert found.floors.rounding == pytest.approx(64 * eps * 7 / found.sv)
    dead = [replace(record, units=record.units[:, :1]) for record in records]
    assert str(summarize_layer(lies(), dead, SHIFTS, tolerance=0.01).floors) == str(Floors(np.nan, np.nan))


@pytest.mark.parametrize("tolerance", [0.01, 0.5])
def test_the_tolerance_is_that_of_the_verdict(rng, tolerance):
    def nearly(reference):
        return [reference, 1.1 * reference, 0.9 * reference, 1.05 * reference]

    assert (
        summary(nearly, rng, lies(), tolerance=tolerance).verdict.kind == {0.01: "neither", 0.5: "invariant"}[tolerance]
    )


def test_the_order_of_shifts_does_not_matter(rng):
    records, order = planted(rng), [3, 1, 0, 2]
    moved = [
        replace(
            record,
            errors=tuple(record.errors[place] for place in order),
            units=record.units[order],
            undone=record.undone[order],
        )
        for record in records
    ]
    expected = summarize_layer(lies(), records, SHIFTS, tolerance=0.01)
    found = summarize_layer(lies(), moved, SHIFTS[order], tolerance=0.01)
    for name in ("dses", "firing_score", "nv_multiples", "equivariance_error", "invariance_error"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))


def test_the_units_that_heed_a_shift_and_what_they_fire_at_are_counted_among_the_living(rng):
    records = planted(rng)
    heeding = np.zeros((4, 6))
    heeding[3, 1:3] = 1000.0  # of five live units two answer the last shift above all
    records = [replace(record, units=record.units + heeding) for record in records]
    found = summarize_layer(lies(), records, SHIFTS, tolerance=0.01)
    assert found.variant_units == pytest.approx(2 / 5)
    units = np.stack([record.units for record in records])
    scores = []
    for u in range(1, 6):
        best = units[:, 0, u].argmax()  # with five clips the one it likes best
        threshold = np.percentile(units[:, 0, u], 99)
        scores.append((units[best, 1:, u] > threshold).mean() / (1 / 5))
    assert found.firing_score == pytest.approx(np.mean(scores))
