"""Measures of a cell against direct loops, and the control that is steady without merit."""

import numpy as np
import pytest

from audioinv.nets.model import ModelSpec
from audioinv.study.measures import constant_control, measure_responses
from audioinv.sweep.responses import AxisResponses, ClipRecord, ModelResponses

SHIFTS = np.array([-1.0, 0.0, 1.0])


@pytest.fixture
def responses(rng):
    scores = rng.random((6, 3, 2))
    harmonicity = np.array([[0.3, 0.0, 0.1]] * 5 + [[np.nan] * 3])
    nothing = np.full((6, 3), np.nan)
    axis = AxisResponses(
        "freq", "Hz", SHIFTS, scores, "", "planted", nothing, nothing, nothing, harmonicity, nothing, nothing
    )
    clips = tuple(ClipRecord(f"{i}", 0.0, 1.0, label="ab"[i % 3 == 0], group=f"g{i // 2}") for i in range(6))
    return ModelResponses(ModelSpec("planted", 8000, 8000, ("a", "b")), clips, {"freq": axis})


def test_every_measure_is_the_direct_loop(responses):
    found = measure_responses({"p": responses}, {"n_parameters": 3})
    scores = responses.axes["freq"].scores
    for i, clip in enumerate(responses.clips):
        answers = ["ab"[scores[i, k].argmax()] for k in range(3)]
        assert found.values["accuracy"][i] == (answers[1] == clip.label)
        assert found.values["p.consistency"][i] == np.mean([answers[k] == answers[1] for k in (0, 2)])
        assert found.values["p.worst_accuracy"][i] == all(answer == clip.label for answer in answers)
        assert found.values["p.mean_accuracy"][i] == pytest.approx(np.mean([a == clip.label for a in answers]))
        assert found.values["p.top1_change"][i] == np.mean([answers[0] != answers[1], answers[1] != answers[2]])
        assert list(found.curves["p.accuracy"][i]) == [answer == clip.label for answer in answers]
        assert list(found.curves["p.consistency"][i]) == [answer == answers[1] for answer in answers]
    assert found.values["p.harmonicity_error"][:5] == pytest.approx(0.2)
    assert np.isnan(found.values["p.harmonicity_error"][5])
    assert found.facts == {"n_parameters": 3}
    assert list(found.group_codes) == [0, 0, 1, 1, 2, 2]


def test_a_constant_answer_never_changes_and_is_right_by_chance(responses):
    control = constant_control({"p": responses})
    assert (control.values["p.consistency"] == 1).all()
    assert (control.values["p.top1_change"] == 0).all()
    assert control.values["accuracy"].mean() == control.values["p.worst_accuracy"].mean() == 4 / 6  # the commoner label
    assert (measure_responses({"p": responses}, {}).values["p.consistency"] != 1).any()
