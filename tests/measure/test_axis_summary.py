"""One axis summed up: planted rules give their computed numbers, and every measure is the mean of its clips."""

from math import comb

import numpy as np
import pytest

from audioinv.measure import calibration, drift, multilabel, outcome
from audioinv.measure.divergence import js_drift
from audioinv.measure.pairing import minimum_detectable_change
from audioinv.measure.ranks import rank_distance
from audioinv.measure.summary import ModelFacts
from tests.measure.summaries import (
    CLASSES,
    MEASURES,
    SHIFTS,
    one_hot,
    planted_answers,
    random_scores,
    summarize,
    table,
    validate,
)

FACTS = ModelFacts(sample_rate=1000, activation="softmax", hop_samples=20, stride_samples=80)


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
        "js_drift": js_drift(scores, zero),
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


def test_measures_draw_from_generators_of_their_own(make_responses):
    """Scores without bounds of clips that have one other shift give the same numbers, drawn differently."""
    scores = 3 * random_scores(5)[:, [5, 10]]
    found = summarize([make_responses(scores, [0, 50])], table(labels=None))["axes"]["time"]
    assert found["mac"]["value"] == found["wobble"]["value"] == found["mac_neighbours"]["value"]
    assert len({found[name]["low"] for name in ("mac", "wobble", "mac_neighbours")}) == 3


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
