"""What is done for a CUDA device, with a device that is made up: nothing here has met a real one."""

import numpy as np
import pytest
import torch
from torch import nn

from audioinv.nets.library import load_model
from audioinv.nets.model import as_model
from audioinv.sweep.accelerator import Replayed, pinned, replayed

SOUNDS = torch.arange(24.0).reshape(2, 12).sin()


def make_model(network=None):
    network = network or nn.Sequential(nn.Unflatten(1, (1, 12)), nn.Conv1d(1, 4, 3), nn.Flatten(), nn.Linear(40, 2))
    return as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=12)


class Recorder:
    """Records as a graph does: what was done on the CPU by then stays, and only the values in its place change."""

    def __init__(self, fails=False, stale=False):
        self.fails, self.stale, self.replays = fails, stale, 0

    def __call__(self, respond, place):
        if self.fails:
            raise RuntimeError("operation not permitted when stream is capturing")
        first = respond(place).clone()

        def replay():
            self.replays += 1
            return first if self.stale else first.copy_(respond(place))

        return replay


def answers(model, n=12):
    """Return answers to batches that differ, with those of the model itself."""
    batches = [SOUNDS * (i + 1) for i in range(n)]
    with torch.inference_mode():
        return [(model.scores(batch), model._model.scores(batch)) for batch in batches]


def test_replays_give_the_answers_of_the_model_and_begin_when_they_pay():
    recorder = Recorder()
    model = Replayed(make_model(), recorder)
    for found, expected in answers(model, 7):
        assert torch.equal(found, expected)
    assert recorder.replays == 0
    for found, expected in answers(model):
        assert torch.allclose(found, expected, rtol=0, atol=1e-6)
    assert recorder.replays == 1 + 12  # one to compare, and all from the eighth batch on
    with torch.inference_mode():
        assert torch.equal(model.scores(SOUNDS[:1]), model._model.scores(SOUNDS[:1]))
    assert recorder.replays == 13  # another shape was not recorded


@pytest.mark.parametrize("recorder", [Recorder(fails=True), Recorder(stale=True)])
def test_what_cannot_be_recorded_or_answers_otherwise_is_not_replayed(recorder):
    for found, expected in answers(Replayed(make_model(), recorder), 20):
        assert torch.equal(found, expected)


def test_an_answer_that_was_given_out_stays():
    model = Replayed(make_model(nn.Linear(12, 2)), Recorder())
    with torch.inference_mode():
        kept = [model.respond(SOUNDS * i) for i in range(12)]
        expected = [model._model.respond(SOUNDS * i) for i in range(12)]
    np.testing.assert_allclose(torch.stack(kept), torch.stack(expected), atol=1e-6)


def test_nothing_is_done_elsewhere():
    model = make_model()
    assert replayed(model) is model
    assert pinned(SOUNDS, torch.device("cpu")) is SOUNDS


def test_windows_are_pinned_for_a_cuda_device_only():
    class Windows:
        def __init__(self, device):
            self.device = torch.device(device)

        def pin_memory(self):
            return "pinned"

    there, here = Windows("cuda"), Windows("cpu")
    assert pinned(here, torch.device("cuda:1")) == "pinned"
    assert pinned(here, torch.device("mps")) is here
    assert pinned(there, torch.device("cuda:1")) is there


def test_only_a_network_of_ours_is_replayed_on_a_cuda_device():
    class Elsewhere(Replayed):
        device = torch.device("cuda")

    ours = load_model("tones-cnn2d")
    assert isinstance(replayed(Elsewhere(ours))._model, Elsewhere)
    assert replayed(ours) is ours
    foreign = Elsewhere(make_model())
    assert replayed(foreign) is foreign
