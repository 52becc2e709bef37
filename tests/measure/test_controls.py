"""Controls: a planted trace of the tool comes out at its computed share; the clip itself leaves none."""

import numpy as np
import pytest

from audioinv.measure.cliptable import ClipTable
from audioinv.measure.controls import control_cautions, summarize_controls
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


@pytest.mark.parametrize(("n_flipped", "words"), [(0, None), (1, None), (2, "changes 10 % of the answers")])
def test_a_control_that_loses_answers_is_a_caution(n_flipped, words):
    responses = make(n_flipped)
    told = control_cautions(summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0))
    assert len(told) == (words is not None)
    assert all(words in line for line in told)


def test_a_model_that_does_not_repeat_itself_is_a_caution():
    responses = make(0, trace=0.03)
    told = control_cautions(summarize_controls(responses, ClipTable.of(responses.clips, LABELS), rng_seed=0))
    assert "differ by up to 0.03" in told[0]
