"""Names of numbers: all that a summary holds, all that it could hold, and ranges that are those of the schema."""

import json
import math

import jsonschema
import pytest

from audioinv.report.documents import summary_schema
from audioinv.report.gate.metrics import Range, close_to, known_ranges, measured_numbers


@pytest.fixture
def summary(results):
    return results.document["models"]["centroid"]


def test_numbers_are_found_under_their_names(summary):
    numbers = measured_numbers(summary)
    time = summary["axes"]["time"]
    found = numbers["time.consistency"]
    assert (found.value, found.low, found.high, found.n, found.n_groups) == tuple(
        time["consistency"][key] for key in ("value", "low", "high", "n", "n_groups")
    )
    assert numbers["time.wobble.median"].value == time["wobble"]["median"]
    assert numbers["time.worst_shift.consistency"].value == time["worst_shift"]["consistency"]
    assert numbers["freq.energy_kept.min"].value == summary["axes"]["freq"]["energy_kept"]["min"]
    assert numbers["accuracy"].value == summary["accuracy"]["value"]
    assert numbers["contrast.difference"].low == summary["contrast"]["difference"]["low"]
    assert numbers["references.separated"].value == 1
    assert numbers["controls.noise_floor"].value == summary["controls"]["noise_floor"]


def test_the_headline_of_a_flip_shift_is_its_median():
    flips = {"median": None, "low": 20.0, "high": None, "n": 4, "quantiles": {"0.1": 10.0}, "censored": 3}
    numbers = measured_numbers({"axes": {"time": {"minimal_flip_shift": flips}}})
    assert math.isnan(numbers["time.minimal_flip_shift"].value)
    assert numbers["time.minimal_flip_shift"].low == 20
    assert numbers["time.minimal_flip_shift.quantiles.0.1"].value == 10
    assert numbers["time.minimal_flip_shift.censored"].value == 3
    assert not any(name.endswith((".low", ".high", ".median")) for name in numbers)


def test_a_new_measure_needs_no_code(summary):
    estimate = {"value": 0.25, "low": 0.1, "high": 0.4, "n": 3}
    new = {**summary, "axes": {"stretch": {"brand_new": estimate}}}
    assert measured_numbers(new)["stretch.brand_new"].value == 0.25
    assert known_ranges(["stretch"])["stretch.consistency"] == Range(0, 1)


def test_whatever_a_run_measures_is_known_beforehand(results):
    by_what_was_run = ("controls.", ".quantiles.")
    no_number = {"time.periods"}  # null where there are too few delays, else a list
    for summary in results.document["models"].values():
        unknown = set(measured_numbers(summary)) - set(known_ranges(summary["axes"])) - no_number
        assert [name for name in unknown if not any(part in name for part in by_what_was_run)] == []


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("accuracy", Range(0, 1)),
        ("time.consistency", Range(0, 1)),
        ("time.consistency.n", Range(0, math.inf)),
        ("time.mac", Range(0, math.inf)),
        ("time.accuracy_area.half_width", Range(0, math.inf)),
        ("time.brier_drift", Range(-math.inf, math.inf)),
        ("time.minimal_flip_shift", Range(0, math.inf)),
        ("contrast.difference", Range(-1, 1)),
        ("contrast.time_consistency", Range(0, 1)),
        ("references.separated", Range(0, 1)),
        ("references.models.this_model.consistency", Range(0, 1)),
    ],
)
def test_ranges_are_those_of_the_schema(metric, expected):
    assert known_ranges(["time"])[metric] == expected


def test_the_schema_itself_refuses_what_lies_outside(results):
    document = json.loads(json.dumps(results.document))
    jsonschema.validate(document, summary_schema())
    low, high = known_ranges(["time"])["time.consistency"].low, known_ranges(["time"])["time.consistency"].high
    for outside in (low - 0.01, high + 0.01):
        document["models"]["centroid"]["axes"]["time"]["consistency"]["value"] = outside
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, summary_schema())


def test_a_typo_is_told_from_nonsense():
    known = ["time.consistency", "time.top1_change", "accuracy"]
    assert close_to("tiem.consistency", known) == "did you mean time.consistency?"
    assert close_to("zzz", known) == "there are time.consistency, time.top1_change, accuracy"
    assert close_to("zzz", [f"class {n}" for n in range(9)]).endswith("and 3 more")
    assert close_to("zzz", []) == "there is none"
