"""The summary of a model: planted rules give their computed numbers, and nothing undefined goes unexplained."""

import json

import jsonschema
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.statistics import Estimate
from audioinv.measure.summary import SCHEMA_VERSION, ClipTable, plain
from tests.measure.summaries import (
    CLASSES,
    MEASURES,
    SCHEMA,
    SHIFTS,
    one_hot,
    planted_answers,
    random_scores,
    summarize,
    table,
    validate,
)


def test_a_constant_predictor_is_perfect_and_flagged(make_responses):
    scores = np.broadcast_to([0.2, 0.5, 0.3], (12, len(SHIFTS), 3))
    found = summarize([make_responses(scores, SHIFTS)], table())
    time = found["axes"]["time"]
    for name in ("consistency", "pair_consistency", "all_consistency"):
        assert time[name]["value"] == 1
        assert time[name]["low"] == pytest.approx(0.025 ** (1 / 12))
    for name in ("top1_change", "mac", "mac_neighbours", "wobble", "js_drift"):
        assert time[name]["value"] == 0
        assert time[name]["high"] == pytest.approx(1 - 0.025 ** (1 / 12))
    assert time["worst_shift"] == {"shift": -10, "consistency": 1}
    assert time["minimal_flip_shift"]["censored"] == 12
    assert time["worst_clips"] == []
    assert any("its consistency says nothing" in warning for warning in found["warnings"])
    assert (time["accuracy_area"]["value"], time["accuracy_area"]["half_width"]) == (1, None)
    assert (
        "time.accuracy_area: accuracy stays above 90 % of its value at 0 up to 50 ms: no half width"
        in found["warnings"]
    )


def test_renaming_and_reordering_classes_changes_nothing(make_responses):
    scores = random_scores(2)
    before = summarize([make_responses(scores, SHIFTS)], table())
    order = [2, 0, 1]
    names = dict(zip(CLASSES, ("alpha", "beta", "gamma"), strict=True))
    clips = table(
        classes=tuple(names[CLASSES[number]] for number in order),
        labels=tuple(names[label] for label in table().labels),
    )
    after = summarize([make_responses(scores[..., order], SHIFTS)], clips)
    for one in before["axes"]["time"]["by_class"]:
        one["name"] = names[one["name"]]
    for found in (before, after):
        found["axes"]["time"]["by_class"].sort(key=lambda one: one["name"])
    assert_close(before, after)


def assert_close(before, after):
    """Equal but for the last digits, which sums in another order may change."""
    if isinstance(before, dict):
        assert before.keys() == after.keys()
        for key in before:
            assert_close(before[key], after[key])
    elif isinstance(before, list):
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            assert_close(one, other)
    else:
        assert before == (pytest.approx(after, abs=1e-12) if isinstance(before, float) else after)


def test_the_order_of_clips_changes_nothing(make_responses):
    answers, order = planted_answers(), np.random.default_rng(0).permutation(12)
    clips = table()
    shuffled = ClipTable(
        tuple(clips.names[number] for number in order),
        CLASSES,
        labels=tuple(clips.labels[number] for number in order),
        groups=tuple(clips.groups[number] for number in order),
    )
    before = summarize([make_responses(one_hot(answers), SHIFTS)], clips)
    after = summarize([make_responses(one_hot(answers[order]), SHIFTS)], shuffled)
    assert_close(before, after)


def test_the_seed_decides_the_intervals_and_another_axis_does_not(make_responses):
    time, freq = make_responses(random_scores(3), SHIFTS), make_responses(random_scores(4), SHIFTS, axis="freq")
    alone, both = summarize([time], table()), summarize([freq, time], table())
    other = summarize([time], table(), rng_seed=1)
    assert both["axes"]["time"] == alone["axes"]["time"]
    # Intervals of shares are in closed form; those of sums are drawn.
    assert other["axes"]["time"]["mac"] == alone["axes"]["time"]["mac"]
    name = "total_variation"
    assert other["axes"]["time"][name]["value"] == alone["axes"]["time"][name]["value"]
    assert other["axes"]["time"][name]["low"] != alone["axes"]["time"][name]["low"]


def test_contrast_of_time_and_frequency(make_responses):
    steady = make_responses(one_hot(np.repeat(np.arange(12)[:, None] % 3, len(SHIFTS), axis=1)), SHIFTS)
    moved = make_responses(one_hot(planted_answers()), SHIFTS, axis="pitch")
    contrast = summarize([moved, steady], table())["contrast"]
    assert contrast["time_consistency"]["value"] == 1
    assert contrast["frequency_consistency"]["value"] == pytest.approx(0.8)
    assert contrast["frequency_axis"] == "pitch"
    assert contrast["difference"]["value"] == pytest.approx(0.2)
    assert 0 <= contrast["difference"]["low"] < 0.2 < contrast["difference"]["high"]


def test_contrast_takes_the_first_frequency_axis_that_was_swept(make_responses):
    axes = [make_responses(random_scores(seed), SHIFTS, axis) for seed, axis in enumerate(("bins", "pitch", "freq"))]
    assert summarize(axes, table())["contrast"]["frequency_axis"] == "freq"
    assert summarize(axes[:2], table())["contrast"]["frequency_axis"] == "pitch"
    assert summarize(axes[:1], table())["contrast"]["frequency_axis"] == "bins"


def test_a_contrast_needs_two_axes(make_responses):
    found = summarize([make_responses(random_scores(0), SHIFTS)], table())
    assert found["contrast"]["time_consistency"] == found["axes"]["time"]["consistency"]
    assert found["contrast"]["frequency_consistency"] is None
    assert found["contrast"]["difference"]["value"] is None
    assert any(warning.startswith("contrast.difference: ") for warning in found["warnings"])


def test_controls_become_plain_data(make_responses):
    controls = {"twice": Estimate(1.0, np.nan, np.inf, 3, 3, "clip"), "shape": (np.int64(2), np.float32(0.5))}
    found = summarize([make_responses(random_scores(0), SHIFTS)], table(), controls=controls)
    assert found["controls"]["shape"] == [2, 0.5]
    assert found["controls"]["twice"]["value"] == 1.0
    assert found["controls"]["twice"]["low"] is found["controls"]["twice"]["high"] is None
    validate(found)


def unusual_cases():
    scores = random_scores(6)
    missing = scores.copy()
    missing[3, 2] = np.nan
    one_group = ("kit",) * 12
    yield "unlabelled", scores, SHIFTS, table(labels=None)
    yield "unknown labels", scores, SHIFTS, table(labels=("clap",) * 12)
    yield "one clip", scores[:1], SHIFTS, table(1)
    yield "one unlabelled clip", scores[:1], SHIFTS, table(1, labels=None)
    yield "one labelled clip of twelve", scores, SHIFTS, table(labels=("hat", *[None] * 11))
    yield "one group", scores, SHIFTS, table(groups=one_group)
    yield "no groups", scores, SHIFTS, table(groups=None)
    yield "only the unshifted sound", scores[:, 5:6], SHIFTS[5:6], table()
    yield "logits", np.log(scores), SHIFTS, table()
    yield "constant logits", np.full_like(scores, -3.0), SHIFTS, table()
    yield "sigmoids", np.sqrt(scores), SHIFTS, table()
    yield "some missing scores", missing, SHIFTS, table()
    yield "only missing scores", np.full_like(scores, np.nan), SHIFTS, table()
    yield "one class", scores[..., :1], SHIFTS, table(classes=("hat",))
    yield "one-sided grid", scores[:, 5:], SHIFTS[5:], table()
    yield "planted", one_hot(planted_answers()), SHIFTS, table()


UNUSUAL = [pytest.param(*case, id=name) for name, *case in unusual_cases()]


def without_bands(entry):
    """Leave out what a single clip cannot have."""
    if isinstance(entry, list):
        return [without_bands(part) for part in entry]
    if not isinstance(entry, dict):
        return entry
    return {key: without_bands(part) for key, part in entry.items() if key not in ("low", "high")}


def undefined(entry):
    if isinstance(entry, dict):
        return any(undefined(part) for part in entry.values())
    return any(map(undefined, entry)) if isinstance(entry, list) else entry is None


@pytest.mark.parametrize(("scores", "shifts", "clips"), UNUSUAL)
def test_unusual_input_gives_a_valid_summary_in_which_nothing_undefined_goes_unexplained(
    make_responses, scores, shifts, clips
):
    axes = [make_responses(scores, shifts), make_responses(scores[:, ::-1], -shifts[::-1], axis="freq")]
    found = summarize(axes, clips)
    validate(found)
    explained = {line.split(": ")[0] for line in found["warnings"]}
    for axis, measures in found["axes"].items():
        for measure, entry in measures.items():
            if len(clips.names) == 1:
                entry = without_bands(entry)
            if undefined(entry) and not (measure.endswith(("_low", "_high")) and len(clips.names) == 1):
                assert f"{axis}.{measure}" in explained
            else:
                assert f"{axis}.{measure}" not in explained
    assert undefined(found["accuracy"]["value"]) == ("accuracy" in explained)
    assert undefined(found["contrast"]["difference"]["value"]) == ("contrast.difference" in explained)


@pytest.mark.parametrize(
    ("case", "measure", "reason"),
    [
        ("unlabelled", "worst_accuracy", "no clip has a label that the model knows"),
        ("only the unshifted sound", "consistency", "the sweep holds no shift other than 0"),
        ("logits", "js_drift", "the scores are not probabilities that sum to 1"),
        ("sigmoids", "js_drift", "the scores are not probabilities that sum to 1"),
        ("constant logits", "mac", "no interval, because all clips agree and the scores have no bounds"),
        ("only missing scores", "mac", "no clip has scores that are numbers at every shift"),
        ("one labelled clip of twelve", "worst_accuracy", "no interval, because only one clip or group has a value"),
        ("sigmoids", "brier_drift", "the scores are not probabilities that sum to 1"),
        ("only the unshifted sound", "k_consistency", "the sweep holds no shift other than 0"),
        ("one labelled clip of twelve", "accuracy_area", "no clip is right at 0"),
        ("planted", "minimal_flip_shift", "8 of 12 clips keep their answer up to 50 ms; the quantiles"),
    ],
)
def test_reasons_for_what_is_undefined(make_responses, case, measure, reason):
    scores, shifts, clips = {name: rest for name, *rest in unusual_cases()}[case]
    warnings = summarize([make_responses(scores, shifts)], clips)["warnings"]
    assert any(warning.startswith(f"time.{measure}: {reason}") for warning in warnings)


def test_clips_with_missing_scores_are_left_out(make_responses):
    scores = random_scores(7)
    missing = scores.copy()
    missing[0, 3] = np.nan
    kept = [make_responses(part, SHIFTS) for part in (missing, scores[1:])]
    names = {"labels": table().labels[1:], "groups": table().groups[1:]}
    all_clips, without = summarize(kept[:1], table()), summarize(kept[1:], table(11, **names))
    for measure in MEASURES:
        found, expected = all_clips["axes"]["time"][measure], without["axes"]["time"][measure]
        assert found["value"] == pytest.approx(expected["value"]), measure
        assert (found["n"], found["n_undefined"]) == (11, 1)
    assert all_clips["axes"]["time"]["consistency_curve"] == without["axes"]["time"]["consistency_curve"]


def test_the_schema_refuses_what_is_no_summary(make_responses):
    found = summarize([make_responses(random_scores(9), SHIFTS)], table())
    validate(found)
    for spoil in (
        lambda axis: axis["consistency"].update(value=1.5),
        lambda axis: axis["consistency"].pop("n"),
        lambda axis: axis["mac"].update(low="none"),
        lambda axis: axis["shifts"].remove(0.0),
        lambda axis: axis.pop("minimal_flip_shift"),
        lambda axis: axis["wobble"].pop("median"),
    ):
        spoilt = json.loads(json.dumps(found))
        spoil(spoilt["axes"]["time"])
        with pytest.raises(jsonschema.ValidationError):
            validate(spoilt)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema_version": SCHEMA_VERSION + 1, "run": {}, "models": {}}, SCHEMA)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (random_scores(0)[:3], "scores of 3 clips and 3 classes, but the table names 12 clips and 3"),
        (random_scores(0)[..., :2], "scores of 12 clips and 2 classes"),
    ],
)
def test_scores_of_other_clips_or_classes_are_refused(make_responses, scores, message):
    with pytest.raises(InputError, match=message):
        summarize([make_responses(scores, SHIFTS)], table())


def test_plain_data_has_seven_digits_and_nothing_that_is_not_finite():
    estimate = Estimate(1 / 3, -np.inf, np.nan, 3, 2, "clip")
    data = {1: (estimate, np.float32(0.1)), "b": np.array([[123456789.0, 2.0]]), "c": [True, None, "x", np.int64(7)]}
    assert plain(data) == {
        "1": [
            {"value": 0.3333333, "low": None, "high": None, "n": 3, "n_groups": 2, "unit": "clip", "n_undefined": 0},
            0.1,
        ],
        "b": [[123456800.0, 2.0]],
        "c": [True, None, "x", 7],
    }


def test_what_a_contrast_of_clips_that_do_not_differ_could_have_shown_is_not_known(make_responses):
    steady = one_hot(np.repeat(np.arange(12)[:, None] % 3, len(SHIFTS), axis=1))
    reason = "contrast.detectable: the clips do not differ, or are all of one group, and so do not tell how much others"
    for scores, is_said in ((steady, True), (one_hot(planted_answers()), False)):
        found = summarize([make_responses(steady, SHIFTS), make_responses(scores, SHIFTS, axis="freq")], table())
        assert (found["contrast"]["detectable"] is None) == is_said == (f"{reason} would" in found["warnings"])
        assert found["contrast"]["difference"]["n"] == 12
    alone = summarize([make_responses(steady, SHIFTS)], table())
    assert (alone["contrast"]["difference"]["n"], any(reason in line for line in alone["warnings"])) == (0, False)


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(InputError, match="no axis was swept"):
        summarize([], table())
