"""A model around another: it shows all that the other shows, whatever properties a model comes to have."""

import pytest
import torch
from torch import nn

from audioinv.nets.library import load_model
from audioinv.nets.model import Model, Provenance, as_model
from audioinv.nets.wrapped import WrappedModel

SHOWN = sorted(name for name, member in vars(Model).items() if isinstance(member, property))


def foreign():
    model = as_model(nn.Linear(12, 2), sample_rate=8000, labels=["a", "b"], n_samples=12, activation="softmax")
    model.provenance, model.timeout_seconds = Provenance("TorchScript", {}, (), "abc"), 5.0
    return model


def blind(waveforms):
    return [[1.0, 0.0]] * len(waveforms)


MODELS = {
    "ours": lambda: load_model("tones-cnn2d"),
    "foreign": foreign,
    "opaque": lambda: as_model(blind, sample_rate=8000, labels=["a", "b"], n_samples=12),
}


@pytest.mark.parametrize("kind", MODELS)
def test_it_shows_what_the_model_shows_and_answers_as_it_does(kind):
    model = MODELS[kind]()
    around = WrappedModel(model)
    for name in (*SHOWN, "spec", "provenance", "timeout_seconds"):
        assert getattr(around, name) == getattr(model, name), name
    sounds = torch.linspace(-1, 1, 3 * model.spec.n_samples).sin().reshape(3, -1)
    with torch.inference_mode():
        assert torch.equal(around.scores(sounds), model.scores(sounds))
        if model.front_end is not None:
            maps = model.front_end(sounds)
            assert torch.equal(around.scores_of_spectrogram(maps), model.scores_of_spectrogram(maps))


def test_control_one_that_forwards_nothing_hides_every_one_of_them():
    class Bare(Model):
        def respond(self, waveforms):
            return waveforms

    elsewhere, ours = foreign(), MODELS["ours"]()
    elsewhere._device = torch.device("meta")
    hidden = {
        name for model in (elsewhere, ours) for name in SHOWN if getattr(Bare(model.spec), name) != getattr(model, name)
    }
    assert hidden == set(SHOWN) > {"module", "front_end", "device", "fingerprint"}
