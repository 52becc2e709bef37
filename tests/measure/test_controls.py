"""Controls: a planted trace of the tool comes out at its computed share; the clip itself leaves none."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.measure.cliptable import ClipTable
from audioinv.measure.controls import control_cautions, noise_floor, precision_line, summarize_controls
from audioinv.nets.model import ModelSpec
from audioinv.sweep.responses import SOUND_COLUMNS, AxisResponses, ClipRecord, ControlResponses, ModelResponses

N_CLIPS = 20
LABELS = ("a", "b")


def make(n_flipped, trace=0.0):
    """A model that answers "a" at every shift, and otherwise where the engine's trace is planted."""
    scores = np.tile([0.9, 0.1], (N_CLIPS, 3, 1))
    columns = {name: np.ones((N_CLIPS, 3)) for name in SOUND_COLUMNS}
    axis = AxisResponses("pitch", "st", np.array([-1.0, 0, 1]), scores, "", "engine", **columns)
    at_zero = scores[:, 1].copy()
    at_zero[:n_flipped] = [0.2, 0.8]
    twice = scores[:, 1] + trace
    controls = (
        ControlResponses("pitch", "twice", 0.0, twice, np.zeros(N_CLIPS)),
        ControlResponses("pitch", "engine_at_zero", 0.0, at_zero, np.linspace(0, 1, N_CLIPS)),
    )
    clips = tuple(ClipRecord(f"{i}", 0, 1) for i in range(N_CLIPS))
    return ModelResponses(ModelSpec("m", 8000, 100, LABELS), clips, {"pitch": axis}, controls)


@pytest.mark.parametrize("n_flipped", [0, 5, 20])
def test_the_share_of_answers_that_the_engine_changes(n_flipped):
    responses = make(n_flipped)
    found = summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0)
    control = found["pitch.engine_at_zero"]
    assert control["consistency"]["value"] == pytest.approx(1 - n_flipped / N_CLIPS)
    assert control["consistency"]["low"] <= control["consistency"]["value"] <= control["consistency"]["high"]
    assert control["largest_score_change"] == pytest.approx(0.7 if n_flipped else 0.0)
    assert control["sound_error"] == pytest.approx(0.5)


def test_the_noise_floor_is_the_change_between_two_equal_calls():
    responses = make(0, trace=0.03)
    table = ClipTable.of(responses.clips, LABELS)
    assert summarize_controls(responses, table, rng_seed=0)["noise_floor"] == pytest.approx(0.03)
    assert summarize_controls(make(0), table, rng_seed=0)["noise_floor"] == 0
    assert noise_floor(make(0, trace=-0.25)) == pytest.approx(0.25)


def test_what_was_not_heard_twice_has_no_noise_floor():
    responses = replace(make(5), controls=make(5).controls[1:])
    found = summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0)
    assert found["noise_floor"] is None
    assert found["pitch.engine_at_zero"]["consistency"]["value"] == 0.75
    assert len(control_cautions(found)) == 1


@pytest.mark.parametrize(("trace", "share"), [(0.55, 0.75), (0.65, 1.0)])
def test_a_lead_within_the_noise_floor_leaves_the_clean_answer(trace, share):
    """The engine's trace turns 0.9 and 0.1 into 0.2 and 0.8: a lead of 0.6."""
    responses = make(5, trace=trace)
    found = summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0)
    assert found["pitch.engine_at_zero"]["consistency"]["value"] == share


def test_whole_groups_are_resampled():
    responses = make(5)
    grouped = tuple(replace(clip, group=f"kit {i // 2}") for i, clip in enumerate(responses.clips))
    found = summarize_controls(responses, ClipTable.of(grouped, LABELS), rng_seed=0)["pitch.engine_at_zero"]
    assert (found["consistency"]["unit"], found["consistency"]["n_groups"]) == ("group", 10)
    assert (found["amount"], found["unit"], found["engine"]) == (0.0, "st", "engine")


def in_bfloat16(n_flipped=3):
    """Two shifts of a sweep in bfloat16, held against float32: some answers differ at -1, and one of them at 1 too."""
    whole = make(0)
    low = np.tile([0.75, 0.25], (N_CLIPS, 3, 1))
    low[:n_flipped, 0] = [0.375, 0.625]
    low[0, 2] = [0.4375, 0.5625]
    below, above = np.tile([0.7, 0.3], (2, N_CLIPS, 1))
    low[1:3, 2], above[1] = 0.5, [0.3, 0.7]  # a tie is no flip, whatever float32 answers
    controls = [
        ControlResponses("pitch", "float32", amount, scores, np.zeros(N_CLIPS))
        for amount, scores in ((-1.0, below), (1.0, above))
    ]
    axes = {"pitch": replace(whole.axes["pitch"], scores=low)}
    return replace(whole, axes=axes, controls=(*whole.controls[:1], *controls))


def test_answers_in_bfloat16_are_held_against_a_sample_in_float32():
    responses = in_bfloat16()
    groups = tuple(replace(clip, group=f"kit {i // 2}") for i, clip in enumerate(responses.clips))
    found = summarize_controls(responses, ClipTable.of(groups, LABELS), rng_seed=0)
    assert set(found) == {"noise_floor", "precision"}
    precision = found["precision"]
    assert (precision["name"], precision["cells"], precision["flips"]) == ("bfloat16", 40, 4)
    assert precision["largest_score_change"] == pytest.approx(0.7 - 0.375)
    assert precision["share"]["value"] == pytest.approx(4 / 40)
    assert (precision["share"]["n"], precision["share"]["unit"]) == (20, "group")
    assert precision["share"]["low"] < 0.1 < precision["share"]["high"]
    (told, *_) = control_cautions(found)
    assert told == precision_line(precision)
    assert told.startswith("computed in bfloat16: 4 of 40 answers differ from those in float32 (10.0 %, ")


def test_a_single_clip_in_bfloat16_has_no_interval():
    whole = in_bfloat16()
    axis = whole.axes["pitch"]
    columns = {name: getattr(axis, name)[:1] for name in ("scores", *SOUND_COLUMNS)}
    controls = tuple(replace(c, scores=c.scores[:1], sound_error=c.sound_error[:1]) for c in whole.controls)
    alone = replace(whole, clips=whole.clips[:1], axes={"pitch": replace(axis, **columns)}, controls=controls)
    found = summarize_controls(alone, ClipTable.of(alone.clips, LABELS), rng_seed=0)["precision"]
    assert found["share"]["low"] is found["share"]["high"] is None
    assert precision_line(found) == (
        "computed in bfloat16: 2 of 2 answers differ from those in float32 (100.0 %), scores by up to 0.33"
    )


def test_the_line_of_precision_gives_its_numbers_in_percent():
    share = {"value": 0.625, "low": 0.5, "high": 0.875}
    precision = {"name": "bfloat16", "cells": 8, "flips": 5, "share": share, "largest_score_change": 0.25}
    assert "(62.5 %, 50.0 to 87.5 %), scores by up to 0.25" in precision_line(precision)
    half = precision | {"share": share | {"high": None}}
    assert "(62.5 %), scores" in precision_line(half)


@pytest.mark.parametrize(("n_flipped", "words"), [(0, None), (1, None), (2, "changes 10 % of the answers")])
def test_a_control_that_loses_answers_is_a_caution(n_flipped, words):
    responses = make(n_flipped)
    told = control_cautions(summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0))
    assert len(told) == (words is not None)
    assert all(words in line for line in told)


def test_a_control_says_where_and_with_what_it_lost_answers():
    responses = make(5)
    there_and_back = replace(responses.controls[1], name="there_and_back", amount=-2.5)
    responses = replace(responses, controls=(*responses.controls, there_and_back))
    told = control_cautions(summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0))
    assert told == [
        f"pitch: {words} 25 % of the answers (amount {amount} st, engine), so as much of what the pitch axis shows may "
        "be the tool's doing and not the model's"
        for words, amount in (
            ("the engine alone, at 0, changes", "0"),
            ("shifting there and back changes", "-2.5"),
        )
    ]


def test_a_model_that_does_not_repeat_itself_is_a_caution():
    responses = make(0, trace=0.03)
    told = control_cautions(summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0))
    assert "differ by up to 0.03" in told[0]
    assert control_cautions({"noise_floor": 1e-4}) == control_cautions({"noise_floor": None}) == []
    (told,) = control_cautions({"noise_floor": 1.1e-4})
    assert "differ by up to 0.00011, and" in told
