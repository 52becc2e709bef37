"""What callables return: one output is taken out of whatever holds it, and several are never guessed among."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from audioinv.errors import ModelError
from audioinv.nets.answers import as_scores, take_answer
from audioinv.nets.model import ModelSpec, as_model

SCORES = [[1.0, 2.0], [3.0, 4.0]]
EXPECTED = torch.tensor(SCORES)
Pair = namedtuple("Pair", "logits hidden")


@dataclass
class Output:
    loss: object = None
    logits: object = None


@pytest.mark.parametrize(
    "found",
    [
        SCORES,
        np.array(SCORES),
        np.array(SCORES)[::-1, ::-1][::-1, ::-1],
        np.array([[4.0, 3.0], [2.0, 1.0]])[::-1, ::-1],
        EXPECTED,
        tuple(SCORES),
        {"logits": EXPECTED},
        OrderedDict(loss=None, logits=EXPECTED),
        Output(logits=np.array(SCORES)),
        (EXPECTED,),
        Pair(EXPECTED, None),
    ],
)
def test_a_single_output_is_the_answer(found):
    torch.testing.assert_close(take_answer(found).float(), EXPECTED)


@pytest.mark.parametrize(
    ("found", "first", "second"),
    [
        ({"logits": EXPECTED, "hidden": 2 * EXPECTED}, "logits", "hidden"),
        ((EXPECTED, 2 * EXPECTED), "0", "1"),
        (Pair(EXPECTED, 2 * EXPECTED), "logits", "hidden"),
        (Output(EXPECTED, 2 * EXPECTED), "loss", "logits"),
    ],
)
def test_of_several_one_must_be_named(found, first, second):
    assert torch.equal(take_answer(found, first), EXPECTED)
    assert torch.equal(take_answer(found, second), 2 * EXPECTED)
    with pytest.raises(
        ModelError, match=rf'the outputs {first}, {second}; name one in the sidecar: output = "{first}"'
    ):
        take_answer(found)
    with pytest.raises(ModelError, match="none called scores"):
        take_answer(found, "scores")


def test_an_answer_of_transformers_is_its_logits():
    outputs = pytest.importorskip("transformers.modeling_outputs")
    assert torch.equal(take_answer(outputs.SequenceClassifierOutput(logits=EXPECTED)), EXPECTED)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (torch.nn.Linear(2, 2), "answers with a Linear, not with scores; what makes a model must need no arguments"),
        ("loud", "a str, which is no array of numbers"),
        (None, "a NoneType, which is no array"),
        ([[1.0], [1.0, 2.0]], "a list, which is no array"),
        ({}, "a dict, which is no array"),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(found, words):
    with pytest.raises(ModelError, match=words) as caught:
        take_answer(found)
    assert "\n" not in str(caught.value)


def test_one_label_needs_no_axis_of_its_own_and_two_do():
    def loud(waveforms):
        return waveforms.mean(-1)

    model = as_model(loud, sample_rate=8000, labels=["loud"], n_samples=4, activation="sigmoid")
    torch.testing.assert_close(model.scores(torch.ones(3, 4)), torch.full((3, 1), 1.0).sigmoid())
    frames = as_model(lambda x: x, sample_rate=8000, labels=["loud"], n_samples=4, frames="max")
    torch.testing.assert_close(frames.scores(torch.eye(4)), torch.ones(4, 1))
    two = as_model(loud, sample_rate=8000, labels=["loud", "soft"], n_samples=4)
    with pytest.raises(ModelError, match="one number a window is the score of one label: give that label alone"):
        two.scores(torch.ones(3, 4))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("softmax", [[0.25, 0.75]]), ("sigmoid", [[0.5, 0.75]]), ("none", [[0.0, np.log(3)]])],
)
def test_scores_are_raw_answers_through_the_activation(activation, expected):
    raw = torch.tensor([[0.0, np.log(3)]], dtype=torch.float64, requires_grad=True)
    found = as_scores(raw, ModelSpec("demo", 8000, 4, ("a", "b"), activation=activation), 1)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))
    assert not found.requires_grad


@pytest.mark.parametrize("frames", ["", "max"])
def test_scores_of_another_shape_than_the_spec_says_are_refused(frames):
    spec, fitting = ModelSpec("demo", 8000, 4, ("a", "b"), frames=frames), (3, 5, 2) if frames else (3, 2)
    assert as_scores(torch.zeros(fitting), spec, 3).shape == fitting
    for place in (0, len(fitting) - 1):
        other = tuple(size + (at == place) for at, size in enumerate(fitting))
        with pytest.raises(ModelError, match=rf"answered in shape \({', '.join(map(str, other))}\)"):
            as_scores(torch.zeros(other), spec, 3)
    with pytest.raises(ModelError, match="answered in shape"):
        as_scores(torch.zeros((3, 2) if frames else (3, 5, 2)), spec, 3)
    with pytest.raises(ModelError, match="NaN or infinity"):
        as_scores(torch.full(fitting, torch.inf), spec, 3)


def test_an_array_that_may_not_be_written_is_taken_without_a_warning():
    fixed = EXPECTED.numpy().copy()
    fixed.flags.writeable = False
    found = take_answer(fixed)
    found += 1
    np.testing.assert_array_equal(fixed, EXPECTED.numpy())
