"""Sound and answer among a graph's inputs and outputs, fixed batches, states: on a graph written by hand."""

import numpy as np
import pytest
import torch

from audioinv.errors import ModelError
from audioinv.nets.adapters.declaration import Declaration
from audioinv.nets.adapters.graph import GraphModel, Port, wire
from audioinv.nets.adapters.opened import probe
from audioinv.nets.model import ModelSpec
from audioinv.nets.windows import Windows

SPEC = ModelSpec("net", 8000, 4, ("a", "b"), activation="none")


class Sums:
    """Answers with the sum of the window and the sum of all windows since the state was zero."""

    def __init__(self, sound=(None, 4), state=(None, 1), batches=()):
        self.inputs = (Port("sound", sound), Port("h", state), Port("gain", (1,), "int64"))
        self.outputs = (Port("y", (None, 2)), Port("hn", state))
        self.seen = []
        self.batches = batches

    def run(self, feeds, wanted):
        self.seen.append(feeds["sound"].shape)
        assert feeds["gain"].dtype == np.int64
        total = feeds["sound"].reshape(len(feeds["h"]), -1).sum(1, keepdims=True) * np.float32(feeds["gain"][0])
        state = feeds["h"] + total
        return [{"y": np.concatenate([total, state], axis=1), "hn": state}[name] for name in wanted]


STATEFUL = Declaration(states={"h": "hn"}, constants={"gain": 2})


def model_of(session, spec=SPEC, said=STATEFUL):
    return GraphModel(session, wire(session, said, spec, "net"), spec)


@pytest.mark.parametrize("batch", [None, 3])
def test_states_are_carried_within_a_sound_and_fresh_for_the_next(batch):
    spec = ModelSpec("net", 8000, 8, ("a", "b"), activation="none", windows=Windows(4, 4, pooling="max"))
    session = Sums(sound=(batch, 4))
    model = model_of(session, spec)
    sound = torch.tensor([[1.0, 0, 0, 0, 2, 0, 0, 0], [5.0, 0, 0, 0, 0, 0, 0, 1]])
    expected = torch.tensor([[4.0, 6.0], [10.0, 12.0]])  # gain 2: the louder window, and the sum of both
    for _ in range(2):
        torch.testing.assert_close(model.scores(sound), expected)
    torch.testing.assert_close(model.scores(sound[1:]), expected[1:])
    torch.testing.assert_close(model.respond(sound[:, :4]), torch.tensor([[2.0, 2.0], [10.0, 10.0]]))
    assert {shape[0] for shape in session.seen} == ({3} if batch else {1, 2})


def test_a_state_without_a_batch_axis_is_run_sound_by_sound():
    session = Sums(state=(1, 1))
    torch.testing.assert_close(model_of(session).respond(torch.eye(4)), torch.full((4, 2), 2.0))
    assert session.seen == [(1, 4)] * 4


@pytest.mark.parametrize("shape", [(None, 1, 4), (None, 4, 1), (2, 4), (4,), (1, 4), (None, None)])
def test_the_sound_is_given_the_shape_that_the_graph_takes(shape):
    class Plain:
        inputs = (Port("sound", shape),)
        outputs = (Port("y", (None, 2)),)

        def run(self, feeds, wanted):
            given = feeds["sound"].shape
            assert all(size in (None, found) for size, found in zip(shape, given, strict=True))
            flat = feeds["sound"].reshape(-1, 4)
            return [np.stack([flat[:, 0], flat.sum(1)], axis=1)]

    sound = torch.arange(20.0).reshape(5, 4)
    model = model_of(Plain(), said=Declaration())
    torch.testing.assert_close(model.scores(sound), torch.stack([sound[:, 0], sound.sum(1)], dim=1))


@pytest.mark.parametrize("labels", [("a",), ("a", "b")])
def test_a_graph_without_a_batch_axis_may_answer_without_one(labels):
    class Bare:
        inputs = (Port("sound", (4,)),)
        outputs = (Port("y", (len(labels),)),)

        def run(self, feeds, wanted):
            return [feeds["sound"][: len(labels)]]

    spec = ModelSpec("net", 8000, 4, labels, activation="none")
    sound = torch.arange(20.0).reshape(5, 4)
    assert torch.equal(model_of(Bare(), spec, Declaration()).scores(sound), sound[:, : len(labels)])


@pytest.mark.parametrize(
    ("inputs", "outputs", "said", "words"),
    [
        ([("x", (None, 4)), ("h", (1,))], [("y", (None, 2))], {}, r"has 2 inputs that could be the sound.*\[states\]"),
        (
            [("x", (None, 4))],
            [("y", (None, 2)), ("z", (None, 9))],
            {},
            r'y \(any, 2\), z \(any, 9\); name one.*output = "y"',
        ),
        ([("x", (None, 4))], [("y", (None, 2))], {"output": "p"}, "none called p"),
        ([("x", (None, 4))], [("y", (None, 2))], {"states": {"q": "y"}}, "has no input q; its inputs: x"),
        ([("x", (None, 4)), ("h", (1,))], [("y", (None, 2))], {"states": {"h": "q"}}, "has no output q"),
        ([("x", (None, 8))], [("y", (None, 2))], {}, "takes windows of 8 samples, but input_samples=4"),
        ([("x", (None, 4))], [("y", (None, 7))], {}, "answers with 7 numbers, but 2 labels"),
        ([("x", (None, 64, 128))], [("y", (None, 2))], {}, "a front end must be in the graph"),
        ([("x", (None, 4), "int8")], [("y", (None, 2))], {}, "takes int8"),
        (
            [("x", (None, 4)), ("h", (None, None))],
            [("y", (None, 2)), ("hn", (1,))],
            {"states": {"h": "hn"}},
            "several axes of any length",
        ),
    ],
)
def test_graphs_that_cannot_be_wired(inputs, outputs, said, words):
    class Session:
        pass

    session = Session()
    session.inputs = tuple(Port(*port) for port in inputs)
    session.outputs = tuple(Port(*port) for port in outputs)
    with pytest.raises(ModelError, match=words):
        wire(session, Declaration(**said), SPEC, "net")


def test_the_probe_doubts_what_depends_on_the_batch():
    class Leaky(Sums):
        def run(self, feeds, wanted):
            return [found + len(feeds["sound"]) for found in super().run(feeds, wanted)]

    assert not any("batch" in doubt for doubt in probe(model_of(Sums())))
    assert any("depend on what else is in the batch" in doubt for doubt in probe(model_of(Leaky())))
