"""The summary of a model: planted rules give their computed numbers, and nothing undefined goes unexplained."""

import json
from math import comb
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure import calibration, drift, multilabel, outcome, summary
from audioinv.measure.pairing import minimum_detectable_change
from audioinv.measure.ranks import rank_distance
from audioinv.measure.statistics import Estimate
from audioinv.measure.summary import SCHEMA_VERSION, ClipTable, ModelFacts, summarize_model

SCHEMA = json.loads(Path(summary.__file__).with_name("summary.schema.json").read_text(encoding="utf-8"))
CLASSES = ("hat", "kick", "snare")
SHIFTS = np.arange(-50.0, 51.0, 10.0)
MEASURES = (
    "consistency",
    "pair_consistency",
    "all_consistency",
    "top1_change",
    "worst_accuracy",
    "mac",
    "mac_neighbours",
    "wobble",
    "js_drift",
    "accuracy_at_zero",
    "k_consistency",
    "unchanged",
    "mean_accuracy",
    "total_variation",
    "excess_variation",
    "rank_distance",
    "brier_drift",
    "log_loss_drift",
)


def one_hot(answers, n_classes=3):
    return np.eye(n_classes)[answers]


def table(n_clips=12, classes=CLASSES, **columns):
    labels = tuple(CLASSES[number % 3] for number in range(n_clips))
    groups = tuple(f"kit {number}" for number in range(n_clips))
    columns = {"labels": labels, "groups": groups} | columns
    return ClipTable(tuple(f"clip {number:02}" for number in range(n_clips)), classes, **columns)


def planted_answers():
    """Twelve clips, all right at 0; the first four answer the next class from 30 ms on, either way."""
    clean = np.arange(12) % 3
    answers = np.repeat(clean[:, None], len(SHIFTS), axis=1)
    answers[:4, np.abs(SHIFTS) >= 30] = (clean[:4, None] + 1) % 3
    return answers


def random_scores(seed, n_clips=12):
    generator = np.random.default_rng(seed)
    clean = generator.normal(0, 2, (n_clips, 1, 3))
    scores = np.exp(clean + generator.normal(0, 0.02, (n_clips, len(SHIFTS), 3)) * np.abs(SHIFTS)[:, None])
    return scores / scores.sum(axis=2, keepdims=True)


def summarize(axes, clips, **options):
    options = {"controls": {}, "rng_seed": 0} | options
    return summarize_model({responses.axis: responses for responses in axes}, clips, **options)


def validate(*models):
    document = {
        "schema_version": SCHEMA_VERSION,
        "run": {"seed": 0},
        "models": {f"model {number}": model for number, model in enumerate(models)},
    }
    jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), SCHEMA)


def test_a_planted_rule_gives_its_computed_numbers(make_responses):
    found = summarize([make_responses(one_hot(planted_answers()), SHIFTS)], table())
    time = found["axes"]["time"]
    changed = 6 / 10  # of the non-zero shifts, for four of twelve clips
    pairs = (6 * 5 / 2 + 5 * 4 / 2) / (11 * 10 / 2)
    expected = {
        "consistency": 1 - changed / 3,
        "pair_consistency": (8 + 4 * pairs) / 12,
        "all_consistency": 8 / 12,
        "top1_change": 2 / 10 / 3,
        "worst_accuracy": 8 / 12,
        "accuracy_at_zero": 1.0,
        "mac": changed / 3,
        "mac_neighbours": 2 / 10 / 3,
        "wobble": 4 / 12,
        "js_drift": changed / 3,
        "k_consistency": (8 + 4 * (comb(6, 5) + comb(5, 5)) / comb(11, 5)) / 12,
        "unchanged": 1 - changed / 3,
        "mean_accuracy": 1 - 6 / 11 / 3,
        "total_variation": 2 / 3,
        "excess_variation": 0.0,
        "rank_distance": changed * (2 + 4 + 2 + 2) / 12,  # after 1, 0, 2 the order 2, 1, 0 moves all three
        "brier_drift": 2 * changed / 3,
        "log_loss_drift": changed / 3 * calibration.MAX_LOG_LOSS,
        "calibration_drift": changed / 3,
        "accuracy_area": 1 - (100 - 50) / 100 / 3,
    }
    assert {name: time[name]["value"] for name in expected} == pytest.approx(expected)
    assert time["accuracy_area"]["half_width"] == pytest.approx(20 + 10 * 0.1 / (1 / 3))
    far = np.abs(SHIFTS) >= 30
    assert time["accuracy_curve"] == pytest.approx(np.where(far, 8 / 12, 1))
    assert time["consistency_curve"] == pytest.approx(np.where(far, 8 / 12, 1))
    assert found["accuracy"] == time["accuracy_at_zero"]
    assert (time["unit"], time["edges"], time["engine"]) == ("ms", "zero", "planted")
    assert time["shifts"] == SHIFTS.tolist()
    validate(found)


def test_where_and_when_a_planted_rule_breaks(make_responses):
    time = summarize([make_responses(one_hot(planted_answers()), SHIFTS)], table())["axes"]["time"]
    flips = time["minimal_flip_shift"]
    assert flips["median"] is None
    assert flips["quantiles"] == {"0.1": 30, "0.25": 30, "0.5": None, "0.75": None, "0.9": None}
    assert (flips["n"], flips["censored"], flips["limit"]) == (12, 8, 50)
    assert time["worst_shift"] == {"shift": -30, "consistency": pytest.approx(8 / 12)}
    assert time["worst_clips"] == [
        {"name": f"clip 0{number}", "consistency": pytest.approx(0.4)} for number in range(4)
    ]
    assert time["wobble"]["median"] == 0


def test_the_worst_clips_are_the_worst_five(make_responses):
    answers = np.zeros((12, len(SHIFTS)), dtype=int)
    for clip in range(9):
        answers[clip, : clip + 1 if clip < 5 else 1] = 1
    worst = summarize([make_responses(one_hot(answers), SHIFTS)], table())["axes"]["time"]["worst_clips"]
    assert [clip["name"] for clip in worst] == [f"clip 0{number}" for number in (4, 3, 2, 1, 0)]


def test_every_measure_is_the_mean_of_its_clips(make_responses):
    scores = random_scores(1)
    clips = table()
    time = summarize([make_responses(scores, SHIFTS)], clips)["axes"]["time"]
    zero, answers = 5, outcome.top1(scores, 5)
    per_clip = {
        "consistency": outcome.consistency(answers, zero),
        "pair_consistency": outcome.pair_consistency(answers),
        "all_consistency": outcome.all_consistency(answers),
        "top1_change": outcome.top1_change(answers),
        "worst_accuracy": outcome.worst_accuracy(answers, clips.targets),
        "mac": drift.mean_absolute_change(scores, zero),
        "mac_neighbours": drift.neighbour_change(scores, zero),
        "wobble": drift.wobble(scores, zero, clips.targets),
        "js_drift": drift.js_drift(scores, zero),
        "accuracy_at_zero": outcome.correctness(answers, clips.targets)[:, zero],
        "k_consistency": outcome.k_consistency(answers, 5),
        "unchanged": drift.unchanged(scores, zero, 0.05),
        "mean_accuracy": outcome.correctness(answers, clips.targets).mean(axis=1),
        "total_variation": drift.total_variation(scores, zero, clips.targets),
        "excess_variation": drift.excess_variation(scores, zero, clips.targets),
        "rank_distance": rank_distance(scores, zero),
        "brier_drift": calibration.drift(calibration.brier_score(scores, clips.targets), zero),
        "log_loss_drift": calibration.drift(calibration.log_loss(scores, clips.targets), zero),
    }
    assert set(per_clip) == set(MEASURES)
    assert len({round(float(values.mean()), 9) for values in per_clip.values()}) > 16
    for name, values in per_clip.items():
        assert time[name]["value"] == pytest.approx(values.mean()), name
        assert time[name]["low"] <= time[name]["value"] <= time[name]["high"]
        assert (time[name]["n"], time[name]["n_groups"], time[name]["unit"]) == (12, 12, "group")
    for name in ("accuracy_curve", "consistency_curve"):
        assert all(
            low <= value <= high
            for low, value, high in zip(time[f"{name}_low"], time[name], time[f"{name}_high"], strict=True)
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


def test_measures_draw_from_generators_of_their_own(make_responses):
    """Scores without bounds of clips that have one other shift give the same numbers, drawn differently."""
    scores = 3 * random_scores(5)[:, [5, 10]]
    found = summarize([make_responses(scores, [0, 50])], table(labels=None))["axes"]["time"]
    assert found["mac"]["value"] == found["wobble"]["value"] == found["mac_neighbours"]["value"]
    assert len({found[name]["low"] for name in ("mac", "wobble", "mac_neighbours")}) == 3


def test_contrast_of_time_and_frequency(make_responses):
    steady = make_responses(one_hot(np.repeat(np.arange(12)[:, None] % 3, len(SHIFTS), axis=1)), SHIFTS)
    moved = make_responses(one_hot(planted_answers()), SHIFTS, axis="pitch")
    contrast = summarize([moved, steady], table())["contrast"]
    assert contrast["time_consistency"]["value"] == 1
    assert contrast["frequency_consistency"]["value"] == pytest.approx(0.8)
    assert contrast["frequency_axis"] == "pitch"
    assert contrast["difference"]["value"] == pytest.approx(0.2)
    assert 0 <= contrast["difference"]["low"] < 0.2 < contrast["difference"]["high"]


def test_what_could_have_been_seen_is_the_clips_own_spread(make_responses):
    planted = make_responses(one_hot(planted_answers()), SHIFTS)
    moved = make_responses(random_scores(3), SHIFTS, axis="freq")
    found, clips = summarize([planted, moved], table()), table()
    time, freq = (
        np.array([(top[np.delete(np.arange(len(SHIFTS)), zero)] == top[zero]).mean() for top in scores.argmax(2)])
        for scores, zero in ((planted.scores, planted.zero), (moved.scores, moved.zero))
    )
    for value, per_clip in (
        (found["axes"]["time"]["detectable_change"], time),
        (found["contrast"]["detectable"], time - freq),
    ):
        assert value == pytest.approx(minimum_detectable_change(per_clip, clips.group_codes), rel=1e-6)


def test_classes_are_those_of_labels_or_else_of_clean_answers(make_responses):
    planted = planted_answers()
    responses = make_responses(one_hot(planted), SHIFTS)
    turned = table(labels=table().labels[1:] + table().labels[:1])
    for clips, followed in (
        (turned, turned.targets),
        (table(labels=None), planted[:, responses.zero]),
    ):
        by_class = summarize([responses], clips)["axes"]["time"]["by_class"]
        same = np.delete(planted == planted[:, [responses.zero]], responses.zero, axis=1).mean(axis=1)
        assert [(one["name"], one["n"]) for one in by_class] == [
            (CLASSES[index], (followed == index).sum()) for index in np.unique(followed)
        ]
        assert [one["value"] for one in by_class] == pytest.approx(
            [same[followed == index].mean() for index in np.unique(followed)]
        )


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


def test_ranges_of_what_the_shifts_did_to_the_sound(make_responses):
    kept = np.linspace(0.6, 1, 12 * len(SHIFTS)).reshape(12, -1)
    kept[0, 0] = np.nan
    axis = make_responses(random_scores(0), SHIFTS, energy_kept=kept)
    time = summarize([axis], table())["axes"]["time"]
    assert time["energy_kept"] == {"min": pytest.approx(kept[0, 1]), "max": 1.0}
    assert "level_change_db" not in time


def test_a_lead_within_the_noise_floor_is_no_flip(make_responses):
    scores = np.where(one_hot(planted_answers()) > 0, 0.375, 0.3125)
    axis = make_responses(scores, SHIFTS)
    quiet, noisy, loud = (summarize([axis], table(), controls={"noise_floor": x}) for x in (None, 0.06, 0.07))
    assert quiet["axes"]["time"]["consistency"]["value"] == noisy["axes"]["time"]["consistency"]["value"] == 0.8
    assert loud["axes"]["time"]["consistency"]["value"] == loud["axes"]["time"]["mean_accuracy"]["value"] == 1
    assert quiet["axes"]["time"]["mac"] == loud["axes"]["time"]["mac"]


FACTS = ModelFacts(sample_rate=1000, activation="softmax", hop_samples=20, stride_samples=80)


def test_frame_phase_of_a_model_whose_hop_is_known(make_responses):
    """Delays of whole hops change nothing; a delay half-way between takes a quarter from the clean answer."""
    moved = np.where(SHIFTS % 20 == 0, 0.75, 0.5)
    scores = np.stack([np.tile(moved, (12, 1)), 1 - np.tile(moved, (12, 1)), np.zeros((12, 11))], axis=2)
    time = summarize([make_responses(scores, SHIFTS)], table(), facts=FACTS)["axes"]["time"]
    assert time["frame_phase"]["value"] == pytest.approx(0.25)
    assert "frame_phase" not in summarize([make_responses(scores, SHIFTS)], table())["axes"]["time"]
    whole = SHIFTS % 20 == 0
    found = summarize([make_responses(scores[:, whole], SHIFTS[whole])], table(), facts=FACTS)
    assert found["axes"]["time"]["frame_phase"]["value"] is None
    assert any(line.startswith("time.frame_phase: no delay of the sweep") for line in found["warnings"])
    validate(found)


def test_a_period_is_found_and_explained(make_responses, rng):
    delays = np.arange(-200.0, 201.0, 5.0)
    wave = 0.7 + 0.2 * np.cos(2 * np.pi * delays / 40) + 0.01 * rng.standard_normal((12, len(delays)))
    scores = np.stack([wave, 1 - wave, np.zeros_like(wave)], axis=2)
    found = summarize([make_responses(scores, delays)], table(), facts=FACTS)
    (peak,) = found["axes"]["time"]["periods"]
    assert peak["period"] == pytest.approx(40, rel=0.1)
    assert peak["matches"] == "2 hops"
    assert peak["share"] > 0.9
    validate(found)
    few = summarize([make_responses(scores[:, 30:51], delays[30:51])], table(), facts=FACTS)
    assert few["axes"]["time"]["periods"] is None
    assert any(line.startswith("time.periods: needs at least 24") for line in few["warnings"])
    validate(few)


def test_a_model_of_several_labels_has_measures_of_its_own(make_responses):
    scores, facts = np.sqrt(random_scores(10)), ModelFacts(1000, "sigmoid")
    found = summarize([make_responses(scores, SHIFTS)], table(), facts=facts)
    time = found["axes"]["time"]
    assert time["same_labels"]["value"] == pytest.approx(multilabel.same_labels(scores, 5).mean())
    assert time["label_change"]["value"] == pytest.approx(multilabel.label_change(scores, 5).mean())
    truths = np.eye(3, dtype=bool)[table().targets]
    assert time["average_precision_curve"] == pytest.approx(multilabel.average_precision(scores, truths).mean(axis=1))
    validate(found)
    unlabelled = summarize([make_responses(scores, SHIFTS)], table(labels=None), facts=facts)
    assert unlabelled["axes"]["time"]["average_precision_curve"] == [None] * 11
    assert "time.average_precision_curve: no clip has a label that the model knows" in unlabelled["warnings"]
    assert "same_labels" not in summarize([make_responses(scores, SHIFTS)], table(), facts=FACTS)["axes"]["time"]


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


def test_groups_are_resampled_as_one(make_responses):
    answers = np.repeat(planted_answers(), 5, axis=0)
    groups = tuple(f"kit {number // 5}" for number in range(60))
    labels = tuple(CLASSES[number // 5 % 3] for number in range(60))
    many = summarize([make_responses(one_hot(answers), SHIFTS)], table(60, groups=groups, labels=labels))
    few = summarize([make_responses(one_hot(planted_answers()), SHIFTS)], table())
    for name in ("consistency", "mac", "worst_accuracy"):
        one, other = many["axes"]["time"][name], few["axes"]["time"][name]
        assert (one["value"], one["low"], one["high"]) == pytest.approx((other["value"], other["low"], other["high"]))
        assert (one["n"], one["n_groups"], one["unit"]) == (60, 12, "group")


def test_the_unshifted_clip_agrees_with_itself_for_certain(make_responses):
    time = summarize([make_responses(random_scores(8), SHIFTS)], table())["axes"]["time"]
    assert time["consistency_curve_low"][5] == time["consistency_curve"][5] == time["consistency_curve_high"][5] == 1
    assert time["consistency_curve_low"][4] < 1


def test_without_any_answer_not_even_the_unshifted_clip_agrees_with_itself(make_responses):
    time = summarize([make_responses(np.full((12, 11, 3), np.nan), SHIFTS)], table())["axes"]["time"]
    assert time["consistency_curve"] == [None] * 11


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


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(InputError, match="no axis was swept"):
        summarize([], table())
