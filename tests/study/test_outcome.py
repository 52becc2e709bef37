"""From values to verdicts, with planted values."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure.statistics import Estimate
from audioinv.study.design import Expectation
from audioinv.study.measures import CellMeasures
from audioinv.study.outcome import CONSTANT, judge, summarize_study


def estimate(value, low, high):
    return Estimate(value, low, high, 20, 20, "clip")


ABOVE = Expectation("left is above", "max", "stride", "accuracy")
EQUAL = replace(ABOVE, relation="equal", margin=0.05)
EXACTLY = replace(ABOVE, right=1.0, relation="exactly")


@pytest.mark.parametrize(
    ("expectation", "difference", "values", "verdict"),
    [
        (ABOVE, (0.2, 0.1, 0.3), [0.2], "reproduced"),
        (ABOVE, (-0.2, -0.3, -0.1), [-0.2], "refuted"),
        (ABOVE, (0.1, -0.1, 0.3), [0.1], "undecided"),
        (ABOVE, (0.1, 0.0, 0.3), [0.1], "undecided"),
        (ABOVE, (0.1, math.nan, math.nan), [0.1], "undecided"),
        (EQUAL, (0.01, -0.03, 0.05), [0.3, -0.3], "reproduced"),
        (EQUAL, (0.01, -0.03, 0.06), [0.3, -0.3], "undecided"),
        (EQUAL, (0.2, 0.1, 0.3), [0.2], "refuted"),
        (EQUAL, (-0.2, -0.3, -0.1), [-0.2], "refuted"),
        (EQUAL, (0.04, math.nan, math.nan), [0.04, -0.05], "reproduced"),
        (EXACTLY, (0.0, -0.1, 0.0), [0.0, 0.0], "reproduced"),
        (EXACTLY, (-0.01, -0.02, 0.0), [0.0, -0.01], "refuted"),
        (EXACTLY, (0.0, -0.1, 0.0), [0.0, math.nan], "reproduced"),
        (EXACTLY, (math.nan, math.nan, math.nan), [math.nan], "undecided"),
        (EQUAL, (math.nan, math.nan, math.nan), [math.nan], "undecided"),
    ],
)
def test_verdicts(expectation, difference, values, verdict):
    assert judge(expectation, estimate(*difference), np.array(values)) == verdict


def cell(accuracy, consistency):
    n = len(accuracy)
    curves = {f"bins.{kind}": np.ones((n, 3)) for kind in ("accuracy", "consistency")}
    values = {"accuracy": np.array(accuracy), "bins.consistency": np.array(consistency)}
    return CellMeasures(tuple(map(str, range(n))), (None,) * n, values, curves, {"n_parameters": 7})


@pytest.fixture
def measured():
    return {
        ("notes", "max"): [cell([1, 1, 1, 0], [1, 1, 0.5, 0.5]), cell([1, 1, 0, 0], [1, 1, 1, 0])],
        ("notes", "stride"): [cell([1, 0, 1, 0], [0.5, 0.5, 0, 0]), cell([1, 0, 0, 0], [0.5, 0.5, 0, 0])],
        ("notes", CONSTANT): [cell([1, 0, 0, 0], [1, 1, 1, 1])],
    }


def test_rows_are_means_over_seeds_and_clips_and_differences_are_paired(tiny, measured):
    document = summarize_study(tiny, measured, (0, 1))
    rows = {row["variant"]: row for row in document["rows"]}
    assert rows["max"]["measures"]["accuracy"]["value"] == 5 / 8
    assert rows["max"]["measures"]["accuracy"]["by_seed"] == [0.75, 0.5]
    assert "difference" not in rows["max"]["measures"]["accuracy"]
    assert rows["stride"]["measures"]["bins.consistency"]["difference"]["value"] == pytest.approx(0.25 - 0.75)
    # The accuracies differ by the second clip alone, in both seeds: pairing leaves no more than that.
    assert rows["stride"]["measures"]["accuracy"]["difference"]["value"] == -0.25
    assert rows[CONSTANT]["measures"]["bins.consistency"]["value"] == 1
    assert rows["max"]["facts"] == {"n_parameters": 7}
    assert document["tasks"] == {"notes": "which of ten notes, on instruments not trained on"}


def test_expectations_are_decided_by_the_numbers(tiny):
    steady = [0.9, 1.0] * 10
    of_max = [cell([1.0, 0.9] * 10, steady), cell([1.0] * 20, steady)]
    of_stride = [cell([1.0] * 20, [0.4, 0.6] * 10), cell([1.0] * 20, [0.5, 0.6] * 10)]
    measured = {("notes", "max"): of_max, ("notes", "stride"): of_stride}
    expectations = (
        Expectation("max is steadier", "max", "stride", "bins.consistency"),
        Expectation("strides are steadier", "stride", "max", "bins.consistency"),
        Expectation("max never changes", "max", 1.0, "bins.consistency", "exactly"),
        Expectation("steadier than right", "max", "max", "bins.consistency", right_measure="accuracy"),
    )
    found = summarize_study(replace(tiny, expectations=expectations), measured, (0, 1))["expectations"]
    assert [entry["verdict"] for entry in found] == ["reproduced", "refuted", "refuted", "undecided"]
    assert (found[3]["left_value"], found[3]["right_value"]) == (0.95, 0.975)
    assert found[3]["difference"]["value"] == pytest.approx(0.95 - 0.975)


def test_no_interval_changes_when_a_variant_is_added(tiny, measured):
    def of_max(document):
        return next(row for row in document["rows"] if row["variant"] == "max")

    without = {key: value for key, value in measured.items() if key[1] != CONSTANT}
    assert of_max(summarize_study(tiny, measured, (0, 1))) == of_max(summarize_study(tiny, without, (0, 1)))


def test_undefined_is_null_with_its_reason(tiny, measured):
    broken = {**measured, ("notes", "stride"): [cell([1, 0, 1, 0], [math.nan] * 4)] * 2}
    document = summarize_study(tiny, broken, (0, 1))
    row = next(row for row in document["rows"] if row["variant"] == "stride")
    assert row["measures"]["bins.consistency"]["value"] is None
    assert any(line.startswith("notes, stride: bins.consistency is undefined") for line in document["warnings"])
    json.dumps(document, allow_nan=False)


def test_few_seeds_are_warned_of(tiny, measured):
    assert "2 seeds" in summarize_study(tiny, measured, (0, 1))["warnings"][0]
    assert not summarize_study(tiny, measured, range(5))["warnings"]
